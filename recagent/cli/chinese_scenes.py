"""The scenes' error messages in Chinese, for ``chinese.MESSAGES``."""

from __future__ import annotations

from collections.abc import Mapping

MESSAGES: Mapping[str, str] = {
    "--only {} is not ATTRIBUTE OPERATOR VALUE, as 'price at most 20'; operators are {}": "--only {0} 不是“属性 运算符 值”的形式（如 'price at most 20'）；运算符有 {1}",
    "[scenes.{}] learns_from names {}, which is not declared; declared are {}": "[scenes.{0}] 的 learns_from 中的 {1} 没有声明；已声明的有 {2}",
    "scene {} recommends no {}; it has {}": "场景 {0} 不推荐 {1}；它有 {2}",
}

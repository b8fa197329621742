"""The error messages of questions about a ranking in Chinese, for ``chinese.MESSAGES``."""

from __future__ import annotations

from collections.abc import Mapping

MESSAGES: Mapping[str, str] = {
    "item {} cannot be compared with itself; name another": "商品 {0} 不能与自己比较；请另指定一个",
}

"""The scenes' error messages and notes in Chinese, for ``chinese.MESSAGES``."""

from __future__ import annotations

from collections.abc import Mapping

MESSAGES: Mapping[str, str] = {
    "--only {} is not ATTRIBUTE OPERATOR VALUE, as 'price at most 20'; operators are {}, and <, <=, =, !=, >=, >": "--only {0} 不是“属性 运算符 值”的形式（如 '价格 不超过 20'）；运算符有 {1}，以及 <、<=、=、!=、>=、>",
    "[scenes.{}] a rule reads {}, which no item of the scene has; correct it, or take it out; there are {}": "[scenes.{0}] 的一条规则要读 {1}，但此场景没有商品有这个属性；请更正或删去；现有 {2}",
    "condition {}: no item of scene {} has an attribute {}; did you mean {}?": "条件 {0}：场景 {1} 里没有商品有属性 {2}；您是否指 {3}？",
    "condition {}: no item of scene {} has an attribute {}; attributes are {}": "条件 {0}：场景 {1} 里没有商品有属性 {2}；属性有 {3}",
    "condition {} names no attribute, and no item here has one of numbers or dates": "条件 {0} 没有写明属性，而这里的商品也没有数字或日期的属性",
    "condition {} names no attribute; put it first; those that have bounds are {}": "条件 {0} 没有写明属性；请先写属性名，可以比较大小的有 {1}",
    "condition {}: {} cannot be compared with {}, which holds {}": "条件 {0}：{1} 无法与 {2} 比较，它的值是 {3}",
    "[scenes.{}] learns_from names {}, which is not declared; declared are {}": "[scenes.{0}] 的 learns_from 中的 {1} 没有声明；已声明的有 {2}",
    "scene {} recommends no {}; it has {}": "场景 {0} 不推荐 {1}；它有 {2}",
}

# What the trace of a list notes; the templates as in ``MESSAGES``.
NOTES: Mapping[str, str] = {
    "a rule reads {}, which no item has": "有规则要读取 {0}，但没有任何商品有这一项",
    "age not told: what has an age rating is left out": "年龄未知：有年龄分级的都不推荐",
    "distance not looked at: no place was told": "没有考虑距离：请求没有给出地点",
    "left out as other editions of what the person has met: {}": "因是接触过的作品的其他版本而不推荐：{0} 个",
    "none of these events ({}) is a like": "{0} 条行为里没有一条算喜欢",
    "none of these ratings ({}) is a like: liked from {} of {}": "{0} 个评分里没有一个算喜欢：满分 {2}，{1} 分起才算喜欢",
    "nothing matches the wish": "没有符合愿望的内容",
    "nothing matches {}": "没有符合 {0} 的内容",
    "what matches the wish is kept out": "符合愿望的内容被排除在外",
    "series left out because their next part is kept away: {}": "因下一部不可推荐而整个略过的系列：{0} 个",
}

"""The words by which a sentence compares an item with the other candidates, as patterns.

Quotations are hidden from them (``HIDDEN``), so that no title compares anything. By what numbers
items are compared is in ``own_words.toml``; what a comparison is worth is decided in
``own_comparisons``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from recagent.explanations.said_words import COMPARED

HIDDEN = "▢"  # stands for each letter of a quotation
_NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
COUNTS = {
    **{name: number for number, name in enumerate(_NUMBERS, start=1)},
    **{name: number for number, name in enumerate("一二三四五六七八九十", start=1)},
    "both": 2,
    "两": 2,
}
_COUNT = "|".join([*_NUMBERS[1:], "twelve", "twenty"])
_COUNT_ZH = "[两二三四五六七八九十]"
_THING = "(?:films?|movies?|books?|ones?|items?|candidates?|songs?|tracks?|places?|titles?)"
_THING_ZH = "(?:一?[部本件个首款项张道种])"
_OTHERS = (
    r"(?:all\s+|any\s+of\s+)?(?:the\s+others?|the\s+rest|all\s+others|(?:any|every)\s+other"
    rf"|(?:any|every)thing\s+else)\b(?:\s+{_THING}\b)?"
)
_OTHERS_ZH = (
    rf"(?:(?:(?:其余|其他|其它|别的)(?:[几各]|{_COUNT_ZH})?{_THING_ZH}?"
    rf"|另外?(?:几|{_COUNT_ZH}){_THING_ZH})(?:候选|电影|影片|片子|书|歌)?)"
)
_LIST_ZH = (
    "(?:这里|这儿|候选|这份[书片歌清]单|列表|清单|书单|片单|这些)(?:里面|当中|之中|[里中内])?的?"
)


def _compiled(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


BREAK = re.compile(r"[,;:!?—–，。；：！？()（）]|\.(?!\d)")
AND = _compiled(r"\band\b")
AND_ZH = re.compile("[和与及、]")
OR = _compiled(r"\bn?or\b", "或")
# What says that it is compared with the candidates; `kind` is what they all are.
SCOPE = _compiled(
    rf"\b(?:among|of|in|from|on)\s+(?:all\s+)?(?:these|those|this|the)\s+(?P<kind>\w+\s+)?{_THING}\b",
    rf"\b(?:among|of)\s+(?:these|the)\s+(?P<count>{_COUNT})\b",
    r"\b(?:among|of)\s+(?:all\s+(?:of\s+)?)?(?:these|those|them)\b",
    r"\b(?:on|in|of|from)\s+(?:this|the)\s+list\b",
    r"\bhere\b",
    _LIST_ZH,
    rf"(?:这[几些]|(?<!{_COUNT_ZH})几){_THING_ZH}(?:里面?|当中|之中|中)?",
    rf"(?<!{_COUNT_ZH})(?P<count_zh>{_COUNT_ZH}){_THING_ZH}(?:里面?|当中|之中|中)",
)
OTHERS = _compiled(_OTHERS, r"\bno\s+other\b", r"\bnothing\s+else\b", _OTHERS_ZH)
# What says something of the others, or of a place among them.
OF_OTHERS = _compiled(
    OTHERS.pattern,
    r"\bothers\s+(?:here|are|have|is|has)\b",
    rf"\b(?:first|last)\s+(?:by|in\s+year)\b|\bthe\s+(?:first|last)\s+\w+\s+{_THING}\b",
)
# What says that it is compared with more than the candidates.
WIDER = _compiled(
    r"\b(?:catalogue|catalog|shop|store|shelf|ever|world|time|anywhere|all\s+films|on\s+film)\b",
    r"目录|店[里内中]|世界|史上|全网|书架|货架|架上|平台",
)
# Before or behind a comparison they turn it into another one.
TURNED = _compiled(
    r"\b(?:second|third|next|last|almost|nearly|half|except|besides|not|no|never|hardly|far|from"
    r"|less|least)\s*$",
    r"(?:第[一二三四五六七八九十]|倒数|[次不非没]|不是|未必|几乎|差不多|快要|除了|没有)$",
)
BY_SO_MUCH = _compiled(
    rf"(?:\d|\b(?:{_COUNT}|twice|once|half|much|many|little|few|bit|years?|pages?|minutes?))\s*$"
)
TURNED_BEHIND = _compiled(
    r"\s*(?:\w+\s+)?(?:but|by|except|apart\s+from|save|besides)\b", r"的?(?:之外|以外)"
)
NO_OTHER = _compiled(
    r"\b(?:no\s+other|none\s+of\s+the\s+others?|nothing\s+else)\b",
    rf"{_OTHERS_ZH}[里中]?[都全]?(?:没有|没|不带|不含|不讲|不是)",
)
ALONE = _compiled(
    rf"\bthe\s+(?:only|sole)\b|\bthe\s+(?:one|single)(?=\s+\w+\s+{_THING}\b)",
    r"\bonly\s+(?:this\s+one|this|it)\b",
    r"唯一(?!性)",
    rf"[只仅]有[它这]{_THING_ZH}?",
    rf"就它(?:{_THING_ZH}|(?=是|有|带|讲|写|兼))",
    NO_OTHER.pattern,
)
# The kind of which it is the oldest: "of the comedies", "comedy"; 喜剧里最早的, 最早的喜剧.
KIND = re.compile(
    r"\s*(?:of\s+(?:the|these|those)\s+)?((?:(?!of\b|at\b|in\b|from\b|with\b|for\b|to\b|by\b)[\w-]+\s*){1,4})"
)
KIND_BEFORE_ZH = re.compile(r"(\w+?)(?:片|书|类)?(?:里面|当中|之中|里|中)\W*(?:\w{0,3})$")
# Behind them another statement may begin.
HALT = _compiled(
    r"\b(?:but|while|though|so|because|which|also)\b",
    r"也|还|又|且|同时|而",
)
# How many of a list, and all of it.
COUNTED = _compiled(
    rf"\b(?P<count>{_COUNT}|one(?=\s+of))\b(?:\s+of\s+(?:these|them|the\s+\w+))?",
    rf"(?<![第每前十{_COUNT_ZH[1:-1]}])(?:其中)?有?(?P<count_zh>[一{_COUNT_ZH[1:-1]}]){_THING_ZH}(?!里|中)",
)
FIRST = _compiled(
    rf"\bthe\s+first\s+(?P<count>{_COUNT})\b(?:\s+(?:are\s+)?all\b)?",
    rf"前(?P<count_zh>{_COUNT_ZH}){_THING_ZH}(?:全都|都|全)",
)
OF_ALL = _compiled(r"\b(?:all|every|each)\b", "[都全每]")
OF_MOST = _compiled(
    r"\b(?:most|mostly|mainly|largely)\b", "大多|大都|大半|多半|多数|居多|多为|多是"
)
TOTAL = _compiled(rf"(?P<count_zh>{_COUNT_ZH}){_THING_ZH}(?:里面?|当中|之中|中)")
# Every value that a liked item has of an attribute.
_VALUES = "genres?|topics?|themes?|moods?|tags?|subjects?"
_VALUES_ZH = "类型|主题|题材|标签"
EVERY = _compiled(
    rf"\b(?:(?:all|both|every)(?:\s+of)?(?:\s+the)?|the(?=\s+(?:very\s+)?(?:{_COUNT})\b))"
    rf"(?:\s+very)?(?:\s+(?P<count>{_COUNT}))?"
    rf"(?=\s+(?P<noun>{_VALUES})\s+(?:of|with|as|that|in)\s+{HIDDEN})",
    rf"{HIDDEN}+\s*(?:的?(?P<noun_zh>{_VALUES_ZH})|所?有的)(?:它|这{_THING_ZH})?也?"
    "(?:全都|都|全)(?=有|在|占|齐)",
)
# The values of an attribute are the same, or so many of them are.
SAME = _compiled(
    rf"\bthe\s+(?:very\s+)?same\s+(?P<noun>{_VALUES})\b",
    rf"(?P<noun_zh>{_VALUES_ZH})(?:完全|全都|都)?(?:一致|相同|一样)",
    rf"(?P<count_zh>{_COUNT_ZH})个(?:{_VALUES_ZH})都",
)


@dataclass(frozen=True, slots=True)
class Measure:
    """A comparison by number.

    Attributes:
        names: of the attributes that may be meant.
        sign: 1 where the most wins, -1 where the least does.
        best: "the oldest", 最早.
        more: "older than the others", 比其余都早, or than one title, which is hidden.
    """

    names: frozenset[str]
    sign: int
    best: re.Pattern[str]
    more: re.Pattern[str]


def _measure(names: str, called: str, sign: int, words: Mapping[str, str]) -> Measure:
    chinese, of = words["chinese"], words["of"]
    than_zh = rf"比(?:{_LIST_ZH})?(?:{_OTHERS_ZH}|{HIDDEN}+)(?:[都还要也]|来得)*"
    return Measure(
        names=frozenset(names.split()),
        sign=sign,
        best=_compiled(
            rf"\bthe\s+(?:{words['best']})\b",
            rf"(?:(?:就[数属]|[数属是])它)?最(?:{chinese})",
            rf"(?:{called})[也是就]?(?:{_LIST_ZH})?最(?:{of})",
            rf"最(?:{of})的?(?:{called})",
        ),
        more=_compiled(
            rf"\b(?:an?\s+)?(?:{words['more']})\s+(?:{_THING}\s+)?than\s+"
            rf"(?:{_OTHERS}|(?:the\s+)?{HIDDEN}+)",
            rf"{than_zh}(?:{chinese})(?:一点|一些|些)?",
            rf"(?:{called})也?{than_zh}(?:{of})(?:一点|一些|些)?",
        ),
    )


MEASURES = tuple(
    _measure(table["names"], table["called"], sign, table[side])
    for table in COMPARED
    for side, sign in (("least", -1), ("most", 1))
)

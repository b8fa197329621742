"""Whether all of a clause is accounted for: what it names, how it asks or refuses, and no more.

A clause is written as letters, one for each thing that stands there: V a value or a measure, Q a
bound, T an item, N what refuses what follows, B what refuses what stands before, S any other sign
of a refusal, a permission, a doubt or a comparison, X a word of no frame. Few sequences are sure.
"""

from __future__ import annotations

import re
from functools import cache

from recagent.chat import lexicon
from recagent.chat.lexicon import CONCEPTS, SHADES, content, names_in, pattern
from recagent.chat.named_bounds import named_bounds
from recagent.chat.quantities import quantities
from recagent.chat.situation import Situation
from recagent.domain.chinese_scripts import CJK

_PLAIN = pattern("frames", "plain")
_BEFORE = pattern("frames", "before")
_BEHIND = re.compile(
    rf"(?:{pattern('tone', 'after_negative').pattern})[\s了吧啊呢哦~]*$", re.IGNORECASE
)
_ALLOWED = pattern("frames", "allowed")
_SIGN = pattern("frames", "sign")
_CHILD = pattern("child", "said")
_MARK = {letter: chr(0xE000 + at) for at, letter in enumerate("VQTNBS=")}
_LETTER = {mark: letter for letter, mark in _MARK.items()}
_MARKS = re.compile(f"([{''.join(_LETTER)}])")
_IS = re.compile(r"\b(?:is|are|was|were|it's|that's)\b")
_THAN = re.compile(
    rf"{_MARK['V']}\s*than\s+(?:the\s+)?(?:{_MARK['T']}|(?:that|this|it|those|these)\b)"
)
_RATHER = re.compile(r"\b(?:rather|prefer|sooner)\b(?P<first>.+)\bthan\b")
_SURE = re.compile(
    r"[VQ]*(?:N(?:[VT]+|[VX]{1,2}|Q))+"  # "a comedy, no horror", "nothing over 20"
    r"|(?:[VT]+|X)B"  # "horror is out", 恐怖片不要了
)
_OF_A_TOPIC = re.compile("V+NX+|XB")
_NUMBERS = ("newest", "oldest", "cheapest", "dearest", "shortest", "surprise")


class Frame:
    """A clause as letters.

    Attributes:
        letters: of what stands there, in order.
    """

    def __init__(self, clause: str, situation: Situation) -> None:
        text = " ".join(clause.split()).casefold().replace("’", "'")
        for each in reversed(situation.reference.mentioned(clause)):
            if each.is_sure and len(text) == len(clause):
                text = _put(text, each.start, each.end, "T")
        for found in (_bounds, _phrases, _values):
            text = found(text, situation)
        text = _PLAIN.sub(" ", _THAN.sub(_MARK["V"], text))
        text = _RATHER.sub(lambda match: f"{match['first']} {_MARK['N']} ", text)
        self._is_allowing = _ALLOWED.search(text) is not None
        for found_by, letter in ((_ALLOWED, "S"), (_BEHIND, "B"), (_BEFORE, "N"),
                                 (_SIGN, "S"), (_IS, "=")):  # fmt: skip
            text = found_by.sub(f" {_MARK[letter]} ", text)
        letters = "".join(
            _LETTER.get(part) or "X" * len(content(part).split()) for part in _MARKS.split(text)
        ).rstrip("=")
        self.letters = letters if re.search("[NBS]", letters) else letters.replace("=", "")
        if re.search(rf"[{CJK}]", text) and _OF_A_TOPIC.fullmatch(self.letters):
            self.letters += "S"  # 打死不碰, 数学我没那脑子

    @property
    def is_refusing(self) -> bool:
        """Whether any sign of a refusal, a permission, a doubt or a comparison stands there."""
        return re.search("[NBS]", self.letters) is not None

    @property
    def is_sure(self) -> bool:
        """Whether a clause with such a sign is one of the few that leave no doubt."""
        return _SURE.fullmatch(self.letters) is not None

    @property
    def is_permitting(self) -> bool:
        """Whether all of it says that values need not be."""
        return self._is_allowing and re.fullmatch("SV+|V+=?S", self.letters) is not None


def _put(text: str, start: int, end: int, letter: str) -> str:
    return f"{text[:start]} {_MARK[letter]} {text[end:]}"


def _bounds(text: str, situation: Situation) -> str:
    """The text with its bounds marked, those that name their attribute first."""
    for is_named in (True, False):
        own = (
            named_bounds(text, said=text, vocabulary=situation.vocabulary) if is_named
            else quantities(text)
        )  # fmt: skip
        begun = len(text)
        for each in sorted(own, key=lambda each: -each.start):
            if each.end <= begun:
                text, begun = _put(text, each.start, each.end, "Q"), each.start
    return text


def _phrases(text: str, _: Situation) -> str:
    """What is asked for in words of the rules themselves, the longest at each place."""
    return _known().sub(f" {_MARK['V']} ", _CHILD.sub(f" {_MARK['V']} ", text))


def _values(text: str, situation: Situation) -> str:
    for each in reversed([*situation.vocabulary.values_in(text)]):
        text = _put(text, each.start, each.end, "V")
    return text


@cache
def _known() -> re.Pattern[str]:
    phrases = {
        *(said for shade in SHADES for said in shade.said),
        *(said for concept in CONCEPTS.values()
          for said in (*concept.more, *concept.less, *concept.said)),
        *(said for name in _NUMBERS for said in lexicon.words("said", name)),
        *(said for name in names_in("popularity") for said in lexicon.words("popularity", name)),
    }  # fmt: skip
    ordered = sorted(phrases, key=lambda each: (-len(each), each))
    return re.compile("|".join(rf"\b{re.escape(each)}\b" if each.isascii() else re.escape(each)
                               for each in ordered))  # fmt: skip

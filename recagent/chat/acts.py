"""What a turn or a clause of it is for, told by rules where the words leave no doubt.

What becomes of an act is ``planning``'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from recagent.chat.lexicon import names_in, pattern
from recagent.chat.polarity import is_behind
from recagent.domain.chinese_scripts import CJK

Act = Literal[
    "help", "command", "about", "delete", "my_data", "list", "start_over", "back", "undo", "thanks",
    "hello", "complaint", "why_not", "explain", "compare", "remember", "forget", "allow", "scene",
    "more", "recommend", "search", "filler",
]  # fmt: skip
ACTS: tuple[Act, ...] = get_args(Act)

# Those that a clause can be beside others; the rest of them must be all of a turn.
BESIDE = frozenset[Act]([
    "thanks", "hello", "complaint", "why_not", "explain", "compare", "more", "recommend", "filler",
    "about",
])  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An act, and the words that it is about.

    Attributes:
        rest: of the words, without those that told the act.
    """

    act: Act
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A part of a turn between stops, and where it stands."""

    text: str
    start: int
    end: int


_RULES: dict[Act, re.Pattern[str]] = {act: pattern("acts", act) for act in ACTS}
_STOP = re.compile(
    r"[,.;!?，。；！？~]+(?!\d)"
    r"|(?<!thing)(?<!where)(?<!all)(?<!any)(?<!none)\s+(?:but|although|however)\s+(?!not only)"
    r"|(?<=\S)(?:但是?|(?<![好比超])不过|可是)(?=\S)"
    r"|(?:(?<=^yo)|(?<=^hi)|(?<=^hey)|(?<=^hello))\s+(?=\w)"
    r"|\s+(?:and|but|then|so)\s+(?=(?:please\s+)?"
    r"(?:tell|explain|why|show|compare|what|how|is it|does it|can it)\b)",
    re.IGNORECASE,
)
_LEAD = pattern("said", "lead")
_GAP = re.compile(rf"(?<=[{CJK}])\s+(?=[{CJK}])")
_BRIEF = 2  # characters of a word that is about the next one
_OPEN = re.compile(
    r"(?:要|想看|不看|爱看|推荐|喜欢|讨厌|别|除了|没有?|想|类似|[像和跟与比怕]|[《“「『].*)$"
)
_END = " \t\n.!?,;。！？，；~"

if tuple(names_in("acts")) != ACTS:
    raise ValueError(f"words.toml has the acts {names_in('acts')}, the code {ACTS}")


def rule(text: str) -> Heard | None:
    """The act that the words tell beyond doubt; None where they do not."""
    said = " ".join(text.split()).strip(_END)
    for act, found_by in _RULES.items():
        match = found_by.search(said)
        if match:
            rest = next(filter(None, match.groups()), "")
            return Heard(act=act, rest=rest.strip(_END))
    return None


def stopped(text: str) -> str:
    """A turn without what only leads in, and with a comma where a space in Chinese stands for one.

    No comma parts a short word or a negation from what it is about: 不要 恐怖片, 恐怖片 不要了.
    """
    text = _LEAD.sub("", text)
    for match in reversed([*_GAP.finditer(text)]):
        before, after = text[: match.start()].split()[-1], text[match.end() :].split()[0]
        if len(before) > _BRIEF and not _OPEN.search(before) and not is_behind(after):
            text = f"{text[: match.start()]}，{text[match.end() :]}"
    return text


def clauses(text: str) -> list[Clause]:
    """The parts of a turn between its stops, none empty."""
    ends = [*_STOP.finditer(text)]
    starts = [0, *(match.end() for match in ends)]
    stops = [*(match.start() for match in ends), len(text)]
    return [
        Clause(text=text[start:stop].strip(), start=start, end=stop)
        for start, stop in zip(starts, stops, strict=True)
        if text[start:stop].strip()
    ]

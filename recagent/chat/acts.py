"""What a turn or a clause of it is for, told by rules where the words leave no doubt.

What becomes of an act is ``planning``'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from recagent.chat.lexicon import names_in, pattern

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
    r"|(?:(?<=^yo)|(?<=^hi)|(?<=^hey)|(?<=^hello))\s+(?=\w)"
    r"|\s+(?:and|but|then|so)\s+(?=(?:please\s+)?(?:tell|explain|why|show|compare|what)\b)",
    re.IGNORECASE,
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

"""What a turn is for: a closed set of acts, told by rules where the words leave no doubt.

Where no rule fits, ``hearing`` asks the language model; what becomes of an act is ``planning``'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from recagent.chat.lexicon import acts, pattern

Act = Literal[
    "recommend", "critique", "more", "explain", "compare", "why_not", "search", "scene", "like",
    "dislike", "remember", "forget", "allow", "list", "undo", "help", "chat",
]  # fmt: skip
Kind = Literal["dislike", "like", "seen"]
ACTS: tuple[Act, ...] = get_args(Act)
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An act, and the words that it is about.

    Attributes:
        rest: of the turn, without the words that told the act.
        by: ``rule``, ``model``, or ``nothing`` where neither was sure and the words are a critique.
    """

    act: Act
    rest: str
    by: Literal["rule", "model", "nothing"] = "rule"


_RULES = acts()
_FEELINGS = {kind: pattern("feelings", kind) for kind in KINDS}
_END = " \t\n.!?,;。！？，；~"


def rule(text: str) -> Heard | None:
    """The act that the words tell beyond doubt; None where they do not."""
    said = " ".join(text.replace("’", "'").split()).strip(_END)
    for name, found_by in _RULES.items():
        match = found_by.search(said)
        if match:
            rest = next(filter(None, match.groups()), "")
            return Heard(act=_act(name), rest=rest.strip(_END))
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeling:
    """What somebody says of an item: ``rest`` says which; the words stand at ``start:end``."""

    kind: Kind
    rest: str
    start: int
    end: int


def feelings(text: str) -> list[Feeling]:
    """What a text says of single items, if its words turn out to mean any."""
    found: list[Feeling] = []
    for kind in KINDS:
        for match in _FEELINGS[kind].finditer(text.replace("’", "'")):
            start, end = match.span()
            if all(end <= each.start or each.end <= start for each in found):
                rest = next(filter(None, match.groups()), "")
                found.append(Feeling(kind=kind, rest=rest.strip(_END), start=start, end=end))
    return found


def _act(name: str) -> Act:
    return next(act for act in ACTS if act == name)

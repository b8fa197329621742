"""What somebody says of single items: that they liked it, have seen it, own it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from recagent.chat.acts import clauses, rule
from recagent.chat.lexicon import names_in, pattern
from recagent.chat.references import Named, Reference
from recagent.chat.steps import Feedback
from recagent.domain import Item

_KINDS: tuple[Feedback, ...] = ("dislike", "like", "seen", "owned")
_AFTER, _BEFORE = (
    {kind: pattern("statements", kind, where) for kind in _KINDS} for where in ("after", "before")
)
_ALONE = {kind: pattern("statements", kind, "alone") for kind in _KINDS
          if "alone" in names_in("statements", kind)}  # fmt: skip
_SHORT = 6  # words of a clause that is all on its items
_PAST = re.compile(r"ed\b|seen|read|过")  # said of things that are known


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is said of items.

    Attributes:
        kind: what is said.
        items: of which it is said.
        unknown: titles that stand there and are none of the catalogue.
        start: where its words begin.
        end: where they end.
    """

    kind: Feedback
    items: tuple[Item, ...]
    unknown: tuple[str, ...]
    start: int
    end: int


def statements(text: str, reference: Reference) -> list[Statement]:
    """What a text says of items, in its order; nothing where its words turn out to mean none.

    "It" is the item that the text itself names before, if it names one.
    """
    found = _statements(text, reference)
    focus = reference.spoken_of.id if reference.spoken_of else ""
    named = next((item for each in found for item in each.items if item.id != focus), None)
    return _statements(text, replace(reference, focus=named)) if named else found


def _statements(text: str, reference: Reference) -> list[Statement]:
    found: list[Statement] = []
    for kind in _KINDS:
        made = [*_after(kind, text, reference), *_before(kind, text, reference)]
        for each in (*made, *_alone(kind, text, reference)):
            if all(each.end <= old.start or old.end <= each.start for old in found):
                found.append(each)
    return sorted(found, key=lambda each: each.start)


def _alone(kind: Feedback, text: str, reference: Reference) -> list[Statement]:
    item = reference.spoken_of
    if kind not in _ALONE or item is None:
        return []
    return [
        Statement(kind=kind, items=(item,), unknown=(), start=each.start, end=each.end)
        for each in clauses(text) if _ALONE[kind].search(each.text)
    ]  # fmt: skip


def _before(kind: Feedback, text: str, reference: Reference) -> list[Statement]:
    """The items stand before it: "Alien was great", 第一部看过了."""
    found: list[Statement] = []
    for clause in clauses(text):
        match = _BEFORE[kind].search(text, clause.start, clause.end)
        heard = rule(clause.text)
        if match is None or (heard is not None and heard.act == "complaint"):
            continue
        own = text[clause.start : match.start()]
        lead = re.match(r"\s*(?:and|but|so|well|也|那)?\s*", own)
        skipped = lead.end() if lead else 0
        named, _ = reference.enumerated(own[skipped:])
        meant = reference.meant(own) if len(own.split()) <= _SHORT else []
        items = tuple(_items(named) or meant or (reference.partly(own) if kind == "owned" else ()))
        if items:
            found.append(
                Statement(
                    kind=kind, items=items, unknown=(), start=clause.start + skipped,
                    end=match.end(),
                )
            )  # fmt: skip
    return found


def _after(kind: Feedback, text: str, reference: Reference) -> list[Statement]:
    """The items stand after it, as a list: "I liked Alien, Heat and Up"."""
    found: list[Statement] = []
    for match in _AFTER[kind].finditer(text):
        tail = text[match.end() :]
        named, end = reference.enumerated(tail)
        items = tuple(_items(named))
        unknown = [tail[each.start : each.end] for each in named if each.item is None]
        if not items and not (unknown and _PAST.search(match[0])):
            continue
        found.append(
            Statement(
                kind=kind, items=items, unknown=tuple(unknown), start=match.start(),
                end=match.end() + end,
            )
        )  # fmt: skip
    return found


def _items(named: Sequence[Named]) -> list[Item]:
    return list({each.item.id: each.item for each in named if each.item is not None}.values())

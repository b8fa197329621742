"""What somebody says of single items: that they liked it, have seen it, own it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from recagent.chat.acts import clauses, rule
from recagent.chat.lexicon import content, names_in, pattern
from recagent.chat.references import POINTER, Named, Reference
from recagent.chat.steps import Feedback
from recagent.domain import Item

_KINDS: tuple[Feedback, ...] = ("dislike", "like", "seen", "owned")
_AFTER, _BEFORE = (
    {kind: pattern("statements", kind, where) for kind in _KINDS} for where in ("after", "before")
)
_ALONE = {kind: pattern("statements", kind, "alone") for kind in _KINDS
          if "alone" in names_in("statements", kind)}  # fmt: skip
_VERDICTS: dict[Feedback, re.Pattern[str]] = {
    kind: pattern("statements", kind, "verdict") for kind in _KINDS
    if "verdict" in names_in("statements", kind)
}  # fmt: skip
_FORMER = re.compile(
    r"(?P<one>\b(?:the )?(?:first|former)(?: one)?\b|前(?:一|面那)?[个部本首者篇款])"
    r"|(?P<other>\b(?:the )?(?:other|second|latter|last)(?: one)?\b"
    r"|后(?:一|面那)?[个部本首者篇款]|另一[个部本首])"
)
_SOMEBODY_ELSE = pattern("said", "somebody_else")
_AND_ME = re.compile(r"\b(?:and i|and me|i|we|we've)\b|[和跟与]我|我们|我也|我都")
_SIGN = pattern("frames", "sign")
_SERIES = re.compile(r"前面?[两二三四]部|有几部|几部来着")
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

    "It" is the item that the text itself names before, if it names one; of two, "the first" and
    "the other" are these.
    """
    mentioned = _named_before_it(text, reference)
    if len({item.id for item in mentioned}) == 1:
        reference = replace(reference, focus=mentioned[0])
    found = _statements(text, reference)
    focus = reference.spoken_of.id if reference.spoken_of else ""
    first = next((each for each in found if len(each.items) > 1), None)
    if first is not None and _FORMER.search(text.lower(), first.end):
        found = [
            *(each for each in found if each.end <= first.end),
            *_of_two(text, first, replace(reference, slate=first.items)),
        ]
    else:
        named = next((item for each in found for item in each.items if item.id != focus), None)
        found = _statements(text, replace(reference, focus=named)) if named else found
    found = [*found, *_verdicts(text, found)]
    return [each for each in found if _is_plain(each, found, text, reference)]


def _named_before_it(text: str, reference: Reference) -> list[Item]:
    """The items that a text names before it points, in clauses without a refusal."""
    pointer = POINTER.search(text.lower())
    found: list[Item] = []
    for clause in clauses(text[: pointer.start()] if pointer else text):
        named = [each for each in reference.mentioned(clause.text) if each.is_sure]
        left = clause.text.casefold()
        for each in reversed(named):
            left = left[: each.start] + " " + left[each.end :]
        if not _SIGN.search(left):
            found += [each.item for each in named if each.item]
    return found


def _is_plain(
    statement: Statement, found: Sequence[Statement], text: str, reference: Reference
) -> bool:
    """Whether nothing beside what is said of items makes it unsure: "liked it, not the other".

    A pointer means nothing sure behind words that name nothing here, nor does a number of a series.
    """
    if _SERIES.search(text) and re.search(r"第.部", text):
        return False
    rest = text
    for each in found:
        rest = rest[: each.start] + "\0" * (each.end - each.start) + rest[each.end :]
    for clause in clauses(text):
        if clause.end > statement.start and statement.end > clause.start:
            left = rest[clause.start : clause.end]
            for each in reversed(reference.mentioned(left)):
                left = left[: each.start] + " " + left[each.end :]
            if _SIGN.search(left.casefold()):
                return False
    own = text[statement.start : statement.end]
    before = text[: statement.start].casefold()
    is_pointer = reference.points(own) and not reference.mentioned(own)
    return not (is_pointer and content(before) and not reference.mentioned(text))


def _of_two(text: str, first: Statement, reference: Reference) -> list[Statement]:
    """What is said of two items behind them: "loved the first one hated the other"."""

    def by_number(match: re.Match[str]) -> str:
        said = "the first" if match["one"] else "the second"
        if not match[0].isascii():
            said = "第一个" if match["one"] else "第二个"
        return said.ljust(len(match[0]))[: max(len(said), len(match[0]))]

    tail = _FORMER.sub(by_number, text[first.end :].lower())
    begin = first.end
    made = [each for each in _statements(tail, reference) if each.kind != first.kind]
    made += [
        replace(each, items=items)
        for clause in clauses(tail) for each in _verdicts(clause.text, [first], anywhere=True)
        if len(items := tuple(reference.meant(clause.text))) == 1
    ]  # fmt: skip
    end = len(text)
    return [replace(each, start=begin, end=end) for each in made]


def _verdicts(text: str, found: Sequence[Statement], *, anywhere: bool = False) -> list[Statement]:
    """A verdict that stands alone is on the one item of which something is said before it."""
    if not found or (len(found[-1].items) != 1 and not anywhere):
        return []
    last = found[-1]
    return [
        Statement(kind=kind, items=last.items, unknown=(), start=clause.start, end=clause.end)
        for clause in clauses(text) if anywhere or clause.start >= last.end - 1
        for kind, verdict in _VERDICTS.items() if verdict.search(_bare(clause.text))
    ]  # fmt: skip


def _bare(clause: str) -> str:
    """A clause without what points at the item that it is on."""
    return re.sub(r"^(?:the (?:first|second)|第[一二]个)\s*", "", clause.strip())


def _statements(text: str, reference: Reference) -> list[Statement]:
    found: list[Statement] = []
    for kind in _KINDS:
        made = [*_after(kind, text, reference), *_before(kind, text, reference)]
        for each in (*made, *_alone(kind, text, reference)):
            if all(each.end <= old.start or old.end <= each.start for old in found):
                found.append(each)
    return sorted(found, key=lambda each: each.start)


def _alone(kind: Feedback, text: str, reference: Reference) -> list[Statement]:
    is_known = kind in ("seen", "owned")  # what is liked is not guessed
    item = reference.spoken_of if is_known else reference.focus
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
        is_complaint = heard is not None and heard.act == "complaint"
        if match is None or is_complaint or _is_somebody_else(clause.text):
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
    theirs = [(each.start, each.end) for each in clauses(text) if _is_somebody_else(each.text)]
    for match in _AFTER[kind].finditer(text):
        if any(start <= match.start() < end for start, end in theirs):
            continue
        tail = text[match.end() :]
        named, end = reference.enumerated(tail, firmly=kind in ("like", "dislike"))
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


def _is_somebody_else(clause: str) -> bool:
    """Whether a clause tells of somebody else alone."""
    own = clause.casefold()
    return _SOMEBODY_ELSE.search(own) is not None and _AND_ME.search(own) is None


def _items(named: Sequence[Named]) -> list[Item]:
    return list({each.item.id: each.item for each in named if each.item is not None}.values())

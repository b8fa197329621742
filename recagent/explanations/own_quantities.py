"""How many of a list, and whether every value of a liked item, in a model's own sentence.

"Three are comedies", "both genres of “A”", 五部里有三部是喜剧: what is counted is looked up in the
items, and taken out of the sentence where it is so; what is left is checked as any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from recagent.domain import Item
from recagent.explanations.comparison_words import (
    BREAK,
    COUNTED,
    COUNTS,
    EVERY,
    FIRST,
    HIDDEN,
    OF_ALL,
    OF_MOST,
    SAME,
    TOTAL,
)
from recagent.explanations.kinds import ItemKinds, blanked, is_of, kinds_in, may_be
from recagent.explanations.said_words import spellings
from recagent.explanations.segments import QUOTED, title_key
from recagent.retrieval.words import fold, stem

Span = tuple[int, int]


def without_shared_values(text: str, item: Item, *, known: Mapping[str, Item]) -> str | None:
    """Returns a text without "all genres of “A”"; None where the item lacks one of them.

    Args:
        text: of a sentence.
        item: that it is about.
        known: items of the person's history.
    """
    plain, spans = _without_asides(_without_quotes(text)), list[Span]()
    titled = {title_key(each.title): each for each in known.values()}
    for start, clause in _clauses(plain):
        for match in (*EVERY.finditer(clause), *SAME.finditer(clause)):
            quoted = re.search(f"{HIDDEN}+", clause)
            key = title_key(text[start:][slice(*quoted.span())]) if quoted else ""
            if key not in titled or not _shares(item, titled[key], match):
                return None
            if match.re is EVERY and match["noun"]:
                spans.append((start + match.start(), start + match.end()))
    return blanked(text, spans)


def _shares(item: Item, liked: Item, match: re.Match[str]) -> bool:
    """Whether an item has as many values of a liked one as ``EVERY`` or ``SAME`` have found."""
    groups = match.groupdict()
    noun = groups["noun"] or groups["noun_zh"] or ""
    theirs, own = _values(liked, noun), _values(item, noun)
    if groups.get("count_zh"):
        return len(theirs & own) >= COUNTS[groups["count_zh"]]
    if match.re is SAME:
        return bool(own) and theirs == own
    count = COUNTS.get((groups["count"] or match[0].split()[0]).lower(), len(theirs))
    return bool(theirs) and count == len(theirs) and theirs <= _values(item, "")


def _values(item: Item, noun: str) -> set[str]:
    """The values of an attribute of which a noun speaks; of all lists where none is called so."""
    lists = {name: value for name, value in item.attributes.items() if isinstance(value, tuple)}
    called = [value for name, value in lists.items() if stem(fold(name)) == stem(fold(noun))]
    return {each for value in called or lists.values() for each in value}


def without_counts(text: str, items: Sequence[Item]) -> str | None:
    """Returns a sentence on a list without how many of it are what; None where one is wrong.

    Args:
        text: of a sentence.
        items: of the list, in its order.
    """
    plain, spans = _without_quotes(text), list[Span]()
    every = [ItemKinds.of(item) for item in items]
    for start, clause in _clauses(plain):
        counted = _counts(clause, every)
        if counted is None:
            return None
        spans += [(start + begin, start + end) for begin, end in counted]
    return blanked(text, spans)


def _counts(clause: str, every: Sequence[ItemKinds]) -> list[Span] | None:
    """Where a clause says of how many items of a list what they are; None where it is not so."""
    total, first = TOTAL.search(clause), FIRST.search(clause)
    if total and _count(total) != len(every):
        return None
    counted = [] if first else [*COUNTED.finditer(clause)]
    attributes = {kind: name for each in every for kind, name in each.kinds.items()}
    kinds = kinds_in(clause, attributes)
    sure = [is_of(each, kinds) for each in every]
    least = len(every) if OF_ALL.search(clause) else len(every) // 2 + 1
    if (least == len(every) or OF_MOST.search(clause)) and sum(sure) < least:
        return None
    if HIDDEN in clause or not kinds or not (first or counted):
        return []
    may = [may_be(each, kinds, attributes) for each in every]
    if first:
        count = _count(first)
        holds = count <= len(every) and all(sure[:count])
    else:
        holds = len(counted) == 1 and _count(counted[0]) == sum(sure) == sum(may)
    if not holds:
        return None
    counts = [match.span() for match in (total, first, *counted) if match]
    return [*counts, *_named(clause, [kind for each in kinds for kind in each])]


def _named(clause: str, kinds: Iterable[str]) -> Iterator[Span]:
    """Where a clause has the words for some kinds."""
    words = {each for kind in kinds for each in spellings(kind)}
    stems = {stem(part) for word in words for part in re.findall(r"[a-z]+", word)}
    for match in re.finditer(r"[A-Za-z]+", clause):
        if stem(fold(match[0])) in stems:
            yield match.span()
    for word in words:
        if not word.isascii():
            yield from (match.span() for match in re.finditer(re.escape(word), clause))


def _count(match: re.Match[str]) -> int:
    groups = match.groupdict()
    return COUNTS.get((groups.get("count") or groups["count_zh"]).lower(), 0)


def _clauses(plain: str) -> Iterator[tuple[int, str]]:
    """The clauses of a text, and where each begins."""
    start = 0
    for match in BREAK.finditer(plain):
        yield start, plain[start : match.start()]
        start = match.end()
    yield start, plain[start:]


def _without_asides(plain: str) -> str:
    """A text with spaces for what stands in brackets: （您打了 9 分）."""
    return re.sub(r"（[^）]*）|\([^)]*\)", lambda match: " " * len(match[0]), plain)


def _without_quotes(text: str) -> str:
    return re.sub(QUOTED, lambda match: HIDDEN * len(match[0]), text)

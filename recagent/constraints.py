"""Which items a constraint lets through: the one place where a predicate meets an item's values.

Not a parser: what turns critiques and scenes' rules into constraints is elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from recagent.types import Constraint, Item, Value

Plain = str | float | bool


def satisfies(item: Item, constraint: Constraint) -> bool:
    """Whether the item is known to keep to the constraint.

    What an item does not tell cannot break a constraint that forbids, and cannot meet one that
    demands. Texts are compared without regard to case; of a list one value is enough, and of the
    constraint's values one. Items of another task than the constraint's keep to it.
    """
    if constraint.task not in (None, item.task):
        return True
    own = [_folded(value) for value in _values(item, constraint.attribute)]
    wanted = [_folded(value) for value in _plain(constraint.value)]
    match constraint.operator:
        case "is":
            return any(value in own for value in wanted)
        case "is not":
            return not any(value in own for value in wanted)
        case "at least":
            return any(_at_most(limit, value) for limit in wanted for value in own)
        case "at most":
            return any(_at_most(value, limit) for limit in wanted for value in own)
        case "mentions":
            return any(str(word) in str(value) for word in wanted for value in own)
        case "does not mention":
            return not any(str(word) in str(value) for word in wanted for value in own)


def barred(items: Mapping[str, Item], constraints: Iterable[Constraint]) -> frozenset[str]:
    """Ids of the items that break a constraint."""
    kept = tuple(constraints)
    if not kept:
        return frozenset()
    return frozenset(
        key for key, item in items.items() if not all(satisfies(item, each) for each in kept)
    )


def _values(item: Item, attribute: str) -> tuple[Plain, ...]:
    match attribute:
        case "":
            return (item.document(),)
        case "id":
            return (item.id,)
        case "title":
            return (item.title,)
        case "text":
            return (item.text,)
        case _:
            return _plain(item.attributes.get(attribute, ()))


def _plain(value: Value) -> tuple[Plain, ...]:
    return value if isinstance(value, tuple) else (value,)


def _folded(value: Plain) -> Plain:
    return value.casefold() if isinstance(value, str) else value


def _at_most(low: Plain, high: Plain) -> bool:
    """Numbers by size, texts (ISO dates) by the alphabet; a number and a text are no pair."""
    if isinstance(low, str) and isinstance(high, str):
        return low <= high
    if isinstance(low, str) or isinstance(high, str):
        return False
    return low <= high

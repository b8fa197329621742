"""Which items a constraint lets through: the one place where a predicate meets an item's values.

Not a parser: what turns critiques and scenes' rules into constraints is elsewhere. Whether a
constraint can be read by a scene's items is for ``scenes.rules.readable``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from recagent.domain import Constraint, Item, Value
from recagent.domain.comparing import Plain, at_most, read, same, says

FORBIDDING = frozenset({"is not", "does not mention"})


def satisfies(item: Item, constraint: Constraint) -> bool:
    """Whether the item is known to keep to the constraint.

    What an item does not tell cannot break a constraint that forbids, and cannot meet one that
    demands. Values are compared as what they evidently are (``domain.comparing``); of a list one
    value is enough, and of the constraint's values one. A ban covers every value that says its
    word: "is not dice" keeps Dice Rolling away. Items of another task than the constraint's keep
    to it.
    """
    if constraint.task not in (None, item.task):
        return True
    own, wanted = _values(item, constraint.attribute), plain(constraint.value)
    match constraint.operator:
        case "is":
            return any(same(value, each) for each in wanted for value in own)
        case "is not":
            return not any(_is_banned(value, constraint) for value in own)
        case "at least":
            return any(at_most(limit, value) for limit in wanted for value in own)
        case "at most":
            return any(at_most(value, limit) for limit in wanted for value in own)
        case "mentions":
            return any(says(str(value), str(word)) for word in wanted for value in own)
        case "does not mention":
            return not any(says(str(value), str(word)) for word in wanted for value in own)


def blocked(items: Mapping[str, Item], constraints: Iterable[Constraint]) -> frozenset[str]:
    """Ids of the items that break a constraint."""
    kept = tuple(constraints)
    if not kept:
        return frozenset()
    return frozenset(
        key for key, item in items.items() if not all(satisfies(item, each) for each in kept)
    )


def forbids(constraint: Constraint, text: str) -> bool:
    """Whether a constraint is a ban whose word a text says, whatever attribute it is on."""
    if constraint.operator not in FORBIDDING or constraint.attribute == "id":
        return False
    return any(same(text, each) or _says(text, each) for each in plain(constraint.value))


def plain(value: Value) -> tuple[Plain, ...]:
    """The values of a list, or the one that there is."""
    return value if isinstance(value, tuple) else (value,)


def _is_banned(value: Plain, constraint: Constraint) -> bool:
    whole = constraint.attribute == "id"  # b1 is no word of b10
    return any(
        same(value, each) or (not whole and isinstance(value, str) and _says(value, each))
        for each in plain(constraint.value)
    )


def _says(text: str, word: Plain) -> bool:
    """Whether a text says a word; a number or a truth value is none."""
    return isinstance(word, str) and read(word).number is None and says(text, word)


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
            return plain(item.attributes.get(attribute, ()))

"""Which items satisfy a constraint: the one place where a predicate meets an item's values.

Whether a scene's items can answer a constraint at all is checked in ``scenes.rules.readable``.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from recagent.domain import Constraint, Item, Value
from recagent.domain.comparing import Plain, at_most, read, same, says

FORBIDDING = frozenset({"is not", "does not mention"})


def satisfies(item: Item, constraint: Constraint, *, by_model: Container[str] = ()) -> bool:
    """Whether the item satisfies the constraint.

    Args:
        item: the item.
        constraint: what it should be.
        by_model: attributes of which a model's description counts where the data are silent:
            those that the scene allows for constraints (``Scene.model_conditions``), all that the
            item has for preferences (``item.model_attributes``).

    A missing value passes a ban ("is not") and fails every other operator. Values are compared as
    what they evidently are (``domain.comparing``). One value of a list is enough, and one of the
    constraint's. A ban covers every value that has its word: "is not dice" excludes Dice Rolling.
    Items of another task than the constraint's satisfy it.
    """
    if constraint.task not in (None, item.task):
        return True
    values, wanted = _values(item, constraint.attribute, by_model), plain(constraint.value)
    if constraint.attribute == "id" and constraint.operator in ("is", "is not"):
        return (item.id in wanted) == (constraint.operator == "is")  # spelled alike: no name
    match constraint.operator:
        case "is":
            return any(same(value, each) for each in wanted for value in values)
        case "is not":
            return not any(_is_banned(value, constraint) for value in values)
        case "at least":
            return any(at_most(limit, value) for limit in wanted for value in values)
        case "at most":
            return any(at_most(value, limit) for limit in wanted for value in values)
        case "mentions":
            return any(says(str(value), str(word)) for word in wanted for value in values)
        case "does not mention":
            return not any(says(str(value), str(word)) for word in wanted for value in values)


def blocked(
    items: Mapping[str, Item],
    constraints: Iterable[Constraint],
    *,
    by_model: Container[str] = (),
) -> frozenset[str]:
    """Returns the ids of the items that break a constraint; ``by_model`` as ``satisfies``."""
    if not (constraints := tuple(constraints)):
        return frozenset()
    return frozenset(
        key
        for key, item in items.items()
        if not all(satisfies(item, each, by_model=by_model) for each in constraints)
    )


def forbids(constraint: Constraint, text: str) -> bool:
    """Whether a constraint is a ban and a text has its word, whatever attribute it is on."""
    if constraint.operator not in FORBIDDING or constraint.attribute == "id":
        return False
    return any(same(text, each) or _has_word(text, each) for each in plain(constraint.value))


def plain(value: Value) -> tuple[Plain, ...]:
    """Returns the values of a list, or a single value as a list of one."""
    return value if isinstance(value, tuple) else (value,)


def _is_banned(value: Plain, constraint: Constraint) -> bool:
    return any(
        same(value, each) or (isinstance(value, str) and _has_word(value, each))
        for each in plain(constraint.value)
    )


def _has_word(text: str, word: Plain) -> bool:
    """Whether a text has a word; numbers and truth values are no words."""
    return isinstance(word, str) and read(word).number is None and says(text, word)


def _values(item: Item, attribute: str, by_model: Container[str]) -> tuple[Plain, ...]:
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
            described = item.model_attributes.get(attribute, ()) if attribute in by_model else ()
            return plain(item.attributes.get(attribute, described))

"""Whether a constraint can be read by a scene's items: its attribute is there, its value fits.

What cannot be read is an error with the nearest name: a mistyped name would keep everything away,
or nothing, in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from typing import Literal

from recagent.domain import Constraint, Value
from recagent.domain.column_names import item_field
from recagent.domain.comparing import Plain, folded, read
from recagent.domain.units import amount, amount_for, without_unit
from recagent.errors import ConfigError, ConstraintError
from recagent.locale import LocalizedText
from recagent.scenes.constraints import plain
from recagent.scenes.rules.catalogue import OWN, SceneCatalogue

Holds = Literal["numbers", "yes or no", "dates", "texts"]

_LOOKED_AT = 1_000  # values that tell what an attribute holds
_MOSTLY = 0.9  # of them are of one kind, or the attribute holds texts
_NEAREST = 3
# "Players at least 4" is about the most that a game has room for.
_SIDES = {"at least": ("max", "maximum", "最大"), "at most": ("min", "minimum", "最小")}


def readable_constraint(
    catalogue: SceneCatalogue, constraint: Constraint, *, scene: str
) -> Constraint:
    """The constraint with the attribute as the scene's items call it, in that one's unit.

    Raises:
        ConstraintError: no item of the scene has the attribute, its values cannot be compared
            with the constraint's, or a bound names none.
    """
    if not constraint.attribute and constraint.operator in _SIDES:
        raise _unnamed(catalogue, constraint)
    name = named(catalogue, constraint)
    if name is None:
        raise _unknown(catalogue, constraint, scene)
    if name not in OWN and constraint.operator not in ("mentions", "does not mention"):
        constraint = _fitting(catalogue, replace(constraint, attribute=name))
    return constraint if name == constraint.attribute else replace(constraint, attribute=name)


def check_rules(catalogue: SceneCatalogue, *, scene: str) -> None:
    """Refuse a scene whose rules read what no item has.

    Raises:
        ConfigError: the first of them, with the nearest names.
    """
    for name in catalogue.unread:
        close = nearest(name, sorted(catalogue.names - OWN))
        there = ", ".join(map(repr, close or sorted(catalogue.names - OWN)))
        raise ConfigError(
            "[scenes.{scene}] a rule reads {attribute!r}, which no item of the scene has; "
            "correct it, or take it out; there are {known}",
            scene=scene,
            attribute=name,
            known=there,
        )


def named(catalogue: SceneCatalogue, constraint: Constraint) -> str | None:
    """The attribute that a constraint means; None where no item has it.

    Case, width, spaces and underscores are the same; a part of a name will do where it is of one
    attribute alone, or of a least and a most. A name may leave out its unit, and title, text and id
    may be called as files call them.
    """
    wanted = constraint.attribute
    if wanted in catalogue.names:
        return wanted
    plainly = _plain_name(wanted)
    alike = [name for name in sorted(catalogue.names) if _plain_name(name) == plainly]
    if plainly and not alike:
        parts = [name for name in sorted(catalogue.names - OWN) if plainly in _plain_name(name)]
        sides = _SIDES.get(constraint.operator, ())
        alike = [name for name in parts if _plain_name(name).replace(plainly, "") in sides]
        alike = alike or [name for name in parts if _plain_name(without_unit(name)) == plainly]
        alike = alike or [*filter(None, [item_field(wanted)])]
    return alike[0] if len(alike) == 1 else None


def nearest(wanted: str, names: Sequence[str]) -> list[str]:
    """The names that are most like one, the likest first; none where none is."""
    by_plain = {_plain_name(name): name for name in names}
    plainly = _plain_name(wanted)
    cutoff = 0.6 if plainly.isascii() else 0.5  # one of two characters
    close = get_close_matches(plainly, by_plain, n=_NEAREST, cutoff=cutoff)
    within = [key for key in by_plain if len(plainly) > 1 and (plainly in key or key in plainly)]
    return [by_plain[key] for key in dict.fromkeys([*within, *close])][:_NEAREST]


def _unknown(catalogue: SceneCatalogue, constraint: Constraint, scene: str) -> ConstraintError:
    names = sorted(catalogue.names - OWN)
    wanted, close = constraint.attribute, nearest(constraint.attribute, names)
    said = constraint.words or wanted
    if close:
        return ConstraintError(
            "condition {condition!r}: no item of scene {scene!r} has an attribute "
            "{attribute!r}; did you mean {similar}?",
            condition=said,
            scene=scene,
            attribute=wanted,
            similar=", ".join(map(repr, close)),
        )
    return ConstraintError(
        "condition {condition!r}: no item of scene {scene!r} has an attribute "
        "{attribute!r}; attributes are {known}",
        condition=said,
        scene=scene,
        attribute=wanted,
        known=", ".join(map(repr, [*names, "title", "text"])),
    )


def _unnamed(catalogue: SceneCatalogue, constraint: Constraint) -> ConstraintError:
    """A bound on nothing, and the attributes that it could be on."""
    said = constraint.words or f"{constraint.operator} {constraint.value}"
    names = sorted(catalogue.names - OWN)
    held = {name: _holds([*islice(_own(catalogue, name), _LOOKED_AT)]) for name in names}
    bounded = [name for name in names if held[name] in ("numbers", "dates")]
    if not bounded:
        return ConstraintError(
            "condition {condition!r} names no attribute, and no item here has one of "
            "numbers or dates",
            condition=said,
        )
    there = ", ".join(map(repr, bounded))
    return ConstraintError(
        "condition {condition!r} names no attribute; put it first; those that have bounds "
        "are {known}",
        condition=said,
        known=there,
    )


def _fitting(catalogue: SceneCatalogue, constraint: Constraint) -> Constraint:
    """The constraint with amounts as numbers of the attribute's unit.

    Raises:
        ConstraintError: the values cannot be compared.
    """
    name, operator = constraint.attribute, constraint.operator
    own = [*islice(_own(catalogue, name), _LOOKED_AT)]
    holds = _holds(own)
    if holds == "numbers":
        constraint = replace(constraint, value=_in_unit_of(name, constraint.value))
    for value in plain(constraint.value):
        if not _fits(value, holds, operator, own):
            said = constraint.words or f"{name} {operator} {value}"
            raise ConstraintError(
                "condition {condition!r}: {value!r} cannot be compared with {attribute!r}, "
                "which holds {values}",
                condition=said,
                value=_plainly(value),
                attribute=name,
                values=_told(own, holds),
            )
    return constraint


def _plainly(value: Plain) -> str:
    """A value as it was said: "below 30 kg" is kept as what comes before 30 kg."""
    found = amount(value) if isinstance(value, str) else None
    return f"{found[0]:g} {found[1]}" if found else str(value)


def _in_unit_of(name: str, value: Value) -> Value:
    """Amounts as numbers; a list of words, and what is no amount, as it is."""
    number = amount_for(name, value) if isinstance(value, str) else None
    return value if number is None else number


def _fits(value: Plain, holds: Holds, operator: str, own: Sequence[Plain]) -> bool:
    found = read(value)
    match holds:
        case "numbers":
            binary = all(read(each).number in (0, 1) for each in own)
            return found.number is not None or (binary and found.truth is not None)
        case "yes or no":
            return found.truth is not None
        case "dates":
            return bool(found.day) or found.number is not None
        case "texts" if operator in ("at least", "at most") and found.number is not None:
            return any(read(each).number is not None or read(each).day for each in own)
        case "texts":
            return True


def _holds(own: Sequence[Plain]) -> Holds:
    """What the values of an attribute evidently are."""
    found = [(value, read(value)) for value in own]
    enough = _MOSTLY * len(found)
    if sum(each.truth is not None and not _is_number(value) for value, each in found) >= enough:
        return "yes or no"
    if sum(each.number is not None for _, each in found) >= enough:
        return "numbers"
    if sum(each.is_day for _, each in found) >= enough:
        return "dates"
    return "texts"


def _is_number(value: Plain) -> bool:
    return not isinstance(value, bool) and read(value).number is not None


def _own(catalogue: SceneCatalogue, name: str) -> Iterator[Plain]:
    for item in catalogue.values(name):
        yield from plain(item.attributes.get(name, ()))


def _told(own: Sequence[Plain], holds: Holds) -> LocalizedText:
    """What an attribute holds, with its ends or an example."""
    if holds == "yes or no":
        return LocalizedText("yes or no")
    if holds == "numbers":
        numbers = [number for value in own if (number := read(value).number) is not None]
        return LocalizedText(
            "numbers, {least:g} to {most:g}", least=min(numbers), most=max(numbers)
        )
    example = str(own[0])
    if holds == "dates":
        return LocalizedText("dates, as {example!r}", example=example)
    return LocalizedText("texts, as {example!r}", example=example)


def _plain_name(name: str) -> str:
    return folded(name).replace("_", "").replace("-", "").replace(" ", "")

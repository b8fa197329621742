"""Checks that a scene's items can answer a constraint: they have its attribute, and its value fits.

If not, it is an error with the nearest names: a mistyped name would silently exclude everything,
or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from typing import Literal

from recagent.domain import Constraint
from recagent.domain.column_names import item_field
from recagent.domain.comparing import Plain, folded, read
from recagent.domain.units import amount, amount_for, without_unit
from recagent.errors import ConfigError, ConstraintError
from recagent.locale import LocalizedText
from recagent.scenes.constraints import plain
from recagent.scenes.rules.catalogue import OWN, SceneCatalogue

ValueKind = Literal["numbers", "yes or no", "dates", "texts"]

_SAMPLE = 1_000  # values from which the kind of an attribute is read
_MOSTLY = 0.9  # share of them that must be of one kind; else they are texts
_NEAREST = 3
# "Players at least 4" is about the most that a game has room for.
_SIDES = {"at least": ("max", "maximum", "最大"), "at most": ("min", "minimum", "最小")}


def readable_constraint(
    catalogue: SceneCatalogue, constraint: Constraint, *, scene: str
) -> Constraint:
    """Returns the constraint with the name and in the unit of the scene's attribute.

    Raises:
        ConstraintError: no item of the scene has the attribute, or only a model's description
            has it and the scene does not let that count; its values cannot be compared with the
            constraint's; or a bound names no attribute.
    """
    if not constraint.attribute and constraint.operator in _SIDES:
        raise _without_attribute(catalogue, constraint)
    name = _attribute(catalogue, constraint)
    if name is None and (described := _attribute(catalogue.for_preferences, constraint)):
        raise ConstraintError(
            "condition {condition!r}: only a model's description tells {attribute!r} in scene "
            "{scene!r}, and it meets no condition there; ask for it as a preference, or "
            "let it count by the scene's model_conditions",
            condition=constraint.words or constraint.attribute,
            attribute=described,
            scene=scene,
        )
    if name is None:
        raise _unknown_attribute(catalogue, constraint, scene)
    constraint = replace(constraint, attribute=name)
    if name in OWN or constraint.operator in ("mentions", "does not mention"):
        return constraint
    return _comparable(catalogue, constraint)


def check_rules(catalogue: SceneCatalogue, *, scene: str) -> None:
    """Checks that items have the attributes that the scene's rules read.

    Raises:
        ConfigError: no item has one of them; the message has the nearest names.
    """
    for name in catalogue.unread:
        names = sorted(catalogue.names - OWN)
        raise ConfigError(
            "[scenes.{scene}] a rule uses {attribute!r}, but no item of the scene has it; "
            "correct or remove the rule; known attributes: {known}",
            scene=scene,
            attribute=name,
            known=_quoted(nearest(name, names) or names),
        )


def _attribute(catalogue: SceneCatalogue, constraint: Constraint) -> str | None:
    """Returns the attribute that a constraint means; None where no item has it.

    Case, width, spaces and underscores do not matter. A part of a name will do where only one
    attribute has it, or one for the lower and one for the upper bound. A name may leave out its
    unit, and title, text and id may have the names that files give them.
    """
    if constraint.attribute in catalogue.names:
        return constraint.attribute
    wanted = _folded_name(constraint.attribute)
    matches = [name for name in sorted(catalogue.names) if _folded_name(name) == wanted]
    if wanted and not matches:
        longer = [name for name in sorted(catalogue.names - OWN) if wanted in _folded_name(name)]
        sides = _SIDES.get(constraint.operator, ())
        matches = [name for name in longer if _folded_name(name).replace(wanted, "") in sides]
        matches = matches or [name for name in longer if _folded_name(without_unit(name)) == wanted]
        matches = matches or [*filter(None, [item_field(constraint.attribute)])]
    return matches[0] if len(matches) == 1 else None


def nearest(wanted: str, names: Sequence[str]) -> list[str]:
    """Returns the names that are most like one, the most similar first; none if none is."""
    by_folded = {_folded_name(name): name for name in names}
    folded_name = _folded_name(wanted)
    cutoff = 0.6 if folded_name.isascii() else 0.5  # one of two characters
    close = get_close_matches(folded_name, by_folded, n=_NEAREST, cutoff=cutoff)
    within = [
        key
        for key in by_folded
        if len(folded_name) > 1 and (folded_name in key or key in folded_name)
    ]
    return [by_folded[key] for key in dict.fromkeys([*within, *close])][:_NEAREST]


def _unknown_attribute(
    catalogue: SceneCatalogue, constraint: Constraint, scene: str
) -> ConstraintError:
    names = sorted(catalogue.names - OWN)
    similar = nearest(constraint.attribute, sorted(catalogue.for_preferences.names - OWN))
    if similar:
        return ConstraintError(
            "condition {condition!r}: no item of scene {scene!r} has an attribute "
            "{attribute!r}; did you mean {similar}?",
            condition=constraint.words or constraint.attribute,
            scene=scene,
            attribute=constraint.attribute,
            similar=_quoted(similar),
        )
    return ConstraintError(
        "condition {condition!r}: no item of scene {scene!r} has an attribute {attribute!r}; "
        "known attributes: {known}",
        condition=constraint.words or constraint.attribute,
        scene=scene,
        attribute=constraint.attribute,
        known=_quoted([*names, "title", "text"]),
    )


def _without_attribute(catalogue: SceneCatalogue, constraint: Constraint) -> ConstraintError:
    """Returns the error for a bound on nothing, with the attributes that it could be on."""
    bounded = [
        name
        for name in sorted(catalogue.names - OWN)
        if _kind(_sample(catalogue, name)) in ("numbers", "dates")
    ]
    condition = constraint.words or f"{constraint.operator} {constraint.value}"
    if not bounded:
        return ConstraintError(
            "condition {condition!r} names no attribute, and no item here has a number or date "
            "attribute",
            condition=condition,
        )
    return ConstraintError(
        "condition {condition!r} names no attribute; write the attribute first; those that can "
        "be compared are {known}",
        condition=condition,
        known=_quoted(bounded),
    )


def _comparable(catalogue: SceneCatalogue, constraint: Constraint) -> Constraint:
    """Returns the constraint with amounts as numbers of the attribute's unit.

    Raises:
        ConstraintError: the values cannot be compared.
    """
    name, value = constraint.attribute, constraint.value
    sample = _sample(catalogue, name)
    kind = _kind(sample)
    if kind == "numbers" and isinstance(value, str):
        number = amount_for(name, value)
        constraint = constraint if number is None else replace(constraint, value=number)
    for each in plain(constraint.value):
        if not _fits(each, kind, constraint.operator, sample):
            # "below 30 kg" has become the amount just below 30 kg.
            parsed = amount(each) if isinstance(each, str) else None
            raise ConstraintError(
                "condition {condition!r}: {value!r} cannot be compared with {attribute!r}, whose "
                "values are {values}",
                condition=constraint.words or f"{name} {constraint.operator} {each}",
                value=f"{parsed[0]:g} {parsed[1]}" if parsed else str(each),
                attribute=name,
                values=_description(sample, kind),
            )
    return constraint


def _fits(value: Plain, kind: ValueKind, operator: str, sample: Sequence[Plain]) -> bool:
    reading = read(value)
    is_number = reading.number is not None
    match kind:
        case "numbers":
            is_binary = all(read(each).number in (0, 1) for each in sample)
            return is_number or (is_binary and reading.truth is not None)
        case "yes or no":
            return reading.truth is not None
        case "dates":
            return bool(reading.day) or is_number
        case "texts" if operator in ("at least", "at most") and is_number:
            return any(read(each).number is not None or read(each).day for each in sample)
        case "texts":
            return True


def _kind(sample: Sequence[Plain]) -> ValueKind:
    """Returns what the values of an attribute evidently are."""
    readings = [read(value) for value in sample]
    is_true = [
        reading.truth is not None and (isinstance(value, bool) or reading.number is None)
        for value, reading in zip(sample, readings, strict=True)
    ]
    enough = _MOSTLY * len(sample)
    if sum(is_true) >= enough:
        return "yes or no"
    if sum(reading.number is not None for reading in readings) >= enough:
        return "numbers"
    return "dates" if sum(reading.is_day for reading in readings) >= enough else "texts"


def _sample(catalogue: SceneCatalogue, name: str) -> list[Plain]:
    """Returns values of an attribute."""
    values = (
        value
        for item in catalogue.values(name)
        for value in plain(catalogue.value(item, name) or ())
    )
    return [*islice(values, _SAMPLE)]


def _description(sample: Sequence[Plain], kind: ValueKind) -> LocalizedText:
    """Returns what an attribute holds, with its ends or an example."""
    if kind == "yes or no":
        return LocalizedText("yes or no")
    if kind == "numbers":
        numbers = [number for value in sample if (number := read(value).number) is not None]
        return LocalizedText(
            "numbers from {least:g} to {most:g}", least=min(numbers), most=max(numbers)
        )
    example = str(sample[0])
    if kind == "dates":
        return LocalizedText("dates such as {example!r}", example=example)
    return LocalizedText("text such as {example!r}", example=example)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))


def _folded_name(name: str) -> str:
    return folded(name).replace("_", "").replace("-", "").replace(" ", "")

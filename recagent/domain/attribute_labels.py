"""How attributes and their values are called by people, in each language.

A catalogue declares them (``[attributes.NAME] labels`` and ``value_labels``); without them a name
and a value are what the catalogue writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from recagent.domain.comparing import folded
from recagent.domain.constraints import Constraint
from recagent.domain.items import Value
from recagent.locale import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeLabels:
    """The words for one attribute.

    Attributes:
        names: of the attribute, by language.
        values: by language and value, what people call the value; the first is shown.
    """

    names: Mapping[Language, str] = field(default_factory=dict[Language, str])
    values: Mapping[Language, Mapping[str, Sequence[str]]] = field(
        default_factory=dict[Language, "Mapping[str, Sequence[str]]"]
    )

    def value(self, value: str, lang: Language) -> str:
        """Returns what people call a value; the value itself where nothing is declared."""
        return next(iter(self.values.get(lang, {}).get(value, ())), value)

    def meant(self, label: str) -> str:
        """Returns the value that a label of any language is of; the label itself if it is none."""
        wanted = folded(label)
        return next(
            (
                value
                for values in self.values.values()
                for value, labels in values.items()
                if wanted in map(folded, labels)
            ),
            label,
        )


Labels = Mapping[str, AttributeLabels]  # by the attribute's name


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeWords:
    """An attribute of an item as people read it; ``attribute`` is the catalogue's name for it."""

    attribute: str
    label: str
    values: tuple[str, ...]


def in_words(
    attributes: Mapping[str, Value], *, labels: Labels, lang: Language
) -> tuple[AttributeWords, ...]:
    """Returns attributes as people call them and their values in a language."""
    words: list[AttributeWords] = []
    for name, value in attributes.items():
        known = labels.get(name, AttributeLabels())
        values = value if isinstance(value, tuple) else (str(value),)
        label = known.names.get(lang, name.replace("_", " "))
        shown = tuple(known.value(each, lang) for each in values)
        words.append(AttributeWords(attribute=name, label=label, values=shown))
    return tuple(words)


def with_catalogue_names(constraint: Constraint, labels: Labels) -> Constraint:
    """Returns the constraint with the catalogue's names in place of people's: 氛围 is 黑暗."""
    wanted = folded(constraint.attribute)
    name = next(
        (
            name
            for name, each in labels.items()
            if wanted and wanted in map(folded, each.names.values())
        ),
        constraint.attribute,
    )
    known = labels.get(name)
    if known is None:
        return constraint
    value = constraint.value
    meant: Value = value
    if isinstance(value, str):
        meant = known.meant(value)
    elif isinstance(value, tuple):
        meant = tuple(map(known.meant, value))
    return replace(constraint, attribute=name, value=meant)

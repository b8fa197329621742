"""What kinds of thing an item is by its attributes, and which of them a text names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from recagent.domain import Item
from recagent.explanations.own_evidence import catalogue_text
from recagent.explanations.said_words import Said, as_written, is_named, spellings

_LONGEST = 40  # letters of a value that is a kind
Kinds = Sequence[Sequence[str]]  # what is named; one word may be meant for several of an item


@dataclass(frozen=True, slots=True)
class ItemKinds:
    """What an item tells: its kinds with the attribute of each, and all of its words."""

    item: Item
    kinds: Mapping[str, str]
    says: Said

    @classmethod
    def of(cls, item: Item) -> ItemKinds:
        """What the catalogue tells of an item, its title too."""
        kinds = {
            value: name
            for name, values in item.attributes.items()
            for value in (values if isinstance(values, tuple) else (values,))
            if isinstance(value, str) and 0 < len(value) <= _LONGEST
        }
        return cls(item, kinds, as_written(f"{item.title} \n {catalogue_text(item)}"))


def kinds_in(text: str, kinds: Iterable[str]) -> Kinds:
    """Returns which of some kinds a text names, each with those that the same word may mean."""
    written = as_written(text)
    named = {
        kind: [each for each in spellings(kind) if is_named(each, written.words, written.chinese)]
        for kind in kinds
    }
    return [
        [
            other
            for other, others in named.items()
            if any(one in two or two in one for one in own for two in others)
        ]
        for own in named.values()
        if own
    ]


def is_of(item: ItemKinds, kinds: Kinds) -> bool:
    """Whether an item has all these kinds among its values."""
    return all(any(kind in item.kinds for kind in alternatives) for alternatives in kinds)


def may_be(item: ItemKinds, kinds: Kinds, attributes: Mapping[str, str]) -> bool:
    """Whether an item is of all these kinds by any of its words, or does not tell.

    Args:
        item: what it tells.
        kinds: each with those that the same word may mean, of which one is enough.
        attributes: of each kind.
    """
    return all(
        any(
            any(is_named(each, item.says.words, item.says.chinese) for each in spellings(kind))
            or not item.item.attributes.get(attributes[kind])
            for kind in alternatives
        )
        for alternatives in kinds
    )


def blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Returns a text with spaces for these parts of it."""
    for start, end in spans:
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return text

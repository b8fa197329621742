"""Items through the declared cleaning steps, in a fixed order; every change is counted.

Texts first, then near duplicates, missing values, and normalised numbers. The same items and
settings give the same result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from statistics import fmean, pstdev
from typing import Any

from recagent.config.data_sections import AttributeSettings, CleaningSettings, TextStep
from recagent.domain import Item, User, Value, validation
from recagent.ingest import missing, text_cleaning
from recagent.ingest.report import Reading, Report

# Texts that no step changes: printable, no HTML, single spaces, of ASCII and common Chinese signs.
_CLEAN = re.compile("[!-%'-;=-~\u3001-\u3011\u4e00-\u9fff\uff01-\uff1b]+"
                    "(?: [!-%'-;=-~\u3001-\u3011\u4e00-\u9fff\uff01-\uff1b]+)*")  # fmt: skip

Aliases = Mapping[tuple[str, str], str]  # (scene, id of a merged item) -> id that stands for it
Origin = Callable[[Item], tuple[Reading, int]]  # the file, and the row there


class Cleaner:
    """The declared steps, and the report that counts what they do."""

    def __init__(
        self,
        report: Report,
        *,
        attributes: Mapping[str, AttributeSettings],
        cleaning: CleaningSettings,
        origin: Origin,
    ) -> None:
        """Takes what is declared, and how to find the file that an item came from."""
        self._report = report
        self._attributes = attributes
        self._cleaning = cleaning
        self._origin = origin

    def items(self, items: Iterable[Item]) -> tuple[list[Item], Aliases]:
        """Returns the cleaned items, scene by scene, and which ids now stand for which others."""
        scenes: dict[str, list[Item]] = {}
        for item in items:
            cleaned = self._with_clean_text(item)
            if cleaned is not None:
                scenes.setdefault(item.scene, []).append(cleaned)
        aliases: dict[tuple[str, str], str] = {}
        for scene, scene_items in scenes.items():
            remaining = self._merged(scene, scene_items, aliases)
            # What is dropped is no part of the values that the rest is filled by.
            for drops in (True, False):
                for name, declared in self._attributes.items():
                    if declared.missing != "leave" and (declared.missing == "drop") is drops:
                        remaining = self._without_holes(scene, remaining, name, declared)
            for name, declared in self._attributes.items():
                if declared.normalize != "none":
                    remaining = self._normalised(scene, remaining, name, declared)
            scenes[scene] = [self._without_ignored(item) for item in remaining]
        return [item for scene_items in scenes.values() for item in scene_items], aliases

    def _without_ignored(self, item: Item) -> Item:
        ignored = [name for name, declared in self._attributes.items() if declared.ignore]
        if not ignored:
            return item
        attributes, filled = (
            {name: value for name, value in values.items() if name not in ignored}
            for values in (item.attributes, item.filled_attributes)
        )
        text = "" if "text" in ignored else item.text
        return replace(item, text=text, attributes=attributes, filled_attributes=filled)

    def user(self, user: User, *, source: str) -> User:
        """Returns a person with cleaned words, tags and attributes."""
        tags = (self.text(tag, field="tags", source=source) for tag in user.tags)
        return replace(
            user,
            about=self.text(user.about, field="about", source=source),
            tags=tuple(filter(None, tags)),
            attributes=self._attributes_of(user.attributes, source),
        )

    def text(self, value: str, *, field: str, source: str) -> str:
        """Returns a text of ``field`` after its steps, not longer than ``max_text``."""
        limit = self._cleaning.max_text
        if len(value) <= limit and (not value or _CLEAN.fullmatch(value)):
            return value
        steps = self._steps(field)
        if "unicode" in steps and not value.isascii():
            value = self._encoded_once(value, field=field, source=source)
        for step in ("html", "unicode", "space"):
            needed = step == "unicode" and validation.BROKEN.search(value) is not None
            if (step in steps or needed) and (after := text_cleaning.cleaned(value, step)) != value:
                self._report.changed(step, field, source=source, before=value, after=after)
                value = after
        if len(value) > limit:
            after = value[:limit].rstrip()
            self._report.changed("max_text", field, source=source, before=value, after=after)
            value = after
        if "html" not in steps and text_cleaning.has_html(value):
            self._report.note("html", file=source, field=field, value=value)
        return value

    def _encoded_once(self, value: str, *, field: str, source: str) -> str:
        """Returns a text whose UTF-8 was encoded twice as it was meant; reports what is lost."""
        after = text_cleaning.encoded_once(value)
        if after != value:
            self._report.changed("encoded twice", field, source=source, before=value, after=after)
        elif text_cleaning.is_garbled(value):
            self._report.note("garbled", file=source, field=field, value=value)
        return after

    def _steps(self, field: str) -> Sequence[TextStep]:
        declared = self._attributes.get(field)
        return self._cleaning.text if declared is None or declared.text is None else declared.text

    def _with_clean_text(self, item: Item) -> Item | None:
        """Returns the item with clean texts; None where nothing is left of its title."""
        reading, row = self._origin(item)
        source = reading.file
        title = self.text(item.title, field="title", source=source)
        text = self.text(item.text, field="text", source=source)
        attributes = self._attributes_of(item.attributes, source)
        if not title:
            return reading.unusable(row, "empty", field="title", value=item.title)
        if title == item.title and text == item.text and attributes == item.attributes:
            return item
        return replace(item, title=title, text=text, attributes=attributes)

    def _attributes_of(self, attributes: Mapping[str, Value], source: str) -> dict[str, Value]:
        """Returns the attributes, texts and lists cleaned, without those that became empty."""
        return {
            name: cleaned
            for name, value in attributes.items()
            if (cleaned := self._value(name, value, source)) != "" and cleaned != ()
        }

    def _value(self, name: str, value: Value, source: str) -> Value:
        if isinstance(value, str):
            return self.text(value, field=name, source=source)
        if isinstance(value, tuple):
            return tuple(filter(None, (self.text(v, field=name, source=source) for v in value)))
        return value

    def _merged(
        self, scene: str, items: list[Item], aliases: dict[tuple[str, str], str]
    ) -> list[Item]:
        if not self._cleaning.near_duplicates:
            return items
        same = near_duplicates(items, threshold=self._cleaning.near_duplicates)
        titles = {item.id: item.title for item in items}
        for item in items:
            if item.id in same:
                other = same[item.id]
                reading, row = self._origin(item)
                reading.leave_out("near duplicates", field="item_id", value=item.id)
                reading.note(row, "near duplicates", field="item_id", value=item.id,
                             other=other, title=titles[other])  # fmt: skip
                aliases[scene, item.id] = other
        return [item for item in items if item.id not in same]

    def _without_holes(
        self, scene: str, items: list[Item], name: str, declared: AttributeSettings
    ) -> list[Item]:
        """Returns the items with a filled value for each that lacks one, or without these items."""
        column = [item.attributes.get(name) for item in items]
        holes = sum(value is None for value in column)
        if not holes or holes == len(items):  # an attribute that the scene does not have
            return items
        if declared.missing == "drop":
            for item, value in zip(items, column, strict=True):
                if value is None:
                    self._origin(item)[0].leave_out("drop", field=name, value=item.id)
            return [item for item, value in zip(items, column, strict=True) if value is not None]
        names = {other for item in items for other in item.attributes} - {name}
        others = {other: [_value_of(item, other) for item in items] for other in names}
        values = missing.filled(column, declared.missing, others=others)
        if values is None:
            facts = {"scene": scene, "method": declared.missing}
            self._report.note("not filled", field=name, value=holes, facts=facts)
            return items
        rest = iter(values)
        filled = [next(rest) if value is None else None for value in column]
        for item, value in zip(items, filled, strict=True):
            if value is not None:
                before, after = f"{item.id}:", f"{item.id}: {value}"
                self._report.changed(
                    declared.missing, name, source=scene, before=before, after=after
                )
        return [
            item if value is None else _with_filled(item, name, value)
            for item, value in zip(items, filled, strict=True)
        ]

    def _normalised(
        self, scene: str, items: list[Item], name: str, declared: AttributeSettings
    ) -> list[Item]:
        """Returns the items with NAME_minmax, NAME_zscore or NAME_log beside the number NAME.

        That of a filled number is filled too.
        """
        column = [_value_of(item, name) for item in items]
        numbers = [float(value) for value in column if isinstance(value, int | float)]
        if not numbers:
            return items
        scaled = _scaler(numbers, declared.normalize)
        values = [round(scaled(float(value)), 6) if isinstance(value, int | float) else None
                  for value in column]  # fmt: skip
        after = [f"{value:g}" for value in values if value is not None]
        for number, text in zip(numbers, after, strict=True):
            self._report.changed(
                declared.normalize, name, source=scene, before=f"{number:g}", after=text
            )
        scaled_name = f"{name}_{declared.normalize}"
        return [
            item if value is None
            else _with_filled(item, scaled_name, value) if name in item.filled_attributes
            else replace(item, attributes={**item.attributes, scaled_name: value})
            for item, value in zip(items, values, strict=True)
        ]  # fmt: skip


def _value_of(item: Item, name: str) -> Value | None:
    """Returns an item's value of an attribute, of the data or filled."""
    return item.attributes.get(name, item.filled_attributes.get(name))


def _with_filled(item: Item, name: str, value: Value) -> Item:
    return replace(item, filled_attributes={**item.filled_attributes, name: value})


def _scaler(numbers: Sequence[float], method: str) -> Callable[[float], float]:
    if method == "log":
        return lambda number: math.copysign(math.log1p(abs(number)), number)
    if method == "minmax":
        low, width = min(numbers), max(numbers) - min(numbers)
        return lambda number: (number - low) / width if width else 0.0
    mean, deviation = fmean(numbers), pstdev(numbers)
    return lambda number: (number - mean) / deviation if deviation else 0.0


_PERMUTATIONS = 64
_SHINGLE = 3
_HIGHEST = 0.9  # threshold for which there are enough permutations
_LONGEST = 2_000  # characters that are compared


def near_duplicates(items: Sequence[Item], *, threshold: float) -> Mapping[str, str]:
    """Returns the id of every item that nearly equals an earlier one, and the id of the first such.

    Two items are nearly the same if the sets of three-character pieces of their documents overlap
    by ``threshold`` (Jaccard, 0 to 1) or more. Candidates come from MinHash and are then checked,
    so no pair is found wrongly; one at the threshold may be missed.

    Source: Broder, "On the resemblance and containment of documents", 1997; as implemented by
    datasketch.
    """
    datasketch: Any = import_module("datasketch")  # two seconds, no stubs
    bands = min(threshold, _HIGHEST)  # candidates may be too many, since they are checked
    lsh = datasketch.MinHashLSH(threshold=bands, num_perm=_PERMUTATIONS)
    first: dict[str, tuple[int, Item]] = {}
    first_ids: dict[str, str] = {}
    for item in items:
        pieces = _pieces(item)
        sketch = datasketch.MinHash(num_perm=_PERMUTATIONS, seed=1)
        sketch.update_batch(sorted(pieces))
        # The pieces are made anew for the few candidates: those of all would fill the memory.
        same = [other for other in lsh.query(sketch)
                if _overlap(pieces, _pieces(first[other][1])) >= threshold]  # fmt: skip
        if same:
            first_ids[item.id] = min(same, key=lambda other: first[other][0])
        else:
            first[item.id] = len(first), item
            lsh.insert(item.id, sketch)
    return first_ids


def _pieces(item: Item) -> frozenset[bytes]:
    text = " ".join(item.document()[:_LONGEST].casefold().split())
    return frozenset(
        text[start : start + _SHINGLE].encode() for start in range(max(1, len(text) - _SHINGLE + 1))
    )


def _overlap(one: frozenset[bytes], other: frozenset[bytes]) -> float:
    return len(one & other) / len(one | other)

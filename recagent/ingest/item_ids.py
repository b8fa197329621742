"""The ids of a catalogue: in which scenes each stands, which are written almost alike.

Events of which most are on items that the catalogue does not have are a fault: one of the two files
then has its ids in another column than the one that is read, and the advice says which.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from itertools import islice

from recagent.config.data_sections import FileSettings
from recagent.config.settings import Settings
from recagent.errors import DataError
from recagent.ingest.cell_values import identifier
from recagent.ingest.columns import FIELDS, how_to_map
from recagent.ingest.layouts import Holds
from recagent.ingest.report import Reading, Report, file_name, shown
from recagent.ingest.tables import open_table

_WHOLE = re.compile(r"0*(\d+)(?:\.0+)?")


class CatalogueIds:
    """Ids of items by their scenes, for rows that say an id and maybe no scene.

    Attributes:
        scenes: of every item, by its id.
        only: the one scene of the catalogue; empty where it has several, or none.
    """

    def __init__(self, scene_ids: Iterable[tuple[str, str]] = ()) -> None:
        """Takes the scene and the id of every item."""
        scenes: dict[str, tuple[str, ...]] = {}
        alone: dict[str, tuple[str, ...]] = {}  # one tuple a scene, for all items of it alone
        for scene, item_id in scene_ids:
            only = alone.setdefault(scene, (scene,))
            if scenes.setdefault(item_id, only) is not only:
                scenes[item_id] = (*scenes[item_id], scene)
        self.scenes: Mapping[str, Sequence[str]] = scenes
        self.only = next(iter(alone)) if len(alone) == 1 else ""
        self._alike: Mapping[str, Sequence[str]] | None = None  # once it is needed

    def meant(self, item_id: str) -> str:
        """Returns the one id of the catalogue that is written almost so; else ``item_id`` as it is.

        "12.0" and "0012" mean "12", "a1" means "A1".
        """
        if self._alike is None:
            forms: dict[str, list[str]] = {}
            for known_id in self.scenes:
                forms.setdefault(_form(known_id), []).append(known_id)
            self._alike = forms
        alike = self._alike.get(_form(item_id), ())
        return alike[0] if len(alike) == 1 else item_id


def alike_pairs(ids: Iterable[str]) -> list[tuple[str, str]]:
    """Returns ids that only case, zeros or ".0" tell from an earlier one: that one first."""
    first: dict[str, str] = {}
    pairs = ((first.setdefault(_form(item_id), item_id), item_id) for item_id in ids)
    return [(one, other) for one, other in pairs if one != other]


def _form(item_id: str) -> str:
    """Returns what spellings of one id share: spreadsheets change case, zeros and ".0"."""
    whole = _WHOLE.fullmatch(item_id) if item_id[-1:].isdecimal() else None
    return whole[1] if whole else item_id.casefold()


_LEAST = 3  # rows, below which it is chance
_MOST = 0.5
_LOOKED_AT = 5_000  # rows of a file


def report_unknown_items(settings: Settings, report: Report, ids: AbstractSet[str]) -> None:
    """Report the files of whose events most are on no item of the catalogue.

    Where it is declared that such are left out, only those of whose events all are.
    """
    files = {file_name(file.path): file for file in settings.catalog.events}
    for reading in [reading for reading in report.files if reading.holds == "events"]:
        unknown, known = _counts(reading, report)
        most = 0.0 if settings.cleaning.orphans == "drop" else _MOST
        if unknown < _LEAST or known > (1 - most) * (known + unknown) or (not most and known):
            continue
        file = files.get(reading.file)
        advice = _advice(settings, report, file, ids) if file else ""
        facts = {"total": str(known + unknown), "id": shown(next(iter(ids), "")), "advice": advice}
        kind = "other ids" if advice else "unknown items"
        report.note(kind, file=reading.file, field="item_id", value=unknown, facts=facts)


def _counts(reading: Reading, report: Report) -> tuple[int, int]:
    """Returns rows of a file on items that are not in the catalogue, and on others."""
    note = report.notes.get(("orphan kept", reading.file))
    orphans, orphans_kept = reading.left_out["orphan"], note.count if note else 0
    return orphans + orphans_kept, max(0, reading.used - orphans_kept)


def _advice(settings: Settings, report: Report, file: FileSettings, ids: AbstractSet[str]) -> str:
    """Returns the column of either file that fits the other's ids, as a map; empty without one."""
    column = _fitting(file, "events", ids)
    if column:
        return _mapped(report, file, column)
    event_ids = {identifier(row.get("item_id")) for row in _rows(file, "events")} - {""}
    for items in settings.catalog.items:
        column = _fitting(items, "items", event_ids)
        if column:
            return _mapped(report, items, column)
    return ""


def _mapped(report: Report, file: FileSettings, column: str) -> str:
    advice = how_to_map({"item_id": column}, by_command=report.by_command)
    return f"{advice} ({file_name(file.path)})"


def _fitting(file: FileSettings, holds: Holds, ids: AbstractSet[str]) -> str:
    """Returns the column most of whose values are among ``ids`` and that is not read yet."""
    fits: Counter[str] = Counter()
    rows = 0
    for row in _rows(file, holds):
        rows += 1
        fits.update(
            column
            for column, value in row.items()
            if column not in ("item_id", "user_id") and identifier(value) in ids
        )
    column, count = max(fits.items(), key=lambda pair: pair[1], default=("", 0))
    return column if count > _MOST * rows and column not in FIELDS[holds] else ""


def _rows(file: FileSettings, holds: Holds) -> Iterator[dict[str, object]]:
    with suppress(DataError):  # that has been reported
        for _, row in islice(open_table(file, holds=holds, report=Report()).rows, _LOOKED_AT):
            yield row

"""Rows to Events, one by one, each with where it stands; what cannot be used is reported."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from recagent.config.data_sections import FileSettings
from recagent.domain import (
    EARLIEST_CLOCK,
    EVENT_KINDS,
    UNTIMED,
    Event,
    EventKind,
    RatingScale,
)
from recagent.ingest import cell_values, dates
from recagent.ingest.event_kinds import KindAndValue, kind_and_value, similar_kind
from recagent.ingest.item_ids import CatalogueIds
from recagent.ingest.report import Reading, Report
from recagent.ingest.row_checks import require_columns, row_id
from recagent.ingest.scales import ScaleDoubt
from recagent.ingest.tables import Row, Table, open_table

_MANY = 20  # ratings of which one should be a like


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFormat:
    """How the rows of a file say when.

    Attributes:
        timed: whether any does.
        form: of its dates, as ``dates.read`` takes it; empty for those that need none.
        doubt: why it is not known which of day and month comes first; the rows are left out.
    """

    timed: bool = True
    form: str = ""
    doubt: ScaleDoubt | None = None


class EventFields(NamedTuple):
    """What a row becomes an ``Event`` of; an ``Event`` itself takes five times as long to make."""

    user_id: str
    item_id: str
    scene: str
    kind: EventKind
    at: datetime
    value: float | None = None
    text: str = ""
    device: str = ""
    place: str = ""

    def event(self) -> Event:
        """Returns the event."""
        return Event(**self._asdict())


class EventReader:
    """Reads events: from a file's rows to checked events with their row numbers."""

    def __init__(
        self,
        report: Report,
        *,
        scale: RatingScale | None = None,
        doubts: Mapping[Path, ScaleDoubt] | None = None,
        ids: CatalogueIds | None = None,
        drops_orphans: bool = False,
        now: datetime | None = None,
    ) -> None:
        """Makes a reader.

        Args:
            report: takes every row that is left out.
            scale: what ratings may be; not checked without it.
            doubts: why it is not known what the ratings of a file are out of; they are left out.
            ids: of the catalogue's items, with their scenes for rows that do not say it.
            drops_orphans: whether all rows on items that are not in the catalogue are left out.
            now: what is more than a day later is refused; by default the present.
        """
        self._report = report
        self._scale = scale
        self._doubts = doubts or {}
        self._ids = ids or CatalogueIds()
        self._drops_orphans = drops_orphans
        self.weighed = False  # whether the file that is being read says how much
        self._latest = (now or datetime.now(tz=UTC)) + timedelta(days=1)

    def read(self, file: FileSettings) -> Iterator[tuple[Reading, int, EventFields]]:
        """Yields the events of a file, in its order, each with where it stands.

        A row without ``kind`` is a ``rating`` if it has a ``value`` and a ``view`` otherwise. Times
        are seconds since 1970 (or finer units), or ISO 8601 (UTC where no zone is given); in a file
        without any all are ``UNTIMED``. A row that does not say its scene is an event in each
        scene that has the item.

        Raises:
            DataError: the file cannot be read.
        """
        table = open_table(file, holds="events", report=self._report)
        require_columns(file.path, table, ("user_id", "item_id"))
        clock = self._clock(file, table)
        self.weighed = "weight" in table.columns
        doubt = self._doubts.get(file.path)
        scale = None if doubt else self._scale
        ratings, highest = 0, -math.inf
        for number, row in table.rows:
            event = self._event(table.reading, number, row, file.scene, scale, clock)
            if event is None:
                continue
            if event.kind == "rating" and event.value is not None:
                if doubt:
                    self._leave_out(table.reading, doubt, field="value")
                    continue
                ratings, highest = ratings + 1, max(highest, event.value)
            yield table.reading, number, event
            if not file.scene and not _has_content(row.get("scene")):
                for scene in self._ids.scenes.get(event.item_id, ())[1:]:
                    yield table.reading, number, event._replace(scene=scene)
        self._note_unliked(table.reading, ratings, highest)

    def _leave_out(self, reading: Reading, doubt: ScaleDoubt, *, field: str) -> None:
        """Leave a row out whose rating or time is unclear; the reason is reported once."""
        if doubt.kind not in reading.left_out:
            reading.note(None, doubt.kind, field=field, **doubt.facts)
        reading.left_out[doubt.kind] += 1

    def _note_unliked(self, reading: Reading, ratings: int, highest: float) -> None:
        """Say that no rating is a like, which a wrong scale makes of all."""
        scale = self._scale
        if scale is not None and ratings >= _MANY and highest < scale.liked_from:
            reading.note(None, "none liked", field="value", ratings=ratings,
                         highest=f"{highest:g}", liked=f"{scale.liked_from:g}")  # fmt: skip

    def _event(
        self,
        reading: Reading,
        number: int,
        row: Row,
        scene: str | None,
        scale: RatingScale | None,
        clock: TimeFormat,
    ) -> EventFields | None:
        user_id = row_id(reading, number, row, "user_id")
        item_id = self._item_id(reading, number, row) if user_id else None
        if not user_id or not item_id:
            return None
        event_scene = scene or self._scene(reading, number, row, item_id)
        time = self._time(reading, number, row.get("timestamp"), clock) if event_scene else None
        if not event_scene or time is None:
            return None
        deed = kind_and_value(row)
        if deed.step or not deed.is_readable or deed.kind is None:
            _report_unusual(reading, number, row, deed)
        if not deed.is_readable or deed.kind is None:
            return None
        kind, value = deed.kind, deed.value
        if kind == "rating" and scale:
            if value in scale.unrated:
                reading.changed("unrated", "value", before=f"{value:g}", after="view")
                kind, value = "view", None
            elif not _is_rating(reading, number, value, scale):
                return None
        if kind != "rating":
            value = self._amount(reading, number, row, value)
            if value is not None and self.weighed and value < 0:
                return None
        return EventFields(
            user_id=user_id,
            item_id=item_id,
            scene=event_scene,
            kind=kind,
            at=time,
            value=value,
            text=cell_values.text(row["text"]) if "text" in row else "",
            device=cell_values.text(row["device"]) if "device" in row else "",
            place=cell_values.text(row["place"]) if "place" in row else "",
        )

    def _amount(self, reading: Reading, number: int, row: Row, value: float | None) -> float | None:
        """Returns how much was done, None where it is not said; -1 for a row that is left out."""
        if not self.weighed:  # a value that means something else must not look like a share
            return None if value is not None and 0 < value < 1 else value
        cell = row.get("weight")
        try:
            amount = cell_values.number(cell)
        except ValueError:
            amount = cell_values.with_decimal_comma(cell)
            if amount is None:
                reading.unusable(number, "bad number", field="weight", value=cell)
                return -1.0
            _note_decimal_comma(reading, row, "weight", amount)
        if amount is not None and amount < 0:
            reading.leave_out("returned", field="weight", value=f"{amount:g}")
        return amount

    def _item_id(self, reading: Reading, number: int, row: Row) -> str | None:
        """Returns the row's id, as the catalogue writes it."""
        raw_id = row_id(reading, number, row, "item_id")
        if raw_id is None or raw_id in self._ids.scenes:
            return raw_id
        item_id = self._ids.meant(raw_id)
        if item_id != raw_id:
            reading.changed("id form", "item_id", before=raw_id, after=item_id)
        return item_id

    def _scene(self, reading: Reading, number: int, row: Row, item_id: str) -> str | None:
        """Returns the row's own scene, or the first that has the item."""
        if _has_content(row.get("scene")):
            return row_id(reading, number, row, "scene")
        scenes = self._ids.scenes.get(item_id)
        if scenes:
            if len(scenes) > 1:
                reading.note(number, "several scenes", field="item_id", value=item_id,
                             scenes=", ".join(scenes))  # fmt: skip
            return scenes[0]
        if self._ids.only and not self._drops_orphans:
            return self._ids.only
        if self._ids.scenes or self._drops_orphans:
            return reading.leave_out("orphan", field="item_id", value=item_id)
        return reading.unusable(number, "no scene", field="item_id", value=item_id)

    def _clock(self, file: FileSettings, table: Table) -> TimeFormat:
        """Returns how the rows say when, and notes what that was taken from."""
        cells = _times_in(file) if "timestamp" in table.columns else iter(())
        first = next(cells, None)
        if first is None:
            table.reading.note(None, "no times")
            return TimeFormat(timed=False)
        if file.date_format or not dates.is_numeric_date(first):
            return TimeFormat(form=file.date_format)
        date_order = dates.column_order(chain([first], cells))
        facts = {"example": date_order.example, "other": date_order.other, "name": file.path.name}
        if date_order.order is None:
            return TimeFormat(
                doubt=ScaleDoubt(kind="two orders" if date_order.other else "no order", facts=facts)
            )
        table.reading.note(None, date_order.order, field="timestamp", **facts)
        return TimeFormat(form=date_order.order)

    def _time(
        self, reading: Reading, number: int, cell: object, clock: TimeFormat
    ) -> datetime | None:
        if clock.doubt:
            return self._leave_out(reading, clock.doubt, field="timestamp")
        if not clock.timed:
            return UNTIMED
        try:
            time = cell_values.time(cell, clock.form)
        except ValueError:
            return reading.unusable(number, "bad time", field="timestamp", value=cell)
        if time < UNTIMED:
            return reading.unusable(number, "bad time", field="timestamp", value=cell)
        if time > self._latest:
            return reading.unusable(number, "future time", field="timestamp", value=cell)
        if time < EARLIEST_CLOCK:
            reading.note(number, "early time", field="timestamp", value=cell)
        return time


def _times_in(file: FileSettings) -> Iterator[str]:
    """Yields what stands in a file's column of times, without empty cells."""
    for _, row in open_table(file, holds="events", report=Report()).rows:
        if _has_content(cell := row.get("timestamp")):
            yield cell_values.text(cell)


def _report_unusual(reading: Reading, number: int, row: Row, deed: KindAndValue) -> None:
    """Count what it took to read a row's value, or report a kind or a value that means nothing."""
    if deed.step == "thumb":
        before = cell_values.text(row["value"])
        reading.changed("thumb", "value", before=before, after=str(deed.kind))
    elif deed.step and deed.value is not None:
        _note_decimal_comma(reading, row, "value", deed.value)
    if not deed.is_readable:
        reading.unusable(number, "bad number", field="value", value=row.get("value"))
    elif deed.kind is None:
        known, kind = ", ".join(EVENT_KINDS), cell_values.text(row.get("kind"))
        suggestion = similar_kind(kind)
        problem = "kind meant" if suggestion else "bad kind"
        reading.unusable(
            number, problem, field="kind", value=kind, known=known, like=suggestion or ""
        )


def _note_decimal_comma(reading: Reading, row: Row, field: str, value: float) -> None:
    before = cell_values.text(row.get(field))
    reading.changed("decimal comma", field, before=before, after=f"{value:g}")


def _has_content(cell: object) -> bool:
    """Returns whether a cell holds anything but white space."""
    return cell is not None and cell == cell and bool(str(cell).strip())


def _is_rating(reading: Reading, number: int, value: float | None, scale: RatingScale) -> bool:
    """Returns whether a value is on the scale; reported where it is not."""
    if value is not None and scale.low <= value <= scale.high:
        return True
    low, high = f"{scale.low:g}", f"{scale.high:g}"
    shown_value = "" if value is None else f"{value:g}"
    reading.unusable(number, "bad rating", field="value", value=shown_value, low=low, high=high)
    return False

"""Events as a stream over the files: read twice or more, so that memory does not grow with them.

What must not be stored (copies, repeats, bots) is decided here; nothing is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from recagent.config.settings import Settings
from recagent.domain import Item, RatingScale
from recagent.errors import DataError
from recagent.ingest.cleaning import Aliases, Cleaner
from recagent.ingest.event_counts import Amounts, EventCounts
from recagent.ingest.events import EventFields, EventReader
from recagent.ingest.item_ids import CatalogueIds
from recagent.ingest.items import ItemReader
from recagent.ingest.repeat_counter import RepeatCounter
from recagent.ingest.report import Reading, Report, file_name
from recagent.ingest.scales import ScaleDoubt

if TYPE_CHECKING:
    from recagent.domain.arrays import Integers


# More repeats than this are noted where the settings say nothing.
SUSPICIOUS_REPEATS = 100

_ROW_BITS = 44  # of a row, above which its file's number stands
_COPY_BITS = 8  # below a row's number, for its events in several scenes
_COPIES = (1 << _COPY_BITS) - 1
_PROGRESS_EVERY = 10_000  # events
_SAME = 5  # fields that make an event a copy of another: user, item, scene, kind and time
_REPEATED = 4  # the same without the time

OnProgress = Callable[[str, int, int | None], None]


def cleaner_for(settings: Settings, report: Report, reader: ItemReader) -> Cleaner:
    """Returns what cleans texts into a report, of items and of events alike."""
    return Cleaner(
        report, attributes=settings.attributes, cleaning=settings.cleaning, origin=reader.origin
    )


class EventStream:
    """The usable events of all files, cleaned, as often as they are asked for."""

    def __init__(
        self,
        settings: Settings,
        items: Sequence[Item],
        aliases: Aliases,
        reader: ItemReader,
        *,
        scale: RatingScale | None,
        doubts: Mapping[Path, ScaleDoubt],
    ) -> None:
        self._settings = settings
        self._scale = scale
        self._doubts = doubts
        self._reader = reader
        self._aliases = aliases
        self._known: dict[str, set[str]] = {}
        for item in items:
            self._known.setdefault(item.scene, set()).add(item.id)
        self._now = datetime.now(tz=UTC)  # one for all passes
        self.bots: AbstractSet[str] = frozenset()
        self._stamps = [_stamp(file.path) for file in settings.catalog.events]
        self.amounts: Amounts | None = None  # once all have been seen
        self.seen_amounts = Amounts()
        self._ids = CatalogueIds(reader.places())  # also of items that cleaning left out

    def __call__(self, report: Report) -> Iterator[tuple[int, Reading, EventFields]]:
        cleaner = cleaner_for(self._settings, report, self._reader)
        drops_orphans = self._settings.cleaning.orphans == "drop"
        events = EventReader(
            report,
            scale=self._scale,
            doubts=self._doubts,
            ids=self._ids,
            drops_orphans=drops_orphans,
            now=self._now,
        )
        for file_number, file in enumerate(self._settings.catalog.events):
            last = copy = 0
            for reading, number, raw in events.read(file):
                copy = copy + 1 if number == last else 0
                last = number
                event = self._weighed(raw) if events.weighed else raw
                event = self._cleaned(event, cleaner, reading)
                if event.user_id in self.bots:
                    if not copy:
                        reading.leave_out("bot", field="user_id", value=event.user_id)
                    continue
                if self._aliases:
                    merged_into = self._aliases.get((event.scene, event.item_id), event.item_id)
                    event = event._replace(item_id=merged_into)
                if event.item_id not in self._known.get(event.scene, ()):
                    if copy:
                        continue
                    if drops_orphans:
                        reading.leave_out("orphan", field="item_id", value=event.item_id)
                        continue
                    reading.note(number, "orphan kept", field="item_id", value=event.item_id,
                                 scene=event.scene)  # fmt: skip
                yield (
                    file_number << _ROW_BITS | number << _COPY_BITS | min(copy, _COPIES),
                    reading,
                    event,
                )
            if _stamp(file.path) != self._stamps[file_number]:
                raise DataError(
                    "{file!r} changed while it was being read; run the command again",
                    file=file_name(file.path),
                )

    def _weighed(self, event: EventFields) -> EventFields:
        """Returns the event with a share of what is usual in place of its amount."""
        if event.kind == "rating" or event.value is None:
            return event
        if self.amounts is None:
            self.seen_amounts.add(event)
            return event
        return event._replace(value=self.amounts.share(event))

    def _cleaned(self, event: EventFields, cleaner: Cleaner, reading: Reading) -> EventFields:
        if not (event.text or event.device or event.place):
            return event
        source = reading.file
        return event._replace(
            text=cleaner.text(event.text, field="text", source=source),
            device=cleaner.text(event.device, field="device", source=source),
            place=cleaner.text(event.place, field="place", source=source),
        )


def count_events(
    stream: EventStream, settings: Settings, report: Report, on_progress: OnProgress | None
) -> tuple[EventCounts, Integers]:
    """Read all events: who there is, and the codes of copies and repeats."""
    rules = settings.cleaning
    if rules.max_events_per_day:
        stream.bots = _bots(stream, limit=rules.max_events_per_day)
    people = EventCounts()
    stream.seen_amounts = Amounts()
    with closing(RepeatCounter()) as copies, closing(RepeatCounter()) as repeats:
        readings: dict[int, Reading] = {}
        for done, (code, reading, event) in enumerate(stream(report), start=1):
            readings[code >> _ROW_BITS] = reading
            copies.add(event[:_SAME], code)
            repeats.add(event[:_REPEATED], code)
            people.add(event)
            if on_progress and done % _PROGRESS_EVERY == 0:
                on_progress("checking", done, None)
        same = copies.beyond(1)
        often = repeats.beyond(rules.max_repeats or SUSPICIOUS_REPEATS, without=same)
    stream.amounts = stream.seen_amounts
    return people, _left_out(same, often, readings, settings, report)


def _bots(stream: EventStream, *, limit: float) -> frozenset[str]:
    """Returns who has more events a day than ``limit``, copies left out; reads all events."""
    people = EventCounts()
    with closing(RepeatCounter()) as copies:
        for code, _, event in stream(Report()):
            copies.add(event[:_SAME], code)
            people.add(event)
        same = copies.beyond(1)
    for event, is_copy in marked(stream, same) if len(same) else ():
        if is_copy:
            people.remove(event)
    return frozenset(people.busier_than(limit))


def marked(
    stream: Callable[[Report], Iterator[tuple[int, Reading, EventFields]]], codes: Integers
) -> Iterator[tuple[EventFields, bool]]:
    """Yields every event, and whether its code is among ``codes``, which rise."""
    rest = chain(codes.tolist(), [-1])
    code = next(rest)
    for event_code, _, event in stream(Report()):
        while -1 < code < event_code:
            code = next(rest)
        yield event, code == event_code


def _stamp(path: Path) -> tuple[int, int]:
    """Returns size and time of change of a file; (0, 0) for a folder or a missing file."""
    if not path.is_file():
        return 0, 0
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _left_out(
    same: Integers,
    often: Integers,
    readings: Mapping[int, Reading],
    settings: Settings,
    report: Report,
) -> Integers:
    import numpy as np  # noqa: PLC0415 - for the tally alone

    steps = [("same event", same)]
    if settings.cleaning.max_repeats:
        steps.append(("repeat", often))
    elif len(often):
        report.note("repeats", value=len(often), facts={"limit": str(SUSPICIOUS_REPEATS)})
    for step, codes in steps:
        for code in codes.tolist():
            if code & _COPIES:  # a row is left out once, whatever the number of its scenes
                continue
            number = (code & ((1 << _ROW_BITS) - 1)) >> _COPY_BITS
            readings[code >> _ROW_BITS].leave_out(step, field="item_id", value=f"row {number}")
    return np.sort(np.concatenate([codes for _, codes in steps]))

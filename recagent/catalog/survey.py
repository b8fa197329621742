"""The whole catalogue, read and cleaned, with a report; events as a stream.

Events are read twice, once to find what must not be stored and once to hand them on, so memory does
not grow with them. Nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from recagent.catalog.cleaning import Aliases, Cleaner, script
from recagent.catalog.events import EventReader
from recagent.catalog.items import ItemReader, no_items
from recagent.catalog.report import Problem, Reading, Report, file_name, shown
from recagent.catalog.tally import Tally
from recagent.catalog.users import read_users
from recagent.catalog.wording import MORE
from recagent.errors import ConfigError, DataError
from recagent.settings import Settings
from recagent.types import Event, Item, Language, User

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

# Above these a note is made where the settings say nothing.
SUSPICIOUS_PER_DAY = 1_000
SUSPICIOUS_REPEATS = 100

_ROW_BITS = 40  # of a row's number, above which its file's number stands
_SECONDS_PER_DAY = 86_400
_TOLD_EVERY = 10_000
_SHOWN_IN_ERROR = 3

OnProgress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalog:
    """What the files hold, cleaned.

    Attributes:
        report: what was read, left out and changed, events included.
        stream: every usable event with the code of its row, into a report of its own.
        dropped: codes, rising, of those that the survey decided to leave out.
    """

    items: Sequence[Item]
    users: Sequence[User]
    report: Report
    stream: Callable[[Report], Iterator[tuple[int, Reading, Event]]]
    dropped: Rows

    def events(self) -> Iterator[Event]:
        """The events to be stored, in the order of the files; every call reads them anew."""
        codes = chain(self.dropped, [-1])
        dropped = next(codes)
        for code, _, event in self.stream(Report()):
            if code == dropped:
                dropped = next(codes)
            else:
                yield event

    def refuse_problems(self, lang: Language = "en") -> None:
        """Raise if anything in the files cannot be used.

        Args:
            lang: of the problems in the message.

        Raises:
            DataError: with the first problems, how many there are, and what to do.
        """
        found = self.report.problems
        if not found:
            return
        examples = [problem.line(lang) for problem in self.report.examples()]
        more = sum(kind.count for kind in found.values()) - len(examples[:_SHOWN_IN_ERROR])
        lines = [*examples[:_SHOWN_IN_ERROR], *([MORE[lang].format(n=more)] if more else [])]
        raise DataError(
            "the catalogue cannot be used as it is, and nothing was stored:\n  "
            + "\n  ".join(lines)
            + "\nrun 'recagent validate' to see everything; mend the files, or set "
            '[cleaning] unusable = "drop" to leave such rows and values out'
        )


def survey(
    settings: Settings, *, on_progress: OnProgress | None = None, examples: int = 5
) -> Catalog:
    """Read and clean the files of ``[catalog]``, events included, and report on them.

    Args:
        settings: name the files and declare the cleaning.
        on_progress: told the stage (``checking``), how many events are done, and of how many.
        examples: problems of one kind and file that the report keeps.

    Raises:
        ConfigError: no item file is declared.
        DataError: a file cannot be read at all, or has no usable item.
    """
    files = settings.catalog
    if not files.items:
        raise ConfigError(
            "no catalogue: add [[catalog.items]] with a path to recagent.toml (recagent init "
            "writes one), or try 'recagent demo'"
        )
    report = Report(examples=examples)
    reader = ItemReader(report, attributes=settings.attributes, separator=files.list_separator)
    raw = [item for file in files.items for item in reader.read(file)]
    cleaner = _cleaner(settings, report, reader)
    items, aliases = cleaner.items(raw)
    users = [
        cleaner.user(user, where=file_name(file.path))
        for file in files.users
        for user in read_users(file, separator=files.list_separator, report=report)
    ]
    if not items and (not report.problems or settings.cleaning.unusable == "drop"):
        raise no_items(files.items[0].path, problems=report.examples())
    for item in items:
        report.scenes[item.scene] += 1
        report.scripts[script(item.title)] += 1
    stream = _Stream(settings, items, aliases, reader)
    people, dropped = _look_through(stream, settings, report, on_progress)
    _note_whole(settings, report, people, items=items, users=users)
    return Catalog(items=items, users=users, report=report, stream=stream, dropped=dropped)


def _cleaner(settings: Settings, report: Report, reader: ItemReader) -> Cleaner:
    return Cleaner(
        report, attributes=settings.attributes, cleaning=settings.cleaning, origin=reader.origin
    )


class _Stream:
    """The usable events of all files, cleaned, as often as they are asked for."""

    def __init__(
        self, settings: Settings, items: Sequence[Item], aliases: Aliases, reader: ItemReader
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._aliases = aliases
        self._known = {(item.scene, item.id) for item in items}
        self._now = datetime.now(tz=UTC)  # one for all passes
        self.bots: AbstractSet[str] = frozenset()
        homes: dict[str, list[str]] = {}
        for scene, item_id in chain(self._known, aliases):
            homes.setdefault(item_id, []).append(scene)
        self._scenes = {
            item_id: found[0] if len(found) == 1 else "" for item_id, found in homes.items()
        }

    def __call__(self, report: Report) -> Iterator[tuple[int, Reading, Event]]:
        cleaner = _cleaner(self._settings, report, self._reader)
        scale = self._settings.ratings.scale()
        drops_orphans = self._settings.cleaning.orphans == "drop"
        events = EventReader(
            report, scale=scale, scenes=self._scenes, drops_orphans=drops_orphans, now=self._now
        )
        for place, file in enumerate(self._settings.catalog.events):
            for reading, number, read in events.read(file):
                event = self._cleaned(read, cleaner, reading)
                if event.user_id in self.bots:
                    reading.leave_out("bot", field="user_id", value=event.user_id)
                    continue
                home = (event.scene, event.item_id)
                if home in self._aliases:
                    event = replace(event, item_id=self._aliases[home])
                    home = (event.scene, event.item_id)
                if home not in self._known:
                    if drops_orphans:
                        reading.leave_out("orphan", field="item_id", value=event.item_id)
                        continue
                    reading.note(number, "orphan kept", field="item_id", value=event.item_id,
                                 scene=event.scene)  # fmt: skip
                yield place << _ROW_BITS | number, reading, event

    def _cleaned(self, event: Event, cleaner: Cleaner, reading: Reading) -> Event:
        if not (event.text or event.device or event.place):
            return event
        where = reading.read.file
        return replace(
            event,
            text=cleaner.text(event.text, field="text", where=where),
            device=cleaner.text(event.device, field="device", where=where),
            place=cleaner.text(event.place, field="place", where=where),
        )


class _People:
    """How many events everybody has, and over how long."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, datetime, datetime]] = {}

    def add(self, event: Event) -> None:
        at = event.at
        seen = self._seen.get(event.user_id)
        if seen is None:
            self._seen[event.user_id] = (1, at, at)
            return
        count, first, last = seen
        if at < first:
            first = at
        elif at > last:
            last = at
        self._seen[event.user_id] = (count + 1, first, last)

    def __iter__(self) -> Iterator[str]:
        return iter(self._seen)

    def __len__(self) -> int:
        return len(self._seen)

    def busier_than(self, limit: float) -> list[str]:
        """Ids of people with more events a day, on average from their first to their last."""
        return [
            user_id
            for user_id, (count, first, last) in self._seen.items()
            if count > limit * max(1.0, (last - first).total_seconds() / _SECONDS_PER_DAY)
        ]


def _look_through(
    stream: _Stream, settings: Settings, report: Report, on_progress: OnProgress | None
) -> tuple[_People, Rows]:
    """Read all events once: who there is, and the codes of copies and repeats."""
    rules = settings.cleaning
    if rules.max_events_per_day:
        everybody = _People()
        for _, _, event in stream(Report()):
            everybody.add(event)
        stream.bots = frozenset(everybody.busier_than(rules.max_events_per_day))
    people = _People()
    with TemporaryDirectory(prefix="recagent-") as folder:
        copies, repeats = _tally(Path(folder) / "copies"), _tally(Path(folder) / "repeats")
        with closing(copies), closing(repeats):
            readings: dict[int, Reading] = {}
            for done, (code, reading, event) in enumerate(stream(report), start=1):
                readings[code >> _ROW_BITS] = reading
                deed = (event.user_id, event.item_id, event.scene, event.kind)
                copies.add((*deed, event.at), code)
                repeats.add(deed, code)
                people.add(event)
                if on_progress and done % _TOLD_EVERY == 0:
                    on_progress("checking", done, None)
            same = copies.beyond(1)
            often = repeats.beyond(rules.max_repeats or SUSPICIOUS_REPEATS, without=same)
    return people, _left_out(same, often, readings, settings, report)


def _tally(folder: Path) -> Tally:
    folder.mkdir()
    return Tally(folder)


def _left_out(
    same: Rows, often: Rows, readings: Mapping[int, Reading], settings: Settings, report: Report
) -> Rows:
    import numpy as np  # noqa: PLC0415 - for the tally alone

    steps = [("same event", same)]
    if settings.cleaning.max_repeats:
        steps.append(("repeat", often))
    elif len(often):
        facts = {"limit": str(SUSPICIOUS_REPEATS)}
        report.problem(Problem(kind="repeats", value=str(len(often)), facts=facts))
    for step, codes in steps:
        for code in codes.tolist():
            number = code & ((1 << _ROW_BITS) - 1)
            readings[code >> _ROW_BITS].leave_out(step, field="item_id", value=f"row {number}")
    return np.sort(np.concatenate([codes for _, codes in steps]))


def _note_whole(
    settings: Settings,
    report: Report,
    people: _People,
    *,
    items: Sequence[Item],
    users: Sequence[User],
) -> None:
    """Notes on the catalogue as a whole."""
    report.people = len(people)
    if not settings.cleaning.max_events_per_day:
        busy = people.busier_than(SUSPICIOUS_PER_DAY)
        if busy:
            facts = {"limit": str(SUSPICIOUS_PER_DAY), "first": shown(busy[0])}
            report.problem(Problem(kind="busy people", value=str(len(busy)), facts=facts))
    if settings.catalog.users:
        missing = len(set(people) - {user.id for user in users})
        if missing:
            report.problem(Problem(kind="undeclared person", value=str(missing)))
    known = {name for item in items for name in item.attributes}
    for name in settings.attributes:
        if name not in known and name not in ("title", "text", "about", "device", "place"):
            report.problem(Problem(kind="unused attribute", field=shown(name)))
    for scene in report.scenes if settings.scenes else ():
        if scene not in settings.scenes:
            report.problem(Problem(kind="undeclared scene", value=shown(scene)))
    if report.scripts["Chinese"] and settings.embedder.kind == "wordllama":
        report.problem(Problem(kind="english vectors", value=str(report.scripts["Chinese"])))

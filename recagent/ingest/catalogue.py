"""The whole catalogue, read and cleaned, with a report; events as a stream.

Events are read once to find what must not be stored (before that once to see what their ratings are
out of, where nothing declares it, and once or twice to find bots, if that is asked for), and once
to hand them on. Nothing is stored here.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recagent.config.settings import Settings
from recagent.domain import Event, Item, Language, RatingScale, User
from recagent.errors import ConfigError, DataError
from recagent.ingest.catalogue_notes import note_whole, script
from recagent.ingest.descriptions import with_descriptions
from recagent.ingest.event_stream import (
    EventStream,
    OnProgress,
    cleaner_for,
    count_events,
    marked,
)
from recagent.ingest.events import EventFields
from recagent.ingest.items import ItemReader, no_items_error
from recagent.ingest.log_items import items_from_logs
from recagent.ingest.report import LINES, Reading, Report, file_name
from recagent.ingest.scales import find_scale
from recagent.ingest.users import UserReader

if TYPE_CHECKING:
    from recagent.domain.arrays import Integers


_SHOWN_IN_ERROR = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalogue:
    """What the files hold, cleaned.

    Attributes:
        report: what was read, left out and changed, events included.
        scale: of ratings, as it is declared or as they tell it; None where nothing says it.
        stream: every usable event with the code of its row, into a report of its own.
        dropped: codes, rising, of the events that were left out while reading.
    """

    items: Sequence[Item]
    users: Sequence[User]
    report: Report
    scale: RatingScale | None
    stream: Callable[[Report], Iterator[tuple[int, Reading, EventFields]]]
    dropped: Integers

    def events(self) -> Iterator[Event]:
        """Yields the events to be stored, in the order of the files; every call reads them anew."""
        for event, dropped in marked(self.stream, self.dropped):
            if not dropped:
                yield event.event()

    def refuse_problems(self, lang: Language = "en") -> None:
        """Raise if anything in the files cannot be used.

        Args:
            lang: of the problems in the message.

        Raises:
            DataError: with the first kinds of problems, how many there are, and what to do.
        """
        problems = self.report.problems
        if not problems:
            return
        kinds = self.report.lines(lang)
        more = len(kinds) - _SHOWN_IN_ERROR
        lines = [
            *kinds[:_SHOWN_IN_ERROR],
            *([LINES[lang]["more"].format(n=more)] if more > 0 else []),
        ]
        text = "\n  ".join(lines)
        if self.report.by_command:
            raise DataError(
                "the files have errors, so nothing was saved:\n  {problems}\nrun 'recagent "
                "validate' on the same files for the full list, then fix them",
                problems=text,
            )
        raise DataError(
            "the catalogue has errors, so nothing was saved:\n  {problems}\nrun 'recagent "
            'validate\' for the full list; fix the files, or set [cleaning] unusable = "drop" '
            "to skip such rows and values",
            problems=text,
        )


def read_catalogue(
    settings: Settings,
    *,
    on_progress: OnProgress | None = None,
    examples: int = 5,
    by_command: bool = False,
) -> Catalogue:
    """Read and clean the files of ``[catalog]``, events included, and report on them.

    Args:
        settings: name the files and declare the cleaning.
        on_progress: takes the stage (``checking``), how many events are done, and of how many.
        examples: problems of one kind and file that the report keeps.
        by_command: whether the files were named on the command line: the advice is one for there.

    Raises:
        ConfigError: no item file is declared.
        DataError: a file cannot be read at all, or has no usable item.
    """
    files = settings.catalog
    if not files.items and not files.events and by_command:
        raise ConfigError("none of the files contains items; add one that does")
    if not files.items and not files.events:
        raise ConfigError(
            "no catalogue: add [[catalog.items]] with a path to recagent.toml ('recagent init' "
            "writes one), or try 'recagent demo'"
        )
    report = Report(examples=examples, by_command=by_command)
    reader = ItemReader(report, attributes=settings.attributes, separator=files.list_separator)
    cleaner = cleaner_for(settings, report, reader)
    with _collector_paused():
        raw = [item for file in files.items for item in reader.read(file)]
        if not files.items:
            raw = items_from_logs(files.events, reader, report)
        items, aliases = cleaner.items(raw)
        items = with_descriptions(items, files.descriptions, report)
    people_of = UserReader(report, separator=files.list_separator)
    users = [
        cleaner.user(user, source=file_name(file.path))
        for file in files.users
        for user in people_of.read(file)
    ]
    if not items and (not report.problems or settings.cleaning.unusable == "drop"):
        raise no_items_error(
            (files.items or files.events)[0].path, problems=report.lines(settings.lang)
        )
    report.scenes.update(item.scene for item in items)
    report.scripts.update(script(item.title) for item in items)
    scale, doubts = find_scale(settings, report)
    stream = EventStream(settings, items, aliases, reader, scale=scale, doubts=doubts)
    people, dropped = count_events(stream, settings, report, on_progress)
    note_whole(settings, report, people, items=items, users=users, amounts=stream.seen_amounts)
    return Catalogue(
        items=items, users=users, report=report, scale=scale, stream=stream, dropped=dropped
    )


@contextmanager
def _collector_paused() -> Generator[None]:
    """Pauses the garbage collector: items are many objects without cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

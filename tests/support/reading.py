"""One file's items, events or people, as a catalogue reads them; its first problem is raised."""

from recagent.errors import DataError
from recagent.ingest.events import EventReader
from recagent.ingest.item_ids import CatalogueIds
from recagent.ingest.items import ItemReader, no_items_error
from recagent.ingest.report import Report
from recagent.ingest.users import UserReader


def read_items(file, **options):
    """Items of one file, all or none; ``options`` are those of ``ItemReader``."""
    report = Report()
    items = ItemReader(report, **options).read(file)
    refuse_problems(report)
    if not items:
        raise no_items_error(file.path)
    return items


def read_events(file, *, scenes=None):
    """Events of one file, all or none; ``scenes`` are item id -> scene, where rows lack it."""
    report = Report()
    ids = CatalogueIds((scene, item_id) for item_id, scene in (scenes or {}).items())
    events = [event.event() for _, _, event in EventReader(report, ids=ids).read(file)]
    refuse_problems(report)
    return events


def read_users(file):
    """People of one file, all or none."""
    report = Report()
    users = UserReader(report).read(file)
    refuse_problems(report)
    return users


def refuse_problems(report):
    for problem in report.examples():
        raise DataError("{problem}", problem=problem)

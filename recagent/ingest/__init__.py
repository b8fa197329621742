"""Raw files to a clean catalogue: formats, column maps, cleaning, and a report of what was done.

It reads and cleans; it does not split, embed or store.
"""

from recagent.ingest.catalogue import Catalogue, read_catalogue
from recagent.ingest.command_line_files import settings_for_files
from recagent.ingest.events import read_events
from recagent.ingest.items import read_items
from recagent.ingest.report import Report
from recagent.ingest.users import read_users

__all__ = [
    "Catalogue",
    "Report",
    "read_catalogue",
    "read_events",
    "read_items",
    "read_users",
    "settings_for_files",
]

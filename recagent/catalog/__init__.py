"""Raw files to a clean catalogue: formats, column maps, cleaning, and a report of what was done.

It reads and cleans; it does not split, embed or store.
"""

from recagent.catalog.columns import item_field
from recagent.catalog.events import event_kind, read_events
from recagent.catalog.items import read_items
from recagent.catalog.naming import named_files
from recagent.catalog.report import Report
from recagent.catalog.survey import Catalog, survey
from recagent.catalog.users import read_users

__all__ = [
    "Catalog",
    "Report",
    "event_kind",
    "item_field",
    "named_files",
    "read_events",
    "read_items",
    "read_users",
    "survey",
]

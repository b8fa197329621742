"""Raw files to a clean catalogue: formats, column maps, cleaning, and a report of what was done.

It reads and cleans; it does not split, embed or store.
"""

from recagent.ingest.catalogue import Catalogue, read_catalogue
from recagent.ingest.command_line_files import settings_for_files
from recagent.ingest.report import Report

__all__ = [
    "Catalogue",
    "Report",
    "read_catalogue",
    "settings_for_files",
]

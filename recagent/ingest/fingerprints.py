"""Which reading of which files an event comes from: two fingerprints, of the bytes and of the rest.

The same bytes that are read otherwise give other events, which take the place of the first ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from recagent.config.data_sections import FileSettings
from recagent.config.settings import Settings
from recagent.domain import RatingScale
from recagent.ingest import layouts
from recagent.ingest.layouts import Holds

_BYTES = 8  # of a fingerprint; every event keeps two


def reading_fingerprint(settings: Settings, *, scale: RatingScale | None) -> str:
    """``BYTES:READING`` of the event files; empty where there are none.

    Args:
        settings: the files, and all that says how they are read.
        scale: of ratings.
    """
    if not settings.catalog.events:
        return ""
    said = settings.model_dump_json(include={"catalog", "cleaning", "attributes", "ratings"})
    items = _digests(settings.catalog.items, "items")
    release = ""
    with suppress(PackageNotFoundError):
        release = version("recagent")  # another one may know more names of columns
    held = sorted(_digests(settings.catalog.events, "events"))
    return f"{_fingerprint(held)}:{_fingerprint([release, said, repr(scale), *items])}"


def same_files(one: str, other: str) -> bool:
    """Whether two origins are readings of the same bytes."""
    return one.partition(":")[0] == other.partition(":")[0]


def _fingerprint(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=_BYTES).hexdigest()


def _digests(files: Iterable[FileSettings], holds: Holds) -> list[str]:
    return [_digest(layouts.find_file(file.path, holds=holds)[0]) for file in files]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()

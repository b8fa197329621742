"""Where in a TOML text a key stands, for messages that name a line; it checks nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*=")


def line_of(text: str, where: Sequence[str | int]) -> int:
    """Line (from 1) of the key, or of the nearest table above it that stands in the text.

    Args:
        text: the file.
        where: keys and positions in lists from the top: ``("systems", 2, "prompt")``.
    """
    lines = _lines(text)
    for length in range(len(where), 0, -1):
        if tuple(where[:length]) in lines:
            return lines[tuple(where[:length])]
    return 1


def _lines(text: str) -> dict[tuple[str | int, ...], int]:
    """Line of every table, list entry and key, by its path."""
    found: dict[tuple[str | int, ...], int] = {}
    counts: dict[str, int] = {}
    table: tuple[str | int, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.fullmatch(line):
            names = [name.strip(" \"'") for name in header[2].split(".")]
            table = tuple(names)
            if header[1] == "[[":
                counts[header[2]] = counts.get(header[2], -1) + 1
                table = (*names, counts[header[2]])
            found.setdefault(table[: len(names)], number)
            found[table] = number
        elif key := _KEY.match(line):
            names = [name.strip("\"'") for name in key[1].split(".")]
            for length in range(1, len(names) + 1):
                found.setdefault((*table, *names[:length]), number)
    return found

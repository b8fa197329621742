"""Line numbers of keys in a TOML text, for messages that name a line."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*=")


def line_of(text: str, path: Sequence[str | int]) -> int:
    """Returns the line (from 1) of the key, or of the nearest table above it in the text.

    Args:
        text: the file.
        path: keys and positions in lists from the top: ``("systems", 2, "prompt")``.
    """
    lines = _lines(text)
    for length in range(len(path), 0, -1):
        if tuple(path[:length]) in lines:
            return lines[tuple(path[:length])]
    return 1


def _lines(text: str) -> dict[tuple[str | int, ...], int]:
    """Returns the line of every table, list entry and key, by its path."""
    numbers: dict[tuple[str | int, ...], int] = {}
    counts: dict[str, int] = {}
    table: tuple[str | int, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.fullmatch(line):
            names = [name.strip(" \"'") for name in header[2].split(".")]
            table = tuple(names)
            if header[1] == "[[":
                counts[header[2]] = counts.get(header[2], -1) + 1
                table = (*names, counts[header[2]])
            numbers.setdefault(table[: len(names)], number)
            numbers[table] = number
        elif key := _KEY.match(line):
            names = [name.strip("\"'") for name in key[1].split(".")]
            for length in range(1, len(names) + 1):
                numbers.setdefault((*table, *names[:length]), number)
    return numbers

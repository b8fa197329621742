"""Replies read as a person would: JSON within prose or fences, labels with marks around them.

What is read so is still checked against its form; nothing is made up here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import orjson
from pydantic_core import from_json

_FENCE = re.compile(r"```[\w-]*\s*\n?(.*?)```", re.DOTALL)
_TRAILING = re.compile(r",(\s*[\]}])")
_NUMBERED = re.compile(r"^\s*(?:\d+\s*[.):]|[-*•])\s*")
_LABEL = re.compile(r"^[\s\[({\"'*`_▁Ġ]*([A-Za-z]{1,2})(?:[\s\])}\"'*`_.:,)-]|$)")
# The same, told apart from the first word of a sentence.
_MARKED = re.compile(r"^[\s\[({\"'*`]*[A-Za-z]{1,2}(?:[\])}\"'*`.:)]|\s+[-–—:]\s|\s*$)")
_BARE = re.compile(r"^[\s\[({\"'*`]*([A-Za-z]{1,2})[\s\])}\"'*`.:,]*$")
_BETWEEN = re.compile(r"\s*(?:[>,;\n]|->|→|≻)\s*")


def json_in(text: str) -> Any:
    """The JSON value that a reply holds: as it stands, in a fence, or between prose.

    Raises:
        ValueError: it holds none.
    """
    pieces = [text.strip(), *(block.strip() for block in _FENCE.findall(text))]
    for piece in pieces:
        value = _parsed(piece)
        if value is not None:
            return value
    for start in re.finditer(r"[{\[]", text):
        piece = _balanced(text, start.start())
        value = _parsed(piece) if piece else None
        if value is not None:
            return value
    raise ValueError("no JSON")


def cut_json_in(text: str) -> Any:
    """The JSON value that a reply began, as far as it goes.

    Raises:
        ValueError: it began none.
    """
    start = re.search(r"[{\[]", text)
    if start is None:
        raise ValueError("no JSON")
    return from_json(text[start.start() :], allow_partial="trailing-strings")


def label_in(text: str, labels: Sequence[str]) -> str | None:
    """The label that a text names: ``[A]``, ``A.``, ``a``, ``A) Alien (1979)``; None for none."""
    if text in labels:
        return text
    match = _LABEL.match(text)
    if match is None:
        return None
    for name in (match[1], match[1].upper()):
        if name in labels and (name == match[1] or _BARE.match(text)):
            return name
    return None


def labels_in_lines(text: str) -> list[str] | None:
    """The entries of an order in plain words: one a line, or ``B > A > C``; None for prose."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    pieces = _BETWEEN.split(text.strip()) if len(lines) == 1 else lines
    entries = [_NUMBERED.sub("", piece).strip() for piece in pieces if piece.strip()]
    if len(entries) > 1 and all(_MARKED.match(entry) for entry in entries):
        return entries
    return None


def _parsed(piece: str) -> Any:
    """An object or a list; None for anything else."""
    for written in (piece, _TRAILING.sub(r"\1", piece)):
        try:
            value: Any = orjson.loads(written)
        except ValueError:
            continue
        return cast("Any", value) if isinstance(value, dict | list) else None
    return None


def _balanced(text: str, start: int) -> str | None:
    """The text from a bracket to the one that closes it; None where none does."""
    depth, quoted, escaped = 0, False, False
    for at in range(start, len(text)):
        letter = text[at]
        if quoted:
            quoted = escaped or letter != '"'
            escaped = letter == "\\" and not escaped
            continue
        if letter == '"':
            quoted = True
        elif letter in "{[":
            depth += 1
        elif letter in "}]":
            depth -= 1
            if depth == 0:
                return text[start : at + 1]
    return None

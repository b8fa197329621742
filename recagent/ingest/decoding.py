"""Bytes to text: a file's encoding, single values that are in another one, and which it might be.

It splits nothing into fields and knows no columns.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, cast

from recagent.ingest.report import Reading

# What a disk, a compression or a strict encoding raises while a file is read.
UNREADABLE = (OSError, EOFError, UnicodeError, zlib.error)

_BROKEN = re.compile("[\udc80-\udcff]")  # bytes that are no text, as surrogateescape keeps them
_MARK = "\ufeff"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GUESSES = ["gb18030", "big5", "cp1252"]
_READS_ANYTHING = "latin-1"
_PAIR = re.compile(b"[\x80-\xff]{2}")
# What calls itself latin-1 is cp1252, with curly quotes and the euro where latin-1 has controls;
# browsers read it so too. Five bytes are none in cp1252 and stay controls.
_AS_CP1252 = {
    byte: char for byte in range(0x80, 0xA0) if (char := bytes([byte]).decode("cp1252", "ignore"))
}


class FileLines:
    """The lines of a text file; ``broken`` says whether one that was read is no text."""

    def __init__(self, path: Path, encoding: str) -> None:
        """Opens nothing yet; an encoding that is not given is the byte order mark's, or UTF-8."""
        read_as = encoding or _marked(path) or "utf-8"
        self._is_western = _is_latin_1(read_as)
        self.encoding = "utf-8" if read_as == "utf-8-sig" else read_as
        if self._is_western:
            self.encoding = "cp1252"
        self.broken = False
        self._path = path

    def __iter__(self) -> Iterator[str]:
        wide = self.encoding.startswith(("utf-16", "utf-32"))
        errors = "strict" if wide else "surrogateescape"
        with (
            closing(open_bytes(self._path)) as binary,
            io.TextIOWrapper(binary, self._read_as(), errors=errors, newline="") as text,
        ):
            for line in text:
                if not line.isascii():
                    if self._is_western:
                        line = line.translate(_AS_CP1252)  # noqa: PLW2901
                    if _BROKEN.search(line):
                        self.broken = True
                    line = line.removeprefix(_MARK)  # noqa: PLW2901
                yield line

    def _read_as(self) -> str:
        return _READS_ANYTHING if self._is_western else self.encoding


class Decoder:
    """Mends values that are not in the file's encoding, or reports their row."""

    def __init__(self, reading: Reading, lines: FileLines, *, fallback: str) -> None:
        """Without a ``fallback`` encoding every row with such a value is left out."""
        self.reading = reading
        self.lines = lines
        self._fallback = fallback
        self._guess = ""

    def __call__(self, number: int, names: Iterable[str], values: list[str]) -> list[str] | None:
        """Returns the values as text; None for a row that is left out."""
        if not self.lines.broken:
            return values
        self.lines.broken = False
        mended = list(values)
        for index, (name, value) in enumerate(zip(names, values, strict=False)):
            if _BROKEN.search(value):
                text = self._by_fallback(value)
                if text is None:
                    guess, reads = self.guessed(value)
                    self.reading.unusable(
                        number, "not text", field=name, value=value,
                        encoding=self.lines.encoding, guess=guess, reads=reads,
                    )  # fmt: skip
                    return None
                self.reading.changed("fallback", name, before=value, after=text)
                mended[index] = text
        return mended

    def guessed(self, value: str) -> tuple[str, str]:
        """Returns an encoding that the value might be in, and what it reads as in that.

        The encoding is looked for once in a file, because that is slow.
        """
        raw = self._raw(value)
        self._guess = self._guess or _guess(raw)
        for encoding in (self._guess, "cp1252"):
            try:
                return encoding, raw.decode(encoding)
            except UnicodeError:
                continue
        return _READS_ANYTHING, raw.decode(_READS_ANYTHING)

    def _by_fallback(self, value: str) -> str | None:
        if not self._fallback:
            return None
        if _is_latin_1(self._fallback):
            return self._raw(value).decode(_READS_ANYTHING).translate(_AS_CP1252)
        try:
            return self._raw(value).decode(self._fallback)
        except UnicodeError:
            return None

    def _raw(self, value: str) -> bytes:
        return value.encode(self.lines.encoding, "surrogateescape")


def _guess(raw: bytes) -> str:
    # "It’s" and "Béla" are Chinese words to a detector, but Chinese has its bytes in pairs.
    if not _PAIR.search(raw):
        return "cp1252"
    from charset_normalizer import from_bytes  # noqa: PLC0415 - rarely needed

    best = from_bytes(raw, cp_isolation=_GUESSES).best()
    return best.encoding if best else "cp1252"


def _is_latin_1(encoding: str) -> bool:
    return bool(encoding) and codecs.lookup(encoding).name == "iso8859-1"


def is_broken(text: str) -> bool:
    """Returns whether it holds bytes that are no text."""
    return _BROKEN.search(text) is not None


def open_bytes(path: Path) -> BinaryIO:
    """Returns a file's bytes, decompressed where its name ends in ``.gz``."""
    if path.suffix.lower() == ".gz":
        return cast("BinaryIO", gzip.open(path, "rb"))
    return path.open("rb")


def _marked(path: Path) -> str:
    """Returns the encoding that a file's byte order mark says; empty without one."""
    with closing(open_bytes(path)) as binary:
        head = binary.read(4)
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "")

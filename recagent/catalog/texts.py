"""Text as it should have been: Unicode in one form, no control characters, no HTML debris.

Words, scripts and emoji stay: traditional and simplified Chinese are left as they are.
"""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

from recagent.settings import TextStep

# Joiners stay: emoji and several scripts are written with them.
_KEPT = frozenset("\u200c\u200d\t\n\r")
_ODD = re.compile(r"[^\x20-\x7e]")
_SPACES = re.compile(r"\s+")
_TAG_OR_REFERENCE = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(\s[^<>]*)?/?>|&([a-zA-Z]{2,8}|#\w{1,6});")
_INLINE = frozenset({"b", "i", "em", "strong", "span", "a", "u", "sup", "sub", "font", "small"})
_NOT_READ = frozenset({"script", "style"})


def has_html(text: str) -> bool:
    """Whether a text holds a tag or a character reference."""
    return ("<" in text or "&" in text) and _TAG_OR_REFERENCE.search(text) is not None


def cleaned(text: str, step: TextStep) -> str:
    """The text after one step."""
    if step == "html":
        return _without_html(text) if has_html(text) else text
    if step == "space":
        return _SPACES.sub(" ", text).strip()
    return _unicode(text) if _ODD.search(text) else text


def _unicode(text: str) -> str:
    """NFC without controls, byte order marks, zero-width and direction characters."""
    kept = (
        char
        for char in unicodedata.normalize("NFC", text)
        if char in _KEPT or unicodedata.category(char) not in ("Cc", "Cf", "Cs")
    )
    return "".join(kept)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._unread += tag in _NOT_READ
        if tag not in _INLINE:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._unread = max(0, self._unread - (tag in _NOT_READ))
        if tag not in _INLINE:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.parts.append(data)


def _without_html(text: str) -> str:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return "".join(reader.parts)

"""Text as it should have been: Unicode in one form, no control characters, no HTML debris.

Words, scripts and emoji stay: traditional and simplified Chinese are left as they are.
"""

from __future__ import annotations

import html
import re
import unicodedata

from recagent.config.data_sections import TextStep

# Joiners and tags stay, for emoji and several scripts are written with them. What goes: controls,
# soft hyphens, zero-width spaces, direction marks, byte order marks, halves of surrogate pairs.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_BREAKS = re.compile("[\x0b\x0c\x85\u2028\u2029]")
_ODD = re.compile(r"[^\x20-\x7e]")
_SPACES = re.compile(r"\s+")
_TOKEN = re.compile(
    r"<!--|-->|<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*)(?:\s[^<>]*)?/?>|<[!?][^<>]*>"
)
_MARKUP = re.compile(r"<!--|</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]*)?/?>")
_REFERENCE = re.compile(r"&(?:[a-zA-Z]{2,8}|#\w{1,7});")
_INLINE = frozenset({"b", "i", "em", "strong", "span", "a", "u", "sup", "sub", "font", "small"})
_NOT_READ = {"<!--": "-->", "script": "/script", "style": "/style"}


def has_html(text: str) -> bool:
    """Whether a text holds a tag or a character reference."""
    return ("<" in text and _MARKUP.search(text) is not None) or (
        "&" in text and _REFERENCE.search(text) is not None
    )


def cleaned(text: str, step: TextStep) -> str:
    """The text after one step."""
    if step == "html":
        return _without_html(text) if has_html(text) else text
    if step == "space":
        return _SPACES.sub(" ", text).strip()
    return _unicode(text) if _ODD.search(text) else text


def _unicode(text: str) -> str:
    """NFC, unseen characters taken away, odd line breaks as plain ones."""
    return _BREAKS.sub("\n", unicodedata.normalize("NFC", _UNSEEN.sub("", text)))


def _name(token: re.Match[str]) -> str:
    """``br``, ``/p``, or the token itself."""
    return token["end"] + token["name"].lower() if token["name"] else token[0]


def _without_html(text: str) -> str:
    """Text between tags; one pass, because the library's parser takes hours for hostile text."""
    last = {_name(token): token.start() for token in _TOKEN.finditer(text)}
    parts: list[str] = []
    start, until = 0, ""
    for token in _TOKEN.finditer(text):
        name = _name(token)
        if until:  # within a comment or a script
            if name == until:
                start, until = token.end(), ""
            continue
        if name == "-->":
            continue
        parts.append(text[start : token.start()])
        start = token.end()
        if name.strip("/") not in _INLINE:
            parts.append(" ")
        closing = _NOT_READ.get(name, "")
        if last.get(closing, 0) >= start:
            until = closing
    parts.append(text[start:])
    return _REFERENCE.sub(lambda found: html.unescape(found[0]), "".join(parts))

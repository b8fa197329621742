"""Text as it should have been: Unicode in one form, no control characters, no HTML debris.

Words, scripts and emoji stay: traditional and simplified Chinese are left as they are.

UTF-8 that was encoded twice is undone: "PokÃ©mon" is "Pokémon", and "ä½ å¥½" is "你好". Some
program once read the bytes of UTF-8 as cp1252 or latin-1, and wrote what it saw as UTF-8. Nothing
is guessed: the whole text must be such bytes.
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
    """Returns whether a text holds a tag or a character reference."""
    return ("<" in text and _MARKUP.search(text) is not None) or (
        "&" in text and _REFERENCE.search(text) is not None
    )


def cleaned(text: str, step: TextStep) -> str:
    """Returns the text after one step."""
    if step == "html":
        return _without_html(text) if has_html(text) else text
    if step == "space":
        return _SPACES.sub(" ", text).strip()
    return _unicode(text) if _ODD.search(text) else text


def _unicode(text: str) -> str:
    """Returns NFC without unseen characters, with plain line breaks for odd ones."""
    return _BREAKS.sub("\n", unicodedata.normalize("NFC", _UNSEEN.sub("", text)))


def _name(token: re.Match[str]) -> str:
    """Returns ``br``, ``/p``, or the token itself."""
    return token["end"] + token["name"].lower() if token["name"] else token[0]


def _without_html(text: str) -> str:
    """Returns the text between tags, in one pass: the library's parser takes hours for some."""
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
    return _REFERENCE.sub(lambda reference: html.unescape(reference[0]), "".join(parts))


_C1 = range(0x80, 0xA0)  # where cp1252 has letters and quotes, latin-1 controls


def _bytes_of_cp1252() -> dict[int, int]:
    """Returns bytes by character, of cp1252, and of latin-1 where cp1252 has none."""
    table = {code: code for code in range(0x100)}
    for byte in _C1:
        char = bytes([byte]).decode("cp1252", "ignore")
        if char:
            table[ord(char)] = byte
    return table


_BYTES = _bytes_of_cp1252()
_MISREAD = "".join(map(chr, sorted(_BYTES.keys() - range(0x80))))
# Bytes that continue a character.
_LATER = "".join(
    char for char in _MISREAD if 0x80 <= _BYTES[ord(char)] < 0xC0
)  # continue a character
# Complete characters of UTF-8 as they look in cp1252; of those that are common in no language
# (C6 to CD, DC to DF: "É™", "ß”") none.
_TWICE = re.compile(
    f"[\u00c2-\u00c5\u00ce-\u00db][{_LATER}]|[\u00e0-\u00ef][{_LATER}]{{2}}|\u00f0[{_LATER}]{{3}}"
)
_FIRST = re.compile("[\u00c2-\u00f4]")
# A no-break space is a byte of many characters, and tidied to a space by many programs.
_TIDIED = re.compile(
    rb"(?<=[\xe1-\xef]) (?=[\x80-\xbf])|(?<=[\xe1-\xef][\x80-\xbf]) "
    rb"|(?<=\xf0[\x80-\xbf]) (?=[\x80-\xbf])"
)
_A_GRAVE = re.compile(rb"\xc3 +")
_SURE = 2  # characters from which on a text is not one that just looks like that
_MARKS = frozenset(" “”‘’‚„‹›«»–—…•·")  # that follow a letter in any text, as in "né—”"
_ALWAYS = "\u00c2\u00c3\u00c4\u00c5"  # first bytes of western letters: one such pair is enough


def encoded_once(text: str) -> str:
    """Returns the text as it was before, or as it is where it was not encoded twice."""
    if text.isascii() or not _FIRST.search(text) or not _looks_encoded_twice(text):
        return text
    try:
        raw = bytes(_BYTES[ord(char)] for char in text)
    except KeyError:  # a character that cp1252 does not have
        return text
    for attempt in (raw, _A_GRAVE.sub(b"\xc3\xa0 ", _TIDIED.sub(b"\xa0", raw))):
        try:
            decoded = attempt.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if not any(unicodedata.category(char) in ("Cn", "Co") for char in decoded):
            return decoded
    return text


def is_garbled(text: str) -> bool:
    """Returns whether a text that could not be mended holds UTF-8 that was encoded twice."""
    return not text.isascii() and len(_TWICE.findall(text)) >= _SURE


def _looks_encoded_twice(text: str) -> bool:
    pairs = _TWICE.findall(text)
    if not pairs:  # all spaces may have been tidied
        return bool(_A_GRAVE.search(text.encode("latin-1", "replace")))
    if len(pairs) >= _SURE or pairs[0][0] in _ALWAYS:
        return True
    return len(pairs[0]) > _SURE and not _MARKS.issuperset(pairs[0][1:])

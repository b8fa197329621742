"""UTF-8 that was encoded twice: "PokÃ©mon" is "Pokémon", and "ä½ å¥½" is "你好".

Some program once read the bytes of UTF-8 as cp1252 or latin-1, and wrote what it saw as UTF-8. That
is undone only where the whole text is such bytes; nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata

_C1 = range(0x80, 0xA0)  # where cp1252 has letters and quotes, latin-1 controls


def _bytes_of_cp1252() -> dict[int, int]:
    """Byte by character, of cp1252, and of latin-1 where cp1252 has none or another."""
    table = {code: code for code in range(0x100)}
    for byte in _C1:
        char = bytes([byte]).decode("cp1252", "ignore")
        if char:
            table[ord(char)] = byte
    return table


_BYTES = _bytes_of_cp1252()
_SEEN = "".join(map(chr, sorted(_BYTES.keys() - range(0x80))))
_LATER = "".join(char for char in _SEEN if 0x80 <= _BYTES[ord(char)] < 0xC0)  # continue a character
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


def mended(text: str) -> str:
    """The text as it was before, or as it is where it was not encoded twice."""
    if text.isascii() or not _FIRST.search(text) or not _looks_so(text):
        return text
    try:
        raw = bytes(_BYTES[ord(char)] for char in text)
    except KeyError:  # a character that cp1252 does not have
        return text
    for attempt in (raw, _A_GRAVE.sub(b"\xc3\xa0 ", _TIDIED.sub(b"\xa0", raw))):
        try:
            found = attempt.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if not any(unicodedata.category(char) in ("Cn", "Co") for char in found):
            return found
    return text


def is_garbled(text: str) -> bool:
    """Whether a text that could not be mended surely holds UTF-8 that was encoded twice."""
    return not text.isascii() and len(_TWICE.findall(text)) >= _SURE


def _looks_so(text: str) -> bool:
    found = _TWICE.findall(text)
    if not found:  # all spaces may have been tidied
        return bool(_A_GRAVE.search(text.encode("latin-1", "replace")))
    if len(found) >= _SURE or found[0][0] in _ALWAYS:
        return True
    return len(found[0]) > _SURE and not _MARKS.issuperset(found[0][1:])

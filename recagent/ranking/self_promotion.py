"""Whether an item's text speaks to whoever ranks it, or praises itself.

Such an item is not put to a model. The signs are in ``self_promotion.toml``; a text without any of
them may still talk a model round, and then ``rise_limit`` holds.
"""

from __future__ import annotations

import base64
import html
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from recagent.domain import Item

_READ = 2_000  # characters of a text
_KEPT = 50_000  # texts whose verdict is kept
_READABLE = 0.9  # of the characters that are decoded

# Letters of other scripts that look like Latin ones.
_LOOKALIKES = str.maketrans("аеорсухіјѕԁһкмтвгοαερτυν", "aeopcyxijsdhkmtbroaeptuv")
_DIGITS = str.maketrans("013457@$", "oieastas")
_DIGITS_AS_LETTERS = re.compile(
    r"(?<![\w@$])(?=[\w@$]*[a-z])(?=[\w@$]*[013457@$])[a-z013457@$]+(?![\w@$])"
)
_SPACED_OUT = re.compile(r"(?<!\w)(?:[a-z][\s.,·•*_|/-]{1,3}){4,}[a-z](?!\w)")
_WORD_GAP = re.compile(r"\s{2,}")
_BETWEEN_CHINESE = re.compile(r"(?<=[\u4e00-\u9fff])[\s·.•*_|/-]{1,3}(?=[\u4e00-\u9fff])")
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_NOT_LETTERS = re.compile(r"[\W_]+")


def is_self_promotion(item: Item) -> bool:
    """Whether anything that a model would read of an item talks of how it is to be ranked."""
    return any(promotes_itself(text) for text in _texts(item))


@lru_cache(_KEPT)
def promotes_itself(text: str) -> bool:
    """Whether one text does: it has a sign that is certain, or two that are possible."""
    certain, possible = _signs()
    readings = set(_readings(text[:_READ]))
    if any(certain.search(reading) for reading in readings):
        return True
    return any(
        sum(sign.search(reading) is not None for sign in possible) > 1 for reading in readings
    )


def _texts(item: Item) -> Iterator[str]:
    yield item.title
    if item.text:
        yield item.text
    for name, value in item.attributes.items():
        if isinstance(value, tuple):
            yield f"{name}: {', '.join(value)}"
        elif isinstance(value, str):
            yield f"{name}: {value}"


def _readings(text: str) -> Iterator[str]:
    """The text as a model may read it: folded, and with what is encoded in it."""
    yield _folded(text)
    plain = html.unescape(unquote(text))
    if plain != text:
        yield _folded(plain)
    for encoded in _ENCODED.findall(text):
        decoded = _decoded(encoded)
        if decoded:
            yield _folded(decoded)


def _folded(text: str) -> str:
    """Lower case without accents, invisible characters, look-alikes and s p a c e d letters."""
    apart = unicodedata.normalize("NFKD", text)
    seen = "".join(each for each in apart if unicodedata.category(each) not in ("Mn", "Cf"))
    folded = seen.casefold().translate(_LOOKALIKES)
    folded = " ".join(_SPACED_OUT.sub(_closed_up, folded).split())
    folded = _BETWEEN_CHINESE.sub("", folded)
    return _DIGITS_AS_LETTERS.sub(lambda match: match[0].translate(_DIGITS), folded)


def _closed_up(match: re.Match[str]) -> str:
    """Letters that stand apart as words, where wider gaps part these."""
    return " ".join(_NOT_LETTERS.sub("", word) for word in _WORD_GAP.split(match[0]))


def _decoded(encoded: str) -> str:
    """What a run of letters says in base 64 or 16, if that is words; else nothing."""
    for decode in (bytes.fromhex, _from_base64):
        try:
            text = decode(encoded).decode()
        except ValueError:  # of either way, and of what is no text
            continue
        readable = sum(each.isalpha() or each.isspace() for each in text)
        if readable >= _READABLE * len(text):
            return text
    return ""


def _from_base64(encoded: str) -> bytes:
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)


@cache
def _signs() -> tuple[re.Pattern[str], tuple[re.Pattern[str], ...]]:
    """All certain signs as one, and each of the possible ones."""
    path = Path(__file__).parent / "self_promotion.toml"
    data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    words: dict[str, str] = {}
    for name, pattern in data["words"].items():
        words[name] = _blanks(pattern)
    certain = [_pattern(each, words) for part in data["certain"].values() for each in part]
    possible = [_pattern(each, words) for part in data["possible"].values() for each in part]
    return re.compile("|".join(f"(?:{each})" for each in certain)), tuple(map(re.compile, possible))


def _pattern(sign: str, words: Mapping[str, str]) -> str:
    return _blanks(sign).format(**words)


def _blanks(pattern: str) -> str:
    return pattern.replace(" ", r"[\W_]*")

"""Like the second, by the same director: what an item has is asked of others."""

from __future__ import annotations

import re

from recagent.chat.lexicon import CONCEPTS
from recagent.chat.reading import Reading, Unclear
from recagent.domain import Constraint, Item

_LIKE = re.compile(
    r"(?P<like>\b(?:(?:some(?:thing)?|more|others?|anything)\s+)?(?:like|similar to)\s+"
    r"|(?:更|再来)?(?:像|类似于?|跟)\s*)"
)
_ENDS = re.compile(r"[,.;!?，。；！？]|\s+(?:but|and|only)\s+|(?:但|那样|这样|一样|的)")
_LIKE_TITLE = re.compile(
    r"\b(?:(?:films?|movies?|books?|some(?:thing)?|any(?:thing)?|more)\s+)*(?:like|similar to)\s+"
    r"(?P<en>[A-Z][\w'’:-]*(?:\s+(?:(?:of|the|and|in|to|a)\s+)*[A-Z0-9][\w'’:-]*)*)"
    r"|(?:和|跟|与)?(?:类似于?|像)\s*(?P<zh>(?!第|这|那|它)[\u3400-\u9fffA-Z][^,，。!！?？的]*?)(?:一样的?|那样的?|这样的?|那种|的)"
)


def take_likeness(reading: Reading) -> None:
    """Like the second, 像第二个那样的: its values are preferred."""
    for match in _LIKE_TITLE.finditer(reading.said):
        own = (match["en"] or match["zh"]).strip()
        if reading.left[match.start() : match.end()].strip("\0") and not reading.reference.meant(
            own
        ):
            reading.unknown.append(own)
            reading.blank(match.start(), match.end())
    for match in _LIKE.finditer(reading.left):
        tail = reading.said[match.end("like") :]
        nearly = reading.reference.titled(_ENDS.split(tail)[0].strip())
        pointed = reading.reference.meant(tail.strip()) or ([nearly] if nearly else [])
        at_front = [end for start, end, _ in reading.reference.pointed(tail.lower()) if start < 3]
        if not pointed:
            continue
        reading.like = pointed[0]
        own = len(_ENDS.split(tail)[0]) if nearly else len(tail)
        end = match.end("like") + (at_front[0] if at_front else own)
        _prefer_values_of(reading, pointed[0], words=reading.said[match.start() : end].strip())
        reading.blank(match.start(), end)
        return


def take_same(reading: Reading) -> None:
    """By the same director, 同一个导演: the value of the item that is spoken of."""
    for name, concept in CONCEPTS.items():
        names = "|".join(map(re.escape, concept.said))
        pattern = (
            rf"(?:by |with |from |of )?\b(?:the )?same (?:{names})\b"
            rf"|(?:同一个?|同样的?|一样的)(?:{names})"
        )
        for match in re.finditer(pattern, reading.left):
            _same(reading, name, match.start(), match.end())


def _same(reading: Reading, name: str, start: int, end: int) -> None:
    words = reading.said[start:end].strip()
    item = reading.reference.focus or next(iter(reading.reference.slate), None)
    for other_start, _, pointed in reading.reference.pointed(reading.whole[end:]):
        if pointed is not None and other_start < len(" as with "):
            item = pointed
    attribute = reading.vocabulary.of_concept(name)
    value = item.attributes.get(attribute) if item is not None and attribute else None
    reading.blank(start, end)
    if attribute is None or value is None:
        reading.unclear.append(Unclear(words=words, concept=name if attribute is None else ""))
        return
    reading.constraints.append(
        Constraint(attribute=attribute, operator="is", value=value, words=words)
    )


def _prefer_values_of(reading: Reading, item: Item, *, words: str) -> None:
    for attribute in reading.vocabulary.categories:
        value = item.attributes.get(attribute, ())
        if not isinstance(value, str | tuple):
            continue
        for each in (value,) if isinstance(value, str) else value:
            reading.preferences.append(
                Constraint(attribute=attribute, operator="is", value=each, words=words)
            )

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
_ENDS = re.compile(r"[,.;!?，。；！？]|\s+(?:but|only|kind of)\s+|(?:但|那样|这样|一样|的)")
_SIMILAR = re.compile(
    r"\b(?:(?:something|anything|some|any|more|others?) )?similar\b(?! to)"
    r"|\bin (?:that|the same) vein\b"
    r"|(?:类似|相似)的(?=呢|吗|没|有|$|[,，。])"
)
_PARTS = re.compile(r"(?P<part>(?:(?!\s(?:or|and)\s|[和或、/]).)+)(?:\s(?:or|and)\s|[和或、/])?")
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
    similar = _SIMILAR.search(reading.left)
    if similar and reading.reference.focus:
        reading.like = reading.reference.focus
        words = reading.said[similar.start() : similar.end()].strip()
        _prefer_values_of(reading, reading.like, words=words)
        reading.blank(*similar.span())
        return
    for match in _LIKE.finditer(reading.left):
        begin = match.end("like")
        stop = _ENDS.search(reading.said, begin)
        items, end = _alike(reading, begin, stop.start() if stop else len(reading.said))
        if not items:
            continue
        reading.like = items[0]
        words = reading.said[match.start() : end].strip()
        for item in items:
            _prefer_values_of(reading, item, words=words)
        reading.blank(match.start(), end)
        return


def _alike(reading: Reading, begin: int, stop: int) -> tuple[list[Item], int]:
    """The items with which a tail begins, as "snatch or lock stock", and where they end."""
    found: list[Item] = []
    end = begin
    for match in _PARTS.finditer(reading.said, begin, stop):
        part = match["part"]
        whole = reading.reference.titled(part.strip())
        if whole is not None:
            found.append(whole)
            end = match.end("part")
            continue
        mentioned = [each for each in reading.reference.mentioned(part) if each.item is not None]
        pointed = reading.reference.meant(part) if not mentioned else []
        if not mentioned and not pointed:
            break
        found += [each.item for each in mentioned if each.item] or pointed
        end = match.start("part") + max((each.end for each in mentioned), default=len(part))
    return found, end


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

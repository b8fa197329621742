"""Newer, cheaper, less known: what is asked for against what was shown or what the scene has."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping

from recagent.chat import lexicon
from recagent.chat.bounds import beyond, plain_number
from recagent.chat.lexicon import CONCEPTS
from recagent.chat.reading import Reading, Unclear
from recagent.chat.wording import POPULARITY
from recagent.domain import Constraint, Item, Operator

_RECENT = 0.75  # of a scene's items stay below what counts as new
_LITTLE = 0.25  # of them stay below what counts as short, cheap, old
_MIDDLE = 0.5
_THAN_ZH = re.compile(
    r"比\s*(?:第?[一二三四五六七八九十\d最后]+\s*[个部本款件首张家种条项]|[这那][个部本些首款件]|它们?)"
)
_OWN_NEGATION = re.compile(r"no|别|不")  # "not too old" says newer by itself
_OTHER_SIDE: Mapping[Operator, Operator] = {"at least": "at most", "at most": "at least"}


def take_comparatives(reading: Reading) -> None:
    """Newer, cheaper than the second: a bound at what was shown, never looser than one in force."""
    for match in _THAN_ZH.finditer(reading.left):  # 比第一个短一点: said before the word
        if reading.reference.points(match[0].lstrip("比 ")) and "些" not in match[0]:
            reading.than_before = reading.reference.spoken_of
            reading.blank(match.start(), match.end())
        for start, _, item in reading.reference.pointed(match[0]):
            if start < 2 and item is not None:
                reading.than_before = item
                reading.blank(match.start(), match.end())
    for name, concept in CONCEPTS.items():
        for start, end in reading.spans(concept.more):
            _compare(reading, name, "at least", start, end)
        for start, end in reading.spans(concept.less):
            _compare(reading, name, "at most", start, end)


def take_popularity(reading: Reading) -> None:
    """Underrated, 冷门: by how many people like an item, against what was shown."""
    for said, operator in (("less known", "at most"), ("better known", "at least")):
        for start, end in reading.spans(lexicon.words("popularity", said)):
            if any(each.attribute == POPULARITY for each in reading.constraints):
                reading.blank(start, end)  # said twice, as "underrated, nobody knows it"
                continue
            _, than = _than(reading, end)
            than = than or reading.than_before
            shown = [than] if than else list(reading.reference.slate)
            counts = sorted(reading.likes_of.get(item.id, 0) for item in shown)
            middle = counts[len(counts) // 2] if counts else _usual_likes(reading)
            is_less = (operator == "at most") != reading.tone(start, end).is_negative
            value = max(middle - 1, 0) if is_less else middle + 1
            if is_less and reading.likes:
                value = min(value, _usual_likes(reading))
            reading.constraints.append(
                Constraint(
                    attribute=POPULARITY, operator="at most" if is_less else "at least",
                    value=value, words=reading.said[reading.tone(start, end).start : end],
                )
            )  # fmt: skip
            reading.blank(start, max(end, _than(reading, end)[0]))


def take_extremes(reading: Reading) -> None:
    """The newest, short, cheap: a bound at the scene's quarters; "not old" is the middle."""
    tables: tuple[tuple[str, tuple[str, ...], Operator, float], ...] = (
        ("newest", ("year",), "at least", _RECENT),
        ("oldest", ("year",), "at most", _LITTLE),
        ("cheapest", ("price",), "at most", _LITTLE),
        ("dearest", ("price",), "at least", _RECENT),
        ("shortest", ("length", "pages"), "at most", _LITTLE),
    )
    for said, concepts, operator, share in tables:
        attribute = next(filter(None, map(reading.vocabulary.of_concept, concepts)), None)
        for start, end in reading.spans(lexicon.words("said", said)):
            if attribute is None:
                if said not in ("newest", "oldest"):  # whose words say more than a year
                    reading.unclear.append(
                        Unclear(words=reading.said[start:end], concept=concepts[0])
                    )
                    reading.blank(start, end)
                continue
            tone = reading.tone(start, end)
            side, place = operator, share
            if tone.is_negative:
                side, place = _OTHER_SIDE[operator], _MIDDLE
            reading.preferences.append(
                Constraint(
                    attribute=attribute, operator=side,
                    value=plain_number(reading.vocabulary.quantile(attribute, place)),
                    words=reading.said[tone.start : tone.end].strip(" ,，、"),
                )
            )  # fmt: skip
            reading.blank(start, end)


def is_compared(text: str) -> bool:
    """Whether a text asks for more or less of something than something has."""
    return re.search(r"\bthan\b|比", text.lower()) is not None


def _compare(reading: Reading, name: str, operator: Operator, start: int, end: int) -> None:
    words = reading.said[start:end]
    attribute = reading.vocabulary.of_concept(name)
    if attribute is None and name == "length":
        attribute = reading.vocabulary.of_concept("pages")
    is_negated = _OWN_NEGATION.match(words) is not None
    if reading.tone(start, end).is_negative and not is_negated:
        operator = _OTHER_SIDE[operator]
    than = _than(reading, end)
    reading.blank(start, max(end, than[0]))
    if attribute is None:
        reading.unclear.append(Unclear(words=words, concept=name))
        return
    near = (
        [than[1]] if than[1] else [reading.than_before or reading.like or reading.reference.focus]
    )
    known = [item for item in near if item] or list(() if is_negated else reading.reference.slate)
    numbers = [
        float(value) for item in known
        if isinstance(value := item.attributes.get(attribute), int | float)
    ]  # fmt: skip
    middle = statistics.median(numbers) if numbers else reading.vocabulary.quantile(attribute, 0.5)
    value = beyond(middle, operator, whole=reading.vocabulary.whole(attribute))
    held = [each.value for each in reading.in_force
            if (each.attribute, each.operator) == (attribute, operator)
            and isinstance(each.value, int | float)]  # fmt: skip
    value = min([value, *held]) if operator == "at most" else max([value, *held])
    reading.constraints.append(
        Constraint(attribute=attribute, operator=operator, value=value, words=words)
    )


def _than(reading: Reading, at: int) -> tuple[int, Item | None]:
    """The item that "than the second" names after ``at``, and where those words end."""
    match = re.compile(r"\s*(?:than(?:\s+(?:that|this))?|比)\s*").match(reading.left, at)
    if match is None:
        return at, None
    for each in reading.reference.mentioned(reading.left[match.end() :]):
        if each.start < 2 and each.item is not None:
            return match.end() + each.end, each.item
    return match.end(), None


def _usual_likes(reading: Reading) -> int:
    """How many people like an item in the middle of the scene."""
    return reading.likes[len(reading.likes) // 2] if reading.likes else 0

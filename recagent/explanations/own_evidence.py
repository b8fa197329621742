"""What a model's own sentence may rest on: cited pieces, and the items it is about, as read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from recagent.domain import Evidence, Item, Language, Scene, Value
from recagent.explanations.said_words import (
    ACTIONS,
    DECADES,
    NAME,
    UNITS,
    WISHING,
    Said,
    as_written,
    common,
    is_a_kind,
    said,
)
from recagent.explanations.segments import title_key
from recagent.explanations.templates import clause
from recagent.prompts import caption, one_line
from recagent.retrieval.words import fold, stem

# Kinds of evidence: what is wanted.
WISHES = frozenset({"asked", "wish", "preference", "constraint", "tag", "interest"})
NUMBER = re.compile(r"\d+(?:\.\d+)?")
_DIGITS_ZH = "零一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Piece:
    """A cited piece: the title that it names, if any, and what it says besides."""

    evidence: Evidence
    title: str
    says: Said
    quotes: str  # of the person, which may be repeated in quotes
    about: Said  # what the catalogue says of the named item


@dataclass(frozen=True, slots=True)
class Subject:
    """What a sentence is about: an item, or what half the items of a list have.

    Attributes:
        titles: keys.
        names: stems of words with a capital letter in titles, but for kinds of things.
        says: what the catalogue says.
        of_most: what it says of more than half of a list.
        of_all: what it says of every item.
        text: the catalogue's own text of a single item, for its negations.
        numbers: of a single item, and what each is counted in.
    """

    titles: frozenset[str]
    names: frozenset[str]
    says: Said
    of_most: Said
    of_all: Said
    text: str
    numbers: Mapping[str, set[str]]


def read_piece(
    evidence: Evidence, known: Mapping[str, Item], scenes: Mapping[str, Scene], lang: Language
) -> Piece:
    """Returns a piece with what it says; ``known`` are items of the person's history, by id."""
    facts = evidence.facts
    title = facts.get("title", "")
    if title:  # its scene is no word on what it is
        bare = {name: value for name, value in facts.items() if name != "scene"}
        evidence = replace(evidence, facts=bare)
    quotes = {"asked": "wish", "about": "words"}.get(evidence.kind)
    text = "" if quotes else clause(evidence, scenes=scenes, lang=lang, in_prompt=True)
    says = said(text.replace(f"“{title}”", "") if title else text)
    says |= as_written(ACTIONS.get(facts.get("kind", ""), ""))
    if evidence.kind in WISHES:
        says |= WISHING
    if evidence.kind == "about":
        says |= said(facts["words"]).tamed()
    liked = known.get(evidence.refs[0]) if title and evidence.refs else None
    about = said(catalogue_text(liked)) if liked else Said()
    return Piece(evidence, title_key(title), says, fold(facts[quotes]) if quotes else "", about)


def read_subject(items: Sequence[Item], scenes: Mapping[str, Scene], lang: Language) -> Subject:
    """Returns what an item has, or what at least half of some items have."""
    labels = {name: scene.label(lang) for name, scene in scenes.items()}
    works = {name for name, scene in scenes.items() if scene.works}
    told = [
        said(f"{catalogue_text(item)} {labels.get(item.scene, '')}").tamed()
        | (Said() if item.scene in works else as_written(item.title)).tamed()
        for item in items
    ]
    half = len(told) // 2
    says, of_most, of_all = (
        common(told, least=least) for least in (len(told) - half, half + 1, len(told))
    )
    text, numbers = "", dict[str, set[str]]()
    if len(items) == 1:
        text = fold(f"{items[0].title} \n {items[0].text}")
        numbers = numbers_of(items[0].attributes, text)
        says |= Said(chinese=tuple(_numerals(numbers)))
        of_most = of_all = says
    names = {
        stem(fold(word))
        for item in items
        for word in NAME.findall(item.title)
        if not is_a_kind(word)
    }
    return Subject(
        titles=frozenset(title_key(caption(item)) for item in items),
        names=frozenset(names), says=says, of_most=of_most, of_all=of_all, text=text,
        numbers=numbers,
    )  # fmt: skip


def catalogue_text(item: Item) -> str:
    """All that the catalogue says of an item, but for its title, whose words are no facts."""
    values = (
        f"{name} {' '.join(value) if isinstance(value, tuple) else one_line(value, 400)}"
        for name, value in item.attributes.items()
    )
    numbers = (f"{value:g}" for value in item.attributes.values() if isinstance(value, float))
    return " \n ".join([item.text, *values, *numbers, *_decades(item)])


def _decades(item: Item) -> Iterator[str]:
    """The decade of an item's year, as one calls it."""
    for name, value in item.attributes.items():
        if UNITS.get(fold(name)) == "年" and isinstance(value, int):
            yield DECADES.get(value // 10 * 10, "")


def _numerals(numbers: Mapping[str, set[str]]) -> Iterator[str]:
    """Small numbers with their units as Chinese writes them: 六分钟."""
    for number, units in numbers.items():
        if len(number) == 1 and number.isdecimal():
            yield from (_DIGITS_ZH[int(number)] + unit for unit in units if not unit.isascii())


def plain(number: str) -> str:
    """A number as it is compared: 26.50 is 26.5."""
    return number.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", number) else number


def numbers_of(attributes: Mapping[str, Value], text: str) -> dict[str, set[str]]:
    """The numbers that the catalogue says of an item, and what each is counted in, if known."""
    units: dict[str, set[str]] = {plain(each): set() for each in NUMBER.findall(fold(text))}
    for name, value in attributes.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        key = plain(f"{value:g}" if isinstance(value, float) else one_line(value))
        units.setdefault(key, set()).update(UNITS.get(fold(name), fold(name)).split())
    return units

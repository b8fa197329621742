"""Finds which items are editions of one work, by their titles and makers.

It is no judgment of near duplicates, which ``ingest.cleaning`` finds by the overlap of texts:
volumes of two numbers are no editions.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from recagent.domain import Item, Value
from recagent.domain.chinese_scripts import simplified
from recagent.scenes.titles import normal_title, read_title

# Attributes with the maker of an item, and with its date.
CREATORS = (
    "author", "authors", "creator", "creators", "director", "directors", "developer", "developers",
    "artist", "artists", "studio", "studios", "designer", "designers", "composer", "brand",
    "作者", "导演", "开发商", "制作公司", "动画制作", "歌手", "艺术家", "设计师", "品牌",
)  # fmt: skip
DATES = ("year", "released", "release_date", "release_year", "published", "date", "年份", "日期")

_NOT_WORKS = ("person", "activity")  # two people of one name, a lesson every week
_MANY = 100  # titles that begin alike, and look-ups among them before all are read

_BEGINNING = re.compile(
    r"(?:[\W_]*[(\[{【〔（][^)\]}】〕）]*[)\]}】〕）])*[\W_]*(?:(?:the|an?)\s+(?=\S))?[\W_]*"
    r"([\u3400-\u9fff]{1,2}|[^\W_\u3400-\u9fff]+)",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")


class Editions:
    """The editions of a catalogue's works; each is looked for when it is asked for."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        """Takes items by id. Titles are grouped by how they begin, and not read yet."""
        self._items = items
        self._alike: dict[str, list[str]] = {}  # ids, by the beginning of the titles
        for key, item in items.items():
            self._alike.setdefault(_beginning(item.title), []).append(key)
        self._titles: dict[str, _TitleWords] = {}  # by the beginning, as the next two
        self._lookups: Counter[str] = Counter()
        self._groups: dict[str, dict[str, tuple[str, ...]]] = {}

    def __call__(self, item_id: str) -> tuple[str, ...]:
        """Returns the ids of all editions of a work, among them the given one."""
        if item_id not in self._items:
            return (item_id,)
        beginning = _beginning(self._items[item_id].title)
        groups = self._groups.get(beginning)
        if groups is None:
            alike = self._alike[beginning]
            self._lookups[beginning] += 1
            if len(alike) > _MANY >= self._lookups[beginning]:
                groups = self._editions(self._with_words_of(item_id, beginning))
            else:
                groups = self._groups[beginning] = self._editions(alike)
        return groups.get(item_id, (item_id,))

    def _editions(self, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        return editions(self._items[key] for key in ids)

    def _with_words_of(self, item_id: str, beginning: str) -> list[str]:
        """Returns the ids of the items that begin alike and have all words of a title.

        It takes a hundredth of the time of reading all their titles.
        """
        alike = self._alike[beginning]
        if beginning not in self._titles:
            self._titles[beginning] = _TitleWords(self._items[key].title for key in alike)
        words = _PARTS.findall(read_title(self._items[item_id].title).base)
        return [alike[row] for row in self._titles[beginning].with_all(words)]


class _TitleWords:
    """Looks up which of some titles have a word, alone or within a longer one."""

    def __init__(self, titles: Iterable[str]) -> None:
        self._rows: dict[str, list[int]] = {}
        self._count = 0
        for row, title in enumerate(titles):
            folded = (title if title.isascii() else normal_title(simplified(title))).casefold()
            for word in {*_PARTS.findall(folded)}:
                self._rows.setdefault(word, []).append(row)
            self._count = row + 1
        self._cache: dict[str, frozenset[int]] = {}

    def with_all(self, words: Iterable[str]) -> list[int]:
        """Returns the rows of the titles that have all these words, ascending."""
        sets = sorted((self._with_word(word) for word in {*words}), key=len)
        return sorted(sets[0].intersection(*sets[1:])) if sets else list(range(self._count))

    def _with_word(self, word: str) -> frozenset[int]:
        if word not in self._cache:
            longer = (rows for other, rows in self._rows.items() if word in other)
            self._cache[word] = frozenset(chain.from_iterable(longer))
        return self._cache[word]


def editions(items: Iterable[Item]) -> dict[str, tuple[str, ...]]:
    """Returns the ids of all editions of a work, by the id of each; only of works with several.

    Their titles are the same but for the words for editions and formats, a year in brackets,
    brackets and full-width forms. Their makers are the same where both name theirs; else a title
    must have a mark of an edition, and the years must not differ: two films may have one name.
    """
    alike: dict[str, list[Item]] = {}
    for item in items:
        if item.task not in _NOT_WORKS:
            alike.setdefault(read_title(item.title).work, []).append(item)
    groups: dict[str, tuple[str, ...]] = {}
    for same_title in alike.values():
        for work in _works(same_title) if len(same_title) > 1 else ():
            ids = tuple(item.id for item in work)
            groups.update(dict.fromkeys(ids, ids))
    return groups


def _beginning(title: str) -> str:
    """Returns what editions of a work have in common, in a twentieth of the time of reading."""
    match = _BEGINNING.match(title)
    return simplified(unicodedata.normalize("NFKC", match[1])).casefold() if match else ""


def _works(items: Sequence[Item]) -> list[list[Item]]:
    """Groups items of one title by work, and returns the groups of several."""
    by_makers: list[tuple[set[str], list[Item]]] = []
    without_maker: list[Item] = []
    for item in items:
        makers = _texts(item.attributes, CREATORS)
        if not makers:
            without_maker.append(item)
            continue
        same = [group for group in by_makers if group[0] & makers]
        members = [item]
        for names, others in same:
            makers, members = makers | names, [*others, *members]
        by_makers = [*(group for group in by_makers if group not in same), (makers, members)]
    works = [members for _, members in by_makers]
    if without_maker and len(works) <= 1:  # else nobody can say whose work the others are
        whole = [*chain.from_iterable(works), *without_maker]
        if _is_one_work(whole):
            works = [whole]
    return [work for work in works if len(work) > 1]


def _is_one_work(items: Sequence[Item]) -> bool:
    """Whether a title has a mark of an edition, and no years differ."""
    return any(read_title(item.title).is_marked for item in items) and len(_years(items)) <= 1


def _years(items: Iterable[Item]) -> set[str]:
    """Returns the years of the work; the date of a marked edition is only its own."""
    years: set[str] = set()
    for item in items:
        title = read_title(item.title)
        if title.year:
            years.add(title.year)
        elif not title.is_marked:
            years |= _texts(item.attributes, DATES)
    return years


def _texts(attributes: Mapping[str, Value], names: Sequence[str]) -> set[str]:
    """Returns the values of some attributes as folded texts."""
    texts: set[str] = set()
    for name, value in attributes.items():
        if name.casefold() in names:
            values = value if isinstance(value, tuple) else (str(value),)
            texts |= {simplified(text).casefold().strip() for text in values if text.strip()}
    return texts

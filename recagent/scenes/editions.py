"""Which items are editions of one work, and where in its series a part stands, from what they say.

Titles are read by rules, in English and Chinese. It is no judgment of near duplicates, which
``ingest.duplicates`` finds by the overlap of texts: volumes of two numbers are no editions.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from recagent.domain import Item, Value
from recagent.domain.chinese_scripts import simplified

Place = tuple[float, ...]

# Attributes that tell whose work an item is, and when it is from.
CREATORS = (
    "author", "authors", "creator", "creators", "director", "directors", "developer", "developers",
    "artist", "artists", "studio", "studios", "designer", "designers", "composer", "brand",
    "作者", "导演", "开发商", "制作公司", "动画制作", "歌手", "艺术家", "设计师", "品牌",
)  # fmt: skip
DATES = ("year", "released", "release_date", "release_year", "published", "date", "年份", "日期")

_NOT_WORKS = ("person", "activity")  # two people of one name, a lesson every week
_KEPT = 1 << 17  # titles that are remembered, so that a catalogue that changed is not read again

_MANY = 100  # titles that begin alike, and times that they are asked about before all are read

_FORMAT = (
    r"mass market paperback|paperback|hardcover|hardback|mass market|kindle|e-?book|audio ?book"
    r"|audio cd|large print|blu-?ray|dvd|cd|vinyl|uhd|4k|hd|(?:\d{4} )?remaster(?:ed)?(?: \d{4})?"
    r"|unabridged|uncut|unrated|(?:director'?s|final|extended|theatrical) cut|goty|reprint|reissue"
)
_NTH = r"\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
_KIND = (
    r"anniversary|deluxe|collector'?s|special|limited|revised|expanded|extended|illustrated"
    r"|annotated|abridged|international|definitive|complete|ultimate|enhanced|game of the year"
    r"|standard|gold|premium|digital|new|updated|global|legendary|royal|student|reprint"
)
_EDITION = rf"(?:(?:the|and|&|\d{{4}}|{_NTH}|{_KIND}|{_FORMAT})[\s,]+)+(?:edition|ed\.?|version)"
_DIGITS_ZH = "零〇一二两三四五六七八九十百"
_N = rf"(?:\d+|[{_DIGITS_ZH}]+)"
_EDITION_ZH = (
    rf"(?:{_N}周年|全新|最新)?(?:第{_N}|精装|平装|典藏|珍藏|收藏|纪念|修订|增订|豪华|完全|终极|导演剪辑"
    r"|高清重制|高清|重制|年度|标准|普及|特别|限定|限量|插图|注释|双语|加长|未删减|数字|电子|中文|英文|日文"
    rf"|国语|粤语|新|旧|原)版|[全共]{_N}[册卷本]|[精平]装本?|修订本|增订本|蓝光|电子书|有声书"
)
_MARK = rf"{_EDITION}|edition|{_FORMAT}|{_EDITION_ZH}"
# In brackets these say it by themselves: "(Deluxe)"; others may be a part of the name: "(Special)".
_ALONE = r"deluxe|expanded|extended|collector'?s|illustrated|annotated|abridged|豪华|典藏|加长"
_IS_MARK = re.compile(rf"(?:(?:{_MARK}|{_ALONE}|(?:1[89]|20)\d\d)[\s,;/:+-]*)+", re.IGNORECASE)
_LAST_MARK = re.compile(
    rf"(?:(?<=[\s:,~|·-])(?:{_EDITION}|{_FORMAT})|{_EDITION_ZH})\s*$", re.IGNORECASE
)
# What a title has where marks at its end, or numbers, are looked for: that takes much longer.
_ENDS_MARKS = re.compile(
    r"(?:edition|ed\.?|version|paperback|hardcover|hardback|market|kindle|book|cd|print|ray|dvd"
    r"|vinyl|uhd|hd|4k|remaster|remastered|\d{4}|abridged|uncut|unrated|cut|goty|reissue|[版本装光书])"
    r"\s*$",
    re.IGNORECASE,
)
_HAS_NUMBER = re.compile(r"\d(?!\d{3})|\b[IVX]+\b|[第季期卷册部集辑回篇本话章上中下]")
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_IN_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|\{([^{}]*)\}|【([^【】]*)】|〔([^〔〕]*)〕")
_SIGNS = re.compile("[™®©℠]")
_DASHES = re.compile("[‐‑‒–—―]")
_ENDS = " \t:,;~|·-"

_ROMAN = r"(?-i:X{0,3}(?:IX|IV|V?I{1,3}|V)|X{1,3})"
_BEFORE_END = r"(?=\s*$|\s*[:,(\[【]|\s+-\s)"
_SEASON = re.compile(
    rf"\bseason\s*({_N}|{_ROMAN})\b|\b(\d+)(?:st|nd|rd|th)\s+season\b|\bs(\d{{1,2}}){_BEFORE_END}"
    rf"|第\s*({_N})\s*[季期](?!度)",
    re.IGNORECASE,
)
_VOLUME = re.compile(
    rf"(?:\b(?:vol(?:ume)?\.?|book|part|pt\.?|chapter|episode|no\.)|#)\s*(\d+(?:\.\d+)?|{_ROMAN})\b"
    rf"|第\s*({_N})\s*[卷册部集辑回篇本话章]|[卷册]\s*({_N})"
    rf"|[\s(\[【]([上中下])[册卷部集篇]?(?=\s*$|[)\]】])|([上中下])[册卷](?=\s*$|\s)"
    rf"|(?<=[\s\u4e00-\u9fff])(\d{{1,3}}|{_ROMAN}){_BEFORE_END}",
    re.IGNORECASE,
)
# A title of such characters and none of these words tells nothing of an edition or a volume.
_SIMPLE = re.compile(r"[A-Za-z',.!?&:; \u4e00-\u9fff，。！？：·-]+")
_TELLING = frozenset([
    "edition", "ed", "version", "paperback", "hardcover", "hardback", "market", "kindle", "ebook",
    "book", "audiobook", "cd", "print", "ray", "bluray", "dvd", "vinyl", "uhd", "hd", "remaster",
    "remastered", "unabridged", "uncut", "unrated", "cut", "goty", "reprint", "reissue", "season",
    "vol", "volume", "part", "pt", "chapter", "episode", "no", "i", "ii", "iii", "iv", "v", "vi",
    "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi", "xvii", "xviii", "xix",
    "xx", "xxi", "xxii", "xxiii", "xxiv", "xxv", "xxvi", "xxvii", "xxviii", "xxix", "xxx", "xxxi",
    "xxxii", "xxxiii", "xxxiv", "xxxv", "xxxvi", "xxxvii", "xxxviii", "xxxix",
])  # fmt: skip
_TELLING_ZH = frozenset("季期卷册部集辑回篇本话章上中下版装光书")
_ARTICLE = re.compile(r"^(?:the|an?)\s+(?=\S)|,\s*(?:the|an?)$")
_BEGINNING = re.compile(
    r"(?:[\W_]*[(\[{【〔（][^)\]}】〕）]*[)\]}】〕）])*[\W_]*(?:(?:the|an?)\s+(?=\S))?[\W_]*"
    r"([\u3400-\u9fff]{1,2}|[^\W_\u3400-\u9fff]+)",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W_]+")
_PARTS = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_CJK_GAP = re.compile(r"(?<=[\u3400-\u9fff])\s+|\s+(?=[\u3400-\u9fff])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """What a title says of the work.

    Attributes:
        work: the title without what is of the edition, with the numbers of season and volume.
        base: the same without these numbers.
        place: those numbers, as they follow one another; empty without any.
        year: that stands in brackets by itself; empty without one.
        is_marked: whether anything of it was of the edition.
    """

    work: str
    base: str
    place: Place
    year: str
    is_marked: bool


class Editions:
    """The editions of a catalogue's works, found out where they are asked for."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        """``items`` by id. Titles are sorted by how they begin, and not read yet."""
        self._items = items
        self._alike: dict[str, list[str]] = {}
        for key, item in items.items():
            self._alike.setdefault(_beginning(item.title), []).append(key)
        self._titles: dict[str, _TitleWords] = {}  # by the beginning of the titles
        self._asked: Counter[str] = Counter()
        self._read: dict[str, dict[str, tuple[str, ...]]] = {}

    def __call__(self, item_id: str) -> tuple[str, ...]:
        """Ids of all editions of a work, itself among them; only its own where there is one."""
        if item_id not in self._items:
            return (item_id,)
        beginning = _beginning(self._items[item_id].title)
        found = self._read.get(beginning)
        if found is None:
            alike = self._alike[beginning]
            self._asked[beginning] += 1
            if len(alike) > _MANY >= self._asked[beginning]:
                return self._of(self._with_words_of(item_id, beginning)).get(item_id, (item_id,))
            found = self._read[beginning] = self._of(alike)
        return found.get(item_id, (item_id,))

    def _of(self, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        return editions(self._items[key] for key in ids)

    def _with_words_of(self, item_id: str, beginning: str) -> list[str]:
        """Ids of the items that begin alike and have all words of a title; to read all takes long.

        It takes a hundredth of the time that reading them takes.
        """
        alike = self._alike[beginning]
        titles = self._titles.get(beginning)
        if titles is None:
            titles = _TitleWords(self._items[key].title for key in alike)
            self._titles[beginning] = titles
        words = _PARTS.findall(read(self._items[item_id].title).base)
        return [alike[position] for position in titles.with_all(words)]


class _TitleWords:
    """Which of some titles have a word in them, alone or within a longer one."""

    def __init__(self, titles: Iterable[str]) -> None:
        self._positions: dict[str, list[int]] = {}
        self._count = 0
        for position, title in enumerate(titles):
            for word in {*_PARTS.findall(_folded(title))}:
                self._positions.setdefault(word, []).append(position)
            self._count = position + 1
        self._with: dict[str, frozenset[int]] = {}

    def with_all(self, words: Iterable[str]) -> list[int]:
        """Positions of the titles that have all these words, in order; all without words."""
        sets = sorted((self._with_word(word) for word in {*words}), key=len)
        return sorted(sets[0].intersection(*sets[1:])) if sets else list(range(self._count))

    def _with_word(self, word: str) -> frozenset[int]:
        if word not in self._with:
            longer = (positions for other, positions in self._positions.items() if word in other)
            self._with[word] = frozenset(chain.from_iterable(longer))
        return self._with[word]


def editions(items: Iterable[Item]) -> dict[str, tuple[str, ...]]:
    """Ids of all editions of a work, by the id of each; of works that have more than one.

    Titles are the same but for the words for editions and formats, a year in brackets, brackets and
    full-width forms, and their makers are, where both tell theirs. Where they do not, a title must
    say that it is an edition, and no year speaks against it: two films may have one name.
    """
    alike: dict[str, list[Item]] = {}
    for item in items:
        if item.task not in _NOT_WORKS:
            alike.setdefault(read(item.title).work, []).append(item)
    found: dict[str, tuple[str, ...]] = {}
    for group in alike.values():
        for work in _works(group) if len(group) > 1 else ():
            ids = tuple(item.id for item in work)
            found.update(dict.fromkeys(ids, ids))
    return found


def position(title: str) -> Place:
    """The numbers of season and volume that a title tells; empty without any."""
    return read(title).place


def place_of(value: Value | None) -> Place | None:
    """Where in a series a part stands, by an attribute: a number, a date, 第三卷; None if none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = unicodedata.normalize("NFKC", str(value)).strip()
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return (float(text),)
    if day := re.match(r"(\d{4})-(\d\d)(?:-(\d\d))?", text):
        return tuple(float(part) for part in day.groups() if part)
    return read(f"_ {text}").place or None  # a number alone stands after a name


def read(title: str) -> Title:
    """What a title says; both scripts of Chinese are one."""
    title = simplified(title)
    words = _WORDS.findall(title.casefold())
    # Most titles have nothing to be read, which is found out in a tenth of the time.
    if _SIMPLE.fullmatch(title) and _TELLING.isdisjoint(words) and _TELLING_ZH.isdisjoint(title):
        key = _key(title)
        return Title(work=key, base=key, place=(), year="", is_marked=False)
    return _read(title)


@lru_cache(maxsize=_KEPT)
def _read(title: str) -> Title:
    text = _normal(title).strip()
    text = _DASHES.sub("-", text)
    plain, year, is_marked = _without_brackets(text)
    while found := _LAST_MARK.search(plain) if _ENDS_MARKS.search(plain) else None:
        rest = plain[: found.start()].rstrip(_ENDS)
        if not _WORDS.search(rest):
            break
        plain, is_marked = rest, True
    if not _WORDS.search(plain):
        plain, year, is_marked = text, "", False
    if not _HAS_NUMBER.search(plain):
        key = _key(plain)
        return Title(work=key, base=key, place=(), year=year, is_marked=is_marked)
    return _numbered(plain, year=year, is_marked=is_marked)


def _numbered(plain: str, *, year: str, is_marked: bool) -> Title:
    """As ``read``, of a title in which numbers of a season or a volume stand."""
    numbers: list[tuple[int, str, float]] = []

    def blank(found: re.Match[str]) -> str:
        told = next(part for part in found.groups() if part)
        sign = "s" if found.re is _SEASON else "v"
        numbers.append((found.start(), sign, _number(told)))
        return " " * len(found[0])  # places stay as they were

    cut = _VOLUME.sub(blank, _SEASON.sub(blank, plain))
    numbers.sort()
    base = _key(cut)
    # The first season of a series often has no number.
    told = [f"{sign}{number:g}" for _, sign, number in numbers if (sign, number) != ("s", 1.0)]
    return Title(
        work=" ".join([base, *told]),
        base=base,
        place=tuple(number for _, _, number in numbers),
        year=year,
        is_marked=is_marked,
    )


def _without_brackets(text: str) -> tuple[str, str, bool]:
    """A title without the brackets that tell of the edition; a year that stands in some."""
    year, is_marked = "", False

    def kept(found: re.Match[str]) -> str:
        nonlocal year, is_marked
        inside = next((part for part in found.groups() if part), "").strip()
        if _YEAR.fullmatch(inside):
            year = inside
            return " "
        if _IS_MARK.fullmatch(inside):
            is_marked = True
            return " "
        return found[0]

    return _IN_BRACKETS.sub(kept, text).strip(_ENDS), year, is_marked


def _beginning(title: str) -> str:
    """What editions of a work have in common, in a twentieth of the time that reading takes."""
    found = _BEGINNING.match(title)
    return simplified(unicodedata.normalize("NFKC", found[1])).casefold() if found else ""


def _normal(title: str) -> str:
    return unicodedata.normalize("NFKC", _SIGNS.sub("", title)).replace("’", "'")


def _folded(title: str) -> str:
    return (title if title.isascii() else _normal(simplified(title))).casefold()


def _key(text: str) -> str:
    plain = _ARTICLE.sub("", text.casefold().strip(_ENDS))
    return _CJK_GAP.sub("", " ".join(_WORDS.findall(plain)))


def _number(text: str) -> float:
    """Of digits, Chinese ones, Roman ones, or 上, 中, 下."""
    if text[0].isdecimal():
        return float(text)
    if text in "上中下":
        return float("上中下".index(text) + 1)
    return _chinese(text) if text[0] in _DIGITS_ZH else _roman(text)


def _roman(text: str) -> float:
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in text]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return float(sum(-one if one < following else one for one, following in pairs))


def _chinese(text: str) -> float:
    """Of numbers below a thousand: 十二, 一百零三, and digit by digit as 一二."""
    if not set(text) & {"十", "百"}:
        return float("".join(str("零一二三四五六七八九".find(_plain(digit))) for digit in text))
    total = digit = 0
    for letter in text:
        if letter in "十百":
            total += (digit or 1) * (10 if letter == "十" else 100)
            digit = 0
        else:
            digit = max(0, "零一二三四五六七八九".find(_plain(letter)))
    return float(total + digit)


def _plain(digit: str) -> str:
    return {"〇": "零", "两": "二"}.get(digit, digit)


def _works(alike: list[Item]) -> list[list[Item]]:
    """Items of one title by the works that they are editions of, where these have several."""
    by_maker: list[tuple[set[str], list[Item]]] = []
    unknown: list[Item] = []
    for item in alike:
        makers = _texts(item.attributes, CREATORS)
        if not makers:
            unknown.append(item)
            continue
        own, others = [item], list[tuple[set[str], list[Item]]]()
        for names, theirs in by_maker:
            if names & makers:
                makers, own = makers | names, [*theirs, *own]
            else:
                others.append((names, theirs))
        by_maker = [*others, (makers, own)]
    works = [own for _, own in by_maker]
    if len(works) <= 1:  # it is clear whose work the others would be
        whole = [*(works[0] if works else ()), *unknown]
        if unknown and _is_one(whole):
            works = [whole]
    return [work for work in works if len(work) > 1]


def _is_one(items: list[Item]) -> bool:
    """Whether a title says that these are editions, and no years say that they are not."""
    titles = [read(item.title) for item in items]
    return any(title.is_marked for title in titles) and len(_dates(items)) <= 1


def _dates(items: Iterable[Item]) -> set[str]:
    """The years of the work: what an edition has as its date is its own."""
    found: set[str] = set()
    for item in items:
        title = read(item.title)
        if title.year:
            found.add(title.year)
        elif not title.is_marked:
            found |= _texts(item.attributes, DATES)
    return found


def _texts(attributes: Mapping[str, Value], names: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for name, value in attributes.items():
        if name.casefold() in names:
            values = value if isinstance(value, tuple) else (str(value),)
            found |= {simplified(text).casefold().strip() for text in values if text.strip()}
    return found

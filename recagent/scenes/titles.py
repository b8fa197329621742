"""Reads titles: the work, the marks of an edition, and the numbers of season and volume.

The rules are for English and Chinese.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from recagent.domain import Value
from recagent.domain.chinese_scripts import simplified

Position = tuple[float, ...]  # in a series: season and volume

_CACHED = 1 << 17  # titles that are remembered, so that a catalogue that changed is not read again

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
_SAME_DIGITS = str.maketrans("〇两", "零二")
_N = rf"(?:\d+|[{_DIGITS_ZH}]+)"
_EDITION_ZH = (
    rf"(?:{_N}周年|全新|最新)?(?:第{_N}|精装|平装|典藏|珍藏|收藏|纪念|修订|增订|豪华|完全|终极|导演剪辑"
    r"|高清重制|高清|重制|年度|标准|普及|特别|限定|限量|插图|注释|双语|加长|未删减|数字|电子|中文|英文|日文"
    rf"|国语|粤语|新|旧|原)版|[全共]{_N}[册卷本]|[精平]装本?|修订本|增订本|蓝光|电子书|有声书"
)
_MARK = rf"{_EDITION}|edition|{_FORMAT}|{_EDITION_ZH}"
# In brackets these are marks by themselves, as "(Deluxe)"; "(Special)" may be part of the name.
_ALONE = r"deluxe|expanded|extended|collector'?s|illustrated|annotated|abridged|豪华|典藏|加长"
_IS_MARK = re.compile(rf"(?:(?:{_MARK}|{_ALONE}|(?:1[89]|20)\d\d)[\s,;/:+-]*)+", re.IGNORECASE)
_LAST_MARK = re.compile(
    rf"(?:(?<=[\s:,~|·-])(?:{_EDITION}|{_FORMAT})|{_EDITION_ZH})\s*$", re.IGNORECASE
)
# Quick tests of whether a title can end in a mark, or have a number: the full patterns are slow.
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
# A title of such characters without these words has no mark of an edition and no number.
_SIMPLE = re.compile(r"[A-Za-z',.!?&:; \u4e00-\u9fff，。！？：·-]+")
_MARK_WORDS = frozenset([
    "edition", "ed", "version", "paperback", "hardcover", "hardback", "market", "kindle", "ebook",
    "book", "audiobook", "cd", "print", "ray", "bluray", "dvd", "vinyl", "uhd", "hd", "remaster",
    "remastered", "unabridged", "uncut", "unrated", "cut", "goty", "reprint", "reissue", "season",
    "vol", "volume", "part", "pt", "chapter", "episode", "no", "i", "ii", "iii", "iv", "v", "vi",
    "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi", "xvii", "xviii", "xix",
    "xx", "xxi", "xxii", "xxiii", "xxiv", "xxv", "xxvi", "xxvii", "xxviii", "xxix", "xxx", "xxxi",
    "xxxii", "xxxiii", "xxxiv", "xxxv", "xxxvi", "xxxvii", "xxxviii", "xxxix",
])  # fmt: skip
_MARK_CHARACTERS = frozenset("季期卷册部集辑回篇本话章上中下版装光书")
_ARTICLE = re.compile(r"^(?:the|an?)\s+(?=\S)|,\s*(?:the|an?)$")
_WORDS = re.compile(r"[^\W_]+")
_CJK_GAP = re.compile(r"(?<=[\u3400-\u9fff])\s+|\s+(?=[\u3400-\u9fff])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """What a title says of the work.

    Attributes:
        work: the title without marks of the edition, with the numbers of season and volume.
        base: the same without these numbers.
        position: those numbers, in their order; empty without any.
        year: a year that stands in brackets by itself; empty without one.
        is_marked: whether the title has a mark of an edition.
    """

    work: str
    base: str
    position: Position = ()
    year: str = ""
    is_marked: bool = False


def read_title(title: str) -> Title:
    """Returns what a title says; traditional characters are read as simplified ones."""
    title = simplified(title)
    words = _WORDS.findall(title.casefold())
    # Most titles have no mark and no number, which takes a tenth of the time to find out.
    has_mark = not (_MARK_WORDS.isdisjoint(words) and _MARK_CHARACTERS.isdisjoint(title))
    if not has_mark and _SIMPLE.fullmatch(title):
        key = _key(title)
        return Title(work=key, base=key)
    return _read_title(title)


def series_position(value: Value | None) -> Position | None:
    """Returns the position in a series that an attribute says, if it is one.

    It may be a number, a date or a text such as 第三卷.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = unicodedata.normalize("NFKC", str(value)).strip()
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return (float(text),)
    if day := re.match(r"(\d{4})-(\d\d)(?:-(\d\d))?", text):
        return tuple(float(part) for part in day.groups() if part)
    return read_title(f"_ {text}").position or None  # a number alone stands after a name


def normal_title(title: str) -> str:
    """Returns a title in NFKC, without trademark signs and with straight apostrophes."""
    return unicodedata.normalize("NFKC", _SIGNS.sub("", title)).replace("’", "'")


@lru_cache(maxsize=_CACHED)
def _read_title(title: str) -> Title:
    text = _DASHES.sub("-", normal_title(title).strip())
    plain, year, is_marked = _without_brackets(text)
    while mark := _LAST_MARK.search(plain) if _ENDS_MARKS.search(plain) else None:
        rest = plain[: mark.start()].rstrip(_ENDS)
        if not _WORDS.search(rest):
            break
        plain, is_marked = rest, True
    if not _WORDS.search(plain):
        plain, year, is_marked = text, "", False
    numbers: list[tuple[int, str, float]] = []

    def blank(match: re.Match[str]) -> str:
        number = next(part for part in match.groups() if part)
        kind = "s" if match.re is _SEASON else "v"
        numbers.append((match.start(), kind, _number(number)))
        return " " * len(match[0])  # what follows stays where it was

    if _HAS_NUMBER.search(plain):
        plain = _VOLUME.sub(blank, _SEASON.sub(blank, plain))
        numbers.sort()
    base = _key(plain)
    # The first season of a series often has no number.
    marks = [f"{kind}{number:g}" for _, kind, number in numbers if (kind, number) != ("s", 1.0)]
    return Title(
        work=" ".join([base, *marks]),
        base=base,
        position=tuple(number for _, _, number in numbers),
        year=year,
        is_marked=is_marked,
    )


def _without_brackets(text: str) -> tuple[str, str, bool]:
    """Returns a title without brackets about the edition, the year in one, and if it had a mark."""
    year, is_marked = "", False

    def replacement(match: re.Match[str]) -> str:
        nonlocal year, is_marked
        inside = next((part for part in match.groups() if part), "").strip()
        if _YEAR.fullmatch(inside):
            year = inside
        elif _IS_MARK.fullmatch(inside):
            is_marked = True
        else:
            return match[0]
        return " "

    return _IN_BRACKETS.sub(replacement, text).strip(_ENDS), year, is_marked


def _key(text: str) -> str:
    plain = _ARTICLE.sub("", text.casefold().strip(_ENDS))
    return _CJK_GAP.sub("", " ".join(_WORDS.findall(plain)))


def _number(text: str) -> float:
    """Returns the number in digits, Chinese ones, Roman ones, or of 上, 中, 下."""
    if text[0].isdecimal():
        return float(text)
    if text in "上中下":
        return float("上中下".index(text) + 1)
    return _chinese(text) if text[0] in _DIGITS_ZH else _roman(text)


def _roman(text: str) -> float:
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in text]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return float(sum(-value if value < following else value for value, following in pairs))


def _chinese(text: str) -> float:
    """Returns a number below a thousand: 十二, 一百零三, and digit by digit as 一二."""
    text = text.translate(_SAME_DIGITS)
    digits = [max(0, "零一二三四五六七八九".find(letter)) for letter in text]
    if not set(text) & {"十", "百"}:
        return float("".join(map(str, digits)))
    total = pending = 0
    for letter, digit in zip(text, digits, strict=True):
        if letter in "十百":
            total += (pending or 1) * (10 if letter == "十" else 100)
        pending = digit
    return float(total + pending)

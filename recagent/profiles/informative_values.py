"""Which attribute values are informative: what two items can meaningfully share.

Reasons and inferred tags use it. Codes, addresses, ids, dates, numbers and sentences say nothing,
nor does what more than half of a scene's items have; of the rest, the rarer says more.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property, lru_cache

from recagent.domain import Item
from recagent.domain.addresses import is_address
from recagent.domain.chinese_scripts import CJK
from recagent.domain.comparing import folded, read

Trait = tuple[str, str]  # name of an attribute, and one of its values

_LONGEST = 60  # characters of a value; longer ones are sentences
_SENTENCE = re.compile(r"(?:\S+\s+){7,}\S+|(?:\S+\s+){3,}\S*[.!?]|.{12,}[。！？]")
_COMMON = 0.5  # share of a scene's items above which a value says nothing of one
_CODED = 0.9  # share of an attribute's values that are codes, where it is one of codes
_FEW = 31  # items below which three that have a value are still less than a tenth
_NO_VALUE = frozenset({
    "yes", "no", "true", "false", "none", "null", "nan", "n/a", "na", "unknown", "uncredited",
    "other", "others", "misc", "miscellaneous", "various", "default", "undefined", "tbd", "und",
    "是", "否", "有", "无", "未知", "不详", "其他", "其它", "暂无", "默认",
})  # fmt: skip
# A word: three letters together, an abbreviation in capitals, Chinese, a decade, 2D and 3D.
_WORD = re.compile(rf"(?<![^\W_])(?:[^\W\d_]{{3,}}|[A-Z]{{2}}|\d{{1,3}}0s|[23]D)(?![^\W_])|[{CJK}]")
_LANGUAGES = (
    "ara|bul|chi|cze|dan|deu|dut|eng|fin|fra|fre|ger|gre|heb|hin|hun|ind|ita|jpn|kor|mul|nld|nor|per"
    "|pol|por|rum|rus|spa|swe|tha|tur|ukr|und|vie|zho"
)
_CODE = re.compile(
    rf"(?:[a-z]{{2}}|[A-Z]{{2}}|{_LANGUAGES})(?:[-_][A-Za-z]{{2,4}}){{0,2}}"
    r"|(?!\d{1,3}0s$|[23]D$)[A-Za-z]{0,3}[-_]?\d+[A-Za-z]?"
    r"|(?=[^\d]*\d)[A-Za-z0-9]{6,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
_SPELT = re.compile(r"[A-Za-z]+[12]\d{3}")  # a word and a year, as "Euro2024"


@lru_cache(50_000)
def is_worded(value: str) -> bool:
    """Whether a value is made of words, and is no code, address, date, number or sentence."""
    if len(value) > _LONGEST or _SENTENCE.fullmatch(value.strip()):
        return False
    if is_address(value) or _WORD.search(value) is None:
        return False
    if folded(value).strip("()[]<>-. ") in _NO_VALUE or read(value).day:
        return False
    return _CODE.fullmatch(value) is None or value.isalpha() or bool(_SPELT.fullmatch(value))


class Traits:
    """The values of a scene's items, counted an attribute at a time when it is first asked about.

    Args:
        items: the scene's, by id.
        silent: attributes that are no evidence (``[attributes.x] reason = false``).
    """

    def __init__(self, items: Mapping[str, Item], silent: AbstractSet[str] = frozenset()) -> None:
        self.items = items
        self._silent = silent
        self._columns: dict[str, Mapping[str, int]] = {}

    def worded(self, item: Item) -> tuple[Trait, ...]:
        """Returns an item's values that are words, however common: what a wish may name."""
        return tuple(
            (name, value)
            for name, value in _texts(item)
            if name not in self._silent and is_worded(value) and value not in self.items
        )

    def informative(self, item: Item) -> dict[Trait, float]:
        """Returns an item's informative values, each with -log of the share of items that have it.

        The item may be of another scene; the share is that of this one.
        """
        counts = {trait: self._count(trait) for trait in self.worded(item)}
        return {
            trait: math.log(max(len(self.items), _FEW) / count)
            for trait, count in counts.items()
            if count and not self._is_common(count)
        }

    @cached_property
    def words(self) -> Mapping[str, int]:
        """The number of items with each informative value, whatever the attribute."""
        counts: Counter[str] = Counter()
        for item in self.items.values():
            counts.update({
                value for name, value in self.worded(item) if self._count((name, value))
            })  # fmt: skip
        return counts

    def _count(self, trait: Trait) -> int:
        """Returns how many items have a value; 0 for an attribute of codes."""
        name, value = trait
        if name not in self._columns:
            self._columns[name] = self._counted(name)
        return self._columns[name].get(value, 0)

    def _counted(self, name: str) -> Mapping[str, int]:
        counts = Counter(
            value
            for item in self.items.values()
            for _, value in dict.fromkeys(_texts(item, name))
        )  # fmt: skip
        codes = sum(bool(_CODE.fullmatch(value)) for value in counts)
        return {} if codes >= _CODED * len(counts) else counts

    def _is_common(self, count: int) -> bool:
        everything = count == len(self.items) and count > 2  # of two items nobody can tell
        return everything or (count > 3 and count > _COMMON * len(self.items))


def item_traits(item: Item) -> frozenset[Trait]:
    """Returns all texts among an item's attribute values."""
    return frozenset(_texts(item))


def _texts(item: Item, only: str | None = None) -> Iterator[Trait]:
    """Yields the texts among an item's attribute values."""
    for name in item.attributes if only is None else (only,):
        value = item.attributes.get(name, ())
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, tuple):
            yield from ((name, text) for text in value)

"""Amounts with a unit, beside names that say theirs: "30 minutes" of ``minutes``, 500克 of 重量kg.

Not money, whose marks are part of a number (``domain.comparing``).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Literal

_MEASURES: tuple[Mapping[str, float], ...] = tuple(
    {form: size for size, forms in measure.items() for form in forms.split()}
    for measure in (
        {1 / 60: "s sec secs second seconds 秒 秒钟", 1: "min mins minute minutes 分钟",
         60: "h hr hrs hour hours 小时 个小时 钟头 个钟头", 1440: "d day days 天"},
        {0.001: "mg 毫克", 1: "g gram grams gramme grammes 克", 500: "斤",
         1000: "kg kgs kilo kilos kilogram kilograms 千克 公斤", 28.3495: "oz", 453.592: "lb lbs"},
        {0.1: "mm 毫米", 1: "cm 厘米", 100: "m metre metres meter meters 米",
         100_000: "km 公里 千米", 2.54: "inch inches 英寸"},
        {1: "m2 sqm 平米 平方米 平"},
        {1: "ml 毫升", 1000: "l litre litres liter liters 升"},
        {1: "kcal calorie calories cal cals 大卡 千卡 卡 卡路里"},
        {1: "v volt volts voltage 伏"}, {1: "w watt watts 瓦"},
        {1: "page pages 页 页数"}, {1: "岁 age 年龄"},
    )
)  # fmt: skip
_FORMS = {form for measure in _MEASURES for form in measure}
UNITS = tuple(sorted(_FORMS, key=lambda form: (-len(form), form)))
_AMOUNT = re.compile(r"([-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]\d+)?)\s*([^\W\d_]+2?)")
_CHINESE_UNITS = [form for form in UNITS if not form.isascii()]


def amount(text: str) -> tuple[float, str] | None:
    """The number and the unit of a text that is nothing else; None of any other text."""
    match = _AMOUNT.fullmatch(unicodedata.normalize("NFKC", text).strip().casefold())
    return (float(match[1].replace(",", "")), match[2]) if match else None


def beyond(text: str, step: Literal[-1, 1]) -> str | None:
    """The amount that comes next on that side, in the same unit; None where the text is none."""
    quantity = amount(text)
    return quantity and f"{math.nextafter(quantity[0], math.inf * step)!r} {quantity[1]}"


def amount_for(name: str, text: str) -> float | None:
    """How much of an attribute an amount is; None where the name does not say such a unit.

    The name says a unit of the same measure (``weight_kg``, 时长（分钟）), which the amount is
    converted to, or the unit is a word of the name itself ("2 rooms" of ``rooms``).
    """
    quantity = amount(text)
    if quantity is None:
        return None
    number, unit = quantity
    words = [*_words(name)]
    for measure in _MEASURES:
        unit_size = next((measure[word] for word in reversed(words) if word in measure), None)
        if unit_size is not None and unit in measure:
            return number * measure[unit] / unit_size
    return number if _singular(unit) in map(_singular, words) else None


def without_unit(name: str) -> str:
    """``weight`` of ``weight_kg``; the name itself where it ends in no unit, or is one."""
    *rest, last = [*_words(name)] or [""]
    is_unit = any(last in measure for measure in _MEASURES)
    return " ".join(rest) if rest and is_unit else name


def _words(name: str) -> Iterator[str]:
    """The words of an attribute's name; in Chinese what is left, and the unit that it ends in."""
    plain = unicodedata.normalize("NFKC", re.sub("(?<=[a-z])(?=[A-Z])", " ", name)).casefold()
    for word in re.findall(r"[a-z0-9]+|[^\W_a-z0-9]+", plain):
        unit = next((each for each in _CHINESE_UNITS if word.endswith(each)), "")
        if unit and word != unit and not word.isascii():
            yield word.removesuffix(unit)
        yield unit or word


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 2 and word.endswith("s") else word

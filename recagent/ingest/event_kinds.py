"""What a row of events says was done: its kind, by a file's own map or as many call it, and value.

A value may be a number, a rating with what it is out of (95%, 4/5, ★★★☆☆), or a thumb in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, cast

from recagent.config.data_sections import FileSettings
from recagent.domain import EVENT_KINDS, EventKind
from recagent.domain.chinese_scripts import simplified
from recagent.ingest import cell_values

_CALLED: Mapping[EventKind, str] = {
    "view": "pv viewed page_view pageview browse browsed visit visited detail play played plays "
            "playing stream streamed preview reading watching listening 浏览 看了 查看 访问 播放 "
            "试听 试读 试看 预览 在看 在读 在听 在玩 游玩",
    "click": "clicked open opened cart carted add_to_cart addtocart added_to_cart addedtocart atc "
             "basket add_to_basket 点击 加购 加购物车 加入购物车 加车 购物车 打开",
    "like": "up thumb_up 👍 fav favorite favourite favorited favourited liked love loved upvote "
            "thumbs_up bookmark bookmarked wishlist save saved subscribe subscribed follow "
            "followed collect "
            "喜欢 收藏 点赞 赞 想看 想读 想听 想玩 想买 感兴趣 关注 订阅 追剧 好评",
    "dislike": "down thumb_down 👎 disliked hate hated downvote thumbs_down not_interested "
               "不喜欢 讨厌 踩 不感兴趣 点踩 差评 不推荐 拉黑",
    "rating": "rate rated 评分 打分",
    "purchase": "buy bought order ordered orders purchased transaction checkout sale sold pay paid "
                "payment 购买 下单 支付 买 已购 已购买 买了 付款 成交 销售 交易 消费",
    "finish": "finished complete completed read watched listened "
              "完成 看过 读过 听过 玩过 看完 读完 听完 播完 播放完成 学完",
    "skip": "skipped 跳过 切歌 划走",
    "comment": "commented review reviewed 评论 评价 点评",
}  # fmt: skip
_KINDS: Mapping[str, EventKind] = {
    **{name: kind for kind, names in _CALLED.items() for name in names.split()},
    **{kind: kind for kind in _CALLED},
}

_PERCENT = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*[%％]")
_OF = re.compile(r"(\d+(?:[.,]\d+)?)\s*/\s*(5|10|100)")
_STARS = re.compile(r"(?=.{1,5}$)(★*)(☆*)")
_TAKEN_BACK = re.compile(r"取消|移|删|退|remove|cancel|delete|refund|return|^un")
_VARIANTS = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]")  # of an emoji: its form, its skin
_NEAR = 0.75  # likeness of two words, of which one may be a typing mistake


def known_kind(word: str) -> EventKind | None:
    """Returns the kind that many call so, in any case; None for an unknown word."""
    plain = _VARIANTS.sub("", simplified(word.strip().lower()))
    return _KINDS.get(plain) or _KINDS.get(plain.replace("-", "_").replace(" ", "_"))


def similar_kind(word: str) -> EventKind | None:
    """Returns the kind that an unknown word may mean: one of its words, or nearly so written."""
    plain = simplified(word.strip().lower()).replace("-", "_").replace(" ", "_")
    if _TAKEN_BACK.search(plain):
        return None
    if plain.isascii():
        close = get_close_matches(plain, _KINDS, n=1, cutoff=_NEAR)
    else:  # the longest known word in it: 不喜欢 and not 喜欢
        close = sorted((name for name in _KINDS if name in plain and not name.isascii()),
                       key=len, reverse=True)  # fmt: skip
    return _KINDS[close[0]] if close else None


def with_kinds(
    rows: Iterator[tuple[int, dict[str, Any]]], file: FileSettings
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields the rows with the kinds that the settings of their file say in place of their own."""
    kinds = {word.strip().casefold(): kind for word, kind in file.kinds.items()}
    for number, row in rows:
        word = row.get("kind")
        if file.kind:
            row["kind"] = file.kind
        elif word is not None:
            row["kind"] = kinds.get(str(word).strip().casefold(), word)
        yield number, row


@dataclass(frozen=True, slots=True, kw_only=True)
class KindAndValue:
    """What the kind and the value of a row mean.

    Attributes:
        kind: None for a word that nobody knows.
        value: the rating, or the number beside another kind; None where there is none.
        out_of: what the cell says that a rating is out of; 0 where it says nothing.
        step: the cleaning step that it took to read the value; empty for a plain number.
        is_readable: whether the value is no text that means nothing.
    """

    kind: EventKind | None
    value: float | None = None
    out_of: int = 0
    step: str = ""
    is_readable: bool = True


def kind_and_value(row: Mapping[str, Any]) -> KindAndValue:
    """Returns what a row says was done: without a kind a rating if it has a value, else a view."""
    kind, value = row.get("kind"), row.get("value")
    return _kind_and_value(str(kind) if kind else "", "" if value is None else str(value))


@lru_cache(maxsize=10_000)
def _kind_and_value(kind_cell: str, value_cell: str) -> KindAndValue:
    kind = cast("EventKind", kind_cell) if kind_cell in EVENT_KINDS else known_kind(kind_cell)
    if (not kind_cell or kind == "rating") and known_kind(value_cell) in ("like", "dislike"):
        return KindAndValue(kind=known_kind(value_cell), step="thumb")
    out_of, step = 0, ""
    if written := _written_rating(value_cell.strip()):
        value, out_of = written
    else:
        try:
            value = cell_values.number(value_cell)
        except ValueError:
            value = cell_values.with_decimal_comma(value_cell)
            if value is None:
                return KindAndValue(kind=kind, is_readable=False)
            step = "decimal comma"
    if not kind_cell:
        kind = "view" if value is None else "rating"
    return KindAndValue(kind=kind, value=value, out_of=out_of, step=step)


def _written_rating(cell: str) -> tuple[float, int] | None:
    """Returns a rating and what its cell says it is out of; None for every other cell."""
    if match := _PERCENT.fullmatch(cell):
        return float(match[1].replace(",", ".")), 100
    if match := _OF.fullmatch(cell):
        return float(match[1].replace(",", ".")), int(match[2])
    if match := _STARS.fullmatch(cell):
        return float(len(match[1])), 5
    return None

"""What files call the kinds of events, in our words: by a file's own map or as many do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from recagent.sections import FileSettings
from recagent.types import EventKind

_CALLED: Mapping[EventKind, str] = {
    "view": "pv viewed page_view pageview browse visit visited detail 浏览 看了 查看 访问",
    "click": "clicked open opened 点击",
    "like": "fav favorite favourite favorited favourited liked love loved upvote thumbs_up "
            "bookmark bookmarked wishlist 喜欢 收藏 点赞 赞 想看 想读",
    "dislike": "disliked hate hated downvote thumbs_down 不喜欢 讨厌 踩",
    "rating": "rate rated 评分 打分",
    "purchase": "buy bought order ordered purchased transaction checkout 购买 下单 支付 买",
    "finish": "finished complete completed read watched listened 完成 看过 读过 听过 看完 读完",
    "skip": "skipped 跳过",
    "comment": "commented review reviewed 评论 评价",
}  # fmt: skip
_KINDS: Mapping[str, EventKind] = {
    **{name: kind for kind, names in _CALLED.items() for name in names.split()},
    **{kind: kind for kind in _CALLED},
}


def kind_called(said: str) -> EventKind | None:
    """The kind that many call so, in any case and between spaces; None for one that is unknown."""
    plain = said.strip().lower()
    return _KINDS.get(plain) or _KINDS.get(plain.replace("-", "_").replace(" ", "_"))


def with_kinds(
    rows: Iterator[tuple[int, dict[str, Any]]], file: FileSettings
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows with the kinds that the settings of their file say in place of their own."""
    kinds = {said.strip().casefold(): kind for said, kind in file.kinds.items()}
    for number, row in rows:
        said = row.get("kind")
        if file.kind:
            row["kind"] = file.kind
        elif said is not None:
            row["kind"] = kinds.get(str(said).strip().casefold(), said)
        yield number, row

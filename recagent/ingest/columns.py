"""Which column is which of our fields: by a map, by our own names, or as exports call them.

It sees names alone, and no values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from difflib import get_close_matches

from recagent.domain.column_names import ALIASES, NAMED, PERSON, SURE_TITLE, THING, plain_name
from recagent.errors import DataError
from recagent.ingest.layouts import Holds
from recagent.ingest.report import shown

ITEM_FIELDS = ("item_id", "scene", "title", "text", "task")
EVENT_FIELDS = (
    "user_id", "item_id", "timestamp", "scene", "kind", "value", "weight", "text",
    "device", "place",
)  # fmt: skip
USER_FIELDS = ("user_id", "tags", "about")
FIELDS: Mapping[Holds, Sequence[str]] = {
    "items": ITEM_FIELDS, "events": EVENT_FIELDS, "users": USER_FIELDS
}  # fmt: skip

# What a map may say: also what a log calls its items, where no file of items does.
MAPPED: Mapping[Holds, Sequence[str]] = {**FIELDS, "events": (*EVENT_FIELDS, "title")}

# What may be meant where a field has no column: proposed, never taken.
_PERHAPS: Mapping[str, str] = {
    "scene": "category categoryname categorycode shelf department domain surface 类别 类目 货架",
    "kind": "type 类型 activity verb operation feedback reaction 反馈",
    "timestamp": "year month day 年份",
    "value": "grade vote votes thumb thumbs liked recommended 评价 喜欢 推荐",
}  # fmt: skip
_IN_BRACKETS = re.compile(r"[(（\[][^)）\]]*[)）\]]")  # the unit or the range: Rating (1-5)
_ENDS_AS_ID = re.compile(r"(?:id|编号)$")
_OTHER_IDS = re.compile(
    r"^(?:session|order|transaction|event|row|log|record|category|brand|shop|store|seller|parent|"
    r"author|user|customer|device|imdb|tmdb|line|basket|receipt|invoice|ticket|clerk|cashier|till|"
    r"terminal|warehouse|supplier|vendor|publisher|coupon|campaign|payment|channel|genre|region|"
    r"listener|viewer|reader|student|learner|subscriber|player|patron|shopper|household|"
    r"记录|订单|类别|品牌|店铺|用户|会员|门店|店员|收银|仓库|供应商|小票|流水|"
    r"交易|支付|渠道|活动|优惠券|出版社|作者|分类|品类|频道|读者|学员|学生|听众|观众|玩家|设备|批次)"
    r"|^index|^unnamed"
)
_WHOLES = re.compile(
    r"^(?:podcast|show|series|season|playlist|album|artist|专辑|系列|专栏)"
)  # of items
_MUST_BE_SURE = frozenset({"user_id", "item_id", "title", "timestamp", "kind", "value"})
_NEAR = 0.8  # likeness of two names, of which one may be a typing mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnNames:
    """What the columns of a file are.

    Attributes:
        names: column -> our field, or its own name where it is none.
        guessed: our field -> column, of those that no map and no layout says.
        unread: columns that nothing reads.
        meant: of columns that are no field, those that may be meant as one: column -> field.
    """

    names: Mapping[str, str]
    guessed: Mapping[str, str]
    unread: Sequence[str] = ()
    meant: Mapping[str, str] = field(default_factory=dict[str, str])


def name_columns(
    columns: Sequence[str],
    *,
    holds: Holds,
    mapped: Mapping[str, str],
    file: str,
    by_command: bool = False,
) -> ColumnNames:
    """Returns the fields of a file's columns.

    Args:
        columns: of the file, each once.
        holds: what a row is.
        mapped: our field -> column, where it is declared.
        file: its name, for messages.
        by_command: whether the advice is one for the command line, or for a config file.

    Raises:
        DataError: two columns could be the same field.
    """
    names = {column: name for name, column in mapped.items()}
    guessed: dict[str, str] = {}
    for name in FIELDS[holds]:
        if name in mapped:
            continue
        candidates = _candidates(name, [column for column in columns if column not in names], holds)
        if len(candidates) > 1 and name in _MUST_BE_SURE:
            others = ", ".join(repr(shown(column)) for column in candidates[:-1])
            raise DataError(
                "{file!r}: columns {columns} and {other!r} could both be {field!r}; choose one, "
                "for example {example}",
                file=file,
                columns=others,
                other=shown(candidates[-1]),
                field=name,
                example=how_to_map({name: candidates[0]}, by_command=by_command),
            )
        if len(candidates) == 1:
            names[candidates[0]] = name
            if candidates[0] != name:
                guessed[name] = candidates[0]
    taken = set(names.values())
    rest = [column for column in columns if column not in names and column not in taken]
    return ColumnNames(
        names={column: names.get(column, "" if column in taken else column) for column in columns},
        guessed=guessed,
        unread=rest if holds == "events" else (),
        meant=_meant(rest, [name for name in FIELDS[holds] if name not in taken], holds),
    )


def how_to_map(columns: Mapping[str, str], *, by_command: bool) -> str:
    """Returns what to write so that these columns are these fields."""
    if by_command:
        return "--map " + ",".join(f"{name}={shown(column)}" for name, column in columns.items())
    pairs = ", ".join(f'{name} = "{shown(column)}"' for name, column in columns.items())
    return f"columns = {{ {pairs} }}"


def likely(name: str, columns: Sequence[str], *, holds: Holds) -> str:
    """Returns the column that a field may be; empty where none looks like it."""
    candidates = _candidates(name, columns, holds)
    perhaps = _PERHAPS.get(name, "").split()
    return next(
        iter([*candidates, *(column for column in columns if plain_name(column) in perhaps)]), ""
    )


def is_known(column: str) -> bool:
    """Returns whether a column is called as exports call any field."""
    return plain_name(column) in _KNOWN


def recognised_fields(columns: Sequence[str], *, holds: Holds) -> AbstractSet[str]:
    """Returns the fields that a file has if its rows are what ``holds`` says; never raises."""
    return {name for name in FIELDS[holds] if _candidates(name, columns, holds)}


def is_doubtful_event(columns: Sequence[str]) -> bool:
    """Returns whether an event's item is only a plain id or a name, as a person has too."""
    return not _known_columns("item_id", columns, "events")


def names_a_work(columns: Sequence[str]) -> bool:
    """Returns whether a column is the title of an item, and cannot be a person's name."""
    return any(plain_name(column) in SURE_TITLE for column in columns)


def _candidates(name: str, columns: Sequence[str], holds: Holds) -> list[str]:
    """Returns the columns of the surest tier that has any."""
    candidates = _known_columns(name, columns, holds)
    if candidates or name != "item_id" or holds != "events":
        return candidates
    return [column for column in columns if plain_name(column) in NAMED.split()]


def _known_columns(name: str, columns: Sequence[str], holds: Holds) -> list[str]:
    if name in columns:
        return [name]
    plain = {column: plain_name(column) for column in columns}
    tiers = (plain_name(name), *ALIASES[holds].get(name, ()))
    for tier in tiers:
        candidates = [column for column in columns if plain[column] in tier.split()]
        if candidates:
            return _narrowest(candidates) if name in ("item_id", "title") else candidates
    if name != "item_id":
        return []
    ids = [
        column
        for column in columns
        if _ENDS_AS_ID.search(plain[column])
        and not _OTHER_IDS.search(plain[column])
        and plain[column] not in ("id", *PERSON.split())
    ]
    return _narrowest(ids)


def _narrowest(columns: list[str]) -> list[str]:
    """Returns the columns but those that name a whole of the others: an episode's podcast."""
    return [column for column in columns if not _WHOLES.search(plain_name(column))] or columns


def _meant(columns: Sequence[str], fields: Sequence[str], holds: Holds) -> dict[str, str]:
    suggestions: dict[str, str] = {}
    for column in columns:
        plain = plain_name(_IN_BRACKETS.sub("", column))
        for name in fields:
            known = [plain_name(name), *" ".join(ALIASES[holds].get(name, ())).split()]
            perhaps = plain in _PERHAPS.get(name, "").split() and holds == "events"
            if perhaps or (plain and get_close_matches(plain, known, n=1, cutoff=_NEAR)):
                suggestions[column] = name
                break
    return suggestions


_KNOWN = frozenset(
    word
    for holds, fields in FIELDS.items()
    for name in fields
    for word in [plain_name(name), *" ".join(ALIASES[holds].get(name, ())).split()]
) - frozenset(THING.split())  # which are as often a value: of a shelf, of a kind of thing

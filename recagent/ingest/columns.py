"""Which column is which of our fields: by a map, by our own names, or as exports call them.

It sees names alone, and no values.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from difflib import get_close_matches

from recagent.errors import DataError
from recagent.ingest.layouts import Holds
from recagent.ingest.report import shown

Tiers = Sequence[str]  # names in words, the surest first; within one tier they are equally sure

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

_PERSON = (
    "user userid uid customer customerid custid member memberid buyer buyerid reviewer "
    "reviewerid account accountid visitor visitorid client clientid person personid "
    "用户 用户id 用户编号 会员 会员id 会员编号 顾客 顾客id 顾客编号 "
    "客户 客户id 客户编号 买家 买家id memberno membernumber customerno customernumber "
    "listener listenerid viewer viewerid reader readerid student studentid learner learnerid "
    "subscriber subscriberid player playerid patron patronid shopper shopperid household "
    "householdid householdkey openid 用户号 会员号 顾客号 客户号 读者 读者id 读者编号 "
    "学员 学员id 学员编号 学生 学生id 学生编号 听众 听众id 观众 观众id 玩家 玩家id"
)
_REACHED = (  # people where nothing surer tells them
    "username 用户名 昵称 用户昵称 会员卡号 卡号 读者证号 借书证号 学号 手机号 手机号码 "
    "phone mobile email 邮箱"
)
_ITEM = (
    "itemid product productid goods goodsid movieid filmid bookid trackid songid episodeid postid "
    "artistid albumid gameid animeid videoid articleid newsid courseid businessid recipeid "
    "stockcode itemcode productcode goodscode itemno productno 商品id 商品编号 物品id 物品编号 "
    "商品代码 商品编码 商品号"
)
# In a catalogue often beside the id that events name; the shop's own before the trade's.
_TRADE = (
    "sku skuid asin 货号 书号 款号 商品货号",
    "isbn isbn13 ean upc gtin barcode 条码 条形码 商品条码",
)
_THING = (
    "item movie film book track song artist album game anime video article episode recipe course "
    "商品 物品 图书 书籍 电影 歌曲 游戏 课程 视频 文章 节目 单集"
)
_TITLE = (
    "name productname producttitle itemname itemtitle movietitle movienames filmtitle booktitle "
    "gamename songname trackname artistname animename headline gametitle songtitle tracktitle "
    "episodetitle episodename coursename recipename itemdescription "
    "名称 标题 名字 商品名 商品名称 商品标题 片名 电影名 电影名称 书名 图书名称 歌名 歌曲名 "
    "歌曲名称 游戏名 游戏名称 动画名 品名 货品名称 课程名 课程名称 节目名 节目名称 单集标题 剧名"
)
_SURE_TITLE = frozenset(f"title {_TITLE}".split()) - {"name", "名字", "名称"}  # not of a person
_TIME = (
    "time when date datetime at ts createdat createtime createdate eventtime eventdate unixtime "
    "unixtimestamp unixreviewtime reviewtime reviewdate ratedat ratingtime ratingdate "
    "时间 日期 时间戳 行为时间 评分时间 评论时间 浏览时间 购买时间 下单时间 创建时间"
)
_KIND = (
    "event eventtype eventname action actiontype behavior behaviortype behaviour behaviourtype "
    "interaction interactiontype 行为 行为类型 动作 操作 操作类型"
)
_VALUE = (
    "rating ratings score scores stars star rate overall ratingvalue ratingscore bookrating "
    "movierating userrating userscore myrating myscore reviewscore reviewrating "
    "评分 打分 分数 得分 星级"
)
_WEIGHT = (
    "plays playcount playscount listens listencount hours hoursplayed playhours playtime "
    "playtimeforever minutesplayed secondsplayed playedseconds listenedseconds secondslistened "
    "msplayed playseconds seconds minutes pieces units quantity qty count times "
    "visits visitcount viewcount "
    "播放次数 播放量 收听次数 游玩时长 游戏时长 播放时长 观看时长 时长 数量 购买数量 次数 "
    "收听时长 收听秒数 播放秒数 秒数 分钟数 学习时长 阅读时长 件数 份数 购买次数 册数"
)
_REVIEW = "review reviewtext reviewbody comment comments 评论 评论内容 点评"
_NAMED = f"id 编号 title {_TITLE}"  # an event's item, where it has no surer id
_ALIASES: Mapping[Holds, Mapping[str, Tiers]] = {
    "items": {
        "item_id": (_ITEM + " id 编号", *_TRADE, _THING),
        "scene": ("场景",),
        "title": (_TITLE, _THING),
        "text": ("description", "desc", "overview", "synopsis", "plot", "summary",
                 "描述 商品描述", "简介 内容简介 剧情简介", "介绍"),
    },
    "events": {
        "user_id": (_PERSON, _REACHED),
        "item_id": (_ITEM, *_TRADE, _THING),
        "timestamp": (_TIME,),
        "scene": ("场景",),
        "kind": (_KIND,),
        "value": (_VALUE,),
        "weight": (_WEIGHT,),
        "text": (_REVIEW,),
        "device": ("设备",),
        "place": ("地点",),
    },
    "users": {
        "user_id": (_PERSON, _REACHED, "id 编号"),
        "tags": ("interests likes hobbies 兴趣 兴趣爱好 标签",),
        "about": ("bio 简介 个人简介",),
    },
}  # fmt: skip
# What may be meant where a field has no column: proposed, never taken.
_PERHAPS: Mapping[str, str] = {
    "scene": "category categoryname categorycode shelf department domain surface 类别 类目 货架",
    "kind": "type 类型 activity", "timestamp": "year month day 年份",
    "value": "grade vote votes 评价",
}  # fmt: skip
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
class Naming:
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
    where: str,
    by_command: bool = False,
) -> Naming:
    """The fields of a file's columns.

    Args:
        columns: of the file, each once.
        holds: what a row is.
        mapped: our field -> column, where somebody says so.
        where: the file, for messages.
        by_command: whether the advice is one for the command line, or for a config file.

    Raises:
        DataError: two columns could be the same field.
    """
    names = {column: name for name, column in mapped.items()}
    guessed: dict[str, str] = {}
    for name in FIELDS[holds]:
        if name in mapped:
            continue
        found = _candidates(name, [column for column in columns if column not in names], holds)
        if len(found) > 1 and name in _MUST_BE_SURE:
            listed = ", ".join(repr(shown(column)) for column in found[:-1])
            raise DataError(
                f"{where!r}: columns {listed} and {shown(found[-1])!r} could both be {name!r}; "
                f"say which, as {how_to_map({name: found[0]}, by_command=by_command)}"
            )
        if len(found) == 1:
            names[found[0]] = name
            if found[0] != name:
                guessed[name] = found[0]
    taken = set(names.values())
    rest = [column for column in columns if column not in names and column not in taken]
    return Naming(
        names={column: names.get(column, "" if column in taken else column) for column in columns},
        guessed=guessed,
        unread=rest if holds == "events" else (),
        meant=_meant(rest, [name for name in FIELDS[holds] if name not in taken], holds),
    )


def how_to_map(columns: Mapping[str, str], *, by_command: bool) -> str:
    """What to write so that these columns are these fields."""
    if by_command:
        return "--map " + ",".join(f"{name}={shown(column)}" for name, column in columns.items())
    pairs = ", ".join(f'{name} = "{shown(column)}"' for name, column in columns.items())
    return f"columns = {{ {pairs} }}"


def likely(name: str, columns: Sequence[str], *, holds: Holds) -> str:
    """The column that a field may be; empty where none looks like it."""
    found = _candidates(name, columns, holds)
    perhaps = _PERHAPS.get(name, "").split()
    return next(iter([*found, *(column for column in columns if _plain(column) in perhaps)]), "")


def is_known(column: str) -> bool:
    """Whether a column is called as exports call any field."""
    return _plain(column) in _KNOWN


def item_field(name: str) -> str:
    """``title``, ``text`` or ``id`` where files call it so of an item; empty for another name."""
    plain = _plain(name)
    known = {"title": _TITLE, "text": " ".join(_ALIASES["items"]["text"]),
             "id": " ".join((_ITEM, "编号", *_TRADE))}  # fmt: skip
    return next((field for field, names in known.items() if plain in names.split()), "")


def fields_of(columns: Sequence[str], *, holds: Holds) -> AbstractSet[str]:
    """The fields that a file has if its rows are what ``holds`` says; without a complaint."""
    return {name for name in FIELDS[holds] if _candidates(name, columns, holds)}


def is_doubtful_event(columns: Sequence[str]) -> bool:
    """Whether an event's item could only be a plain id or a name, which a person has as well."""
    return not _surely("item_id", columns, "events")


def names_a_work(columns: Sequence[str]) -> bool:
    """Whether a column is the title of an item, and cannot be a person's name."""
    return any(_plain(column) in _SURE_TITLE for column in columns)


def _candidates(name: str, columns: Sequence[str], holds: Holds) -> list[str]:
    """The columns of the surest tier that has any."""
    found = _surely(name, columns, holds)
    if found or name != "item_id" or holds != "events":
        return found
    return [column for column in columns if _plain(column) in _NAMED.split()]


def _surely(name: str, columns: Sequence[str], holds: Holds) -> list[str]:
    if name in columns:
        return [name]
    plain = {column: _plain(column) for column in columns}
    tiers = (_plain(name), *_ALIASES[holds].get(name, ()))
    for tier in tiers:
        found = [column for column in columns if plain[column] in tier.split()]
        if found:
            return _narrowest(found) if name in ("item_id", "title") else found
    if name != "item_id":
        return []
    ids = [
        column
        for column in columns
        if _ENDS_AS_ID.search(plain[column])
        and not _OTHER_IDS.search(plain[column])
        and plain[column] not in ("id", *_PERSON.split())
    ]
    return _narrowest(ids)


def _narrowest(columns: list[str]) -> list[str]:
    """Without those that name what the others are parts of: an episode's podcast."""
    return [column for column in columns if not _WHOLES.search(_plain(column))] or columns


def _meant(columns: Sequence[str], fields: Sequence[str], holds: Holds) -> dict[str, str]:
    meant: dict[str, str] = {}
    for column in columns:
        plain = _plain(column)
        for name in fields:
            known = [_plain(name), *" ".join(_ALIASES[holds].get(name, ())).split()]
            perhaps = plain in _PERHAPS.get(name, "").split() and holds == "events"
            if perhaps or (plain and get_close_matches(plain, known, n=1, cutoff=_NEAR)):
                meant[column] = name
                break
    return meant


def _plain(name: str) -> str:
    """``User-ID``, ``user_id`` and ``userId`` alike."""
    return re.sub(r"[\s_\-./]+", "", unicodedata.normalize("NFKC", name)).casefold()


_KNOWN = frozenset(
    word
    for holds, fields in FIELDS.items()
    for name in fields
    for word in [_plain(name), *" ".join(_ALIASES[holds].get(name, ())).split()]
) - frozenset(_THING.split())  # which are as often a value: of a shelf, of a kind of thing

"""What files call the fields of items, events and people, in English and Chinese.

Names only; which column of a file is which field is decided in ``ingest.columns``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from recagent.domain.chinese_scripts import simplified

Tiers = Sequence[str]  # names in words, the surest first; within one tier they are equally sure

PERSON = (
    "user userid uid customer customerid custid member memberid buyer buyerid reviewer "
    "reviewerid account accountid visitor visitorid client clientid person personid "
    "用户 用户id 用户编号 会员 会员id 会员编号 顾客 顾客id 顾客编号 "
    "客户 客户id 客户编号 买家 买家id memberno membernumber customerno customernumber "
    "listener listenerid viewer viewerid reader readerid student studentid learner learnerid "
    "subscriber subscriberid player playerid patron patronid shopper shopperid household "
    "householdid householdkey openid 用户号 会员号 顾客号 客户号 读者 读者id 读者编号 "
    "学员 学员id 学员编号 学生 学生id 学生编号 听众 听众id 观众 观众id 玩家 玩家id"
)
REACHED = (  # people where nothing surer tells them
    "username 用户名 昵称 用户昵称 会员卡号 卡号 读者证号 借书证号 学号 手机号 手机号码 "
    "phone mobile email 邮箱"
)
ITEM = (
    "itemid product productid goods goodsid movieid filmid bookid trackid songid episodeid postid "
    "artistid albumid gameid animeid videoid articleid newsid courseid businessid recipeid "
    "stockcode itemcode productcode goodscode itemno productno 商品id 商品编号 物品id 物品编号 "
    "商品代码 商品编码 商品号"
)
# In a catalogue often beside the id that events name; the shop's own before the trade's.
TRADE = (
    "sku skuid asin 货号 书号 款号 商品货号",
    "isbn isbn13 ean upc gtin barcode 条码 条形码 商品条码",
)
THING = (
    "item movie film book track song artist album game anime video article episode recipe course "
    "商品 物品 图书 书籍 电影 歌曲 游戏 课程 视频 文章 节目 单集"
)
TITLE = (
    "name productname producttitle itemname itemtitle movietitle movienames filmtitle booktitle "
    "gamename songname trackname artistname animename headline gametitle songtitle tracktitle "
    "episodetitle episodename coursename recipename itemdescription "
    "名称 标题 名字 商品名 商品名称 商品标题 片名 电影名 电影名称 书名 图书名称 歌名 歌曲名 "
    "歌曲名称 游戏名 游戏名称 动画名 品名 货品名称 课程名 课程名称 节目名 节目名称 单集标题 剧名"
)
SURE_TITLE = frozenset(f"title {TITLE}".split()) - {"name", "名字", "名称"}  # not of a person
TIME = (
    "time when date datetime at ts createdat createtime createdate eventtime eventdate unixtime "
    "unixtimestamp unixreviewtime reviewtime reviewdate ratedat ratingtime ratingdate "
    "playedat listenedat watchedat viewedat clickedat orderedat purchasedat boughtat readat "
    "播放时间 收听时间 观看时间 "
    "时间 日期 时间戳 行为时间 评分时间 评论时间 浏览时间 购买时间 下单时间 创建时间"
)
KIND = (
    "event eventtype eventname action actiontype behavior behaviortype behaviour behaviourtype "
    "interaction interactiontype 行为 行为类型 动作 操作 操作类型"
)
VALUE = (
    "rating ratings score scores stars star rate overall ratingvalue ratingscore bookrating "
    "movierating userrating userscore myrating myscore reviewscore reviewrating "
    "评分 打分 分数 得分 星级"
)
WEIGHT = (
    "plays playcount playscount listens listencount hours hoursplayed playhours playtime "
    "playtimeforever minutesplayed secondsplayed playedseconds listenedseconds secondslistened "
    "msplayed playseconds seconds minutes pieces units quantity qty count times "
    "visits visitcount viewcount "
    "播放次数 播放量 收听次数 游玩时长 游戏时长 播放时长 观看时长 时长 数量 购买数量 次数 "
    "收听时长 收听秒数 播放秒数 秒数 分钟数 学习时长 阅读时长 件数 份数 购买次数 册数"
)
REVIEW = "review reviewtext reviewbody comment comments 评论 评论内容 点评"
NAMED = f"id 编号 title {TITLE}"  # an event's item, where it has no surer id
ALIASES: Mapping[str, Mapping[str, Tiers]] = {
    "items": {
        "item_id": (ITEM + " id 编号", *TRADE, THING),
        "scene": ("场景",),
        "title": (TITLE, THING),
        "text": ("description", "desc", "overview", "synopsis", "plot", "summary",
                 "描述 商品描述", "简介 内容简介 剧情简介", "介绍"),
    },
    "events": {
        "user_id": (PERSON, REACHED),
        "item_id": (ITEM, *TRADE, THING),
        "timestamp": (TIME,),
        "scene": ("场景",),
        "kind": (KIND,),
        "value": (VALUE,),
        "weight": (WEIGHT,),
        "text": (REVIEW,),
        "device": ("设备",),
        "place": ("地点",),
    },
    "users": {
        "user_id": (PERSON, REACHED, "id 编号"),
        "tags": ("interests likes hobbies 兴趣 兴趣爱好 标签",),
        "about": ("bio 简介 个人简介",),
    },
}  # fmt: skip


def item_field(name: str) -> str:
    """``title``, ``text`` or ``id`` where files call it so of an item; empty for another name."""
    plain = plain_name(name)
    known = {"title": TITLE, "text": " ".join(ALIASES["items"]["text"]),
             "id": " ".join((ITEM, "编号", *TRADE))}  # fmt: skip
    return next((field for field, names in known.items() if plain in names.split()), "")


def plain_name(name: str) -> str:
    """``User-ID``, ``user_id`` and ``userId`` alike, and 書號 as 书号."""
    plain = re.sub(r"[\s_\-./]+", "", unicodedata.normalize("NFKC", name)).casefold()
    return plain if plain.isascii() else simplified(plain)

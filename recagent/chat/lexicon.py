"""The words of critiques in English and Chinese: what they measure, and which values they mean.

Small on purpose: common genres and measures. What is not here is looked for in the catalogue itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """Something that an attribute may tell.

    Attributes:
        names: that the attribute or a part of its name may have, casefolded.
        more: words for more of it than what was shown.
        less: words for less of it.
        said: words that name it, for saying that nothing tells it.
        numeric: whether numbers tell it.
    """

    names: frozenset[str]
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    numeric: bool = True


def _set(*names: str) -> frozenset[str]:
    return frozenset(names)


CONCEPTS: Mapping[str, Concept] = {
    "year": Concept(
        names=_set("year", "released", "published", "年份", "年代", "出版年", "上映年份"),
        more=("newer", "more recent", "more modern", "更新的", "新一点", "新一些", "更近"),
        less=("older", "more classic", "老一点", "老一些", "更老", "更早", "旧一点"),
        said=("year", "decade", "年份", "年代"),
    ),
    "length": Concept(
        names=_set("minutes", "runtime", "duration", "length", "时长", "片长", "分钟"),
        more=("longer", "长一点", "更长", "长一些"),
        less=("shorter", "not so long", "not too long", "quicker", "短一点", "更短", "短一些",
              "别太长", "不要太长"),
        said=("runtime", "length", "片长", "时长"),
    ),
    "pages": Concept(
        names=_set("pages", "页数"), said=("pages", "页数"),
        more=("thicker", "更厚", "厚一点"), less=("thinner", "更薄", "薄一点"),
    ),
    "price": Concept(
        names=_set("price", "cost", "价格", "售价", "单价"),
        more=("more expensive", "pricier", "fancier", "贵一点", "更贵", "贵一些"),
        less=("cheaper", "less expensive", "more affordable", "not so expensive",
              "not too expensive", "便宜一点", "更便宜", "便宜些", "便宜点", "别太贵", "不要太贵"),
        said=("price", "budget", "价格", "预算"),
    ),
    "rating": Concept(
        names=_set("rating", "score", "stars", "评分"),
        more=("better rated", "higher rated", "评分更高", "评分高一点"),
        said=("rating", "review score", "reviews", "critics", "awards", "评分", "口碑", "获奖"),
    ),
    "weight": Concept(names=_set("weight", "重量"), said=("weight", "重量")),
    "age": Concept(
        names=_set("age", "min_age", "age_from", "年龄", "适龄"),
        said=("age rating", "年龄分级"),
    ),
    "director": Concept(
        names=_set("director", "directors", "导演"), numeric=False,
        said=("director", "directors", "导演"),
    ),
    "author": Concept(
        names=_set("author", "authors", "writer", "作者"), numeric=False,
        said=("author", "authors", "writer", "作者", "作家"),
    ),
    "actor": Concept(
        names=_set("actor", "actors", "cast", "演员", "主演"), numeric=False,
        said=("actor", "actors", "actress", "cast", "star cast", "starring", "演员", "主演"),
    ),
    "brand": Concept(
        names=_set("brand", "maker", "品牌"), numeric=False,
        said=("brand", "brands", "maker", "品牌", "牌子"),
    ),
    "language": Concept(
        names=_set("language", "languages", "语言"), numeric=False,
        said=("language", "languages", "subtitles", "dubbed", "语言", "字幕", "配音"),
    ),
    "country": Concept(
        names=_set("country", "countries", "国家", "地区"), numeric=False,
        said=("country", "countries", "国家", "国产", "地区"),
    ),
    "mood": Concept(
        names=_set("mood", "moods", "氛围", "情绪"), numeric=False,
        said=("mood", "vibe", "atmosphere", "tone", "氛围", "情绪", "基调"),
    ),
    "color": Concept(
        names=_set("color", "colour", "颜色"), numeric=False,
        said=("color", "colour", "colors", "colours", "颜色"),
    ),
    "material": Concept(
        names=_set("material", "材质"), numeric=False, said=("material", "材质"),
    ),
    "genre": Concept(
        names=_set("genre", "genres", "topic", "topics", "category", "主题", "类型", "分类"),
        numeric=False, said=("genre", "topic", "类型", "主题"),
    ),
}  # fmt: skip

# Spellings of one thing, casefolded; whichever the catalogue has is meant by all of them.
SPELLINGS: tuple[tuple[str, ...], ...] = (
    ("sci-fi", "science fiction", "science-fiction", "scifi", "sf", "科幻片", "科幻"),
    ("comedy", "funny", "comic", "comedic", "喜剧片", "喜剧", "搞笑"),
    ("horror", "scary", "恐怖片", "恐怖", "惊悚恐怖"),
    ("thriller", "suspense", "suspenseful", "惊悚片", "惊悚", "悬疑片"),
    ("mystery", "whodunit", "detective", "推理", "悬疑"),
    ("crime", "gangster", "犯罪片", "犯罪"),
    ("romance", "romantic", "love story", "爱情片", "爱情", "浪漫"),
    ("drama", "dramatic", "剧情片", "剧情"),
    ("action", "动作片", "动作"),
    ("adventure", "冒险片", "冒险"),
    ("animation", "animated", "cartoon", "anime", "动画片", "动画"),
    ("family", "家庭片", "合家欢", "家庭"),
    ("fantasy", "magical", "奇幻片", "奇幻", "魔幻"),
    ("documentary", "纪录片"),
    ("biography", "biopic", "biographical", "传记片", "传记"),
    ("war", "战争片", "战争"),
    ("history", "historical", "历史片", "历史"),
    ("sport", "sports", "体育", "运动片"),
    ("musical", "歌舞片", "歌舞"),
    ("music", "音乐片", "音乐"),
    ("western", "cowboy", "西部片", "西部"),
    ("film-noir", "film noir", "noir", "黑色电影"),
    ("short", "short film", "短片"),
    ("baking", "cakes", "烘焙"), ("bread", "面包"), ("coffee", "咖啡"),
    ("tea", "茶", "茶叶"), ("vegetables", "vegetable", "蔬菜"),
    ("fermenting", "fermented", "fermentation", "发酵"),
    ("japanese cooking", "japanese", "日式料理", "日式", "日本料理"),
    ("breakfast", "早餐"), ("picnic", "野餐"), ("barbecue", "bbq", "grilling", "烧烤"),
    ("spices", "spice", "香料"), ("pasta", "noodles", "面食"), ("soup", "煲汤", "汤"),
    ("travel", "旅行", "旅游"), ("preserving", "pickling", "腌制"), ("chocolate", "巧克力"),
)  # fmt: skip

# Values that are everyday words too: only their other spellings, or the word with its noun, count.
EVERYDAY: frozenset[str] = _set("short", "news", "adult")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shade:
    """A soft wish: values that fit it, values that do not, and the words that it is put in."""

    said: tuple[str, ...]
    rather: tuple[str, ...] = ()
    not_so: tuple[str, ...] = ()


SHADES: tuple[Shade, ...] = (
    Shade(
        said=("lighter", "light-hearted", "lighthearted", "light", "easy-going", "cheerful",
              "feel-good", "feelgood", "uplifting", "cheer me up", "轻松一点", "轻松点", "轻松",
              "欢乐", "治愈", "解压"),
        rather=("Comedy", "Family", "Animation", "Romance", "Musical"),
        not_so=("Horror", "War", "Crime", "Thriller"),
    ),
    Shade(
        said=("darker", "dark", "heavier", "heavy", "more serious", "serious", "gritty", "deeper", "严肃", "沉重",
              "深刻", "黑暗一点"),
        rather=("Drama", "Crime", "War", "Thriller", "Film-Noir"),
        not_so=("Comedy", "Family", "Animation"),
    ),
    Shade(
        said=("exciting", "thrilling", "action-packed", "fast-paced", "gripping", "刺激", "紧张",
              "过瘾"),
        rather=("Action", "Thriller", "Adventure"),
    ),
    Shade(
        said=("relaxing", "calm", "quiet", "slow", "gentle", "安静", "舒缓", "慢一点"),
        rather=("Documentary", "Family", "Romance"),
        not_so=("Action", "Horror", "Thriller", "War"),
    ),
    Shade(
        said=("less scary", "not so scary", "not too scary", "别太吓人", "不那么恐怖"),
        not_so=("Horror", "Thriller"),
    ),
    Shade(
        said=("less violent", "not so violent", "not too violent", "别太暴力"),
        not_so=("Action", "War", "Crime", "Horror"),
    ),
    Shade(
        said=("thought-provoking", "educational", "informative", "有深度", "长知识"),
        rather=("Documentary", "History", "Biography"),
    ),
)  # fmt: skip

# For a child: the values that a slate then keeps to, and those that it never has.
CHILD_SAID = (
    "for my kids", "for my kid", "for the kids", "for kids", "for my children", "for children",
    "for my child", "for a child", "for my son", "for my daughter", "with my kids", "with the kids",
    "with my kid", "kid-friendly", "kid friendly", "family-friendly", "family friendly",
    "给孩子看", "给孩子", "带孩子看", "带孩子", "和孩子一起看", "和孩子", "适合孩子", "适合儿童",
    "陪孩子看", "陪孩子", "小朋友", "给小孩",
)  # fmt: skip
CHILD_VALUES = ("Family", "Animation", "Kids", "Children", "儿童", "动画", "家庭")
CHILD_NEVER = (
    "Horror", "War", "Crime", "Thriller", "Adult", "Film-Noir", "恐怖", "犯罪", "战争", "惊悚",
)  # fmt: skip

SURPRISE_SAID = (
    "surprise me", "something different", "something unexpected", "something completely different",
    "out of my comfort zone", "给我惊喜", "惊喜", "出乎意料", "换换口味", "不一样的",
)  # fmt: skip

NEWEST_SAID = (
    "the newest", "newest", "the latest", "latest", "recent", "brand new", "something new", "new",
    "modern", "最新的", "最新", "最近的", "新出的", "新片", "新书",
)  # fmt: skip
OLDEST_SAID = ("classics", "classic", "vintage", "old", "经典", "老片", "老电影")
CHEAPEST_SAID = ("cheapest", "cheap", "affordable", "inexpensive", "便宜的", "便宜", "实惠")
SHORTEST_SAID = ("shortest", "short", "quick", "短的", "短片长")

NOT_A_WISH: frozenset[str] = frozenset(
    """a an the and or but of for to in on at with by from as than that this these those it its i me
    my mine we us our you your is are was be been am do does did can could would should will may
    might please pls ok okay so just then now well hey hi hello yes yeah sure thanks thank let lets
    let's i'm im i'd id i'll don't dont doesn't didn't want wants wanted need needs like likes love
    loved watch watching see show shows give find get got have has some something anything thing
    things one ones any stuff kind sort type film films movie movies book books item items title
    titles more less very really quite bit little rather maybe perhaps preferably prefer
    only best good great nice other else another again there here what which who how about up out
    too also not no none without tonight today looking feel feeling mood's recommend recommendation
    recommendations suggest suggestion suggestions pick read reading buy try if made make new us
    make them they he she her his same ones' all most much many few lot lots into over under within
    after before since until should'nt nothing released published came come go going must think bring back""".split()
)

_CHINESE_FILLER = """那样的 这样的 那样 这样 算了 我想要看 我想看 我想要 我要看 给我推荐 推荐一下 有没有 我想找 给我来 来一部 来一本 来点 来个 我要 我想 想看
想要 推荐 给我 帮我 请 找 看看 一部 一本 一个 一些 一点 一下 几部 几本 电影 影片 片子 书籍 图书 的书 东西 什么 有什么 好看 吗 呢 吧
啊 呀 的 了 和 与 或者 或 还是 还要 还有 也 都 就 再 只 比较 稍微 更 最好 最 要 有 是 点 些 片 书 看 买 今天 今晚 现在 谢谢
好的 好 行 可以 那 这 个 部 本 但 但是 而是 不过 而且 并且 左右 想""".split()
CHINESE_FILLER: tuple[str, ...] = tuple(sorted(_CHINESE_FILLER, key=lambda word: -len(word)))

"""The words of reasons and answers, English and Chinese: clauses with places for facts.

Clauses, so that they can be joined: no capital letter at the start, no full stop at the end.
"""

from __future__ import annotations

from collections.abc import Mapping

from recagent.domain import Language

_EN = {
    "wish": "your wish mentions: {words}",
    "tag": "it matches your interest: {words}",
    "attribute": "same {attribute}: {shared}, like “{title}”, which you {judged}{where}",
    "people liked": "{count} people who liked “{title}” also liked it{aside}",
    "people had": "{count} people with “{title}” in their history also have it{aside}",
    "popularity liked": "{count} people liked it in {scene}",
    "popularity had": "it is in the history of {count} people in {scene}",
    "preference": "it is what you asked for: {constraint}",
    "preference forbids": "nothing known of it goes against what you asked for: {constraint}",
    "constraint": "it keeps to: {constraint}",
    "constraint forbids": "nothing known of it breaks: {constraint}",
    "share": "{share} of what speaks for it among the candidates{apart} is {part}",
    "rank": "“{title}” comes before “{other}”: {rank} and {other_rank} of {among} candidates",
    "lead": "{share} of what speaks for “{title}” against “{other}” is {part}",
    "varied": "“{title}” scores below “{other}” and comes first as it is less like those before",
    "ruled": "“{title}” scores below “{other}” and comes first by the scene's shares or paths",
    "barred": "“{title}” is kept away by a rule of {scene}",
    "needs": "“{title}” comes after what it needs and is not finished here: {words}",
    "earlier": "an earlier part comes before “{title}”: {words}",
    "edition met": "“{title}” is another edition of “{other}”, which is in your history",
    "edition ranked": "“{title}” is another edition of “{other}”, and a list has one of them",
    "group": "a list has at most {count} of a series, and “{other}” comes before “{title}”",
    "place": "“{title}” is at {rank} of {among} candidates",
    "place on": "“{title}” is on the slate, at {rank} of {among} candidates",
    "place below": "“{title}” is at {rank} of {among} candidates, and the slate ends at {slate}",
    "absent": "the catalogue has no “{title}”{where}",
    "seen": "“{title}” is in your history (you {judged}{where}), and what you have met is left out",
    "seen before": "“{title}” is in your history, and what you have met is left out",
    "broken": "“{title}” breaks what you asked for: {constraint}{value}",
    "broken rule": "a rule of {scene} keeps “{title}” out: {constraint}{value}",
    "wished": "“{title}” comes before “{other}” as it answers your wish better",
    "unwished": "“{title}” does not answer your wish, and {count} items do",
    "unfound": "“{title}” is not among the {among} candidates that were found",
    "change like": "without “{without}”, which you {judged}{where}, {outcome}",
    "change wish": "without the wish, {outcome}",
    "change constraint": "without the constraint ({constraint}), {outcome}",
    "change seen": "were it not in your history, {outcome}",
    "change edition": "were “{without}” not in your history, {outcome}",
    "steady": "leaving out any one of your newest likes ({count} tried) does not move “{title}”",
    "still out": "“{title}” breaks {count} constraints, and taking back one does not let it in",
    "of": "for “{item}”: {clause}",
    "outcome moves": "“{title}” would go from {before} to {after}",
    "outcome leaves": "“{title}” would go from {before} to outside the candidates",
    "outcome comes": "“{title}” would be at {after}",
    "value": " (its {attribute}: {value})",
    "apart": " (the language model apart)",
    "rating": "gave {rating}",
    "like": "liked",
    "purchase": "bought",
    "finish": "finished",
    "comment": "commented on",
    "click": "clicked",
    "view": "viewed",
    "skip": "skipped",
    "dislike": "disliked",
    "where": " in {scene}",
    "aside": " (you {judged}{where})",
    "from": " (from {scene})",
}
_ZH = {
    "wish": "您的愿望里提到了：{words}",
    "tag": "它符合您的兴趣：{words}",
    "attribute": "同一{attribute}：{shared}，与您{where}{judged}的“{title}”一样",
    "people liked": "喜欢“{title}”的人里有 {count} 位也喜欢它{aside}",
    "people had": "历史记录里有“{title}”的人中有 {count} 位也有它{aside}",
    "popularity liked": "有 {count} 人在“{scene}”里喜欢它",
    "popularity had": "在“{scene}”里，有 {count} 人的历史记录里有它",
    "preference": "它正是您想要的：{constraint}",
    "preference forbids": "已知的信息都不违背您的偏好：{constraint}",
    "constraint": "它符合要求：{constraint}",
    "constraint forbids": "已知的信息都不违反要求：{constraint}",
    "share": "在候选中支持它的部分里{apart}，{share} 来自{part}",
    "rank": "“{title}”排在“{other}”之前：{among} 个候选中分别是第 {rank} 和第 {other_rank}",
    "lead": "相对于“{other}”，支持“{title}”的部分里 {share} 来自{part}",
    "varied": "“{title}”的得分低于“{other}”，排在前面是因为它与更靠前的更不相似",
    "ruled": "“{title}”的得分低于“{other}”，排在前面是因为此场景的份额或先修规则",
    "barred": "“{scene}”的规则不允许推荐“{title}”",
    "needs": "“{title}”要等所需的先完成，而它们尚未完成：{words}",
    "earlier": "“{title}”前面还有您没接触过的部分：{words}",
    "edition met": "“{title}”和您历史记录里的“{other}”是同一作品的不同版本",
    "edition ranked": "“{title}”和“{other}”是同一作品的不同版本，一次只推荐其中一个",
    "group": "同一系列一次最多推荐 {count} 个，而“{other}”排在“{title}”之前",
    "place": "“{title}”在 {among} 个候选中排第 {rank}",
    "place on": "“{title}”在推荐之列，在 {among} 个候选中排第 {rank}",
    "place below": "“{title}”在 {among} 个候选中排第 {rank}，而推荐只到第 {slate}",
    "absent": "{where}目录里没有“{title}”",
    "seen": "您的历史记录里已有“{title}”（您{where}{judged}），接触过的不再推荐",
    "seen before": "您的历史记录里已有“{title}”，接触过的不再推荐",
    "broken": "“{title}”不符合您的要求：{constraint}{value}",
    "broken rule": "“{scene}”的一条规则不让“{title}”出现：{constraint}{value}",
    "wished": "“{title}”更符合您的愿望，所以排在“{other}”前面",
    "unwished": "“{title}”不符合您的愿望，符合的有 {count} 项",
    "unfound": "“{title}”不在找到的 {among} 个候选之中",
    "change like": "如果没有您{where}{judged}的“{without}”，{outcome}",
    "change wish": "如果没有这个愿望，{outcome}",
    "change constraint": "如果去掉要求（{constraint}），{outcome}",
    "change seen": "如果历史记录里没有它，{outcome}",
    "change edition": "如果历史记录里没有“{without}”，{outcome}",
    "steady": "去掉您最近喜欢的任何一件（试了 {count} 件），“{title}”的名次都不变",
    "still out": "“{title}”不符合 {count} 项要求，只去掉其中一项仍不会入选",
    "of": "关于“{item}”：{clause}",
    "outcome moves": "“{title}”会从第 {before} 变到第 {after}",
    "outcome leaves": "“{title}”会从第 {before} 掉出候选",
    "outcome comes": "“{title}”会排在第 {after}",
    "value": "（它的 {attribute}：{value}）",
    "apart": "（语言模型除外）",
    "rating": "打了 {rating} 分",
    "like": "喜欢",
    "purchase": "买过",
    "finish": "看完或用完",
    "comment": "评论过",
    "click": "点开过",
    "view": "浏览过",
    "skip": "跳过",
    "dislike": "不喜欢",
    "where": "在“{scene}”里",
    "aside": "（您{where}{judged}）",
    "from": "（来自“{scene}”）",
}
FORMS: Mapping[Language, Mapping[str, str]] = {"en": _EN, "zh": _ZH}

# What a ranking weighs, told without a direction: a low score with a weight below zero lifts too.
PARTS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "crowd": "what people with your likes went for",
        "popular": "how popular it is here",
        "text": "how near its text is to your taste here",
        "transfer": "how near its text is to your taste in other scenes",
        "lexical": "the words that it has in common with your likes",
        "next": "what people go on to after your last likes",
        "reward": "your answers to earlier slates",
        "preference": "what you asked for",
        "language": "what the language model says",
        "imagined": "what a language model guessed that you might like",
    },
    "zh": {
        "crowd": "与您喜好相同的人的选择",
        "popular": "它在这里的热门程度",
        "text": "它的文字与您在此场景的喜好有多接近",
        "transfer": "它的文字与您在其他场景的喜好有多接近",
        "lexical": "它与您喜欢的有哪些共同的词",
        "next": "人们在您最近喜欢的之后会选什么",
        "reward": "您对之前推荐的反馈",
        "preference": "您这次想要什么",
        "language": "语言模型的判断",
        "imagined": "语言模型猜测您可能喜欢的",
    },
}

# Of constraints that nobody put in words.
OPERATORS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "is": "is", "is not": "is not", "at least": "at least", "at most": "at most",
        "mentions": "mentions", "does not mention": "does not mention", "": "it",
    },
    "zh": {
        "is": "是", "is not": "不是", "at least": "至少", "at most": "至多",
        "mentions": "提到", "does not mention": "不提到", "": "内容",
    },
}  # fmt: skip
FORBIDS = frozenset({"is not", "does not mention"})

# What a reader of ranks should know.
UNHEARD: Mapping[Language, str] = {
    "en": "ranked without the language model",
    "zh": "名次未计入语言模型",
}

# What a list begins with where a wish was made, and what it goes on with.
WISHES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "none": "Nothing in {scene} matches “{wish}”; this list follows {order}.",
        "left out": "What matches “{wish}” in {scene} cannot be shown now: you know it, or a rule "
        "or condition keeps it out. This list follows {order}.",
        "few": "The first {matches} match “{wish}”; the rest follows {order}.",
        "one": "The first matches “{wish}”; the rest follows {order}.",
        "missing": "Nothing in {scene} matches “{missing}”.",
        "other few": "The first {matches} match other words of yours; the rest follows {order}.",
        "other one": "The first matches other words of yours; the rest follows {order}.",
        "taste": "your taste",
        "popular": "what is popular here",
    },
    "zh": {
        "none": "“{scene}”里没有符合“{wish}”的内容；以下按{order}推荐。",
        "left out": "“{scene}”里符合“{wish}”的现在不能推荐：您已经接触过，或被规则、条件排除。"
        "以下按{order}推荐。",
        "few": "前 {matches} 项符合“{wish}”，其余按{order}推荐。",
        "one": "第一项符合“{wish}”，其余按{order}推荐。",
        "missing": "“{scene}”里没有符合“{missing}”的内容。",
        "other few": "前 {matches} 项符合您说的其他词，其余按{order}推荐。",
        "other one": "第一项符合您说的其他词，其余按{order}推荐。",
        "taste": "您的口味",
        "popular": "热门程度",
    },
}

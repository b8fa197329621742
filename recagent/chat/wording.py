"""The agent's sentences in English and Chinese; items are named in them as the catalogue does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recagent.chat.lexicon import CONCEPTS
from recagent.domain import Constraint, Language
from recagent.prompts import one_line

_EN = {
    "hello": "Hello. Ask for something, or say what it should be like: “a comedy from the 90s”, "
    "“no horror”, “more like the second”.",
    "help": "You can say what you want (“under two hours”, “no horror”, “lighter”, “newer than the "
    "second”, “for my kid”, “surprise me”), ask “why the first?”, “compare the first and the "
    "second”, “why not …?”, “find …”, “switch to …”, say “I like the second”, “list”, “undo”, "
    "“forget 2”, or “more”.",
    "empty": "I heard nothing. Say what you are looking for, or “help”.",
    "too long": "That is more than I read at once: I took the first {n} characters.",
    "must": "From now on: {what}.",
    "rather": "Rather: {what}.",
    "wish": "I look for “{words}” in titles, descriptions and values; what matches comes first.",
    "no attribute": "I cannot filter by {concept} (“{words}”): {scene} here tell {attributes}.",
    "cannot": "I cannot turn “{words}” into something to check: {scene} here tell {attributes}.",
    "child": "I go by {attribute} alone; whether it suits a child of a certain age the catalogue "
    "does not say.",
    "mentions": "I leave out what says “{words}” in its title, text or attributes; what is not "
    "written there I cannot see.",
    "set aside": "{what}: nothing here tells it, so it rests until you are back where it does.",
    "unusual": "Away from what you mostly like: {what}.",
    "no usual": "I know nothing of what you usually like, so I surprise you with what you were not "
    "shown.",
    "nothing left": "Nothing in {scene} keeps to all of this.",
    "take back": "Taking back “{what}” would leave {n}.",
    "take back all": "No single one of them helps; “undo” takes back the last.",
    "elsewhere": "“{what}” is to be had in {scenes}: say “switch to …”.",
    "few left": "All of this leaves only {n} that you have not been shown.",
    "shown before": "You have been shown all that keep to this; here they are again.",
    "none unseen": "There is nothing in {scene} that you do not know already.",
    "list": "In force: {what}.",
    "nothing in force": "Nothing is in force: I go by what you liked.",
    "undone": "Taken back. {now}",
    "nothing to undo": "There is nothing to take back.",
    "forgotten": "Taken back. {now}",
    "not in force": "Nothing like “{words}” is in force. {now}",
    "remembered": "I will remember that you are interested in: {what}.",
    "forgotten tag": "I have forgotten that you are interested in: {what}.",
    "for now": "This holds for this conversation.",
    "liked": "Noted: you like “{title}”.",
    "disliked": "Noted: not “{title}”. It will not come again.",
    "which": "Which one do you mean? Say “the second”, or a title in quotes.",
    "beyond": "There is nothing of that number in what I listed last.",
    "which two": "Which two? Say “compare the first and the second”, or titles in quotes.",
    "two scenes": "They are of two scenes, and no ranking has both.",
    "degraded": "Degraded: {why}.",
    "why": "“{title}”: {reasons}",
    "no reasons": "nothing known supports it",
    "both": "Both: {what}.",
    "only": "Only “{title}”: {what}.",
    "differs": "{attribute}: “{first}” {a}, “{second}” {b}.",
    "why not shown": "“{title}” was on a slate: I show nothing twice unless all has been shown.",
    "found": "In the catalogue: {what}.",
    "not found": "Nothing in the catalogue is called “{words}”.",
    "left out": "{n} more break what you asked for.",
    "all left out": "{n} in the catalogue say “{words}”, and all break what you asked for.",
    "scene": "We are in {scene} now.",
    "same scene": "We are in {scene} already.",
    "unknown scene": "There is no “{words}”; there are {scenes}.",
    "ask": "To choose better for you: which {attribute}?",
    "any is fine": "All right, any will do.",
    "model": "The language model did not help here ({why}).",
    "slow": "no answer in half of the time",
    "or": " or ", "not": "not {what}", "at least": "{attribute} from {value}",
    "at most": "{attribute} up to {value}", "is": "{attribute}: {what}",
    "mentions it": "says “{what}”", "no mention": "does not say “{what}”",
    "its id": "without “{what}”", "nothing": "nothing",
    "between": ", ", "further": "; ", "stop": " ", "words": " (“{words}”)",
}  # fmt: skip
_ZH = {
    "hello": "您好。请说您想找什么，或者要什么样的：“90年代的喜剧”“不要恐怖片”“像第二个那样的”。",
    "help": "您可以说要求（“两小时以内”“不要恐怖片”“轻松一点”“比第二个更新的”“给孩子看”“惊喜”），"
    "可以问“为什么推荐第一个”“比较第一个和第二个”“为什么不推荐……”，“搜索……”“换到……”，"
    "可以说“我喜欢第二个”“我的条件”“撤销”“取消2”“换一批”。",
    "empty": "我什么也没听到。请说您想找什么，或者说“帮助”。",
    "too long": "这段话太长了：我只读了前 {n} 个字。",
    "must": "从现在起：{what}。",
    "rather": "尽量：{what}。",
    "wish": "我在标题、简介和属性里找“{words}”，符合的排在前面。",
    "no attribute": "我无法按{concept}筛选（“{words}”）：这里的“{scene}”只有 {attributes}。",
    "cannot": "“{words}”无法变成可以检查的条件：这里的“{scene}”只有 {attributes}。",
    "child": "我只看 {attribute}；是否适合某个年龄的孩子，目录里没有写。",
    "mentions": "标题、简介或属性里写了“{words}”的我都去掉；没有写出来的我看不到。",
    "set aside": "{what}：这里没有这项信息，先放在一边，回到有这项信息的场景再用。",
    "unusual": "避开您平时最喜欢的：{what}。",
    "no usual": "我不了解您平时喜欢什么，就给您看没看过的。",
    "nothing left": "“{scene}”里没有符合全部要求的。",
    "take back": "去掉“{what}”后有 {n} 个。",
    "take back all": "只去掉其中一项都不够；说“撤销”可收回最近一项。",
    "elsewhere": "“{what}”在{scenes}里有：可以说“换到……”。",
    "few left": "还没给您看过、又符合全部要求的只有 {n} 个。",
    "shown before": "符合要求的都给您看过了，这里再列一次。",
    "none unseen": "“{scene}”里没有您不知道的了。",
    "list": "现在的要求：{what}。",
    "nothing in force": "现在没有任何要求：按您喜欢过的来推荐。",
    "undone": "已收回。{now}",
    "nothing to undo": "没有可以收回的。",
    "forgotten": "已取消。{now}",
    "not in force": "现在没有“{words}”这样的要求。{now}",
    "remembered": "我会记住您对这些感兴趣：{what}。",
    "forgotten tag": "我已忘记您对这些感兴趣：{what}。",
    "for now": "这在本次对话中有效。",
    "liked": "记下了：您喜欢“{title}”。",
    "disliked": "记下了：不要“{title}”，不会再出现。",
    "which": "您指的是哪一个？请说“第二个”，或用书名号写出标题。",
    "beyond": "我上次列出的里面没有这个序号。",
    "which two": "是哪两个？请说“比较第一个和第二个”，或用书名号写出标题。",
    "two scenes": "它们属于两个场景，没有同时包含两者的排序。",
    "degraded": "已降级：{why}。",
    "why": "“{title}”：{reasons}",
    "no reasons": "暂无依据",
    "both": "两者都有：{what}。",
    "only": "只有“{title}”有：{what}。",
    "differs": "{attribute}：“{first}”是 {a}，“{second}”是 {b}。",
    "why not shown": "“{title}”已经给您看过：没看完之前，同一个不出现两次。",
    "found": "目录里有：{what}。",
    "not found": "目录里没有叫“{words}”的。",
    "left out": "另有 {n} 个不符合您的要求。",
    "all left out": "目录里有 {n} 个写着“{words}”，但都不符合您的要求。",
    "scene": "现在是“{scene}”。",
    "same scene": "已经在“{scene}”了。",
    "unknown scene": "没有“{words}”；有：{scenes}。",
    "ask": "为了选得更准：您想要哪种 {attribute}？",
    "any is fine": "好的，都可以。",
    "model": "语言模型这次没有帮上忙（{why}）。",
    "slow": "用了一半的时间仍没有答复",
    "or": "或", "not": "不要 {what}", "at least": "{attribute} 不低于 {value}",
    "at most": "{attribute} 不超过 {value}", "is": "{attribute}：{what}",
    "mentions it": "写有“{what}”", "no mention": "没有写“{what}”",
    "its id": "不含“{what}”", "nothing": "（无）",
    "between": "，", "further": "；", "stop": "", "words": "（“{words}”）",
}  # fmt: skip
_FORMS: Mapping[Language, Mapping[str, str]] = {"en": _EN, "zh": _ZH}


def say(key: str, lang: Language, **facts: str) -> str:
    """A sentence with its facts filled in, each as one short line."""
    return _FORMS[lang][key].format(**{name: one_line(fact, 600) for name, fact in facts.items()})


def sentences(parts: Sequence[str], *, lang: Language) -> str:
    """Sentences one after the other."""
    return _FORMS[lang]["stop"].join(filter(None, parts))


def told(constraint: Constraint, *, lang: Language, titles: Mapping[str, str] | None = None) -> str:
    """A constraint in words: "genres: not Horror"; ``titles`` name items by id."""
    forms = _FORMS[lang]
    values = constraint.value if isinstance(constraint.value, tuple) else (constraint.value,)
    shown = [f"{each:.6g}" if isinstance(each, float) else one_line(each) for each in values]
    if constraint.attribute == "id":
        named = [(titles or {}).get(each, each) for each in shown]
        return forms["its id"].format(what=forms["between"].join(named))
    attribute = one_line(constraint.attribute).replace("_", " ")
    match constraint.operator:
        case "is":
            return forms["is"].format(attribute=attribute, what=forms["or"].join(shown))
        case "is not":
            what = forms["between"].join(forms["not"].format(what=each) for each in shown)
            return forms["is"].format(attribute=attribute, what=what)
        case "at least" | "at most":
            form = forms[constraint.operator]
            return form.format(attribute=attribute, value=shown[0])
        case "mentions":
            return forms["mentions it"].format(what=forms["or"].join(shown))
        case "does not mention":
            return forms["no mention"].format(what=forms["or"].join(shown))


def listed(parts: Sequence[str], *, lang: Language) -> str:
    """Parts as a list within a sentence."""
    return _FORMS[lang]["between"].join(parts)


def clauses(parts: Sequence[str], *, lang: Language) -> str:
    """Parts that are lists themselves, as a list within a sentence."""
    return _FORMS[lang]["further"].join(parts)


def concept_name(concept: str, *, lang: Language) -> str:
    """How a concept of the lexicon is called."""
    said = [word for word in CONCEPTS[concept].said if word.isascii() == (lang == "en")]
    return said[0] if said else concept

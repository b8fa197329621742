"""What a turn is for: a closed set of acts, told by rules where the words leave no doubt.

Where no rule fits, ``hearing`` asks the language model; what becomes of an act is ``planning``'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

Act = Literal[
    "recommend", "critique", "more", "explain", "compare", "why_not", "search", "scene", "like",
    "dislike", "remember", "forget", "list", "undo", "help", "chat",
]  # fmt: skip
ACTS: tuple[Act, ...] = get_args(Act)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An act, and the words that it is about.

    Attributes:
        rest: of the turn, without the words that told the act.
        by: ``rule``, ``model``, or ``nothing`` where neither was sure and the words are a critique.
    """

    act: Act
    rest: str
    by: Literal["rule", "model", "nothing"] = "rule"


# The first that matches decides; ``rest`` is what the act is about.
_RULES: tuple[tuple[Act, str], ...] = (
    ("help", r"^(?:/help|help( me)?|what can you do|how does this work)$|^(?:帮助|你会什么|你能做什么|怎么用)$"),
    ("list", r"^/list$|^(?:list|show)(?: me)?(?: (?:my|the|all))? (?:constraints|wishes|conditions|filters|preferences|rules)$"
             r"|^what (?:have you noted|did i (?:ask|say|tell you)|do you (?:know|remember)(?: about me)?)"
             r"|^(?:列出|看看|显示)?(?:我的|所有|现在的)?(?:条件|要求|限制|偏好)(?:列表|有哪些)?$|^我(?:都)?(?:说|提)过什么"),
    ("undo", r"^/undo$|^(?:undo|take (?:that|it|this) back|never ?mind(?: that)?|go back|forget (?:that|it)|scratch that|revert)\b(?P<rest>.*)$"
             r"|^(?:撤销|撤回|收回|算了|当我没说|取消上一条|退回)(?P<rest_zh>.*)$"),
    ("why_not", r"^(?:why|how come)(?: (?:did|do|have|are|is|was|were|would)(?:n't| not)| not| no)(?: you)?(?: (?:suggest|recommend|show|list|include|give)(?:ed|ing)?(?: me)?)?\b(?P<rest>.*)$"
                r"|^为什么(?:不|没有?)(?:推荐|给我|显示)?(?P<rest_zh>.*)$|^怎么(?:不|没有?)(?:推荐)?(?P<rest_zh2>.*)$"),
    ("explain", r"^(?:why|how come)\b(?P<rest>.*)$|^(?:explain|tell me (?:more )?about|what about|say more about|more about)\b(?P<rest_b>.*)$"
                r"|^(?:为什么|为何|解释一?下?|说说|讲讲|介绍一?下?)(?P<rest_zh>.*)$|(?P<rest_zh2>.*)(?:的理由|是什么理由|怎么样)[？?]?$"),
    ("compare", r"^compare\b(?P<rest>.*)$|^(?:what(?:'s| is) )?the difference(?:s)? between (?P<rest_b>.*)$|^which (?:one )?is better[,:]?(?P<rest_c>.*)$"
                r"|^(?P<rest_d>.+ (?:vs\.?|versus) .+)$|^(?:比较|对比)一?下?(?P<rest_zh>.*)$|^(?P<rest_zh2>.+(?:哪个更好|哪个好|有什么(?:区别|不同)))"),
    ("remember", r"^(?:please )?(?:remember|keep in mind|note)(?: that)?\b(?P<rest>.*)$|^(?:请)?记住(?P<rest_zh>.*)$"),
    ("forget", r"^(?:please )?(?:forget(?: about)?|drop|remove|lift|take back|cancel|delete|ignore|allow)\b(?P<rest>.*)$"
               r"|^(?P<rest_b>.+) (?:is|are) (?:fine|ok|okay|allowed)(?: again| after all| now)?$"
               r"|^(?:忘掉|忘了|取消|去掉|删除|不用管|撤掉)(?P<rest_zh>.*)$|^(?P<rest_zh2>.+)也(?:可以|行)了?$"),
    ("scene", r"^/scene\b(?P<rest>.*)$|^(?:switch|change|go|move|take me)(?: over)? (?:to|into)\b(?P<rest_b>.*)$"
              r"|^(?:换到|切换到|转到|去看看?|换成看)(?P<rest_zh>.*)$"),
    ("search", r"^(?:search(?: for)?|find(?: me)?|look (?:up|for)|do you have|have you got|is there|got)\b(?P<rest>.*)$"
               r"|^(?:搜索?一?下?|查找|找一?下|有没有叫)(?P<rest_zh>.*)$"),
    ("more", r"^(?:/more|more(?: please| of (?:these|those|them))?|show me more|(?:something|anything|what) else|others?|next|another(?: one)?|(?:any )?other (?:ideas|options|suggestions)|keep going|again)(?: please)?$"
             r"|^(?:换一批|再来(?:一些|几个|一批)?|还有(?:别的|其他的?)?吗?|下一批|其他的|别的)$"),
    ("chat", r"^(?:hi|hello|hey|good (?:morning|evening|afternoon)|thanks?(?: you)?(?: (?:so|very) much)?|thx|bye|goodbye|cheers|great|cool|ok(?:ay)?|how are you|who are you)(?: there)?$"
             r"|^(?:你好|您好|谢谢(?:你|您)?|多谢|再见|拜拜|好的?|早上好|晚上好|你是谁)$"),
    ("recommend", r"^(?:please )?(?:recommend|suggest)(?: me)?(?: (?:something|anything|some(?:thing)? (?:good|nice)))?(?: to (?:watch|read|buy))?(?: for me)?(?: please)?$"
                  r"|^what (?:should|can|shall|could) (?:i|we) (?:watch|read|see|buy|get|try)(?: (?:today|tonight|next|now))?$"
                  r"|^(?:any (?:ideas|recommendations|suggestions)|start|go|surprise)$"
                  r"|^(?:请)?(?:给我)?推荐(?:一下|点什么|几部|几个|几本|一些|什么|点)?(?:电影|书|东西)?(?:吧|吗)?$|^有什么(?:好看的|好的|推荐的?|可以看的)(?:吗|呢)?$|^看(?:点)?什么好$"),
)  # fmt: skip
_COMPILED = tuple((act, re.compile(pattern, re.IGNORECASE)) for act, pattern in _RULES)
_LIKES = re.compile(
    r"\b(?:i (?:really |also )?(?:like|love|loved|liked|enjoyed)|i'll take|i will take|i choose)\s+(?P<en>[^,;.]+)"
    r"|(?:我)?(?:很|也|最|挺)?(?:喜欢|爱看|就要|选)(?P<zh>[^，。；]+)",
    re.IGNORECASE,
)  # fmt: skip
_DISLIKES = re.compile(
    r"\b(?:i (?:really )?(?:don't|do not|didn't|did not) (?:really )?(?:like|love|enjoy|want)|i (?:hate|hated|dislike|disliked)|not)\s+(?P<en>[^,;.]+)"
    r"|(?:我)?(?:不喜欢|讨厌|不想看|不要)(?P<zh>[^，。；]+)",
    re.IGNORECASE,
)  # fmt: skip
_SEEN = re.compile(
    r"\b(?:i(?:'ve| have)? (?:already )?(?:seen|watched|read|know|own|have))\s+(?P<en>[^,;.]+)"
    r"|(?:我)?(?:已经)?(?:看过|读过|买过|有了?)(?P<zh>[^，。；]+)(?:了)?",
    re.IGNORECASE,
)
_END = " \t\n.!?,;。！？，；~"


def rule(text: str) -> Heard | None:
    """The act that the words tell beyond doubt; None where they do not."""
    said = " ".join(text.replace("’", "'").split()).strip(_END)
    for act, pattern in _COMPILED:
        match = pattern.search(said)
        if match:
            rest = next((each for each in match.groupdict().values() if each), "")
            return Heard(act=act, rest=rest.strip(_END))
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeling:
    """What somebody says of an item: ``rest`` says which; the words stand at ``start:end``."""

    kind: Literal["like", "dislike", "seen"]
    rest: str
    start: int
    end: int


def feelings(text: str) -> list[Feeling]:
    """What a text says of single items, if its words turn out to mean any."""
    found: list[Feeling] = []
    patterns: tuple[tuple[Literal["like", "dislike", "seen"], re.Pattern[str]], ...] = (
        ("dislike", _DISLIKES), ("like", _LIKES), ("seen", _SEEN),
    )  # fmt: skip
    for kind, pattern in patterns:
        for match in pattern.finditer(text.replace("’", "'")):
            start, end = match.span()
            if all(end <= each.start or each.end <= start for each in found):
                rest = match["en"] or match["zh"]
                found.append(Feeling(kind=kind, rest=rest.strip(_END), start=start, end=end))
    return found

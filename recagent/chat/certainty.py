"""How much of a clause is sure enough to act on: the less of it is understood, the less it binds.

A clause of which every word was taken by something is heeded whole. Where words are left over,
what it asks for only moves the order; where a sign of a refusal or a doubt is left over, nothing of
it is in force. What somebody tells of themselves or of others is no wish, nor is a question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from recagent.chat.critiques import Critique
from recagent.chat.frames import Frame
from recagent.chat.lexicon import SHADES, pattern
from recagent.chat.polarity import Polarity
from recagent.chat.quantities import quantities
from recagent.chat.situation import Situation
from recagent.domain import Constraint
from recagent.retrieval.words import singular

_REQUEST = pattern("said", "request")
_REMARK = pattern("said", "remark")
_SOMEBODY_ELSE = pattern("said", "somebody_else")
_WISHING = pattern("said", "wishing")
_ASKING = pattern("said", "asking")
_REQUESTING = pattern("said", "requesting")
_BANS = ("is not", "does not mention")
_POINTING = re.compile(
    r"\b(?:that|those|these|this|it|them|him|her|his|you|your)\b|[这那](?![种样类])|[它他她]"
)
_FEW = 1  # words left over that may be what a value is like: "a cosy mystery"
_FEW_CHARACTERS = 3
_PHRASE = 3  # words of a wish that stands alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Heeded:
    """What of a clause is acted on.

    Attributes:
        critique: what is sure; its wish has only words that items say.
        unsaid: words that are asked for and that no item says.
        untaken: words that nothing was made of.
    """

    critique: Critique
    unsaid: str = ""
    untaken: str = ""


def is_question(clause: str) -> bool:
    """Whether a clause asks something that is to be told, and not for a list."""
    own = clause.strip().casefold()
    return _ASKING.search(own) is not None and _REQUESTING.search(own) is None


def is_refused(clause: str) -> bool:
    """Whether a clause, which asks nothing, holds a sign of a refusal."""
    return not is_question(clause) and Polarity(clause.casefold()).is_refusing(clause.casefold())


def asks(clause: str) -> bool:
    """Whether words ask for something."""
    own = clause.strip(" ,，").casefold()
    if _REMARK.search(own) or _SOMEBODY_ELSE.search(own):
        return _WISHING.search(own) is not None and not _SOMEBODY_ELSE.search(own)
    return _REQUEST.search(own) is not None or _REQUESTING.search(own) is not None


def heeded(clause: str, critique: Critique, situation: Situation, *, is_present: bool) -> Heeded:
    """What of a clause is sure enough to act on.

    Args:
        clause: of a turn.
        critique: that was read of it.
        situation: where the talk is.
        is_present: whether the turn asks for somebody else, so that what is told of them counts.
    """
    whole, left = clause.strip(" ,，、~"), critique.wish
    frame = Frame(clause, situation)
    is_unsure = critique.is_refusing or (frame.is_refusing and not frame.is_sure)
    if is_unsure or is_question(clause):
        is_anything = left or not critique.is_empty or frame.is_refusing
        return Heeded(critique=Critique(), untaken=whole if is_anything else "")
    said, unsaid = said_here(left, situation)
    own = clause.strip(" ,，").casefold()
    is_remark = _REMARK.search(own) is not None or _SOMEBODY_ELSE.search(own) is not None
    if is_remark and not asks(clause):
        return _of_remark(whole, critique, left, is_present=is_present, said=said)
    if not left:
        return _with_said_bans(whole, critique, situation)
    if not asks(clause):  # a noun and what it is like, all of it said by items
        is_phrase = not unsaid and len(left.split()) <= _PHRASE and not frame.is_refusing
        made = _softened(critique) if is_phrase else Critique()
        return Heeded(critique=replace(made, wish=said if is_phrase else ""),
                      untaken="" if is_phrase else whole)  # fmt: skip
    made = _with_firm_bounds(replace(critique, wish=said))
    if unsaid:
        made = _without_shades(made if _is_little(unsaid) else _softened(made))
    return Heeded(critique=made, unsaid=unsaid)


def said_here(wish: str, situation: Situation) -> tuple[str, str]:
    """The words of a wish that items of any scene say, and those that none says.

    A word of a scene's name is neither, for that is where to look, nor is one Chinese character.
    """
    names = {singular(word) for scene in situation.scenes.values()
             for label in scene.labels.values() for word in label.casefold().split()}  # fmt: skip
    found = {word: _is_said(word, situation) for word in wish.split()
             if singular(word) not in names and (len(word) > 1 or word.isascii())}  # fmt: skip
    said, unsaid = (" ".join(word for word in found if found[word] is is_said)
                    for is_said in (True, False))  # fmt: skip
    return said, unsaid


def _of_remark(whole: str, critique: Critique, left: str, *, is_present: bool, said: str) -> Heeded:
    """What a remark keeps out; what it likes counts where it is on whom the wish is for."""
    if is_present:
        is_whole = set(left.split()) <= set(said.split())
        return Heeded(critique=replace(critique if is_whole else _softened(critique), wish=said))
    is_theirs = _SOMEBODY_ELSE.search(whole.casefold()) is not None
    if not left and not is_theirs:
        return Heeded(critique=critique)
    bans = replace(
        critique, wish="", like=None, unclear=(), surprise=False,
        constraints=tuple(each for each in critique.constraints if each.operator in _BANS),
        preferences=tuple(each for each in critique.preferences if each.operator in _BANS),
    )  # fmt: skip
    is_kept = not bans.is_empty
    return Heeded(
        critique=bans, untaken="" if is_kept or (critique.is_empty and not left) else whole
    )


def _with_said_bans(clause: str, critique: Critique, situation: Situation) -> Heeded:
    """The critique without a ban by a word that points at something and that no item says."""
    if not _POINTING.search(clause.casefold()):
        return Heeded(critique=critique)
    unsaid = [
        each for each in critique.constraints if each.operator == "does not mention"
        and not all(_is_said(word, situation) for word in str(each.value).split())
    ]  # fmt: skip
    kept = tuple(each for each in critique.constraints if each not in unsaid)
    return Heeded(critique=replace(critique, constraints=kept), untaken=clause if unsaid else "")


def _with_firm_bounds(critique: Critique) -> Critique:
    """The critique without a number beside words left over that no side and unit make a bound."""

    def is_firm(each: Constraint) -> bool:
        own = quantities(each.words.casefold())
        return not own or all(found.concept and found.bound != "about" for found in own)

    firm = tuple(each for each in critique.constraints if is_firm(each))
    return replace(critique, constraints=firm)


def _softened(critique: Critique) -> Critique:
    """The same with what is asked for moving the order alone; bounds and bans stay."""
    soft = tuple(each for each in critique.constraints if _is_value(each))
    return replace(
        critique,
        constraints=tuple(each for each in critique.constraints if each not in soft),
        preferences=(*critique.preferences, *soft),
    )


def _without_shades(critique: Critique) -> Critique:
    """The same without soft wishes by a word that another may turn: "a slow burn" is not slow."""
    phrases = {phrase for shade in SHADES for phrase in shade.said}
    kept = tuple(each for each in critique.preferences if each.words.casefold() not in phrases)
    return replace(critique, preferences=kept)


def _is_value(constraint: Constraint) -> bool:
    return constraint.operator in ("is", "mentions") and constraint.attribute != "id"


def _is_little(words: str) -> bool:
    return len(words.split()) <= _FEW and (words.isascii() or len(words) <= _FEW_CHARACTERS)


def _is_said(word: str, situation: Situation) -> bool:
    matches = [situation.texts(name).matches(word) for name in situation.scenes]
    return any(each.grades and not each.missing for each in matches)

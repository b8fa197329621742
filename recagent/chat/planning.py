"""From a turn to its steps by rules: pure, so that what an agent will do can be tested.

An act that is all of the turn comes first; else the turn is read clause by clause. What no rule
takes changes nothing.
"""

from __future__ import annotations

from recagent.chat.act_steps import steps_of
from recagent.chat.acts import clauses, rule, stopped
from recagent.chat.care import DELETION
from recagent.chat.clause_steps import clause_steps
from recagent.chat.conversation import Asked, Conversation
from recagent.chat.item_questions import is_order
from recagent.chat.lexicon import pattern, words
from recagent.chat.references import Reference
from recagent.chat.situation import Situation
from recagent.chat.spelling import spelled
from recagent.chat.statements import statements
from recagent.chat.steps import Care, Change, ChangeScene, DeleteMyData, Recommend, Step, Tell
from recagent.domain import Item
from recagent.domain.chinese_scripts import simplified

_OF_A_CLAUSE = ("forget", "allow", "search", "complaint")  # whose words would be all that follows
_CRISIS = pattern("care", "crisis")
_ADVICE = pattern("care", "advice")
_OTHERS = pattern("care", "other_people")


def concerns(text: str) -> tuple[Step, ...] | None:
    """The step where the words leave no doubt that recommending is not the answer."""
    return (Care(concern="crisis"),) if _CRISIS.search(text) else None


def planned(text: str, *, situation: Situation, conversation: Conversation) -> tuple[Step, ...]:
    """The steps of a turn, as far as rules tell them."""
    text = spelled(
        text, vocabulary=situation.vocabulary, is_said=lambda word: _is_said(word, situation)
    )
    text = stopped(text)
    if _ADVICE.search(text):
        return (Care(concern="advice", words=text),)
    other = _OTHERS.search(text)
    if other and conversation.user_id not in filter(None, other.groups()):
        return (Care(concern="other people"),)
    heard = rule(text)
    if heard is not None and heard.act == "search" and statements(text, situation.reference):
        heard = None  # "got the second one already"
    if heard is not None and heard.act in _OF_A_CLAUSE and len(clauses(text)) > 1:
        heard = None  # "forget the budget, and no horror"
    if heard is not None and heard.act != "filler":
        found = steps_of(heard, situation=situation, conversation=conversation)
        if found:
            return found
    if any(is_order(clause.text) for clause in clauses(text)):
        return (Tell(key="cannot order"),)
    is_of_named = any(each.items for each in statements(text, situation.reference))
    if situation.reference.is_beyond(text) and not is_of_named:
        return (Tell(key="beyond"),)
    return clause_steps(text, situation=situation, conversation=conversation)


def answered(text: str, *, asked: Asked) -> tuple[Step, ...] | None:
    """The steps of an answer to a question; None where the text is no answer to it."""
    said = text.strip(" .!?。！？").casefold()
    if asked.about == DELETION:
        if said in words("said", "yes"):
            return (DeleteMyData(is_confirmed=True),)
        return (Tell(key="kept"),) if said in words("said", "no") else None
    if said in words("said", "no_matter"):
        return (Tell(key="any is fine"), Recommend(asking=False))
    chosen = [
        at for at, option in enumerate(asked.options) if simplified(option).casefold() == said
    ]
    if not chosen:
        chosen = _numbered(said, len(asked.options))
    if not chosen and len(asked.options) == 1 and said in words("said", "yes"):
        chosen = [0]
    if len(chosen) != 1:
        return None
    offer = asked.offers[chosen[0]]
    moved = (ChangeScene(name=offer.scene),) if offer.scene is not None else ()
    return (*moved, Change(wants=offer.wants), Recommend(asking=False))


def _is_said(word: str, situation: Situation) -> bool:
    return any(situation.texts(name).matches(word).grades for name in situation.scenes)


def _numbered(said: str, size: int) -> list[int]:
    """The option that a number alone names; "not the second" is no number alone."""
    options = [Item(id=str(at), scene="", title="") for at in range(size)]
    said = f"#{said}" if said.isdigit() else said
    for start, end, item in Reference(slate=options).pointed(said):
        rest = (said[:start] + said[end:]).strip(" ,，")
        if item is not None and rest in words("said", "beside_a_number"):
            return [int(item.id)]
    return []

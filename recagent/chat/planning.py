"""From a turn to its steps by rules: pure, so that what an agent will do can be tested.

What is not wanted is found before anything else, and nothing of it becomes a wish. What no rule
takes changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import pairwise

from recagent.chat.acts import BESIDE, Heard, clauses, rule, stopped
from recagent.chat.care import DELETION
from recagent.chat.conversation import Asked, Conversation, Wants
from recagent.chat.critiques import Critique, read
from recagent.chat.item_questions import asked_of_item, is_order
from recagent.chat.lexicon import pattern, words
from recagent.chat.references import Reference
from recagent.chat.remarks import meant
from recagent.chat.situation import Situation
from recagent.chat.spelling import spelled
from recagent.chat.statements import Statement, statements
from recagent.chat.steps import (
    Care,
    Change,
    ChangeScene,
    Compare,
    DeleteMyData,
    Explain,
    Forget,
    ListWants,
    Recommend,
    Record,
    Remember,
    Search,
    StartOver,
    Step,
    TakeBack,
    Tell,
    TellMyData,
    WhyNot,
)
from recagent.chat.wanting import (
    allowed,
    are_bans,
    as_said,
    asks,
    changed,
    fine_in,
    is_surely_wished,
    said_here,
    scene_asked_for,
)
from recagent.domain import Item
from recagent.domain.chinese_scripts import simplified

_CRISIS = pattern("care", "crisis")
_ADVICE = pattern("care", "advice")
_OTHERS = pattern("care", "other_people")
_NEAR = pattern("said", "near")
_NEAR_WITH_TIME = re.compile(
    rf"(?:{_NEAR.pattern})"
    r"(?:\s*,?\s*(?:not more than|no more than|at most|within|under|less than|max)?\s*"
    r"\d+\s*(?:hours?|h|minutes?|mins?|km|kilomet\w+|miles?)(?: away| by \w+)?)?|"
    r"\d+\s*(?:hours?|minutes?|mins?|km|miles?) (?:away|from (?:here|me))",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    r"\s*\b(?:on|in|among|from) (?:the|your|my|this) (?:list|suggestions|recommendations)\b.*$"
    r"|\s*\b(?:there|here|shown|included|missing|listed)$|(?:不在|没在|没有?出现).*$",
    re.IGNORECASE,
)
_WHICH = re.compile(
    r"^(?:and )?(?:which|what) (?:of (?:these|them|those)|ones?) (?:is|are|was|has|have)\b"
    r"|^(?:这些|这里)?(?:里面?)?哪(?:个|部|本)(?:最|更)",
    re.IGNORECASE,
)
_IS_IT = re.compile(r"^\s*(?:is|are|was|were|does|did|will)\s+(?!there\b)", re.IGNORECASE)
_COMMANDS = ("/list", "/undo", "/more", "/scene", "/help")


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
    if heard is not None and heard.act != "filler":
        found = _steps_of(heard, situation=situation, conversation=conversation)
        if found:
            return found
    if any(is_order(clause.text) for clause in clauses(text)):
        return (Tell(key="cannot order"),)
    if situation.reference.is_beyond(text):
        return (Tell(key="beyond"),)
    if _WHICH.search(text):
        return (Tell(key="not understood"),)
    return _of_clauses(text, situation=situation, conversation=conversation)


def _of_clauses(text: str, *, situation: Situation, conversation: Conversation) -> tuple[Step, ...]:
    """The steps of a turn of which each part may be for something else."""
    reference, wants = situation.reference, conversation.wants
    said = statements(text, reference)
    left = _without(text, [(each.start, each.end) for each in said])
    fine, spans = fine_in(left, situation)
    left = _without(left, spans)
    beside: list[Step] = []
    wants_list = False
    for clause in clauses(left):
        heard = rule(clause.text)
        if heard is not None and heard.act == "undo" and len(clauses(left)) > 1:
            heard = replace(heard, act="filler")  # "no more war, forget that"
        found: tuple[Step, ...] = ()
        question = asked_of_item(
            clause.text, situation, is_question=left[clause.end : clause.end + 1] in ("?", "？")
        )
        if question is not None and (heard is None or heard.act in ("filler", "recommend")):
            found = (question,)
        elif heard is not None and heard.act in BESIDE:
            wants_list |= heard.act in ("recommend", "more")
            if heard.act not in ("filler", "recommend", "more"):
                found = _steps_of(heard, situation=situation, conversation=conversation)
                if heard.act == "hello":
                    found = (Tell(key="hi"),)
        else:
            continue
        beside += found
        left = _without(left, [(clause.start, clause.end)])
    place = _NEAR_WITH_TIME.search(left)
    if place:
        beside.append(Tell(key="no place"))
        left = _without(left, [place.span()])
    if _IS_IT.search(left) and not (said or beside):
        return (Tell(key="not understood"),)
    if reference.is_other(left) and not said:
        return (*beside, Tell(key="which"))
    return _joined(
        left, fine=fine, said=said, beside=beside, wants_list=wants_list or place is not None,
        situation=situation, wants=wants,
    )  # fmt: skip


def _joined(
    left: str,
    *,
    fine: AbstractSet[str],
    said: Sequence[Statement],
    beside: Sequence[Step],
    wants_list: bool,
    situation: Situation,
    wants: Wants,
) -> tuple[Step, ...]:
    """The steps of what is said of items, of questions, and of what is wanted besides."""
    recorded = _recorded(said)
    left, scene = scene_asked_for(left, situation)
    critique, lifted = allowed(fine, _read(left, situation, wants), wants)
    is_said = bool(recorded) and not asks(left)  # what is told of a film besides is no wish
    if critique.wish and (is_said or not is_surely_wished(left, critique, situation)):
        if critique.is_empty and not (recorded or beside or wants_list or scene):
            return (Tell(key="not understood"),)
        critique = replace(critique, wish="")
    wish, unsaid = said_here(critique.wish, situation)
    critique = replace(critique, wish=wish)
    change = changed(critique, wants=lifted, situation=situation, text=left)
    if not change and lifted != wants:
        change = (Change(wants=lifted),)
    if unsaid:
        beside = (*beside, Tell(key="unknown words", facts={"words": as_said(unsaid, left)}))
        wants_list |= asks(left)
    unknown = (Tell(key="no such title", facts={"words": each}) for each in critique.unknown)
    beside = tuple(_once((*beside, *unknown)))
    wants_list |= bool(critique.unknown)
    moved = (ChangeScene(name=scene),) if scene is not None else ()
    is_asking = bool(change or moved or wants_list or critique.wish or _calls_for_list(said))
    if not (is_asking or recorded or beside):
        return (Tell(key="not understood"),)
    without = (critique.like.id,) if critique.like else ()
    again = (Recommend(without=without),) if is_asking else ()
    greeting = tuple(each for each in beside if isinstance(each, Tell) and each.key == "hi")
    rest = tuple(each for each in beside if each not in greeting)
    return (*greeting, *recorded, *moved, *change, *rest, *again)


def _steps_of(  # noqa: C901 - one arm an act
    heard: Heard, *, situation: Situation, conversation: Conversation
) -> tuple[Step, ...]:
    """The steps of an act; none where its words turn out to be for something else."""
    reference, wants = situation.reference, conversation.wants
    if reference.is_beyond(heard.rest):
        return (Tell(key="beyond"),)
    match heard.act:
        case "help":
            return (Tell(key="help"),)
        case "command":
            facts = {"words": heard.rest, "commands": ", ".join(_COMMANDS)}
            return (Tell(key="unknown command", facts=facts),)
        case "hello":
            return (Tell(key="hello"),)
        case "about" | "thanks" | "complaint":
            return (Tell(key=heard.act),)
        case "my_data":
            return (TellMyData(),)
        case "delete":
            return (DeleteMyData(),)
        case "list":
            return (ListWants(),)
        case "start_over":
            return (StartOver(),)
        case "undo" | "back":
            return (TakeBack(), Recommend(asking=False, only=conversation.list_before))
        case "forget":
            return (Forget(words=heard.rest), Recommend(asking=False))
        case "allow" if are_bans(meant(heard.rest, wants)):
            return (Forget(words=heard.rest), Recommend(asking=False))
        case "recommend" | "more":
            return (Recommend(),)
        case "explain":
            return _explained(heard, situation)
        case "compare":
            return _compared(heard, reference)
        case "why_not":
            return _not_shown(heard, situation)
        case "scene":
            return _moved(heard, situation)
        case "remember":
            return _remembered(heard, situation, wants)
        case "search":
            return _searched(heard, situation, wants)
        case "allow":
            return _of_clauses(heard.rest, situation=situation, conversation=conversation)
        case "filler":
            return ()


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


def _read(text: str, situation: Situation, wants: Wants) -> Critique:
    return read(
        text,
        vocabulary=situation.vocabulary,
        reference=situation.reference,
        in_force=wants.constraints,
        likes=[situation.likes.get(key, 0) for key in situation.here],
        likes_of=situation.likes,
    )


def _is_said(word: str, situation: Situation) -> bool:
    return any(situation.texts(name).matches(word).grades for name in situation.scenes)


def _once(steps: Sequence[Step]) -> list[Step]:
    """The steps without those that are there before."""
    return [each for at, each in enumerate(steps) if each not in steps[:at]]


def _recorded(said: Sequence[Statement]) -> tuple[Step, ...]:
    recorded = tuple(Record(item=item, kind=each.kind) for each in said for item in each.items)
    unknown = tuple(
        Tell(key="no such title", facts={"words": title}) for each in said for title in each.unknown
    )
    return (*recorded, *unknown)


def _calls_for_list(said: Sequence[Statement]) -> bool:
    """Whether what was said of items makes another list; that one of it was liked does not."""
    return any(each.kind != "like" or len(each.items) > 1 for each in said if each.items)


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with a stop for each of its spans."""
    for start, end in sorted(spans, reverse=True):
        text = f"{text[:start]},{' ' * (end - start - 1)}{text[end:]}" if end > start else text
    return text


def _explained(heard: Heard, situation: Situation) -> tuple[Step, ...]:
    reference = situation.reference
    items = reference.meant(heard.rest)
    if heard.rest.casefold() in words("said", "these"):
        items = list(reference.slate)
    if not heard.rest and reference.spoken_of:
        items = [reference.focus] if reference.focus else list(reference.slate)
    if items:
        return tuple(Explain(item=item) for item in items)
    return (Tell(key="which"),) if len(heard.rest.split()) <= 3 else ()


def _compared(heard: Heard, reference: Reference) -> tuple[Step, ...]:
    items: list[Item] = reference.meant(heard.rest)
    if len(items) == 1 and reference.focus and reference.focus.id != items[0].id:
        items = [reference.focus, *items]
    if len(items) < 2 and heard.rest.casefold() in ("", *words("said", "these")):
        items = list(reference.slate[:2])
    pairs = tuple(Compare(first=one, second=other) for one, other in pairwise(items))
    return pairs or (Tell(key="which two"),)


def _not_shown(heard: Heard, situation: Situation) -> tuple[Step, ...]:
    rest = _TRAILING.sub("", clauses(heard.rest)[0].text if heard.rest else "").strip()
    items = situation.reference.meant(rest)
    if items:
        return (WhyNot(item=items[0]),)
    is_kind = any(situation.vocabulary.values_in(rest.lower())) or rest in words("said", "these")
    if len(rest) > 1 and not is_kind:
        return (Tell(key="no such title", facts={"words": rest.strip('"“”《》「」')}),)
    return (Tell(key="which"),)


def _searched(heard: Heard, situation: Situation, wants: Wants) -> tuple[Step, ...]:
    """A search of the catalogue, unless the words ask for what can be checked."""
    is_of_one = bool(_read(heard.rest, situation, wants).is_empty)
    is_scene = scene_asked_for(heard.rest, situation)[1] is not None
    return (Search(words=heard.rest),) if is_of_one and not is_scene else ()


def _moved(heard: Heard, situation: Situation) -> tuple[Step, ...]:
    name = situation.scene_named(heard.rest)
    if name is None:
        return (Tell(key="unknown scene", facts={"words": heard.rest}),)
    return (ChangeScene(name=name), Recommend())


def _remembered(heard: Heard, situation: Situation, wants: Wants) -> tuple[Step, ...]:
    critique = _read(heard.rest, situation, wants)
    liked = [each for each in (*critique.constraints, *critique.preferences)
             if each.operator in ("is", "mentions")]  # fmt: skip
    tags: list[str] = []
    for each in liked:
        tags += each.value if isinstance(each.value, tuple) else [str(each.value)]
    if not liked and critique.wish:
        tags = [critique.wish]
    rest = replace(
        critique,
        constraints=tuple(each for each in critique.constraints if each not in liked),
        preferences=tuple(each for each in critique.preferences if each not in liked),
        wish="",
    )
    change = changed(rest, wants=wants, situation=situation, text=heard.rest)
    kept = tuple(Remember(tag=tag) for tag in dict.fromkeys(tags))
    return (*kept, *change, *([Tell(key="for now")] if change else [])) or (Tell(key="empty"),)


def _numbered(said: str, size: int) -> list[int]:
    """The option that a number alone names; "not the second" is no number alone."""
    options = [Item(id=str(at), scene="", title="") for at in range(size)]
    said = f"#{said}" if said.isdigit() else said
    for start, end, item in Reference(slate=options).pointed(said):
        rest = (said[:start] + said[end:]).strip(" ,，")
        if item is not None and rest in words("said", "beside_a_number"):
            return [int(item.id)]
    return []

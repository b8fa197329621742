"""A turn clause by clause: each is an act, a question, or something that is wanted.

What is said of items has been found before; what no clause takes is said at the end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from recagent.chat.act_steps import critique_in, steps_of
from recagent.chat.acts import Clause, Heard, clauses, rule
from recagent.chat.certainty import Heeded, asks, heeded, is_question, is_refused
from recagent.chat.comparisons import is_compared
from recagent.chat.conversation import Conversation, Wants
from recagent.chat.frames import Frame
from recagent.chat.item_questions import asked_of_item, compared
from recagent.chat.lexicon import content, pattern
from recagent.chat.references import Named
from recagent.chat.remarks import forgotten, texts
from recagent.chat.situation import Situation
from recagent.chat.statements import Statement, statements
from recagent.chat.steps import (
    Change,
    ChangeScene,
    Describe,
    Forget,
    Recommend,
    Record,
    StartOver,
    Step,
    Tell,
)
from recagent.chat.wanting import (
    changed,
    for_a_present,
    permitted,
    scene_asked_for,
    without_items,
)
from recagent.domain import Constraint, Item

_NEAR = pattern("said", "near")
_NEAR_WITH_TIME = re.compile(
    rf"(?:{_NEAR.pattern})"
    r"(?:\s*,?\s*(?:not more than|no more than|at most|within|under|less than|max)?\s*"
    r"\d+\s*(?:hours?|h|minutes?|mins?|km|kilomet\w+|miles?)(?: away| by \w+)?)?|"
    r"\d+\s*(?:hours?|minutes?|mins?|km|miles?) (?:away|from (?:here|me))",
    re.IGNORECASE,
)
_GIFT = pattern("said", "gift")
_WHOM = pattern("said", "whom")
_FOR_MYSELF = pattern("said", "for_myself")
_REFUSING_BEFORE = pattern("said", "refusing_before")
_OR = re.compile(r"\b(?:or|nor)\b|或")
_BESIDE_VALUES = re.compile(r"\0|\b(?:or|nor|and|an?|any)\b|或者?|和|还有|的|片|[\s/、]")
_BRIEF = 60  # characters of what was not understood that are said again
_BESIDE = 2  # words beside an item in a clause that is on it and asks for no other
_THEIRS = pattern("said", "theirs")


@dataclass(slots=True, kw_only=True)
class _Turn:
    """What has been made of the clauses of a turn so far.

    Attributes:
        wants: with what the clauses change.
        answers: steps that answer something and change nothing.
        unclear: words that cannot be expressed, each with its concept.
        untaken: words that nothing was made of.
        unsaid: words that are asked for and that no item says.
        scene: that is asked for.
        without: items that others are to be like.
        is_listing: whether a list is asked for.
        is_surprise: whether it is to be unlike what the person usually likes.
        is_anew: whether all that was wanted before goes.
        is_present: whether it is asked for somebody else.
        is_alone: whether the turn has one clause.
        is_told: whether it tells of items.
    """

    situation: Situation
    conversation: Conversation
    wants: Wants
    answers: list[Step] = field(default_factory=list[Step])
    unclear: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    untaken: list[str] = field(default_factory=list[str])
    unsaid: list[str] = field(default_factory=list[str])
    scene: str | None = None
    without: tuple[str, ...] = ()
    is_listing: bool = False
    is_surprise: bool = False
    is_anew: bool = False
    is_present: bool = False
    is_alone: bool = False
    is_told: bool = False


def clause_steps(
    text: str, *, situation: Situation, conversation: Conversation
) -> tuple[Step, ...]:
    """The steps of a turn of which each clause may be for something else."""
    said = statements(text, situation.reference)
    turn = _Turn(situation=situation, conversation=conversation, wants=conversation.wants)
    left = _without(text, [(each.start, each.end) for each in said])
    left = _of_whom(turn, left)
    began = turn.wants
    place = _NEAR_WITH_TIME.search(left)
    if place:
        turn.answers.append(Tell(key="no place"))
        turn.is_listing = True
        left = _without(left, [place.span()])
    left, turn.scene = scene_asked_for(left, situation)
    turn.is_told = bool(said)
    turn.is_alone = len(clauses(left)) == 1
    pairs = [] if said else compared(left, situation.reference)
    turn.answers += pairs
    parts = _with_lists(clauses(left), turn)
    for at, clause in enumerate(parts):
        after = parts[at + 1].text if at + 1 < len(parts) else ""
        if pairs and (is_question(clause.text) or situation.reference.mentioned(clause.text)):
            continue  # "which is newer, Alien or Heat"
        if _REFUSING_BEFORE.search(after.casefold()):
            turn.untaken.append(clause.text)
            continue
        _take(turn, clause.text, is_marked=left[clause.end : clause.end + 1] in ("?", "？"))
    if turn.wants == began and began.own == conversation.wants:
        turn.wants = conversation.wants  # nothing was asked for them
    return _steps(turn, said)


def _with_lists(parts: Sequence[Clause], turn: _Turn) -> list[Clause]:
    """The clauses, a list of what is refused as one: "no horror, war or romance".

    Where no "or" says that it is one list, what stands behind the refusal is not sure.
    """
    made: list[Clause] = []
    for clause in parts:
        is_list = bool(made) and is_refused(made[-1].text) and _is_of_values(clause.text, turn)
        if is_list and _OR.search(clause.text.casefold()):
            first = made.pop()
            text = f"{first.text} or {clause.text}"
            made.append(Clause(text=text, start=first.start, end=clause.end))
        elif is_list:
            turn.untaken.append(clause.text)
        else:
            made.append(clause)
    return made


def _is_of_values(text: str, turn: _Turn) -> bool:
    """Whether a clause has values and nothing beside them, not even a word that asks."""
    own = text.casefold()
    for each in reversed([*turn.situation.vocabulary.values_in(own)]):
        own = own[: each.start] + "\0" + own[each.end :]
    return "\0" in own and not _BESIDE_VALUES.sub("", own)


def _of_whom(turn: _Turn, text: str) -> str:
    """A wish for somebody else begins, or is over: then the person's own wants hold again."""
    if turn.wants.own is not None and (match := _FOR_MYSELF.search(text.casefold())):
        turn.wants = turn.wants.own
        turn.is_listing = True
        return _without(text, [match.span()])
    if _GIFT.search(text):
        turn.is_present = True
        if turn.wants.own is None:
            whom = _WHOM.search(text)
            turn.wants = for_a_present(turn.wants, whom=whom[0].strip() if whom else "")
    turn.is_present |= turn.wants.own is not None
    return text


def _take(turn: _Turn, text: str, *, is_marked: bool) -> None:
    """Make of one clause what it is: a question, an act, something on an item, else a wish."""
    named = turn.situation.reference.mentioned(text)
    items = [each.item for each in named if each.item and (each.is_sure or _is_theirs(text))]
    heard = rule(text)
    question = asked_of_item(text, turn.situation, is_question=is_marked)
    if question is not None and (heard is None or heard.act in ("filler", "recommend", "allow")):
        turn.answers.append(question)
    elif heard is None or not _take_act(turn, heard):
        is_beside = len(content(_without_named(text, named)).split()) > _BESIDE
        _take_wish(turn, text, items=[] if is_beside and not _is_theirs(text) else items)
    if items:  # "it" of the clauses behind it
        focus = replace(turn.situation.reference, focus=items[-1])
        turn.situation = replace(turn.situation, reference=focus)


def _take_wish(turn: _Turn, text: str, *, items: Sequence[Item]) -> None:
    """Make of a clause what it asks for; ``items``: that it is on, so that it asks for no other."""
    reference = turn.situation.reference
    critique = critique_in(text, turn.situation, turn.wants)
    is_other = reference.is_other(text) and len(content(text.casefold()).split()) <= 1
    frame = Frame(text, turn.situation)
    is_refusing = frame.is_refusing and not is_question(text)
    if items and is_refusing and not (frame.is_sure or _is_theirs(text)):
        turn.untaken.append(text)
    elif items and (_is_theirs(text) or is_refusing):
        turn.wants = without_items(items, wants=turn.wants, words=text)
        turn.is_listing = True
    elif critique.like is None and (is_other or reference.is_one_of(text)):
        turn.answers.append(Tell(key="which"))
    elif items and critique.like is None and not is_compared(text):
        turn.answers.append(Describe(item=items[-1], words=text))
    elif frame.is_permitting:
        _permit(turn, text)
    else:
        if turn.is_told and not asks(text):  # what is told of an item besides is no wish
            critique = replace(critique, wish="")
        _want(turn, text, heeded(text, critique, turn.situation, is_present=turn.is_present))


def _permit(turn: _Turn, text: str) -> None:
    """Lift the wish for values that need not be: "it doesn't have to be a comedy"."""
    found = turn.situation.vocabulary.values_in(text.casefold())
    values = {value for each in found for value in each.values}

    def is_lifted(each: Constraint) -> bool:
        return (
            each.operator == "is" and bool(texts(each.value)) and set(texts(each.value)) <= values
        )

    kept = replace(
        turn.wants,
        constraints=tuple(each for each in turn.wants.constraints if not is_lifted(each)),
        preferences=tuple(each for each in turn.wants.preferences if not is_lifted(each)),
    )
    turn.is_listing |= kept != turn.wants
    turn.untaken += [text] if kept == turn.wants else []
    turn.wants = kept


def _want(turn: _Turn, text: str, sure: Heeded) -> None:
    """Change what is wanted by what is sure of a clause, and keep what is not for saying it."""
    made = changed(sure.critique, wants=turn.wants, situation=turn.situation)
    for each in made:
        turn.wants = each.wants
        turn.unclear += each.unclear
        turn.is_surprise |= each.surprise
    turn.is_listing |= bool(made or sure.critique.wish or sure.critique.unknown)
    turn.without += (sure.critique.like.id,) if sure.critique.like else ()
    turn.answers += [
        Tell(key="no such title", facts={"words": title}) for title in sure.critique.unknown
    ]
    if sure.unsaid:
        turn.unsaid.append(_as_said(sure.unsaid, text))
        turn.is_listing |= asks(text)
    turn.untaken += [sure.untaken] if sure.untaken else []


def _without_named(text: str, named: Sequence[Named]) -> str:
    """A clause, casefolded, without the items that it names."""
    for each in reversed(named):
        text = text[: each.start] + " " + text[each.end :]
    return text.casefold()


def _is_theirs(text: str) -> bool:
    """Whether somebody else is said to have or know what a clause names."""
    return _THEIRS.search(text.casefold()) is not None


def _take_act(turn: _Turn, heard: Heard) -> bool:
    """Whether a clause is an act and nothing else; its steps are then taken."""
    match heard.act:
        case "filler" | "undo":  # "no more war, forget that"
            pass
        case "recommend" | "more":
            turn.is_listing = True
        case "hello":
            turn.answers.append(Tell(key="hi"))
        case "start_over":
            turn.wants, turn.is_anew, turn.is_listing = Wants(), True, True
        case "forget":
            kept = forgotten(heard.rest, turn.wants, situation=turn.situation)
            if kept == turn.wants:
                turn.answers.append(Forget(words=heard.rest))  # which says that it does not hold
            turn.is_listing |= kept != turn.wants
            turn.wants = kept
        case "allow":
            return _allow(turn, heard.rest)
        case "thanks" | "complaint" | "about" | "explain" | "why_not" | "compare":
            found = steps_of(heard, situation=turn.situation, conversation=turn.conversation)
            turn.answers += found
            return bool(found)
        case _:
            return False
    return True


def _allow(turn: _Turn, words: str) -> bool:
    """Whether something is fine that was not; "a comedy is fine" alone is a wish like others."""
    if is_refused(words):  # "all but horror is fine"
        return False
    critique = critique_in(words, turn.situation, turn.wants)
    fine = permitted(words, critique, turn.wants, turn.situation)
    if fine is None:
        return not content(words)
    if turn.is_alone and not _is_less(fine, turn.wants):
        return False
    turn.wants, turn.is_listing = fine, True
    return True


def _steps(turn: _Turn, said: Sequence[Statement]) -> tuple[Step, ...]:
    """The steps of all clauses, in the order in which they are carried out."""
    recorded = tuple(Record(item=item, kind=each.kind) for each in said for item in each.items)
    turn.answers += [
        Tell(key="no such title", facts={"words": title}) for each in said for title in each.unknown
    ]
    is_changed = turn.wants != turn.conversation.wants
    moved = (ChangeScene(name=turn.scene),) if turn.scene is not None else ()
    anew = (StartOver(),) if turn.is_anew else ()
    change: tuple[Step, ...] = ()
    if (
        turn.unclear
        or turn.is_surprise
        or (is_changed and turn.wants != (Wants() if anew else None))
    ):
        change = (
            Change(
                wants=turn.wants,
                unclear=tuple(dict.fromkeys(turn.unclear)),
                surprise=turn.is_surprise,
            ),
        )
    is_asking = turn.is_listing or bool(moved) or is_changed or _calls_for_list(said)
    if not (is_asking or recorded or turn.answers or turn.unsaid or change):
        return (Tell(key="not understood"),)
    answers = [each for at, each in enumerate(turn.answers) if each not in turn.answers[:at]]
    if not _is_closing(answers, is_asking=is_asking):
        answers += _not_used(turn)
    again = (Recommend(without=turn.without),) if is_asking else ()
    hi = tuple(each for each in answers if isinstance(each, Tell) and each.key == "hi")
    rest = tuple(each for each in answers if each not in hi)
    return (*hi, *recorded, *anew, *moved, *change, *rest, *again)


def _not_used(turn: _Turn) -> list[Step]:
    """One short sentence on what was not understood, with its words where they are few."""
    every = list(dict.fromkeys((*turn.unsaid, *turn.untaken)))
    if not every:
        return []
    facts = {"words": ", ".join(every)}
    if len(every) == 1 and turn.unsaid:
        return [Tell(key="unknown words", facts=facts)]
    if len(facts["words"]) > _BRIEF:
        return [Tell(key="partly understood")]
    return [Tell(key="untaken", facts=facts)]


def _is_closing(answers: Sequence[Step], *, is_asking: bool) -> bool:
    """Whether a turn only says thanks, so that what else it tells is beside the point."""
    return not is_asking and any(
        isinstance(each, Tell) and each.key == "thanks" for each in answers
    )


def _is_less(wants: Wants, before: Wants) -> bool:
    """Whether something that was wanted before is not any more."""
    now = (*wants.constraints, *wants.preferences)
    return any(each not in now for each in (*before.constraints, *before.preferences))


def _calls_for_list(said: Sequence[Statement]) -> bool:
    """Whether what was said of items makes another list; that one of it was liked does not."""
    return any(each.kind != "like" or len(each.items) > 1 for each in said if each.items)


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with a stop for each of its spans."""
    for start, end in sorted(spans, reverse=True):
        text = f"{text[:start]},{' ' * (end - start - 1)}{text[end:]}" if end > start else text
    return text


def _as_said(words: str, text: str) -> str:
    """Words as they stand in a text, with what is between them; as they are where they do not."""
    first, *_, last = words.split() * 2
    lowered = text.lower()
    start, end = lowered.find(first), lowered.rfind(last) + len(last)
    return text[start:end] if 0 <= start < end and len(words.split()) > 1 else words

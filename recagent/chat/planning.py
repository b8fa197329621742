"""From what was heard to the steps of a turn: pure, so that what an agent will do can be tested."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from recagent.chat.acts import Feeling, Heard, feelings, rule
from recagent.chat.conversation import Asked, Wants, renewed
from recagent.chat.critiques import Critique, read
from recagent.chat.lexicon import pattern, words
from recagent.chat.references import Reference
from recagent.chat.remarks import meant
from recagent.chat.situation import Situation
from recagent.chat.steps import (
    Change,
    ChangeScene,
    Compare,
    Explain,
    Forget,
    ListWants,
    Recommend,
    Record,
    Remember,
    Search,
    Step,
    TakeBack,
    Tell,
    WhyNot,
)
from recagent.domain import Constraint, Item
from recagent.domain.chinese_scripts import simplified

_MOST_PREFERENCES = 24  # the oldest go first: soft wishes of long ago would drown the new ones
_MOST_WISHES = 4
_REQUEST = pattern("said", "request")


def planned(text: str, *, situation: Situation, wants: Wants) -> tuple[Step, ...] | None:
    """The steps of a turn, as far as rules and critiques tell them.

    None where the words are neither: then somebody else must say which act they are.
    """
    heard = rule(text)
    if heard is not None:
        return steps_of(heard, situation=situation, wants=wants)
    if situation.reference.is_beyond(text):
        return (Tell(key="beyond"),)
    scene = _sceneasked_for(text, situation)
    felt = [(each, items) for each in feelings(text)
            if (items := situation.reference.meant(each.rest))]  # fmt: skip
    left = _without(text, [each for each, _ in felt])
    critique = read(left, vocabulary=situation.vocabulary, reference=situation.reference)
    recorded = _recorded(felt)
    if felt:
        more = not critique.is_empty
        changed = _changed(critique, wants=_seen_wants(felt, wants), keep_wish=more)
        disliked = any(each.kind == "dislike" for each, _ in felt)
        again = [Recommend()] if more or disliked else []
        return (*recorded, *changed, *again)
    if scene is not None:
        return (ChangeScene(name=scene), *asked_for(critique, wants))
    if critique.is_empty:
        return (Recommend(),) if not critique.wish and _REQUEST.search(text) else None
    return asked_for(critique, wants)


def steps_of(  # noqa: C901 - one arm an act
    heard: Heard, *, situation: Situation, wants: Wants
) -> tuple[Step, ...]:
    """The steps of an act."""
    reference = situation.reference
    if reference.is_beyond(heard.rest):
        return (Tell(key="beyond"),)
    match heard.act:
        case "help":
            return (Tell(key="help"),)
        case "chat":
            return (Tell(key="hello"),)
        case "list":
            return (ListWants(),)
        case "undo":
            return (TakeBack(), Recommend(asking=False))
        case "forget":
            return (Forget(words=heard.rest), Recommend(asking=False))
        case "allow" if meant(heard.rest, wants):
            return (Forget(words=heard.rest), Recommend(asking=False))
        case "recommend" | "more":
            return (Recommend(),)
        case "explain":
            return _explained(heard, situation, wants)
        case "compare":
            return _compared(heard, reference)
        case "why_not":
            item = next(iter(reference.meant(heard.rest)), None)
            return (WhyNot(item=item) if item else Tell(key="which"),)
        case "scene":
            return _moved(heard, situation)
        case "remember":
            return _remembered(heard, situation, wants)
        case "search":
            critique = _read(heard.rest, situation)
            return (Search(words=heard.rest),) if critique.is_empty else asked_for(critique, wants)
        case "like" | "dislike":
            items = reference.meant(heard.rest)
            return (Record(item=items[0], kind=heard.act),) if items else (Tell(key="which"),)
        case "critique" | "allow":
            return asked_for(_read(heard.rest, situation), wants)


def answered(text: str, *, asked: Asked, wants: Wants) -> tuple[Step, ...] | None:
    """The steps of an answer to a question; None where the text is no answer to it."""
    said = text.strip(" .!?。！？").casefold()
    if said in words("said", "no_matter"):
        return (Tell(key="any is fine"), Recommend(asking=False))
    chosen = [
        at for at, option in enumerate(asked.options) if simplified(option).casefold() == said
    ]
    if not chosen:
        chosen = _numbered(said, len(asked.options))
    if len(chosen) != 1:
        return None
    constraints = tuple(
        replace(each, words=asked.options[chosen[0]]) for each in asked.constraints[chosen[0]]
    )
    return (Change(wants=renewed(wants, constraints=constraints)), Recommend(asking=False))


def wished(text: str, *, situation: Situation, wants: Wants) -> tuple[Step, ...]:
    """The steps where the words are taken as a wish, because nobody knows better."""
    critique = _read(text, situation)
    if not critique.wish:
        return (Tell(key="help"),)
    return asked_for(critique, wants)


def asked_for(critique: Critique, wants: Wants) -> tuple[Step, ...]:
    """The steps of a critique: the change that it makes, then a slate."""
    return (*_changed(critique, wants=wants, keep_wish=True), Recommend())


def _read(text: str, situation: Situation) -> Critique:
    return read(text, vocabulary=situation.vocabulary, reference=situation.reference)


def _changed(critique: Critique, *, wants: Wants, keep_wish: bool) -> tuple[Step, ...]:
    """The change that a critique makes, if it makes any."""
    changed = renewed(wants, constraints=critique.constraints)
    preferences = dict.fromkeys((*changed.preferences, *critique.preferences))
    wishes = dict.fromkeys((*changed.wishes, *([critique.wish] if keep_wish else [])))
    changed = replace(
        changed,
        preferences=tuple(preferences)[-_MOST_PREFERENCES:],
        wishes=tuple(filter(None, wishes))[-_MOST_WISHES:],
    )
    unclear = tuple((each.words, each.concept) for each in critique.unclear)
    if changed == wants and not unclear and not critique.surprise:
        return ()
    return (Change(wants=changed, unclear=unclear, surprise=critique.surprise),)


def _recorded(felt: list[tuple[Feeling, list[Item]]]) -> tuple[Step, ...]:
    return tuple(
        Record(item=item, kind=each.kind)
        for each, items in felt if each.kind != "seen"
        for item in items
    )  # fmt: skip


def _seen_wants(felt: list[tuple[Feeling, list[Item]]], wants: Wants) -> Wants:
    """The wants without what the person says that they know already."""
    known = tuple(
        Constraint(attribute="id", operator="is not", value=item.id, words=item.title)
        for each, items in felt if each.kind == "seen"
        for item in items
    )  # fmt: skip
    return renewed(wants, constraints=known)


def _without(text: str, felt: list[Feeling]) -> str:
    for each in sorted(felt, key=lambda each: -each.start):
        text = f"{text[: each.start]}, {text[each.end :]}"
    return text


def _explained(heard: Heard, situation: Situation, wants: Wants) -> tuple[Step, ...]:
    reference = situation.reference
    items = reference.meant(heard.rest)
    if items:
        return tuple(Explain(item=item) for item in items)
    if not heard.rest or heard.rest.casefold() in words("said", "these"):
        focus = [reference.focus] if reference.focus else list(reference.slate)
        return tuple(Explain(item=item) for item in focus) or (Tell(key="which"),)
    critique = _read(heard.rest, situation)
    return (Tell(key="which"),) if critique.is_empty else asked_for(critique, wants)


def _compared(heard: Heard, reference: Reference) -> tuple[Step, ...]:
    items = reference.meant(heard.rest)
    if len(items) == 1 and reference.focus and reference.focus.id != items[0].id:
        items = [reference.focus, *items]
    if len(items) < 2 and not heard.rest:
        items = list(reference.slate[:2])
    pairs = tuple(Compare(first=one, second=other) for one, other in pairwise(items))
    return pairs or (Tell(key="which two"),)


def _moved(heard: Heard, situation: Situation) -> tuple[Step, ...]:
    name = situation.scene_named(heard.rest)
    if name is None:
        return (Tell(key="unknown scene", facts={"words": heard.rest}),)
    return (ChangeScene(name=name), Recommend())


def _sceneasked_for(text: str, situation: Situation) -> str | None:
    """Another scene that the text names whole: "any books about tea?" among kitchenware."""
    said = text.casefold()
    values = {found.values for found in situation.vocabulary.values_in(said)}
    for name, scene in situation.scenes.items():
        forms = {name.replace("_", " "), *scene.labels.values()} - {""}
        for form in (simplified(form).casefold() for form in forms):
            named = form in said or (form.endswith("s") and f" {form[:-1]} " in f" {said} ")
            if named and name != situation.scene.name and not _is_value(form, situation, values):
                return name
    return None


def _is_value(form: str, situation: Situation, values: set[tuple[str, ...]]) -> bool:
    return any(found.values in values for found in situation.vocabulary.values_in(form))


def _remembered(heard: Heard, situation: Situation, wants: Wants) -> tuple[Step, ...]:
    critique = _read(heard.rest, situation)
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
    changed = _changed(rest, wants=wants, keep_wish=False)
    kept = tuple(Remember(tag=tag) for tag in dict.fromkeys(tags))
    return (*kept, *changed, *([Tell(key="for now")] if changed else [])) or (Tell(key="empty"),)


def _numbered(said: str, size: int) -> list[int]:
    """The option that a number alone names; "not the second" is no number alone."""
    options = [Item(id=str(at), scene="", title="") for at in range(size)]
    said = f"#{said}" if said.isdigit() else said
    for start, end, item in Reference(slate=options).pointed(said):
        rest = (said[:start] + said[end:]).strip(" ,，")
        if item is not None and rest in words("said", "beside_a_number"):
            return [int(item.id)]
    return []

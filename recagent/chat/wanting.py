"""What a critique changes of what is wanted: what it adds, takes the place of, or keeps out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from recagent.chat.conversation import Want, Wants, renewed
from recagent.chat.critiques import Critique
from recagent.chat.lexicon import CONCEPTS, SHADES
from recagent.chat.polarity import Polarity
from recagent.chat.remarks import texts
from recagent.chat.situation import Situation
from recagent.chat.steps import Change
from recagent.chat.wording import POPULARITY
from recagent.domain import Constraint, Item
from recagent.domain.chinese_scripts import simplified
from recagent.scenes.constraints import satisfies

_MOST_PREFERENCES = 24  # the oldest go first: soft wishes of long ago would drown the new ones
_POSITIVE = ("is", "mentions")
_BOUNDS = ("at least", "at most")
_LIFTED = {"at least": "at most", "at most": "at least"}  # "older is fine" lifts "from 2000"


def for_a_present(wants: Wants, *, whom: str) -> Wants:
    """The wants while somebody else is asked for: what keeps out stays, the rest comes back.

    ``whom``: in the person's words; empty where they do not say.
    """
    return replace(
        wants,
        constraints=tuple(each for each in wants.constraints if each.operator not in _POSITIVE),
        preferences=(),
        wishes=(),
        whom=whom,
        own=wants,
    )


def without_items(items: Sequence[Item], *, wants: Wants, words: str) -> Wants:
    """The wants without these items, which somebody else has or knows; nothing is stored."""
    ids = tuple(dict.fromkeys(item.id for item in items))
    ban = Constraint(attribute="id", operator="is not", value=ids, words=words)
    return replace(wants, constraints=(*wants.constraints, ban))


def changed(critique: Critique, *, wants: Wants, situation: Situation) -> tuple[Change, ...]:
    """The change that a critique makes, if it makes any.

    Words that no condition holds are for the lists until something else is asked for. What nothing
    can be besides what is asked for now makes room for it.
    """
    kept = wants
    critique = replace(
        critique,
        preferences=tuple(
            left for each in critique.preferences
            if (left := _beside(each, wants.constraints) if _is_shade(each) else each)
        ),
    )  # fmt: skip
    asked = tuple(each for each in critique.constraints if each.operator == "is")
    banned = [
        each
        for each in (*critique.constraints, *critique.preferences)
        if each.operator in ("is not", "does not mention")
    ]
    refused = [each for each in banned if each.operator == "is not"]
    kept = replace(
        kept,
        constraints=tuple(
            old for old in filter(None, (_left_of(each, refused) for each in kept.constraints))
            if not any(_leaves_nothing(old, new, situation) for new in asked)
            and not _is_banned(old, banned)
            and not _is_other_popularity(old, critique)
        ),
    )  # fmt: skip
    after = renewed(kept, constraints=critique.constraints)
    preferences = dict.fromkeys((*after.preferences, *critique.preferences))
    bans = [each for each in (*after.constraints, *critique.preferences)
            if each.operator == "is not"]  # fmt: skip
    if not critique.is_empty or critique.wish:
        after = replace(after, wishes=(critique.wish,) if critique.wish else ())
    left = tuple(filter(None, (_left_of(each, bans) for each in preferences)))
    left = tuple(filter(None, (_beside(each, after.constraints) for each in left)))
    after = replace(after, preferences=left[-_MOST_PREFERENCES:])
    unclear = tuple((each.words, each.concept) for each in critique.unclear)
    if after == wants and not unclear and not critique.surprise:
        return ()
    return (Change(wants=after, unclear=unclear, surprise=critique.surprise),)


def permitted(words: str, critique: Critique, wants: Wants, situation: Situation) -> Wants | None:
    """The wants when something is fine that was not; None where the words name nothing.

    A ban or a bound goes; a value that was not banned had better be there.
    """
    values = {
        value for each in situation.vocabulary.values_in(words.lower()) for value in each.values
    }
    sides = {(each.attribute, _LIFTED.get(each.operator, "")) for each in critique.constraints}
    sides |= {(name, side) for name in _named_numbers(words, situation) for side in _BOUNDS}

    def is_lifted(each: Constraint) -> bool:
        is_ban = each.operator == "is not" and bool(values) and set(texts(each.value)) <= values
        return is_ban or (each.attribute, each.operator) in sides

    if not values and not sides:
        return None
    kept = replace(
        wants,
        constraints=tuple(each for each in wants.constraints if not is_lifted(each)),
        preferences=tuple(each for each in wants.preferences if not is_lifted(each)),
    )
    if kept != wants or not values:
        return kept
    soft = tuple(each for each in critique.constraints if each.operator == "is")
    return replace(kept, preferences=tuple(dict.fromkeys((*kept.preferences, *soft))))


def _named_numbers(words: str, situation: Situation) -> Iterator[str]:
    """The attributes of numbers that words name: "price" in "price doesn't matter"."""
    for name, concept in CONCEPTS.items():
        attribute = situation.vocabulary.of_concept(name) if concept.numeric else None
        if attribute and any(said in words.casefold() for said in (*concept.said, *concept.any)):
            yield attribute


def are_bans(wants: Sequence[Want]) -> bool:
    """Whether all of some wants, and there are any, keep something out."""
    constraints = [each for want in wants if not isinstance(want, str) for each in want]
    is_of_words = any(isinstance(want, str) for want in wants)
    bans = [each.operator in ("is not", "does not mention") for each in constraints]
    return bool(bans) and all(bans) and not is_of_words


def scene_asked_for(text: str, situation: Situation) -> tuple[str, str | None]:
    """A scene that a text names whole, and the text without a name that it refuses.

    "Any books about tea?" among kitchenware goes to books; "no books" stays away from them.
    """
    said = text.casefold()
    polarity = Polarity(said)
    values = {found.values for found in situation.vocabulary.values_in(said)}
    for name, scene in situation.scenes.items():
        for form in {name.replace("_", " "), *scene.labels.values()} - {""}:
            own = simplified(form).casefold()
            pattern = (
                rf"\b{re.escape(own.removesuffix('s'))}s?\b" if own.isascii() else re.escape(own)
            )
            match = re.search(pattern, said) or _refused_briefly(own, said, polarity)
            if match is None or _is_value(own, situation, values):
                continue
            scope = next((each for each in polarity.scopes if each.holds(*match.span())), None)
            if scope is not None:
                others = [other for other in situation.scenes if other != name]
                here = situation.scene.name
                away = here if here != name else next(iter(others), None)
                if away is None:
                    continue
                return text[: scope.cue] + "," + text[max(scope.end, scope.tail) :], away
            if name != situation.scene.name:
                return text, name
    return text, None


def _refused_briefly(form: str, said: str, polarity: Polarity) -> re.Match[str] | None:
    """Where a Chinese name is refused by its last character: 不要书 of 图书."""
    if form.isascii():
        return None
    for scope in polarity.scopes:
        match = re.compile(r"\s*(\w)\s*(?:了|的)?").fullmatch(said, scope.start, scope.end)
        if match and form.endswith(match[1]):
            return match
    return None


def _is_value(form: str, situation: Situation, values: set[tuple[str, ...]]) -> bool:
    return any(found.values in values for found in situation.vocabulary.values_in(form))


def _leaves_nothing(old: Constraint, new: Constraint, situation: Situation) -> bool:
    """Whether nothing in any scene has both of two values of one attribute."""
    if (old.attribute, old.operator) != (new.attribute, "is") or old.value == new.value:
        return False
    return not any(
        satisfies(item, old) and satisfies(item, new)
        for items in situation.items.values()
        for item in items.values()
    )


def _is_other_popularity(old: Constraint, critique: Critique) -> bool:
    return old.attribute == POPULARITY and any(
        each.attribute == POPULARITY for each in critique.constraints
    )


def _is_banned(wanted: Constraint, banned: list[Constraint]) -> bool:
    """Whether what is wanted has no value that is not banned now."""
    own = wanted.value if isinstance(wanted.value, tuple) else (wanted.value,)
    return wanted.operator in _POSITIVE and any(
        each.attribute == wanted.attribute
        and set(own) <= set(each.value if isinstance(each.value, tuple) else (each.value,))
        for each in banned
    )


def _is_shade(preference: Constraint) -> bool:
    words = preference.words.casefold()
    return any(said in words for shade in SHADES for said in shade.said)


def _beside(preference: Constraint, asked: Sequence[Constraint]) -> Constraint | None:
    """What is rather not wanted without what is asked for: "crime, but lighter" keeps crime."""
    if preference.operator != "is not":
        return preference
    return _without(preference, [each for each in asked if each.operator == "is"])


def _left_of(preference: Constraint, bans: list[Constraint]) -> Constraint | None:
    """A preference without the values that are not wanted; None where none is left."""
    if preference.operator not in _POSITIVE:
        return preference
    return _without(preference, bans)


def _without(preference: Constraint, others: Sequence[Constraint]) -> Constraint | None:
    """A preference without the values of others; None where none is left."""
    gone = {text for each in others if each.attribute == preference.attribute
            for text in texts(each.value)}  # fmt: skip
    own = texts(preference.value)
    left = tuple(text for text in own if text not in gone)
    if len(left) == len(own):
        return preference
    return replace(preference, value=left[0] if len(left) == 1 else left) if left else None

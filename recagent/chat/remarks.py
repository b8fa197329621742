"""What is said of a change: what holds now, what only steers, and what cannot be done here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from recagent.chat.conversation import SCENE, Want, Wants
from recagent.chat.lexicon import CONCEPTS, content, pattern
from recagent.chat.lexicon import words as lexicon_words
from recagent.chat.situation import Situation
from recagent.chat.wording import clauses, concept_name, listed, say, told
from recagent.domain import Constraint, Item, Language, Profile, Value
from recagent.prompts import one_line
from recagent.retrieval.words import stem

_CHILD = pattern("child", "said")
_NEWEST = re.compile(r"last\b|(?:刚才|最后|上一?个|上一条)")
_USUAL = 3  # values that are "what you mostly like"


def remarks_on(
    before: Wants,
    after: Wants,
    *,
    situation: Situation,
    unclear: Sequence[tuple[str, str]],
    lang: Language,
) -> list[str]:
    """Sentences on a change of wants in a scene, each new thing in one."""
    hard = [each for each in after.constraints if each not in before.constraints]
    soft = [each for each in after.preferences if each not in before.preferences]
    told_hard = [each for each in hard if situation.tells(each)]
    parts = for_whom(before, after, lang=lang) or no_longer(before, after, lang=lang)
    parts += _stated("must", told_hard, lang=lang)
    parts += _stated("rather", [each for each in soft if situation.tells(each)], lang=lang)
    parts += _cautions([*told_hard, *soft], situation=situation, lang=lang)
    parts += set_aside(Wants(constraints=(*hard, *soft)), situation=situation, lang=lang)
    return parts + [_cannot(words, concept, situation, lang) for words, concept in unclear]


def no_longer(before: Wants, after: Wants, *, lang: Language) -> list[str]:
    """One sentence on what holds no longer; not on what a new bound or value stands in place of."""
    renewed = {(each.attribute, each.operator) for each in (*after.constraints, *after.preferences)}
    words = {each.words for each in (*after.constraints, *after.preferences)}
    gone = [
        want for want in before.listed
        if want not in after.listed and not isinstance(want, str) and want[0].words not in words
        and not all((each.attribute, each.operator) in renewed for each in want)
    ]  # fmt: skip
    shown = [shown_want(want, lang=lang) for want in gone]
    return [say("no longer", lang, what=clauses(shown, lang=lang))] if shown else []


def for_whom(before: Wants, after: Wants, *, lang: Language) -> list[str]:
    """For whom it is now, and what rests or holds again with that; none where that is as before."""
    if after.whom == before.whom:
        return []
    if not after.whom:
        again = [want for want in after.listed if want not in before.listed]
        back = [shown_want(want, lang=lang) for want in again if (before.own or Wants()).has(want)]
        said = [say("for you", lang)]
        return [*said, say("holds again", lang, what=clauses(back, lang=lang))] if back else said
    resting = [] if before.whom else [want for want in before.listed if want not in after.listed]
    said = [say("for somebody", lang, whom=after.whom)]
    shown = [shown_want(want, lang=lang) for want in resting]
    return [*said, say("rests", lang, what=clauses(shown, lang=lang))] if resting else said


def set_aside(wants: Wants, *, situation: Situation, lang: Language) -> list[str]:
    """A sentence on each want that the scene's items do not tell; none if they tell all."""
    resting = [
        each for each in (*wants.constraints, *wants.preferences) if not situation.tells(each)
    ]
    groups = Wants(constraints=tuple(resting)).listed
    return [say("set aside", lang, what=shown_want(group, lang=lang)) for group in groups]


def usual(profile: Profile, situation: Situation) -> Constraint | None:
    """The soft constraint that leads away from what a person mostly likes; None if that is nothing.

    Of all attributes the one whose values their liked items repeat most.
    """
    counted: dict[str, Counter[str]] = {}
    for key in profile.liked:
        item = profile.items[key]
        for attribute in situation.vocabulary.categories:
            counted.setdefault(attribute, Counter()).update(values_of(item, attribute))
    if not any(counted.values()):
        return None
    attribute = max(counted, key=lambda name: max(counted[name].values(), default=0))
    values = tuple(value for value, _ in counted[attribute].most_common(_USUAL))
    return Constraint(attribute=attribute, operator="is not", value=values)


def meant(words: str, wants: Wants) -> list[Want]:
    """The wants that words mean: by number in the list, by words in common, by a value or concept.

    "The last thing" that is none of these is the newest of them.
    """
    in_force = wants.listed
    said = words.casefold().strip().lstrip("#")
    if said in lexicon_words("said", "everything"):
        return list(in_force)
    digits = said.removeprefix("number ").removeprefix("第").removesuffix("条")
    if digits.isdigit():
        at = int(digits) - 1
        return [in_force[at]] if 0 <= at < len(in_force) else []
    if not said:
        return []
    for means in (_share_words, _has_value, _is_of_concept):
        found = [want for want in in_force if means(said, want)]
        if found:
            return found
    return list(in_force[-1:]) if _NEWEST.match(said) else []


def forgotten(words: str, wants: Wants, *, situation: Situation) -> Wants:
    """The wants without what words mean: of several values those that are named, else all of it."""
    found = situation.vocabulary.values_in(words.lower())
    named = {value for each in found for value in each.values}
    for want in meant(words, wants):
        if isinstance(want, str) or not any(_left(each, named) for each in want):
            wants = wants.without(want)
            continue
        cut = {each: replace(each, value=left) for each in want if (left := _left(each, named))}
        wants = replace(
            wants,
            constraints=tuple(cut.get(each, each) for each in wants.constraints),
            preferences=tuple(cut.get(each, each) for each in wants.preferences),
            titles=None,
        )
    return wants


def _left(constraint: Constraint, named: AbstractSet[str]) -> Value:
    """The values that are left of several when those that are named go; none if all go or none."""
    own = texts(constraint.value)
    left = tuple(value for value in own if value not in named)
    if not left or len(left) == len(own):
        return ()
    return left[0] if len(left) == 1 else left


def values_of(item: Item, attribute: str) -> tuple[str, ...]:
    """The texts that an item has of an attribute."""
    return texts(item.attributes.get(attribute, ()))


def texts(value: Value) -> tuple[str, ...]:
    """A value's texts; none of a number."""
    if isinstance(value, str):
        return (value,) if value else ()
    return value if isinstance(value, tuple) else ()


def shown_want(want: Want, *, lang: Language) -> str:
    """One of the wants in our words and in the person's."""
    if isinstance(want, str):
        return f"“{one_line(want)}”"
    words = "" if want[0].attribute in ("id", SCENE) else one_line(want[0].words, 80)
    return _merged(want, lang=lang) + (say("words", lang, words=words) if words else "")


def _stated(key: str, wanted: Sequence[Constraint], *, lang: Language) -> list[str]:
    """One sentence on all of it; none of nothing."""
    groups = [shown_want(group, lang=lang) for group in Wants(constraints=tuple(wanted)).listed]
    return [say(key, lang, what=clauses(groups, lang=lang))] if groups else []


def _merged(group: Sequence[Constraint], *, lang: Language) -> str:
    """Constraints of one saying, those on one attribute and side as one."""
    sides: dict[tuple[str, str], list[Constraint]] = {}
    for each in group:
        sides.setdefault((each.attribute, each.operator), []).append(each)
    merged = [
        replace(same[0], value=tuple(text for each in same for text in texts(each.value)))
        if len(same) > 1 and all(texts(each.value) for each in same) else same[0]
        for same in sides.values()
    ]  # fmt: skip
    return listed([told(each, lang=lang) for each in merged], lang=lang)


def _cautions(hard: Iterable[Constraint], *, situation: Situation, lang: Language) -> list[str]:
    """What a constraint cannot promise."""
    parts: list[str] = []
    for each in hard:
        if each.operator == "does not mention":
            told_here = _told_here(situation, lang)
            words = " ".join(texts(each.value))
            if not situation.texts(situation.scene.name).matches(words).grades:
                facts = {"words": words, "scene": situation.scene.label(lang)}
                parts.append(say("mentions none", lang, **facts))
                continue
            parts.append(
                say(
                    "mentions",
                    lang,
                    words=listed(texts(each.value), lang=lang),
                    attributes=told_here,
                )
            )
        if each.operator == "is" and _CHILD.search(each.words.casefold()):
            caution = say("child", lang, attribute=one_line(each.attribute))
            parts += [] if caution in parts else [caution]
    return parts


def _cannot(words: str, concept: str, situation: Situation, lang: Language) -> str:
    facts = {
        "words": words,
        "scene": situation.scene.label(lang),
        "attributes": _told_here(situation, lang),
    }
    if not concept:
        return say("cannot", lang, **facts)
    return say("no attribute", lang, concept=concept_name(concept, lang=lang), **facts)


def _told_here(situation: Situation, lang: Language) -> str:
    """The attributes that the scene's items tell."""
    names = [one_line(name).replace("_", " ") for name in situation.vocabulary.attributes]
    return listed(names, lang=lang) or say("nothing", lang)


def _share_words(said: str, want: Want) -> bool:
    own = (want if isinstance(want, str) else want[0].words).casefold()
    if not own:
        return False
    shared = {stem(word) for word in content(said).split()} & {
        stem(word) for word in content(own).split()
    }
    return said in own or own in said or bool(shared)


def _is_of_concept(said: str, want: Want) -> bool:
    """Whether words name what a want is on: "the years" of a bound on the year."""
    if isinstance(want, str):
        return False
    parts = {part for each in want for part in re.split(r"[\W_]+", each.attribute.casefold())}
    return any(
        concept.names & parts and any(word in said for word in (*concept.said, *concept.names))
        for concept in CONCEPTS.values()
    )


def _has_value(said: str, want: Want) -> bool:
    if isinstance(want, str):
        return False
    names = [each.attribute for each in want] + [
        text for each in want for text in texts(each.value)
    ]
    return any(name and name.casefold() in said for name in names)

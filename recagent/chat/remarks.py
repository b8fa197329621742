"""What is said of a change: what holds now, what only steers, and what cannot be done here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from recagent.chat.conversation import Wants
from recagent.chat.lexicon import CHILD_SAID
from recagent.chat.situation import Situation
from recagent.chat.wording import concept_name, listed, say, told, with_words
from recagent.prompts import one_line
from recagent.types import Constraint, Item, Language, Profile, Value

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
    parts = _stated("must", told_hard, lang=lang)
    parts += _stated("rather", [each for each in soft if situation.tells(each)], lang=lang)
    parts += [
        say("wish", lang, words=words) for words in after.wishes if words not in before.wishes
    ]
    parts += _cautions(told_hard, lang=lang)
    resting = [each for each in (*hard, *soft) if not situation.tells(each)]
    parts += [say("set aside", lang, what=told(each, lang=lang)) for each in resting]
    return parts + [_cannot(words, concept, situation, lang) for words, concept in unclear]


def set_aside(wants: Wants, *, situation: Situation, lang: Language) -> list[str]:
    """A sentence on each want that the scene's items do not tell; none if they tell all."""
    resting = [
        each for each in (*wants.constraints, *wants.preferences) if not situation.tells(each)
    ]
    return [say("set aside", lang, what=with_words(each, lang=lang)) for each in resting]


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


def meant(words: str, wants: Wants) -> list[Constraint | str]:
    """The wants that words mean: by number in the list, else by a word or a value in common."""
    listed_wants = wants.listed
    said = words.casefold().strip().lstrip("#")
    if said in ("everything", "all", "all of it", "全部", "所有", "所有条件"):
        return list(listed_wants)
    digits = said.removeprefix("number ").removeprefix("第").removesuffix("条")
    if digits.isdigit():
        at = int(digits) - 1
        return [listed_wants[at]] if 0 <= at < len(listed_wants) else []
    return [want for want in listed_wants if said and _is_said(said, want)]


def values_of(item: Item, attribute: str) -> tuple[str, ...]:
    """The texts that an item has of an attribute."""
    return texts(item.attributes.get(attribute, ()))


def texts(value: Value) -> tuple[str, ...]:
    """A value's texts; none of a number."""
    if isinstance(value, str):
        return (value,) if value else ()
    return value if isinstance(value, tuple) else ()


def _stated(key: str, wanted: Sequence[Constraint], *, lang: Language) -> list[str]:
    """One sentence on all that was said in the same words."""
    by_words: dict[str, list[str]] = {}
    for each in wanted:
        by_words.setdefault(each.words, []).append(told(each, lang=lang))
    clauses = [
        listed(told_all, lang=lang) + (say("words", lang, words=words) if words else "")
        for words, told_all in by_words.items()
    ]
    return [say(key, lang, what=clause) for clause in clauses]


def _cautions(hard: Iterable[Constraint], *, lang: Language) -> list[str]:
    """What a constraint cannot promise."""
    parts: list[str] = []
    for each in hard:
        if each.operator == "does not mention":
            parts.append(say("mentions", lang, words=str(each.value)))
        if each.operator == "is" and each.words.casefold() in CHILD_SAID:
            parts.append(say("child", lang, attribute=one_line(each.attribute)))
    return parts


def _cannot(words: str, concept: str, situation: Situation, lang: Language) -> str:
    names = [one_line(name).replace("_", " ") for name in situation.vocabulary.attributes]
    facts = {
        "words": words,
        "scene": situation.scene.label(lang),
        "attributes": listed(names, lang=lang) or say("nothing", lang),
    }
    if not concept:
        return say("cannot", lang, **facts)
    return say("no attribute", lang, concept=concept_name(concept, lang=lang), **facts)


def _is_said(said: str, want: Constraint | str) -> bool:
    if isinstance(want, str):
        return said in want.casefold() or want.casefold() in said
    own = [want.attribute, want.words, *texts(want.value)]
    return any(
        part and (part.casefold() in said or said in part.casefold()) for part in own
    ) or any(word in said for word in want.words.casefold().split() if len(word) > 3)  # noqa: PLR2004

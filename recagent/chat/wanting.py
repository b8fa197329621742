"""What a critique changes of what is wanted: what it adds, takes the place of, or keeps out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from recagent.chat.acts import clauses, rule
from recagent.chat.conversation import Want, Wants, renewed
from recagent.chat.critiques import Critique
from recagent.chat.lexicon import pattern
from recagent.chat.polarity import Polarity
from recagent.chat.remarks import texts
from recagent.chat.situation import Situation
from recagent.chat.steps import Change
from recagent.chat.wording import POPULARITY
from recagent.domain import Constraint
from recagent.domain.chinese_scripts import simplified
from recagent.retrieval.words import singular
from recagent.scenes.constraints import satisfies

_MOST_PREFERENCES = 24  # the oldest go first: soft wishes of long ago would drown the new ones
_REQUEST = pattern("said", "request")
_GIFT = pattern("said", "gift")
_PHRASE = 4  # words of a wish that stands alone
_POSITIVE = ("is", "mentions")


def changed(
    critique: Critique, *, wants: Wants, situation: Situation, text: str
) -> tuple[Change, ...]:
    """The change that a critique makes, if it makes any.

    Words that no condition holds are for the lists until something else is asked for. What nothing
    can be besides what is asked for now makes room for it, and so does all of it for a present.
    """
    kept = wants
    if _GIFT.search(text) and (critique.wish or critique.constraints):
        kept = replace(
            kept,
            constraints=tuple(each for each in kept.constraints if each.operator not in _POSITIVE),
            preferences=(),
        )
    asked = tuple(each for each in critique.constraints if each.operator == "is")
    banned = [
        each
        for each in (*critique.constraints, *critique.preferences)
        if each.operator in ("is not", "does not mention")
    ]
    kept = replace(
        kept,
        constraints=tuple(
            old for old in kept.constraints
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
    after = replace(after, preferences=left[-_MOST_PREFERENCES:])
    unclear = tuple((each.words, each.concept) for each in critique.unclear)
    if after == wants and not unclear and not critique.surprise:
        return ()
    return (Change(wants=after, unclear=unclear, surprise=critique.surprise),)


def allowed(values: AbstractSet[str], critique: Critique, wants: Wants) -> tuple[Critique, Wants]:
    """A critique and the wants without bans on values that are fine now.

    What is fine and was not banned had better be there, and need not.
    """
    if not values:
        return critique, wants

    def is_ban(each: Constraint) -> bool:
        return each.operator == "is not" and set(texts(each.value)) <= values

    def is_fine(each: Constraint) -> bool:
        return each.operator == "is" and set(texts(each.value)) <= values

    is_lifted = any(map(is_ban, (*critique.constraints, *wants.constraints, *wants.preferences)))
    softer = () if is_lifted else tuple(filter(is_fine, critique.constraints))
    critique = replace(
        critique,
        constraints=tuple(
            each for each in critique.constraints if not is_ban(each) and not is_fine(each)
        ),
        preferences=(*critique.preferences, *softer),
    )
    return critique, replace(
        wants,
        constraints=tuple(each for each in wants.constraints if not is_ban(each)),
        preferences=tuple(each for each in wants.preferences if not is_ban(each)),
    )


def fine_in(text: str, situation: Situation) -> tuple[set[str], list[tuple[int, int]]]:
    """The values that are said to be fine, and where nothing of them is: "the rest is fine"."""
    fine: set[str] = set()
    nothing: list[tuple[int, int]] = []
    for clause in clauses(text):
        heard = rule(clause.text)
        if heard is not None and heard.act == "allow":
            found = list(situation.vocabulary.values_in(heard.rest.lower()))
            fine.update(value for each in found for value in each.values)
            nothing += [] if found else [(clause.start, clause.end)]
    return fine, nothing


def are_bans(wants: Sequence[Want]) -> bool:
    """Whether all of some wants, and there are any, keep something out."""
    constraints = [each for want in wants if not isinstance(want, str) for each in want]
    is_of_words = any(isinstance(want, str) for want in wants)
    bans = [each.operator in ("is not", "does not mention") for each in constraints]
    return bool(bans) and all(bans) and not is_of_words


def as_said(words: str, text: str) -> str:
    """Words as they stand in a text, with what is between them; as they are where they do not."""
    first, *_, last = words.split() * 2
    lowered = text.lower()
    start, end = lowered.find(first), lowered.rfind(last) + len(last)
    return text[start:end] if 0 <= start < end and len(words.split()) > 1 else words


def asks(text: str) -> bool:
    """Whether words ask for something."""
    return _REQUEST.search(text.strip(" ,，")) is not None


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


def _is_said(word: str, situation: Situation) -> bool:
    matches = [situation.texts(name).matches(word) for name in situation.scenes]
    return any(each.grades and not each.missing for each in matches)


def is_surely_wished(text: str, critique: Critique, situation: Situation) -> bool:
    """Whether words that are left over are a wish: they ask for something, or items say them."""
    if asks(text) or not critique.is_empty:
        return True
    words = critique.wish.split()
    is_question = "?" in text or "？" in text
    said = [
        word for word in words
        if any(situation.texts(name).matches(word).grades for name in situation.scenes)
    ]  # fmt: skip
    return not is_question and len(words) <= _PHRASE and bool(said) and 2 * len(said) >= len(words)


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


def _left_of(preference: Constraint, bans: list[Constraint]) -> Constraint | None:
    """A preference without the values that are not wanted; None where none is left."""
    if preference.operator not in _POSITIVE:
        return preference
    gone = {text for each in bans if each.attribute == preference.attribute
            for text in texts(each.value)}  # fmt: skip
    own = texts(preference.value)
    left = tuple(text for text in own if text not in gone)
    if len(left) == len(own):
        return preference
    return replace(preference, value=left[0] if len(left) == 1 else left) if left else None

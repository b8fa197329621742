"""Questions on an item: who directed it, is it in stock, what is it about."""

from __future__ import annotations

import re
from itertools import pairwise

from recagent.chat.lexicon import names_in, pattern
from recagent.chat.references import Reference
from recagent.chat.situation import Situation
from recagent.chat.steps import Compare, Describe, Step, Tell
from recagent.chat.vocabulary import Vocabulary

_ABOUT = pattern("questions", "about")
_SERVICE = pattern("questions", "service")
_ASKING = pattern("questions", "asking")
_REQUEST = pattern("questions", "request")
_ALIKE = re.compile(r"\blike\b|\bsimilar\b|类似|相似|像")
_COMPARING = pattern("questions", "comparing")
_TOP_TWO = pattern("questions", "top_two")
_ORDER = pattern("questions", "order")
_OF = {concept: pattern("questions", "of", concept) for concept in names_in("questions", "of")}
_BARE = 8  # words of a question that names no item and is on the one that was spoken of


def asked_of_item(clause: str, situation: Situation, *, is_question: bool) -> Step | None:
    """The step that answers a question on an item; None where the clause is none.

    Args:
        clause: of the turn.
        situation: where the talk is.
        is_question: whether a question mark ends it.
    """
    reference = situation.reference
    lowered = clause.casefold()
    is_about = _ABOUT.search(lowered) is not None
    if not is_about and not _ASKING.search(lowered):
        return None
    if _SERVICE.search(lowered):
        return Tell(key="ask the seller")
    mentioned = reference.mentioned(clause)
    is_alike = _ALIKE.search(lowered) is not None
    is_request = _REQUEST.search(lowered) and (is_alike or not (is_about or mentioned))
    if is_request or reference.is_unknown(clause):  # "how big is the cake tin", and there is none
        return None
    concept = next((name for name, found in _OF.items() if found.search(lowered)), "")
    items = reference.meant(clause)
    if not items and is_about and not concept:
        return None if _is_of_nothing(clause, reference) else Tell(key="which")
    if not items:
        is_bare = bool(concept) and len(clause.split()) <= _BARE
        if not is_bare or _names_things(lowered):
            return None
        if reference.spoken_of is None:
            return Tell(key="which") if is_question else None
        items = [reference.spoken_of]
    if is_about and not concept:
        return Describe(item=items[0], words=clause)
    for each in mentioned:
        lowered = lowered[: each.start] + " " * (each.end - each.start) + lowered[each.end :]
    attribute = _attribute(lowered, concept, situation.vocabulary_of(items[0].scene))
    return Describe(
        item=items[0], attribute=attribute or "", words=clause, is_known=attribute is not None
    )


def _attribute(lowered: str, concept: str, vocabulary: Vocabulary) -> str | None:
    """The attribute that a question is on: of a concept, by its name, or by a value."""
    if concept:
        return vocabulary.of_concept(concept)
    for name in vocabulary.attributes:
        if name.replace("_", " ").casefold().removesuffix("s") in lowered:
            return name
    named = next(iter(vocabulary.values_in(lowered)), None)
    return named.attribute if named else None


def compared(clause: str, reference: Reference) -> list[Step]:
    """The items that a clause puts side by side: "which is newer, Alien or Heat", A和B哪个好."""
    if not _COMPARING.search(clause.casefold()):
        return []
    both = _TOP_TWO.search(clause.casefold())
    items = list(reference.slate[:2]) if both else reference.meant(clause)
    if len(items) < 2:
        return []
    return [Compare(first=one, second=other) for one, other in pairwise(items)]


def is_order(clause: str) -> bool:
    """Whether a clause asks to buy, book or play something, which nothing here can do."""
    return _ORDER.search(clause.strip()) is not None


def _is_of_nothing(clause: str, reference: Reference) -> bool:
    return reference.spoken_of is None or not reference.points(clause)


def _names_things(lowered: str) -> bool:
    """Whether a question is on things of a kind, as "do you have books in French" is."""
    return lowered.startswith(("do you have", "have you got", "are there", "is there", "有没有"))

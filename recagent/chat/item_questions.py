"""Questions on an item: who directed it, is it in stock, what is it about."""

from __future__ import annotations

from recagent.chat.lexicon import names_in, pattern
from recagent.chat.references import Reference
from recagent.chat.situation import Situation
from recagent.chat.steps import Describe, Step, Tell

_ABOUT = pattern("questions", "about")
_SERVICE = pattern("questions", "service")
_ASKING = pattern("questions", "asking")
_REQUEST = pattern("questions", "request")
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
    if _REQUEST.search(lowered) and not is_about:
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
    item, vocabulary = items[0], situation.vocabulary_of(items[0].scene)
    if is_about and not concept:
        return Describe(item=item, words=clause)
    if concept:
        attribute = vocabulary.of_concept(concept)
    else:
        named = next(iter(vocabulary.values_in(lowered)), None)
        plain = {name.replace("_", " ").casefold(): name for name in vocabulary.attributes}
        said = next(
            (name for form, name in plain.items() if form.removesuffix("s") in lowered), None
        )
        attribute = said or (named.attribute if named else None)
    return Describe(
        item=item, attribute=attribute or "", words=clause, is_known=attribute is not None
    )


def is_order(clause: str) -> bool:
    """Whether a clause asks to buy, book or play something, which nothing here can do."""
    return _ORDER.search(clause.strip()) is not None


def _is_of_nothing(clause: str, reference: Reference) -> bool:
    return reference.spoken_of is None or not reference.points(clause)


def _names_things(lowered: str) -> bool:
    """Whether a question is on things of a kind, as "do you have books in French" is."""
    return lowered.startswith(("do you have", "have you got", "are there", "is there", "有没有"))

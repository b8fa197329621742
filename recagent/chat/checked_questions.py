"""From questions that a model read in a turn to the steps that answer them from the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from recagent.chat.checked_conditions import MOST_WORDS, ConditionChecker
from recagent.chat.conversation import SCENE
from recagent.chat.steps import (
    Compare,
    Count,
    Describe,
    Explain,
    Search,
    Sort,
    Step,
    Tell,
    WhatIf,
    WhyNot,
)
from recagent.chat.turn_reply import ActReply
from recagent.chat.wording import POPULARITY
from recagent.domain import Item
from recagent.prompts import caption, one_line

_ASKED = 5  # items about which one question is answered
_FEWEST = 5  # people of whom a number is told


def answers_to(
    act: ActReply, items: Sequence[Item], *, checker: ConditionChecker
) -> Sequence[Step]:
    """The steps that answer a question on these items, or on the catalogue.

    Args:
        act: a question.
        items: those of ``act.items`` that the catalogue has.
        checker: knows the attributes.
    """
    match act.act:
        case "ask":
            answers = [_answer(act, item, checker=checker) for item in items[:_ASKED]]
            return answers or [*([] if act.items else [Tell(key="ask the seller")])]
        case "explain":
            slate = checker.situation.reference.slate
            whole = [Explain(item=item, is_brief=len(slate) > 1) for item in slate]
            return [Explain(item=item) for item in items] or whole or [Tell(key="which")]
        case "compare":
            pairs = [Compare(first=one, second=other) for one, other in pairwise(items)]
            return pairs or [Tell(key="which two")]
        case "why_not":
            return [WhyNot(item=item) for item in items]
        case "what_if":
            return [WhatIf(item=item) for item in items]
        case "sort":
            return _sorted(act, items, checker=checker)
        case "count":
            return [_counted(act, checker=checker)]
        case "search":
            words = one_line(act.words, MOST_WORDS)
            is_asked = bool(items) or (bool(words) and not act.items)
            return [Search(words=words, items=tuple(items))] if is_asked else []
        case _:
            return []


def _answer(act: ActReply, item: Item, *, checker: ConditionChecker) -> Step:
    attribute = "" if act.attribute in ("", "text") else checker.attribute(act.attribute)
    if attribute == POPULARITY:
        count = checker.situation.likes.get(item.id, 0)
        facts = {"title": caption(item), "n": str(count)}
        return Tell(key="liked by" if count >= _FEWEST else "liked by few", facts=facts)
    return Describe(
        item=item,
        attribute=attribute,
        words=one_line(act.words, MOST_WORDS),
        is_known=bool(attribute) or act.attribute == "text",
        answer=one_line(act.answer, 2 * MOST_WORDS),
    )


def _sorted(act: ActReply, items: Sequence[Item], *, checker: ConditionChecker) -> Sequence[Step]:
    """An order by a number or a day; by anything else there is none."""
    attribute = checker.attribute(act.attribute)
    if not checker.is_compared(attribute):
        words = one_line(act.words or act.attribute, MOST_WORDS)
        return [Tell(key="none sorted", facts={"words": words})]
    if act.items and not items:
        return []
    side = "less" if act.operator in ("less", "at most") else "more"
    return [Sort(attribute=attribute, side=side, items=tuple(items))]


def _counted(act: ActReply, *, checker: ConditionChecker) -> Step:
    if act.attribute.casefold() == SCENE:  # each part is counted
        return Count()
    made = checker.constraint(act) if act.values else None
    if act.values and made is None:
        words = one_line(" ".join(map(str, act.values)), MOST_WORDS)
        return Tell(key="none counted", facts={"words": words})
    return Count(attribute=checker.attribute(act.attribute), constraint=made)

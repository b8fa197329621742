"""``recagent explain`` with a question: why this before that, why not this, what would move it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import typer

from recagent.api import Recommender
from recagent.cli.output import console, print_degraded, print_json, print_notice, reasons_json
from recagent.domain import Answer, Context, Language


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingQuestionOptions:
    """Who asks about what, where, and in which situation.

    Attributes:
        versus: the other item of a comparison.
        k: length of the slate that is asked about.
        phrase: whether the model is to join reasons.
    """

    user: str
    item: str
    scene: str | None
    context: Context
    versus: str | None
    k: int
    phrase: bool


Question = Callable[[Recommender, RankingQuestionOptions], Answer]


def which(asked: RankingQuestionOptions, *, why_not: bool, what_if: bool) -> Question | None:
    """The question that the options ask; None for the plain one.

    Raises:
        BadParameter: two at once, or sentences of a model, which answers do not have.
    """
    questions: list[Question] = []
    if asked.versus is not None:
        questions.append(_compare)
    if why_not:
        questions.append(_why_not)
    if what_if:
        questions.append(_what_if)
    if len(questions) + asked.phrase * bool(questions) > 1:
        raise typer.BadParameter("give one of --versus, --why-not, --what-if, --phrase")
    return next(iter(questions), None)


def print_answer(answer: Answer, *, lang: Language, as_json: bool) -> None:
    """An answer: its sentences, each with the ids of its evidence, then the evidence."""
    if as_json:
        print_json(answer_json(answer))
        return
    out = console()
    for claim in answer.claims:
        out.print(f"{claim.text}  [{', '.join(claim.evidence)}]", markup=False, highlight=False)
    for note in answer.notes:
        out.print(note, style="dim", markup=False, highlight=False)
    if answer.degraded:
        print_degraded(answer.degraded, lang=lang)
    print_notice(answer.notice, lang=lang)


def answer_json(answer: Answer) -> dict[str, Any]:
    """Sentences with the evidence that each rests on, and the ranks."""
    return {
        "item_ids": [item.id for item in answer.items],
        "ranks": dict(answer.ranks),
        "among": answer.among,
        "reasons": reasons_json(answer.claims, answer.evidence),
        "notes": answer.notes,
        "degraded": answer.degraded,
        "notice": answer.notice,
    }


def _compare(recommender: Recommender, asked: RankingQuestionOptions) -> Answer:
    return recommender.compare(
        asked.user,
        asked.item,
        versus=asked.versus or "",
        scene=asked.scene,
        context=asked.context,
        k=asked.k,
    )


def _why_not(recommender: Recommender, asked: RankingQuestionOptions) -> Answer:
    return recommender.why_not(
        asked.user, asked.item, scene=asked.scene, context=asked.context, k=asked.k
    )


def _what_if(recommender: Recommender, asked: RankingQuestionOptions) -> Answer:
    return recommender.what_if(
        asked.user, asked.item, scene=asked.scene, context=asked.context, k=asked.k
    )

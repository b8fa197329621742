"""``recagent explain``: why an item, why it before another, why not it, what would move it."""

from __future__ import annotations

from typing import Annotated

import typer

from recagent.api import Recommender
from recagent.cli import output
from recagent.cli.constraint_option import constraint
from recagent.cli.opening import load_settings
from recagent.cli.options import (
    Config,
    Demo,
    ItemId,
    Json,
    Lang,
    Only,
    Phrase,
    Place,
    SlateLength,
    UserId,
    Wish,
)
from recagent.domain import Answer, Context, Language


def explain(
    user: UserId,
    item: ItemId,
    scene: Annotated[str | None, typer.Option(help="The item's scene.")] = None,
    phrase: Phrase = False,
    versus: Annotated[str | None, typer.Option(help="Which comes first, it or this one?")] = None,
    why_not: Annotated[bool, typer.Option("--why-not", help="Why is it not on the slate?")] = False,
    what_if: Annotated[bool, typer.Option("--what-if", help="What would move it?")] = False,
    k: SlateLength = 5,
    wish: Wish = "",
    place: Place = "",
    only: Only = None,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Say why an item would be recommended to a person; or answer one of three other questions."""
    context = Context(wish=wish, place=place, constraints=tuple(map(constraint, only or [])))
    questions = (versus is not None) + why_not + what_if
    if questions > 1 or (questions and phrase):
        raise typer.BadParameter("give one of --versus, --why-not, --what-if, --phrase")
    settings = load_settings(config, demo, lang)
    with Recommender.from_settings(settings) as recommender:
        if versus is not None:
            answer = recommender.compare(
                user, item, versus=versus, scene=scene, context=context, k=k
            )
        elif why_not:
            answer = recommender.why_not(user, item, scene=scene, context=context, k=k)
        elif what_if:
            answer = recommender.what_if(user, item, scene=scene, context=context, k=k)
        else:
            answer = recommender.explain(user, item, scene=scene, phrase=phrase, context=context)
    if isinstance(answer, Answer):
        _print_answer(answer, lang=settings.lang, as_json=json)
    elif json:
        output.print_json(output.explanation_json(answer))
    else:
        output.explanation(answer, lang=settings.lang)


def _print_answer(answer: Answer, *, lang: Language, as_json: bool) -> None:
    """Prints the sentences of an answer, each with the ids of its evidence, then the notes."""
    if as_json:
        output.print_json(output.answer_json(answer))
        return
    out = output.console()
    for claim in answer.claims:
        out.print(f"{claim.text}  [{', '.join(claim.evidence)}]", markup=False, highlight=False)
    for note in answer.notes:
        out.print(note, style="dim", markup=False, highlight=False)
    if answer.degraded:
        output.print_degraded(answer.degraded, lang=lang)
    output.print_notice(answer.notice, lang=lang)

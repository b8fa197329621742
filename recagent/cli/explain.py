"""``recagent explain``: why an item, why it before another, why not it, what would move it."""

from __future__ import annotations

from typing import Annotated

import typer

from recagent.api import Recommender
from recagent.cli import options, output
from recagent.cli.constraint_option import constraint
from recagent.cli.opening import load_settings
from recagent.domain import Answer, Context, Language


def explain(
    user: options.UserId,
    item: options.ItemId,
    scene: Annotated[str | None, typer.Option(help="The item's scene.")] = None,
    phrase: Annotated[
        bool, typer.Option("--phrase", help="Let the model join the reasons.")
    ] = False,
    versus: Annotated[str | None, typer.Option(help="Which comes first, it or this one?")] = None,
    why_not: Annotated[bool, typer.Option("--why-not", help="Why is it not on the slate?")] = False,
    what_if: Annotated[bool, typer.Option("--what-if", help="What would move it?")] = False,
    k: options.SlateLength = 5,
    wish: options.Wish = "",
    place: options.Place = "",
    only: options.Only = None,
    lang: options.Lang = None,
    config: options.Config = None,
    demo: options.Demo = False,
    json: options.Json = False,
) -> None:
    """Say why an item is recommended to a person, or why it is not.

    --versus, --why-not and --what-if ask another question; give one of them at most.
    """
    context = Context(wish=wish, place=place, constraints=tuple(map(constraint, only or [])))
    questions = (versus is not None) + why_not + what_if
    if questions > 1 or (questions and phrase):
        raise typer.BadParameter("give one of --versus, --why-not, --what-if, --phrase")
    settings = load_settings(config, demo, lang)
    with output.waiting(), Recommender.from_settings(settings) as recommender:
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
    for claim in answer.claims:
        output.print_line(f"{claim.text}  [{', '.join(claim.evidence)}]")
    for note in answer.notes:
        output.print_line(note, style="dim")
    if answer.degraded:
        output.print_degraded(answer.degraded, lang=lang)
    output.print_notice(answer.notice, lang=lang)

"""The commands and their options; each imports what it needs when it runs, so help is fast."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Annotated

import typer

from recagent.cli.catalogue import index, init, validate
from recagent.cli.chat import chat
from recagent.cli.evaluate import app as eval_app
from recagent.cli.events import app as events_app
from recagent.cli.language import speak
from recagent.cli.learn import fit, head_app, transfer_app, tune
from recagent.cli.models import app as models_app
from recagent.cli.opening import load_settings, open_recommender
from recagent.cli.options import (
    Config,
    Demo,
    Device,
    ItemId,
    Json,
    Lang,
    Only,
    Phrase,
    Place,
    Scene,
    SlateLength,
    Task,
    UserId,
    Wish,
)
from recagent.cli.profile import app as profile_app
from recagent.cli.serve import mcp, serve
from recagent.cli.vllm import app as vllm_app

app = typer.Typer(
    name="recagent",
    help="Recommends from a catalogue to a person in a scene, and says why.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def root(
    verbose: Annotated[int, typer.Option("-v", count=True, help="Log to stderr; -vv more.")] = 0,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Options of every command."""
    speak("en")
    if verbose:
        level = logging.INFO if verbose == 1 else logging.DEBUG
        logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
        logging.getLogger("recagent").setLevel(level)
    if version:
        from recagent import __version__  # noqa: PLC0415

        typer.echo(f"recagent {__version__}")
        raise typer.Exit


@app.command()
def demo(
    user: Annotated[str | None, typer.Option(help="Another person of the demo data.")] = None,
    scene: Annotated[str | None, typer.Option(help="Another scene to be new in.")] = None,
    k: SlateLength = 5,
    lang: Lang = None,
    cross: Annotated[
        bool, typer.Option("--cross", help="A new scene without and with taste carried over.")
    ] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget events added to the demo.")
    ] = False,
    json: Json = False,
) -> None:
    """Show a real person: their likes, a slate where they are known, one where they are new."""
    from recagent.cli import demo as shown  # noqa: PLC0415

    if cross:
        shown.run_cross(user=user, scene=scene, k=k, lang=lang)
        return
    speak(lang)
    shown.run(user=user, scene=scene, k=k, lang=lang, reset=reset, as_json=json)


@app.command()
def recommend(
    user: UserId,
    scene: Scene = None,
    k: SlateLength = 5,
    wish: Wish = "",
    task: Task = None,
    at: Annotated[datetime | None, typer.Option(help="When, in UTC. [default: now]")] = None,
    device: Device = "",
    place: Place = "",
    only: Only = None,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Print a slate for a person."""
    from datetime import UTC  # noqa: PLC0415

    from recagent.cli import output  # noqa: PLC0415
    from recagent.cli.constraint_option import constraint  # noqa: PLC0415
    from recagent.domain import Context  # noqa: PLC0415

    when = at.replace(tzinfo=UTC) if at else None
    context = Context(
        wish=wish,
        at=when,
        device=device,
        place=place,
        constraints=tuple(map(constraint, only or [])),
    )
    settings = load_settings(config, demo, lang)
    with open_recommender(settings) as recommender:
        slate = recommender.recommend(user, scene=scene, k=k, context=context, task=task)
        reasons = recommender.reasons(slate)
    if json:
        output.print_json(output.slate_json(slate, reasons, lang=settings.lang))
    else:
        output.slate_table(slate, reasons, lang=settings.lang)


@app.command()
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
    from recagent.cli import output, ranking_questions  # noqa: PLC0415
    from recagent.cli.constraint_option import constraint  # noqa: PLC0415
    from recagent.domain import Context  # noqa: PLC0415

    context = Context(wish=wish, place=place, constraints=tuple(map(constraint, only or [])))
    asked = ranking_questions.RankingQuestionOptions(
        user=user, item=item, scene=scene, context=context, versus=versus, k=k, phrase=phrase
    )
    question = ranking_questions.which(asked, why_not=why_not, what_if=what_if)
    settings = load_settings(config, demo, lang)
    with open_recommender(settings) as recommender:
        if question:
            ranking_questions.print_answer(
                question(recommender, asked), lang=settings.lang, as_json=json
            )
            return
        why = recommender.explain(user, item, scene=scene, phrase=phrase, context=context)
    if json:
        output.print_json(output.explanation_json(why))
    else:
        output.explanation(why, lang=settings.lang)


@app.command()
def scenes(
    lang: Lang = None, config: Config = None, demo: Demo = False, json: Json = False
) -> None:
    """Print what the settings declare of each scene: tasks, rules, what it learns from."""
    from recagent.cli import scenes as declared  # noqa: PLC0415

    declared.run(load_settings(config, demo, lang), as_json=json)


@app.command()
def doctor(config: Config = None, demo: Demo = False, json: Json = False) -> None:
    """Check settings, index, store, embedder and model, and say what to do next."""
    from recagent.cli.doctor import examine  # noqa: PLC0415
    from recagent.config.settings import config_file  # noqa: PLC0415

    is_found = demo or config is not None or config_file() is not None
    if not examine(lambda: load_settings(config, demo, None), is_found=is_found, as_json=json):
        raise typer.Exit(1)


for command in (init, validate, index, fit, tune, chat, serve, mcp):
    app.command()(command)
app.add_typer(events_app, name="events")
app.add_typer(head_app, name="head")
app.add_typer(transfer_app, name="transfer")
app.add_typer(models_app, name="models")
app.add_typer(profile_app, name="profile")
app.add_typer(eval_app, name="eval")
app.add_typer(vllm_app, name="vllm")

"""The commands and their options; each imports what it needs when it runs, so help is fast."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from recagent.cli.chat import chat
from recagent.cli.evaluate import app as eval_app
from recagent.cli.language import speak
from recagent.cli.models import app as models_app
from recagent.cli.opening import opened as _open
from recagent.cli.opening import settings_of as _settings
from recagent.cli.profile import app as profile_app
from recagent.cli.serve import mcp, serve
from recagent.cli.vllm import app as vllm_app

if TYPE_CHECKING:
    from recagent.settings import Settings
    from recagent.types import Language

app = typer.Typer(
    name="recagent",
    help="Recommends from a catalogue to a person in a scene, and says why.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
head_app = typer.Typer(help="The learned joint score.", no_args_is_help=True)
transfer_app = typer.Typer(help="How taste counts across scenes.", no_args_is_help=True)
events_app = typer.Typer(help="What people did: add to it, look at it.", no_args_is_help=True)
app.add_typer(events_app, name="events")
app.add_typer(head_app, name="head")
app.add_typer(transfer_app, name="transfer")
app.add_typer(models_app, name="models")
app.add_typer(profile_app, name="profile")
app.add_typer(eval_app, name="eval")
app.add_typer(vllm_app, name="vllm")
app.command()(chat)
app.command()(serve)
app.command()(mcp)

Config = Annotated[
    Path | None, typer.Option(help="A recagent.toml or its folder. [default: ./recagent.toml]")
]
Demo = Annotated[bool, typer.Option("--demo", help="Use the bundled demo data.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Lang = Annotated[Literal["en", "zh"] | None, typer.Option(help="Language of prompts and face.")]
DropOrphans = Annotated[
    bool, typer.Option("--drop-orphans", help="Leave out events of unknown items.")
]
Scene = Annotated[str | None, typer.Option(help="Scene. [default: identified]")]
SlateLength = Annotated[int, typer.Option("-k", "--k", min=1, help="How many to show.")]
Wish = Annotated[str, typer.Option(help='What is wanted now: "something light".')]
Task = Annotated[
    Literal["item", "content", "activity", "person"] | None,
    typer.Option(help="What to recommend. [default: all of the scene's]"),
]
Device = Annotated[str, typer.Option(help="On which: phone, tv...")]
Place = Annotated[str, typer.Option(help="Where: home, train, or 41.15,-8.61.")]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", help='A constraint: "price at most 20". May be given several times.'),
]
Phrase = Annotated[bool, typer.Option("--phrase", help="Let the model join the reasons.")]
UserId = Annotated[str, typer.Argument(metavar="USER", help="The person's id.")]
ItemId = Annotated[str, typer.Argument(metavar="ITEM", help="The item's id.")]


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

    from recagent.cli import show  # noqa: PLC0415
    from recagent.cli.only import constraint  # noqa: PLC0415
    from recagent.types import Context  # noqa: PLC0415

    when = at.replace(tzinfo=UTC) if at else None
    context = Context(
        wish=wish,
        at=when,
        device=device,
        place=place,
        constraints=tuple(map(constraint, only or [])),
    )
    settings = _settings(config, demo, lang)
    with _open(settings) as recommender:
        slate = recommender.recommend(user, scene=scene, k=k, context=context, task=task)
        reasons = recommender.reasons(slate)
    if json:
        show.print_json(show.slate_json(slate, reasons))
    else:
        show.slate_table(slate, reasons, lang=settings.lang)


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
    from recagent.cli import questions, show  # noqa: PLC0415
    from recagent.cli.only import constraint  # noqa: PLC0415
    from recagent.types import Context  # noqa: PLC0415

    context = Context(wish=wish, place=place, constraints=tuple(map(constraint, only or [])))
    asked = questions.Asked(
        user=user, item=item, scene=scene, context=context, versus=versus, k=k, phrase=phrase
    )
    question = questions.which(asked, why_not=why_not, what_if=what_if)
    settings = _settings(config, demo, lang)
    with _open(settings) as recommender:
        if question:
            questions.show(question(recommender, asked), lang=settings.lang, as_json=json)
            return
        why = recommender.explain(user, item, scene=scene, phrase=phrase, context=context)
    if json:
        show.print_json(show.explanation_json(why))
    else:
        show.explanation(why, lang=settings.lang)


@app.command()
def init(
    template: Annotated[
        str,
        typer.Option(
            help="blank, movielens, recbole, or with a little data: shop, shop-zh, news, social, "
            "music, video, books, education, travel, health, finance."
        ),
    ] = "blank",
) -> None:
    """Write a commented recagent.toml (and a template's data) into this folder."""
    from recagent import templates  # noqa: PLC0415

    written = templates.copy(template, to=Path())
    for path in written:
        typer.echo(path)
    has_data = any(path.suffix == ".csv" for path in written)
    first = "" if has_data else "edit recagent.toml, then "
    says = (
        "下一步：recagent validate"
        if template.endswith("-zh")
        else f"next: {first}recagent validate"
    )
    typer.echo(says, err=True)


@app.command()
def validate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILES]", help="Files to look at. [default: those of the config]"),
    ] = None,
    columns: Annotated[
        str, typer.Option("--map", help="Our field and the file's column: item_id=sku,title=name.")
    ] = "",
    drop_orphans: DropOrphans = False,
    limit: Annotated[int, typer.Option(min=1, help="Problems shown of each kind and file.")] = 5,
    lang: Lang = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Read and clean the files as index would, and report; exit 1 where something is wrong."""
    from recagent.catalog import named_files, survey  # noqa: PLC0415
    from recagent.cli import report, show  # noqa: PLC0415
    from recagent.cli.progress import progress  # noqa: PLC0415

    settings = named_files(
        _catalog_settings(config, lang, drop_orphans), files or [], columns=_column_map(columns)
    )
    with progress() as advance:
        found = survey(settings, on_progress=advance, examples=limit).report
    if json:
        show.print_json(report.report_json(found, lang=settings.lang))
    else:
        report.print_report(found, lang=settings.lang)
    if found.problems and settings.cleaning.unusable == "stop":
        raise typer.Exit(1)


@app.command()
def index(
    config: Config = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Then delete all other scenes and embedders.")
    ] = False,
    drop_orphans: DropOrphans = False,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Read the catalogue's files into the index and the store; run again to go on or to update."""
    from functools import partial  # noqa: PLC0415

    import anyio  # noqa: PLC0415

    from recagent.cli import show  # noqa: PLC0415
    from recagent.cli.progress import load_with_progress  # noqa: PLC0415
    from recagent.loading import prune_index  # noqa: PLC0415

    settings = _catalog_settings(config, lang, drop_orphans)
    loaded = load_with_progress(settings)
    pruned = 0
    if prune:
        wanted = partial(prune_index, settings, keep=loaded.report.scenes.keys())
        pruned = anyio.run(wanted)
    show.loaded(loaded, pruned=pruned, lang=settings.lang, as_json=json)


@app.command()
def fit(
    language_cases: Annotated[
        int, typer.Option(min=0, help="Past choices of each scene to ask the model about.")
    ] = 40,
    sequence: Annotated[
        bool,
        typer.Option("--sequence", help="Train a sequence model too; kept if it helps (torch)."),
    ] = False,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Learn from what is stored: weights of the sources, the model's worth, like-probabilities."""
    from recagent.cli import fit as fitting  # noqa: PLC0415

    settings = _settings(config, demo, lang)
    fitting.run(settings, language_cases=language_cases, sequence=sequence, as_json=json)


@app.command()
def tune(
    base: Annotated[
        Path | None,
        typer.Option(help="A model's folder, for vLLM. [default: the embedded engine's weights]"),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--from", help="SCENE[:ATTRIBUTE=VALUE] whose likes are read. [default: all]"),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--for", help="SCENE[:ATTRIBUTE=VALUE] whose choices decide. [default: all]"),
    ] = None,
    shots: Annotated[
        int, typer.Option(min=0, help="People whose likes there are read too, with --for.")
    ] = 0,
    epochs: Annotated[int, typer.Option(min=1, help="How often all likes are read.")] = 3,
    rank: Annotated[int, typer.Option(min=1, help="Of the adapter's matrices.")] = 8,
    rate: Annotated[float, typer.Option(min=0, help="Largest step of Adam.")] = 1.5e-3,
    threads: Annotated[int, typer.Option(min=0, help="0 for all cores.")] = 0,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Tune the language model on what is stored (LoRA), and keep it if it ranks better."""
    from recagent.cli import tune as tuning  # noqa: PLC0415
    from recagent.tuning.lora import LoraSettings  # noqa: PLC0415

    lora = LoraSettings(epochs=epochs, rank=rank, rate=rate, threads=threads)
    route = tuning.Written(sources=source or (), targets=target or (), shots=shots)
    tuning.run(_settings(config, demo, lang), base=base, lora=lora, route=route, as_json=json)


@head_app.command("show")
def head_show(
    lang: Lang = None, config: Config = None, demo: Demo = False, json: Json = False
) -> None:
    """Print what was learned: weights, and where the language model is asked."""
    from recagent.cli import fit as fitting  # noqa: PLC0415

    fitting.show_head(_settings(config, demo, lang), as_json=json)


@transfer_app.command("show")
def transfer_show(
    lang: Lang = None, config: Config = None, demo: Demo = False, json: Json = False
) -> None:
    """Print how much taste shown in one scene counts in each other one, and where it is off."""
    from recagent.cli.transfer import show_map  # noqa: PLC0415

    show_map(_settings(config, demo, lang), as_json=json)


@app.command()
def scenes(
    lang: Lang = None, config: Config = None, demo: Demo = False, json: Json = False
) -> None:
    """Print what the settings declare of each scene: tasks, rules, what it learns from."""
    from recagent.cli import scenes as declared  # noqa: PLC0415

    declared.run(_settings(config, demo, lang), as_json=json)


@app.command()
def doctor(config: Config = None, demo: Demo = False, json: Json = False) -> None:
    """Check settings, index, store, embedder and model, and say what to do next."""
    from recagent.cli.doctor import examine  # noqa: PLC0415

    if not examine(lambda: _settings(config, demo, None), as_json=json):
        raise typer.Exit(1)


@events_app.command("add")
def events_add(
    user: UserId,
    item: ItemId,
    kind: Annotated[
        str, typer.Option(help="like, rating, purchase, view, skip, dislike...")
    ] = "like",
    value: Annotated[float | None, typer.Option(help="The value of a rating.")] = None,
    scene: Annotated[str | None, typer.Option(help="The item's scene.")] = None,
    at: Annotated[datetime | None, typer.Option(help="When, in UTC. [default: now]")] = None,
    impression: Annotated[str, typer.Option(help="The id of the slate that this answers.")] = "",
    text: Annotated[str, typer.Option(help="The person's own words on it.")] = "",
    device: Device = "",
    place: Place = "",
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Store one event; the person's next slate takes it into account."""
    from datetime import UTC  # noqa: PLC0415

    from recagent.catalog import event_kind  # noqa: PLC0415
    from recagent.cli import show  # noqa: PLC0415

    when = at.replace(tzinfo=UTC) if at else None
    settings = _settings(config, demo, None)
    with _open(settings) as recommender:
        event = recommender.record(
            user,
            item,
            kind=event_kind(kind),
            value=value,
            scene=scene,
            at=when,
            impression=impression,
            text=text,
            device=device,
            place=place,
        )
    show.event_line(event, lang=settings.lang, as_json=json)


@events_app.command("list")
def events_list(
    user: UserId,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 20,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Print a person's newest events."""
    from recagent.cli import show  # noqa: PLC0415

    settings = _settings(config, demo, None)
    with _open(settings) as recommender:
        profile = recommender.profile(user)
    show.events(profile, limit=limit, lang=settings.lang, as_json=json)


def _catalog_settings(config: Path | None, lang: Language | None, drop_orphans: bool) -> Settings:
    settings = _settings(config, demo=False, lang=lang)
    if not drop_orphans:
        return settings
    cleaning = settings.cleaning.model_copy(update={"orphans": "drop"})
    return settings.model_copy(update={"cleaning": cleaning})


def _column_map(pairs: str) -> dict[str, str]:
    columns: dict[str, str] = {}
    for pair in filter(None, pairs.split(",")):
        field, equals, column = (part.strip() for part in pair.partition("="))
        if not (field and equals and column):
            raise typer.BadParameter(f"{pair!r} is not FIELD=COLUMN", param_hint="--map")
        columns[field] = column
    return columns

"""``recagent profile``: what is known of a person, to be read, changed, taken along and deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from recagent.cli.locked_index import open_without_index
from recagent.cli.opening import load_settings
from recagent.cli.options import Config, Demo, Json, Lang, UserId
from recagent.cli.output import console, print_json
from recagent.domain import Edits, Language, Note, Profile, Value
from recagent.errors import DataError
from recagent.locale import Phrases
from recagent.profiles.export import read_profile_export
from recagent.prompts import one_line

app = typer.Typer()

Pairs = list[str] | None

WORDS = Phrases[str]("cli", "profile")


@app.command("show")
def show(
    user: UserId,
    preference: Annotated[
        bool,
        typer.Option("--preference", help="Let the model say what is liked in each scene."),
    ] = False,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Print what is known of a person: declarations, tags, own words, the model's words."""
    settings = load_settings(config, demo, lang)
    with open_without_index(settings) as recommender:
        profile = recommender.profile(user)
        notes = recommender.take_notes(user) if preference else recommender.notes(user)
    _show(profile, notes, lang=settings.lang, as_json=json)


@app.command("edit")
def edit(
    user: UserId,
    tag: Annotated[
        Pairs, typer.Option(help="NAME or NAME=WEIGHT, from 0 (blocked) to 1; may be repeated.")
    ] = None,
    block: Annotated[
        Pairs, typer.Option(help="A tag; what carries it counts as liked no more.")
    ] = None,
    attribute: Annotated[
        Pairs, typer.Option("--set", help="NAME=VALUE; without a value it is taken away.")
    ] = None,
    about: Annotated[str | None, typer.Option(help="A few words of the person's own.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="First take earlier edits back.")] = False,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Change a profile; what is changed wins over what is declared and inferred."""
    edits = Edits(
        tags=dict(map(_weighted, tag or [])) | dict.fromkeys(block or [], 0.0),
        attributes=dict(map(_attribute, attribute or [])),
        about=about,
    )
    settings = load_settings(config, demo, lang)
    with open_without_index(settings) as recommender:
        if undo:
            recommender.undo_edits(user)
        profile = recommender.edit_profile(user, edits)
        notes = recommender.notes(user)
    _show(profile, notes, lang=settings.lang, as_json=json)


@app.command("delete")
def delete(
    user: UserId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Delete all that is kept of a person, under all of their ids."""
    settings = load_settings(config, demo, lang)
    words = WORDS[settings.lang]
    if not yes:
        typer.confirm(words["sure"].format(ids=user), abort=True)
    with open_without_index(settings) as recommender:
        gone = recommender.forget(user)
    if json:
        print_json(asdict(gone))
    else:
        typer.echo(words["gone"].format(**(asdict(gone) | {"ids": len(gone.ids)})))


@app.command("export")
def export(
    user: UserId,
    with_id: Annotated[bool, typer.Option("--with-id", help="Name the person in it.")] = False,
    config: Config = None,
    demo: Demo = False,
) -> None:
    """Print the taste passport: declarations and tags as JSON, without items and without the id."""
    with open_without_index(load_settings(config, demo, None)) as recommender:
        passport = recommender.passport(user, with_id=with_id)
    typer.echo(passport.model_dump_json(indent=2, exclude_none=True))


@app.command("import")
def import_(
    user: UserId,
    file: Annotated[Path, typer.Argument(help="A taste passport; - for standard input.")],
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Take a passport's declarations and tags as the person's own word."""
    settings = load_settings(config, demo, lang)
    passport = read_profile_export(_read(file), name=str(file))
    with open_without_index(settings) as recommender:
        profile = recommender.admit(user, passport)
        notes = recommender.notes(user)
    _show(profile, notes, lang=settings.lang, as_json=json)


@app.command("link")
def link(
    user: UserId,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Another id of the person.")],
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Let two ids, of a phone and a browser perhaps, be one person from now on."""
    settings = load_settings(config, demo, lang)
    with open_without_index(settings) as recommender:
        ids = recommender.link(user, other=other)
    if json:
        print_json({"ids": ids})
    else:
        typer.echo(WORDS[settings.lang]["linked"].format(ids=", ".join(ids)))


def _show(profile: Profile, notes: Sequence[Note], *, lang: Language, as_json: bool) -> None:
    if as_json:
        print_json(_json(profile, notes))
        return
    words, out = WORDS[lang], console()
    lines = [*_lines(profile, notes, words)]
    out.print(profile.user.id, style="bold", markup=False, highlight=False)
    for name, text in lines or [("", words["nothing"])]:
        out.print(f"  {name}: {text}" if name else f"  {text}", markup=False, highlight=False)


def _lines(
    profile: Profile, notes: Sequence[Note], words: Mapping[str, str]
) -> list[tuple[str, str]]:
    user = profile.user
    told = [f"{name} = {_text(value)}" for name, value in user.attributes.items()]
    blocked = [tag for tag, weight in user.edits.tags.items() if weight == 0]
    lines = [
        (words["attributes"], ", ".join(told)),
        (words["about"], user.about),
        (words["tags"], _weights(profile.tags)),
        (words["blocked"], ", ".join(blocked)),
        *(
            (words["scene"].format(scene=scene), _weights(tags))
            for scene, tags in profile.scene_tags.items()
        ),
        *((words["notes"].format(scene=note.scene), note.text) for note in notes),
        *((words["words"], text) for text in profile.words[:5]),
        (words["events"], str(len(profile.events) or "")),
    ]
    return [(name, one_line(text, 400)) for name, text in lines if text]


def _json(profile: Profile, notes: Sequence[Note]) -> dict[str, Any]:
    user = profile.user
    return {
        "person": user.id,
        "attributes": user.attributes,
        "about": user.about,
        "tags": profile.tags,
        "blocked": [tag for tag, weight in user.edits.tags.items() if weight == 0],
        "scene_tags": profile.scene_tags,
        "words": profile.words,
        "notes": [asdict(note) for note in notes],
        "events": len(profile.events),
    }


def _weights(tags: Mapping[str, float]) -> str:
    return ", ".join(f"{tag} {weight:.2f}" for tag, weight in tags.items())


def _text(value: Value) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)


def _weighted(pair: str) -> tuple[str, float]:
    name, equals, weight = pair.rpartition("=")
    if not equals:
        return pair, 1.0
    try:
        return name, float(weight)
    except ValueError as error:
        raise typer.BadParameter(
            f"{pair!r} is not NAME or NAME=WEIGHT", param_hint="--tag"
        ) from error


def _attribute(pair: str) -> tuple[str, Value | None]:
    name, equals, value = pair.partition("=")
    if not equals:
        raise typer.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--set")
    return name, _number(value) if value else None


def _number(value: str) -> Value:
    kinds: tuple[Callable[[str], Value], ...] = (int, float)
    for kind in kinds:
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return typer.get_binary_stream("stdin").read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(
            "cannot read passport {file!r}: {reason}", file=str(file), reason=error.strerror
        ) from error

"""``recagent profile``: shows, changes, exports and deletes what is known of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from recagent.cli.locked_index import open_without_index
from recagent.cli.opening import load_settings
from recagent.cli.options import Config, Demo, Json, Lang, UserId
from recagent.cli.output import print_json, print_line
from recagent.domain import Edits, Language, Note, Profile, Value
from recagent.errors import DataError
from recagent.locale import Phrases
from recagent.profiles.export import read_profile_export
from recagent.prompts import one_line

app = typer.Typer()

Texts = list[str] | None

WORDS = Phrases[str]("cli", "profile")


@app.command()
def show(
    user: UserId,
    preference: Annotated[
        bool, typer.Option("--preference", help="Let the model describe the taste in each scene.")
    ] = False,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Print what is known of a person: declarations, tags, what they and the model wrote."""
    settings = load_settings(config, demo, lang)
    with open_without_index(settings) as recommender:
        profile = recommender.profile(user)
        notes = recommender.take_notes(user) if preference else recommender.notes(user)
    _print_profile(profile, notes, lang=settings.lang, as_json=json)


@app.command()
def edit(
    user: UserId,
    tag: Annotated[
        Texts, typer.Option(help="NAME or NAME=WEIGHT, from 0 (blocked) to 1; may be repeated.")
    ] = None,
    block: Annotated[
        Texts, typer.Option(help="A tag; items with it no longer count as liked.")
    ] = None,
    attribute: Annotated[
        Texts, typer.Option("--set", help="NAME=VALUE; without a value it is removed.")
    ] = None,
    about: Annotated[str | None, typer.Option(help="A few words by the person.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="First undo earlier edits.")] = False,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Change a profile; changes win over what is declared and inferred."""
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
    _print_profile(profile, notes, lang=settings.lang, as_json=json)


@app.command()
def delete(
    user: UserId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Delete all that is stored of a person, under all of their ids."""
    settings = load_settings(config, demo, lang)
    words = WORDS[settings.lang]
    if not yes:
        typer.confirm(words["sure"].format(ids=user), abort=True)
    with open_without_index(settings) as recommender:
        deleted = recommender.forget(user)
    if json:
        print_json(asdict(deleted))
    else:
        typer.echo(words["gone"].format(**(asdict(deleted) | {"ids": len(deleted.ids)})))


@app.command()
def export(
    user: UserId,
    with_id: Annotated[bool, typer.Option("--with-id", help="Include the person's id.")] = False,
    config: Config = None,
    demo: Demo = False,
) -> None:
    """Print the taste passport: declarations and tags as JSON, without items or the id."""
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
    """Take a passport's declarations and tags as declared by the person."""
    settings = load_settings(config, demo, lang)
    passport = read_profile_export(_read(file), name=str(file))
    with open_without_index(settings) as recommender:
        profile = recommender.admit(user, passport)
        notes = recommender.notes(user)
    _print_profile(profile, notes, lang=settings.lang, as_json=json)


@app.command()
def link(
    user: UserId,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Another id of the person.")],
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Make two ids, perhaps of a phone and a browser, one person from now on."""
    settings = load_settings(config, demo, lang)
    with open_without_index(settings) as recommender:
        ids = recommender.link(user, other=other)
    if json:
        print_json({"ids": ids})
    else:
        typer.echo(WORDS[settings.lang]["linked"].format(ids=", ".join(ids)))


def _print_profile(
    profile: Profile, notes: Sequence[Note], *, lang: Language, as_json: bool
) -> None:
    user = profile.user
    blocked = [tag for tag, weight in user.edits.tags.items() if weight == 0]
    if as_json:
        print_json(
            {
                "person": user.id,
                "attributes": user.attributes,
                "about": user.about,
                "tags": profile.tags,
                "blocked": blocked,
                "scene_tags": profile.scene_tags,
                "words": profile.words,
                "notes": [asdict(note) for note in notes],
                "events": len(profile.events),
            }
        )
        return
    words = WORDS[lang]
    attributes = [f"{name} = {_text(value)}" for name, value in user.attributes.items()]
    lines = [
        (words["attributes"], ", ".join(attributes)),
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
    print_line(user.id, style="bold")
    for name, text in lines:
        if text:
            print_line(f"  {name}: {one_line(text, 400)}")
    if not any(text for _, text in lines):
        print_line(f"  {words['nothing']}")


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
    for kind in (int, float):
        with suppress(ValueError):
            return kind(value)
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

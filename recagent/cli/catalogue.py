"""``recagent init``, ``validate``, ``index``: from files to what can be recommended."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, cast

import anyio
import typer

from recagent import templates
from recagent.cli import catalogue_report, output
from recagent.cli.opening import load_settings
from recagent.cli.options import (
    Columns,
    Config,
    Dates,
    DropOrphans,
    Encodings,
    Files,
    Holds,
    Json,
    Kinds,
    Lang,
    Ratings,
)
from recagent.cli.progress import load_with_progress, progress
from recagent.config.data_sections import RatingSettings, date_format
from recagent.config.settings import Settings
from recagent.domain import EventKind, Language, event_kind
from recagent.errors import ConfigError
from recagent.ingest import settings_for_files
from recagent.ingest.layouts import Holds as HoldsWhat
from recagent.ingest.loading import prune_index, validate_catalogue


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


def validate(
    files: Files = None,
    columns: Columns = None,
    kinds: Kinds = "",
    holds: Holds = None,
    dates: Dates = None,
    encodings: Encodings = None,
    ratings: Ratings = "",
    drop_orphans: DropOrphans = False,
    limit: Annotated[int, typer.Option(min=1, help="Rows shown of each kind and file.")] = 2,
    lang: Lang = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Read and clean the files as index would, and report; exit 1 where something is wrong."""
    settings = settings_for_files(
        _catalog_settings(config, lang, drop_orphans, ratings),
        files or [],
        columns=_column_maps(columns or []),
        kinds=_kinds(kinds),
        holds=_holds(holds or []),
        dates=_dates(dates or []),
        encodings=_encodings(encodings or []),
    )
    with progress() as advance:
        found = validate_catalogue(
            settings, on_progress=advance, examples=limit, by_command=bool(files)
        ).report
    if json:
        output.print_json(catalogue_report.report_json(found, lang=settings.lang))
    else:
        catalogue_report.print_report(found, lang=settings.lang)
    if found.problems and settings.cleaning.unusable == "stop":
        raise typer.Exit(1)


def index(
    files: Files = None,
    columns: Columns = None,
    kinds: Kinds = "",
    holds: Holds = None,
    dates: Dates = None,
    encodings: Encodings = None,
    config: Config = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Then delete all other scenes and embedders.")
    ] = False,
    replace_events: Annotated[
        bool,
        typer.Option(
            "--replace-events",
            help="Delete events that event files gave before they changed; recorded ones stay.",
        ),
    ] = False,
    ratings: Ratings = "",
    drop_orphans: DropOrphans = False,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Read the catalogue's files into the index and the store; run again to go on or to update."""
    settings = settings_for_files(
        _catalog_settings(config, lang, drop_orphans, ratings),
        files or [],
        columns=_column_maps(columns or []),
        kinds=_kinds(kinds),
        holds=_holds(holds or []),
        dates=_dates(dates or []),
        encodings=_encodings(encodings or []),
    )
    loaded = load_with_progress(settings, replace_events=replace_events, by_command=bool(files))
    pruned = 0
    if prune:
        pruned = anyio.run(partial(prune_index, settings, keep=loaded.report.scenes.keys()))
    catalogue_report.print_loaded(loaded, pruned=pruned, lang=settings.lang, as_json=json)


def _catalog_settings(
    config: Path | None, lang: Language | None, drop_orphans: bool, ratings: str
) -> Settings:
    settings = load_settings(config, demo=False, lang=lang)
    if drop_orphans:
        cleaning = settings.cleaning.model_copy(update={"orphans": "drop"})
        settings = settings.model_copy(update={"cleaning": cleaning})
    return settings.model_copy(update={"ratings": _ratings(ratings)}) if ratings else settings


def _ratings(said: str) -> RatingSettings:
    """``1..5`` or ``1..5,unrated=0``."""
    ends, _, unrated = said.partition(",unrated=")
    low, _, high = ends.partition("..")
    try:
        given = (float(unrated),) if unrated else ()
        found = RatingSettings(low=float(low), high=float(high), unrated=given)
        found.scale()
    except (ValueError, ConfigError) as error:
        raise typer.BadParameter(
            f"{said!r} is not as 1..5 or 1..5,unrated=0", param_hint="--ratings"
        ) from error
    return found


def _column_maps(said: Sequence[str]) -> dict[str, dict[str, str]]:
    """``item_id=sku,title=name``, or the same behind ``FILE:``, by file; "" is all of them."""
    maps: dict[str, dict[str, str]] = {}
    for each in said:
        place = each.partition("=")[0].rfind(":")
        file, pairs = (each[:place], each[place + 1 :]) if place > 0 else ("", each)
        maps.setdefault(file.strip(), {}).update(_pairs(pairs, "FIELD=COLUMN", "--map"))
    return maps


def _kinds(said: str) -> dict[str, EventKind]:

    return {word: event_kind(kind) for word, kind in _pairs(said, "WORD=KIND", "--kinds").items()}


def _holds(said: Sequence[str]) -> dict[str, HoldsWhat]:
    """``log.csv=events``."""
    found: dict[str, HoldsWhat] = {}
    for each in said:
        file, _, what = each.rpartition("=")
        if not file.strip() or what.strip() not in ("items", "events", "users"):
            raise typer.BadParameter(
                f"{each!r} is not FILE=items, FILE=events or FILE=users", param_hint="--holds"
            )
        found[file.strip()] = cast("HoldsWhat", what.strip())
    return found


def _dates(said: Sequence[str]) -> dict[str, str]:
    """``day-first``, or ``log.csv=%d.%m.%Y``, by file; "" is all of them."""
    found: dict[str, str] = {}
    for each in said:
        file, _, form = each.rpartition("=")
        try:
            found[file.strip()] = date_format(form.strip())
        except ValueError as error:
            raise typer.BadParameter(f"{form!r} {error}", param_hint="--date-format") from error
    return found


def _encodings(said: Sequence[str]) -> dict[str, str]:
    """``gb18030``, or ``log.csv=gb18030``, by file; "" is all of them."""
    found: dict[str, str] = {}
    for each in said:
        file, _, encoding = each.rpartition("=")
        try:
            found[file.strip()] = codecs.lookup(encoding.strip()).name
        except LookupError as error:
            raise typer.BadParameter(
                f"{encoding!r} is no encoding that Python knows; gb18030 is one",
                param_hint="--encoding",
            ) from error
    return found


def _pairs(said: str, form: str, option: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for pair in filter(None, said.split(",")):
        left, equals, right = (part.strip() for part in pair.partition("="))
        if not (left and equals and right):
            raise typer.BadParameter(f"{pair!r} is not {form}", param_hint=option)
        pairs[left] = right
    return pairs

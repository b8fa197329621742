"""``recagent validate`` and ``recagent index``: from files to items that can be recommended."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
import typer

from recagent.cli import catalogue_report, options, output
from recagent.cli.learning import learn_with_progress
from recagent.cli.opening import load_settings
from recagent.cli.progress import load_with_progress, progress
from recagent.config.data_sections import RatingSettings, date_format
from recagent.config.settings import Settings
from recagent.domain import EventKind, Language, event_kind
from recagent.errors import ConfigError
from recagent.ingest import settings_for_files
from recagent.ingest.layouts import Holds as HoldsWhat
from recagent.ingest.loading import prune_index, validate_catalogue


def validate(
    files: options.Files = None,
    columns: options.Columns = None,
    kinds: options.Kinds = "",
    holds: options.Holds = None,
    dates: options.Dates = None,
    encodings: options.Encodings = None,
    ratings: options.Ratings = "",
    drop_orphans: options.DropOrphans = False,
    limit: Annotated[int, typer.Option(min=1, help="Rows shown of each kind and file.")] = 2,
    lang: options.Lang = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Read and clean the files as index would, and report problems.

    The exit code is 1 if there are any.
    """
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
        report = validate_catalogue(
            settings, on_progress=advance, examples=limit, by_command=bool(files)
        ).report
    if json:
        output.print_json(catalogue_report.report_json(report, lang=settings.lang))
    else:
        catalogue_report.print_report(report, lang=settings.lang)
    if report.problems and settings.cleaning.unusable == "stop":
        raise typer.Exit(1)


def index(
    files: options.Files = None,
    columns: options.Columns = None,
    kinds: options.Kinds = "",
    holds: options.Holds = None,
    dates: options.Dates = None,
    encodings: options.Encodings = None,
    config: options.Config = None,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune", help="Then delete scenes that are of other embedders or not in the files."
        ),
    ] = False,
    replace_events: Annotated[
        bool,
        typer.Option(
            "--replace-events",
            help="Delete events from earlier versions of the files; recorded ones stay.",
        ),
    ] = False,
    ratings: options.Ratings = "",
    drop_orphans: options.DropOrphans = False,
    lang: options.Lang = None,
    json: options.Json = False,
) -> None:
    """Read the catalogue's files into index and store, and learn to rank from the events.

    Run it again to go on after a stop, or to update. [learn] automatic = false leaves out learning.
    """
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
    learned = learn_with_progress(settings, changed=bool(loaded.events or loaded.replaced))
    catalogue_report.print_loaded(
        loaded, learned=learned, pruned=pruned, settings=settings, as_json=json
    )


def _catalog_settings(
    config: Path | None, lang: Language | None, drop_orphans: bool, ratings: str
) -> Settings:
    settings = load_settings(config, demo=False, lang=lang)
    if drop_orphans:
        cleaning = settings.cleaning.model_copy(update={"orphans": "drop"})
        settings = settings.model_copy(update={"cleaning": cleaning})
    return settings.model_copy(update={"ratings": _ratings(ratings)}) if ratings else settings


def _ratings(text: str) -> RatingSettings:
    """Reads ``1..5`` or ``1..5,unrated=0``."""
    ends, _, unrated = text.partition(",unrated=")
    low, _, high = ends.partition("..")
    try:
        values = (float(unrated),) if unrated else ()
        ratings = RatingSettings(low=float(low), high=float(high), unrated=values)
        ratings.scale()
    except (ValueError, ConfigError) as error:
        raise typer.BadParameter(
            f"{text!r} is not as 1..5 or 1..5,unrated=0", param_hint="--ratings"
        ) from error
    return ratings


def _column_maps(texts: Sequence[str]) -> dict[str, dict[str, str]]:
    """Reads ``item_id=sku,title=name``, or the same behind ``FILE:``, by file; "" is every file."""
    maps: dict[str, dict[str, str]] = {}
    for text in texts:
        colon = text.partition("=")[0].rfind(":")
        file, pairs = (text[:colon], text[colon + 1 :]) if colon > 0 else ("", text)
        maps.setdefault(file.strip(), {}).update(_pairs(pairs, "FIELD=COLUMN", "--map"))
    return maps


def _kinds(text: str) -> dict[str, EventKind]:
    return {word: event_kind(kind) for word, kind in _pairs(text, "WORD=KIND", "--kinds").items()}


def _by_file(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Splits ``VALUE`` or ``FILE=VALUE``; the file is "" for every file."""
    for text in texts:
        file, _, value = text.rpartition("=")
        yield file.strip(), value.strip()


def _holds(texts: Sequence[str]) -> dict[str, HoldsWhat]:
    """Reads ``log.csv=events``."""
    holds: dict[str, HoldsWhat] = {}
    for text, (file, content) in zip(texts, _by_file(texts), strict=True):
        if not file or content not in ("items", "events", "users"):
            raise typer.BadParameter(
                f"{text!r} is not FILE=items, FILE=events or FILE=users", param_hint="--holds"
            )
        holds[file] = content
    return holds


def _dates(texts: Sequence[str]) -> dict[str, str]:
    """Reads ``day-first``, or ``log.csv=%d.%m.%Y``."""
    formats: dict[str, str] = {}
    for file, text in _by_file(texts):
        try:
            formats[file] = date_format(text)
        except ValueError as error:
            raise typer.BadParameter(f"{text!r} {error}", param_hint="--date-format") from error
    return formats


def _encodings(texts: Sequence[str]) -> dict[str, str]:
    """Reads ``gb18030``, or ``log.csv=gb18030``."""
    encodings: dict[str, str] = {}
    for file, name in _by_file(texts):
        try:
            encodings[file] = codecs.lookup(name).name
        except LookupError as error:
            raise typer.BadParameter(
                f"{name!r} is no encoding that Python knows; gb18030 is one",
                param_hint="--encoding",
            ) from error
    return encodings


def _pairs(text: str, form: str, option: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for pair in filter(None, text.split(",")):
        left, equals, right = (part.strip() for part in pair.partition("="))
        if not (left and equals and right):
            raise typer.BadParameter(f"{pair!r} is not {form}", param_hint=option)
        pairs[left] = right
    return pairs

"""``recagent init``, ``validate``, ``index``: from files to what can be recommended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recagent.cli.opening import settings_of
from recagent.cli.options import Config, DropOrphans, Json, Lang, Ratings

if TYPE_CHECKING:
    from recagent.sections import RatingSettings
    from recagent.settings import Settings
    from recagent.types import Language


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


def validate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILES]", help="Files to look at. [default: those of the config]"),
    ] = None,
    columns: Annotated[
        str, typer.Option("--map", help="Our field and the file's column: item_id=sku,title=name.")
    ] = "",
    ratings: Ratings = "",
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
        _catalog_settings(config, lang, drop_orphans, ratings),
        files or [],
        columns=_column_map(columns),
    )
    with progress() as advance:
        found = survey(settings, on_progress=advance, examples=limit, by_command=bool(files)).report
    if json:
        show.print_json(report.report_json(found, lang=settings.lang))
    else:
        report.print_report(found, lang=settings.lang)
    if found.problems and settings.cleaning.unusable == "stop":
        raise typer.Exit(1)


def index(
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
    from functools import partial  # noqa: PLC0415

    import anyio  # noqa: PLC0415

    from recagent.cli import show  # noqa: PLC0415
    from recagent.cli.progress import load_with_progress  # noqa: PLC0415
    from recagent.loading import prune_index  # noqa: PLC0415

    settings = _catalog_settings(config, lang, drop_orphans, ratings)
    loaded = load_with_progress(settings, replace_events=replace_events)
    pruned = 0
    if prune:
        wanted = partial(prune_index, settings, keep=loaded.report.scenes.keys())
        pruned = anyio.run(wanted)
    show.loaded(loaded, pruned=pruned, lang=settings.lang, as_json=json)


def _catalog_settings(
    config: Path | None, lang: Language | None, drop_orphans: bool, ratings: str
) -> Settings:
    settings = settings_of(config, demo=False, lang=lang)
    if drop_orphans:
        cleaning = settings.cleaning.model_copy(update={"orphans": "drop"})
        settings = settings.model_copy(update={"cleaning": cleaning})
    return settings.model_copy(update={"ratings": _ratings(ratings)}) if ratings else settings


def _ratings(said: str) -> RatingSettings:
    """``1..5`` or ``1..5,unrated=0``."""
    from recagent.errors import ConfigError  # noqa: PLC0415
    from recagent.sections import RatingSettings  # noqa: PLC0415

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


def _column_map(pairs: str) -> dict[str, str]:
    columns: dict[str, str] = {}
    for pair in filter(None, pairs.split(",")):
        field, equals, column = (part.strip() for part in pair.partition("="))
        if not (field and equals and column):
            raise typer.BadParameter(f"{pair!r} is not FIELD=COLUMN", param_hint="--map")
        columns[field] = column
    return columns

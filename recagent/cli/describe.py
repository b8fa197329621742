"""``recagent describe``: a model says of each item what the catalogue does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
import typer

from recagent import bootstrap
from recagent.cli import output
from recagent.cli.measuring import is_interactive, money
from recagent.cli.opening import load_settings
from recagent.cli.options import Config, Json, Lang
from recagent.cli.progress import progress
from recagent.config.settings import Settings
from recagent.errors import ConfigError
from recagent.ingest.describing import (
    DescribeRequest,
    described_attributes,
    estimated_usage,
    make_requests,
)
from recagent.ingest.description_run import DescribeSummary, describe_all, items_to_describe
from recagent.ingest.descriptions import described_ids
from recagent.llm.batch_files import BatchModel, batch_id, read_replies, write_requests
from recagent.locale import Phrases
from recagent.ports import ChatModel

WORDS = Phrases[str]("cli", "describe")


def describe(
    out: Annotated[
        Path, typer.Option("-o", "--out", help="File of the descriptions; a stopped run goes on.")
    ] = Path("described.jsonl"),
    scene: Annotated[str, typer.Option(help="Only items of this scene.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="At most this many items; 0 for all.")] = 0,
    requests: Annotated[
        Path | None, typer.Option(help="Write the requests as OpenAI batch lines; ask nothing.")
    ] = None,
    replies: Annotated[
        list[Path] | None, typer.Option(help="Output of that batch. May be given several times.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before requests are sent.")
    ] = False,
    lang: Lang = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Have a model say of each item what the catalogue does not.

    [describe] declares the attributes. What the model does not know stays unknown. index reads the
    file beside the items, and its values are never taken for the catalogue's own.
    """
    settings = load_settings(config, demo=False, lang=lang)
    words = WORDS[settings.lang]
    if out.suffix.lower() == ".gz":
        raise typer.BadParameter("name a file that is not compressed", param_hint="--out")
    batch = _batch_model(settings, replies or ()) if requests or replies else None
    asked = _requests(settings, out, scene, limit)
    if not asked:
        typer.echo(words["nothing"].format(path=out), err=True)
        return
    model = batch or _live_model(settings)
    if batch is None:
        _agree(asked, settings, yes=yes)
    with progress() as advance:
        run = partial(
            describe_all, asked, model=model, settings=settings, out=out, on_progress=advance
        )
        summary = anyio.run(run)
    _print_summary(summary, settings, out=out, json=json, is_asked=requests is None)
    if batch is not None and requests is not None:
        write_requests(requests, batch.requests)
        waiting = [each for each in asked if batch_id(each.messages) in batch.requests]
        line = words["written"].format(n=len(batch.requests), path=requests)
        typer.echo(f"{line}{_estimate(waiting, settings, words['estimate'])}", err=True)


def _requests(settings: Settings, out: Path, scene: str, limit: int) -> list[DescribeRequest]:
    """Returns what is still to be asked.

    Raises:
        ConfigError: no item is of the scene.
    """
    items = items_to_describe(settings)
    if scene and not any(item.scene == scene for item in items):
        raise ConfigError(
            "no item is of scene {scene!r}; the files have {known}",
            scene=scene,
            known=", ".join(sorted({item.scene for item in items})),
        )
    items = [item for item in items if scene in ("", item.scene)]
    return [
        *make_requests(
            items[:limit] if limit else items,
            described_ids(out),
            settings=settings.describe,
            scenes=settings.declared_scenes(),
            lang=settings.lang,
        )
    ]


def _batch_model(settings: Settings, replies: Sequence[Path]) -> BatchModel:
    """Returns a model that answers from batch outputs.

    Raises:
        ConfigError: it has no name, which the requests need.
        DataError: a file is no output of a batch.
    """
    if not settings.model.name:
        raise ConfigError("a batch needs the model's name; set [model] name")
    return BatchModel(settings.model.name, read_replies(replies))


def _live_model(settings: Settings) -> ChatModel:
    """Returns the first model.

    Raises:
        ConfigError: none is behind an endpoint: the embedded one knows too little.
    """
    first = next(iter(settings.engines), None)
    model = bootstrap.model(settings) if first is not None and first.is_remote else None
    if model is None:
        raise ConfigError(
            "describing needs a capable model, which the embedded one is not; set [model] "
            "base_url, or write batch lines with --requests FILE"
        )
    return model


def _agree(asked: Sequence[DescribeRequest], settings: Settings, *, yes: bool) -> None:
    """Shows what asking takes, and asks whether it may be done.

    Raises:
        ConfigError: nobody is there to be asked, and ``--yes`` is not given.
    """
    words = WORDS[settings.lang]
    typer.echo(_estimate(asked, settings, words["asks"]), err=True)
    if yes:
        return
    if not is_interactive():
        raise ConfigError("nobody is there to agree to that; add --yes")
    typer.confirm(words["confirm"], abort=True)


def _estimate(asked: Sequence[DescribeRequest], settings: Settings, form: str) -> str:
    usage = estimated_usage(asked, described_attributes(settings.describe, settings.lang))
    is_known = settings.endpoint or settings.model.price  # a batch may go anywhere
    cost = (
        money(settings, lists=1, usage=usage) if is_known else WORDS[settings.lang]["price unknown"]
    )
    return form.format(
        items=sum(len(each.items) for each in asked),
        n=len(asked),
        model=settings.model.name or settings.endpoint,
        prompt=usage.prompt,
        completion=usage.completion,
        money=cost,
    )


def _print_summary(
    summary: DescribeSummary, settings: Settings, *, out: Path, json: bool, is_asked: bool
) -> None:
    """Prints what was described, and what was left though it was asked for."""
    if json:
        output.print_json({**asdict(summary), "file": out})
        return
    words = WORDS[settings.lang]
    if summary.described:
        typer.echo(words["done"].format(**asdict(summary) | asdict(summary.usage), path=out))
        typer.echo(words["next"].format(path=out), err=True)
    if summary.left and is_asked:
        typer.echo(words["left"].format(n=summary.left), err=True)

"""``recagent doctor``: what works, what does not, and the command that mends it."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass

import anyio
import typer

from recagent import __version__, wiring
from recagent.cli import show
from recagent.cli.language import spoken
from recagent.errors import RecagentError
from recagent.settings import Settings
from recagent.types import Language

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "settings": "data in {folder!r}, language {lang}",
        "index": "{items} items in {n} scenes: {names}",
        "store": "{n} events",
        "embedder": "{name}, {n} dimensions",
        "model": "{name} at {where}, scores by {modes}",
        "no model": "none wanted: slates come in retrieval order",
        "comma": ", ",
    },
    "zh": {
        "settings": "数据在 {folder!r}，语言 {lang}",
        "index": "{n} 个场景共 {items} 个商品：{names}",
        "store": "{n} 次行为",
        "embedder": "{name}，{n} 维",
        "model": "{name}，位于 {where}，打分方式：{modes}",
        "no model": "未设置模型：按召回顺序推荐",
        "comma": "、",
    },
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One checked thing."""

    name: str
    ok: bool
    says: str


def examine(settings: Callable[[], Settings], *, as_json: bool) -> bool:
    """Check everything, print the findings, and tell whether all is well."""
    findings = anyio.run(_findings, settings)
    if as_json:
        show.print_json([asdict(finding) for finding in findings])
    for finding in [] if as_json else findings:
        typer.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.name:<9} {finding.says}")
    return all(finding.ok for finding in findings)


async def _findings(settings: Callable[[], Settings]) -> list[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    findings = [Finding("recagent", True, f"{__version__}, Python {python}")]
    try:
        known = settings()
    except RecagentError as error:
        return [*findings, Finding("settings", False, spoken(error))]
    checks: list[tuple[str, Callable[[Settings], Awaitable[str]]]] = [
        ("settings", _settings),
        ("index", _index),
        ("store", _store),
        ("embedder", _embedder),
        ("model", _model),
    ]
    for name, check in checks:
        try:
            findings.append(Finding(name, True, await check(known)))
        except RecagentError as error:
            findings.append(Finding(name, False, spoken(error)))
    return findings


async def _settings(settings: Settings) -> str:
    words = WORDS[settings.lang]
    return words["settings"].format(folder=str(settings.data_dir), lang=settings.lang)


async def _index(settings: Settings) -> str:
    index = wiring.index(settings)
    try:
        names = await index.scenes()
        sizes = [len(await index.items(name)) for name in names]
    finally:
        await index.close()
    if not names:
        raise RecagentError("no scene is indexed; run 'recagent index', or look at 'recagent demo'")
    words = WORDS[settings.lang]
    return words["index"].format(items=sum(sizes), n=len(names), names=words["comma"].join(names))


async def _store(settings: Settings) -> str:
    store = wiring.event_store(settings)
    try:
        return WORDS[settings.lang]["store"].format(n=await store.count())
    finally:
        await store.close()


async def _embedder(settings: Settings) -> str:
    embedder = wiring.embedder(settings)
    (vector,) = await embedder.embed(["a film about a journey"])
    return WORDS[settings.lang]["embedder"].format(name=embedder.name, n=len(vector))


async def _model(settings: Settings) -> str:
    words, model = WORDS[settings.lang], wiring.model(settings)
    if model is None:
        return words["no model"]
    try:
        modes = words["comma"].join(sorted(await model.start()))
        where = settings.endpoint or str(settings.model.path or wiring.find_weights())
        return words["model"].format(name=model.name, where=where, modes=modes)
    finally:
        await model.close()

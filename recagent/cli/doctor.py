"""``recagent doctor``: what works, what does not, and the command that mends it."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

import anyio
import typer

from recagent import __version__, wiring
from recagent.cli import show
from recagent.errors import RecagentError
from recagent.settings import Settings


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
    findings = [Finding("recagent", True, f"{__version__} on Python {python}")]
    try:
        known = settings()
    except RecagentError as error:
        return [*findings, Finding("settings", False, str(error))]
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
            findings.append(Finding(name, False, str(error)))
    return findings


async def _settings(settings: Settings) -> str:
    return f"data in {str(settings.data_dir)!r}, language {settings.lang}"


async def _index(settings: Settings) -> str:
    index = wiring.index(settings)
    try:
        names = await index.scenes()
        sizes = [len(await index.items(name)) for name in names]
    finally:
        await index.close()
    if not names:
        raise RecagentError("no scene is indexed; run 'recagent index', or look at 'recagent demo'")
    return f"{sum(sizes)} items in {len(names)} scenes: {', '.join(names)}"


async def _store(settings: Settings) -> str:
    store = wiring.event_store(settings)
    try:
        return f"{await store.count()} events"
    finally:
        await store.close()


async def _embedder(settings: Settings) -> str:
    embedder = wiring.embedder(settings)
    (vector,) = await embedder.embed(["a film about a journey"])
    return f"{embedder.name}, {len(vector)} dimensions"


async def _model(settings: Settings) -> str:
    model = wiring.model(settings)
    if model is None:
        return "none wanted: slates come in retrieval order"
    modes = await model.start()
    where = settings.endpoint or str(settings.model.path or wiring.find_weights())
    says = f"{model.name} at {where}, scores by {', '.join(sorted(modes))}"
    await model.close()
    return says

"""``recagent doctor``: what works, what does not, and the command that fixes it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import anyio
import typer

from recagent import __version__, bootstrap
from recagent.cli import error_text, measuring, output
from recagent.cli.opening import load_settings
from recagent.cli.options import Config, Demo, Json
from recagent.config.service_sections import EngineSettings
from recagent.config.settings import Settings, config_file
from recagent.domain.capabilities import Capabilities
from recagent.errors import RecagentError
from recagent.locale import Phrases
from recagent.ranking.model_worth import ModelWorth
from recagent.retrieval.sources.proposal_record import LEAST_BILLIONS, stated_billions

WORDS = Phrases[str]("cli", "doctor")


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    name: str
    ok: bool
    says: str


def doctor(config: Config = None, demo: Demo = False, json: Json = False) -> None:
    """Check settings, index, store and models; say what to do next."""
    python = ".".join(map(str, sys.version_info[:3]))
    findings = [Finding("recagent", True, f"{__version__}, Python {python}")]
    settings, is_offered = None, False
    try:
        settings = load_settings(config, demo, None)
    except RecagentError as error:
        findings.append(Finding("settings", False, error_text(error)))
    else:
        if not demo and config is None and config_file() is None:
            findings.append(Finding("config", True, WORDS[settings.lang]["no config"]))
        findings += anyio.run(_findings, settings)
        if _can_measure(settings, findings):
            known = bootstrap.worth(settings)
            is_offered = known is None and not json and measuring.is_interactive()
            findings.append(_worth(settings, known, config=config, demo=demo))
    if json:
        output.print_json([asdict(finding) for finding in findings])
    for finding in [] if json else findings:
        typer.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.name:<9} {finding.says}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
    if settings is not None and is_offered:
        measuring.offer(settings, config=config, demo=demo, usage=None)


def _can_measure(settings: Settings, findings: Sequence[Finding]) -> bool:
    """Whether an endpoint's model works, has no weight by hand, and there are choices to ask of."""
    first = next(iter(settings.engines), None)
    is_remote = first is not None and first.is_remote
    works = all(finding.ok for finding in findings)
    return works and is_remote and settings.rank.language_weight == "auto"


def _worth(
    settings: Settings, known: ModelWorth | None, *, config: Path | None, demo: bool
) -> Finding:
    """What is known of the worth of the first model, or what finding it out takes."""
    if known is not None:
        return Finding("say", True, measuring.worth_line(known, settings))
    says = WORDS[settings.lang]["unmeasured"].format(
        command=measuring.command(config=config, demo=demo),
        takes=measuring.price_line(settings),
    )
    return Finding("say", True, says)


async def _findings(settings: Settings) -> list[Finding]:
    findings: list[Finding] = []
    checks = {"settings": _settings, "index": _index, "store": _store,
              "embedder": _embedder, "learned": _learned}  # fmt: skip
    for name, check in checks.items():
        try:
            findings.append(Finding(name, True, await check(settings)))
        except RecagentError as error:
            findings.append(Finding(name, False, error_text(error)))
    return [*findings, *await _models(settings)]


async def _settings(settings: Settings) -> str:
    words = WORDS[settings.lang]
    return words["settings"].format(folder=str(settings.data_dir), lang=settings.lang)


async def _index(settings: Settings) -> str:
    index = bootstrap.index(settings)
    try:
        names = await index.scenes()
        sizes = [len(await index.items(name)) for name in names]
    finally:
        await index.close()
    if not names:
        raise RecagentError("no scene is indexed; run 'recagent index', or try 'recagent demo'")
    words = WORDS[settings.lang]
    return words["index"].format(items=sum(sizes), n=len(names), names=words["comma"].join(names))


async def _store(settings: Settings) -> str:
    store = bootstrap.event_store(settings)
    try:
        unreadable = await store.unreadable()
        if unreadable:
            raise RecagentError(
                "{count} rows of the event store cannot be read and are left out; delete them, or "
                "restore the store from a backup",
                count=unreadable,
            )
        return WORDS[settings.lang]["store"].format(n=await store.count())
    finally:
        await store.close()


async def _embedder(settings: Settings) -> str:
    embedder = bootstrap.embedder(settings)
    try:
        (vector,) = await embedder.embed(["a film about a journey"], role="query")
    finally:
        await embedder.close()
    return WORDS[settings.lang]["embedder"].format(name=embedder.name, n=len(vector))


async def _learned(settings: Settings) -> str:
    words = WORDS[settings.lang]
    head, scene_classifier = bootstrap.head(settings), bootstrap.identifier(settings)
    if head is None:
        return words["nothing learned"]
    return words["learned"].format(
        name=head.name,
        sources=len(head.sources),
        open=sum(gate.rule != "never" for gate in head.gates.values()),
        n=len(head.scenes),
        tells=words["tells"] if scene_classifier else "",
    )


async def _models(settings: Settings) -> list[Finding]:
    """Checks each model, in the order in which they are asked, and what its engine can do."""
    words = WORDS[settings.lang]
    try:
        bootstrap.forget_findings(settings)  # who asks the doctor wants to know it now
        models = bootstrap.models(settings)
    except RecagentError as error:
        return [_unavailable(settings, error)]
    findings = [
        await _reranker(settings, engine) for engine in settings.engines if not engine.chats
    ]
    chatting = [engine for engine in settings.engines if engine.chats]
    for engine, model in zip(chatting, models, strict=True):
        try:
            modes = words["comma"].join(sorted(await model.start()))
        except RecagentError as error:
            findings.append(_unavailable(settings, error))
            continue
        finally:
            await model.close()
        weights = str(engine.path or bootstrap.find_weights())
        where = bootstrap.shown_address(engine.base_url) if engine.is_remote else weights
        says = words["model"].format(name=model.name, where=where, modes=modes)
        findings.append(Finding("model", True, says))
        findings.append(Finding("engine", True, _engine(model.capabilities, words)))
    name = models[0].name if models else ""
    findings = findings or [Finding("model", True, words["no model"])]
    return [*findings, Finding("advice", True, _advice(settings, name))]


def _advice(settings: Settings, name: str) -> str:
    """Returns in a line what such a model is good for, and what a million lists cost."""
    words, first = WORDS[settings.lang], next(iter(settings.engines), None)
    if first is None or not first.is_remote:
        return words["advice embedded" if first else "advice none"]
    if not first.chats:
        return words["advice reranker"]
    size = stated_billions(name)
    if size is not None and size < LEAST_BILLIONS:
        return words["advice small"]
    return words["advice capable"].format(cost=measuring.money(settings, lists=1_000_000))


async def _reranker(settings: Settings, engine: EngineSettings) -> Finding:
    """Whether a reranker tells an answer from a text about something else."""
    try:
        endpoint = bootstrap.reranker(settings, engine)
        try:
            await endpoint.start()
        finally:
            await endpoint.close()
    except RecagentError as error:
        return _unavailable(settings, error)
    words = WORDS[settings.lang]
    where = bootstrap.shown_address(engine.base_url)
    return Finding("model", True, words["reranker"].format(name=endpoint.name, where=where))


def _unavailable(settings: Settings, error: RecagentError) -> Finding:
    """Returns a fault if any list asks the model, as ``Service.warm`` decides, else a remark."""
    reason = error_text(error)
    if _uses_model(settings):
        return Finding("model", False, reason)
    return Finding("model", True, WORDS[settings.lang]["unasked"].format(why=reason))


def _uses_model(settings: Settings) -> bool:
    """Returns whether any list may ask the model."""
    if bootstrap.can_propose(settings):
        return True
    try:
        head = bootstrap.head(settings)
    except RecagentError:  # it is a finding of its own
        return True
    measured = any(gate.verdict == "helps" for gate in head.gates.values()) if head else False
    return measured or bootstrap.has_say(settings)


def _engine(can: Capabilities, words: Mapping[str, str]) -> str:
    """Returns what the engine can do, in one line."""
    abilities = [
        "alternatives" if can.alternatives else "no alternatives",
        *(["by id"] if can.by_id else []),
        can.likelihood or "no likelihood",
        "schema" if can.schema else "no schema",
        "cache" if can.cache else "no cache",
        *([] if can.thinking == "none" else [f"thinking {can.thinking}"]),
        *(["refused"] if can.refused else []),
    ]
    comma = words["comma"]
    line = comma.join(words[name] for name in abilities)
    return line.format(n=can.alternatives, names=comma.join(can.refused))

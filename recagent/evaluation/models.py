"""The models of an experiment, ready to be asked: which they are, what they cost, how many at once.

Nothing is asked here but a model's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio

from recagent import bootstrap
from recagent.config.settings import Settings
from recagent.errors import ConfigError
from recagent.evaluation.dry import DryModel
from recagent.evaluation.experiment import Experiment, ModelSection
from recagent.llm.usage import CostBudget, MeteredModel
from recagent.offline.extra import extra
from recagent.ports import ChatModel, ReplyCache

DEFAULT = ""  # the model of recagent.toml and the environment, where the experiment declares none

_PATIENCE = 600.0  # seconds that a server may be silent: many requests queue there
_MILLION = 1_000_000
# Seconds per token of the embedded engine on two cores (AVX2), for a first dry run; replies that
# were timed here take their place.
_EMBEDDED_PACES = {"label": 0.012, "likelihood": 0.011, "chat": 0.025}
_HERE = ("127.0.0.1", "localhost", "::1")


def model_settings(experiment: Experiment, base: Settings) -> dict[str, Settings]:
    """Settings for each model that a system asks, by its name in the experiment."""
    found: dict[str, Settings] = {}
    for name in dict.fromkeys(system.model for system in experiment.grid if not system.baseline):
        rank = base.rank.model_copy(update={"deadline": _PATIENCE})
        changes: dict[str, Any] = {"rank": rank}
        if name != DEFAULT:
            section = experiment.models[name]
            here: dict[str, Any] = {"path": section.path and experiment.path(section.path)}
            if isinstance(section.adapter, Path):
                here["adapter"] = experiment.path(section.adapter)
            if section.base_url in ("", base.model.base_url):  # the key is that server's alone
                here["api_key"] = base.model.api_key
            changes["model"] = section.model_copy(update=here)
        settings = base.model_copy(update=changes)
        if settings.model.kind == "none":
            raise ConfigError(f"a prompt needs a model, and [models.{name or 'default'}] has none")
        if _has_read_the_answers(experiment, settings):
            raise ConfigError(
                f"[models.{name or 'default'}] the adapter was tuned on likes of these people, "
                "some of which are asked about; set adapter = 'none', or ask for everybody's last "
                "like alone (leave-one-out without per_scene)"
            )
        found[name] = settings
    return found


def _has_read_the_answers(experiment: Experiment, settings: Settings) -> bool:
    """Whether the adapter that the model gets by itself was tuned on what is asked.

    Tuning reads all but the last like of everybody; that of the package, of validation people.
    """
    engine = settings.engines[0]
    used = bootstrap.adapter(settings, engine)
    if used is None or engine.adapter != "auto":
        return False
    cases, source = experiment.cases, experiment.data.source
    if cases.split == "leave-one-out" and not (cases.per_scene or cases.file or cases.given):
        return False
    if used.parent == settings.data_dir:
        return source in ("config", "demo")
    return source in ("demo", "movietweetings") and cases.people != "test"


async def started(settings: Settings) -> tuple[ChatModel, str]:
    """The model, loaded or connected, and all that its replies depend on besides the request.

    Raises:
        ModelError: it cannot be had.
    """
    model = bootstrap.model(settings)
    if model is None:
        raise ConfigError("a prompt needs a model, and [model] kind is 'none'")
    try:
        await model.start()
    except BaseException:
        await model.close()
        raise
    return model, bootstrap.identity(settings, settings.engines[0], model.name)


def dry(settings: Settings) -> tuple[ChatModel, str | None]:
    """A stand-in that asks nobody; the identity is the real model's where that is known unasked."""
    if settings.endpoint and not settings.model.name:
        return DryModel(), None
    return DryModel(), bootstrap.identity(settings, settings.engines[0], settings.model.name)


def source(
    settings: Settings,
    model: ChatModel,
    identity: str | None,
    *,
    cache: ReplyCache | None,
    concurrency: int,
    purse: CostBudget,
    keep: bool = True,
) -> MeteredModel:
    """The model with its prices and places.

    Raises:
        ConfigError: a budget is set and nobody knows what the model costs.
    """
    prices = prices_of(settings, settings.model.name or model.name)
    if prices is None and purse.most is not None:
        raise ConfigError(
            f"nobody knows what model {settings.model.name or model.name!r} costs, so a budget "
            "cannot be kept: declare price = [prompt, completion] per million tokens in [models]"
        )
    places = concurrency if settings.endpoint else 1  # the embedded engine has one slot
    return MeteredModel(
        model=model,
        identity=identity,
        cache=cache,
        slots=anyio.CapacityLimiter(places),
        prices=prices or (0.0, 0.0),
        purse=purse,
        keep=keep,
        paces={} if settings.endpoint else _EMBEDDED_PACES,
    )


def prices_of(settings: Settings, name: str) -> tuple[float, float] | None:
    """What one prompt and one completion token cost: declared, free here, or of the public list.

    Returns:
        None where nobody knows.
    """
    section = settings.model
    if isinstance(section, ModelSection) and section.price is not None:
        return section.price[0] / _MILLION, section.price[1] / _MILLION
    if not settings.endpoint or urlsplit(settings.endpoint).hostname in _HERE:
        return 0.0, 0.0
    prices = extra("genai_prices")
    usage = prices.Usage(input_tokens=_MILLION, output_tokens=_MILLION)
    try:
        found = prices.calc_price(usage, model_ref=name)
    except LookupError:
        return None
    return float(found.input_price) / _MILLION, float(found.output_price) / _MILLION


def described(settings: Settings, model: ChatModel, identity: str | None) -> Mapping[str, str]:
    """What a manifest says of a model; no key is in it."""
    server = urlsplit(settings.endpoint)
    where = server._replace(netloc=server.netloc.rpartition("@")[2]).geturl()
    return {
        "name": model.name,
        "identity": identity or "unknown",
        "endpoint": where or "embedded",
        "decoding": "greedy, temperature 0",
    }

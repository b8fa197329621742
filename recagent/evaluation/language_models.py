"""The language models of an experiment: their settings, prices and slots.

Nothing is asked of a model here but its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio

from recagent import bootstrap
from recagent.config.settings import Settings, without_key_for_others
from recagent.errors import ConfigError
from recagent.evaluation.dry_run_model import DryModel
from recagent.evaluation.experiment import Experiment
from recagent.llm.usage import CostBudget, MeteredModel
from recagent.ports import ChatModel, ReplyCache

DEFAULT = ""  # the model of recagent.toml and the environment, where the experiment declares none

_PATIENCE = 600.0  # seconds that a server may be silent: many requests queue there
# Seconds per token of the embedded engine on two cores (AVX2), for a first dry run; replies that
# were timed here take their place.
_EMBEDDED_PACES = {"label": 0.012, "likelihood": 0.011, "chat": 0.025}


def model_settings(experiment: Experiment, base: Settings) -> dict[str, Settings]:
    """Returns the settings of each model that a system asks, by its name in the experiment."""
    by_name: dict[str, Settings] = {}
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
        settings = without_key_for_others(settings, named=base.model.base_url)
        if settings.model.kind == "none":
            raise ConfigError(
                "a prompt needs a model, but [models.{model}] has none", model=name or "default"
            )
        if _has_read_the_answers(experiment, settings):
            raise ConfigError(
                "[models.{model}] the adapter was fine-tuned on likes of these people, and the "
                "cases include some of those likes; set adapter = 'none', or use only each "
                "person's last like (leave-one-out without per_scene)",
                model=name or "default",
            )
        by_name[name] = settings
    return by_name


def _has_read_the_answers(experiment: Experiment, settings: Settings) -> bool:
    """Says whether the adapter that the model gets by default was tuned on the answers.

    Tuning reads all but the last like of everybody; for the package, of validation people.
    """
    engine = settings.engines[0]
    adapter = bootstrap.adapter(settings, engine)
    if adapter is None or engine.adapter != "auto":
        return False
    cases, source = experiment.cases, experiment.data.source
    if cases.split == "leave-one-out" and not (cases.per_scene or cases.file or cases.given):
        return False
    if adapter.parent == settings.data_dir:
        return source in ("config", "demo")
    return source in ("demo", "movietweetings") and cases.people != "test"


async def start_model(settings: Settings) -> tuple[ChatModel, str]:
    """Starts the model; returns it, and all that its replies depend on besides the request.

    Raises:
        ModelError: it cannot be had.
    """
    model = bootstrap.model(settings)
    chatting = next((engine for engine in settings.engines if engine.chats), None)
    if model is None or chatting is None:
        raise ConfigError("a prompt needs a language model, but [model] names none")
    try:
        await model.start()
    except BaseException:
        await model.close()
        raise
    return model, bootstrap.identity(settings, chatting, model.name)


def dry_model(settings: Settings) -> tuple[ChatModel, str | None]:
    """Returns a stand-in that calls no model, with the real model's identity where it is known."""
    if settings.endpoint and not settings.model.name:
        return DryModel(), None
    return DryModel(), bootstrap.identity(settings, settings.engines[0], settings.model.name)


def metered_model(
    settings: Settings,
    model: ChatModel,
    identity: str | None,
    *,
    cache: ReplyCache | None,
    concurrency: int,
    budget: CostBudget,
    keep: bool = True,
) -> MeteredModel:
    """Returns the model with its prices and slots.

    Raises:
        ConfigError: a budget is set and nobody knows what the model costs.
    """
    prices = bootstrap.token_prices(settings, settings.model.name or model.name)
    if prices is None and budget.most is not None:
        raise ConfigError(
            "the price of model {model!r} is unknown, so a budget cannot be kept; set price = "
            "[prompt, completion] per million tokens in [models]",
            model=settings.model.name or model.name,
        )
    slots = concurrency if settings.endpoint else 1  # the embedded engine has one slot
    return MeteredModel(
        model=model,
        identity=identity,
        cache=cache,
        slots=anyio.CapacityLimiter(slots),
        prices=prices or (0.0, 0.0),
        budget=budget,
        keep=keep,
        paces={} if settings.endpoint else _EMBEDDED_PACES,
    )


def manifest_entry(settings: Settings, model: ChatModel, identity: str | None) -> Mapping[str, str]:
    """Returns the manifest's entry of a model, without keys."""
    server = urlsplit(settings.endpoint)
    address = server._replace(netloc=server.netloc.rpartition("@")[2]).geturl()
    return {
        "name": model.name,
        "identity": identity or "unknown",
        "endpoint": address or "embedded",
        "decoding": "greedy, temperature 0",
    }

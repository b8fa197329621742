"""Settings to the numbers of a pipeline, and to what its sources and its model weigh."""

from __future__ import annotations

from datetime import timedelta

from recagent.bootstrap.language_models import worth
from recagent.bootstrap.rankers import unmeasured_weight
from recagent.config.service_sections import RetrievalSettings
from recagent.config.settings import Settings
from recagent.pipeline import Options
from recagent.retrieval import BY_GROUP, ByGroup


def options(settings: Settings) -> Options:
    """The line's numbers, from ``[rank]`` and ``[retrieval]``."""
    rank, retrieval = settings.rank, settings.retrieval
    return Options(
        pool=rank.pool,
        limit=retrieval.limit,
        source_weights=retrieval.weights,
        group_weights=group_weights(settings),
        language_weight=language_weight(settings),
        temperature=rank.temperature,
        feedback=rank.feedback,
        diversity=rank.diversity,
        new_items=rank.new_items,
        deadline=rank.deadline,
        half_life=timedelta(days=retrieval.half_life_days),
        attempts=settings.model.attempts,
        reasons=writes_reasons(settings),
        lang=settings.lang,
    )


def writes_reasons(settings: Settings) -> bool:
    """Whether the first model may write reasons: one behind an endpoint that is told all."""
    first = next(iter(settings.engines), None)
    is_capable = first is not None and first.is_remote and first.chats and first.prompt_tokens > 0
    return is_capable and settings.model.reasons


def group_weights(settings: Settings) -> ByGroup:
    """The sources' weights by group of people, but for those that the settings change."""
    given, usual = settings.retrieval.weights, RetrievalSettings().weights
    changed = {name for name in {*given, *usual} if given.get(name, 1.0) != usual.get(name, 1.0)}
    return {
        group: {name: weight for name, weight in weights.items() if name not in changed}
        for group, weights in BY_GROUP.items()
    }


def language_weight(settings: Settings) -> float:
    """What the first model weighs where nothing is known of its worth, 0 to 1."""
    first = next(iter(settings.engines), None)
    return 0.0 if first is None else unmeasured_weight(settings, first)


def has_say(settings: Settings) -> bool:
    """Whether the first model has a weight in scenes that no gate is for."""
    known = worth(settings)
    return (language_weight(settings) if known is None else known.weight) > 0

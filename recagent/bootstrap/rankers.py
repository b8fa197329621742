"""Settings to rankers: one for each model that the settings name, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from recagent.bootstrap.language_models import reranker
from recagent.config.service_sections import UNMEASURED_WEIGHT, EngineSettings
from recagent.config.settings import Settings
from recagent.domain import RatingScale
from recagent.llm.cached_model import ResponseCache
from recagent.llm.rerank_endpoint import RerankEndpoint
from recagent.llm.retry import RetryWindow
from recagent.ports import ChatModel, Ranker
from recagent.ranking import ModelRanker
from recagent.ranking.preference import Preferences
from recagent.ranking.rerank_ranker import RerankRanker


def build_rankers(
    settings: Settings,
    chat_models: Sequence[ChatModel],
    *,
    window: RetryWindow,
    replies: Sequence[ResponseCache | None],
    preferences: Preferences,
    scale: RatingScale,
) -> tuple[list[Ranker], list[RerankEndpoint]]:
    """Returns a ranker for each engine, and the endpoints of those that are rerankers.

    One that stands in for the first and has no say of its own is not asked to rank.

    Args:
        settings: name the engines.
        chat_models: of the engines that chat, in their order.
        window: retry budget of all that asks the first engine.
        replies: cache of each engine; None where nothing is kept.
        preferences: texts on people, which the rankers share.
        scale: of ratings.
    """
    chatting, rerankers = iter(chat_models), list[RerankEndpoint]()
    rankers: list[Ranker] = []
    for at, engine in enumerate(settings.engines):
        own_window = window if at == 0 else None
        chat_model = next(chatting) if engine.chats else None
        if at and not unmeasured_weight(settings, engine):
            continue
        if chat_model is not None:
            rankers.append(
                ModelRanker(
                    chat_model,
                    mode=engine.mode,
                    lang=settings.lang,
                    attempts=settings.model.attempts,
                    window=own_window,
                    replies=replies[at],
                    preferences=preferences,
                    prompt_tokens=engine.prompt_tokens if engine.is_remote else 0,
                    scale=scale,
                    scenes=settings.declared_scenes(),
                )
            )
            continue
        rerankers.append(reranker(settings, engine))
        rankers.append(
            RerankRanker(
                rerankers[-1],
                lang=settings.lang,
                attempts=settings.model.attempts,
                window=own_window,
                replies=replies[at],
            )
        )
    return rankers, rerankers


def unmeasured_weight(settings: Settings, engine: EngineSettings) -> float:
    """Returns the weight of an engine's model where nothing is known of its worth, 0 to 1."""
    if settings.rank.language_weight != "auto":
        return settings.rank.language_weight
    return UNMEASURED_WEIGHT if engine.is_remote else 0.0

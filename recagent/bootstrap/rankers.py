"""Settings to rankers: one for each model that the settings name, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from recagent.bootstrap.language_models import reranker
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
        if engine.chats:
            rankers.append(
                ModelRanker(
                    next(chatting),
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
            )
        )
    return rankers, rerankers

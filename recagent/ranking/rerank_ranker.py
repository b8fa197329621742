"""A reranker's part in the ranking: how well a candidate's text answers what is known of a person.

It writes nothing and reads no labels; a language model's part is ``model_ranker``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from recagent.domain import Candidate, Item, Language, Usage
from recagent.llm import retry
from recagent.llm.cached_model import ResponseCache
from recagent.llm.cached_reranker import CachedReranker
from recagent.llm.rerank_endpoint import MOST_TEXTS, RerankEndpoint
from recagent.llm.retry import RetryBudget, RetryWindow
from recagent.locale import LocalizedText, Phrases
from recagent.ports import LanguageScores, Query
from recagent.prompts import one_line

_LIKED = 10  # newest liked items that the query tells
_DISLIKED = 5
_TITLE = 80  # characters
_WISH = 1_000
_TEXT = 600  # characters of a candidate
_LEAST = 1e-6  # relevance as a share of 1, before it becomes log odds

_WORDS = Phrases[str]("ranking", "rerank_query")


class RerankRanker:
    """A ``Ranker`` that asks a reranker."""

    def __init__(
        self,
        endpoint: RerankEndpoint,
        *,
        lang: Language = "en",
        attempts: int = 3,
        window: RetryWindow | None = None,
        replies: ResponseCache | None = None,
    ) -> None:
        """Asks ``endpoint``.

        Args:
            endpoint: that scores texts.
            lang: of the query, where the scene does not say another.
            attempts: retry budget of one request.
            window: the retry budget that all who ask the server share; its own without one.
            replies: where scores are kept; without it none are.
        """
        self._endpoint = endpoint
        self._lang: Language = lang
        self._attempts = attempts
        self._window = window or RetryWindow()
        self._replies = replies

    async def start(self) -> None:
        await self._endpoint.start()

    async def __call__(self, query: Query, *, candidates: Sequence[Candidate]) -> LanguageScores:
        budget = RetryBudget(self._attempts, window=self._window)
        kept = CachedReranker(self._endpoint, self._replies) if self._replies else None
        ask = (kept or self._endpoint).relevance
        query_text = rerank_query(query, lang=query.scene.language or self._lang)
        texts = [one_line(candidate.item.document(), _TEXT) for candidate in candidates]
        parts = [texts[start : start + MOST_TEXTS] for start in range(0, len(texts), MOST_TEXTS)]
        replies = await retry.call_all(
            [partial(retry.call, partial(ask, query_text, part), budget=budget) for part in parts]
        )
        hits = kept.hits if kept else 0
        return LanguageScores(
            scores=_spread([score for reply in replies for score in reply.scores]),
            model=self._endpoint.name,
            mode="rerank",
            prompt="",
            usage=sum((reply.usage for reply in replies), Usage()),
            calls=len(replies) - hits + budget.failed,
            kept=hits,
            invalid=budget.failed,
            notes=(LocalizedText("cached replies: {count}", count=hits),) if hits else (),
        )


def rerank_query(query: Query, *, lang: Language) -> str:
    """What is wanted, the wish first, then what the person liked and declared, a line each."""
    words, profile = _WORDS[lang], query.profile
    between = words["between"]
    liked = [profile.items[each] for each in list(profile.liked)[:_LIKED] if each in profile.items]
    disliked = [
        profile.items[event.item_id]
        for event in profile.events
        if event.kind in ("dislike", "skip") and event.item_id in profile.items
    ][:_DISLIKED]
    lines = [words["task"].format(scene=query.scene.label(lang))]
    if query.context.wish:
        lines.insert(0, words["wish"].format(wish=one_line(query.context.wish, _WISH)))
    if liked:
        lines.append(words["liked"].format(titles=_titles(liked, between)))
    if disliked:
        lines.append(words["disliked"].format(titles=_titles(disliked, between)))
    if profile.user.tags:
        tags = between.join(one_line(tag, _TITLE) for tag in profile.user.tags)
        lines.append(words["interests"].format(tags=tags))
    return "\n".join(lines)


def _titles(items: Sequence[Item], between: str) -> str:
    return between.join(one_line(item.title, _TITLE) for item in items)


def _spread(scores: Sequence[float]) -> tuple[float, ...]:
    """Shares of 1 as log odds, which keep apart what is near 0 or 1; other scores as they are."""
    if not all(0.0 <= score <= 1.0 for score in scores):
        return tuple(scores)
    shares = [min(max(score, _LEAST), 1.0 - _LEAST) for score in scores]
    return tuple(math.log(share / (1.0 - share)) for share in shares)

"""The language model's part in the ranking: scores, in a mode that the engine can do.

Joining its scores with retrieval is ``blend``; nothing here reads stores or indexes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from recagent import prompts
from recagent.errors import ConfigError, ModelError
from recagent.protocols import ChatModel, LanguageScores, Query
from recagent.ranking.asking import Budget, ask
from recagent.ranking.blend import blend, softmax
from recagent.ranking.diversity import diversified
from recagent.ranking.labels import score_by_label
from recagent.ranking.listwise import score_by_order
from recagent.types import Candidate, Language, Mode

__all__ = ["LanguageRanker", "blend", "diversified", "softmax"]

HISTORY = 8  # newest liked items that a prompt tells
_PREFERRED: tuple[Mode, ...] = ("likelihood", "label", "listwise")


class LanguageRanker:
    """A ``Ranker`` that asks a language model."""

    def __init__(
        self,
        model: ChatModel,
        *,
        mode: Literal["auto"] | Mode = "auto",
        lang: Language = "en",
        attempts: int = 3,
    ) -> None:
        """``attempts`` is the retry budget of one request, transport and repair together."""
        self._model = model
        self._mode = mode
        self._lang: Language = lang
        self._attempts = attempts

    @property
    def model(self) -> str:
        return self._model.name

    async def start(self) -> None:
        await self._model.start()

    async def __call__(self, query: Query, *, candidates: Sequence[Candidate]) -> LanguageScores:
        mode = await self._choose()
        prompt = prompts.load("rerank", mode, lang=self._lang)
        items = [candidate.item for candidate in candidates]
        newest = list(query.profile.liked)[:HISTORY]
        inputs: dict[str, object] = {
            "scene": query.scene.label(self._lang),
            "liked": [query.profile.items[item_id] for item_id in reversed(newest)],
            "wish": query.context.wish,
            "interests": query.profile.user.tags,
        }
        budget = Budget(self._attempts)
        notes: tuple[str, ...] = ()
        if mode == "likelihood":
            prefix = prompt.text(**inputs)
            texts = [f" {prompts.caption(item)}\n" for item in items]
            reply = await ask(lambda: self._model.likelihood(prefix, texts=texts), budget=budget)
            scores = [value for value in reply.values if value is not None]
            if len(scores) < len(items):
                raise ModelError(
                    f"model {self._model.name!r} left out the likelihood of some items"
                )
            usage, calls, repairs = reply.usage, reply.calls, 0
            if reply.bounded:
                notes = (f"{reply.bounded} tokens have only an upper bound of their probability",)
        else:
            score = score_by_label if mode == "label" else score_by_order
            scores, usage, calls, repairs = await score(
                self._model, prompt, items=items, inputs=inputs, budget=budget
            )
        if not all(math.isfinite(score) for score in scores):
            raise ModelError(f"model {self._model.name!r} gave scores that are no finite numbers")
        return LanguageScores(
            scores=tuple(scores),
            mode=mode,
            prompt=prompt.id,
            usage=usage,
            calls=calls + budget.failed,
            repairs=repairs,
            notes=notes,
        )

    async def _choose(self) -> Mode:
        able = await self._model.start()
        if not able:
            raise ModelError(f"model {self._model.name!r} can score in no mode")
        if self._mode == "auto":
            return next(mode for mode in _PREFERRED if mode in able)
        if self._mode not in able:
            raise ConfigError(
                f"model {self._model.name!r} cannot score by {self._mode!r}; it can by "
                f"{', '.join(sorted(able))}: set [model] mode to one of these or 'auto'"
            )
        return self._mode

"""Failover between rankers: where one does not answer, the next one does, and the trace says so.

Replicas of a server, then a smaller model, then the embedded one, as declared. When to leave a
failing server alone is ``llm.circuit_breaker``; what answers when none does is
``pipeline.fallback``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import anyio

from recagent.domain import Candidate
from recagent.errors import ModelError
from recagent.llm import retry
from recagent.locale import LocalizedText, joined
from recagent.ports import LanguageScores, Query, Ranker

_TIME_SHARE = 0.5  # of the time that is left, for a ranker that is not the last


class FailoverRanker:
    """A ``Ranker`` that asks others in order; each but the last may take half of the time left."""

    def __init__(self, rankers: Sequence[Ranker]) -> None:
        """Takes at least one ranker."""
        self._rankers = tuple(rankers)
        self._has_started = False
        self._starting = anyio.Lock()

    async def start(self) -> None:
        async with self._starting:
            if self._has_started:
                return
            failed: list[ModelError] = []

            async def start(ranker: Ranker) -> None:
                try:
                    await ranker.start()
                except ModelError as error:
                    failed.append(error)

            await retry.call_all([partial(start, ranker) for ranker in self._rankers])
            if len(failed) == len(self._rankers):
                raise ModelError(joined([each.message for each in failed])) from failed[0]
            self._has_started = True  # one that could not start tries again when its turn comes

    async def __call__(self, query: Query, *, candidates: Sequence[Candidate]) -> LanguageScores:
        reasons: list[LocalizedText] = []
        for ranker in self._rankers[:-1]:
            seconds_left = anyio.current_effective_deadline() - anyio.current_time()
            seconds = seconds_left * _TIME_SHARE
            try:
                with anyio.fail_after(None if math.isinf(seconds) else seconds):
                    scores = await _started_scores(ranker, query, candidates)
                return _with_reasons(scores, reasons)
            except ModelError as error:
                reasons.append(error.message)
            except TimeoutError:
                reasons.append(LocalizedText("no reply within {seconds:.2g} s", seconds=seconds))
        try:
            return _with_reasons(
                await _started_scores(self._rankers[-1], query, candidates), reasons
            )
        except ModelError as error:
            raise ModelError(joined([*reasons, error.message])) from error


async def _started_scores(
    ranker: Ranker, query: Query, candidates: Sequence[Candidate]
) -> LanguageScores:
    await ranker.start()
    return await ranker(query, candidates=candidates)


def _with_reasons(scores: LanguageScores, reasons: Sequence[LocalizedText]) -> LanguageScores:
    if not reasons:
        return scores
    return replace(
        scores,
        degraded=LocalizedText(
            "model {model}: {reasons}", model=scores.model, reasons=joined(reasons)
        ),
    )

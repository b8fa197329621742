"""Collects a language model's scores of given candidates, case by case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from recagent.domain import Candidate
from recagent.errors import ModelError
from recagent.offline.examples import OnProgress
from recagent.ports import ItemIndex, LanguageScores, Query, Ranker
from recagent.ranking.clean_scores import clean_scores


async def collect_model_scores(
    requests: Sequence[tuple[Query, Mapping[str, Mapping[str, float]]]],
    *,
    ranker: Ranker,
    index: ItemIndex,
    on_progress: OnProgress,
    keep: Callable[[int, tuple[float, ...]], Awaitable[None]] | None = None,
) -> list[LanguageScores | None]:
    """Returns the model's scores of each case's candidates; None where it gave no usable answer.

    Args:
        requests: the query of each case, and its candidates' source scores by item id, (n,).
        ranker: asked one case after the other, so that prompts which begin alike meet.
        index: of the items.
        on_progress: called with how many are done.
        keep: called with every answer at once, so that a stopped run can go on.

    Raises:
        ModelError: the model cannot be had, or answered none of the cases.
    """
    await ranker.start()
    replies: list[LanguageScores | None] = []
    failure: ModelError | None = None
    for row, (query, features) in enumerate(requests):
        items = await index.items(query.scene.name)
        candidates = [Candidate(item=items[key], features=one) for key, one in features.items()]
        reply: LanguageScores | None = None
        try:
            reply = await clean_scores(ranker, query, candidates=candidates)
            if reply is not None and reply.degraded:  # another model answered
                failure, reply = ModelError(reply.degraded), None
        except ModelError as error:
            failure = error
        replies.append(reply)
        if reply is not None and keep is not None:
            await keep(row, reply.scores)
        on_progress(row + 1, len(requests))
    if failure is not None and all(reply is None for reply in replies):
        raise failure
    return replies

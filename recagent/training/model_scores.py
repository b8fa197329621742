"""What a language model says of candidates that are already there, case by case.

How its scores are joined and whether they are used is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from recagent.domain import Candidate
from recagent.errors import ModelError
from recagent.ports import ItemIndex, LanguageScores, Query, Ranker
from recagent.training.examples import OnProgress


async def said(
    asked: Sequence[tuple[Query, Mapping[str, Mapping[str, float]]]],
    *,
    ranker: Ranker,
    index: ItemIndex,
    on_progress: OnProgress,
    keep: Callable[[int, tuple[float, ...]], Awaitable[None]] | None = None,
) -> list[LanguageScores | None]:
    """What the model says of each case's candidates; None where it gave no usable answer itself.

    Args:
        asked: who is asked about, and what the sources say of each candidate, by its id, (n,).
        ranker: that is asked; one case after the other, so that prompts which begin alike meet.
        index: of the items.
        on_progress: told how many are done.
        keep: told of every answer at once, so that a stopped run can go on.

    Raises:
        ModelError: the model cannot be had, or answered none of the cases.
    """
    await ranker.start()
    found: list[LanguageScores | None] = []
    failed: ModelError | None = None
    for at, (query, offered) in enumerate(asked):
        items = await index.items(query.scene.name)
        candidates = [
            Candidate(item=items[key], features=features) for key, features in offered.items()
        ]
        own: LanguageScores | None = None
        try:
            answer = await ranker(query, candidates=candidates)
        except ModelError as error:
            failed = error
        else:
            if answer.degraded:  # another model answered
                failed = ModelError(answer.degraded)
            else:
                own = answer
        found.append(own)
        if own is not None and keep is not None:
            await keep(at, own.scores)
        on_progress(at + 1, len(asked))
    if failed is not None and all(own is None for own in found):
        raise failed
    return found

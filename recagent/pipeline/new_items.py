"""Places for items that nobody has met, by a setting: without it they seldom get one.

Which of them come is decided by what is known of the person, as for all items.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Candidate, Profile
from recagent.offline.order import stable_hash
from recagent.pipeline.request import Request
from recagent.pipeline.services import Services

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


async def unmet_candidates(services: Services, request: Request) -> list[Candidate]:
    """Returns candidates that nobody liked or judged, best first.

    None where no places are set aside, nor with a wish: what answers it comes first.
    """
    query = request.query
    if not services.options.new_items or query.context.wish:
        return []
    interactions = await services.parts.behaviour()
    items = await services.parts.index.items(query.scene.name)
    met = {key for key in items if key in interactions.likes or interactions.rate(key).judged}
    if items.keys() <= query.exclude | met:
        return []
    unmet = replace(query, exclude=query.exclude | met)
    return await request.fallback.retrieve(unmet, 0, services.options.limit)


def with_share(
    candidates: Sequence[Candidate],
    scores: Floats,
    *,
    unmet: Sequence[Candidate],
    share: float,
    profile: Profile,
) -> tuple[list[Candidate], Floats]:
    """Returns ranked candidates with a share of places for unmet ones, as many as before.

    Of the first p places ``share * p`` are theirs, rounded up or down by a draw that stays until
    the person does something. One that came by its own score counts, and one that is moved up has
    the score of the candidate that it comes before.

    Args:
        candidates: best first, (n,).
        scores: theirs, (n,).
        unmet: best first.
        share: 0 to 1.
        profile: whose list it is.
    """
    new = {one.item.id for one in unmet}
    drawn = stable_hash("new items", profile.user.id, len(profile.events)) / 2**64
    ranked = deque(zip(candidates, scores.tolist(), strict=True))
    waiting = deque(unmet)
    chosen: dict[str, tuple[Candidate, float]] = {}
    while len(chosen) < len(candidates):
        candidate, score = ranked[0]
        number = len(new & chosen.keys())
        is_due = number < int(share * (len(chosen) + 1) + drawn)
        if is_due and waiting and candidate.item.id not in new:
            candidate = waiting.popleft()
        else:
            ranked.popleft()
        chosen.setdefault(candidate.item.id, (candidate, score))
    return [one for one, _ in chosen.values()], np.asarray([score for _, score in chosen.values()])

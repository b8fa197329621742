"""Choices to measure a tuned model by: what people liked next, among other candidates.

The caller decides whose choices they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from recagent.domain import Case, Event, Item, RatingScale
from recagent.profiles.building import is_liked
from recagent.prompts import Prompt, caption
from recagent.ranking import HISTORY
from recagent.training.adapters.routes import Route
from recagent.training.gates import ndcg

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


Likes = Mapping[str, Sequence[Item]]  # of each person, oldest first


class LikelihoodModel(Protocol):
    """Scores texts by likelihood, as a ``Learner`` does."""

    def likelihoods(self, prefix: str, texts: Sequence[str]) -> Sequence[float]:
        """Returns the log probability of each text after the prefix, in nats."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningChoice:
    """Is a choice of one of several candidates.

    Attributes:
        user_id: who chose.
        prefix: the prompt about them.
        texts: of the candidates, as they go on from the prompt.
        ids: of the candidates.
        chosen: index of the one that was liked next.
    """

    user_id: str
    prefix: str
    texts: tuple[str, ...]
    ids: tuple[str, ...]
    chosen: int


def tuning_choices(
    cases: Sequence[Case],
    *,
    items: Mapping[str, Item],
    scale: RatingScale,
    prompt: Prompt,
    route: Route,
) -> list[TuningChoice]:
    """Returns the choices of cases whose liked item lies in the route's targets.

    Args:
        cases: each with one liked item.
        items: by id.
        scale: of ratings.
        prompt: of likelihood.
        route: whose targets are asked about.
    """
    return [
        TuningChoice(
            user_id=case.user_id,
            prefix=person_prompt(case, items, scale, prompt),
            texts=tuple(f" {caption(items[key])}\n" for key in case.item_ids),
            ids=tuple(case.item_ids),
            chosen=case.item_ids.index(_liked(case)),
        )
        for case in cases
        if route.asks(items[_liked(case)])
    ]


def _liked(case: Case) -> str:
    (liked,) = case.judgments
    return liked


def choice_ndcgs(choices: Sequence[TuningChoice], model: LikelihoodModel) -> Iterator[float]:
    """Yields nDCG@10 of each choice, with candidates ranked by likelihood."""
    for choice in choices:
        scores = model.likelihoods(choice.prefix, choice.texts)
        yield ndcg(np.asarray(scores), choice.chosen)


def popularity_ndcgs(choices: Sequence[TuningChoice], likes: Likes) -> Floats:
    """Returns (choices,) nDCG@10, with candidates ranked by their numbers of likes."""
    counts = Counter(item.id for liked in likes.values() for item in liked)
    return np.asarray(
        [
            ndcg(np.asarray([float(counts[key]) for key in choice.ids]), choice.chosen)
            for choice in choices
        ]
    )


def likes_of(events: Sequence[Event], items: Mapping[str, Item], scale: RatingScale) -> Likes:
    """Returns what each person liked, each item once, in order of the first like."""
    likes: dict[str, dict[str, Item]] = {}
    for event in events:
        if event.item_id in items and is_liked(event, scale):
            likes.setdefault(event.user_id, {}).setdefault(event.item_id, items[event.item_id])
    return {user_id: list(items.values()) for user_id, items in likes.items()}


def person_prompt(case: Case, items: Mapping[str, Item], scale: RatingScale, prompt: Prompt) -> str:
    """Returns the prompt about a case's person, as served for one who declared nothing."""
    liked = likes_of(case.history[::-1], items, scale).get(case.user_id, ())
    return prompt.text(scene=case.scene, interests=(), wish="", liked=liked[-HISTORY:])

"""The reward of feedback: log f(u, g), which a person's answers to their slates add to a score.

Not fitted and not kept: computed from the stored answers each time, so nothing of it can go stale,
and what is deleted has no effect any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Candidate

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats, Matrix, Vector


REWARD = "reward"  # name of the feature
STEP = 0.5  # what one answer moves at most, as a share of the cap
DECAY = 1.0  # what is left of what older answers moved, with each newer one; 1: all
MOST = 4.0  # largest inverse propensity


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlateFeedback:
    """A person's answer to one item of a slate.

    Attributes:
        vector: (d,) the item's, of unit length.
        preference: -1 to 1.
        rank: of the item on that slate, from 1.
    """

    vector: Vector
    preference: float
    rank: int


def examination_probability(rank: int) -> float:
    """The chance in (0, 1] that a person looks at a place of a slate: 1 / rank.

    Slates are not drawn by lot: what scores best stands on them, so the chance that is left is
    whether the person got as far as the place. The probabilities that an impression keeps say how
    sure the ranking was, not how often the item would have been shown.

    Source: Joachims, Swaminathan and Schnabel, "Unbiased learning-to-rank with biased feedback",
    WSDM 2017 (position-based propensities, eta = 1).
    """
    return 1.0 / rank


def log_rewards(rows: Matrix, answers: Sequence[SlateFeedback], *, cap: float) -> Floats:
    """(n,) log f of items, each in [-cap, cap]; exactly 0 without answers.

    From the oldest answer to the newest, ``DECAY`` of what was there is kept and a step is added:
    in the direction of the answer, in proportion to the item's likeness (cosine, at least 0) and to
    the inverse propensity of the place that was answered, clipped at ``MOST``. No step is larger
    than ``STEP`` of the cap, and no sum leaves the cap.

    Args:
        rows: (n, d) unit rows.
        answers: oldest first.
        cap: at least 0.

    Source: projected online gradient steps: Zinkevich, "Online convex programming and generalized
    infinitesimal gradient ascent", ICML 2003; clipped inverse propensities: Bottou et al.,
    "Counterfactual reasoning and learning systems", JMLR 14, 2013.
    """
    rewards = np.zeros(len(rows))
    for answer in answers:
        weight = min(1.0 / examination_probability(answer.rank), MOST) / MOST
        likeness = np.clip(rows @ answer.vector, 0.0, 1.0).astype(np.float64)
        step = cap * STEP * answer.preference * weight * likeness
        rewards = np.clip(DECAY * rewards + step, -cap, cap)
    return rewards


def rewards(candidates: Sequence[Candidate]) -> Floats:
    """(n,) the candidates' log f; 0 where nothing was answered."""
    return np.asarray([each.features.get(REWARD, 0.0) for each in candidates], dtype=np.float64)

"""Tests by held-out choices whether a head ranks for a group of people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Unserved
from recagent.offline.examples import Example
from recagent.offline.resampling import interval
from recagent.ranking import GroupTestResult
from recagent.training.gates import ndcg

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


FEWEST = 50  # held-out choices
MARGIN = 0.05  # share of the plain order's nDCG@10 that a head may cost at worst


def example_ndcgs(examples: Sequence[Example], scores: Sequence[Floats] | None = None) -> Floats:
    """Returns (examples,) nDCG@10 by (n,) scores of each; without scores, of retrieval's order."""
    if scores is None:
        scores = [-np.arange(len(example.items), dtype=np.float64) for example in examples]
    pairs = zip(examples, scores, strict=True)
    return np.asarray([ndcg(one, example.chosen) for example, one in pairs])


def group_test_result(
    examples: Sequence[Example],
    held_out: Sequence[Floats],
    *,
    before: Sequence[Floats] | None = None,
) -> GroupTestResult:
    """Tests a head on choices of one group, against the order that stands without it.

    The head is taken if it gains on average, and if the lower end of the interval shows that it
    costs at most a twentieth of what is there. With few choices the interval is wide, and only a
    large gain is taken: the plain order is the safe one, because it was chosen for everybody. With
    many, a small gain is enough. Significance is not required: of two orders that are nearly level,
    the one with the better mean is the better guess.

    Args:
        examples: held-out choices, candidates in the order of retrieval.
        held_out: (n,) scores of each by weights that never saw its person.
        before: (n,) scores of each by what ranks without the head; by default retrieval's order.
    """
    if not examples:
        return GroupTestResult(unserved="few cases")
    plain, ranked = example_ndcgs(examples, before), example_ndcgs(examples, held_out)
    gain, low, high = interval(ranked - plain, people=[example.user_id for example in examples])
    if not np.isfinite(low):  # one person shows no spread
        low = high = gain
    unserved: Unserved = ""
    if len(examples) < FEWEST:
        unserved = "few cases"
    elif not (gain > 0 and low >= -MARGIN * plain.mean()):
        unserved = "no gain"
    return GroupTestResult(
        cases=len(examples),
        plain=float(plain.mean()),
        gain=gain,
        low=low,
        high=high,
        unserved=unserved,
    )

"""Whether the language model is asked: a rule for each scene, that validation has chosen.

How a rule is chosen is ``training.gates``; here it is only kept to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from recagent.ranking.blend import softmax

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


Verdict = Literal["helps", "does not help", "unknown"]
FEWEST_CASES = 20  # held-out requests, below which nothing is known
Rule = Literal["never", "always", "warm", "cold", "unsure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """When a scene's language score is used, as held-out people decide.

    Attributes:
        rule: ``warm`` and ``cold`` ask for people with and without events in the scene; ``unsure``
            where the ranking without the model is less sure than ``entropy``.
        entropy: from 0 (one candidate is certain) to 1 (all are alike).
        cases: held-out requests that the rule was tried on.
        asked: share of them in which the model is asked.
        gain: mean nDCG@10 that the rule adds over never asking.
        low: lower bound of ``gain``, corrected for all rules and scenes that were tried.
        forced: mean nDCG@10 that always asking adds.
    """

    rule: Rule = "never"
    entropy: float = 0.0
    cases: int = 0
    asked: float = 0.0
    gain: float = 0.0
    low: float = 0.0
    forced: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """What is known of the model here.

        It ``helps`` where a rule gains significantly, and ``does not help`` where asking it always
        gains nothing on average. Where it gains, but too little or on too few, it is ``unknown``.
        """
        if self.rule != "never":
            return "helps"
        return "does not help" if self.cases >= FEWEST_CASES and self.forced <= 0 else "unknown"

    def opens(self, base: Floats, *, cold: bool) -> bool:
        """Whether the model is to be asked, given the scores of the pool without it, (n,)."""
        if self.rule == "unsure":
            return entropy(base) >= self.entropy
        return self.rule == "always" or self.rule == ("cold" if cold else "warm")


def entropy(scores: Floats) -> float:
    """Shannon entropy of the softmax of (n,) scores over its most, log n; 1 for n below 2."""
    if len(scores) < 2:
        return 1.0
    shares = softmax(scores)
    return float(-(shares @ np.log(np.maximum(shares, 1e-300))) / np.log(len(scores)))

"""Chooses a gate for each scene: a rule whose gain on held-out people is significant.

Every rule of every scene is one hypothesis; Holm's procedure corrects for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recagent.offline.resampling import LEVEL, interval
from recagent.offline.significance import compare
from recagent.ranking.gate import Gate, Rule, entropy

if TYPE_CHECKING:
    from recagent.domain.arrays import Flags, Floats


FEWEST = 20  # people of a scene, below which nothing is tried
_FEWEST_SELECTED = 10  # requests that a rule must select


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """Is one held-out request, ranked without and with the model.

    Attributes:
        entropy: of the ranking without it, 0 to 1.
        base: nDCG@10 without it.
        joined: nDCG@10 with it.
    """

    user_id: str
    scene: str
    cold: bool
    entropy: float
    base: float
    joined: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Hypothesis:
    scene: str
    rule: Rule
    threshold: float
    people: Sequence[str]
    gains: Floats
    selected: Flags
    forced: float
    p: float


def choose_gates(trials: Sequence[Trial]) -> dict[str, Gate]:
    """Returns a gate for each scene that was tried; ``never`` where no rule significantly gains.

    A hypothesis holds where the interval of its mean gain lies above zero and a randomisation test
    agrees, both at the level that Holm's procedure leaves it; of several in a scene the one with
    the highest lower bound is taken.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6(2), 1979.
    """
    by_scene: dict[str, list[Trial]] = {}
    for trial in trials:
        by_scene.setdefault(trial.scene, []).append(trial)
    hypotheses = [each for scene, group in by_scene.items() for each in _hypotheses(scene, group)]
    hypotheses.sort(key=lambda hypothesis: hypothesis.p)
    chosen: dict[str, Gate] = {}
    holds = True
    for rank, hypothesis in enumerate(hypotheses):
        level = LEVEL / (len(hypotheses) - rank)
        gain, low, _ = interval(hypothesis.gains, people=hypothesis.people, level=level)
        # Where few requests change, draws of people hold too little of the spread; signs do not.
        holds = holds and low > 0 and hypothesis.p <= level / 2
        gate = Gate(
            rule=hypothesis.rule if holds else "never",
            entropy=hypothesis.threshold,
            cases=len(hypothesis.gains),
            asked=float(hypothesis.selected.mean()) if holds else 0.0,
            gain=gain,
            low=low,
            forced=hypothesis.forced,
        )
        best = chosen.get(hypothesis.scene)
        if best is None or (gate.rule != "never" and (best.rule == "never" or low > best.low)):
            chosen[hypothesis.scene] = gate
    untried = {
        scene: Gate(cases=len(trials)) for scene, trials in by_scene.items() if scene not in chosen
    }
    return chosen | untried


def _hypotheses(scene: str, trials: Sequence[Trial]) -> list[_Hypothesis]:
    people = [trial.user_id for trial in trials]
    if len(set(people)) < FEWEST:
        return []
    base = np.asarray([trial.base for trial in trials])
    forced = np.asarray([trial.joined for trial in trials]) - base
    cold = np.asarray([trial.cold for trial in trials])
    entropies = np.asarray([trial.entropy for trial in trials])
    median = float(np.median(entropies))
    rules: Mapping[Rule, Flags] = {
        "always": np.ones(len(trials), dtype=bool),
        "warm": ~cold,
        "cold": cold,
        "unsure": entropies >= median,
    }
    hypotheses: list[_Hypothesis] = []
    for rule, selected in rules.items():
        is_like_always = rule != "always" and bool(selected.all())
        if selected.sum() < _FEWEST_SELECTED or is_like_always:
            continue
        gains = np.where(selected, forced, 0.0)
        p = compare(base, base + gains, people=people).p
        hypotheses.append(
            _Hypothesis(
                scene=scene,
                rule=rule,
                threshold=median if rule == "unsure" else 0.0,
                people=people,
                gains=gains,
                selected=selected,
                forced=float(forced.mean()),
                p=p / 2 if gains.mean() > 0 else 1 - p / 2,  # that it helps
            )
        )
    return hypotheses


def make_trial(
    user_id: str,
    scene: str,
    *,
    cold: bool,
    base: Floats,
    joined: Floats,
    chosen: int | None,
) -> Trial:
    """Returns a trial of one request: (n,) scores without and with the model, and the choice."""
    return Trial(
        user_id=user_id,
        scene=scene,
        cold=cold,
        entropy=entropy(base),
        base=ndcg(base, chosen),
        joined=ndcg(joined, chosen),
    )


def ndcg(scores: Floats, chosen: int | None, *, k: int = 10) -> float:
    """Returns nDCG@k with one relevant candidate, 0 where it is missing; ties keep their order.

    Source: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM
    Transactions on Information Systems 20(4), 2002.
    """
    if chosen is None:
        return 0.0
    rank = int((scores > scores[chosen]).sum() + (scores[:chosen] == scores[chosen]).sum())
    return float(1.0 / np.log2(rank + 2)) if rank < k else 0.0

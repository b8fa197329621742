"""Which gate each scene gets: the rule whose gain on held-out people is surely above zero.

Every rule of every scene is one hypothesis; Holm's procedure corrects for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recagent.offline.resampling import LEVEL, interval
from recagent.offline.tests import compare
from recagent.ranking.gate import Gate, Rule, entropy

if TYPE_CHECKING:
    from recagent.domain.arrays import Flags, Floats


FEWEST = 20  # people of a scene, below which nothing is tried
_FEWEST_ASKED = 10  # requests that a rule must ask about


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """One held-out request, ranked without and with the model.

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
    asked: Flags
    forced: float
    p: float


def gates(trials: Sequence[Trial]) -> dict[str, Gate]:
    """A gate for each scene that was tried; ``never`` where no rule surely gains.

    A hypothesis holds where the interval of its mean gain lies above zero and a randomisation test
    agrees, both at the level that Holm's procedure leaves it; of several in a scene the one with
    the highest lower bound is taken.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6(2), 1979.
    """
    by_scene: dict[str, list[Trial]] = {}
    for trial in trials:
        by_scene.setdefault(trial.scene, []).append(trial)
    tried = [each for scene, own in by_scene.items() for each in _hypotheses(scene, own)]
    tried.sort(key=lambda each: each.p)
    chosen: dict[str, Gate] = {}
    holds = True
    for rank, each in enumerate(tried):
        level = LEVEL / (len(tried) - rank)
        gain, low, _ = interval(each.gains, people=each.people, level=level)
        # Where few requests change, draws of people hold too little of the spread; signs do not.
        holds = holds and low > 0 and each.p <= level / 2
        gate = Gate(
            rule=each.rule if holds else "never",
            entropy=each.threshold,
            cases=len(each.gains),
            asked=float(each.asked.mean()) if holds else 0.0,
            gain=gain,
            low=low,
            forced=each.forced,
        )
        held = chosen.get(each.scene)
        if held is None or (gate.rule != "never" and (held.rule == "never" or low > held.low)):
            chosen[each.scene] = gate
    few = {scene: Gate(cases=len(own)) for scene, own in by_scene.items() if scene not in chosen}
    return chosen | few


def _hypotheses(scene: str, trials: Sequence[Trial]) -> list[_Hypothesis]:
    people = [trial.user_id for trial in trials]
    if len(set(people)) < FEWEST:
        return []
    base = np.asarray([trial.base for trial in trials])
    forced = np.asarray([trial.joined for trial in trials]) - base
    cold = np.asarray([trial.cold for trial in trials])
    unsure = np.asarray([trial.entropy for trial in trials])
    median = float(np.median(unsure))
    rules: Mapping[Rule, Flags] = {
        "always": np.ones(len(trials), dtype=bool),
        "warm": ~cold,
        "cold": cold,
        "unsure": unsure >= median,
    }
    found: list[_Hypothesis] = []
    for rule, asked in rules.items():
        is_like_always = rule != "always" and bool(asked.all())
        if asked.sum() < _FEWEST_ASKED or is_like_always:
            continue
        gains = np.where(asked, forced, 0.0)
        found_p = compare(base, base + gains, people=people).p
        found.append(
            _Hypothesis(
                scene=scene,
                rule=rule,
                threshold=median if rule == "unsure" else 0.0,
                people=people,
                gains=gains,
                asked=asked,
                forced=float(forced.mean()),
                p=found_p / 2 if gains.mean() > 0 else 1 - found_p / 2,  # that it helps
            )
        )
    return found


def trial(
    user_id: str,
    scene: str,
    *,
    cold: bool,
    base: Floats,
    joined: Floats,
    chosen: int | None,
) -> Trial:
    """A trial of one request: (n,) scores without and with the model, and what was chosen."""
    return Trial(
        user_id=user_id,
        scene=scene,
        cold=cold,
        entropy=entropy(base),
        base=ndcg(base, chosen),
        joined=ndcg(joined, chosen),
    )


def ndcg(scores: Floats, chosen: int | None, *, k: int = 10) -> float:
    """nDCG@k with one relevant candidate; equal scores keep their order. 0 where it is missing.

    Source: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM
    Transactions on Information Systems 20(4), 2002.
    """
    if chosen is None:
        return 0.0
    place = int((scores > scores[chosen]).sum() + (scores[:chosen] == scores[chosen]).sum())
    return float(1.0 / np.log2(place + 2)) if place < k else 0.0

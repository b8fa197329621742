"""Audits of what a mean hides: order of candidates, memorised titles, scenes left out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Case
from recagent.evaluation.ranked_answers import ranked_answer
from recagent.offline.data_set import ALL, CatalogueStatistics, SystemAnswer
from recagent.offline.measures import PerCase, case_values
from recagent.offline.resampling import interval
from recagent.offline.results import Result
from recagent.offline.summaries import Generalisation, Memorisation, OrderSensitivity

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


ORDER = "order-"
MASKED = "masked"
SWAPPED = "swapped"


def candidate_order(case: Case, variant: str) -> tuple[str, ...]:
    """Returns the candidates in the order in which the variant lists them.

    That of the case, or for ``order-1``, ``order-2``... a shuffled one that depends on nothing but
    the variant's name and the ids of the case and its candidates.
    """
    if not variant.startswith(ORDER):
        return case.item_ids
    return tuple(sorted(case.item_ids, key=lambda item: _hash(case.id, variant, item)))


def reordered_case(case: Case, variant: str) -> Case:
    """Returns the case with its candidates in the variant's order."""
    return replace(case, item_ids=candidate_order(case, variant))


def order_sensitivity(
    results: Sequence[Result],
    cases: Mapping[str, Case],
    *,
    measure: PerCase,
    catalogue: CatalogueStatistics,
) -> OrderSensitivity | None:
    """Measures how one system's answers depend on the order of candidates; None if not asked.

    Cases count that were answered as they stand and in another order, with two candidates or more.
    The spread of a case is the standard deviation (n - 1) of its values over the orders.

    Args:
        results: of one system, other variants among them.
        cases: by id.
        measure: the primary one.
        catalogue: for it.

    Source: Tang, Zhang, Ma, Lin and Ture, "Found in the middle: permutation self-consistency
    improves listwise ranking in large language models", NAACL 2024 (positional bias of rankers);
    Kendall, "A new measure of rank correlation", Biometrika 30, 1938.
    """
    by_case = _by_case(
        result for result in results if result.variant == ALL or result.variant.startswith(ORDER)
    )
    answers = {
        case: {variant: ranked_answer(reordered_case(cases[case], variant), result.scores)
               for variant, result in by_variant.items()}
        for case, by_variant in by_case.items()
        if ALL in by_variant and len(by_variant) > 1 and len(cases[case].item_ids) > 1
    }  # fmt: skip
    if not answers:
        return None
    reorderings = [list(by_variant.values()) for by_variant in answers.values()]
    pairs = [pair for several in reorderings for pair in combinations(several, 2)]
    values = [
        case_values([measure], several, catalogue=catalogue)[measure] for several in reorderings
    ]
    spreads = [float(one.std(ddof=1)) for one in values if not np.isnan(one).any()]
    first = [one.case.item_ids.index(one.ranking[0]) for several in reorderings for one in several]
    pool = max(len(several[0].ranking) for several in reorderings)
    return OrderSensitivity(
        system=results[0].system,
        cases=len(reorderings),
        orders=len({variant for by_variant in answers.values() for variant in by_variant}),
        tau=_mean([kendall_tau(a.ranking, b.ranking) for a, b in pairs]),
        same_top=_mean([float(a.ranking[0] == b.ranking[0]) for a, b in pairs]),
        spread=_mean(spreads),
        first=tuple((np.bincount(first, minlength=pool) / len(first)).tolist()),
    )


def memorisation(
    results: Sequence[Result],
    cases: Mapping[str, Case],
    *,
    measure: PerCase,
    catalogue: CatalogueStatistics,
) -> Memorisation | None:
    """Measures how much of one system's lift is left without titles, or with another history.

    Cases count that were answered in all three ways and where the measure is defined; None if
    there are none. A ranker that has memorised the data set loses without titles; one that uses the
    person loses with another history. The arguments are those of ``order_sensitivity``.

    Source: Di Palma, Merra, Sfilio, Anelli, Narducci and Di Noia, "Do LLMs memorize recommendation
    datasets? A preliminary study on MovieLens-1M", SIGIR 2025 (why one must ask).
    """
    variants = (ALL, MASKED, SWAPPED)
    by_case = _by_case(result for result in results if result.variant in variants)
    whole = {case: by_variant for case, by_variant in by_case.items()
             if len(by_variant) == len(variants) and cases[case].item_ids}  # fmt: skip
    if not whole:
        return None
    values = [chance_values([cases[case] for case in whole], measure=measure, catalogue=catalogue)]
    for variant in variants:
        answers = [ranked_answer(cases[case], by_variant[variant].scores)
                   for case, by_variant in whole.items()]  # fmt: skip
        values.append(case_values([measure], answers, catalogue=catalogue)[measure])
    table = np.stack(values)
    complete: list[int] = np.flatnonzero(~np.isnan(table).any(axis=0)).tolist()
    table = table[:, complete]
    if table.shape[1] == 0:
        return None
    random, plain, masked, swapped = (float(value) for value in table.mean(axis=1))
    lift = plain - random
    user_ids = [cases[case].user_id for case in whole]
    people = [user_ids[column] for column in complete]
    _, low, high = interval(table[1] - table[0], people=people)
    beats = low > 0 if measure.higher_is_better else high < 0  # a share of noise says nothing
    return Memorisation(
        system=results[0].system,
        cases=table.shape[1],
        plain=plain,
        masked=masked,
        swapped=swapped,
        random=random,
        kept_masked=(masked - random) / lift if beats else None,
        kept_swapped=(swapped - random) / lift if beats else None,
    )


def chance_values(
    cases: Sequence[Case], *, measure: PerCase, catalogue: CatalogueStatistics
) -> Floats:
    """Returns the expected value of a random order in each case, (n,) float64.

    It is the mean over all rotations of one shuffled order, in which every candidate takes every
    rank once. That is exact for one relevant item, and for sums over ranks (precision, recall,
    nDCG...); for the rest it is an unbiased estimate.
    """
    answers: list[SystemAnswer] = []
    for case in cases:
        order = candidate_order(case, f"{ORDER}chance")
        equal = dict.fromkeys(order, 1 / len(order)) if order else {}
        answers += [SystemAnswer(case=case, ranking=order[at:] + order[:at], probabilities=equal)
                    for at in range(len(order))]  # fmt: skip
    values = case_values([measure], answers, catalogue=catalogue)[measure]
    ends = np.cumsum([len(case.item_ids) for case in cases])
    return np.array([part.mean() if len(part) else math.nan
                     for part in np.split(values, ends)[:-1]])  # fmt: skip


def generalisation(
    means: Mapping[str, Mapping[str, float]], *, higher_is_better: bool = True
) -> tuple[Generalisation, ...]:
    """Leaves each scene out once, and compares the system that the others choose with its best.

    The choice goes by the mean of the other scenes' means, each scene counting the same; of equal
    systems the first is taken. Only systems that have a value in every scene take part; with fewer
    than two scenes there is nothing to leave out.

    Args:
        means: by system, and by scene, of the primary measure.
        higher_is_better: of the measure.

    Source: Gulrajani and Lopez-Paz, "In search of lost domain generalization", ICLR 2021
    (leave-one-domain-out choice of models).
    """
    scenes = list(dict.fromkeys(scene for by_scene in means.values() for scene in by_scene))
    sign = 1 if higher_is_better else -1
    whole = {system: {scene: sign * mean for scene, mean in by_scene.items()}
             for system, by_scene in means.items() if len(by_scene) == len(scenes)}  # fmt: skip
    if len(scenes) < 2 or not whole:
        return ()
    rows: list[Generalisation] = []
    for scene in scenes:
        others = [other for other in scenes if other != scene]
        chosen = max(whole, key=lambda system: sum(whole[system][other] for other in others))
        best = max(whole, key=lambda system: whole[system][scene])
        gap = whole[best][scene] - whole[chosen][scene]
        rows.append(Generalisation(scene=scene, system=chosen, best=best, gap=gap))
    return tuple(rows)


def kendall_tau(one: Sequence[str], other: Sequence[str]) -> float:
    """Returns the rank correlation of two orders of the same two or more items, -1 to 1.

    scipy.stats.kendalltau takes many times as long, for ties and p-values that are not needed.
    """
    positions = {item: position for position, item in enumerate(other)}
    ranks = np.array([positions[item] for item in one])
    n = len(ranks)
    concordant = int(np.triu(ranks[:, None] < ranks[None, :], 1).sum())
    return 4 * concordant / (n * (n - 1)) - 1


def _by_case(results: Iterable[Result]) -> dict[str, dict[str, Result]]:
    """Returns results without an error, by case and variant."""
    by_case: dict[str, dict[str, Result]] = {}
    for result in results:
        if result.error is None:
            by_case.setdefault(result.case, {})[result.variant] = result
    return by_case


def _hash(*parts: str) -> bytes:
    return blake2b("\x1f".join(parts).encode(), digest_size=16).digest()


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan

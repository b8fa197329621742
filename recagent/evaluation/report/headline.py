"""The headline of a run: who beats the reference, by how much, what differences could be seen.

It reads the summary's comparisons and tests nothing itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from recagent.evaluation.report.numbers import chance, plain, signed
from recagent.evaluation.report.result_matrix import (
    LEVEL,
    corrected_comparisons,
    higher_is_better,
    is_gain,
    main_comparison,
)
from recagent.offline.data_set import ALL
from recagent.offline.summaries import Cell, Comparison, Summary

Words = Mapping[str, str]


def headline(summary: Summary, words: Words) -> tuple[str, tuple[str, ...]]:
    """Returns the headline, and sentences that go on from it."""
    main = main_comparison(summary)
    pair = _most_telling(summary)
    if pair is None:
        return _single_system(summary, words), ()
    rest = [*_tied(summary, words), *_worse(summary, words)]
    if main is None:
        return _gain_sentence(summary, pair, words), (_power(summary, pair, words), *rest)
    sentences = [
        _scenes(summary, main, words),
        _power(summary, main, words),
        *_also(summary, main, words),
        *rest,
    ]
    return _main_sentence(main, words), tuple(filter(None, sentences))


def comparisons_with(summary: Summary, base: str, scene: str = ALL) -> list[Comparison]:
    """Returns the comparisons of all other systems with ``base``, which is what is subtracted."""
    pairs = (comparison_between(summary, base, name, scene) for name in summary.systems)
    return [pair for pair in pairs if pair is not None]


def comparison_between(
    summary: Summary, base: str, new: str, scene: str = ALL
) -> Comparison | None:
    """Returns the comparison of two systems, turned so that ``base`` is what is subtracted."""
    for pair in summary.comparisons:
        if pair.scene == scene and {pair.base, pair.new} == {base, new}:
            return pair if pair.base == base else with_roles_swapped(pair)
    return None


def with_roles_swapped(pair: Comparison) -> Comparison:
    """Returns the same comparison with the other one as base."""
    return replace(
        pair, base=pair.new, new=pair.base, delta=-pair.delta, low=-pair.high, high=-pair.low
    )


def _most_telling(summary: Summary) -> Comparison | None:
    """Returns the comparison with the reference that the headline is about.

    Systems that beat it over all cases come first, then those that do in most scenes; of equals
    the one with the best mean.
    """
    means = {cell.system: cell.mean for cell in primary_cells(summary)}
    sign = 1 if higher_is_better(summary.primary) else -1

    def worth(pair: Comparison) -> tuple[bool, int, float]:
        scenes = 0 if _is_won(pair) else _scenes_won(summary, pair)
        return _is_won(pair), scenes, sign * means.get(pair.new, -sign * math.inf)

    return max(comparisons_with(summary, summary.reference), key=worth, default=None)


def _by_scene(summary: Summary, pair: Comparison) -> list[Comparison]:
    """Returns the comparison of the same two systems in each scene."""
    pairs = (comparison_between(summary, pair.base, pair.new, scene) for scene in summary.scenes)
    return [each for each in pairs if each is not None]


def _scenes_won(summary: Summary, pair: Comparison) -> int:
    """Returns the number of scenes in which the new one of ``pair`` is shown to be better."""
    return sum(map(_is_won, _by_scene(summary, pair)))


def primary_cells(summary: Summary) -> list[Cell]:
    """Returns the cells of the primary measure over all scenes."""
    return [cell for cell in summary.cells if (cell.scene, cell.measure) == (ALL, summary.primary)]


def _best(summary: Summary) -> Cell | None:
    order = max if higher_is_better(summary.primary) else min
    return order(primary_cells(summary), key=lambda cell: cell.mean, default=None)


def _gain_sentence(summary: Summary, pair: Comparison, words: Words) -> str:
    names = {"best": pair.new, "reference": pair.base, "measure": pair.measure}
    numbers = {"delta": signed(pair.delta), "low": signed(pair.low), "high": signed(pair.high)}
    won = _scenes_won(summary, pair)
    if won and len(summary.scenes) > 1:
        head = words["find beats"].format(won=won, scenes=len(summary.scenes), **names)
    elif _is_won(pair):
        alone = len(summary.scenes) == 1
        head = words["find beats one" if alone else "find beats overall"].format(**names)
    else:
        sentence = words["find closest"].format(**names, **numbers)
        none = words["find none"].format(n=len(corrected_comparisons(summary)), **names)
        return none + words["colon"] + sentence + words["stop"]
    sentence = words["find by"].format(**names, **numbers)
    return head + words["colon"] + sentence + words["stop"]


def _main_sentence(pair: Comparison, words: Words) -> str:
    """Returns the sentence of the declared main comparison, tested at the full level."""
    shown = pair.p < LEVEL and pair.delta
    key = "find main" if not shown else "find main won" if is_gain(pair) else "find main lost"
    numbers = {"delta": signed(pair.delta), "low": signed(pair.low), "high": signed(pair.high)}
    names = {"new": pair.new, "base": pair.base}
    by = words["find main by"].format(
        measure=pair.measure, p=chance(pair.p), cases=pair.cases, **numbers
    )
    return words[key].format(**names) + words["colon"] + by + words["stop"]


def _scenes(summary: Summary, main: Comparison, words: Words) -> str:
    """Says in how many scenes the main comparison is won; empty where there is one scene."""
    if len(summary.scenes) < 2:
        return ""
    return words["find main scenes"].format(
        new=main.new, won=_scenes_won(summary, main), scenes=len(summary.scenes),
        n=len(corrected_comparisons(summary)),
    )  # fmt: skip


def _also(summary: Summary, main: Comparison, words: Words) -> list[str]:
    """Names the systems beside the main one that beat the reference."""
    better = [
        pair.new
        for pair in comparisons_with(summary, summary.reference)
        if pair.new not in (main.new, main.base) and _is_won(pair)
    ]
    if not better:
        return []
    names = words["and"].join(better)
    return [words["find also"].format(reference=summary.reference, others=names)]


def _power(summary: Summary, pair: Comparison, words: Words) -> str:
    """Says the smallest difference that so many cases show, over all and in a scene."""
    sentence = words["find see"].format(cases=pair.cases, detectable=plain(pair.detectable))
    by_scene = _by_scene(summary, pair)
    if len(summary.scenes) > 1 and by_scene:
        most = max(by_scene, key=lambda each: each.detectable)
        sentence += words["semicolon"] + words["find see scene"].format(
            cases=most.cases, detectable=plain(most.detectable)
        )
    return sentence + words["stop"]


def _tied(summary: Summary, words: Words) -> list[str]:
    """Names the systems that may be as good as the best of all."""
    best = _best(summary)
    if best is None:
        return []
    tied = [p.new for p in comparisons_with(summary, best.system) if p.p_holm >= LEVEL]
    if not tied:
        return []
    return [words["find tied"].format(best=best.system, others=words["and"].join(tied))]


def _worse(summary: Summary, words: Words) -> list[str]:
    pairs = map(with_roles_swapped, comparisons_with(summary, summary.reference))
    worse = [pair.base for pair in pairs if _is_won(pair)]
    if not worse:
        return []
    return [
        words["find worst"].format(reference=summary.reference, others=words["and"].join(worse))
    ]


def _is_won(pair: Comparison) -> bool:
    return pair.p_holm < LEVEL and is_gain(pair)


def _single_system(summary: Summary, words: Words) -> str:
    best = _best(summary)
    if best is None:
        return ""
    low, high = (plain(best.mean if end is None else end) for end in (best.low, best.high))
    sentence = words["find single"].format(
        best=best.system, mean=plain(best.mean), low=low, high=high,
        measure=best.measure, cases=best.cases,
    )  # fmt: skip
    return sentence + words["stop"]

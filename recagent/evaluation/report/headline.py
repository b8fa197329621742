"""What a run found, in plain words: who beats the reference, by how much, what could be seen.

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
    """The headline, and sentences that go on from it."""
    pair = _told(summary)
    if pair is None:
        return _alone(summary, words), ()
    main = main_comparison(summary)
    rest = [*_tied(summary, words), *_worse(summary, words)]
    if main is None:
        return _headline(summary, pair, words), (_seen(summary, pair, words), *rest)
    more = [
        _scenes(summary, main, words),
        _seen(summary, main, words),
        *_also(summary, main, words),
    ]
    return _main(main, words), tuple(sentence for sentence in (*more, *rest) if sentence)


def comparison_between(
    summary: Summary, base: str, new: str, scene: str = ALL
) -> Comparison | None:
    """The comparison of two systems, turned so that ``base`` is what is subtracted."""
    for pair in summary.comparisons:
        if pair.scene == scene and {pair.base, pair.new} == {base, new}:
            return pair if pair.base == base else with_roles_swapped(pair)
    return None


def with_roles_swapped(pair: Comparison) -> Comparison:
    """The same comparison with the other one as base."""
    return replace(
        pair, base=pair.new, new=pair.base, delta=-pair.delta, low=-pair.high, high=-pair.low
    )


def _told(summary: Summary) -> Comparison | None:
    """The comparison with the reference that the headline is about.

    Systems that beat it over all cases come first, then those that do in most scenes; of equals
    the one with the best mean.
    """
    means = {cell.system: cell.mean for cell in summary.cells
             if (cell.scene, cell.measure) == (ALL, summary.primary)}  # fmt: skip
    sign = 1 if higher_is_better(summary.primary) else -1

    def worth(pair: Comparison) -> tuple[bool, int, float]:
        scenes = 0 if _won(pair) else len(_wins(summary, pair))
        return _won(pair), scenes, sign * means.get(pair.new, -sign * math.inf)

    pairs = [comparison_between(summary, summary.reference, name) for name in summary.systems]
    return max((pair for pair in pairs if pair is not None), key=worth, default=None)


def _wins(summary: Summary, pair: Comparison) -> list[str]:
    """Scenes in which the new one of ``pair`` is shown to be better."""
    by_scene = [comparison_between(summary, pair.base, pair.new, scene) for scene in summary.scenes]
    return [each.scene for each in by_scene if each is not None and _won(each)]


def _best(summary: Summary) -> Cell | None:
    wanted = (ALL, summary.primary)
    cells = [cell for cell in summary.cells if (cell.scene, cell.measure) == wanted]
    order = max if higher_is_better(summary.primary) else min
    return order(cells, key=lambda cell: cell.mean, default=None)


def _headline(summary: Summary, pair: Comparison, words: Words) -> str:
    names = {"best": pair.new, "reference": pair.base, "measure": pair.measure}
    numbers = {"delta": signed(pair.delta), "low": signed(pair.low), "high": signed(pair.high)}
    won = len(_wins(summary, pair))
    if won and len(summary.scenes) > 1:
        head = words["find beats"].format(won=won, scenes=len(summary.scenes), **names)
    elif _won(pair):
        alone = len(summary.scenes) == 1
        head = words["find beats one" if alone else "find beats overall"].format(**names)
    else:
        sentence = words["find closest"].format(**names, **numbers)
        none = words["find none"].format(n=len(corrected_comparisons(summary)), **names)
        return none + words["colon"] + sentence + words["stop"]
    sentence = words["find by"].format(**names, **numbers)
    return head + words["colon"] + sentence + words["stop"]


def _main(pair: Comparison, words: Words) -> str:
    """What the declared main comparison says; tested at the full level."""
    shown = pair.p < LEVEL and pair.delta
    key = "find main" if not shown else "find main won" if is_gain(pair) else "find main lost"
    numbers = {"delta": signed(pair.delta), "low": signed(pair.low), "high": signed(pair.high)}
    names = {"new": pair.new, "base": pair.base}
    by = words["find main by"].format(
        measure=pair.measure, p=chance(pair.p), cases=pair.cases, **numbers
    )
    return words[key].format(**names) + words["colon"] + by + words["stop"]


def _scenes(summary: Summary, main: Comparison, words: Words) -> str:
    """In how many scenes the main comparison is won; nothing where there is one scene."""
    if len(summary.scenes) < 2:
        return ""
    return words["find main scenes"].format(
        new=main.new, won=len(_wins(summary, main)), scenes=len(summary.scenes),
        n=len(corrected_comparisons(summary)),
    )  # fmt: skip


def _also(summary: Summary, main: Comparison, words: Words) -> list[str]:
    """Systems beside the main one that beat the reference."""
    others = [name for name in summary.systems if name not in (main.new, main.base)]
    pairs = [comparison_between(summary, summary.reference, name) for name in others]
    better = [pair.new for pair in pairs if pair is not None and _won(pair)]
    if not better:
        return []
    names = words["and"].join(better)
    return [words["find also"].format(reference=summary.reference, others=names)]


def _seen(summary: Summary, pair: Comparison, words: Words) -> str:
    """The smallest difference that so many cases show, over all and in a scene."""
    sentence = words["find see"].format(cases=pair.cases, detectable=plain(pair.detectable))
    scenes = [comparison_between(summary, pair.base, pair.new, scene) for scene in summary.scenes]
    known = [each for each in scenes if each is not None]
    if len(summary.scenes) > 1 and known:
        most = max(known, key=lambda each: each.detectable)
        sentence += words["semicolon"] + words["find see scene"].format(
            cases=most.cases, detectable=plain(most.detectable)
        )
    return sentence + words["stop"]


def _tied(summary: Summary, words: Words) -> list[str]:
    """Systems that may be as good as the best of all."""
    best = _best(summary)
    if best is None:
        return []
    pairs = [comparison_between(summary, best.system, system) for system in summary.systems]
    tied = [pair.new for pair in pairs if pair is not None and pair.p_holm >= LEVEL]
    if not tied:
        return []
    return [words["find tied"].format(best=best.system, others=words["and"].join(tied))]


def _worse(summary: Summary, words: Words) -> list[str]:
    pairs = [comparison_between(summary, system, summary.reference) for system in summary.systems]
    worse = [pair.base for pair in pairs if pair is not None and _won(pair)]
    if not worse:
        return []
    return [
        words["find worst"].format(reference=summary.reference, others=words["and"].join(worse))
    ]


def _won(pair: Comparison) -> bool:
    return pair.p_holm < LEVEL and is_gain(pair)


def _alone(summary: Summary, words: Words) -> str:
    best = _best(summary)
    if best is None:
        return ""
    low, high = (plain(best.mean if end is None else end) for end in (best.low, best.high))
    sentence = words["find single"].format(
        best=best.system, mean=plain(best.mean), low=low, high=high,
        measure=best.measure, cases=best.cases,
    )  # fmt: skip
    return sentence + words["stop"]

"""The report's page: which parts each run has; how they look stands in the templates."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from recagent.domain import Language
from recagent.evaluation.report import charts, numbers
from recagent.evaluation.report.case_browser import as_script, browsable_cases
from recagent.evaluation.report.headline import comparisons_with, headline, primary_cells
from recagent.evaluation.report.label_positions import Point
from recagent.evaluation.report.result_matrix import (
    LEVEL,
    ResultMatrix,
    corrected_comparisons,
    higher_is_better,
    main_comparison,
    result_matrix,
    system_letters,
    unique_comparisons,
    worst_scenes,
)
from recagent.evaluation.run_folder import EXPERIMENT, Run
from recagent.locale import Phrases
from recagent.offline.data_set import ALL
from recagent.offline.summaries import Comparison, Cost, Summary

if TYPE_CHECKING:
    from recagent.evaluation.suite_table import Overview

WORDS = Phrases[str]("report", "page")
# What the page's script says.
SPOKEN = Phrases[str]("report", "charts")

_FOLDER = Path(__file__).parent

Words = Mapping[str, str]


def report_page(runs: Sequence[Run], *, lang: Language, overview: Overview | None = None) -> str:
    """Returns the whole HTML page.

    Raises:
        ConfigError: a library of the extra ``eval`` is not installed.
    """
    words = WORDS[lang]
    script = Markup((_FOLDER / "templates" / "page.js").read_text(encoding="utf-8"))  # noqa: S704
    style = Markup((_FOLDER / "templates" / "style.css").read_text(encoding="utf-8"))  # noqa: S704
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _environment().get_template("page.html.j2").render(
        lang=lang, words=words, style=style, script=script, digest=digest,
        spoken=as_script(SPOKEN[lang]), overview=overview, runs=[_run(run, words) for run in runs],
    )  # fmt: skip


@cache
def _environment() -> Environment:
    environment: Any = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("plain", "signed", "chance", "count", "share"):
        environment.filters[name] = getattr(numbers, name)
    return environment


def _run(run: Run, words: Words) -> dict[str, Any]:
    """Returns what the template of a run is filled with."""
    summary, manifest = run.summary, run.manifest
    title, sentences = headline(summary, words)
    models = {name for name, kind in manifest.kinds.items() if kind != "baseline"}
    browsable = browsable_cases(run)
    experiment = run.folder / EXPERIMENT
    return {
        "folder": run.folder,
        "manifest": manifest,
        "summary": summary,
        "people": len({case.user_id for case in run.cases.values()}),
        "cases": len(run.cases),
        "headline": title,
        "more": sentences,
        "letters": system_letters(summary.systems),
        "models": models,
        "matrices": [_ScaledMatrix(result_matrix(summary, name)) for name in _measures(summary)],
        "lower": {name for name in _measures(summary) if not higher_is_better(name)},
        "level": LEVEL,
        "quality": _quality(summary, models, words),
        "deltas": _deltas(summary, models, words),
        "calibration": _calibration(summary, models, words),
        "orders": _orders(summary, words),
        "memorisation": _memorisation(summary, words),
        "worst": worst_scenes(summary),
        "main": main_comparison(summary),
        "corrected": len(corrected_comparisons(summary)),
        "comparisons": sorted(
            unique_comparisons(summary), key=lambda pair: _sort_key(pair, summary)
        ),
        "seen": as_script(browsable),
        "seen_cases": len(browsable["cases"]),
        "experiment": experiment.read_text(encoding="utf-8") if experiment.is_file() else "",
    }


class _ScaledMatrix:
    """Is a matrix with the scale that its cells are drawn on, and how wide its numbers are."""

    def __init__(self, matrix: ResultMatrix) -> None:
        entries = [entry for row in matrix.rows for entry in row.entries]
        ends = [end for entry in entries if entry.cell
                for end in (entry.cell.low, entry.cell.high) if end is not None]  # fmt: skip
        self.matrix = matrix
        texts = [numbers.plain(entry.cell.mean) for entry in entries if entry.cell]
        self._width = max(map(len, texts), default=0)
        self._low, self._high = min(ends, default=0.0), max(ends, default=1.0)

    def mean(self, value: float) -> str:
        """Returns the number, padded so that the decimal points of a column align."""
        return numbers.plain(value).rjust(self._width, "\u2007")  # as wide as a digit

    def at(self, value: float) -> str:
        """Returns where a value lies between the smallest and the largest, in percent."""
        size = self._high - self._low
        return f"{100 * (value - self._low) / size:.1f}" if size else "50"


def _measures(summary: Summary) -> list[str]:
    """Returns the primary measure, then the others, as far as there are cells."""
    there = {cell.measure for cell in summary.cells}
    return [name for name in dict.fromkeys((summary.primary, *summary.measures)) if name in there]


def _quality(summary: Summary, models: set[str], words: Words) -> Markup | None:
    """Plots quality against tokens, or seconds without any; None where neither is known."""
    cells = {cell.system: cell for cell in primary_cells(summary)}
    in_tokens = any(_tokens(cost) for cost in summary.costs)
    points: list[Point] = []
    for cost in summary.costs:
        cell = cells.get(cost.system)
        if cell is not None:
            price = _tokens(cost) if in_tokens else cost.seconds_median
            points.append(Point(
                name=cost.system, cost=price, mean=cell.mean,
                low=cell.mean if cell.low is None else cell.low,
                high=cell.mean if cell.high is None else cell.high,
                is_model=cost.system in models,
                says=f"{cost.system}: {cell.mean:.3f}, {price:,.3g}",
            ))  # fmt: skip
    if len(points) < 2 or not any(point.cost > 0 for point in points):
        return None
    return charts.quality(
        points,
        measure=summary.primary,
        cost=words["per question" if in_tokens else "seconds per question"],
        none=words["no tokens" if in_tokens else "instant"],
    )


def _tokens(cost: Cost) -> float:
    return (cost.usage.prompt + cost.usage.completion) / max(1, cost.results)


def _deltas(summary: Summary, models: set[str], words: Words) -> list[tuple[str, int, Markup]]:
    """Returns scene, number of cases and plot; all scenes first."""
    scenes = [*([ALL] if len(summary.scenes) > 1 else []), *summary.scenes]
    by_scene = {scene: comparisons_with(summary, summary.reference, scene) for scene in scenes}
    ends = [end for pairs in by_scene.values() for pair in pairs for end in (pair.low, pair.high)]
    if not ends:
        return []
    wide = (max(0.0, *ends) - min(0.0, *ends)) * 0.06 or 1.0
    domain = min(0.0, *ends) - wide, max(0.0, *ends) + wide
    title = words["delta"].format(measure=summary.primary)
    return [
        (scene, max(pair.cases for pair in pairs),
         charts.deltas(pairs, models=models, domain=domain, title=title))
        for scene, pairs in by_scene.items() if pairs
    ]  # fmt: skip


def _calibration(summary: Summary, models: set[str], words: Words) -> list[tuple[str, Markup]]:
    bins = summary.reliability
    most = max((max(each.probability, each.observed) for each in bins), default=0) * 1.08
    titles = words["probability"], words["observed"]
    return [
        (name, charts.calibration(list(mine), is_model=name in models, most=most, titles=titles))
        for name, mine in groupby(bins, key=lambda each: each.system)
    ] if most else []  # fmt: skip


def _orders(summary: Summary, words: Words) -> list[tuple[str, Markup]]:
    most = max((max(each.first, default=0) for each in summary.orders), default=0) * 1.08
    titles = words["listed"], words["first share"]
    return [(each.system, charts.first_places(each, most=most, titles=titles))
            for each in summary.orders if any(each.first)]  # fmt: skip


def _memorisation(summary: Summary, words: Words) -> Markup | None:
    if not summary.memorisation:
        return None
    return charts.memorisation(summary.memorisation, measure=summary.primary, words=words)


def _sort_key(pair: Comparison, summary: Summary) -> tuple[bool, int, float]:
    """Sorts the main comparison first, then by scene, all first; within one by p."""
    scenes = [ALL, *summary.scenes]
    position = scenes.index(pair.scene) if pair.scene in scenes else len(scenes)
    return not pair.is_main, position, pair.p_holm

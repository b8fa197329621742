"""The one scale of all files with ratings: declared, or decided file by file from their values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from recagent.config.settings import Settings
from recagent.domain import RatingScale
from recagent.ingest.events import RatingValues, rating_values
from recagent.ingest.report import Problem, Report, file_name
from recagent.ingest.scales import ScaleDoubt, scale_of, written_scale

Found = tuple[RatingScale | None, Mapping[Path, ScaleDoubt]]


def find_scale(settings: Settings, report: Report) -> Found:
    """What ratings are out of, and for which files that is not known, and why.

    What is declared holds. Else every file is looked through; one whose values do not tell takes
    the scale of the others if they fit in it. None where there are no ratings, or all are in doubt.
    """
    declared = settings.ratings.scale()
    if declared:
        return declared, {}
    unrated = settings.ratings.unrated
    found = {file.path: rating_values(file) for file in settings.catalog.events}
    counts = {path: values.counts for path, values in found.items()}
    for values in counts.values():
        for value in unrated:
            values.pop(value, None)
    told = {path: _scale_in(found[path]) for path, values in counts.items() if values}
    doubts = {path: each for path, each in told.items() if isinstance(each, ScaleDoubt)}
    scales = {path: each for path, each in told.items() if isinstance(each, RatingScale)}
    if not scales:
        return (None, doubts) if doubts or not unrated else (RatingScale(unrated=unrated), {})
    first, scale = next(iter(scales.items()))
    for path, other in scales.items():
        if other.high != scale.high or (other.low < 0) != (scale.low < 0):
            facts = {
                "high": f"{other.high:g}",
                "other": f"{scale.high:g}",
                "file": file_name(first),
            }
            doubts[path] = ScaleDoubt(kind="two scales", facts=facts)
        else:
            both = dict.fromkeys((*scale.unrated, *other.unrated))
            scale = replace(scale, low=min(scale.low, other.low), unrated=tuple(both))
    doubts = {
        path: why
        for path, why in doubts.items()
        if path in scales or why.kind == "two ways" or not _fits(counts[path], scale)
    }
    scale = replace(scale, unrated=tuple(dict.fromkeys((*unrated, *scale.unrated))))
    for path, values in counts.items():
        if values and path not in doubts:
            _note_scale(report, path, values, scale)
    return scale, doubts


def _scale_in(values: RatingValues) -> RatingScale | ScaleDoubt:
    """What the ratings of a file are out of: what its cells say, else what the values tell."""
    bare = values.counts.total() - values.outs.total()
    return written_scale(values.outs, bare=bare) or scale_of(values.counts)


def _fits(values: Counter[float], scale: RatingScale) -> bool:
    return all(scale.low <= value <= scale.high or value in scale.unrated for value in values)


def _note_scale(report: Report, path: Path, values: Counter[float], scale: RatingScale) -> None:
    given = [value for value in values if value not in scale.unrated]
    facts = {
        "high": f"{scale.high:g}",
        "lowest": f"{min(given):g}",
        "highest": f"{max(given):g}",
        "liked": f"{scale.shown_from(given):g}",
    }
    report.problem(Problem(kind="scale", file=file_name(path), facts=facts))

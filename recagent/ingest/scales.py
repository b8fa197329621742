"""What ratings are out of: by their values, where no setting says it.

All files have one scale: the declared one, or the one that their values tell file by file, by the
conventions (stars, tens, hundreds, thumbs).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from recagent.config.data_sections import FileSettings
from recagent.config.settings import Settings
from recagent.domain import RatingScale
from recagent.ingest.event_kinds import kind_and_value
from recagent.ingest.report import Report, file_name
from recagent.ingest.tables import open_table

_MANY = 100  # ratings, from which on it tells something which values nobody gives
_SELDOM = 0.01  # share of the ratings; a top that is given less often is not the top
_FEW_VALUES = 21  # as many as a slider in halves has; more are numbers of any kind
_HIGHEST = 100
_TOPS = (2, 3, 5, 10, 100)  # of scales that go as far below zero as above it


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleDoubt:
    """Why the values do not tell the scale.

    Attributes:
        kind: of problem, a key of ``report.PROBLEMS``.
        facts: that its sentence needs.
    """

    kind: str
    facts: Mapping[str, str] = field(default_factory=dict[str, str])


def written_scale(outs: Mapping[int, int], *, bare: int) -> RatingScale | ScaleDoubt | None:
    """Returns the scale that cells say themselves; None where none does.

    Args:
        outs: out of what -> number of cells that say so.
        bare: number of ratings that are plain numbers.
    """
    if not outs:
        return None
    if bare or len(outs) > 1:
        ways = [f"{count} × n/{top}" for top, count in sorted(outs.items())]
        ways += [f"{bare} × n"] if bare else []
        return ScaleDoubt(kind="two ways", facts={"ways": ", ".join(ways)})
    (top,) = outs
    return RatingScale(low=1 if top == 5 else 0, high=top)


def scale_of(counts: Mapping[float, int]) -> RatingScale | ScaleDoubt:
    """Returns the scale that ratings have of which each value was given so often.

    Five stars go from 1 (or from .5 or 0, where these are given) to 5; other scales are from 0 to
    10, 0 to 100, 0 to 1, -1 to 1 or as far below zero as above it. From many ratings another
    highest value is taken as it is. A -1 below ratings that are all positive says that it was not
    rated, and so does a 0 that is given far more often than any other value and than the lowest.
    Of many ratings a few values that stand out above the others, as a 55 among stars, are faults
    and not the scale's.
    """
    every, most = _scale_of(counts), _without_slips(counts)
    if most == counts:
        return every
    top, slip = max(most), max(counts)
    usual = top in (1, 5, 10, _HIGHEST) and most[top] >= _SELDOM * sum(most.values())
    stand_out = usual or slip > 2 * top or isinstance(every, ScaleDoubt)
    return _scale_of(most) if stand_out else every


def _without_slips(counts: Mapping[float, int]) -> Mapping[float, int]:
    """Returns the counts without high values that one rating or a thousandth of them have."""
    total = sum(counts.values())
    slips_left = max(1, total // 1000) if total >= _MANY else 0
    remaining = dict(counts)
    for value in sorted(counts, reverse=True):
        slips_left -= counts[value]
        if slips_left < 0:
            break
        del remaining[value]
    return remaining


def _scale_of(counts: Mapping[float, int]) -> RatingScale | ScaleDoubt:
    values = sorted(counts)
    if len(values) > 1 and {*values} <= {-1, 0, 1}:
        return RatingScale(low=min(values[0], 0), high=1)
    unrated: tuple[float, ...] = ()
    if values[0] == -1:
        unrated, values = (-1,), values[1:]
    if len(values) < 2:
        only = values[0] if values else -1
        return ScaleDoubt(
            kind="one rating", facts={"count": str(counts[only]), "only": f"{only:g}"}
        )
    rated = {value: counts[value] for value in values}
    if values[0] == 0 and values[-1] > 1:
        zero = _zeros(rated)
        if isinstance(zero, ScaleDoubt):
            return zero
        if zero:
            unrated = (*unrated, 0)
            rated = {value: count for value, count in rated.items() if value}
    ends = _ends(rated)
    if ends is None:
        return ScaleDoubt(kind="unknown scale", facts=_facts(values))
    return RatingScale(low=ends[0], high=ends[1], unrated=unrated)


def _facts(values: list[float]) -> dict[str, str]:
    return {"lowest": f"{values[0]:g}", "highest": f"{values[-1]:g}"}


def _zeros(rated: Mapping[float, int]) -> bool | ScaleDoubt:
    """Returns whether a 0 says that it was not rated."""
    zeros, total = rated[0], sum(rated.values())
    others = {value: count for value, count in rated.items() if value}
    commonest, lowest = max(others.values()), others[min(others)]
    if len(rated) <= _FEW_VALUES and total >= _MANY:
        if zeros >= 1.5 * commonest and zeros >= 10 * lowest:
            return True
        doubtful = zeros > commonest or zeros > 3 * lowest
    else:
        doubtful = zeros > 2 * commonest and zeros > total / 5
    if doubtful:
        facts = {"zeros": str(zeros), "total": str(total)}
        return ScaleDoubt(kind="zeros", facts=facts)
    return False


def _ends(rated: Mapping[float, int]) -> tuple[float, float] | None:
    """Returns the lowest and the highest value of the scale; None where these are unclear."""
    low, high, total = min(rated), max(rated), sum(rated.values())
    if low < 0:
        top = max(-low, high)
        near = next((end for end in _TOPS if math.ceil(top) == end), None)
        return None if near is None else (-near, near)
    if high <= 1:
        return 0, 1
    used = total >= _MANY and rated[high] >= _SELDOM * total  # the highest is one that is given
    if high > _HIGHEST:
        return None
    if high == _HIGHEST:
        return (low if total >= _MANY and low >= _HIGHEST / 2 else 0), _HIGHEST
    if high in (5, 10) or not used:
        return _usual(low, high)
    return low, high


def _usual(low: float, high: float) -> tuple[float, float] | None:
    """Returns the usual scale whose highest value is not far above what was given."""
    if 4 <= high <= 5:
        return min(low, 1), 5
    if 5 < high <= 10:
        return 0, 10
    return (0, _HIGHEST) if high > 20 else None


_VALUES = 10_000  # different ratings that are counted

Found = tuple[RatingScale | None, Mapping[Path, ScaleDoubt]]


def find_scale(settings: Settings, report: Report) -> Found:
    """Returns what ratings are out of, and for which files that is not known, and why.

    What is declared holds. Else every file is looked through; one whose values do not tell takes
    the scale of the others if they fit in it. None where there are no ratings, or all are in doubt.
    """
    declared = settings.ratings.scale()
    if declared:
        return declared, {}
    unrated = settings.ratings.unrated
    ratings = {file.path: rating_values(file) for file in settings.catalog.events}
    counts = {path: values.counts for path, values in ratings.items()}
    for values in counts.values():
        for value in unrated:
            values.pop(value, None)
    decided = {path: _scale_in(ratings[path]) for path, values in counts.items() if values}
    doubts = {
        path: decision for path, decision in decided.items() if isinstance(decision, ScaleDoubt)
    }
    scales = {
        path: decision for path, decision in decided.items() if isinstance(decision, RatingScale)
    }
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


@dataclass(frozen=True, slots=True)
class RatingValues:
    """The ratings of a file: how often each value is given, and how often a cell says out of what.

    Of values without end only the first few thousand and the lowest and highest are kept.
    """

    counts: Counter[float] = field(default_factory=Counter[float])
    outs: Counter[int] = field(default_factory=Counter[int])


def rating_values(file: FileSettings) -> RatingValues:
    """Returns the ratings of a file; what cannot be read is passed over."""
    table = open_table(file, holds="events", report=Report())
    ratings = RatingValues()
    if "value" not in table.columns:
        return ratings
    counts = ratings.counts
    low, high = math.inf, -math.inf
    for _, row in table.rows:
        deed = kind_and_value(row)
        value = deed.value
        if value is None or deed.kind != "rating":
            continue
        if deed.out_of:
            ratings.outs[deed.out_of] += 1
        if value in counts or len(counts) < _VALUES or not low <= value <= high:
            counts[value] += 1
            low, high = min(low, value), max(high, value)
    return ratings


def _scale_in(values: RatingValues) -> RatingScale | ScaleDoubt:
    """Returns the scale of a file: what its cells say, else what the values tell."""
    bare = values.counts.total() - values.outs.total()
    return written_scale(values.outs, bare=bare) or scale_of(values.counts)


def _fits(values: Counter[float], scale: RatingScale) -> bool:
    return all(scale.low <= value <= scale.high or value in scale.unrated for value in values)


def _note_scale(report: Report, path: Path, values: Counter[float], scale: RatingScale) -> None:
    rated = [value for value in values if value not in scale.unrated]
    facts = {
        "high": f"{scale.high:g}",
        "lowest": f"{min(rated):g}",
        "highest": f"{max(rated):g}",
        "liked": f"{scale.shown_from(rated):g}",
    }
    report.note("scale", file=file_name(path), facts=facts)

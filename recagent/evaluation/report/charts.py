"""The plots of a report, as SVG: quality against cost, differences, calibration, audits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from recagent.evaluation.report.label_positions import Point, label_positions
from recagent.evaluation.report.result_matrix import LEVEL
from recagent.evaluation.report.svg import COLOURS, svg
from recagent.offline.optional_libraries import optional_library
from recagent.offline.summaries import Comparison, Memorisation, OrderSensitivity, Reliability

if TYPE_CHECKING:
    from markupsafe import Markup

_ROW = 26  # pixels of a system's row
_LABELS = 150  # pixels of a system's name at an axis
_WIDTH, _HEIGHT = 440, 290  # pixels of the plot of quality


def quality(points: Sequence[Point], *, measure: str, cost: str, none: str) -> Markup:
    """Draws the mean of the primary measure with its interval against what a question costs.

    Args:
        points: systems; those that cost nothing stand in a strip of their own at the left.
        measure: title of the vertical axis.
        cost: title of the horizontal one.
        none: label of the strip.
    """
    alt = optional_library("altair")
    across, x = _cost_axis(alt, points, title=cost, none=none)
    up, y = _quality_axis(alt, points, title=measure)
    rows: list[dict[str, Any]] = [
        {"x": across(point.cost), "y": up(point.mean), "y1": up(point.low), "y2": up(point.high),
         "colour": _colour(is_model=point.is_model), "says": point.says}
        for point in points
    ]  # fmt: skip
    names = label_positions(
        [(row["x"], row["y"], point.name) for row, point in zip(rows, points, strict=True)],
        width=_WIDTH,
    )
    base = alt.Chart(alt.Data(values=rows))
    lines = alt.Chart(alt.Data(values=names))
    layers = [
        base.mark_rule(strokeWidth=1.5, opacity=0.45).encode(
            x=x, y=alt.Y("y1:Q"), y2="y2:Q", color=_as_is(alt)
        ),
        lines.mark_rule(color=COLOURS["muted"], strokeWidth=0.75).encode(
            x=alt.X("px:Q"), y=alt.Y("py:Q"), x2="lx:Q", y2="ly:Q"
        ),
        base.mark_circle(size=85, opacity=1).encode(
            x=x, y=y, color=_as_is(alt), description="says:N"
        ),
        *(
            alt.Chart(alt.Data(values=[name for name in names if name["align"] == side]))
            .mark_text(align=side, baseline="middle", fontSize=12, color=COLOURS["ink"])
            .encode(x=alt.X("x:Q"), y=alt.Y("ly:Q"), text="name:N")
            for side in ("left", "right")
        ),
    ]
    chart = alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT)
    return svg(chart, label=f"{measure} / {cost}")


def _cost_axis(
    alt: Any, points: Sequence[Point], *, title: str, none: str
) -> tuple[Callable[[float], float], Any]:
    """Returns the pixel of a cost, logarithmic beside a strip for no cost, and the axis."""
    costs = [point.cost for point in points if point.cost > 0]
    low, high = math.log10(min(costs)) - 0.12, math.log10(max(costs)) + 0.12
    if high - low < 0.8:
        low, high = (low + high) / 2 - 0.4, (low + high) / 2 + 0.4
    strip = low - 0.55 * (high - low) if len(costs) < len(points) else low
    start = strip - 0.05 * (high - low)

    def pixel(logarithm: float) -> float:
        return (logarithm - start) / (high - start) * _WIDTH

    ticks = [(pixel(tick), _short(10**tick)) for tick in _ticks(low, high) if low <= tick <= high]
    if strip < low:
        ticks.insert(0, (pixel(strip), none))
    axis = _pixel_axis(alt, ticks, title=title, grid=False)
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, _WIDTH], nice=False), axis=axis)
    return lambda cost: pixel(math.log10(cost) if cost > 0 else strip), x


def _quality_axis(
    alt: Any, points: Sequence[Point], *, title: str
) -> tuple[Callable[[float], float], Any]:
    """Returns the pixel of a mean, from below, and the axis."""
    tops = [max(point.high, point.mean) for point in points]
    bottoms = [min(point.low, point.mean) for point in points]
    margin = (max(tops) - min(bottoms)) * 0.08 or 0.1
    bottom, top = min(bottoms) - margin, max(tops) + margin

    def pixel(mean: float) -> float:
        return (mean - bottom) / (top - bottom) * _HEIGHT

    levels = [level for level in _levels(bottom, top) if bottom <= level <= top]
    ticks = [(pixel(level), f"{level:.1f}" if top > 0.5 else f"{level:.2f}") for level in levels]
    axis = _pixel_axis(alt, ticks, title=title)
    return pixel, alt.Y("y:Q", scale=alt.Scale(domain=[0, _HEIGHT], nice=False), axis=axis)


def _pixel_axis(
    alt: Any, ticks: Sequence[tuple[float, str]], *, title: str, grid: bool = True
) -> Any:
    """Returns an axis of pixels with these texts; its expression takes the nearest tick's text."""
    expression = "''"
    for pixel, text in ticks:
        expression = f"abs(datum.value - {pixel}) < 0.01 ? {text!r} : {expression}"
    pixels = [pixel for pixel, _ in ticks]
    return alt.Axis(values=pixels, labelExpr=expression, title=title, grid=grid)


def deltas(
    pairs: Sequence[Comparison], *, models: set[str], domain: tuple[float, float], title: str
) -> Markup:
    """Draws differences from the reference in one scene, with intervals; filled where significant.

    Args:
        pairs: with the reference as base.
        models: systems that ask a model.
        domain: of the axis, shared by all scenes.
        title: of the axis.
    """
    alt = optional_library("altair")
    rows = [
        {"system": pair.new, "delta": pair.delta, "low": pair.low, "high": pair.high,
         "least": max(-pair.detectable, domain[0]), "most": min(pair.detectable, domain[1]),
         "colour": _colour(is_model=pair.new in models),
         "fill": _colour(is_model=pair.new in models) if pair.p_holm < LEVEL else COLOURS["paper"],
         "says": f"{pair.new}: {pair.delta:+.3f} [{pair.low:+.3f}, {pair.high:+.3f}], "
                 f"p (Holm) {pair.p_holm:.3f}"}
        for pair in pairs
    ]  # fmt: skip
    base = alt.Chart(alt.Data(values=rows))
    scale = alt.Scale(domain=list(domain), nice=False)
    y = _system_axis(alt)
    says = "datum.value == 0 ? '0' : format(datum.value, '+.2~f')"
    x = alt.X("delta:Q", scale=scale, title=title, axis=alt.Axis(tickCount=4, labelExpr=says))
    zero = alt.Chart(alt.Data(values=[{"zero": 0}]))
    layers = [
        base.mark_bar(color=COLOURS["surface"], height=_ROW - 8).encode(
            x=alt.X("least:Q", scale=scale), x2="most:Q", y=y
        ),
        zero.mark_rule(color=COLOURS["muted"], strokeWidth=1).encode(x=alt.X("zero:Q")),
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X("low:Q"), x2="high:Q", y=y, color=_as_is(alt)
        ),
        base.mark_circle(size=62, opacity=1, strokeWidth=2).encode(
            x=x, y=y, stroke=alt.Stroke("colour:N", scale=None),
            fill=alt.Fill("fill:N", scale=None), description="says:N",
        ),
    ]  # fmt: skip
    size = {"width": 230, "height": alt.Step(_ROW)}
    return svg(alt.layer(*layers).properties(**size), label=title)


def calibration(
    bins: Sequence[Reliability], *, is_model: bool, most: float, titles: tuple[str, str]
) -> Markup:
    """Draws one system's share of relevant candidates against probability; the diagonal is right.

    Args:
        bins: of the system.
        is_model: whether it asks a model.
        most: end of both axes, shared by all systems.
        titles: of the horizontal and the vertical axis.
    """
    alt = optional_library("altair")
    rows = [{"p": each.probability, "share": each.observed,
             "says": f"{each.probability:.3f} → {each.observed:.3f} (n = {each.candidates})"}
            for each in bins]  # fmt: skip
    scale = alt.Scale(domain=[0, most], nice=False)
    axis = {"tickCount": 3, "format": "~g"}
    line = alt.Chart(alt.Data(values=[{"p": 0, "share": 0}, {"p": most, "share": most}]))
    base = alt.Chart(alt.Data(values=rows))
    colour = _colour(is_model=is_model)
    axes = {
        "x": alt.X("p:Q", scale=scale, title=titles[0], axis=alt.Axis(**axis)),
        "y": alt.Y("share:Q", scale=scale, title=titles[1], axis=alt.Axis(**axis)),
    }
    layers = [
        line.mark_line(color=COLOURS["muted"], strokeDash=[3, 3], strokeWidth=1).encode(**axes),
        base.mark_line(color=colour, strokeWidth=1.5).encode(**axes),
        base.mark_circle(color=colour, size=36, opacity=1).encode(**axes, description="says:N"),
    ]
    return svg(alt.layer(*layers).properties(width=150, height=150), label=" / ".join(titles))


def first_places(order: OrderSensitivity, *, most: float, titles: tuple[str, str]) -> Markup:
    """Draws how often the first item was listed at each place; the line is no preference."""
    alt = optional_library("altair")
    rows = [{"place": place, "share": share, "says": f"{place}: {share:.1%}"}
            for place, share in enumerate(order.first, start=1)]  # fmt: skip
    even = [{"share": 1 / max(1, len(rows))}]
    shown = [place for place in range(1, len(rows) + 1) if place == 1 or place % 5 == 0]
    x = alt.X("place:O", title=titles[0], axis=alt.Axis(values=shown, labelAngle=0))
    y = alt.Y("share:Q", title=titles[1], scale=alt.Scale(domain=[0, most], nice=False),
              axis=alt.Axis(tickCount=3, format="~%"))  # fmt: skip
    bars = alt.Chart(alt.Data(values=rows)).mark_bar(
        color=COLOURS["model"], width=alt.RelativeBandSize(0.7)
    )
    rule = alt.Chart(alt.Data(values=even)).mark_rule(color=COLOURS["ink"], strokeDash=[3, 3])
    chart = alt.layer(bars.encode(x=x, y=y, description="says:N"), rule.encode(y=y))
    return svg(chart.properties(width=240, height=90), label=" / ".join(titles))


def memorisation(
    audits: Sequence[Memorisation], *, measure: str, words: Mapping[str, str]
) -> Markup:
    """Draws each system's mean: as it stands, titles masked, another's history, and by chance.

    Args:
        audits: of the systems.
        measure: title of the axis.
        words: what ``plain``, ``masked``, ``swapped`` and ``random`` are called.
    """
    alt = optional_library("altair")
    kinds = {
        "plain": ("circle", COLOURS["model"]), "masked": ("circle", COLOURS["paper"]),
        "swapped": ("diamond", COLOURS["paper"]),
    }  # fmt: skip
    rows: list[dict[str, Any]] = []
    spans: list[dict[str, Any]] = []
    chances: list[dict[str, Any]] = []
    for each in audits:
        means = {"plain": each.plain, "masked": each.masked, "swapped": each.swapped}
        ends = (each.random, *means.values())
        spans.append({"system": each.system, "low": min(ends), "high": max(ends)})
        chances.append({"system": each.system, "mean": each.random,
                        "says": f"{words['random']}: {each.random:.3f}"})  # fmt: skip
        rows += [
            {"system": each.system, "mean": means[kind], "shape": shape, "fill": fill,
             "says": f"{each.system}, {words[kind]}: {means[kind]:.3f}"}
            for kind, (shape, fill) in kinds.items()
        ]  # fmt: skip
    y = _system_axis(alt)
    x = alt.X("mean:Q", title=measure, scale=alt.Scale(zero=False, padding=14),
              axis=alt.Axis(tickCount=5, format=".2f"))  # fmt: skip
    layers = [
        alt.Chart(alt.Data(values=spans))
        .mark_rule(color=COLOURS["rule"], strokeWidth=3)
        .encode(y=y, x=alt.X("low:Q"), x2="high:Q"),
        alt.Chart(alt.Data(values=chances))
        .mark_tick(color=COLOURS["ink"], thickness=2, size=16, opacity=1)
        .encode(y=y, x=x, description="says:N"),
        alt.Chart(alt.Data(values=rows))
        .mark_point(size=75, opacity=1, strokeWidth=2, stroke=COLOURS["model"], filled=True)
        .encode(
            y=y, x=x, shape=alt.Shape("shape:N", scale=None), fill=alt.Fill("fill:N", scale=None),
            description="says:N",
        ),
    ]  # fmt: skip
    size = {"width": 330, "height": alt.Step(_ROW + 4)}
    return svg(alt.layer(*layers).properties(**size), label=measure)


def _system_axis(alt: Any) -> Any:
    axis = alt.Axis(labelLimit=_LABELS, grid=False, labelColor=COLOURS["ink"])
    return alt.Y("system:N", sort=None, title=None, axis=axis)


def _colour(*, is_model: bool) -> str:
    return COLOURS["model" if is_model else "baseline"]


def _as_is(alt: Any) -> Any:
    return alt.Color("colour:N", scale=None)


def _ticks(low: float, high: float) -> list[float]:
    """Returns the logarithms of 1, 2, 5, 10..., or of powers of ten, between two logarithms."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    steps = (1, 2, 5) if high - low < 2 else (1,)
    return [power + math.log10(step) for power in powers for step in steps]


def _levels(bottom: float, top: float) -> list[float]:
    step = next(step for step in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, math.inf)
                if (top - bottom) / step <= 6)  # fmt: skip
    return [step * at for at in range(math.floor(bottom / step), math.ceil(top / step) + 1)]


def _short(number: float) -> str:
    """Returns ``1,900`` or ``0.05``: what is read at an axis."""
    return f"{number:,.0f}" if number >= 1 else f"{number:.3g}"

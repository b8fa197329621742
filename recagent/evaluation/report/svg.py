"""Altair charts as inline SVG that takes its colours from the page.

Not the charts: those are ``charts``.
"""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

from recagent.offline.optional_libraries import optional_library

# Vega knows no CSS variables: each colour goes in as one that nothing else has, and is replaced.
COLOURS = {
    name: f"#01fe{at:02x}"
    for at, name in enumerate(
        ("ink", "muted", "rule", "surface", "paper", "model", "baseline", "target")
    )
}
_FONT = "Helvetica, Arial, sans-serif"  # for measuring; the page sets its own

_CONFIG: dict[str, Any] = {
    "background": None,
    "font": _FONT,
    "padding": {"left": 2, "right": 6, "top": 4, "bottom": 2},
    "view": {"stroke": None},
    "axis": {
        "labelColor": COLOURS["muted"],
        "titleColor": COLOURS["muted"],
        "titleFontWeight": "normal",
        "titleFontSize": 12,
        "titlePadding": 8,
        "labelFontSize": 11.5,
        "labelPadding": 5,
        "gridColor": COLOURS["rule"],
        "domain": False,
        "ticks": False,
    },
}

_TAG = re.compile(r"<[^>]*>")  # vega escapes > in texts and attributes
_EMPTY = re.compile(r'<path class="(?:fore|back)ground"[^>]*?/>')
_DROPPED = re.compile(
    r" (?:xmlns(?::xlink)?|version|font-family|pointer-events|aria-roledescription|aria-hidden"
    r'|stroke-miterlimit|class)="[^"]*"'
    r'| opacity="1"'
    r'| role="graphics-(?:object|symbol|document)"'
    r'| aria-label="[XY]-axis[^"]*"'
)
_PLACE = re.compile(r' (?:d|transform|[xy]2)="[^"]*"')
_DECIMALS = re.compile(r"(\.\d\d)\d+")
_LABELLED = re.compile(r'<(path|line|rect|text)((?: [\w:-]+="[^"]*")*?) aria-label="([^"]*)"'
                       r'((?: [\w:-]+="[^"]*")*)(?:/>|></\1>)')  # fmt: skip


def svg(chart: Any, *, label: str) -> Markup:
    """A chart as an SVG element that scales down with its place; marks tell their description.

    Args:
        chart: of Altair.
        label: what it shows, for those who do not see it.

    Raises:
        ConfigError: Altair or vl-convert is not installed.
    """
    spec = {**chart.to_dict(), "config": _CONFIG}
    drawn: str = optional_library("vl_convert").vegalite_to_svg(spec, allowed_base_urls=[])
    drawn = _TAG.sub(lambda match: _tag(match[0]), _EMPTY.sub("", drawn))
    drawn = _LABELLED.sub(r"<\1\2\4><title>\3</title></\1>", drawn)
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', drawn)
    width = size[1] if size else "400"
    head = Markup('<svg role="img" aria-label="{}" style="max-width:{}px"').format(label, width)
    drawn = re.sub(r'^<svg width="[\d.]+" height="[\d.]+"', lambda _: head, drawn)
    return Markup(drawn)  # noqa: S704 - vega escapes every text


def _tag(tag: str) -> str:
    """A tag without what a page does not need, with short coordinates and the page's colours."""
    tag = _DROPPED.sub("", tag)
    tag = _PLACE.sub(lambda match: _DECIMALS.sub(r"\1", match[0]), tag)
    for name, colour in COLOURS.items():
        tag = tag.replace(colour, f"var(--{name})")
    return tag

"""Positions of the names of points in a chart, so that none overlaps another.

``charts`` draws them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LETTER = 6.1  # pixels, of small type
_LINE = 14.0
_AWAY = 9.0  # from a point to its name

Box = tuple[float, float, float, float]  # left, bottom, right, top


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Is one system between cost and quality; ``cost`` 0 is none, ``says`` is the tooltip."""

    name: str
    cost: float
    mean: float
    low: float
    high: float
    is_model: bool
    says: str


def label_positions(
    points: Sequence[tuple[float, float, str]], *, width: float
) -> list[dict[str, float | str]]:
    """Returns the position of every name in pixels: beside its point, or linked to it by a line.

    Args:
        points: x, y (upwards) and name.
        width: of the plot; names end before it where they can.

    Returns:
        For each point its name, ``x`` and ``ly`` of the text's end that is nearer to it (``align``
        says which end that is), and the line from ``px``, ``py`` to ``lx``, ``ly``.
    """
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y, _ in points]
    labels: list[dict[str, float | str]] = []
    for x, y, name in sorted(points, key=lambda point: -point[1]):
        size = len(name) * _LETTER
        sides = [x + _AWAY, x - _AWAY - size]
        sides = [left for left in sides if left >= 0 and left + size <= width] or sides[:1]
        tries = [
            (left, y + sign * step * _LINE / 2)
            for step in range(12) for sign in (1, -1) for left in sides
        ]  # fmt: skip
        left, middle = next((spot for spot in tries if _free(spot, size, taken)), tries[0])
        taken.append((left, middle - _LINE / 2, left + size, middle + _LINE / 2))
        right = left > x
        near = left if right else left + size
        far = abs(middle - y) > _LINE / 4
        labels.append({"name": name, "align": "left" if right else "right", "x": near, "px": x,
                      "py": y, "lx": near if far else x, "ly": middle if far else y})  # fmt: skip
    return labels


def _free(spot: tuple[float, float], size: float, taken: Sequence[Box]) -> bool:
    left, middle = spot
    bottom, top = middle - _LINE / 2 + 1, middle + _LINE / 2 - 1
    return not any(left < box[2] and left + size > box[0] and bottom < box[3] and top > box[1]
                   for box in taken)  # fmt: skip

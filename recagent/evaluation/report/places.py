"""Where the names of points go, so that none lies on another.

Not drawing: that is ``charts``.
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
    """One system between cost and quality; ``cost`` 0 is none, ``says`` is told on hovering."""

    name: str
    cost: float
    mean: float
    low: float
    high: float
    is_model: bool
    says: str


def placed(
    points: Sequence[tuple[float, float, str]], *, width: float
) -> list[dict[str, float | str]]:
    """A place for every name, in pixels: beside its point, else above or below with a line to it.

    Args:
        points: x, y (upwards) and name.
        width: of the plot; names end before it where they can.

    Returns:
        For each point its name, ``x`` and ``ly`` of the text's end that is nearer to it (``align``
        says which end that is), and the line from ``px``, ``py`` to ``lx``, ``ly``.
    """
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y, _ in points]
    found: list[dict[str, float | str]] = []
    for x, y, name in sorted(points, key=lambda point: -point[1]):
        size = len(name) * _LETTER
        sides = [x + _AWAY, x - _AWAY - size]
        sides = [left for left in sides if left >= 0 and left + size <= width] or sides[:1]
        tries = [
            (left, y + sign * step * _LINE / 2)
            for step in range(12) for sign in (1, -1) for left in sides
        ]  # fmt: skip
        left, middle = next((at for at in tries if _free(at, size, taken)), tries[0])
        taken.append((left, middle - _LINE / 2, left + size, middle + _LINE / 2))
        right = left > x
        near = left if right else left + size
        far = abs(middle - y) > _LINE / 4
        found.append({"name": name, "align": "left" if right else "right", "x": near, "px": x,
                      "py": y, "lx": near if far else x, "ly": middle if far else y})  # fmt: skip
    return found


def _free(at: tuple[float, float], size: float, taken: Sequence[Box]) -> bool:
    left, middle = at
    bottom, top = middle - _LINE / 2 + 1, middle + _LINE / 2 - 1
    return not any(left < box[2] and left + size > box[0] and bottom < box[3] and top > box[1]
                   for box in taken)  # fmt: skip

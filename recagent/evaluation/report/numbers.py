"""Numbers as a report writes them: a true minus, a fixed number of decimals, thousands apart.

No units and no words.
"""

from __future__ import annotations

import math


def plain(number: float | None, decimals: int = 3) -> str:
    """``0.412``; empty for None and what is no number."""
    if number is None or not math.isfinite(number):
        return ""
    return _minus(f"{number:.{decimals}f}")


def signed(number: float | None, decimals: int = 3) -> str:
    """``+0.041``, ``−0.041``; ``0.000`` has no sign."""
    if number is None or not math.isfinite(number):
        return ""
    text = f"{number:+.{decimals}f}"
    return _minus(text if float(text) else text[1:])


def chance(p: float) -> str:
    """A p-value: ``.012``, ``<.001``, ``1``."""
    if not math.isfinite(p):
        return ""
    if p < 0.001:
        return "<.001"
    return f"{p:.3f}".removeprefix("0") if p < 0.9995 else "1"


def count(number: float) -> str:
    """``12,034``."""
    return f"{number:,.0f}"


def share(number: float | None) -> str:
    """``62%``; empty for None."""
    return "" if number is None or not math.isfinite(number) else _minus(f"{number:.0%}")


def _minus(text: str) -> str:
    return text.replace("-", "−")  # a minus, as wide as a plus

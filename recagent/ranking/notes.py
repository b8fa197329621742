"""What a reader of a slate should know of the engine that ranked it.

Only what made the ranking worse than it might be is told; ``recagent doctor`` tells all.
"""

from __future__ import annotations

from recagent.domain import Mode
from recagent.domain.capabilities import Capabilities
from recagent.ranking.scoring.label import BLOCK


def engine_notes(can: Capabilities, *, mode: Mode) -> tuple[str, ...]:
    """Sentences about one ranking in ``mode``; none where nothing was missing."""
    notes: list[str] = []
    if mode == "listwise":
        if len(can.modes) == 1:
            notes.append(_no_scores(can))
        if not can.schema:
            notes.append("the engine keeps to no JSON schema: orders may need repair")
    elif mode == "label" and not can.by_id and can.alternatives < BLOCK:
        notes.append(f"the engine lists {can.alternatives} log probabilities for {BLOCK} labels")
    if can.thinking == "on" and mode != "likelihood":
        notes.append("the model thinks before it answers, and nothing that was tried stops it")
    return tuple(notes)


def _no_scores(can: Capabilities) -> str:
    why = "thinks first" if can.alternatives else "gives no log probabilities"
    return f"the engine {why}: an order was generated instead of scores"

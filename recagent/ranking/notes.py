"""What a reader of a slate should know of the engine that ranked it.

Only what made the ranking worse than it might be is told; ``recagent doctor`` tells all.
"""

from __future__ import annotations

from recagent.domain import Mode
from recagent.domain.capabilities import Capabilities
from recagent.locale import LocalizedText
from recagent.ranking.scoring.label import BLOCK


def engine_notes(can: Capabilities, *, mode: Mode) -> tuple[LocalizedText, ...]:
    """Sentences about one ranking in ``mode``; none where nothing was missing."""
    notes: list[LocalizedText] = []
    if mode == "listwise":
        if len(can.modes) == 1:
            notes.append(_no_scores(can))
        if not can.schema:
            notes.append(
                LocalizedText("the engine does not enforce JSON schemas, so orders may need repair")
            )
    elif mode == "label" and not can.by_id and can.alternatives < BLOCK:
        notes.append(
            LocalizedText(
                "the engine lists only {count} log probabilities for {labels} labels",
                count=can.alternatives,
                labels=BLOCK,
            )
        )
    if can.thinking == "on" and mode != "likelihood":
        notes.append(
            LocalizedText("the model thinks before it answers, and no known option turns that off")
        )
    return tuple(notes)


def _no_scores(can: Capabilities) -> LocalizedText:
    if can.alternatives:
        return LocalizedText(
            "the engine thinks before it answers, so an order was generated instead of scores"
        )
    return LocalizedText(
        "the engine gives no log probabilities, so an order was generated instead of scores"
    )

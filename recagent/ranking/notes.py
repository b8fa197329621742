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
                LocalizedText("the engine keeps to no JSON schema: orders may need repair")
            )
    elif mode == "label" and not can.by_id and can.alternatives < BLOCK:
        notes.append(
            LocalizedText(
                "the engine lists {count} log probabilities for {labels} labels",
                count=can.alternatives,
                labels=BLOCK,
            )
        )
    if can.thinking == "on" and mode != "likelihood":
        notes.append(
            LocalizedText("the model thinks before it answers, and nothing that was tried stops it")
        )
    return tuple(notes)


def _no_scores(can: Capabilities) -> LocalizedText:
    if can.alternatives:
        return LocalizedText("the engine thinks first: an order was generated instead of scores")
    return LocalizedText(
        "the engine gives no log probabilities: an order was generated instead of scores"
    )

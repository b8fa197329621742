"""Cases: offline questions with frozen candidates and judgments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recagent.domain.events import Event
from recagent.domain.people import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One offline question: who, where, what may be known, frozen candidates, judgments.

    Attributes:
        id: unique within its run.
        item_ids: the candidates in the order in which they are listed; empty where the whole scene
            is to be ranked.
        judgments: graded relevance by item id; 0 or absent is not relevant.
        history: the person's events before the target, newest first.
        user: what the person declares.
        wish: what is wanted, in the person's words; empty without one.
        dialogue: what was said before the wish, oldest first.
    """

    id: str
    user_id: str
    scene: str
    item_ids: tuple[str, ...]
    judgments: Mapping[str, int]
    history: tuple[Event, ...] = ()
    user: User | None = None
    wish: str = ""
    dialogue: tuple[str, ...] = ()

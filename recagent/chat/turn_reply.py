"""What a language model writes of a turn: any number of acts, under one schema."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from recagent.llm.structured_replies import ReplyForm
from recagent.ports import Schema

MOST_ACTS = 10

Act = Literal[
    "want", "wish", "cannot", "leave_out", "drop", "for", "start_over", "undo", "list", "recommend",
    "more", "sort", "similar", "like", "dislike", "seen", "owned", "ask", "count", "explain",
    "compare", "why_not", "what_if", "search", "scene", "remember", "forget", "my_data",
    "delete_my_data", "other_people", "about", "greet", "thanks", "chat", "complaint", "order",
    "advice", "crisis",
]  # fmt: skip
Comparison = Literal[
    "is", "is not", "at least", "at most", "less", "more", "mentions", "does not mention"
]


class ActReply(ReplyForm):
    """One thing that a turn says; the prompt says which fields an act needs."""

    act: Act
    items: list[str] = Field(default=[], max_length=10)
    attribute: str = ""
    operator: Comparison = "is"
    values: list[str | bool | float] = Field(default=[], max_length=20)
    firm: bool = True
    numbers: list[int] = Field(default=[], max_length=30)
    scene: str = ""
    words: str = ""
    answer: str = ""


class TurnReply(ReplyForm):
    """What a turn means.

    Attributes:
        acts: in the order of the turn.
        titles: that the model proposes for a wish, best first.
        question: of a turn whose meaning cannot be told; empty for all others.
    """

    acts: list[ActReply] = Field(max_length=MOST_ACTS)
    titles: list[str] = Field(default=[], max_length=20)
    question: str = ""


SCHEMA: Schema = TurnReply.model_json_schema()

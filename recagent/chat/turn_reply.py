"""What a language model writes of a turn: any number of acts, under one schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field, ValidationError

from recagent.llm.structured_replies import ReplyForm
from recagent.ports import Schema

MOST_ACTS = 10

Act = Literal[
    "want", "wish", "cannot", "leave_out", "choose", "drop", "for", "start_over", "undo", "list",
    "recommend", "more", "sort", "similar", "like", "dislike", "seen", "owned", "ask", "count",
    "explain", "compare", "why_not", "what_if", "search", "scene", "remember", "forget", "my_data",
    "delete_my_data", "other_people", "about", "greet", "thanks", "chat", "complaint", "order",
    "advice", "crisis",
]  # fmt: skip
Comparison = Literal[
    "is", "is not", "at least", "at most", "less", "more", "mentions", "does not mention"
]


def _at_most(most: int) -> BeforeValidator:
    """A list that is too long is cut: no reply is refused for what it says besides."""

    def cut(value: Any) -> Any:
        return cast("list[Any]", value)[:most] if isinstance(value, list) else value

    return BeforeValidator(cut)


class ActReply(ReplyForm):
    """One thing that a turn says; the prompt says which fields an act needs."""

    act: Act
    items: Annotated[list[str], _at_most(10)] = Field(default=[], max_length=10)
    attribute: str = ""
    operator: Comparison = "is"
    values: Annotated[list[str | bool | float], _at_most(20)] = Field(default=[], max_length=20)
    firm: bool = True
    numbers: Annotated[list[int], _at_most(30)] = Field(default=[], max_length=30)
    scene: str = ""
    words: str = ""
    answer: str = ""


def _valid_acts(value: Any) -> Any:
    """The acts without those that are none; all of them where none is."""
    if not isinstance(value, list):
        return value
    written = cast("list[Any]", value)
    valid: list[Any] = []
    for each in written:
        try:
            valid.append(ActReply.model_validate(each))
        except ValidationError:
            continue
    return valid[:MOST_ACTS] or written


class TurnReply(ReplyForm):
    """What a turn means.

    Attributes:
        say: what no act can answer, in two sentences at most.
        acts: in the order of the turn.
        titles: that the model proposes for a wish, best first.
        question: of a turn whose meaning cannot be told; empty for all others.
    """

    say: str = ""
    acts: Annotated[list[ActReply], BeforeValidator(_valid_acts)] = Field(max_length=MOST_ACTS)
    titles: Annotated[list[str], _at_most(20)] = Field(default=[], max_length=20)
    question: str = ""


SCHEMA: Schema = TurnReply.model_json_schema()

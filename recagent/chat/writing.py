"""A critique as a large model writes it: JSON under a schema, of which code keeps what is true.

Every attribute and value must be one of the scene's; what is not is said to be not understood.
"""

from __future__ import annotations

from functools import partial

from pydantic import BaseModel, ConfigDict, Field

from recagent import prompts
from recagent.chat.acts import Act
from recagent.chat.critiques import Critique, Unclear
from recagent.chat.situation import Situation
from recagent.chat.vocabulary import Vocabulary
from recagent.domain import Constraint, Language, Operator
from recagent.errors import ReplyError
from recagent.llm.retry import RetryBudget
from recagent.llm.structured_replies import ask_structured, whole
from recagent.ports import ChatModel, Schema

_MOST = 8  # of each list
_VALUES = 12  # of an attribute that the prompt names


class Wanted(BaseModel):
    """One condition as the model writes it."""

    model_config = ConfigDict(extra="forbid")

    attribute: str
    operator: Operator
    value: str | float


class CritiqueReply(BaseModel):
    """What the model is asked to write."""

    model_config = ConfigDict(extra="forbid")

    act: Act
    must: list[Wanted] = Field(max_length=_MOST)
    rather: list[Wanted] = Field(max_length=_MOST)
    wish: str = Field(max_length=200)
    cannot: list[str] = Field(max_length=_MOST)


SCHEMA: Schema = CritiqueReply.model_json_schema()


async def written(
    turn: str, *, situation: Situation, model: ChatModel, lang: Language, budget: RetryBudget
) -> tuple[Act, Critique]:
    """The act and the critique of a turn, checked.

    Raises:
        ModelError: no usable answer within the budget.
    """
    prompt = prompts.load("chat", "critique", lang=lang)
    messages = prompt.chat(
        turn=turn, scene=situation.scene.label(lang), attributes=_told(situation.vocabulary)
    )
    reply = await ask_structured(
        model,
        messages,
        CritiqueReply,
        max_tokens=prompt.front.max_tokens,
        budget=budget,
        unusable=partial(_unusable, model),
        schema=SCHEMA,
        parse=whole,
    )
    return reply.form.act, checked(reply.form, turn=turn, vocabulary=situation.vocabulary)


def checked(reply: CritiqueReply, *, turn: str, vocabulary: Vocabulary) -> Critique:
    """What of a reply the scene's items can tell."""
    unclear = [Unclear(words=words) for words in reply.cannot]
    lists: list[list[Constraint]] = []
    for wanted in (reply.must, reply.rather):
        kept: list[Constraint] = []
        for each in wanted:
            made = _constraint(each, turn, vocabulary)
            if made is None:
                unclear.append(Unclear(words=f"{each.attribute} {each.operator} {each.value}"))
            else:
                kept.append(made)
        lists.append(kept)
    return Critique(
        constraints=tuple(lists[0]),
        preferences=tuple(lists[1]),
        wish=" ".join(reply.wish.split()),
        unclear=tuple(unclear),
    )


def _constraint(wanted: Wanted, turn: str, vocabulary: Vocabulary) -> Constraint | None:
    """The condition on an attribute that there is, with a value that it can have; else None."""
    if wanted.operator in ("mentions", "does not mention"):
        said = str(wanted.value)
        return Constraint(attribute="", operator=wanted.operator, value=said, words=turn)
    if wanted.attribute not in vocabulary.attributes:
        return None
    if vocabulary.is_number(wanted.attribute):
        number = _number(wanted.value)
        if number is None:
            return None
        return Constraint(
            attribute=wanted.attribute, operator=wanted.operator, value=number, words=turn
        )
    text = str(wanted.value).lower()
    for found in vocabulary.values_in(text):
        is_whole = found.start == 0 and found.end == len(text)
        if is_whole and found.attribute == wanted.attribute and wanted.operator in ("is", "is not"):
            value = found.values[0] if len(found.values) == 1 else found.values
            return Constraint(
                attribute=wanted.attribute, operator=wanted.operator, value=value, words=turn
            )
    return None


def _number(value: str | float) -> int | float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return int(number) if number.is_integer() else number


def _told(vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """Each attribute with its range, or its most frequent values."""
    told: list[tuple[str, str]] = []
    for name in vocabulary.attributes:
        if vocabulary.is_number(name):
            low, high = vocabulary.quantile(name, 0.0), vocabulary.quantile(name, 1.0)
            told.append((name, f"{low:g}-{high:g}"))
        else:
            values = [value for value, _ in vocabulary.categories[name].most_common(_VALUES)]
            told.append((name, ", ".join(values)))
    return told


def _unusable(model: ChatModel, text: str) -> ReplyError:
    return ReplyError(
        "model {model!r} wrote no critique: {text!r}", model=model.name, text=text[:80], reply=text
    )

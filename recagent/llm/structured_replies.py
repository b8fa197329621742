"""Asking a model for JSON of a pydantic model's form: its schema, retries, and replies cut off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict
from pydantic_core import ValidationError

from recagent.domain import Usage
from recagent.errors import ReplyError
from recagent.llm import retry
from recagent.llm.reply_reading import cut_json_in, json_in
from recagent.llm.retry import RetryBudget
from recagent.ports import ChatModel, Message, Schema

FormT = TypeVar("FormT", bound=BaseModel)

# Requests are compared byte by byte with recorded ones, so the order of keys is fixed.
_KEYS = ("type", "properties", "items", "minItems", "maxItems", "required", "additionalProperties")


class ReplyForm(BaseModel):
    """What a model is to write; fields that it adds all the same are ignored."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})


@dataclass(frozen=True, slots=True, kw_only=True)
class StructuredReply(Generic[FormT]):
    """A reply of the wanted form, and what it took.

    Attributes:
        form: as the model wrote it.
        usage: of all attempts.
        calls: that the last attempt made; those that failed are in the retry budget.
        repairs: 1 if the reply was mended, or cut off and kept as far as it goes, else 0.
    """

    form: FormT
    usage: Usage
    calls: int
    repairs: int


async def ask_structured(
    model: ChatModel,
    messages: Sequence[Message],
    form: type[FormT],
    *,
    max_tokens: int,
    budget: RetryBudget,
    unusable: Callable[[str], ReplyError],
    schema: Schema | None = None,
    parse: Callable[[str, type[FormT]], tuple[FormT, int]] | None = None,
    check: Callable[[FormT, str], None] | None = None,
) -> StructuredReply[FormT]:
    """Asks for a reply of a form until one can be used or the budget is spent.

    Args:
        model: that writes; it is started if it is not.
        messages: of the prompt.
        form: of the reply.
        max_tokens: that the reply may have.
        budget: retry budget, which unusable replies draw on too.
        unusable: makes the error of a reply that is not of the form.
        schema: that the model is given; that of the form without one.
        parse: how a text becomes the form; ``whole_or_cut`` without one.
        check: raises ``ReplyError`` for a reply that cannot be used though it is of the form.

    Raises:
        ModelError: no usable reply within the budget.
    """
    usage = Usage()
    schema = schema or json_schema(form)
    read = parse or whole_or_cut

    async def attempt() -> StructuredReply[FormT]:
        nonlocal usage
        await model.start()
        reply = await model.chat(messages, max_tokens=max_tokens, schema=schema)
        usage += reply.usage
        try:
            written, repairs = read(reply.text, form)
        except ValueError as error:
            raise unusable(reply.text) from error
        if check is not None:
            check(written, reply.text)
        return StructuredReply(form=written, usage=usage, calls=reply.calls, repairs=repairs)

    return await retry.call(attempt, budget=budget)


def whole_or_cut(text: str, form: type[FormT]) -> tuple[FormT, int]:
    """Returns the reply, and 1 if it was mended or is kept as far as it goes, else 0.

    Raises:
        ValueError: neither the whole nor its beginning is of this form.
    """
    try:
        return whole(text, form)
    except ValueError:
        return form.model_validate(_shaped(cut_json_in(text), form)), 1


def whole(text: str, form: type[FormT]) -> tuple[FormT, int]:
    """Returns the reply, and 1 if it had to be read as a person would, else 0.

    Fences, prose around it, trailing commas, and a bare list in place of a form of one list are
    read over.

    Raises:
        ValueError: it is not of this form.
    """
    try:
        return form.model_validate_json(text), 0
    except ValidationError:
        return form.model_validate(_shaped(json_in(text), form)), 1


def _shaped(value: Any, form: type[BaseModel]) -> Any:
    """A bare list as the form's only field; else the value as it is."""
    if isinstance(value, list) and len(form.model_fields) == 1:
        return {next(iter(form.model_fields)): cast("list[Any]", value)}
    return cast("Any", value)


@cache
def json_schema(form: type[BaseModel]) -> Schema:
    """Returns the JSON schema of a form of plain fields, without titles and descriptions."""
    return _plain(form.model_json_schema())


def _plain(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    known = cast("dict[str, Any]", schema)
    plain = {key: known[key] for key in _KEYS if key in known}
    if "properties" in plain:
        plain["properties"] = {name: _plain(value) for name, value in plain["properties"].items()}
    if "items" in plain:
        plain["items"] = _plain(plain["items"])
    return plain

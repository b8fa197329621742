"""Scoring by a generated order: JSON under a schema, parsed by pydantic, repaired and counted."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, ValidationError

from recagent.domain import Item, Usage
from recagent.errors import ReplyError
from recagent.llm import retry
from recagent.llm.retry import RetryBudget
from recagent.ports import ChatModel, Schema
from recagent.prompts import Prompt
from recagent.ranking.scoring.scores import PoolScores


class OrderReply(BaseModel):
    """What the model is asked to write."""

    model_config = ConfigDict(extra="ignore")

    order: list[str]


def order_schema(labels: Sequence[str]) -> Schema:
    """The JSON schema of a reply about these labels."""
    return {
        "type": "object",
        "properties": {
            "order": {
                "type": "array",
                "items": {"type": "string", "enum": list(labels)},
                "minItems": len(labels),
                "maxItems": len(labels),
            }
        },
        "required": ["order"],
        "additionalProperties": False,
    }


def repair_order(order: Sequence[str], labels: Sequence[str]) -> tuple[list[str], int]:
    """All of ``labels``, each once: the reply's good ones first, the missing in their own order.

    Returns:
        The order, and how many labels were unknown, doubled or missing.
    """
    good = list(dict.fromkeys(label for label in order if label in labels))
    missing = [label for label in labels if label not in good]
    return good + missing, len(order) - len(good) + len(missing)


async def score_by_order(
    model: ChatModel,
    prompt: Prompt,
    *,
    items: Sequence[Item],
    inputs: dict[str, object],
    budget: RetryBudget,
) -> PoolScores:
    """Minus the rank of each candidate; usage is that of all attempts.

    Raises:
        ModelError: no answer.
        ReplyError: no reply within the budget that is JSON with at least one known label.
    """
    labels = _labels(len(items))
    messages = prompt.chat(**inputs, candidates=list(zip(labels, items, strict=True)))
    usage = Usage()

    async def call() -> tuple[list[str], int]:
        nonlocal usage
        reply = await model.chat(
            messages,
            max_tokens=max(prompt.front.max_tokens, 8 * len(items)),
            schema=order_schema(labels),
        )
        usage += reply.usage
        try:
            order = OrderReply.model_validate_json(reply.text).order
        except ValidationError as error:
            raise ReplyError(
                "model {model!r} wrote no order: {text!r}",
                model=model.name,
                text=reply.text[:80],
                reply=reply.text,
            ) from error
        if not set(order) & set(labels):
            raise ReplyError(
                "model {model!r} ordered no known label: {text!r}",
                model=model.name,
                text=reply.text[:80],
                reply=reply.text,
            )
        return order, reply.calls

    written, calls = await retry.call(call, budget=budget)
    order, repairs = repair_order(written, labels)
    scores = tuple(-float(order.index(label)) for label in labels)
    return PoolScores(scores=scores, usage=usage, calls=calls, repairs=repairs)


def _labels(size: int) -> list[str]:
    """A, B, ... Z, AA, AB, ..."""
    letters = [chr(ord("A") + at) for at in range(26)]
    return (letters + [first + second for first in letters for second in letters])[:size]

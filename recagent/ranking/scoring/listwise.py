"""Scoring by a generated order: JSON under a schema, parsed by pydantic, repaired and counted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from recagent.domain import Item
from recagent.errors import ReplyError
from recagent.llm.retry import RetryBudget
from recagent.llm.structured_replies import ReplyForm, ask_structured, json_schema, whole
from recagent.ports import ChatModel, Schema
from recagent.prompts import Prompt
from recagent.ranking.scoring.scores import PoolScores


class OrderReply(ReplyForm):
    """An order as the model writes it; ``order_schema`` allows the labels of one pool alone."""

    order: list[str]


def order_schema(labels: Sequence[str]) -> Schema:
    """Returns the JSON schema of a reply about these labels."""
    schema = json_schema(OrderReply)
    order = {
        "type": "array",
        "items": {"type": "string", "enum": list(labels)},
        "minItems": len(labels),
        "maxItems": len(labels),
    }
    return {**schema, "properties": {"order": order}}


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
    reply = await ask_structured(
        model,
        messages,
        OrderReply,
        max_tokens=max(prompt.front.max_tokens, 8 * len(items)),
        budget=budget,
        unusable=partial(_unusable, model),
        schema=order_schema(labels),
        parse=whole,  # of an order that was cut off, the end would be a guess
        check=partial(_check, model, labels),
    )
    order, repairs = repair_order(reply.form.order, labels)
    scores = tuple(-float(order.index(label)) for label in labels)
    return PoolScores(scores=scores, usage=reply.usage, calls=reply.calls, repairs=repairs)


def _unusable(model: ChatModel, text: str) -> ReplyError:
    return ReplyError(
        "model {model!r} wrote no order: {text!r}", model=model.name, text=text[:80], reply=text
    )


def _check(model: ChatModel, labels: Sequence[str], form: OrderReply, text: str) -> None:
    if not set(form.order) & set(labels):
        raise ReplyError(
            "model {model!r} put no known label in its order: {text!r}",
            model=model.name,
            text=text[:80],
            reply=text,
        )


def _labels(size: int) -> list[str]:
    """A, B, ... Z, AA, AB, ..."""
    letters = [chr(ord("A") + at) for at in range(26)]
    return (letters + [first + second for first in letters for second in letters])[:size]

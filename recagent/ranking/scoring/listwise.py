"""Scoring by a generated order, of all candidates or of the best of them.

It is JSON under a schema, parsed by pydantic; what is wrong in it is repaired and counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import log2

from recagent.domain import Item
from recagent.errors import ReplyError
from recagent.llm.retry import RetryBudget
from recagent.llm.structured_replies import ReplyForm, ask_structured, json_schema, whole
from recagent.ports import ChatModel, Message, Schema
from recagent.prompts import Prompt
from recagent.ranking.scoring.scores import PoolScores

BEST = 15  # that are asked for: a list of 5, and 10 more for what rules and diversity take away


class OrderReply(ReplyForm):
    """An order as the model writes it; ``order_schema`` allows the labels of one pool alone."""

    order: list[str]


class BestReply(ReplyForm):
    """The best of a pool as the model writes them, best first."""

    best: list[str]


def order_schema(labels: Sequence[str]) -> Schema:
    """Returns the JSON schema of an order of all of these labels."""
    return _schema(OrderReply, "order", labels, least=len(labels), most=len(labels))


def best_schema(labels: Sequence[str], most: int) -> Schema:
    """Returns the JSON schema of the best ``most`` of these labels."""
    return _schema(BestReply, "best", labels, least=1, most=most)


def _schema(
    form: type[ReplyForm], field: str, labels: Sequence[str], *, least: int, most: int
) -> Schema:
    enum = {"type": "string", "enum": list(labels)}
    listed = {"type": "array", "items": enum, "minItems": least, "maxItems": most}
    return {**json_schema(form), "properties": {field: listed}}


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
    labels = make_labels(len(items))
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
        check=lambda form, text: _check(model, labels, form.order, text),
    )
    order, repairs = repair_order(reply.form.order, labels)
    scores = tuple(-float(order.index(label)) for label in labels)
    return PoolScores(scores=scores, usage=reply.usage, calls=reply.calls, repairs=repairs)


def best_messages(
    prompt: Prompt, inputs: Mapping[str, object], items: Sequence[Item]
) -> list[Message]:
    """Returns the messages that ask for the best of these items."""
    labelled = list(zip(make_labels(len(items)), items, strict=True))
    return prompt.chat(**inputs, candidates=labelled, best=min(BEST, len(items)))


def _unusable(model: ChatModel, text: str) -> ReplyError:
    return ReplyError(
        "model {model!r} wrote no order: {text!r}", model=model.name, text=text[:80], reply=text
    )


async def score_by_best(
    model: ChatModel,
    prompt: Prompt,
    *,
    items: Sequence[Item],
    inputs: dict[str, object],
    budget: RetryBudget,
) -> PoolScores:
    """-log2(rank + 1) of each candidate that is listed; the others share the mean of their ranks.

    Raises:
        ModelError: no answer.
        ReplyError: no reply within the budget that is JSON with at least one known label.
    """
    labels, most = make_labels(len(items)), min(BEST, len(items))
    reply = await ask_structured(
        model,
        best_messages(prompt, inputs, items),
        BestReply,
        max_tokens=max(prompt.front.max_tokens, 8 * most),
        budget=budget,
        unusable=partial(_unusable, model),
        schema=best_schema(labels, most),
        check=lambda form, text: _check(model, labels, form.best, text),
    )
    listed = [label for label in dict.fromkeys(reply.form.best) if label in labels]
    shared_rank = (len(listed) + 1 + len(items)) / 2
    ranks = {label: rank for rank, label in enumerate(listed, 1)}
    return PoolScores(
        scores=tuple(-log2(ranks.get(label, shared_rank) + 1) for label in labels),
        usage=reply.usage,
        calls=reply.calls,
        repairs=len(reply.form.best) - len(listed) + reply.repairs,
    )


def _check(model: ChatModel, labels: Sequence[str], order: Sequence[str], text: str) -> None:
    if not set(order) & set(labels):
        raise ReplyError(
            "model {model!r} put no known label in its order: {text!r}",
            model=model.name,
            text=text[:80],
            reply=text,
        )


def make_labels(size: int) -> list[str]:
    """A, B, ... Z, AA, AB, ..."""
    letters = [chr(ord("A") + at) for at in range(26)]
    return (letters + [first + second for first in letters for second in letters])[:size]

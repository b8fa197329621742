"""Scoring by a generated order, of all candidates or of the best of them.

It is JSON under a schema, parsed by pydantic; what is wrong in it is repaired and counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import log2
from typing import Annotated, Any, cast

from pydantic import BeforeValidator

from recagent.domain import Item
from recagent.errors import ReplyError
from recagent.llm.reply_reading import label_in, labels_in_lines
from recagent.llm.retry import RetryBudget
from recagent.llm.structured_replies import (
    FormT,
    ReplyForm,
    ask_structured,
    json_schema,
    whole,
    whole_or_cut,
)
from recagent.ports import ChatModel, Message, Schema
from recagent.prompts import Prompt
from recagent.ranking.scoring.scores import PoolScores

BEST = 15  # that are asked for: a list of 5, and 10 more for what rules and diversity take away


def _entries(value: Any) -> Any:
    """Some models write {"label": "A", "why": ...} for each entry, or one text "A, B"."""
    if isinstance(value, str):
        return labels_in_lines(value) or value
    if not isinstance(value, list):
        return value
    return [
        next(iter(cast("dict[str, Any]", entry).values()), "") if isinstance(entry, dict) else entry
        for entry in cast("list[Any]", value)
    ]


Order = Annotated[list[str], BeforeValidator(_entries)]


class OrderReply(ReplyForm):
    """An order as the model writes it; ``order_schema`` allows the labels of one pool alone."""

    order: Order


class BestReply(ReplyForm):
    """The best of a pool as the model writes them, best first."""

    best: Order


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
        unusable=partial(unusable_order, model),
        schema=order_schema(labels),
        parse=_whole_order,  # of an order that was cut off, the end would be a guess
        check=lambda form, text: check_order(model, labels, form.order, text),
    )
    order, repairs = repair_order(_named(reply.form.order, labels), labels)
    scores = tuple(-float(order.index(label)) for label in labels)
    return PoolScores(scores=scores, usage=reply.usage, calls=reply.calls, repairs=repairs)


def best_messages(
    prompt: Prompt, inputs: Mapping[str, object], items: Sequence[Item]
) -> list[Message]:
    """Returns the messages that ask for the best of these items."""
    labelled = list(zip(make_labels(len(items)), items, strict=True))
    return prompt.chat(**inputs, candidates=labelled, best=min(BEST, len(items)))


def _whole_order(text: str, form: type[FormT]) -> tuple[FormT, int]:
    """The order as JSON, or in plain words: one label a line, or ``B > A``.

    Raises:
        ValueError: it is no order.
    """
    try:
        return whole(text, form)
    except ValueError:
        entries = labels_in_lines(text)
        if entries is None:
            raise
        return form.model_validate({next(iter(form.model_fields)): entries}), 1


def order_or_cut(text: str, form: type[FormT]) -> tuple[FormT, int]:
    """The order, or as much of it as there is.

    Raises:
        ValueError: it is no order, and begins none.
    """
    try:
        return _whole_order(text, form)
    except ValueError:
        return whole_or_cut(text, form)


def _named(order: Sequence[str], labels: Sequence[str]) -> list[str]:
    """The labels that an order's entries name; an entry that names none as it is."""
    return [label_in(entry, labels) or entry for entry in order]


def unusable_order(model: ChatModel, text: str) -> ReplyError:
    """Returns the error of a reply that is no order."""
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
        unusable=partial(unusable_order, model),
        schema=best_schema(labels, most),
        parse=order_or_cut,
        check=lambda form, text: check_order(model, labels, form.best, text),
    )
    scores, repairs = best_scores(reply.form.best, labels)
    return PoolScores(
        scores=scores,
        usage=reply.usage,
        calls=reply.calls,
        repairs=repairs + reply.repairs,
    )


def best_scores(best: Sequence[str], labels: Sequence[str]) -> tuple[tuple[float, ...], int]:
    """Returns -log2(rank + 1) of each label, and how many entries were unknown or doubled.

    Those that are not listed share the mean of their ranks.
    """
    listed = [label for label in dict.fromkeys(_named(best, labels)) if label in labels]
    shared_rank = (len(listed) + 1 + len(labels)) / 2
    ranks = {label: rank for rank, label in enumerate(listed, 1)}
    scores = tuple(-log2(ranks.get(label, shared_rank) + 1) for label in labels)
    return scores, len(best) - len(listed)


def check_order(model: ChatModel, labels: Sequence[str], order: Sequence[str], text: str) -> None:
    """Raises ReplyError for an order without any known label."""
    if not set(_named(order, labels)) & set(labels):
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

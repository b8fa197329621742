"""Scoring by the best of a pool, with reasons for the first of them in the same reply.

The letters come first, so that a reply that is cut off still gives an order. Nothing that is
written here is shown before ``explanations.own_words`` has checked it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from recagent.domain import Claim, Item
from recagent.llm.reply_reading import label_in
from recagent.llm.retry import RetryBudget
from recagent.llm.structured_replies import ReplyForm, ask_structured
from recagent.ports import ChatModel, Message, Schema
from recagent.prompts import Prompt
from recagent.ranking.scoring.listwise import (
    BestReply,
    Order,
    best_scores,
    check_order,
    make_labels,
    order_or_cut,
    unusable_order,
)
from recagent.ranking.scoring.scores import PoolScores

MOST_REASONS = 10  # of one reply, however long the list is
FURTHER = 10  # letters beyond the list's, for what rules and diversity take away
REASON_TOKENS = 110  # that a reason or the sentence may take in the reply, ids included


class _Written(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)
    text: str = ""
    evidence: tuple[str, ...] = ()

    def claim(self) -> Claim | None:
        """As written; None where something of it is missing."""
        if not self.text or not self.evidence:
            return None
        return Claim(text=self.text, evidence=self.evidence)


class _WrittenReason(_Written):
    letter: str = ""


def _sentence(value: Any) -> Any:
    """What is no sentence with ids is none; it spoils no order."""
    try:
        return _Written.model_validate(value)
    except ValidationError:
        return _Written()


def _reasons(value: Any) -> Any:
    entries = cast("list[Any]", value) if isinstance(value, list) else []
    return [reason for each in entries if (reason := _reason(each))]


def _reason(value: Any) -> _WrittenReason | None:
    try:
        return _WrittenReason.model_validate(value)
    except ValidationError:
        return None


class BestWithReasonsReply(ReplyForm):
    """The best of a pool, then what the list is, then reasons; the last two may be missing."""

    best: Order
    sentence: Annotated[_Written, BeforeValidator(_sentence)] = _Written()
    reasons: Annotated[tuple[_WrittenReason, ...], BeforeValidator(_reasons)] = ()


def reasons_schema(labels: Sequence[str], *, most: int, reasons: int) -> Schema:
    """Returns the JSON schema of the best ``most`` of these labels, with so many reasons."""
    letter = {"type": "string", "enum": list(labels)}
    ids = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 4}

    def written(**first: object) -> Schema:
        properties = {**first, "text": {"type": "string"}, "evidence": ids}
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    fields = {
        "best": {"type": "array", "items": letter, "minItems": 1, "maxItems": most},
        "sentence": written(),
        "reasons": {"type": "array", "items": written(letter=letter), "maxItems": reasons},
    }
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def letters_asked(inputs: Mapping[str, object], items: Sequence[Item]) -> int:
    """Returns how many letters are asked for: those that get a reason, and ten more."""
    return min(cast("int", inputs["reasons"]) + FURTHER, len(items))


def reasons_messages(
    prompt: Prompt, inputs: Mapping[str, object], items: Sequence[Item]
) -> list[Message]:
    """Returns the messages that ask for the best of these items, with reasons.

    The input ``evidence`` is by item id; what a prompt reads is by letter.
    """
    labels = make_labels(len(items))
    evidence = cast("Mapping[str, Sequence[tuple[str, str]]]", inputs["evidence"])
    lines = [
        (label, evidence[item.id])
        for label, item in zip(labels, items, strict=True)
        if evidence.get(item.id)
    ]
    told = {**inputs, "evidence": lines, "best": letters_asked(inputs, items)}
    return prompt.chat(**told, candidates=list(zip(labels, items, strict=True)))


def _read(text: str, form: type[BestWithReasonsReply]) -> tuple[BestWithReasonsReply, int]:
    """The reply; only its order, where it is nothing else.

    Raises:
        ValueError: it is no order, and begins none.
    """
    try:
        return order_or_cut(text, form)
    except ValueError:
        order, repairs = order_or_cut(text, BestReply)
        return form(best=order.best), repairs


async def score_with_reasons(
    model: ChatModel,
    prompt: Prompt,
    *,
    items: Sequence[Item],
    inputs: dict[str, object],
    budget: RetryBudget,
) -> PoolScores:
    """Scores as of ``score_by_best``, with what the model wrote of the candidates.

    Raises:
        ModelError: no answer.
        ReplyError: no reply within the budget that is JSON with at least one known label.
    """
    labels, most = make_labels(len(items)), letters_asked(inputs, items)
    reasons = min(cast("int", inputs["reasons"]), len(items))
    reply = await ask_structured(
        model,
        reasons_messages(prompt, inputs, items),
        BestWithReasonsReply,
        max_tokens=prompt.front.max_tokens + REASON_TOKENS * (reasons + 1),
        budget=budget,
        unusable=partial(unusable_order, model),
        schema=reasons_schema(labels, most=most, reasons=reasons),
        parse=_read,
        check=lambda form, text: check_order(model, labels, form.best, text),
    )
    form = reply.form
    written: dict[int, Claim] = {}
    for reason in form.reasons:
        label, claim = label_in(reason.letter, labels), reason.claim()
        if label is not None and claim is not None:
            written.setdefault(labels.index(label), claim)
    scores, repairs = best_scores(form.best, labels)
    return PoolScores(
        scores=scores,
        usage=reply.usage,
        calls=reply.calls,
        repairs=repairs + reply.repairs,
        reasons=written,
        sentence=form.sentence.claim(),
    )

"""What a prompt leaves out so that it keeps within a number of tokens, the least useful first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import cast

from recagent.domain import Item
from recagent.locale import AnyText, LocalizedText
from recagent.ports import Message
from recagent.ranking.prompt_inputs import HistoryEntry

# Characters of a token, a careful guess: English has four and more.
_PER_TOKEN = 3.5
_LEAST_HISTORY = 10  # entries that stay while anything else can go

Render = Callable[[Mapping[str, object], Sequence[Item]], Sequence[Message]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedPrompt:
    """Inputs and candidates of a prompt that keeps within its budget.

    Attributes:
        left_out: what a reader of the trace should know is missing.
    """

    inputs: dict[str, object]
    items: tuple[Item, ...]
    left_out: tuple[AnyText, ...] = ()


def fit_to_budget(
    inputs: Mapping[str, object], items: Sequence[Item], *, render: Render, tokens: int
) -> FittedPrompt:
    """Returns inputs and candidates whose prompt has at most about ``tokens`` tokens.

    Oldest history goes first, down to ten entries; then the candidates' texts; then attributes.
    What is left is sent even if it is too long: the model says so, if it is.
    """
    fitted = FittedPrompt(inputs=dict(inputs), items=tuple(items))
    for lighter in (_less_history, _without_texts, _without_attributes):
        excess = estimate_tokens(render(fitted.inputs, fitted.items)) - tokens
        if excess <= 0:
            break
        fitted = lighter(fitted, excess)
    return fitted


def estimate_tokens(messages: Sequence[Message]) -> int:
    """Returns about how many tokens a chat has: a Chinese character is one, others are fewer."""
    text = "".join(message.content for message in messages)
    wide = sum(ord(char) > 0x2E7F for char in text)
    return wide + round((len(text) - wide) / _PER_TOKEN)


def _less_history(fitted: FittedPrompt, excess: int) -> FittedPrompt:
    entries = cast("Sequence[HistoryEntry]", fitted.inputs.get("history", ()))
    if len(entries) <= _LEAST_HISTORY:
        return fitted
    # A rendered entry has at least the words of its item, so this many at most have to go.
    sizes = accumulate(
        estimate_tokens([Message("user", f"- 2000-01 {entry.item.document()[:300]}: 10/10\n")])
        for entry in entries
    )
    gone = next((n for n, size in enumerate(sizes, 1) if size >= excess), len(entries))
    gone = min(gone, len(entries) - _LEAST_HISTORY)
    note = LocalizedText(
        "prompt: the oldest {gone} of {all} entries of the history are left out",
        gone=gone,
        all=len(entries),
    )
    return replace(
        fitted,
        inputs={**fitted.inputs, "history": entries[gone:]},
        left_out=(*fitted.left_out, note),
    )


def _without_texts(fitted: FittedPrompt, _: int) -> FittedPrompt:
    if not any(item.text for item in fitted.items):
        return fitted
    return replace(
        fitted,
        items=tuple(replace(item, text="") for item in fitted.items),
        left_out=(
            *fitted.left_out,
            LocalizedText("prompt: the candidates' descriptions are left out"),
        ),
    )


def _without_attributes(fitted: FittedPrompt, _: int) -> FittedPrompt:
    return replace(
        fitted,
        items=tuple(replace(item, attributes=_year(item)) for item in fitted.items),
        left_out=(
            *fitted.left_out,
            LocalizedText("prompt: the candidates' attributes are left out"),
        ),
    )


def _year(item: Item) -> dict[str, str | int | float | bool | tuple[str, ...]]:
    return {name: value for name, value in item.attributes.items() if name == "year"}

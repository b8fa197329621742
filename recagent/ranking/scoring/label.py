"""Scoring by label: the log probability of each candidate's letter as the model's first token.

One forward pass for up to 20 candidates; larger pools go in blocks that share anchor candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recagent.domain import Item, Usage
from recagent.errors import ReplyError
from recagent.llm import retry
from recagent.llm.retry import RetryBudget
from recagent.ports import ChatModel, Logprobs, Message
from recagent.prompts import Prompt
from recagent.ranking.scoring.scores import PoolScores

LABELS = "ABCDEFGHIJKLMNOPQRST"
BLOCK = len(LABELS)
ANCHORS = 4

_FLOOR_STEP = 1.0  # nats below the least likely label that the engine did list


def label_blocks(size: int) -> list[list[int]]:
    """Returns rows 0..size-1 in blocks of at most 20; all but the first begin with its anchors."""
    if size <= BLOCK:
        return [list(range(size))]
    anchors = list(range(ANCHORS))
    step = BLOCK - ANCHORS
    rest = range(BLOCK, size)
    later = [[*anchors, *rest[start : start + step]] for start in range(0, len(rest), step)]
    return [list(range(BLOCK)), *later]


def join_blocks(blocks: Sequence[Sequence[int]], scores: Sequence[Sequence[float]]) -> list[float]:
    """Returns the scores of all rows on the first block's scale.

    A later block is shifted so that its anchors have, on average, the scores they had in the first.
    """
    joined = dict(zip(blocks[0], scores[0], strict=True))
    for block, block_scores in zip(blocks[1:], scores[1:], strict=True):
        shift = sum(joined[row] for row in block[:ANCHORS]) - sum(block_scores[:ANCHORS])
        for row, score in list(zip(block, block_scores, strict=True))[ANCHORS:]:
            joined[row] = score + shift / ANCHORS
    return [joined[row] for row in range(len(joined))]


async def score_by_label(
    model: ChatModel,
    prompt: Prompt,
    *,
    items: Sequence[Item],
    inputs: dict[str, object],
    budget: RetryBudget,
) -> PoolScores:
    """Log probability of each candidate's label; repairs are labels that were not listed.

    Raises:
        ModelError: no answer, or one without any label.
    """
    blocks = label_blocks(len(items))
    replies: list[LabelScores] = []
    for block in blocks:
        labels = LABELS[: len(block)]
        labelled = [(label, items[row]) for label, row in zip(labels, block, strict=True)]
        messages = prompt.chat(**inputs, candidates=labelled)
        replies.append(await read_labels(model, messages, labels=labels, budget=budget))
    return PoolScores(
        scores=tuple(join_blocks(blocks, [labels.values for labels in replies])),
        usage=sum((labels.usage for labels in replies), Usage()),
        calls=sum(labels.calls for labels in replies),
        repairs=sum(labels.missing for labels in replies),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelScores:
    """Log probability of each label that was asked for, of which ``missing`` were not listed."""

    values: tuple[float, ...]
    usage: Usage
    calls: int
    missing: int


async def read_labels(
    model: ChatModel, messages: Sequence[Message], *, labels: str, budget: RetryBudget
) -> LabelScores:
    """The labels' log probabilities as the model's first token.

    A label that is missing from the engine's list gets one nat less than the least likely one
    listed.

    Raises:
        ModelError: no answer, or one without any label.
    """
    usage = Usage()

    async def ask() -> Logprobs:
        nonlocal usage
        reply = await model.label_logprobs(messages, labels=labels)
        usage += reply.usage
        if all(value is None for value in reply.values):
            raise ReplyError(
                "model {model!r} listed none of the labels {labels}",
                model=model.name,
                labels=labels,
                reply=str(reply),
            )
        return reply

    reply = await retry.call(ask, budget=budget)
    floor = min(value for value in reply.values if value is not None) - _FLOOR_STEP
    return LabelScores(
        values=tuple(floor if value is None else value for value in reply.values),
        usage=usage,
        calls=reply.calls,
        missing=sum(value is None for value in reply.values),
    )

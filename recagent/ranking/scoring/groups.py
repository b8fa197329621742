"""Scoring in small groups: pairs (A or B) or sets of five, chosen by label, joined on one scale.

Comparisons are asked at the same time; which ones is decided in ``designs``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from recagent.domain import Item, Usage
from recagent.llm import retry
from recagent.llm.retry import RetryBudget
from recagent.ports import ChatModel
from recagent.prompts import Prompt
from recagent.ranking.scoring.designs import (
    Block,
    hash_order,
    joint_scores,
    pair_blocks,
    set_blocks,
)
from recagent.ranking.scoring.label import LABELS, LabelScores, read_labels
from recagent.ranking.scoring.scores import PoolScores


async def score_by_pairs(
    model: ChatModel,
    prompt: Prompt,
    *,
    items: Sequence[Item],
    inputs: dict[str, object],
    budget: RetryBudget,
) -> PoolScores:
    """Bradley-Terry scores of the log odds of A over B, with mean 0; about 3n calls.

    Each candidate meets three others, both ways round, which cancels a liking for A or B.

    Raises:
        ModelError: no answer, or one without any label.

    Source: Qin et al., "Large language models are effective text rankers with pairwise ranking
    prompting", Findings of NAACL 2024.
    """
    return await _in_blocks(pair_blocks, model, prompt, items=items, inputs=inputs, budget=budget)


async def score_by_sets(
    model: ChatModel,
    prompt: Prompt,
    *,
    items: Sequence[Item],
    inputs: dict[str, object],
    budget: RetryBudget,
) -> PoolScores:
    """Luce scores of the log probabilities within overlapping sets of five, mean 0; n calls.

    The sets are asked once, whatever was answered to others; nothing is sorted.

    Raises:
        ModelError: no answer, or one without any label.

    Source: Zhuang, Zhuang, Koopman and Zuccon, "A setwise approach for effective and highly
    efficient zero-shot ranking with large language models", SIGIR 2024 (sets by label logits);
    Dedov, "JointRank: rank large set with single pass", ICTIR 2025 (overlapping blocks).
    """
    return await _in_blocks(set_blocks, model, prompt, items=items, inputs=inputs, budget=budget)


async def _in_blocks(
    design: Callable[[int], list[Block]],
    model: ChatModel,
    prompt: Prompt,
    *,
    items: Sequence[Item],
    inputs: dict[str, object],
    budget: RetryBudget,
) -> PoolScores:
    if len(items) < 2:  # nothing to compare
        return PoolScores(scores=(0.0,) * len(items), usage=Usage(), calls=0)
    order = hash_order(items)
    blocks = [tuple(order[place] for place in block) for block in design(len(items))]
    calls: list[Callable[[], Awaitable[LabelScores]]] = []
    for block in blocks:
        labels = LABELS[: len(block)]
        labelled = [(label, items[row]) for label, row in zip(labels, block, strict=True)]
        messages = prompt.chat(**inputs, candidates=labelled)
        calls.append(partial(read_labels, model, messages, labels=labels, budget=budget))
    replies = await retry.call_all(calls)
    return PoolScores(
        scores=tuple(joint_scores(len(items), blocks, [labels.values for labels in replies])),
        usage=sum((labels.usage for labels in replies), Usage()),
        calls=sum(labels.calls for labels in replies),
        repairs=sum(labels.missing for labels in replies),
    )

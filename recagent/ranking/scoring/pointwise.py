"""Scoring by grade: each candidate by itself, graded 1 to 5 by the first token's log probabilities.

Candidates never see each other, so the order in which they are listed changes no score.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from recagent.domain import Item, Usage
from recagent.llm import retry
from recagent.llm.retry import RetryBudget
from recagent.ports import ChatModel
from recagent.prompts import Prompt
from recagent.ranking.blend import softmax
from recagent.ranking.scoring.label import read_labels
from recagent.ranking.scoring.scores import PoolScores

GRADES = "12345"


async def score_by_grade(
    model: ChatModel,
    prompt: Prompt,
    *,
    items: Sequence[Item],
    inputs: dict[str, object],
    budget: RetryBudget,
) -> PoolScores:
    """The expected grade of each candidate, 1 to 5, under the softmax over the grades; n calls.

    Raises:
        ModelError: no answer, or one without any grade.

    Source: Zhuang et al., "Beyond yes and no: improving zero-shot LLM rankers via scoring
    fine-grained relevance labels", NAACL 2024.
    """
    calls = [
        partial(read_labels, model, prompt.chat(**inputs, item=item), labels=GRADES, budget=budget)
        for item in items
    ]
    replies = await retry.call_all(calls)
    grades = np.arange(1.0, len(GRADES) + 1.0)
    return PoolScores(
        scores=tuple(float(softmax(labels.values) @ grades) for labels in replies),
        usage=sum((labels.usage for labels in replies), Usage()),
        calls=sum(labels.calls for labels in replies),
        repairs=sum(labels.missing for labels in replies),
    )

"""Scoring by likelihood: the log P of each candidate's caption as what follows the prompt.

Its prompts are plain text to be continued; no label and no chat turn comes in.
"""

from __future__ import annotations

from collections.abc import Sequence

from recagent.domain import Item
from recagent.errors import ModelError
from recagent.llm import retry
from recagent.llm.retry import RetryBudget
from recagent.locale import LocalizedText
from recagent.ports import ChatModel
from recagent.prompts import Prompt, caption
from recagent.ranking.scoring.scores import PoolScores


async def score_by_likelihood(
    model: ChatModel,
    prompt: Prompt,
    *,
    items: Sequence[Item],
    inputs: dict[str, object],
    budget: RetryBudget,
) -> PoolScores:
    """Log-probabilities in nats; a note says how many tokens have only an upper bound of theirs.

    Raises:
        ModelError: no answer, or one that leaves out an item.
    """
    prefix = prompt.text(**inputs)
    texts = [f" {caption(item)}\n" for item in items]
    reply = await retry.call(lambda: model.likelihood(prefix, texts=texts), budget=budget)
    scores = [value for value in reply.values if value is not None]
    if len(scores) < len(items):
        raise ModelError("model {model!r} left out the likelihood of some items", model=model.name)
    bound = LocalizedText(
        "for {count} tokens only an upper bound of the probability is known", count=reply.bounded
    )
    return PoolScores(
        scores=tuple(scores),
        usage=reply.usage,
        calls=reply.calls,
        notes=(bound,) if reply.bounded else (),
    )

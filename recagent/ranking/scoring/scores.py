"""What a scorer says of the candidates; one shape for all modes.

The ranker adds mode and prompt, and makes ``LanguageScores`` of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from recagent.domain import Claim, Item, Usage
from recagent.llm.retry import RetryBudget
from recagent.locale import AnyText
from recagent.ports import ChatModel
from recagent.prompts import Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolScores:
    """One score per candidate, in their order, and what they took.

    Attributes:
        scores: (n,), higher is better.
        calls: that were answered.
        kept: questions that needed none, since their answer was in memory.
        repairs: labels that were unknown, doubled or missing in the replies.
        notes: what else a reader should know.
        reasons: that the model wrote, by the candidate's row, unchecked.
        sentence: on the list, likewise.
    """

    scores: tuple[float, ...]
    usage: Usage
    calls: int
    kept: int = 0
    repairs: int = 0
    notes: tuple[AnyText, ...] = ()
    reasons: Mapping[int, Claim] = field(default_factory=dict[int, Claim])
    sentence: Claim | None = None


class Scorer(Protocol):
    """Asks a model for scores in one mode."""

    async def __call__(
        self,
        model: ChatModel,
        prompt: Prompt,
        *,
        items: Sequence[Item],
        inputs: dict[str, object],
        budget: RetryBudget,
    ) -> PoolScores:
        """Scores of ``items``; ``inputs`` are what the prompt tells besides them.

        Raises:
            ModelError: no usable answer within the budget.
        """
        ...

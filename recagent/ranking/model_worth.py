"""What a model's scores are worth on a catalogue, as past choices show, and the weight from that.

The choices are asked about in ``training.model_measurement``.
"""

from __future__ import annotations

from dataclasses import dataclass

from recagent.ports import LanguageScores
from recagent.ranking.agreement import say

MEASURED_ON = 60  # past choices of all scenes, on which a model's worth begins to show


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelWorth:
    """What a model added to the order that stands without it, on past choices of all scenes.

    Attributes:
        engine: address and name of the model, as the settings say them.
        model: that answered.
        prompts: ids of the prompts that it was asked by.
        scenes: of the catalogue.
        items: how many the catalogue had.
        cases: past choices that it was asked about.
        base: their mean nDCG@10 without it.
        gain: what it adds to that with a third of the say.
        low: lower end of the 95% interval of ``gain`` over people.
        high: upper end.
        weight: of its scores from now on, 0 to 1, if it agrees with itself.
        agreement: mean rank correlation of two orders that it gave of the same candidates, listed
            forwards and backwards; None where that was not measured.
    """

    engine: str
    model: str
    prompts: tuple[str, ...]
    scenes: tuple[str, ...]
    items: int
    cases: int
    base: float
    gain: float
    low: float
    high: float
    weight: float
    agreement: float | None = None

    @property
    def say(self) -> float:
        """What is left of the weight where the model contradicts itself."""
        return say(self.weight, self.agreement)

    def covers(self, scores: LanguageScores, *, scene: str) -> bool:
        """Whether it is of the model, the prompt and the scene of these scores."""
        asked = scores.measured_as or scores.prompt
        return scores.model == self.model and asked in self.prompts and scene in self.scenes

"""One score per candidate from all its features: by a learned head, or by a fixed blend until then.

Fitting is in ``training``. Both kinds first rank without the language model, then join its scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from recagent.domain import Candidate, Group, Unserved
from recagent.ports import LanguageScores
from recagent.ranking.blend import blend, bounded_z_scores, softmax, z_scores
from recagent.ranking.feedback_reward import rewards
from recagent.ranking.gate import FEWEST_CASES, Gate
from recagent.ranking.like_probability import LikeProbability
from recagent.ranking.model_worth import ModelWorth
from recagent.ranking.tested_groups import GroupTestResult
from recagent.scenes.transfer import TransferMap

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


_LEAST = 1e-9  # of what a score is divided by
_UNTRIED = Gate()
_UNTESTED = GroupTestResult()


class JointScorer(Protocol):
    """Joins the features of a candidate into one score."""

    @property
    def name(self) -> str:
        """For the trace; empty for the fixed one."""
        ...

    def width(self, *, pool: int, limit: int) -> int:
        """How many retrieved candidates it wants to choose the pool from."""
        ...

    def base(self, candidates: Sequence[Candidate], *, scene: str, cold: bool) -> Floats:
        """(n,) scores without the language model."""
        ...

    def asks(self, base: Floats, *, scene: str, cold: bool) -> bool:
        """Whether the model's scores are wanted, given those of the pool without it."""
        ...

    def is_measured(self, scene: str) -> bool:
        """Whether held-out people showed what the model that is set is worth here."""
        ...

    def weighs(self, scores: LanguageScores, *, scene: str) -> bool:
        """Whether such scores have any say here."""
        ...

    def has_measured(self, scores: LanguageScores, *, scene: str) -> bool:
        """Whether held-out people showed what such scores are worth here."""
        ...

    def joined(self, base: Floats, scores: LanguageScores, *, scene: str, cold: bool) -> Floats:
        """(n,) scores with the model's of the first m candidates, (m,)."""
        ...

    def probabilities(self, scores: Floats) -> Floats:
        """(n,) that sum to 1."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedBlend:
    """The order before a head is fitted: a fixed weight for the model, which is not asked at 0.

    A model that was not measured on this catalogue has this weight beside a head, too.

    Attributes:
        closed: scenes in which a fit found that the model does not help.
        worth: what past choices showed of the model, which then has that weight.
    """

    language_weight: float
    temperature: float
    closed: frozenset[str] = frozenset()
    worth: ModelWorth | None = None
    name: str = ""

    def width(self, *, pool: int, limit: int) -> int:  # noqa: ARG002 - retrieval order stands
        return pool

    def base(
        self,
        candidates: Sequence[Candidate],
        *,
        scene: str,  # noqa: ARG002
        cold: bool,  # noqa: ARG002
    ) -> Floats:
        fused = z_scores([candidate.features["fused"] for candidate in candidates])
        return fused + rewards(candidates)

    def asks(self, base: Floats, *, scene: str, cold: bool) -> bool:  # noqa: ARG002
        return _asks(self.worth, self.language_weight, scene) and scene not in self.closed

    def is_measured(self, scene: str) -> bool:
        return scene in self.closed or _is_of(self.worth, scene)

    def weighs(self, scores: LanguageScores, *, scene: str) -> bool:
        return _weight(self.worth, self.language_weight, scores, scene) > 0

    def has_measured(self, scores: LanguageScores, *, scene: str) -> bool:
        return self.worth is not None and self.worth.covers(scores, scene=scene)

    def joined(
        self,
        base: Floats,
        scores: LanguageScores,
        *,
        scene: str,
        cold: bool,  # noqa: ARG002
    ) -> Floats:
        weight = _weight(self.worth, self.language_weight, scores, scene)
        return blend(scores.scores, base, language_weight=weight)

    def probabilities(self, scores: Floats) -> Floats:
        return softmax(scores, temperature=self.temperature)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A conditional logit: ``P(g | pool) = softmax(W phi(g))``, with weights for each scene.

    ``phi`` holds two columns a source: the z-score of its score within the pool, and of the score's
    logarithm; and all of them again for people who are new in the scene. Weights that differ by
    scene are the interactions with the scene's features, which alone would cancel within a pool.
    The language part has two columns: the z-score of the model's scores, and the same again for
    people who are new.

    Attributes:
        name: fingerprint of the head and its data.
        tested: by group of people; it ranks for those for whom held-out choices are for it.
        sources: whose scores it reads, in the order of the columns.
        shared: weights of the columns, for a scene that has none of its own.
        scenes: likewise, by scene.
        few_shared: as ``shared``, for people with few likes.
        few_scenes: as ``scenes``, for them.
        language: weights of the language part, likewise by scene.
        language_shared: for a scene without its own.
        model: whose scores these weights are for.
        prompts: by scene, the id of the prompt that they are for; any, where there is none.
        gates: by scene; where none says what the model is worth, it has the weight ``unmeasured``.
        engine: address and name of the model, as the settings say them; empty for any.
        unmeasured: weight of a model that was not measured, in w z(language) + (1 - w) z(head); it
            is a setting, and not learned.
        worth: what past choices of all scenes showed of the model, which then has that weight; it
            is kept elsewhere.
        transfer: how much taste shown in one scene counts in another; None where there is nothing
            to learn that from.
        liking: the probability that a person will like an item; None where nobody says what they
            do not like.
        events: number that were stored when it was learned.
        told: where the head comes from, for people: data, cases, penalties.
    """

    name: str
    tested: Mapping[Group, GroupTestResult]
    sources: tuple[str, ...]
    shared: tuple[float, ...]
    scenes: Mapping[str, tuple[float, ...]]
    few_shared: tuple[float, ...] = ()
    few_scenes: Mapping[str, tuple[float, ...]] = field(
        default_factory=dict[str, "tuple[float, ...]"]
    )
    language_shared: tuple[float, ...] = (0.0, 0.0)
    language: Mapping[str, tuple[float, ...]] = field(
        default_factory=dict[str, "tuple[float, ...]"]
    )
    model: str = ""
    prompts: Mapping[str, str] = field(default_factory=dict[str, str])
    gates: Mapping[str, Gate] = field(default_factory=dict[str, Gate])
    transfer: TransferMap | None = None
    liking: LikeProbability | None = None
    engine: str = ""
    unmeasured: float = 0.0
    worth: ModelWorth | None = None
    events: int = 0
    told: Mapping[str, str] = field(default_factory=dict[str, str])

    def unserved(self, group: Group) -> Unserved:
        """Why it does not rank for people of a group; empty where it does."""
        return self.tested.get(group, _UNTESTED).unserved

    def of(self, group: Group) -> Head | None:
        """The head with its weights for people of a group; None where the plain order stands."""
        if self.unserved(group):
            return None
        if group == "few likes":
            # What the model is worth was not tried on them.
            return replace(self, shared=self.few_shared, scenes=self.few_scenes, gates={})
        return self

    @property
    def closed(self) -> frozenset[str]:
        """Scenes in which the model was tried and does not help."""
        return frozenset(
            name for name, gate in self.gates.items() if gate.verdict == "does not help"
        )

    def width(self, *, pool: int, limit: int) -> int:
        return max(pool, limit)

    def base(self, candidates: Sequence[Candidate], *, scene: str, cold: bool) -> Floats:
        weights = np.asarray(self.scenes.get(scene, self.shared))
        features = [candidate.features for candidate in candidates]
        return columns(features, sources=self.sources, cold=cold) @ weights + rewards(candidates)

    def asks(self, base: Floats, *, scene: str, cold: bool) -> bool:
        gate = self.gates.get(scene, _UNTRIED)
        if gate.verdict == "unknown":
            return _asks(self.worth, self.unmeasured, scene)
        return gate.opens(base, cold=cold)

    def is_measured(self, scene: str) -> bool:
        gate = self.gates.get(scene, _UNTRIED)
        is_tried = gate.verdict != "unknown" or gate.cases >= FEWEST_CASES
        return is_tried or _is_of(self.worth, scene)

    def weighs(self, scores: LanguageScores, *, scene: str) -> bool:
        is_learned = self._has_learned(scores, scene)
        return is_learned or _weight(self.worth, self.unmeasured, scores, scene) > 0

    def has_measured(self, scores: LanguageScores, *, scene: str) -> bool:
        is_covered = self.worth is not None and self.worth.covers(scores, scene=scene)
        return is_covered or self._has_learned(scores, scene)

    def _has_learned(self, scores: LanguageScores, scene: str) -> bool:
        """Whether the weights are for this model and prompt, and were found to help here."""
        asked = scores.measured_as or scores.prompt
        is_of_model = (scores.model, asked) == (self.model, self.prompts.get(scene, asked))
        return is_of_model and self.gates.get(scene, _UNTRIED).verdict == "helps"

    def joined(self, base: Floats, scores: LanguageScores, *, scene: str, cold: bool) -> Floats:
        if not self._has_learned(scores, scene):
            weight = _weight(self.worth, self.unmeasured, scores, scene)
            return blend(scores.scores, base, language_weight=weight)
        weights = np.asarray(self.language.get(scene, self.language_shared))
        part = language_columns(scores.scores, cold=cold) @ weights
        return base + np.pad(part, (0, len(base) - len(part)))

    def probabilities(self, scores: Floats) -> Floats:
        return softmax(scores)


def _is_of(worth: ModelWorth | None, scene: str) -> bool:
    return worth is not None and scene in worth.scenes


def _asks(worth: ModelWorth | None, unmeasured: float, scene: str) -> bool:
    """Whether a model is asked of which no gate says anything."""
    return (worth.say if worth and scene in worth.scenes else unmeasured) > 0


def _weight(
    worth: ModelWorth | None, unmeasured: float, scores: LanguageScores, scene: str
) -> float:
    """The weight of such a model's scores."""
    return worth.say if worth and worth.covers(scores, scene=scene) else unmeasured


def columns(
    features: Sequence[Mapping[str, float]], *, sources: Sequence[str], cold: bool
) -> Floats:
    """(n, 4 sources) float64 of each candidate's scores; 0 from a source that did not find it.

    Before the logarithm a source's scores are divided by the median of those in the pool that are
    above zero, so that weights mean the same whatever the unit and the size of the data. The second
    half is the first again for a person who is new in the scene, else 0.
    """
    rows, width = len(features), len(sources)
    values = [row.get(source, 0.0) for row in features for source in sources]
    scores = np.asarray(values, dtype=np.float64).reshape(rows, width)
    logs = np.log1p(scores.clip(min=0.0) / np.asarray([*map(_usual, scores.T)]))
    known = np.stack([z_scores(scores), z_scores(logs)], axis=2).reshape(rows, 2 * width)
    return np.hstack([known, known * cold])


def _usual(scores: Floats) -> float:
    """The median of (n,) scores above zero; 1 without any."""
    above = scores[scores > 0]
    return max(_LEAST, float(np.median(above))) if len(above) else 1.0


def language_columns(language: Sequence[float], *, cold: bool) -> Floats:
    """(m, 2) float64 features of a model's scores."""
    z = bounded_z_scores(language)
    return np.stack([z, z * cold], axis=1)

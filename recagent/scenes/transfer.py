"""How much taste shown in one scene counts in another, and a profile as another scene sees it.

``training.transfer`` learns the map; here it is only used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from recagent.domain import Profile

FEATURES = (
    "own",  # 1 where source and target are one scene
    "alike",  # cosine of the scenes' mean item vectors
    "shared",  # of the people who like something in the source, the share who do in the target
    "likes here",  # log(1 + number of things that the person likes in the target)
    "likes there",  # the same in the source
    "taste alike",  # cosine of the person's taste in both; 0 where one is missing
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTransfer:
    """What was measured of a pair of source and target scene.

    The gains are those of a person's likes in the source over popularity, on held-out choices in
    the target, with the person's events there left out.

    Attributes:
        alike: see ``FEATURES``.
        shared: see ``FEATURES``.
        cases: the number of choices; 0 where too few people have likes in both scenes.
        gain: mean gain in log likelihood of the choice, in nats; shrunk towards the average of all
            pairs where cases are few.
        low: lower end of its 97.5% interval over people.
        ndcg: mean gain in nDCG@10, shrunk likewise.
        ndcg_low: lower end of its 97.5% interval; the pair is off unless both ends are above zero.
        on: whether the source counts in the target.
        weight: mean ``M_ij`` over these cases; 0 where the pair is off or has none.
    """

    alike: float
    shared: float
    cases: int = 0
    gain: float = 0.0
    low: float = 0.0
    ndcg: float = 0.0
    ndcg_low: float = 0.0
    on: bool = True
    weight: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmTransfer:
    """Whether other scenes count for people who already have likes in the target.

    Attributes:
        cases: the number of held-out choices of such people; 0 where they are too few.
        gain: mean gain in log likelihood by all other scenes together, in nats; shrunk towards the
            average of all targets where cases are few.
        low: lower end of its 97.5% interval over people.
        ndcg: mean gain in nDCG@10, shrunk likewise.
        ndcg_low: lower end of its 97.5% interval; off unless both ends are above zero.
        on: whether other scenes count.
    """

    cases: int = 0
    gain: float = 0.0
    low: float = 0.0
    ndcg: float = 0.0
    ndcg_low: float = 0.0
    on: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferMap:
    """``M_ij = sigmoid(w x + b)`` where the pair is on, else 0: the weight of scene j's likes in i.

    ``x`` are the ``FEATURES`` of the pair and the person. A scene's own likes have a weight too.

    Attributes:
        weights: w, in the order of ``FEATURES``.
        bias: b.
        pairs: the pairs of which something is known, by target and source. What is liked in any
            other counts like the scene's own likes, as before a fit.
        known: for people who have likes in the target, by target; where nothing is known, other
            scenes count.
    """

    weights: tuple[float, ...]
    bias: float
    pairs: Mapping[str, Mapping[str, PairTransfer]]
    known: Mapping[str, WarmTransfer] = field(default_factory=dict[str, WarmTransfer])

    def weight(self, profile: Profile, *, target: str, source: str) -> float:
        """Returns ``M_ij`` for a person, from 0 to 1."""
        if source not in self.pairs.get(target, {}):
            source = target
        is_warm = target in profile.taste and source != target
        if is_warm and not self.known.get(target, WarmTransfer()).on:
            return 0.0
        return self.strength(target, source, person_features(profile, target, source))

    def strength(self, target: str, source: str, person: tuple[float, float, float]) -> float:
        """Returns ``M_ij`` of a pair and person features; 0 for a pair that is not in the map."""
        pair = self.pairs.get(target, {}).get(source)
        if source != target and (pair is None or not pair.on):
            return 0.0
        x = pair_features(target, source, pair, person)
        return float(1.0 / (1.0 + np.exp(-(np.dot(self.weights, x) + self.bias))))


def pair_features(
    target: str, source: str, pair: PairTransfer | None, person: tuple[float, float, float]
) -> tuple[float, ...]:
    """Returns the ``FEATURES`` of a pair of scenes and a person; a scene is like itself."""
    likeness = (1.0, 1.0) if pair is None else (pair.alike, pair.shared)
    return (float(source == target), *likeness, *person)


def person_features(profile: Profile, target: str, source: str) -> tuple[float, float, float]:
    """Returns the last three of ``FEATURES``."""
    taste, other = profile.taste.get(target), profile.taste.get(source)
    alike = 0.0 if taste is None or other is None else float(taste @ other)
    return (_likes(profile, target), _likes(profile, source), alike)


def with_transfer(profile: Profile, *, target: str, transfer: TransferMap | None) -> Profile:
    """Returns the profile as a scene sees it: likes and tastes of each scene times ``M_ij``.

    What gets weight 0 is left out of ``liked`` and ``taste``; ``events`` stay. Without a map all
    scenes count alike, and the profile stays as it is.
    """
    if transfer is None:
        return profile
    homes = {event.item_id: event.scene for event in reversed(profile.events)}
    homes |= {key: profile.items[key].scene for key in profile.liked}
    scenes = {homes[key] for key in (*profile.liked, *profile.gone)} | profile.taste.keys()
    weights = {scene: transfer.weight(profile, target=target, source=scene) for scene in scenes}

    def weighted(liked: Mapping[str, float]) -> dict[str, float]:
        likes = ((key, weight * weights[homes[key]]) for key, weight in liked.items())
        return {key: weight for key, weight in likes if weight > 0}

    taste = {
        scene: vector * np.float32(weights[scene])
        for scene, vector in profile.taste.items()
        if weights[scene] > 0
    }
    return replace(profile, liked=weighted(profile.liked), gone=weighted(profile.gone), taste=taste)


def _likes(profile: Profile, scene: str) -> float:
    number = sum(profile.items[key].scene == scene for key in profile.liked)
    return float(np.log1p(number))

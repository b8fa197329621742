"""How much taste shown in one scene counts in another, and a profile as another scene sees it.

How the map is learned is ``training.transfer``; here it is only read.
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
class Carry:
    """What past choices say of one pair of scenes.

    The gains are those of a person's likes in the source over popularity, for choices in the target
    that are made as if the person were new there.

    Attributes:
        alike: see ``FEATURES``.
        shared: see ``FEATURES``.
        cases: past choices that the pair was tried on; 0 where too few people have likes in both.
        gain: mean log likelihood of the choice that the source adds, in nats; drawn to that of all
            pairs where cases are few.
        low: lower end of its 95% interval over people; the pair is off unless it is above zero.
        ndcg: mean nDCG@10 that the source adds.
        on: whether the source counts in the target.
        weight: mean ``M_ij`` over these cases; 0 where the pair is off or has none.
    """

    alike: float
    shared: float
    cases: int = 0
    gain: float = 0.0
    low: float = 0.0
    ndcg: float = 0.0
    on: bool = True
    weight: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Whether a scene listens to other scenes about people whom it knows itself.

    Attributes:
        cases: past choices of such people; 0 where they are too few.
        gain: mean log likelihood that all other scenes together add, in nats; drawn to that of all
            targets where cases are few.
        low: lower end of its 95% interval over people; off unless it is above zero.
        ndcg: mean nDCG@10 that they add.
        on: whether other scenes count.
    """

    cases: int = 0
    gain: float = 0.0
    low: float = 0.0
    ndcg: float = 0.0
    on: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferMap:
    """``M_ij = sigmoid(w x + b)`` where the pair is on, else 0: what a like of scene j weighs in i.

    ``x`` are the ``FEATURES`` of the pair and the person. A scene's own likes have a weight too.

    Attributes:
        weights: w, in the order of ``FEATURES``.
        bias: b.
        pairs: what is known of each, by target and source.
        known: of people who have likes in the target, by target.
    """

    weights: tuple[float, ...]
    bias: float
    pairs: Mapping[str, Mapping[str, Carry]]
    known: Mapping[str, Known] = field(default_factory=dict[str, Known])

    def weight(self, profile: Profile, *, target: str, source: str) -> float:
        """``M_ij`` for a person, from 0 to 1; 0 where what a person is known by here is enough."""
        is_known = target in profile.taste and source != target
        if is_known and not self.known.get(target, Known()).on:
            return 0.0
        return self.strength(target, source, personal(profile, target, source))

    def strength(self, target: str, source: str, person: tuple[float, float, float]) -> float:
        """``M_ij`` of a pair and ``personal`` features; 0 for a pair that the map does not have."""
        pair = self.pairs.get(target, {}).get(source)
        if source != target and (pair is None or not pair.on):
            return 0.0
        x = features(target, source, pair, person)
        return float(1.0 / (1.0 + np.exp(-(np.dot(self.weights, x) + self.bias))))


def features(
    target: str, source: str, pair: Carry | None, person: tuple[float, float, float]
) -> tuple[float, ...]:
    """``FEATURES`` of a pair of scenes and a person; a scene is like itself."""
    described = (1.0, 1.0) if pair is None else (pair.alike, pair.shared)
    return (float(source == target), *described, *person)


def personal(profile: Profile, target: str, source: str) -> tuple[float, float, float]:
    """The last three of ``FEATURES``."""
    here, there = profile.taste.get(target), profile.taste.get(source)
    alike = 0.0 if here is None or there is None else float(here @ there)
    return (_likes(profile, target), _likes(profile, source), alike)


def with_transfer(profile: Profile, *, target: str, transfer: TransferMap | None) -> Profile:
    """The profile as a scene sees it: likes and tastes of each scene weighed by ``M_ij``.

    What weighs nothing is left out of ``liked`` and ``taste``; ``events`` stay whole. Without a map
    all scenes count alike, and the profile is returned as it is.
    """
    if transfer is None:
        return profile
    homes = {event.item_id: event.scene for event in reversed(profile.events)}
    homes |= {key: profile.items[key].scene for key in profile.liked}
    scenes = {homes[key] for key in (*profile.liked, *profile.gone)} | profile.taste.keys()
    weights = {each: transfer.weight(profile, target=target, source=each) for each in scenes}

    def weighed(liked: Mapping[str, float]) -> dict[str, float]:
        each = {key: weight * weights[homes[key]] for key, weight in liked.items()}
        return {key: weight for key, weight in each.items() if weight > 0}

    return replace(
        profile,
        liked=weighed(profile.liked),
        gone=weighed(profile.gone),
        taste={
            each: vector * np.float32(weights[each])
            for each, vector in profile.taste.items()
            if weights[each] > 0
        },
    )


def _likes(profile: Profile, scene: str) -> float:
    number = sum(profile.items[key].scene == scene for key in profile.liked)
    return float(np.log1p(number))

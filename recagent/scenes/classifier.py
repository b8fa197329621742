"""Which scene a person is likely to want now, by weights that were learned from events.

Fitting is ``training.scene_classifier``; the rule that answers where nothing was learned is
``scenes``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Context, Event, Scene

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats32, Indices, Matrix


NEWEST = 100  # events that are looked at
HALF_LIVES = (1.0, 30.0)  # days; what was done today, and this month
WISH_WEIGHT = 8.0  # of a cosine; benchmarks/scene_identification.py
_LONG = 3650.0  # days, in place of never


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the columns stand for that a moment is described by.

    Attributes:
        scenes: by name, in the order of the columns.
        devices: that have a column each; others and none have no mark.
        places: likewise.
    """

    scenes: tuple[str, ...]
    devices: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    def row(self, events: Sequence[Event], context: Context) -> Floats32:
        """(7 scenes + devices + places + 6,) float32 of a moment.

        Args:
            events: before the moment, newest first; the newest hundred count.
            context: of the moment, with its time.
        """
        at = _utc(context.at)
        numbers = {name: place for place, name in enumerate(self.scenes)}
        here = [event for event in events if event.scene in numbers][:NEWEST]
        codes = np.asarray([numbers[event.scene] for event in here], dtype=np.intp)
        ages = np.asarray([(at - event.at).total_seconds() / 86400 for event in here])
        return np.concatenate(
            [
                scene_columns(codes, ages.clip(min=0.0), number=len(self.scenes)),
                self.context_columns(context),
            ]
        ).astype(np.float32)

    def context_columns(self, context: Context) -> Floats32:
        """(devices + places + 4,) float32: marks of device and place, the hour and the weekday.

        Hours are those of UTC, as points on a circle, as weekdays are.
        """
        at = _utc(context.at)
        turns = ((at.hour + at.minute / 60) / 24, at.weekday() / 7)
        return np.asarray(
            [
                *(context.device == name for name in self.devices),
                *(context.place == name for name in self.places),
                *(f(2 * math.pi * turn) for turn in turns for f in (math.sin, math.cos)),
            ],
            dtype=np.float32,
        )


def scene_columns(codes: Indices, ages: Floats32, *, number: int) -> Floats32:
    """(7 number + 2,) float32 of what a person did before a moment.

    For each scene: whether the last event and the one before were there, its share of all events,
    its shares with weights that halve in a day and in a month, the logarithms of how many events
    and how many hours ago. Then the logarithms of the number of all events, and of the hours since
    the last one.

    Args:
        codes: (n,) number of each event's scene, newest first.
        ages: (n,) days before the moment, at least 0.
        number: of scenes.
    """
    found = np.zeros((7, number))
    for row, code in enumerate(codes[:2]):
        found[row, code] = 1.0
    found[2] = np.bincount(codes, minlength=number)
    for row, days in enumerate(HALF_LIVES, start=3):
        found[row] = np.bincount(codes, weights=0.5 ** (ages / days), minlength=number)
    found[5] = np.log1p(found[2])
    since = np.full(number, _LONG)
    since[codes[::-1]] = ages[::-1]  # the newest is written last
    found[6] = np.log1p(24 * since)
    found[2:5] /= found[2:5].sum(axis=1, keepdims=True).clip(min=1e-9)
    last = ages[0] if len(ages) else _LONG
    return np.append(found.ravel(), [math.log1p(len(codes)), math.log1p(24 * last)]).astype(
        np.float32
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneClassifier:
    """Scene probabilities from events and context: a multinomial logistic regression.

    Attributes:
        name: fingerprint of the weights and of the events that they were learned from.
        columns: what it looks at.
        weights: of the columns, a row for each scene.
        intercepts: of the scenes.
        told: how well it did on events that it never saw, for people.
    """

    name: str
    columns: Columns
    weights: tuple[tuple[float, ...], ...]
    intercepts: tuple[float, ...]
    told: Mapping[str, str] = field(default_factory=dict[str, str])

    def __call__(
        self,
        events: Sequence[Event],
        context: Context,
        *,
        scenes: Mapping[str, Scene],
        wish: Mapping[str, float],
    ) -> dict[str, float]:
        """Probability of each of ``scenes`` that was there when it was learned; they sum to 1.

        Empty where none of them was.

        Args:
            events: of the person, newest first.
            context: of the request; without a time it is now.
            scenes: the indexed ones.
            wish: cosine of the wish with each scene's words; empty without a wish.
        """
        row = self.columns.row(events, context)
        scores: list[float] = (np.asarray(self.weights) @ row + self.intercepts).tolist()
        logits = {
            name: score + WISH_WEIGHT * wish.get(name, 0.0)
            for name, score in zip(self.columns.scenes, scores, strict=True)
            if name in scenes
        }
        top = max(logits.values(), default=0.0)
        odds = {name: math.exp(logit - top) for name, logit in logits.items()}
        total = math.fsum(odds.values())
        return {name: value / total for name, value in odds.items()}


def words_of(scene: Scene) -> str:
    """What a scene says of itself, for comparison with a wish."""
    told = [scene.name.replace("_", " "), *scene.labels.values(), scene.description]
    return " ".join(filter(None, told))


def wish_cosines(wish: Floats32, words: Matrix, *, scenes: Sequence[str]) -> dict[str, float]:
    """Cosine of a wish with each scene's words, less their mean: what speaks for it, not for all.

    Args:
        wish: (d,) float32, unit length or zeros.
        words: (scenes, d) float32, unit rows.
        scenes: their names.
    """
    cosines = words @ wish
    found: list[float] = (cosines - cosines.mean()).tolist()
    return dict(zip(scenes, found, strict=True))


def _utc(at: datetime | None) -> datetime:
    return (at or datetime.now(tz=UTC)).astimezone(UTC)

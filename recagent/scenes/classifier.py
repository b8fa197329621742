"""Predicts which scene a person wants now, by weights that were learned from events.

Fitting is ``training.scene_classifier``; the rule for where nothing was learned is
``identification``.
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


NEWEST = 100  # events that count
HALF_LIVES = (1.0, 30.0)  # days: about today, and about this month
WISH_WEIGHT = 8.0  # of a cosine; benchmarks/scene_identification.py
_NEVER = 3650.0  # days since the last event in a scene without any


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns that describe a person's moment.

    Attributes:
        scenes: names, in the order of the columns.
        devices: names with a column each; other devices have none.
        places: likewise.
    """

    scenes: tuple[str, ...]
    devices: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    def row(self, events: Sequence[Event], context: Context) -> Floats32:
        """Returns the row of a moment, (7 scenes + devices + places + 6,) float32.

        Args:
            events: events before the moment, newest first; the newest hundred count.
            context: the moment, with its time.
        """
        now = _utc(context.at)
        codes_by_name = {name: code for code, name in enumerate(self.scenes)}
        events = [event for event in events if event.scene in codes_by_name][:NEWEST]
        codes = np.asarray([codes_by_name[event.scene] for event in events], dtype=np.intp)
        ages = np.asarray([(now - event.at).total_seconds() / 86400 for event in events])
        past = scene_columns(codes, ages.clip(min=0.0), number=len(self.scenes))
        return np.concatenate([past, self.context_columns(context)]).astype(np.float32)

    def context_columns(self, context: Context) -> Floats32:
        """Returns device, place, hour and weekday, (devices + places + 4,) float32.

        Device and place are 0 or 1; hours (UTC) and weekdays are points on a circle.
        """
        now = _utc(context.at)
        turns = ((now.hour + now.minute / 60) / 24, now.weekday() / 7)
        return np.asarray(
            [
                *(context.device == name for name in self.devices),
                *(context.place == name for name in self.places),
                *(f(2 * math.pi * turn) for turn in turns for f in (math.sin, math.cos)),
            ],
            dtype=np.float32,
        )


def scene_columns(codes: Indices, ages: Floats32, *, number: int) -> Floats32:
    """Returns what a person did before a moment, (7 number + 2,) float32.

    For each scene: whether the last event and the one before were there, its share of all events,
    its shares with weights that halve in a day and in a month, the logarithms of the number of
    events and of the hours since the last one. Then these two logarithms over all scenes.

    Args:
        codes: code of each event's scene, newest first, (n,).
        ages: days before the moment, at least 0, (n,).
        number: the number of scenes.
    """
    columns = np.zeros((7, number))
    for row, code in enumerate(codes[:2]):
        columns[row, code] = 1.0
    columns[2] = np.bincount(codes, minlength=number)
    for row, days in enumerate(HALF_LIVES, start=3):
        columns[row] = np.bincount(codes, weights=0.5 ** (ages / days), minlength=number)
    columns[5] = np.log1p(columns[2])
    since = np.full(number, _NEVER)
    since[codes[::-1]] = ages[::-1]  # the newest is written last
    columns[6] = np.log1p(24 * since)
    columns[2:5] /= columns[2:5].sum(axis=1, keepdims=True).clip(min=1e-9)
    overall = np.log1p([len(codes), 24 * (ages[0] if len(ages) else _NEVER)])
    return np.append(columns.ravel(), overall).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneClassifier:
    """Scene probabilities from events and context: a multinomial logistic regression.

    Attributes:
        name: a fingerprint of the weights and of the training events.
        columns: the columns of its input.
        weights: a row for each scene, a weight for each column.
        intercepts: one for each scene.
        told: how well it did on held-out events, for people to read.
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
        """Returns the probability of each indexed scene that it was trained on; they sum to 1.

        The result is empty where it was trained on none of them.

        Args:
            events: the person's, newest first.
            context: the request's; without a time it is now.
            scenes: the indexed scenes, by name.
            wish: cosine of the wish with each scene's text; empty without a wish.
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


def scene_text(scene: Scene) -> str:
    """Returns a scene's name, labels and description, for comparison with a wish."""
    texts = [scene.name.replace("_", " "), *scene.labels.values(), scene.description]
    return " ".join(filter(None, texts))


def wish_cosines(wish: Floats32, texts: Matrix, *, scenes: Sequence[str]) -> dict[str, float]:
    """Returns the cosine of a wish with each scene's text, minus the mean over the scenes.

    Args:
        wish: (d,) float32, unit length or zeros.
        texts: (scenes, d) float32, unit rows.
        scenes: their names.
    """
    cosines = texts @ wish
    centred: list[float] = (cosines - cosines.mean()).tolist()
    return dict(zip(scenes, centred, strict=True))


def _utc(time: datetime | None) -> datetime:
    return (time or datetime.now(tz=UTC)).astimezone(UTC)

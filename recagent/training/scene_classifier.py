"""Fits the scene classifier: it predicts a person's next scene from what is known before it.

It is tested on the newest fifth of all events.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from recagent.domain import Context, Event
from recagent.offline.resampling import interval
from recagent.scenes.classifier import NEWEST, Columns, SceneClassifier, scene_columns

if TYPE_CHECKING:
    from recagent.domain.arrays import Flags, Floats32, Indices


FEWEST = 500  # moments of the newest fifth: with fewer, no gain is significant
MOST = 50_000  # moments that are learned from, the newest
SHARE = 0.2  # of the moments that are held out
NAMED = 20  # devices, and places, that get a column: the most frequent
RIDGES = (0.001, 0.01, 0.1)
_STEPS = 200
_LEAST = 1e-6  # probability of a scene that was never seen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    """Holds times at which people did something, with what was known just before.

    Attributes:
        people: whose each moment is.
        rows: (n, f) float32, as ``Columns.row`` describes a moment.
        scenes: (n,) number of the scene in which the event was.
        previous: (n,) number of the scene of the event before; -1 for a person's first.
        timestamps: (n,) seconds since 1970, ascending.
    """

    people: Sequence[str]
    rows: Floats32
    scenes: Indices
    previous: Indices
    timestamps: Floats32

    def subset(self, marked: Flags) -> Moments:
        """Returns the marked moments."""
        return Moments(
            people=[name for name, chosen in zip(self.people, marked, strict=True) if chosen],
            rows=self.rows[marked],
            scenes=self.scenes[marked],
            previous=self.previous[marked],
            timestamps=self.timestamps[marked],
        )

    def rules(self, busiest: int) -> tuple[Indices, Indices]:
        """Returns two (n,) predictions without weights: the last event's scene; the busiest one.

        ``scenes.identify`` uses the better one on stored events.
        """
        return np.where(self.previous < 0, busiest, self.previous), np.full(
            len(self.scenes), busiest
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierFit:
    """Is a fitted classifier, with its accuracy on moments that it never saw.

    Attributes:
        identifier: None where it is not significantly better than the rule.
        moments: number that it was tested on.
        accuracy: share of them in which the likeliest scene was the right one.
        rule: the same for the better of the two rules.
        gain: their mean difference and the ends of its 95% interval over people.
    """

    identifier: SceneClassifier | None
    moments: int
    accuracy: float
    rule: float
    gain: tuple[float, float, float]


def fit_classifier(events: Sequence[Event], *, scenes: Iterable[str]) -> ClassifierFit | None:
    """Fits a classifier on all events; it counts if significantly better on the newest fifth.

    Args:
        events: everybody's, in order of time.
        scenes: that can be asked for.

    Returns:
        None for too few events.
    """
    known_scenes = set(scenes)
    usable = [event for event in events if event.scene in known_scenes]
    columns = scene_columns_of(usable[-MOST:])
    moments = make_moments(usable, columns=columns)
    known, newest = split_newest(moments)
    oldest, _ = split_newest(known)
    if len(newest.timestamps) < FEWEST or len(np.unique(oldest.scenes)) < 2:
        return None
    ridge = best_ridge(known)
    predicted: Indices = regression_of(known, ridge=ridge).predict(newest.rows)
    busiest = int(np.bincount(known.scenes).argmax())
    correct = predicted == newest.scenes
    # It must be significantly better than either rule.
    gain, rule_accuracy = min(
        (
            (interval(correct.astype(np.float64) - one, people=newest.people), float(one.mean()))
            for one in (rule == newest.scenes for rule in newest.rules(busiest))
        ),
        key=lambda pair: pair[0][1],
    )
    return ClassifierFit(
        identifier=_identifier(moments, columns, ridge, gain) if gain[1] > 0 else None,
        moments=len(newest.timestamps),
        accuracy=float(correct.mean()),
        rule=rule_accuracy,
        gain=gain,
    )


def scene_columns_of(events: Sequence[Event]) -> Columns:
    """Returns columns for the events' scenes, and their most frequent devices and places."""
    return Columns(
        scenes=tuple(sorted({event.scene for event in events})),
        devices=_frequent(event.device for event in events),
        places=_frequent(event.place for event in events),
    )


def make_moments(events: Sequence[Event], *, columns: Columns) -> Moments:
    """Returns the newest 50,000 events as moments; simultaneous events do not see each other.

    Args:
        events: everybody's, in order of time.
        columns: what moments are described by.
    """
    numbers = {name: number for number, name in enumerate(columns.scenes)}
    number = len(numbers)
    histories: dict[str, list[tuple[int, datetime]]] = {}
    people: list[str] = []
    rows: list[Floats32] = []
    facts: list[tuple[int, int, float]] = []
    usable = [event for event in events if event.scene in numbers]
    for row, event in enumerate(usable):
        history = histories.setdefault(event.user_id, [])
        if row >= len(usable) - MOST:
            before = [pair for pair in history if pair[1] < event.at][: -NEWEST - 1 : -1]
            codes = np.asarray([code for code, _ in before], dtype=np.intp)
            ages = np.asarray([(event.at - at).total_seconds() / 86400 for _, at in before])
            context = Context(at=event.at, device=event.device, place=event.place)
            past = scene_columns(codes, ages, number=number)
            rows.append(np.concatenate([past, columns.context_columns(context)]))
            people.append(event.user_id)
            previous = before[0][0] if before else -1
            facts.append((numbers[event.scene], previous, event.at.timestamp()))
        history.append((numbers[event.scene], event.at))
        del history[: -2 * NEWEST]
    table = np.asarray(facts).reshape(-1, 3)
    return Moments(
        people=people,
        rows=np.asarray(rows, dtype=np.float32),
        scenes=table[:, 0].astype(np.intp),
        previous=table[:, 1].astype(np.intp),
        timestamps=table[:, 2],
    )


def split_newest(moments: Moments) -> tuple[Moments, Moments]:
    """Splits off the newest fifth of the moments: the older ones, and these."""
    cut = np.quantile(moments.timestamps, 1 - SHARE) if len(moments.timestamps) else 0.0
    return moments.subset(moments.timestamps <= cut), moments.subset(moments.timestamps > cut)


def regression_of(known: Moments, *, ridge: float) -> Any:
    """Fits scikit-learn's multinomial logistic regression on standardised columns.

    Args:
        known: at least two scenes among them.
        ridge: inverse strength of the penalty on weights.
    """
    linear: Any = import_module("sklearn.linear_model")
    pipeline: Any = import_module("sklearn.pipeline")
    scaling: Any = import_module("sklearn.preprocessing")
    regression = linear.LogisticRegression(C=ridge, max_iter=_STEPS)
    return pipeline.make_pipeline(scaling.StandardScaler(), regression).fit(
        known.rows, known.scenes
    )


def best_ridge(known: Moments) -> float:
    """Returns the penalty under which older moments best predict the newest fifth."""
    older, newer = split_newest(known)
    return min(RIDGES, key=lambda ridge: log_loss(regression_of(older, ridge=ridge), newer))


def log_loss(model: Any, newest: Moments) -> float:
    """Returns the mean negative log probability of the right scene; unseen ones get very little."""
    classes: list[int] = model.classes_.tolist()
    shares = np.full((len(newest.timestamps), max(*classes, *newest.scenes.tolist()) + 1), _LEAST)
    shares[:, classes] = model.predict_proba(newest.rows)
    chosen = shares[np.arange(len(shares)), newest.scenes].clip(min=_LEAST)
    return float(-np.log(chosen).mean())


def _identifier(
    moments: Moments, columns: Columns, ridge: float, gain: tuple[float, float, float]
) -> SceneClassifier:
    """Returns the regression of all moments, with the columns' scales in its weights."""
    scaler, regression = regression_of(moments, ridge=ridge)
    weights = regression.coef_ / scaler.scale_
    intercepts = regression.intercept_ - weights @ scaler.mean_
    if len(intercepts) == 1:  # of two scenes, scikit-learn has the odds of the second
        weights, intercepts = np.vstack([0 * weights, weights]), np.append(0.0, intercepts)
    learned = [weights.tolist(), intercepts.tolist()]
    digest = hashlib.blake2b(orjson.dumps([columns, *learned]), digest_size=6)
    digest.update(moments.rows.tobytes() + moments.scenes.tobytes())
    return SceneClassifier(
        name=digest.hexdigest(),
        columns=columns,
        weights=tuple(map(tuple, learned[0])),
        intercepts=tuple(learned[1]),
        told={
            "moments": str(len(moments.timestamps)),
            "C": f"{ridge:g}",
            "gain over the rule": f"{gain[0]:+.3f} [{gain[1]:+.3f}, {gain[2]:+.3f}]",
        },
    )


def _frequent(names: Iterable[str]) -> tuple[str, ...]:
    counts = Counter(filter(None, names))
    return tuple(sorted(name for name, _ in counts.most_common(NAMED)))

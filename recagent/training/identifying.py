"""Weights that tell a person's next scene, from everybody's events in order of time.

What it learns from is what was known before each event; it is tried on the newest fifth of them.
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


FEWEST = 500  # moments of the newest fifth: of fewer nothing is surely better
MOST = 50_000  # moments that are learned from, the newest
SHARE = 0.2  # of the moments that are kept for the trial
NAMED = 20  # devices, and places, that get a column: the most frequent
RIDGES = (0.001, 0.01, 0.1)
_STEPS = 200
_LEAST = 1e-6  # probability of a scene that was never seen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    """Times at which a person did something, with what was known just before.

    Attributes:
        people: whose each moment is.
        rows: (n, f) float32, as ``Columns.row`` describes a moment.
        scenes: (n,) number of the scene in which the event was.
        last: (n,) number of the scene of the event before; -1 for a person's first.
        at: (n,) seconds since 1970, ascending.
    """

    people: Sequence[str]
    rows: Floats32
    scenes: Indices
    last: Indices
    at: Floats32

    def of(self, wanted: Flags) -> Moments:
        """Those that are marked."""
        return Moments(
            people=[name for name, chosen in zip(self.people, wanted, strict=True) if chosen],
            rows=self.rows[wanted],
            scenes=self.scenes[wanted],
            last=self.last[wanted],
            at=self.at[wanted],
        )

    def rules(self, busiest: int) -> tuple[Indices, Indices]:
        """(n,) what is said without weights: the scene of the last event, or always the busiest.

        ``scenes.identify`` goes by the one that stored events speak for.
        """
        return np.where(self.last < 0, busiest, self.last), np.full(len(self.last), busiest)


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedClassifier:
    """What was learned, and how it did on moments that it never saw.

    Attributes:
        identifier: None where it is not surely better than the rule.
        moments: that it was tried on.
        accuracy: share of them in which the likeliest scene was the right one.
        rule: the same of the rule that can stand without it; of the two that it is less surely
            better than.
        gain: their mean difference and the ends of its 95% interval over people.
    """

    identifier: SceneClassifier | None
    moments: int
    accuracy: float
    rule: float
    gain: tuple[float, float, float]


def fit_identifier(events: Sequence[Event], *, scenes: Iterable[str]) -> FittedClassifier | None:
    """Learn from all events, if that is surely better on the newest fifth; None for too few.

    Args:
        events: everybody's, in order of time.
        scenes: that can be asked for.
    """
    wanted = set(scenes)
    told = [event for event in events if event.scene in wanted]
    columns = columns_of(told[-MOST:])
    found = moments(told, columns=columns)
    known, tried = older(found)
    first, _ = older(known)
    if len(tried.at) < FEWEST or len(np.unique(first.scenes)) < 2:
        return None
    ridge = best_ridge(known)
    said: Indices = regressed(known, ridge=ridge).predict(tried.rows)
    busiest = int(np.bincount(known.scenes).argmax())
    right = said == tried.scenes
    # Beside both rules: it is to be surely better than either.
    gain, ruled = min(
        (
            (interval(right.astype(np.float64) - ruled, people=tried.people), float(ruled.mean()))
            for ruled in (rule == tried.scenes for rule in tried.rules(busiest))
        ),
        key=lambda pair: pair[0][1],
    )
    return FittedClassifier(
        identifier=_identifier(found, columns, ridge, gain) if gain[1] > 0 else None,
        moments=len(tried.at),
        accuracy=float(right.mean()),
        rule=ruled,
        gain=gain,
    )


def columns_of(events: Sequence[Event]) -> Columns:
    """Columns for the events' scenes, and for the devices and places that most of them tell."""
    return Columns(
        scenes=tuple(sorted({event.scene for event in events})),
        devices=_frequent(event.device for event in events),
        places=_frequent(event.place for event in events),
    )


def moments(events: Sequence[Event], *, columns: Columns) -> Moments:
    """The newest 50,000 events as moments; events at one time know nothing of each other.

    Args:
        events: everybody's, in order of time.
        columns: what moments are described by.
    """
    numbers = {name: at for at, name in enumerate(columns.scenes)}
    number = len(numbers)
    histories: dict[str, list[tuple[int, datetime]]] = {}
    people: list[str] = []
    rows: list[Floats32] = []
    facts: list[tuple[int, int, float]] = []
    told = [event for event in events if event.scene in numbers]
    for place, event in enumerate(told):
        history = histories.setdefault(event.user_id, [])
        if place >= len(told) - MOST:
            before = [each for each in history if each[1] < event.at][: -NEWEST - 1 : -1]
            codes = np.asarray([code for code, _ in before], dtype=np.intp)
            ages = np.asarray([(event.at - at).total_seconds() / 86400 for _, at in before])
            context = Context(at=event.at, device=event.device, place=event.place)
            own = scene_columns(codes, ages, number=number)
            rows.append(np.concatenate([own, columns.context_columns(context)]))
            people.append(event.user_id)
            last = before[0][0] if before else -1
            facts.append((numbers[event.scene], last, event.at.timestamp()))
        history.append((numbers[event.scene], event.at))
        del history[: -2 * NEWEST]
    kept = np.asarray(facts).reshape(-1, 3)
    return Moments(
        people=people,
        rows=np.asarray(rows, dtype=np.float32),
        scenes=kept[:, 0].astype(np.intp),
        last=kept[:, 1].astype(np.intp),
        at=kept[:, 2],
    )


def older(found: Moments) -> tuple[Moments, Moments]:
    """The moments before the newest fifth, and these."""
    cut = np.quantile(found.at, 1 - SHARE) if len(found.at) else 0.0
    return found.of(found.at <= cut), found.of(found.at > cut)


def regressed(known: Moments, *, ridge: float) -> Any:
    """scikit-learn's multinomial logistic regression of the moments on standardised columns.

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
    """The penalty under which the newest fifth of the moments is likeliest, by the others."""
    first, newer = older(known)
    return min(RIDGES, key=lambda ridge: log_loss(regressed(first, ridge=ridge), newer))


def log_loss(model: Any, tried: Moments) -> float:
    """Mean negative log probability of the right scene; an unseen one has next to none."""
    classes: list[int] = model.classes_.tolist()
    said = np.full((len(tried.at), max(*classes, *tried.scenes.tolist()) + 1), _LEAST)
    said[:, classes] = model.predict_proba(tried.rows)
    chosen = said[np.arange(len(said)), tried.scenes].clip(min=_LEAST)
    return float(-np.log(chosen).mean())


def _identifier(
    found: Moments, columns: Columns, ridge: float, gain: tuple[float, float, float]
) -> SceneClassifier:
    """The regression of all moments, with the columns' scales within its weights."""
    scaler, regression = regressed(found, ridge=ridge)
    weights = regression.coef_ / scaler.scale_
    intercepts = regression.intercept_ - weights @ scaler.mean_
    if len(intercepts) == 1:  # of two scenes, scikit-learn has the odds of the second
        weights, intercepts = np.vstack([0 * weights, weights]), np.append(0.0, intercepts)
    learned = [weights.tolist(), intercepts.tolist()]
    hashed = hashlib.blake2b(orjson.dumps([columns, *learned]), digest_size=6)
    hashed.update(found.rows.tobytes() + found.scenes.tobytes())
    return SceneClassifier(
        name=hashed.hexdigest(),
        columns=columns,
        weights=tuple(map(tuple, learned[0])),
        intercepts=tuple(learned[1]),
        told={
            "moments": str(len(found.at)),
            "C": f"{ridge:g}",
            "gain over the rule": f"{gain[0]:+.3f} [{gain[1]:+.3f}, {gain[2]:+.3f}]",
        },
    )


def _frequent(names: Iterable[str]) -> tuple[str, ...]:
    counted = Counter(filter(None, names))
    return tuple(sorted(name for name, _ in counted.most_common(NAMED)))

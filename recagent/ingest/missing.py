"""Values for what is missing in a column: a statistic of it, or a prediction from the others.

Pure functions; which items are meant, and what is reported, is decided in ``cleaning``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import import_module
from statistics import fmean, median
from typing import Any, cast

import numpy as np

from recagent.config.data_sections import Missing
from recagent.domain import Value

Column = Sequence[Value | None]

ENOUGH = 10  # known values, below which nothing is predicted
_COMMON = 30  # values of a text or list attribute that become a feature each


def filled(column: Column, method: Missing, *, others: Mapping[str, Column]) -> list[Value] | None:
    """Returns a value for every missing one, in order; None where the column does not allow it.

    Args:
        column: with at least one missing value.
        method: any but ``leave`` and ``drop``.
        others: the other attributes of the same items, for ``predict``.
    """
    known = [value for value in column if value is not None]
    holes = len(column) - len(known)
    if method == "predict":
        return _predicted(column, others) if len(known) >= ENOUGH else None
    if not known:
        return None
    if method == "most_frequent":
        # Of equally frequent ones the first in sorted order, so that the rows' order is no matter.
        value = min(Counter(known).items(), key=lambda pair: (-pair[1], str(pair[0])))[0]
        return [value] * holes
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in known):
        return None
    numbers = cast("list[float]", known)
    statistic = {"mean": fmean, "median": median, "min": min, "max": max}[method](numbers)
    return [_like(statistic, known)] * holes


def _like(number: float, known: Sequence[Value]) -> Value:
    """Returns whole where all known values are."""
    return round(number) if all(isinstance(value, int) for value in known) else float(number)


def _predicted(column: Column, others: Mapping[str, Column]) -> list[Value] | None:
    """Returns a random forest's answer from the other attributes.

    Source: Breiman, "Random forests", Machine Learning 45, 2001; as implemented by scikit-learn.
    """
    features = _features(others, len(column))
    if features.shape[1] == 0:
        return None
    known = np.asarray([value is not None for value in column])
    values = [value for value in column if value is not None]
    ensemble: Any = import_module("sklearn.ensemble")  # two seconds, no stubs
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        model = ensemble.RandomForestRegressor(random_state=0, n_jobs=1)
        model.fit(features[known], np.asarray(values, dtype=np.float64))
        return [_like(float(value), values) for value in model.predict(features[~known])]
    names = [repr(value) for value in values]
    back = dict(zip(names, values, strict=True))
    model = ensemble.RandomForestClassifier(random_state=0, n_jobs=1)
    model.fit(features[known], names)
    return [back[str(name)] for name in model.predict(features[~known])]


def _features(others: Mapping[str, Column], rows: int) -> Any:
    """Returns (rows, n) float64: numbers, NaN where missing, and frequent words as 0 and 1."""
    columns: list[list[float]] = []
    for name in sorted(others):
        column = others[name]
        if all(value is None or isinstance(value, int | float) for value in column):
            columns.append(
                [np.nan if value is None else float(cast("float", value)) for value in column]
            )
            continue
        words = [_words(value) for value in column]
        counts = Counter(word for words_of_row in words for word in words_of_row)
        common = sorted(counts, key=lambda word, counts=counts: (-counts[word], word))[:_COMMON]
        columns.extend([float(word in words_of_row) for words_of_row in words] for word in common)
    if not columns:
        return np.zeros((rows, 0))
    largest = float(np.finfo(np.float32).max)  # scikit-learn's trees compute in float32
    return np.clip(np.asarray(columns, dtype=np.float64).T, -largest, largest)


def _words(value: Value | None) -> frozenset[str]:
    if value is None:
        return frozenset()
    return frozenset(value) if isinstance(value, tuple) else frozenset([str(value)])

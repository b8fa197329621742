"""What says without a model which films a dialogue asks for, and how the signals are joined.

A choice among all films is explained by a conditional logit over five signals; counts and weights
are learned from the dialogues that are given, and asked of others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
import numpy as np
from scipy import sparse
from scipy.optimize import minimize

from recagent.domain import Case, Item
from recagent.ports import Embedder
from recagent.retrieval import Interactions
from recagent.retrieval.sources.bm25 import tokens

SIGNALS = ("named in dialogues", "named together", "text", "item-kNN", "genres")
COUNTED = SIGNALS[:2]  # learned from dialogues
FOLDS = 5
_OTHERS = 400  # films that a choice is learned against
_SHRINK, _SHRINK_FEW = 1e-3, 1e-2

Values = np.ndarray
Array = np.ndarray


def genres_of(item: Item) -> tuple[str, ...]:
    """The genres of a film; none where none is told."""
    told = item.attributes.get("genres", ())
    return told if isinstance(told, tuple) else ()


def asked_by(case: Case) -> str:
    """What the one who asks has said: the two take turns, and the last utterance is theirs."""
    return " ".join([*case.dialogue, case.wish][::-1][::2][::-1])


def fold_of(case: Case) -> int:
    """The fold of a dialogue, whatever its turn."""
    return sum(case.user_id.encode()) % FOLDS


@dataclass(frozen=True)
class Counts:
    """In how many dialogues each film is named or recommended, and in how many both of two are."""

    named: Array  # (n,)
    together: Any  # (n, n) sparse


class Films:
    """The catalogue, and what each signal that is not learned from dialogues says of it."""

    def __init__(self, items: Sequence[Item], *, events: Interactions, embedder: Embedder) -> None:
        self.items, self.ids = items, [item.id for item in items]
        self.row = {key: row for row, key in enumerate(self.ids)}
        self._events, self._embedder = events, embedder
        vectors = anyio.run(
            partial(embedder.embed, role="passage"), [item.document() for item in items]
        )
        self._mean = vectors.mean(axis=0)
        self._plain, self._vectors = vectors, _unit(vectors - self._mean)
        self._columns = [self.row[key] for key in events.likes]
        self.likes = np.asarray([events.likes.get(key, 0) for key in self.ids], dtype=np.float64)
        genres = sorted({genre for item in items for genre in genres_of(item)})
        self._genres = np.asarray(
            [[genre in genres_of(item) for genre in genres] for item in items], dtype=np.float64
        )

    def shown(self, item_id: str) -> str:
        """A film in a line: title, year and genres."""
        item = self.items[self.row[item_id]]
        return f"{item.title} ({item.attributes['year']}) - {', '.join(genres_of(item))}"

    def rows(self, case: Case) -> list[int]:
        """Rows of the films that were named before."""
        return [self.row[event.item_id] for event in case.history]

    def targets(self, case: Case) -> list[int]:
        """Rows of the films that are recommended, the first one first."""
        return [self.row[key] for key in case.judgments]

    def named(self, cases: Sequence[Case]) -> Array:
        """(cases, n) bool."""
        found = np.zeros((len(cases), len(self.ids)), dtype=bool)
        for at, case in enumerate(cases):
            found[at, self.rows(case)] = True
        return found

    def text(self, cases: Sequence[Case], *, plain: bool = False) -> Array:
        """(cases, n) cosines with what was asked; of vectors less their mean, unless plain."""
        asked = anyio.run(
            partial(self._embedder.embed, role="query"), [asked_by(case) for case in cases]
        )
        if plain:
            return asked @ self._plain.T
        return _unit(asked - self._mean) @ self._vectors.T

    def bm25(self, cases: Sequence[Case]) -> Array:
        """(cases, n) BM25 of what was asked over the films' documents."""
        import bm25s  # noqa: PLC0415 - half a second

        ranker = bm25s.BM25()
        ranker.index([tokens(item.document()) for item in self.items], show_progress=False)
        return np.stack([ranker.get_scores(tokens(asked_by(case))) for case in cases])

    def neighbours(self, cases: Sequence[Case]) -> Array:
        """(cases, n) item-kNN of the films that were named, in the catalogue's ratings."""
        found = np.zeros((len(cases), len(self.ids)))
        for at, case in enumerate(cases):
            liked = {event.item_id: 1.0 for event in case.history}
            found[at, self._columns] = self._events.neighbours(liked)
        return found

    def genres(self, named: Array) -> Array:
        """(cases, n) how much of the named films' genres a film has."""
        wanted = named @ self._genres
        wanted /= np.maximum(wanted.sum(axis=1, keepdims=True), 1.0)
        own = np.sqrt(np.maximum(self._genres.sum(axis=1), 1.0))
        return wanted @ (self._genres / own[:, None]).T

    def counts(self, cases: Sequence[Case]) -> Counts:
        """What these dialogues name and recommend."""
        dialogues: dict[str, set[int]] = {}
        for case in cases:
            dialogues.setdefault(case.user_id, set()).update(self.rows(case), self.targets(case))
        pairs = [(at, row) for at, rows in enumerate(dialogues.values()) for row in sorted(rows)]
        where, films = np.asarray(pairs, dtype=np.intp).reshape(-1, 2).T
        shape = (len(dialogues), len(self.ids))
        told = sparse.csr_matrix((np.ones(len(films)), (where, films)), shape=shape)
        return Counts(named=np.asarray(told.sum(axis=0)).ravel(), together=told.T @ told)

    def fixed(self, cases: Sequence[Case]) -> Array:
        """(cases, n, 3) the signals that no dialogue teaches, in the order of ``SIGNALS``."""
        text = self.text(cases)
        text = (text - text.mean(axis=1, keepdims=True)) / text.std(axis=1, keepdims=True)
        near = np.sqrt(_of_most(self.neighbours(cases)))
        return np.stack([text, near, self.genres(self.named(cases))], axis=-1).astype(np.float32)

    def counted(self, cases: Sequence[Case], counts: Counts) -> Array:
        """(cases, n, 2) the signals that other dialogues teach, in the order of ``SIGNALS``."""
        roots = np.sqrt(counts.named + 1.0)
        named = self.named(cases).astype(np.float64)
        together = _of_most(np.asarray((counts.together.T @ (named / roots).T).T) / roots)
        popular = np.broadcast_to(np.log1p(counts.named), named.shape)
        return np.stack([popular, together], axis=-1).astype(np.float32)


def joined(
    films: Films,
    learn: Sequence[Case],
    asked: Sequence[Case],
    *,
    fixed: tuple[Array, Array],
    counts: bool = True,
) -> tuple[Array, Array]:
    """(asked, n) scores of the signals joined, and their weights.

    Weights are learned on ``learn``, whose own counts are of the other folds' dialogues.

    Args:
        films: the catalogue.
        learn: turns that may be learned from.
        asked: turns of other dialogues.
        fixed: ``films.fixed`` of both.
        counts: whether signals that dialogues teach are among them.
    """
    signals, wanted = fixed
    if counts:
        folds = np.asarray([fold_of(case) for case in learn])
        own = np.zeros((*signals.shape[:2], len(COUNTED)), dtype=np.float32)
        for fold in set(folds.tolist()):
            here = np.flatnonzero(folds == fold)
            others = films.counts([case for case in learn if fold_of(case) != fold])
            own[here] = films.counted([learn[at] for at in here], others)
        signals = np.concatenate([own, signals], axis=-1)
        wanted = np.concatenate([films.counted(asked, films.counts(learn)), wanted], axis=-1)
    weights = _choice_weights(films, learn, signals)
    return wanted @ weights.astype(np.float32), weights


def out_of_fold(films: Films, cases: Sequence[Case], *, counts: bool = True) -> tuple[Array, Array]:
    """(cases, n) scores of the signals joined, each learned on the other folds; mean weights."""
    fixed, folds = films.fixed(cases), np.asarray([fold_of(case) for case in cases])
    scores = np.zeros(fixed.shape[:2], dtype=np.float32)
    weights = []
    for fold in range(FOLDS):
        here, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        scores[here], each = joined(
            films,
            [cases[at] for at in rest],
            [cases[at] for at in here],
            fixed=(fixed[rest], fixed[here]),
            counts=counts,
        )
        weights.append(each)
    return scores, np.mean(weights, axis=0)


def popular_elsewhere(films: Films, cases: Sequence[Case]) -> Array:
    """(cases, n) how often a film is the one recommended, in the dialogues of the other folds."""
    scores = np.zeros((len(cases), len(films.ids)))
    for fold in range(FOLDS):
        targets = [r for case in cases if fold_of(case) != fold for r in films.targets(case)]
        here = [at for at, case in enumerate(cases) if fold_of(case) == fold]
        scores[here] = np.bincount(targets, minlength=len(films.ids))
    return scores


def joined_with_model(
    base: Array,
    orders: Sequence[Sequence[Sequence[int]]],
    *,
    cases: Sequence[Case],
    named: Array,
    chosen: Array,
) -> tuple[Array, Array]:
    """(cases, n) scores of what ranks without a model and a model's orders, learned out of fold.

    Args:
        base: (cases, n) scores without the model.
        orders: of each of its orders the rows of the films, by case.
        cases: whose folds count.
        named: (cases, n) bool, what must not come.
        chosen: (cases,) row of the first target.

    Of an order two signals are read: whether a film is in it, and 1 / log2(rank + 1).
    """
    signals = [base - np.log(np.exp(base).sum(axis=1, keepdims=True))]
    for order in orders:
        is_there, high = np.zeros_like(base), np.zeros_like(base)
        for at, rows in enumerate(order):
            is_there[at, rows] = 1.0
            high[at, rows] = 1 / np.log2(np.arange(len(rows)) + 2)
        signals += [is_there, high]
    offered, folds = np.stack(signals, axis=-1), np.asarray([fold_of(case) for case in cases])
    scores, weights = np.zeros_like(base), []
    for fold in range(FOLDS):
        rest = folds != fold
        found = _fitted(offered[rest], out=named[rest], chosen=chosen[rest], shrink=_SHRINK_FEW)
        scores[~rest] = offered[~rest] @ found
        weights.append(found)
    return scores, np.mean(weights, axis=0)


def _choice_weights(films: Films, cases: Sequence[Case], signals: Array) -> Array:
    """Weights of a conditional logit: the first target against films drawn by chance."""
    chance = np.random.default_rng(0)
    number = len(films.ids)
    chosen = np.asarray([films.targets(case)[0] for case in cases])[:, None]
    drawn = np.stack([chance.choice(number, min(_OTHERS, number), replace=False) for _ in cases])
    rows = np.concatenate([chosen, drawn], axis=1)
    at = np.arange(len(cases))[:, None]
    out = films.named(cases)[at, rows]
    out[:, 1:] |= drawn == chosen
    first = np.zeros(len(cases), dtype=np.intp)
    return _fitted(signals[at, rows].astype(np.float64), out=out, chosen=first, shrink=_SHRINK)


def _fitted(offered: Array, *, out: Array, chosen: Array, shrink: float) -> Array:
    """Weights by which the chosen films are most likely among those that are offered.

    ``offered`` (cases, m, d); ``out`` (cases, m) bool, what cannot be chosen; ``chosen`` (cases,).
    """
    at = np.arange(len(chosen))
    out = out.copy()
    out[at, chosen] = False
    wanted = offered[at, chosen]

    def loss(weights: Array) -> tuple[float, Array]:
        scores = offered @ weights
        scores[out] = -np.inf
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        total = shares.sum(axis=1, keepdims=True)
        shares /= total
        surprise = np.log(total[:, 0]) - scores[at, chosen]
        expected = np.einsum("cm,cmd->cd", shares, offered)
        slope = (expected - wanted).mean(axis=0) + 2 * shrink * weights
        return float(surprise.mean() + shrink * (weights @ weights)), slope

    return minimize(loss, np.zeros(offered.shape[2]), jac=True, method="L-BFGS-B").x


def _of_most(scores: Array) -> Array:
    """Each row relative to its largest value; zeros where it has none."""
    most = scores.max(axis=1, keepdims=True)
    return np.divide(scores, most, out=np.zeros_like(scores), where=most > 0)


def _unit(vectors: Array) -> Array:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)

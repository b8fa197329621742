"""Matrix factorisation of who liked what, by the library implicit: ALS and BPR.

Fitted once, at the first question, on one thread, so that the same seed gives the same factors.
Nothing in it was chosen on people that are reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import anyio
import numpy as np
from anyio import to_thread

from recagent.domain import Event, RatingScale
from recagent.offline.optional_libraries import optional_library
from recagent.ports import ItemIndex, Query
from recagent.profiles.building import is_liked

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix, Vector


Method = Literal["als", "bpr"]

# Alpha is the paper's. Factors and regularisation: the best of six on the demo's validation people
# (nDCG@10 .394; .355 with the library's 100 and 0.01). BPR's are the library's own.
ALS: Mapping[str, Any] = {"factors": 32, "regularization": 10.0, "alpha": 40.0, "iterations": 15}
BPR: Mapping[str, Any] = {
    "factors": 100, "learning_rate": 0.01, "regularization": 0.01, "iterations": 100,
}  # fmt: skip


class FactorBaseline:
    """Scores items for a person by the product of their vectors.

    With ALS the person's vector is solved for anew from what they like at the time of the question.
    With BPR it is the fitted one, or for a person without likes in training the mean of the vectors
    of what they like.

    Source: Hu, Koren, Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM
    2008; Rendle, Freudenthaler, Gantner, Schmidt-Thieme, "BPR: Bayesian personalized ranking from
    implicit feedback", UAI 2009; as implemented by implicit.
    """

    def __init__(
        self,
        method: Method,
        index: ItemIndex,
        *,
        training: Sequence[Event],
        scale: RatingScale,
        seed: int,
    ) -> None:
        """Takes what is fitted at the first question.

        Raises:
            ConfigError: implicit is not installed.
        """
        self.name: str = method
        self._index = index
        self._training = training
        self._scale = scale
        self._seed = seed
        self._library = optional_library(f"implicit.{method}")
        self._threads = optional_library("threadpoolctl")
        self._sparse = optional_library("scipy.sparse")
        self._fitting = anyio.Lock()
        self._model: Any = None
        self._users: dict[str, int] = {}
        self._columns: dict[str, int] = {}

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        async with self._fitting:
            if self._model is None:
                self._model = await to_thread.run_sync(self._fit)
        items = await self._index.items(query.scene.name)
        person = self._person_vector(query)
        if person is None:
            return []
        columns = [
            (item_id, column)
            for item_id, column in self._columns.items()
            if item_id in items and item_id not in query.exclude
        ]
        factors: Matrix = self._model.item_factors
        scores: Vector = factors[[column for _, column in columns]] @ person
        order: list[int] = np.argsort(-scores, kind="stable").tolist()
        return [(columns[row][0], float(scores[row])) for row in order[:limit]]

    def _fit(self) -> Any:
        rows, columns = list[int](), list[int]()
        for event in self._training:
            if is_liked(event, self._scale):
                rows.append(self._users.setdefault(event.user_id, len(self._users)))
                columns.append(self._columns.setdefault(event.item_id, len(self._columns)))
        shape = (len(self._users), len(self._columns))
        matrix = self._sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape)
        matrix.data[:] = 1.0  # who liked a thing twice is one person
        if not rows:
            return _NoFactors
        # The library wants BLAS on one thread, and warns where it is not.
        with self._threads.threadpool_limits(1, "blas"):
            if self.name == "als":
                model = self._library.AlternatingLeastSquares(
                    **ALS, num_threads=1, random_state=self._seed
                )
            else:
                model = self._library.BayesianPersonalizedRanking(
                    **BPR, num_threads=1, random_state=self._seed
                )
            model.fit(matrix, show_progress=False)
        return model

    def _person_vector(self, query: Query) -> Vector | None:
        """Returns the person's vector; None for one without known likes."""
        liked = [self._columns[key] for key in query.profile.liked if key in self._columns]
        row = self._users.get(query.profile.user.id)
        if self.name == "bpr" and row is not None:
            return self._model.user_factors[row]
        if not liked:
            return None
        if self.name == "bpr":
            mean: Vector = self._model.item_factors[liked].mean(axis=0)
            mean[-1] = 1.0  # the last column holds the items' biases, and 1 for every person
            return mean
        likes = self._sparse.csr_matrix(
            (np.ones(len(liked), np.float32), ([0] * len(liked), liked)), (1, len(self._columns))
        )
        with self._threads.threadpool_limits(1, "blas"):
            return self._model.recalculate_user(0, likes)


class _NoFactors:
    """Stands for a model where nobody liked anything."""

    item_factors = np.zeros((0, 1), dtype=np.float32)

# /// script
# requires-python = ">=3.11"
# dependencies = ["lenskit>=2025.8,<2026", "numpy>=2", "scipy>=1.13"]
# ///
"""Item-kNN, ALS and BPR of LensKit (MIT): ``lenskit_models.py item-knn FOLDER``.

The library's own settings, but for the few that are chosen on held-out likes of training. Its BPR
knows only the people of training.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

import lenskit
import numpy as np
import pandas as pd
from files import Case, Problem, Scorer, answer_cases, chosen
from lenskit.als import ImplicitMFScorer
from lenskit.data import ItemList, RecQuery, from_interactions_df
from lenskit.flexmf import FlexMFImplicitScorer
from lenskit.knn import ItemKNNScorer
from lenskit.training import TrainingOptions

SETTINGS: dict[str, tuple[dict[str, Any], ...]] = {
    "item-knn": ({"max_nbrs": 20}, {"max_nbrs": 100}),
    "als": ({"embedding_size": 32}, {"embedding_size": 64}),
    "bpr": ({"embedding_size": 64, "epochs": 10},),
}
SCORERS: dict[str, Callable[..., Any]] = {
    "item-knn": lambda **given: ItemKNNScorer(feedback="implicit", **given),
    "als": ImplicitMFScorer,
    "bpr": lambda **given: FlexMFImplicitScorer(loss="pairwise", **given),
}


def learn(name: str, problem: Problem, setting: dict[str, Any]) -> Scorer:
    """Returns a scorer by a model of LensKit."""
    likes = pd.DataFrame(problem.likes, columns=["user_id", "item_id"])
    data = from_interactions_df(likes)
    scorer = SCORERS[name](**setting)
    scorer.train(data, TrainingOptions(rng=0, device="cpu"))
    ids = list(problem.rows)
    items = ItemList(item_ids=ids)
    users = problem.people()

    def score(case: Case) -> np.ndarray:
        history = ItemList(item_ids=[item for item in case.liked if item in problem.rows])
        user = case.user if case.user in users else None
        query = RecQuery(user_id=user, user_items=history)
        scores = scorer(query, items).scores("numpy")
        if scores is None:
            return np.zeros(len(ids))
        return np.nan_to_num(np.asarray(scores, dtype=np.float64), nan=-1e9)

    return score


if __name__ == "__main__":
    logging.getLogger("lenskit").setLevel(logging.ERROR)
    name = next((word for word in sys.argv[1:] if word in SCORERS), "item-knn")
    answer_cases(
        f"lenskit {lenskit.__version__}",
        lambda problem: chosen(
            problem, SETTINGS[name], lambda some, setting: learn(name, some, setting)
        ),
    )

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
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from files import Case, Problem, Scorer, answer_cases, chosen

SETTINGS: dict[str, tuple[dict[str, Any], ...]] = {
    "item-knn": ({"max_nbrs": 20}, {"max_nbrs": 100}),
    "als": ({"embedding_size": 32}, {"embedding_size": 64}),
    "bpr": ({"embedding_size": 64, "epochs": 10},),
}


def made(name: str, setting: dict[str, Any]) -> Any:
    """Returns an untrained model; the library takes seconds to import, which a check need not."""
    from lenskit.als import ImplicitMFScorer  # noqa: PLC0415
    from lenskit.flexmf import FlexMFImplicitScorer  # noqa: PLC0415
    from lenskit.knn import ItemKNNScorer  # noqa: PLC0415

    match name:
        case "item-knn":
            return ItemKNNScorer(feedback="implicit", **setting)
        case "als":
            return ImplicitMFScorer(**setting)
        case _:
            return FlexMFImplicitScorer(loss="pairwise", **setting)


def learn(name: str, problem: Problem, setting: dict[str, Any]) -> Scorer:
    """Returns a scorer by a model of LensKit."""
    from lenskit.data import ItemList, RecQuery, from_interactions_df  # noqa: PLC0415
    from lenskit.training import TrainingOptions  # noqa: PLC0415

    likes = pd.DataFrame(problem.likes, columns=["user_id", "item_id"])
    data = from_interactions_df(likes)
    scorer = made(name, setting)
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
    name = next((word for word in sys.argv[1:] if word in SETTINGS), "item-knn")
    answer_cases(
        f"lenskit {version('lenskit')}",
        lambda problem: chosen(
            problem, SETTINGS[name], lambda some, setting: learn(name, some, setting)
        ),
    )

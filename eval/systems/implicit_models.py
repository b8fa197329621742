# /// script
# requires-python = ">=3.11"
# dependencies = ["implicit>=0.7.3,<0.8", "numpy>=2", "scipy>=1.13", "threadpoolctl>=3.5"]
# ///
"""Item-kNN, ALS and BPR of the library implicit (MIT): ``implicit_models.py item-knn FOLDER``.

The library's own settings, but for the few that are chosen on held-out likes of training.
"""

from __future__ import annotations

import sys

import implicit
import numpy as np
from files import Case, Problem, Scorer, answer_cases, chosen
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import CosineRecommender
from threadpoolctl import threadpool_limits

SETTINGS = {
    "item-knn": (20, 100, 500),  # neighbours of an item
    "als": ((32, 10.0), (64, 0.01)),  # factors, regularisation
    "bpr": ((64, 100), (64, 300)),  # factors, passes
}


def item_knn(problem: Problem, neighbours: int) -> Scorer:
    """Returns a scorer by the summed cosine similarity to what the person likes."""
    model = CosineRecommender(K=neighbours, num_threads=1)
    model.fit(problem.matrix(), show_progress=False)

    def score(case: Case) -> np.ndarray:
        return np.asarray((problem.vector(case) @ model.similarity).todense()).ravel()

    return score


def als(problem: Problem, setting: tuple[int, float]) -> Scorer:
    """Returns a scorer by factors; a person's vector is solved for from what they like now."""
    factors, regularization = setting
    model = AlternatingLeastSquares(
        factors=factors, regularization=regularization, alpha=40.0, num_threads=1, random_state=0
    )
    model.fit(problem.matrix(), show_progress=False)

    def score(case: Case) -> np.ndarray:
        if not case.liked:
            return np.zeros(len(problem.rows))
        return model.item_factors @ model.recalculate_user(0, problem.vector(case))

    return score


def bpr(problem: Problem, setting: tuple[int, int]) -> Scorer:
    """Returns a scorer by factors; of a new person, by the mean of what they like."""
    factors, passes = setting
    model = BayesianPersonalizedRanking(
        factors=factors, iterations=passes, num_threads=1, random_state=0
    )
    model.fit(problem.matrix(), show_progress=False)
    users = problem.people()

    def score(case: Case) -> np.ndarray:
        liked = [problem.rows[item] for item in case.liked if item in problem.rows]
        if case.user in users:
            person = model.user_factors[users[case.user]]
        elif liked:
            person = model.item_factors[liked].mean(axis=0)
            person[-1] = 1.0  # the last column holds the items' biases, and 1 for every person
        else:
            person = np.zeros(model.item_factors.shape[1])
            person[-1] = 1.0
        return model.item_factors @ person

    return score


MODELS = {"item-knn": item_knn, "als": als, "bpr": bpr}

if __name__ == "__main__":
    name = next(word for word in sys.argv[1:] if word in MODELS)
    with threadpool_limits(1, "blas"):  # as the library asks for
        answer_cases(
            f"implicit {implicit.__version__}",
            lambda problem: chosen(problem, SETTINGS[name], MODELS[name]),
        )

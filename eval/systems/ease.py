# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy>=2", "scipy>=1.13"]
# ///
"""EASE^R: a linear model whose item-item weights have a closed form, in a few lines of numpy.

Of a catalogue with more liked items than ``MOST`` the most liked count; the others score 0.

Source: Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019, arXiv 1905.03375.
"""

from __future__ import annotations

import numpy as np
from files import Case, Problem, Scorer, answer_cases, chosen

MOST = 4000  # items: the inverse of so many takes seconds and 128 MB
PENALTIES = (100.0, 500.0)


def learn(problem: Problem, penalty: float) -> Scorer:
    """Returns a scorer with the weights B = I - P / diag(P), P = inverse of X'X + penalty."""
    matrix = problem.matrix()
    likes = np.asarray(matrix.sum(axis=0)).ravel()
    kept = np.sort(np.argsort(-likes, kind="stable")[: min(MOST, int((likes > 0).sum()))])
    gram = (matrix[:, kept].T @ matrix[:, kept]).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += penalty
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)

    def score(case: Case) -> np.ndarray:
        scores = np.zeros(len(problem.rows))
        scores[kept] = problem.vector(case)[:, kept] @ weights
        return scores

    return score


if __name__ == "__main__":
    answer_cases(f"numpy {np.__version__}", lambda problem: chosen(problem, PENALTIES, learn))

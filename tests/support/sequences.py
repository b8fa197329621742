"""Weights of sequence models drawn by chance, for tests: small, and far from symmetric."""

import numpy as np

from recagent.retrieval.sequence_encoder import SequenceWeights, shapes


def weights(seed=0, *, length=6, d=8, e=2, heads=2, h=12):
    draws = np.random.default_rng(seed)
    sizes = shapes(length=length, d=d, e=e, heads=heads, h=h)
    return SequenceWeights(
        **{
            name: draws.normal(size=shape, scale=0.5).astype(np.float32)
            for name, shape in sizes.items()
        }
    )


def unit_rows(n, d=8, *, seed=1):
    rows = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)

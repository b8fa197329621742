"""Makes tests/sequence.npz with torch: weights by chance, and what they make of a row.

Run where torch is: ``PYTHONPATH=tests/support python tests/tune/make_golden.py``.
"""

from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from sequences import unit_rows, weights

from recagent.training.attention import encode_all

w = weights()
arrays = {field.name: getattr(w, field.name) for field in fields(w)}
vectors = unit_rows(6)
rows = np.stack([vectors, unit_rows(6, seed=2)])
rows[0, 4:] = 0.5  # behind the end of the first row
stream = encode_all(
    torch,
    {name: torch.from_numpy(each) for name, each in arrays.items()},
    vectors=torch.from_numpy(rows),
    dropout=0.0,
)
np.savez_compressed(
    Path(__file__).parents[1] / "sequence.npz",
    vectors=vectors[:4],
    stream=stream[0, :4].numpy(),
    **arrays,
)

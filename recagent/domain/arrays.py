"""The types of numpy arrays, by what they hold.

Import them under ``TYPE_CHECKING``: annotations alone need them, and numpy loads late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]  # (d,): an embedding, a taste
    Matrix = NDArray[np.float32]  # (n, d): one vector a row
    Floats32 = NDArray[np.float32]  # of any shape: a network's weights
    Floats = NDArray[np.float64]  # of any shape: scores, features, measures
    Flags = NDArray[np.bool_]
    Indices = NDArray[np.intp]
    Integers = NDArray[np.int64]
    Integers32 = NDArray[np.int32]

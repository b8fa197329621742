"""A person's newest items to one unit vector, by causal self-attention, in numpy alone.

The items' own unit vectors stand elsewhere, in the index: what is near the person's vector by
cosine is likely to be next. Training is in ``training.sequence_training``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from recagent.errors import DataError

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats32


_TINY = 1e-5  # added to variances, as torch's layer_norm does


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SequenceWeights:
    """What the blocks have learned: all float32, ``e`` blocks, ``d`` wide, ``h`` inside.

    Attributes:
        scale: (1,) what items' unit vectors are multiplied with on their way in.
        places: (length, d) added to the item at each place, the oldest at the first.
        distances: (e, heads, length) added to attention, by how many items back it looks.
        norm: (e, 2, d) gain and shift before attention.
        read: (e, d, 3d) queries, keys and values of all heads, side by side.
        read_shift: (e, 3d).
        write: (e, d, d) what attention found, back into the stream.
        write_shift: (e, d).
        inner_norm: (e, 2, d) gain and shift before the two inner layers.
        widen: (e, d, h).
        widen_shift: (e, h).
        narrow: (e, h, d).
        narrow_shift: (e, d).
        last_norm: (2, d) gain and shift of what comes out.
    """

    scale: Floats32
    places: Floats32
    distances: Floats32
    norm: Floats32
    read: Floats32
    read_shift: Floats32
    write: Floats32
    write_shift: Floats32
    inner_norm: Floats32
    widen: Floats32
    widen_shift: Floats32
    narrow: Floats32
    narrow_shift: Floats32
    last_norm: Floats32

    @property
    def length(self) -> int:
        """How many of a person's newest items are read."""
        return len(self.places)

    @property
    def dimension(self) -> int:
        """Of item vectors and person vectors."""
        return self.places.shape[1]


def encode(vectors: Floats32, weights: SequenceWeights) -> Floats32:
    """The person's vector, (d,) float32 of length 1.

    Args:
        vectors: (l, d) unit rows of what the person took, oldest first, at least one; of more than
            ``weights.length`` the newest are read.
        weights: as trained together with the items' vectors.

    Source: Kang, McAuley, "Self-attentive sequential recommendation", ICDM 2018; norms before the
    blocks as in Xiong et al., "On layer normalization in the transformer architecture", ICML 2020.
    """
    w = weights
    vectors = vectors[-w.length :]
    heads = w.distances.shape[1]
    x = vectors * w.scale + w.places[: len(vectors)]
    place = np.arange(len(x))
    behind = place[:, None] - place  # how many items the second is before the first
    unseen = np.where(behind < 0, np.float32(-np.inf), np.float32(0.0))
    for e in range(len(w.read)):
        projections = _normed(x, w.norm[e]) @ w.read[e] + w.read_shift[e]
        by_head = projections.reshape(len(x), 3, heads, -1).transpose(1, 2, 0, 3)
        query, key, value = by_head
        logits = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(query.shape[2]))
        shares = _softmax(logits + w.distances[e][:, behind.clip(min=0)] + unseen)
        attention = (shares @ value).transpose(1, 0, 2).reshape(x.shape)
        x = x + attention @ w.write[e] + w.write_shift[e]
        inner = _normed(x, w.inner_norm[e]) @ w.widen[e] + w.widen_shift[e]
        x = x + np.maximum(inner, np.float32(0.0)) @ w.narrow[e] + w.narrow_shift[e]
    person = _normed(x[-1], w.last_norm)
    return person / np.float32(np.linalg.norm(person))


def save_weights(weights: SequenceWeights, path: Path) -> None:
    """Writes one .npz with an array for each field."""
    np.savez(path, **{each.name: getattr(weights, each.name) for each in fields(weights)})


def load_weights(path: Path) -> SequenceWeights:
    """Reads what ``save_weights`` wrote.

    Raises:
        DataError: there is no such file, or its arrays are not those of one model.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name]) for name in file.files}
    except FileNotFoundError as error:
        raise DataError(
            "there is no sequence model at {path!r}; train one first", path=str(path)
        ) from error
    except (OSError, EOFError, ValueError, BadZipFile) as error:
        raise DataError(
            "cannot read sequence model {path!r}: {error}; train it again",
            path=str(path),
            error=error,
        ) from error
    broken = _broken(arrays)
    if broken:
        raise DataError(
            "sequence model {path!r}: {part!r} does not match the other arrays; train it again",
            path=str(path),
            part=broken,
        )
    return SequenceWeights(**{each.name: arrays[each.name] for each in fields(SequenceWeights)})


def _broken(arrays: Mapping[str, Floats32]) -> str:
    """Name of the first array that is missing or has another shape than the others ask for."""
    for name, sides in (("places", 2), ("distances", 3), ("widen", 3)):
        if name not in arrays or arrays[name].ndim != sides:
            return name
    length, d = arrays["places"].shape
    e, heads, _ = arrays["distances"].shape
    if d % heads:
        return "distances"
    wanted = shapes(length=length, d=d, e=e, heads=heads, h=arrays["widen"].shape[2])
    return next((name for name in wanted if not _fits(arrays.get(name), wanted[name])), "")


def _fits(array: Floats32 | None, shape: tuple[int, ...]) -> bool:
    if array is None or array.dtype != np.float32:
        return False
    return array.shape == shape and bool(np.isfinite(array).all())


def shapes(length: int, d: int, e: int, heads: int, h: int) -> dict[str, tuple[int, ...]]:
    """The shape of each field of ``SequenceWeights``, by name."""
    return {
        "scale": (1,),
        "places": (length, d),
        "distances": (e, heads, length),
        "norm": (e, 2, d),
        "read": (e, d, 3 * d),
        "read_shift": (e, 3 * d),
        "write": (e, d, d),
        "write_shift": (e, d),
        "inner_norm": (e, 2, d),
        "widen": (e, d, h),
        "widen_shift": (e, h),
        "narrow": (e, h, d),
        "narrow_shift": (e, d),
        "last_norm": (2, d),
    }


def _normed(x: Floats32, norm: Floats32) -> Floats32:
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + np.float32(_TINY)) * norm[0] + norm[1]


def _softmax(logits: Floats32) -> Floats32:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)

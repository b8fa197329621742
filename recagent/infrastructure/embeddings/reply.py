"""The vectors of an embeddings reply, in OpenAI's shape or nearly, checked."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ValidationError

from recagent.errors import ReplyError
from recagent.locale import AnyText

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix

_SHOWN = 60  # characters of a text in a message


class VectorsError(ReplyError):
    """A reply that is no vector for every text; the same request would get it again."""

    def __init__(self, message: AnyText, /, **values: object) -> None:
        super().__init__(message, reply="", retryable=False, **values)


class _Row(BaseModel):
    index: int | None = None
    embedding: str | list[Any]


class _Rows(BaseModel):
    data: list[_Row]


def vectors_of(reply: object, texts: Sequence[str], *, model: str) -> Matrix:
    """(len(texts), d) float32, in the order of the texts, whatever order the reply has.

    Raises:
        VectorsError: not one vector of finite numbers for every text, all of one length.
    """
    try:
        rows = _Rows.model_validate(reply).data
    except ValidationError as error:
        raise VectorsError(
            "embedder {model!r} did not answer in OpenAI's format: {answer!r}; see that [embedder] "
            "base_url is of a server of embeddings",
            model=model,
            answer=str(reply)[:200],
        ) from error
    if len(rows) != len(texts):
        raise VectorsError(
            "embedder {model!r} gave {got} vectors for {wanted} texts; try [embedder] batch = 1, "
            "or another server",
            model=model,
            got=len(rows),
            wanted=len(texts),
        )
    vectors = [_numbers(row, model=model) for row in _in_order(rows, model=model)]
    lengths = sorted({len(vector) for vector in vectors})
    if len(lengths) > 1:
        raise VectorsError(
            "embedder {model!r} gave vectors of {shortest} and of {longest} numbers in one reply; "
            "its server is broken, or shares requests among different models",
            model=model,
            shortest=lengths[0],
            longest=lengths[-1],
        )
    matrix = np.stack(vectors)
    broken = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
    if len(broken):
        raise VectorsError(
            "embedder {model!r} gave numbers that are none (NaN or infinite) for {text!r}; serve "
            "it with more precision (bfloat16 or float32)",
            model=model,
            text=texts[broken[0]][:_SHOWN],
        )
    return matrix


def _in_order(rows: Sequence[_Row], *, model: str) -> Sequence[_Row]:
    """By their index; as they come where they have none, or all the same one."""
    places = [row.index for row in rows]
    if sorted(place for place in places if place is not None) == list(range(len(rows))):
        return sorted(rows, key=lambda row: row.index or 0)
    if len(set(places)) == 1:
        return rows
    raise VectorsError(
        "embedder {model!r} numbers its vectors {places}, so nobody knows which text each is of",
        model=model,
        places=str(places[:10]),
    )


def _numbers(row: _Row, *, model: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    """(d,) from a list of numbers, or from their bytes in base64 (little-endian float32)."""
    try:
        if isinstance(row.embedding, str):
            raw = base64.b64decode(row.embedding, validate=True)
            return np.frombuffer(raw, dtype="<f4").astype(np.float32)
        vector = np.asarray(row.embedding, dtype=np.float32)
    except (binascii.Error, ValueError, TypeError) as error:
        raise VectorsError(
            "embedder {model!r} gave a vector that is none: {vector!r}",
            model=model,
            vector=str(row.embedding)[:_SHOWN],
        ) from error
    if vector.ndim != 1 or not len(vector):
        raise VectorsError(
            "embedder {model!r} gave a vector of every token, or none, and not one of the text; "
            "serve it with pooling (llama.cpp: --pooling mean)",
            model=model,
        )
    return vector

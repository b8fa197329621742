# ruff: noqa: PLC0415 - each process loads its own engine and no other
"""The C functions inside xllamacpp's library, as a contender of ``embedded.py``.

Not a way to use them: xllamacpp promises nothing about them, and structures change from one release
of llama.cpp to the next. It shows what a batch of all texts would cost.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Ids = list[int]
Label = Callable[[Ids], object]  # the log probabilities, or what holds them
Slate = Callable[[Ids, list[Ids]], Sequence[float]]
Engine = tuple[Label, Slate]

THREADS = int(os.environ.get("EMBEDDED_THREADS", "1"))


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    logits = logits - logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def llama_c(gguf: Path, _: Path) -> Engine:
    """The C functions inside xllamacpp's own library: a tree of the texts in one batch."""
    import ctypes

    import xllamacpp as package

    file = next(Path(package.__file__).parent.glob("xllamacpp*.so"))
    library: Any = ctypes.CDLL(str(file))
    opaque = ctypes.c_char * 512  # parameters go by value; of the copy only the start is read

    class Params(ctypes.Structure):
        _fields_ = [("bytes", opaque)]

    class Batch(ctypes.Structure):
        _fields_ = [
            ("n", ctypes.c_int32),
            ("token", ctypes.POINTER(ctypes.c_int32)),
            ("embd", ctypes.c_void_p),
            ("pos", ctypes.POINTER(ctypes.c_int32)),
            ("n_seq", ctypes.POINTER(ctypes.c_int32)),
            ("seq", ctypes.POINTER(ctypes.POINTER(ctypes.c_int32))),
            ("logits", ctypes.POINTER(ctypes.c_int8)),
        ]

    quiet = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(lambda *_: None)
    library.llama_log_set(quiet, None)
    for name in ("model", "context"):
        getattr(library, f"llama_{name}_default_params").restype = Params
    library.llama_model_load_from_file.restype = ctypes.c_void_p
    library.llama_model_load_from_file.argtypes = [ctypes.c_char_p, Params]
    library.llama_init_from_model.restype = ctypes.c_void_p
    library.llama_init_from_model.argtypes = [ctypes.c_void_p, Params]
    library.llama_get_memory.restype = ctypes.c_void_p
    library.llama_get_memory.argtypes = [ctypes.c_void_p]
    library.llama_memory_clear.argtypes = [ctypes.c_void_p, ctypes.c_bool]
    library.llama_memory_seq_cp.argtypes = [ctypes.c_void_p, *[ctypes.c_int32] * 4]
    library.llama_decode.argtypes = [ctypes.c_void_p, Batch]
    library.llama_get_logits_ith.argtypes = [ctypes.c_void_p, ctypes.c_int32]
    library.llama_get_logits_ith.restype = ctypes.POINTER(ctypes.c_float)
    library.llama_set_n_threads.argtypes = [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32]
    library.llama_backend_init()
    model = library.llama_model_load_from_file(
        str(gguf).encode(), library.llama_model_default_params()
    )
    params = library.llama_context_default_params()
    raw = bytearray(bytes(params))
    raw[0:16] = np.array([4096, 2048, 512, 64], dtype=np.uint32).tobytes()
    tail = bytes([0, 1, 1, 1, 1, 0, 0, 0])  # the flags' defaults; the sixth is the unified cache
    raw[raw.index(tail) + 5] = 1
    ctypes.memmove(ctypes.byref(params), bytes(raw), len(raw))
    context = library.llama_init_from_model(model, params)
    library.llama_set_n_threads(context, 1, THREADS)
    memory = library.llama_get_memory(context)

    def decode(nodes: Sequence[tuple[int, int, Ids, bool]]) -> None:
        """Token, position, the texts that it is part of, whether its logits are wanted."""
        n = len(nodes)
        rows = [(ctypes.c_int32 * len(seq))(*seq) for _, _, seq, _ in nodes]
        pointers = (ctypes.POINTER(ctypes.c_int32) * n)(
            *[ctypes.cast(row, ctypes.POINTER(ctypes.c_int32)) for row in rows]
        )
        batch = Batch(
            n,
            (ctypes.c_int32 * n)(*[node[0] for node in nodes]),
            None,
            (ctypes.c_int32 * n)(*[node[1] for node in nodes]),
            (ctypes.c_int32 * n)(*[len(row) for row in rows]),
            pointers,
            (ctypes.c_int8 * n)(*[node[3] for node in nodes]),
        )
        failed = library.llama_decode(context, batch)
        if failed:
            raise RuntimeError(f"llama_decode: {failed}")

    def row(at: int) -> np.ndarray:
        pointer = library.llama_get_logits_ith(context, at)
        return log_softmax(np.ctypeslib.as_array(pointer, (49152,)).copy())

    def label(prompt: Ids) -> np.ndarray:
        library.llama_memory_clear(memory, False)
        last = len(prompt) - 1
        decode([(token, at, [0], at == last) for at, token in enumerate(prompt)])
        return row(-1)

    def slate(prefix: Ids, texts: list[Ids]) -> Sequence[float]:
        first = label(prefix)
        for text in range(1, len(texts)):
            library.llama_memory_seq_cp(memory, 0, text, -1, -1)
        tree: dict[tuple[int, ...], Ids] = {}
        for at, text in enumerate(texts):
            for depth in range(1, len(text)):
                tree.setdefault(tuple(text[:depth]), []).append(at)
        paths = sorted(tree, key=len)
        decode([(path[-1], len(prefix) + len(path) - 1, tree[path], True) for path in paths])
        after = {path: row(at) for at, path in enumerate(paths)}
        return [
            float(
                first[text[0]] + sum(after[tuple(text[:d])][text[d]] for d in range(1, len(text)))
            )
            for text in texts
        ]

    return label, slate

# ruff: noqa: PLC0415 - each process loads its own engine and no other
"""Contenders of ``embedded.py``, one in each process: it reads tasks as JSON lines and answers so.

    python benchmarks/embedded_engines.py NAME --gguf FILE --models FOLDER

Not a way to use these engines: each does only what is measured, on token ids that it is given.
A contender is a function that loads it and gives back its two calls: ``label(prompt)`` reads a
prompt and has the next token's log probabilities; ``slate(prefix, texts)`` has each text's log
probability after the prefix.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from embedded_llama import THREADS, Engine, Ids, llama_c, log_softmax

LAYERS, HEADS, WIDTH = 30, 3, 64  # of SmolLM2-135M's cache


def padded(texts: Sequence[Ids]) -> np.ndarray:
    """Texts as rows, filled up at the right: what follows a token does not change it."""
    longest = max(map(len, texts))
    return np.array([[*text, *[0] * (longest - len(text))] for text in texts], dtype=np.int64)


def summed(first: np.ndarray, later: np.ndarray, texts: Sequence[Ids]) -> list[float]:
    """Log probability of each text, from the logits before it and those after its tokens."""
    start, rest = log_softmax(first), log_softmax(later)
    return [
        float(start[text[0]] + sum(rest[row, at, token] for at, token in enumerate(text[1:])))
        for row, text in enumerate(texts)
    ]


def xllamacpp(gguf: Path, _: Path, *, patch: dict[str, int]) -> Engine:
    """As recagent uses it; ``patch`` changes parameters of its server."""
    package: Any = importlib.import_module("xllamacpp")  # no stubs

    from recagent.llm.embedded import LlamaCppWire
    from recagent.llm.requests import Calls
    from recagent.llm.text_likelihood import step_by_step

    patch = {"threads": THREADS, **patch}
    threads = patch.pop("threads")
    server = package.Server

    def patched(params: Any) -> Any:
        for name, value in patch.items():
            setattr(params, name, value)
        return server(params)

    package.Server = patched

    class Known(Calls):
        """Tokens are given, not asked for, so that each contender reads the same."""

        async def tokens(self, text: str) -> tuple[int, ...]:
            return tuple(json.loads(text))

    calls = Known(LlamaCppWire(gguf, threads=threads))
    loop = asyncio.new_event_loop()
    loop.run_until_complete(calls.start())

    def label(prompt: Ids) -> object:
        asking = {"logprobs": 1000}
        return loop.run_until_complete(calls.complete(prompt, asking=asking))

    def slate(prefix: Ids, texts: list[Ids]) -> Sequence[float]:
        known_texts = [json.dumps(text) for text in texts]
        found = step_by_step(calls, json.dumps(prefix), texts=known_texts, alternatives=1000)
        return [value or 0.0 for value in loop.run_until_complete(found).values]

    return label, slate


def torch(_: Path, models: Path, *, kind: str) -> Engine:
    """Transformers on torch: the prefix's cache repeated, the texts in one batch."""
    package: Any = importlib.import_module("torch")
    transformers: Any = importlib.import_module("transformers")

    package.set_num_threads(THREADS)
    package.set_grad_enabled(False)
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(
        models / "hf", dtype=getattr(package, kind), local_files_only=True
    ).eval()

    def label(prompt: Ids) -> object:
        out = model(input_ids=package.tensor([prompt]), logits_to_keep=1)
        return log_softmax(out.logits[0, -1].float().numpy())

    def slate(prefix: Ids, texts: list[Ids]) -> Sequence[float]:
        out = model(input_ids=package.tensor([prefix]), logits_to_keep=1, use_cache=True)
        cache = out.past_key_values
        cache.batch_repeat_interleave(len(texts))
        later = model(input_ids=package.tensor(padded(texts)), past_key_values=cache)
        return summed(out.logits[0, -1].float().numpy(), later.logits.float().numpy(), texts)

    return label, slate


def onnx(_: Path, models: Path, *, kind: str) -> Engine:
    """Onnxruntime, on a graph of onnxruntime-genai's model builder."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        models / f"ort-{kind}" / "model.onnx", options, providers=["CPUExecutionProvider"]
    )
    names = [f"{layer}.{part}" for layer in range(LAYERS) for part in ("key", "value")]
    wanted = ["logits", *[f"present.{name}" for name in names]]

    def run(rows: np.ndarray, past: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        mask = np.ones((len(rows), rows.shape[1] + past[0].shape[2]), dtype=np.int64)
        feeds = {"input_ids": rows, "attention_mask": mask}
        feeds |= {f"past_key_values.{name}": each for name, each in zip(names, past, strict=True)}
        results: Any = session.run(wanted, feeds)
        logits, *present = results
        return logits, present

    empty = [np.zeros((1, HEADS, 0, WIDTH), dtype=np.float32)] * (2 * LAYERS)

    def label(prompt: Ids) -> object:
        return log_softmax(run(np.array([prompt]), empty)[0][0, -1])

    def slate(prefix: Ids, texts: list[Ids]) -> Sequence[float]:
        first, past = run(np.array([prefix]), empty)
        past = [np.repeat(each, len(texts), axis=0) for each in past]
        later = []  # its attention reads one token a row and no more, where there is a past
        for column in padded(texts).T:
            logits, past = run(column[:, None], past)
            later.append(logits)
        return summed(first[0, -1], np.concatenate(later, axis=1), texts)

    return label, slate


def ctranslate2(_: Path, models: Path, *, kind: str) -> Engine:
    """CTranslate2: each text is scored with the prefix before it, which is read for each anew."""
    package: Any = importlib.import_module("ctranslate2")

    folder = models / f"ct2-{kind}"
    words: list[str] = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    engine = package.Generator(str(folder), inter_threads=1, intra_threads=THREADS)

    def label(prompt: Ids) -> object:
        tokens = [[words[token] for token in prompt]]
        return engine.generate_batch(
            tokens, max_length=1, return_logits_vocab=True, include_prompt_in_result=False
        )

    def slate(prefix: Ids, texts: list[Ids]) -> Sequence[float]:
        tokens = [[words[token] for token in [*prefix, *text]] for text in texts]
        scored = engine.score_batch(tokens)
        return [sum(each.log_probs[len(prefix) - 1 :]) for each in scored]

    return label, slate


CONTENDERS: dict[str, Callable[[Path, Path], Engine]] = {
    "xllamacpp": lambda gguf, models: xllamacpp(gguf, models, patch={}),
    "xllamacpp C": llama_c,
    "onnxruntime int4": lambda gguf, models: onnx(gguf, models, kind="int4"),
    "onnxruntime fp32": lambda gguf, models: onnx(gguf, models, kind="fp32"),
    "torch fp32": lambda gguf, models: torch(gguf, models, kind="float32"),
    "torch bf16": lambda gguf, models: torch(gguf, models, kind="bfloat16"),
    "ctranslate2 int8": lambda gguf, models: ctranslate2(gguf, models, kind="int8"),
    "ctranslate2 fp32": lambda gguf, models: ctranslate2(gguf, models, kind="f32"),
}
"""Names and how each is loaded; what one needs is told by ``embedded.NEEDS``."""


def main() -> None:
    """Load, say how long that took, then answer tasks until there are no more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*CONTENDERS, "xllamacpp with"])
    parser.add_argument("--gguf", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path())
    parser.add_argument(
        "--patch", default="{}", help="JSON: server parameters, for 'xllamacpp with'"
    )
    given = parser.parse_args()
    began = time.perf_counter()
    if given.name == "xllamacpp with":
        label, slate = xllamacpp(given.gguf, given.models, patch=json.loads(given.patch))
    else:
        label, slate = CONTENDERS[given.name](given.gguf, given.models)
    label([1, 2, 3])
    print(json.dumps({"start": time.perf_counter() - began}), flush=True)
    for line in sys.stdin:
        task = json.loads(line)
        began, cpu = time.perf_counter(), time.process_time()
        if "prompt" in task:
            label(task["prompt"])
            values: Sequence[float] = ()
        else:
            values = slate(task["prefix"], task["texts"])
        answer = {
            "seconds": time.perf_counter() - began,
            "cpu": time.process_time() - cpu,
            "values": list(values),
            "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

"""Ways to run the small model on a CPU: start-up, size, prompts, likelihoods, memory.

    uv run python benchmarks/embedded.py [--full] [--models FOLDER]

Each contender is a process of its own (``embedded_engines.py``) and gets the same token ids; all
stand loaded while they take turns in random order, each with a prompt that none has seen. Ratios
are to xllamacpp with the shipped weights, medians over the rounds of one run; each has one
thread (EMBEDDED_THREADS=2: two), since threads that spin spoil figures on a shared box. What is not
installed, or has no weights in ``--models``, is skipped and named. FOLDER may hold
``SmolLM2-Q8_0.gguf`` (and -Q4_0, -F16: the shipped weights, dequantised and written anew), ``hf``
(the same for transformers), ``ort-int4`` and ``ort-fp32`` (``onnxruntime_genai.models.builder`` on
``hf``), ``ct2-int8`` and ``ct2-f32`` (``ct2-transformers-converter`` on ``hf``). The last line is
one JSON object.

Its figures stand in docs/research/performance.md.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from command import command

from recagent.llm.weights import find

PROMPT, PREFIX = 250, 130  # tokens
SENTENCE = [
    1069,
    16686,
    42,
    5950,
    95,
    28,
    45593,
    15751,
    28,
    378,
    1541,
    1294,
    284,
    550,
    1573,
    28021,
    366,
    351,
    253,
    2890,
    1235,
    30,
]
"""They liked: Psycho, Vertigo, The Shining and other old thrillers with a slow build."""
TITLES = [
    [378, 1839, 13069, 365, 33, 41, 39, 34, 25],
    [43734, 365, 33, 41, 39, 41, 25],
    [16708, 365, 33, 41, 41, 37, 25],
    [378, 23810, 1595, 1459, 3950, 15643, 365, 33, 41, 41, 36, 25],
    [42763, 960, 42419, 365, 34, 32, 32, 33, 25],
    [7473, 7625, 42, 426, 1293, 8923, 365, 34, 32, 33, 37, 25],
    [2438, 2756, 17011, 365, 34, 32, 32, 33, 25],
    [378, 25343, 365, 33, 41, 41, 41, 25],
    [5399, 5495, 365, 34, 32, 33, 39, 25],
    [30741, 663, 365, 34, 32, 33, 41, 25],
    [2114, 903, 13823, 1362, 365, 33, 41, 40, 34, 25],
    [378, 38551, 365, 33, 41, 40, 34, 25],
    [1316, 38603, 1317, 365, 34, 32, 33, 36, 25],
    [3488, 365, 34, 32, 33, 35, 25],
    [1777, 31720, 365, 34, 32, 32, 39, 25],
    [428, 517, 28426, 365, 33, 41, 37, 36, 25],
    [17709, 38979, 46563, 365, 33, 41, 36, 34, 25],
    [25399, 10124, 365, 33, 41, 41, 37, 25],
    [5445, 365, 34, 32, 32, 41, 25],
    [530, 7776, 365, 33, 41, 39, 37, 25],
]  # fmt: skip
"""Twenty titles with their years, from "The Godfather (1972)" to "Jaws (1975)"."""
QUICK_SECONDS, QUICK_TITLES, FULL_ROUNDS = 10, 8, 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way to run the model.

    Attributes:
        engine: its name in ``embedded_engines``.
        packages: what must be installed for it, the first being what is imported.
        weights: in the folder of models; "" for the shipped file.
        patch: parameters of xllamacpp's server.
    """

    engine: str
    packages: tuple[str, ...] = ("xllamacpp",)
    weights: str = ""
    patch: dict[str, int] = field(default_factory=dict)

    def lacks(self, models: Path | None) -> str:
        """What it needs and has not; "" for nothing."""
        if importlib.util.find_spec(self.packages[0]) is None:
            return f"{self.packages[0]!r} is not installed"
        if self.weights and not (models and (models / self.weights).exists()):
            return f"no {self.weights!r} in --models"
        return ""


_TORCH = ("torch", "transformers", "tokenizers", "safetensors")
CONTENDERS = {
    "xllamacpp": Contender(engine="xllamacpp"),
    "xllamacpp, C functions": Contender(engine="xllamacpp C"),
    "xllamacpp, Q8_0": Contender(engine="xllamacpp", weights="SmolLM2-Q8_0.gguf"),
    "xllamacpp, Q8_0, C functions": Contender(engine="xllamacpp C", weights="SmolLM2-Q8_0.gguf"),
    "xllamacpp, Q4_0": Contender(engine="xllamacpp", weights="SmolLM2-Q4_0.gguf"),
    "xllamacpp, F16": Contender(engine="xllamacpp", weights="SmolLM2-F16.gguf"),
    "onnxruntime int4": Contender(
        engine="onnxruntime int4", packages=("onnxruntime",), weights="ort-int4"
    ),
    "onnxruntime fp32": Contender(
        engine="onnxruntime fp32", packages=("onnxruntime",), weights="ort-fp32"
    ),
    "torch fp32": Contender(engine="torch fp32", packages=_TORCH, weights="hf"),
    "torch bf16": Contender(engine="torch bf16", packages=_TORCH, weights="hf"),
    "ctranslate2 int8": Contender(
        engine="ctranslate2 int8", packages=("ctranslate2",), weights="ct2-int8"
    ),
    "ctranslate2 fp32": Contender(
        engine="ctranslate2 fp32", packages=("ctranslate2",), weights="ct2-f32"
    ),
}
SETTINGS = {
    "xllamacpp": Contender(engine="xllamacpp"),
    "two threads for prompts": Contender(engine="xllamacpp with", patch={"threads": 2}),
    "n_ubatch 64": Contender(engine="xllamacpp with", patch={"n_ubatch": 64}),
    "n_ubatch 128": Contender(engine="xllamacpp with", patch={"n_ubatch": 128}),
    "flash attention off": Contender(engine="xllamacpp with", patch={"flash_attn_type": 0}),
    "cache in 8 bits": Contender(
        engine="xllamacpp with", patch={"cache_type_k": 8, "cache_type_v": 8}
    ),
}
"""Numbers as llama.h and ggml.h have them."""


@dataclass(slots=True)
class Taken:
    """One contender's rounds: seconds and CPU seconds of a prompt and of a slate."""

    start: float
    label: list[float] = field(default_factory=list)
    label_cpu: list[float] = field(default_factory=list)
    slate: list[float] = field(default_factory=list)
    slate_cpu: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    mib: float = 0


@contextmanager
def loaded(
    contender: Contender, models: Path | None, gguf: Path
) -> Iterator[subprocess.Popen[str]]:
    """The contender's process; the first line that it says is about its start."""
    if contender.weights.endswith(".gguf") and models:
        gguf = models / contender.weights
    command = [sys.executable, str(Path(__file__).with_name("embedded_engines.py"))]
    command += [contender.engine, "--gguf", str(gguf), "--models", str(models or "")]
    command += ["--patch", json.dumps(contender.patch)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as child:
        try:
            yield child
        finally:
            child.terminate()


def told(child: subprocess.Popen[str]) -> dict[str, Any]:
    """The next answer.

    Raises:
        RuntimeError: the process ended.
    """
    line = child.stdout.readline()  # type: ignore[union-attr]
    if not line:
        raise RuntimeError(f"{child.args!r} ended")
    return json.loads(line)


def asked(child: subprocess.Popen[str], task: dict[str, Any]) -> dict[str, Any]:
    """The answer to a task."""
    child.stdin.write(json.dumps(task) + "\n")  # type: ignore[union-attr]
    child.stdin.flush()  # type: ignore[union-attr]
    return told(child)


def prompt(length: int, *, number: int) -> list[int]:
    """Tokens that start like no other prompt, so that nothing of it is in a cache."""
    return [1000 + number, *SENTENCE * (1 + length // len(SENTENCE))][:length]


def compare(
    contenders: dict[str, Contender],
    models: Path | None,
    *,
    titles: list[list[int]],
    rounds: int,
    seconds: float,
) -> dict[str, Taken]:
    """All in turns, for so many rounds or so long, one round at least."""
    gguf = find()
    if gguf is None:
        raise SystemExit("no weights; run 'recagent models pull'")
    chance = random.Random(5)
    found: dict[str, Taken] = {}
    with ExitStack() as stack:
        children: dict[str, subprocess.Popen[str]] = {}
        for name, contender in contenders.items():
            lack = contender.lacks(models)
            if lack:
                print(f"SKIPPED: {name}: {lack}")
                continue
            children[name] = stack.enter_context(loaded(contender, models, gguf))
            found[name] = Taken(start=told(children[name])["start"])
        began = time.perf_counter()
        for number in range(rounds):
            for name in chance.sample(sorted(children), len(children)):
                taken = found[name]
                answer = asked(children[name], {"prompt": prompt(PROMPT, number=2 * number)})
                taken.label.append(answer["seconds"])
                taken.label_cpu.append(answer["cpu"])
                prefix = prompt(PREFIX, number=2 * number + 1)
                answer = asked(children[name], {"prefix": prefix, "texts": titles})
                taken.slate.append(answer["seconds"])
                taken.slate_cpu.append(answer["cpu"])
                taken.values += answer["values"]
                taken.mib = answer["mib"]
            if time.perf_counter() - began > seconds:
                break
    return found


def installed_mb(contender: Contender) -> float:
    """Of its packages, without what these need in turn."""
    files = [
        Path(each.locate())
        for name in contender.packages
        for each in importlib.metadata.files(name) or ()
    ]
    return sum(file.stat().st_size for file in files if file.exists()) / 1e6


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Median over the rounds of how many times faster than ours theirs is."""
    return round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 2)


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    pick = parser.add_mutually_exclusive_group()
    pick.add_argument("--quick", action="store_true", help="the default: under 40 s")
    pick.add_argument("--full", action="store_true")
    pick.add_argument("--settings", action="store_true", help="xllamacpp's parameters instead")
    parser.add_argument("--models", type=Path, help="other weights; see above")
    parser.add_argument("--rounds", type=int, default=FULL_ROUNDS, help="of --full and --settings")
    parser.add_argument("--only", nargs="+", help="these, and xllamacpp", metavar="NAME")
    given = parser.parse_args()
    contenders = SETTINGS if given.settings else CONTENDERS
    if given.only:
        contenders = {name: contenders[name] for name in ["xllamacpp", *given.only]}
    long = given.full or given.settings
    found = compare(
        contenders,
        given.models,
        titles=TITLES[:2] if given.smoke else TITLES if long else TITLES[:QUICK_TITLES],
        rounds=given.rounds,
        seconds=1 if given.smoke else 10_000 if long else QUICK_SECONDS,
    )
    ours = found["xllamacpp"]
    exact = found.get("torch fp32") or found.get("onnxruntime fp32") or ours
    figures: dict[str, dict[str, float]] = {}
    for name, taken in found.items():
        apart = [abs(a - b) for a, b in zip(taken.values, exact.values, strict=True)]
        figures[name] = {
            "start_seconds": round(taken.start, 1),
            "installed_mb": round(installed_mb(contenders[name])),
            "memory_mib": round(taken.mib),
            "prompt_tokens_per_second": round(PROMPT / statistics.median(taken.label)),
            "prompt_cpu_seconds": round(statistics.median(taken.label_cpu), 2),
            "prompt_times_faster": ratio(ours.label, taken.label),
            "prompt_times_less_cpu": ratio(ours.label_cpu, taken.label_cpu),
            "slate_seconds": round(statistics.median(taken.slate), 2),
            "slate_cpu_seconds": round(statistics.median(taken.slate_cpu), 2),
            "slate_times_faster": ratio(ours.slate, taken.slate),
            "slate_times_less_cpu": ratio(ours.slate_cpu, taken.slate_cpu),
            "nats_apart_mean": round(statistics.mean(apart), 3),
        }
        print(f"{name:<30} " + "  ".join(f"{k} {v:g}" for k, v in figures[name].items()))
    print(json.dumps({"rounds": len(ours.label), **figures}))


if __name__ == "__main__":
    main()

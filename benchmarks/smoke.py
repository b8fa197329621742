"""Tries every benchmark with ``--smoke``, two at a time: seconds each, and no figure.

    uv run python benchmarks/smoke.py            # all that need no torch
    python benchmarks/smoke.py --torch           # those that need it, where it is installed

A benchmark is a file here that is run as a program; what only others import is none. Ends with 1
where one fails, and shows what it printed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
TORCH = {
    "language_torch",
    "sequence_games",
    "tune_choices",
    "tune_films",
    "tune_labels",
    "tune_travel",
}
APART = {"smoke", "stub", "embedded_engines", "rank_cost_ndcg"}  # parts of others, run by them
SECONDS = 300


def benchmarks() -> list[str]:
    """Names of all benchmarks."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in HERE.glob("*.py")}
    return sorted(n for n, text in texts.items() if "__main__" in text and n not in APART)


def tried(name: str) -> bool:
    """Run one; print how long it took, and all that it said where it failed."""
    began = time.monotonic()
    command = [sys.executable, str(HERE / f"{name}.py"), "--smoke"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        code, says = run.returncode, run.stdout + run.stderr
    except subprocess.TimeoutExpired as error:
        code, says = -1, f"not done after {error.timeout:g} s"
    passed = code == 0
    print(f"{name:<24} {time.monotonic() - began:5.1f} s  {'ok' if passed else f'exit {code}'}",
          *([] if passed else [says]), sep="\n" if not passed else "", flush=True)  # fmt: skip
    return passed


def main() -> None:
    """Try all, and end with 1 if one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--torch", action="store_true", help="those that need torch alone")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these alone")
    options = parser.parse_args()
    names = options.only or [name for name in benchmarks() if (name in TORCH) == options.torch]
    with ThreadPoolExecutor(2) as pool:
        passed = list(pool.map(tried, names))
    print(f"{sum(passed)} of {len(names)} benchmarks ran")
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()

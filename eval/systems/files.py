"""What a program of a suite reads and writes, as ``recagent/evaluation/programs.py`` says it.

A program hands ``answer_cases`` a function that learns from likes and returns one that scores. It
needs numpy and scipy and nothing of recagent.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

BEST = 100  # scores of a case in which the whole scene is ranked
HELD_OUT = 200  # people by whose last like settings are chosen


@dataclass(frozen=True)
class Case:
    """Somebody who is asked about: what they liked, oldest first, and what may be ranked."""

    name: str
    user: str
    liked: tuple[str, ...]
    candidates: tuple[str, ...]
    is_whole: bool


@dataclass(frozen=True)
class Problem:
    """What may be learnt from, and the questions.

    Attributes:
        likes: person and item, each pair once, oldest first.
        rows: by item id, of the catalogue and of all that was liked.
    """

    likes: Sequence[tuple[str, str]]
    rows: dict[str, int]
    cases: Sequence[Case]

    def people(self) -> dict[str, int]:
        """Returns the rows of the people who like something."""
        users: dict[str, int] = {}
        for user, _ in self.likes:
            users.setdefault(user, len(users))
        return users

    def matrix(self) -> sparse.csr_matrix:
        """Returns who liked what, (people, items) float32, with ones."""
        users = self.people()
        rows = [users[user] for user, _ in self.likes]
        columns = [self.rows[item] for _, item in self.likes]
        ones = np.ones(len(rows), np.float32)
        return sparse.csr_matrix((ones, (rows, columns)), (len(users), len(self.rows)))

    def vector(self, case: Case) -> sparse.csr_matrix:
        """Returns what the person of a case likes, (1, items) float32."""
        columns = sorted({self.rows[item] for item in case.liked if item in self.rows})
        ones = np.ones(len(columns), np.float32)
        return sparse.csr_matrix((ones, ([0] * len(columns), columns)), (1, len(self.rows)))


Scorer = Callable[[Case], np.ndarray]  # scores of all items, (items,), by ``Problem.rows``


def answer_cases(version: str, learn: Callable[[Problem], Scorer]) -> None:
    """Learns, answers every case of the folder that the command line names, and writes it down."""
    if "--check" in sys.argv:
        return
    folder = Path(sys.argv[-1])
    problem = read_problem(folder)
    began = time.perf_counter()
    score = learn(problem)
    trained = time.perf_counter() - began
    with (folder / "answers.jsonl").open("w", encoding="utf-8") as file:
        for case in problem.cases:
            began = time.perf_counter()
            scores = score(case)
            values = np.asarray([scores[problem.rows[item]] for item in case.candidates])
            order = np.argsort(-values, kind="stable")[: BEST if case.is_whole else None]
            found = {case.candidates[n]: float(values[n]) for n in order if np.isfinite(values[n])}
            row = {"case": case.name, "scores": found, "seconds": time.perf_counter() - began}
            file.write(json.dumps(row) + "\n")
    write_about(folder, version, trained)


def write_about(folder: Path, version: str, train_seconds: float) -> None:
    """Writes what the program is and took."""
    about = {"version": version, "train_seconds": train_seconds, "memory": _largest_memory()}
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")


def _largest_memory() -> int:
    """Returns the largest resident memory of this process, in bytes."""
    status = Path("/proc/self/status")
    if status.is_file():  # ``getrusage`` counts what the process that started this one had
        lines = status.read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024)


def chosen(
    problem: Problem, settings: Sequence[Any], learn: Callable[[Problem, Any], Scorer]
) -> Scorer:
    """Learns with the setting that ranks held-out last likes of training best by nDCG@10.

    At most 200 people are held out, by a hash of their ids; nobody's answers are looked at.
    """
    last: dict[str, tuple[int, list[str]]] = {}
    for at, (user, item) in enumerate(problem.likes):
        items = last[user][1] if user in last else []
        last[user] = (at, [*items, item])
    people = sorted((u for u, (_, items) in last.items() if len(items) >= 3), key=_hash)[:HELD_OUT]
    gone = {last[user][0] for user in people}
    rest = replace(problem, likes=[e for at, e in enumerate(problem.likes) if at not in gone])
    best, best_value = settings[0], -1.0
    for setting in settings if people else ():
        score = learn(rest, setting)
        gains = [_gain(problem, score, user, last[user][1]) for user in people]
        if np.mean(gains) > best_value:
            best, best_value = setting, float(np.mean(gains))
    return learn(problem, best)


def _gain(problem: Problem, score: Scorer, user: str, items: Sequence[str]) -> float:
    case = Case(name="", user=user, liked=tuple(items[:-1]), candidates=(), is_whole=True)
    values = np.array(score(case), dtype=np.float64)
    values[[problem.rows[item] for item in case.liked]] = -np.inf
    target = values[problem.rows[items[-1]]]
    rank = int((values > target).sum()) + int((values == target).sum()) // 2 + 1
    return 1 / np.log2(rank + 1) if rank <= 10 and np.isfinite(target) else 0.0


def read_problem(folder: Path) -> Problem:
    """Returns what a folder asks."""
    scenes: dict[str, list[str]] = {}
    for item in _rows(folder / "items.jsonl"):
        scenes.setdefault(item["scene"], []).append(item["item_id"])
    liked = [e for e in _rows(folder / "events.jsonl") if e["liked"]]
    likes = list(dict.fromkeys((event["user_id"], event["item_id"]) for event in liked))
    ids = [*(item for ids in scenes.values() for item in ids), *(item for _, item in likes)]
    cases: list[Case] = []
    for row in _rows(folder / "cases.jsonl"):
        gone = set(row["exclude"])
        cases.append(
            Case(
                name=row["case"],
                user=row["user_id"],
                liked=tuple(dict.fromkeys(e["item_id"] for e in row["history"] if e["liked"])),
                candidates=tuple(
                    row["item_ids"] or [i for i in scenes[row["scene"]] if i not in gone]
                ),
                is_whole=not row["item_ids"],
            )
        )
    rows = {item: at for at, item in enumerate(dict.fromkeys(ids))}
    return Problem(likes=likes, rows=rows, cases=cases)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()

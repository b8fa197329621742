"""recagent as its users get it: the commands are run, then each person is asked as in service.

    python served.py index FOLDER       # what ``recagent index`` leaves, and no other command
    python served.py fit FOLDER         # after ``recagent fit``
    python served.py sequence FOLDER    # after ``recagent fit --sequence``, which needs torch

The folder is a project with a ``recagent.toml``; what was indexed there before stays, so the order
above costs one indexing. People are known as their case has them, and what is shown is not kept.
Where a case names candidates, they come in the order that they have among all of the scene.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
from files import write_about

import recagent
from recagent import bootstrap
from recagent.config.settings import load
from recagent.domain import Context, Event, Scene, User
from recagent.pipeline import Pipeline

SHOWN = 10  # items of a list
COMMANDS = {"index": (), "fit": ("fit",), "sequence": ("fit", "--sequence")}


class OneCase:
    """A store in which one person is known as a case has them."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.user = User(id="")
        self.events: tuple[Event, ...] = ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def person(self, _: str, *, limit: int) -> tuple[User, Sequence[Event]]:
        """Returns the person of the case."""
        return self.user, self.events[:limit]

    async def seen(self, _: str) -> frozenset[str]:
        """Returns what must not come."""
        return frozenset(event.item_id for event in self.events)

    async def add_impression(self, impression: object) -> None:
        """Nothing."""


def command(folder: Path, *words: str) -> str:
    """Runs a command of recagent in the folder; returns why it failed, empty where it did not."""
    call = [sys.executable, "-m", "recagent", *words]
    done = subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)
    said = (done.stderr.strip() or "no reason given").splitlines()[-1]
    if done.returncode and words[0] == "index":
        raise SystemExit(said)
    return said if done.returncode else ""


async def answer(folder: Path) -> None:
    """Asks every case, and writes the answers."""
    settings = load(folder)
    parts = bootstrap.parts(settings)
    store = OneCase(parts.store)
    pipeline = Pipeline(replace(parts, store=store), bootstrap.options(settings))
    await parts.behaviour()
    items = Counter(row["scene"] for row in rows(folder / "items.jsonl"))
    with (folder / "answers.jsonl").open("w", encoding="utf-8") as file:
        for case in rows(folder / "cases.jsonl"):
            know(store, case)
            began = time.perf_counter()
            scores = await ranked(pipeline, case, of=items[case["scene"]])
            seconds = time.perf_counter() - began
            file.write(json.dumps({"case": case["case"], "scores": scores, "seconds": seconds}))
            file.write("\n")
    await pipeline.close()


def know(store: OneCase, case: dict[str, Any]) -> None:
    """Lets the store know the person of a case."""
    history = [event(row) for row in case["history"]]
    user = case["user"] or {"user_id": case["user_id"], "tags": [], "about": ""}
    store.user = User(
        id=user.pop("user_id"), tags=tuple(user.pop("tags")), about=user.pop("about"),
        attributes=user,
    )  # fmt: skip
    store.events = tuple(reversed(history))


async def ranked(pipeline: Pipeline, case: dict[str, Any], *, of: int) -> dict[str, float]:
    """Returns scores of the candidates among ``of`` items, or of the list that would be shown."""
    at = datetime.fromisoformat(case["history"][-1]["timestamp"]) if case["history"] else None
    context = Context(at=at)
    if case["item_ids"]:
        scene = Scene(name=case["scene"], editions=False)
        scores = await pipeline.scores(case["user_id"], scene=scene, k=of, context=context)
        return {item: scores[item] for item in case["item_ids"] if item in scores}
    slate = await pipeline.recommend(case["user_id"], scene=case["scene"], k=SHOWN, context=context)
    return {entry.item.id: 1.0 / entry.rank for entry in slate.entries}


def event(row: dict[str, Any]) -> Event:
    """Returns the event of a row."""
    return Event(
        user_id=row["user_id"], item_id=row["item_id"], scene=row["scene"], kind=row["kind"],
        value=row["value"], at=datetime.fromisoformat(row["timestamp"]),
    )  # fmt: skip


def rows(path: Path) -> list[dict[str, Any]]:
    """Returns the objects of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def main() -> None:
    """Run the commands, ask, and write."""
    if "--check" in sys.argv:
        if "sequence" in sys.argv and importlib.util.find_spec("torch") is None:
            raise SystemExit("torch is not installed")
        return
    kind, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    began = time.perf_counter()
    command(folder, "index")
    problem = command(folder, *COMMANDS[kind]) if COMMANDS[kind] else ""
    trained = time.perf_counter() - began
    anyio.run(answer, folder)
    note = f", not fitted: {problem}" if problem else ""
    write_about(folder, f"recagent {recagent.__version__}{note}", trained)


if __name__ == "__main__":
    main()

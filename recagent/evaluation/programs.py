"""Systems that are programs of their own: another library, or recagent as its users get it.

A program is run once, in an environment of its own where its command makes one. It is called with a
folder, which is a project of recagent and holds what may be learnt from, and the questions:

- ``recagent.toml``, ``items.jsonl``, ``events.jsonl``, ``users.jsonl``: the catalogue, and training
  events in order of time; each says whether it is ``liked``.
- ``cases.jsonl``: ``case``, ``user_id``, ``scene``, ``item_ids`` (empty for the whole scene),
  ``exclude`` (what the person has met), ``history`` (events, oldest first) and ``user``.

It writes ``answers.jsonl``, a line for each case: ``case``, ``scores`` by item id, ``seconds``. And
``about.json``: ``version``, ``train_seconds`` and ``memory``, its largest use in bytes. What is
judged is in none of the files. Called with ``--check`` instead of a folder, a program ends with 0
if all that it needs is there; otherwise its last line says what is missing.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import anyio
from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field

from recagent.domain import Case, Event, RatingScale, User
from recagent.errors import ConfigError, DataError, ModelError
from recagent.evaluation.data.files import json_rows, valid_row
from recagent.offline.data_set import Data, Questions
from recagent.profiles.building import is_liked

LONGEST = 3600  # seconds that a program may take for all cases
CHECK = 600  # and for a check, in which uv may make an environment


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    case: str
    scores: dict[str, Annotated[float, Field(allow_inf_nan=False)]]
    seconds: float = 0.0


class ProgramCost(BaseModel):
    """``about.json``: what a program is, and what it took.

    Attributes:
        train_seconds: until it could answer.
        memory: its largest resident memory, in bytes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str = ""
    train_seconds: float = 0.0
    memory: int = 0


@dataclass(frozen=True, slots=True)
class _Answers:
    scores: Mapping[str, _Answer]
    error: str = ""


@dataclass(slots=True, kw_only=True, eq=False)
class Programs:
    """Runs the programs of an experiment, one at a time, each at its first question.

    Attributes:
        data: catalogue and people.
        questions: of which the programs see all but the judgments.
        here: the folder that ``{here}`` in a command stands for.
        costs: by system, of those that were run.
    """

    data: Data
    questions: Questions
    here: Path
    costs: dict[str, ProgramCost] = field(default_factory=dict[str, ProgramCost])
    _closing: ExitStack = field(default_factory=ExitStack)
    _folder: Path | None = None
    _answers: dict[str, _Answers] = field(default_factory=dict[str, _Answers])
    _running: anyio.Lock = field(default_factory=anyio.Lock)

    async def scores(self, system: str, command: str, case: Case) -> tuple[dict[str, float], float]:
        """Returns a program's scores of a case, and the seconds that they took.

        Raises:
            ModelError: it failed, or has no answer to the case.
        """
        async with self._running:
            if system not in self._answers:
                self._answers[system] = await to_thread.run_sync(self._run, system, command)
        answers = self._answers[system]
        if case.id not in answers.scores:
            raise ModelError(
                "program {system!r}: {problem}",
                system=system,
                problem=answers.error or "no answer to the case",
            )
        answer = answers.scores[case.id]
        allowed = set(case.item_ids)
        scores = {k: v for k, v in answer.scores.items() if not allowed or k in allowed}
        return scores, answer.seconds

    def close(self) -> None:
        """Deletes the files."""
        self._closing.close()

    def _run(self, system: str, command: str) -> _Answers:
        folder = self._project()
        for name in ("answers.jsonl", "about.json"):
            (folder / name).unlink(missing_ok=True)
        try:
            _call([*_words(command, self.here), str(folder)], seconds=LONGEST)
            rows = json_rows(folder / "answers.jsonl")
            answers = [valid_row(_Answer, row) for _, row in rows]
            about = (folder / "about.json").read_bytes()
            self.costs[system] = valid_row(ProgramCost, json.loads(about))
        except (ModelError, DataError, OSError, ValueError) as error:
            return _Answers({}, str(error))
        return _Answers({answer.case: answer for answer in answers})

    def _project(self) -> Path:
        """Returns the folder that the programs share, written once."""
        if self._folder is None:
            temporary = TemporaryDirectory(prefix="recagent-")
            self._folder = Path(self._closing.enter_context(temporary))
            write_project(self._folder, self.data, self.questions.training)
            cases = (_case_row(case, self.data) for case in self.questions.cases)
            _write(self._folder / "cases.jsonl", cases)
        return self._folder


def check_program(command: str, here: Path) -> str:
    """Returns why a program cannot be run; empty where it can."""
    try:
        _call([*_words(command, here), "--check"], seconds=CHECK)
    except ModelError as error:
        return str(error)
    return ""


def write_project(folder: Path, data: Data, events: Iterable[Event]) -> None:
    """Writes catalogue, people and these events as a project of recagent."""
    items = (
        {"item_id": i.id, "scene": i.scene, "title": i.title, "task": i.task, "text": i.text}
        | dict(i.attributes)
        for i in data.items
    )
    _write(folder / "items.jsonl", items)
    _write(folder / "events.jsonl", (_event_row(event, data.scale) for event in events))
    _write(folder / "users.jsonl", map(_user_row, data.users.values()))
    scenes = "".join(
        f"[scenes.{json.dumps(name)}]\nlabels = {{ "
        + ", ".join(f"{lang} = {json.dumps(label)}" for lang, label in scene.labels.items())
        + " }\n"
        for name, scene in data.scenes.items()
    )
    users = 'users = "users.jsonl"\n' if data.users else ""
    text = (
        f'[catalog]\nitems = "items.jsonl"\nevents = "events.jsonl"\n{users}'
        f"[ratings]\nlow = {data.scale.low}\nhigh = {data.scale.high}\n"
        f"unrated = {list(data.scale.unrated)}\n"
        f'[cleaning]\ntext = []\n[model]\nkind = "none"\n{scenes}'
    )
    (folder / "recagent.toml").write_text(text, encoding="utf-8")


def _case_row(case: Case, data: Data) -> dict[str, Any]:
    return {
        "case": case.id,
        "user_id": case.user_id,
        "scene": case.scene,
        "item_ids": list(case.item_ids),
        "exclude": sorted({event.item_id for event in case.history if not case.item_ids}),
        "history": [_event_row(event, data.scale) for event in reversed(case.history)],
        "user": _user_row(case.user) if case.user else None,
    }


def _event_row(event: Event, scale: RatingScale) -> dict[str, Any]:
    return {
        "user_id": event.user_id,
        "item_id": event.item_id,
        "scene": event.scene,
        "kind": event.kind,
        "value": event.value,
        "timestamp": event.at.isoformat(),
        "liked": is_liked(event, scale),
    }


def _user_row(user: User) -> dict[str, Any]:
    return {"user_id": user.id, "tags": list(user.tags), "about": user.about} | dict(
        user.attributes
    )


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _words(command: str, here: Path) -> list[str]:
    """Returns the words of a command; ``{python}`` is this Python, ``{here}`` the file's folder."""
    words = shlex.split(command)
    if not words:
        raise ConfigError("command {command!r} is empty; name a program", command=command)
    return [w.replace("{python}", sys.executable).replace("{here}", str(here)) for w in words]


def _call(words: Sequence[str], *, seconds: float) -> None:
    """Runs a program to its end.

    Raises:
        ModelError: it cannot be run, takes too long or fails; with the last line that it printed.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the experiment's own command
            words, capture_output=True, text=True, errors="replace", timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelError(
            "cannot run {command!r}: {error}", command=words[0], error=error
        ) from error
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or "it printed nothing").splitlines()
        raise ModelError(
            "{command!r} ended with {code}: {line}",
            command=Path(words[-2]).name,
            code=done.returncode,
            line=lines[-1],
        )

"""The manifest of a run: how it was made, and whether that still holds when it is resumed.

``launch`` writes it.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import recagent
from recagent.domain import Case
from recagent.errors import DataError
from recagent.evaluation import language_models
from recagent.evaluation.context import EvaluationContext
from recagent.llm.usage import MeteredModel
from recagent.locale import LocalizedText
from recagent.offline.results import Manifest

_PACKAGES = (
    "recagent", "chromadb", "numpy", "scipy", "scikit-learn", "implicit", "ir-measures", "bm25s",
    "wordllama", "xllamacpp", "aiohttp", "jinja2", "pydantic",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """Says what a run may take.

    Attributes:
        concurrency: questions at once; the experiment's own where it is 0.
        most: of money, in the prices' unit; None for no limit.
        cases: of each scene at most; 0 for all that are declared.
        data: where the data are, in place of the experiment's path.
    """

    concurrency: int = 0
    most: float | None = None
    cases: int = 0
    data: Path | None = None


def make_manifest(
    context: EvaluationContext,
    models: Mapping[str, MeteredModel],
    *,
    path: Path,
    folder: Path,
    limits: RunLimits,
    arguments: Sequence[str],
) -> Manifest:
    """Returns the manifest of a run that begins now.

    Args:
        context: of the run.
        models: its models, started.
        path: of the experiment.
        folder: of the run.
        limits: of the run.
        arguments: of the command line.
    """
    data = context.data
    return Manifest(
        name=context.experiment.name,
        began=now(),
        finished=None,
        recagent=recagent.__version__,
        git=_git(),
        python=platform.python_version(),
        platform=platform.platform(),
        packages=_packages(),
        prompts={name: prompt.id for name, prompt in context.prompts.items()},
        models={
            name: language_models.manifest_entry(
                context.model_settings[name], model.model, model.identity
            )
            for name, model in models.items()
        },
        kinds={
            system.name: context.prompts[system.name].mode if system.prompt else "baseline"
            for system in context.experiment.grid
        },
        data={
            "name": data.name,
            "fingerprint": data.fingerprint,
            "note": data.note,
            "items": len(data.items),
            "events": len(data.events),
            "people": len({case.user_id for case in context.questions.cases}),
            "left_out": list(context.questions.left_out),
        },
        experiment=context.experiment.model_dump(mode="json"),
        arguments=list(arguments),
        folder=_relative(folder, path.parent),
        data_path=_relative(folder, limits.data) if limits.data else "",
        limit=limits.cases,
    )


def check_same_data(manifest: Manifest, context: EvaluationContext, frozen: Sequence[Case]) -> None:
    """Refuses to go on where another run would be mixed in.

    Raises:
        DataError: data, cases or prompts are not those that the run began with.
    """
    again = LocalizedText("start a new run")
    if manifest.data["fingerprint"] != context.data.fingerprint:
        raise DataError(
            "the data of run {run!r} has changed since it began; {advice}",
            run=manifest.name,
            advice=again,
        )
    if list(frozen) != list(context.questions.cases):
        raise DataError(
            "the cases of run {run!r} cannot be rebuilt as they were; {advice}",
            run=manifest.name,
            advice=again,
        )
    for name, prompt in context.prompts.items():
        if manifest.prompts.get(name) != prompt.id:
            raise DataError(
                "the prompt of {system!r} was {before!r} when the run began and is now {now!r}; "
                "{advice}",
                system=name,
                before=manifest.prompts.get(name),
                now=prompt.id,
                advice=again,
            )


def check_same_models(
    manifest: Manifest, context: EvaluationContext, models: Mapping[str, MeteredModel]
) -> None:
    """Refuses models that are not those of the manifest. Raises as ``check_same_data``."""
    for name, model in models.items():
        now = language_models.manifest_entry(
            context.model_settings[name], model.model, model.identity
        )
        if manifest.models.get(name) != now:
            raise DataError(
                "model {model!r} has changed since the run began (it was {before}, it is now "
                "{now}); start a new run",
                model=name or "default",
                before=manifest.models.get(name),
                now=now,
            )


def _relative(folder: Path, path: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def _packages() -> dict[str, str]:
    versions: dict[str, str] = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _git() -> str | None:
    """Returns the revision of the working copy in which the command was given."""
    try:
        revision = _output("git", "rev-parse", "HEAD")
        changes = _output("git", "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None
    return revision + ("+changes" if changes else "")


def _output(*command: str) -> str:
    process = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return process.stdout.strip()


def now() -> str:
    """Returns the ISO time with zone, in seconds."""
    return datetime.now(tz=UTC).isoformat(timespec="seconds")

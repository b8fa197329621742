"""A suite: the same systems on many data sets under several protocols, from one file (TOML).

Each pair of a data set and a protocol is an experiment, and is run, kept and resumed as one
(``launch``). A data set that is not there, and a program that cannot run here, are left out and
named with what to do; every other error is one.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from recagent.errors import ConfigError
from recagent.evaluation import launch, run_folder
from recagent.evaluation.launch import RunProgress
from recagent.evaluation.programs import check_program
from recagent.evaluation.run_folder import Run
from recagent.evaluation.run_manifest import RunLimits

Table = dict[str, Any]


class SuiteData(BaseModel):
    """``[[data]]``: a data set and the protocols that it is asked under.

    Attributes:
        source: as in an experiment.
        path: in the folder of data that the user has; none for what is bundled or made.
        people: the events of at most so many are used.
        recipe: how to get it, in a line.
        protocols: of ``[protocols]``.
        cases: what is otherwise in one of them, by its name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[\w.-]+$")]
    source: str = "config"
    path: str = ""
    people: int | None = None
    recipe: str = ""
    protocols: tuple[str, ...]
    cases: dict[str, Table] = {}


class Suite(BaseModel):
    """Everything that a suite file declares.

    Attributes:
        settings: what else an experiment has (``measures``, ``reference``, ``main``, ``seed``...).
        ours: the system whose difference to each other one the table shows.
        protocols: a ``[cases]`` section each, by name.
        systems: as in an experiment; one with ``protocols`` is of these alone.
        folder: the file's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[\w.-]+$")]
    about: str = ""
    ours: str
    settings: Table = {}
    protocols: dict[str, Table]
    data: Annotated[tuple[SuiteData, ...], Field(min_length=1)]
    systems: Annotated[tuple[Table, ...], Field(min_length=1)]
    folder: Annotated[Path, Field(exclude=True)] = Path()

    @model_validator(mode="after")
    def _known_protocols(self) -> Suite:
        for data in self.data:
            for name in (*data.protocols, *data.cases):
                if name not in self.protocols:
                    known = ", ".join(self.protocols)
                    raise ValueError(
                        f"data {data.name!r}: unknown protocol {name!r}; known protocols: {known}"
                    )
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class SuitePart:
    """Is a data set under a protocol; its run is None where the data are not there."""

    data: SuiteData
    protocol: str
    run: Run | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteRun:
    """Is a whole suite, run.

    Attributes:
        parts: in the order of the file.
        unavailable: why a program cannot run here, by system.
    """

    suite: Suite
    parts: Sequence[SuitePart]
    unavailable: Mapping[str, str]

    @property
    def runs(self) -> list[Run]:
        """Returns the runs that there are."""
        return [part.run for part in self.parts if part.run is not None]

    @property
    def missing(self) -> list[SuiteData]:
        """Returns the data sets that are not there."""
        gone = {part.data.name: part.data for part in self.parts if part.run is None}
        return list(gone.values())


def load_suite(path: Path) -> Suite:
    """Reads and checks a suite file.

    Raises:
        ConfigError: it cannot be read, is not TOML, or declares what there is not.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return Suite.model_validate({**raw, "folder": path.parent})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise ConfigError(
            "suite {path!r}: {key}: {problem}",
            path=str(path),
            key=key or "suite",
            problem=first["msg"].removeprefix("Value error, "),
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            "cannot read suite {path!r}: {error}", path=str(path), error=error
        ) from error


async def run_suite(
    suite: Suite,
    out: Path,
    *,
    data_folder: Path,
    only: Sequence[str] = (),
    protocols: Sequence[str] = (),
    limit: int = 0,
    progress: RunProgress,
    arguments: Sequence[str] = (),
) -> SuiteRun:
    """Runs every data set under its protocols; what an earlier call finished is kept.

    Args:
        suite: what is to be run.
        out: the folder of the runs.
        data_folder: where the user's data sets are.
        only: names of data sets; all without any.
        protocols: likewise of protocols.
        limit: of cases of each scene, at most; 0 is as declared.
        progress: called with how far each run is.
        arguments: of the command line, for the manifests.

    Raises:
        ConfigError: a name of a data set or protocol that there is not; or as ``load_experiment``.
        RecagentError: as ``start_run``; what was finished before stays.
    """
    names = {*(data.name for data in suite.data), *suite.protocols}
    for name in (*only, *protocols):
        if name not in names:
            raise ConfigError(
                "unknown name {name!r}; the suite has: {known}",
                name=name,
                known=", ".join(sorted(names)),
            )
    unavailable = await _unavailable(suite)
    limits = RunLimits(cases=limit, concurrency=1)
    parts: list[SuitePart] = []
    for data in suite.data:
        if only and data.name not in only:
            continue
        is_there = not data.path or (data_folder / data.path).exists()
        for protocol in data.protocols:
            if protocols and protocol not in protocols:
                continue
            run = None
            if is_there:
                folder = out / f"{data.name}-{protocol}"
                text = _experiment(suite, data, protocol, data_folder, without=unavailable)
                run = await _run(folder, text, limits, progress, arguments)
            parts.append(SuitePart(data=data, protocol=protocol, run=run))
    return SuiteRun(suite=suite, parts=parts, unavailable=unavailable)


async def _unavailable(suite: Suite) -> dict[str, str]:
    """Returns why programs cannot run here, by the system's name; each is tried once."""
    found: dict[str, str] = {}
    for system in suite.systems:
        if command := system.get("command"):
            problem = await to_thread.run_sync(check_program, command, suite.folder)
            if problem:
                found[system["name"]] = problem
    return found


async def _run(
    folder: Path, text: str, limits: RunLimits, progress: RunProgress, arguments: Sequence[str]
) -> Run:
    """Returns the run in a folder: as it is there, resumed, or started."""
    if (folder / run_folder.SUMMARY).is_file():
        return run_folder.load_run(folder)
    file = folder.with_suffix(".toml")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    if (folder / run_folder.MANIFEST).is_file():
        run = await launch.resume_run(folder, limits=limits, progress=progress)
    else:
        run = await launch.start_run(
            file, folder, limits=limits, progress=progress, arguments=arguments
        )
    assert run is not None  # noqa: S101 - no batch is asked
    return run


def _experiment(
    suite: Suite, data: SuiteData, protocol: str, data_folder: Path, *, without: Mapping[str, str]
) -> str:
    """Returns the experiment of a data set and a protocol, as TOML."""
    section: Table = {"source": data.source}
    if data.path:
        section["path"] = (data_folder / data.path).resolve().as_posix()
    if data.people:
        section["people"] = data.people
    cases = suite.protocols[protocol] | data.cases.get(protocol, {})
    settings = dict(suite.settings)
    audits = settings.pop("audits", {})
    if audits.get("later") and cases.get("split") not in ("global", "new-items", "new-people"):
        audits = {name: value for name, value in audits.items() if name != "later"}
    top = {"name": f"{data.name}-{protocol}", "about": suite.about, **settings}
    here = suite.folder.resolve().as_posix()
    blocks = [_lines(top)]
    blocks += [f"[{name}]\n{_lines(values)}"
               for name, values in (("data", section), ("cases", cases), ("audits", audits))
               if values]  # fmt: skip
    for system in suite.systems:
        values = {name: _placed(value, here) for name, value in system.items()}
        if protocol in values.pop("protocols", [protocol]) and system.get("name") not in without:
            blocks.append(f"[[systems]]\n{_lines(values)}")
    return "\n".join(blocks)


def _placed(value: Any, here: str) -> Any:
    return value.replace("{here}", here) if isinstance(value, str) else value


def _lines(values: Mapping[str, Any]) -> str:
    return "".join(f"{name} = {_value(value)}\n" for name, value in values.items())


def _value(value: Any) -> str:
    """Returns a value as TOML has it; JSON's texts, numbers and lists are TOML too."""
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value).items()
        return "{ " + ", ".join(f"{name} = {_value(each)}" for name, each in pairs) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, cast("list[Any]", value))) + "]"
    return json.dumps(value, ensure_ascii=False, default=str)

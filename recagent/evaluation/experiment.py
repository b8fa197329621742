"""An experiment file (TOML) to a checked ``Experiment``: data, cases, systems, measures.

It says what is to be measured; it loads no data, no prompt and no model.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from recagent.config.data_sections import Share
from recagent.config.service_sections import EngineSettings, ModelSettings
from recagent.domain import Language, Mode
from recagent.errors import ConfigError
from recagent.evaluation.baselines import BASELINES, SERVED
from recagent.evaluation.toml_lines import line_of
from recagent.locale import AnyText, LocalizedText
from recagent.offline.cases import Negatives
from recagent.offline.cold_splits import SHOWN, ColdSplit
from recagent.offline.measures import measure_named
from recagent.offline.splits import SplitMethod

MEASURES = (
    "nDCG@10", "MRR", "accuracy", "HR@10", "MAP@10", "recall@5", "precision@5", "F1@5", "AUC",
    "log_loss", "ILD@10", "novelty@10", "popularity_lift@10", "coverage@10", "Gini@10", "ECE",
    "top1_ECE",
)  # fmt: skip

Count = Annotated[int, Field(ge=1)]


def _listed(value: Any) -> Any:
    several = isinstance(value, list | tuple)
    return cast("Any", value) if several else [value]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSection(_Section):
    """``[data]``: where people, items and events come from; ``path`` is relative to the file.

    With ``people`` the events of at most so many of them count, chosen by a hash of their ids.
    """

    source: Literal[
        "demo", "config", "made", "movielens", "amazon", "games", "art_office", "movietweetings",
        "redial",
    ] = "demo"  # fmt: skip
    path: Path | None = None
    people: Count | None = None


class CasesSection(_Section):
    """``[cases]``: who is asked about, in which scenes, and among which candidates.

    ``known = "nothing"`` hides everybody's past, as of a stranger's: what is asked about stays. Of
    ``new-people`` the first ``shown`` events are known.
    ``given`` takes the cases that come with the data, by the name of their candidate set;
    ``file`` those of a file of one's own.
    """

    split: SplitMethod | ColdSplit = "leave-one-out"
    shown: Count = SHOWN
    per_scene: bool = False
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    at: datetime | None = None
    people: Literal["test", "validation", "all"] = "validation"
    scenes: tuple[str, ...] = ()
    number: Annotated[int, Field(ge=0)] = 0
    candidates: Annotated[int, Field(ge=2)] | Literal["all"] = 20
    negatives: Negatives = "popular"
    known: Literal["all", "nothing"] = "all"
    min_history: Count = 5
    seed: int = 0
    given: str = ""
    file: Path | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.known == "nothing" and (self.given or self.file):
            raise ValueError("known = 'nothing' is of cases that are cut here, not of given ones")
        if self.given and self.file:
            raise ValueError("cases come from 'given' or from 'file', not from both")
        return self


class ModelSection(ModelSettings):
    """``[models.NAME]``: as ``[model]`` in recagent.toml, of one model."""

    @field_validator("then")
    @classmethod
    def _one_model(cls, _: tuple[EngineSettings, ...]) -> tuple[EngineSettings, ...]:
        raise ValueError("an experiment asks one model: declare each in [models]")

    @field_validator("api_key")
    @classmethod
    def _no_key(cls, _: SecretStr) -> SecretStr:
        raise ValueError(
            "runs keep a copy of this file: set OPENAI_API_KEY in the environment, and "
            "OPENAI_BASE_URL to the address that the key is for"
        )


class SystemSection(_Section):
    """``[[systems]]``: a baseline, a command, or a prompt for a model; lists make one of each.

    Attributes:
        command: of a program that answers all cases from files (``external_systems``).
        mode: the newest prompt of this scoring mode, where no prompt is named.
        model: of ``[models]``; by default the only one, or what recagent.toml says.
        join: weight of the language score beside the fusion of all sources; 1 is the model alone.
        retriever: the baseline whose best are reranked where the whole catalogue is.
        history: newest liked items that the prompt tells.
    """

    name: str = ""
    command: str = ""
    baseline: tuple[str, ...] = ()
    prompt: tuple[str, ...] = ()
    mode: tuple[Mode, ...] = ()
    model: tuple[str, ...] = ()
    lang: Language = "en"
    join: Share = 1.0
    retriever: str = "fused"
    pool: Count = 20
    history: Count = 8

    _lists = field_validator("baseline", "prompt", "mode", "model", mode="before")(_listed)

    @field_validator("baseline", "retriever")
    @classmethod
    def _known_baseline(cls, value: Any, info: ValidationInfo) -> Any:
        known = {**BASELINES, **SERVED} if info.field_name == "baseline" else BASELINES
        for name in _listed(value):
            if name not in known:
                raise ValueError(f"unknown baseline {name!r}; known baselines: {', '.join(known)}")
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(map(bool, (self.baseline, self.prompt, self.mode, self.command))) != 1:
            raise ValueError(
                "a system is one of: baseline = ..., prompt = ..., mode = ..., command = ..."
            )
        if self.command and not self.name:
            raise ValueError("a command needs a name")
        if not (self.prompt or self.mode) and (self.model or self.join != 1.0):
            kind = "baseline" if self.baseline else "command"
            raise ValueError(f"a {kind} takes no model and no join")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Is one system of the grid: a baseline, a prompt for a model, or a command.

    Attributes:
        options: the section that declares it, for language, join, retriever, pool and history.
        position: of that section among ``[[systems]]``.
    """

    name: str
    options: SystemSection
    position: int
    baseline: str = ""
    prompt: str = ""
    model: str = ""
    command: str = ""


class AuditSection(_Section):
    """``[audits]``: extra questions to the first ``cases`` cases of every scene.

    ``orders`` is how often the candidates are listed anew; ``systems`` are all without it. With
    ``later`` baselines are asked again where the events after a global split are others: an answer
    that changes is an error.
    """

    orders: Annotated[int, Field(ge=0)] = 0
    memorisation: bool = False
    later: bool = False
    cases: Count = 10
    systems: tuple[str, ...] = ()


class Experiment(_Section):
    """Everything that an experiment file declares.

    Attributes:
        main: two systems, the new one first, whose difference over all scenes is what is asked: it
            is tested at the full level, and the other comparisons are corrected among themselves.
        folder: where its paths begin.
        source: the file itself, for messages.
    """

    name: Annotated[str, Field(pattern=r"^[\w.-]+$")]
    about: str = ""
    measures: tuple[str, ...] = MEASURES
    primary: str = "nDCG@10"
    reference: str = ""
    main: tuple[str, str] | None = None
    conversations: Annotated[int, Field(ge=0)] = 10
    concurrency: Count = 8
    data: DataSection = DataSection()
    cases: CasesSection = CasesSection()
    models: dict[str, ModelSection] = {}
    systems: Annotated[tuple[SystemSection, ...], Field(min_length=1)]
    audits: AuditSection = AuditSection()
    folder: Annotated[Path, Field(exclude=True)] = Path()
    source: Annotated[Path, Field(exclude=True)] = Path()

    @field_validator("measures", "primary")
    @classmethod
    def _known_measures(cls, value: Any) -> Any:
        for name in _listed(value):
            try:
                measure_named(name)
            except ConfigError as error:
                raise ValueError(error.message) from error
        return value

    @property
    def all_measures(self) -> tuple[str, ...]:
        """Returns the primary measure, then the others."""
        return tuple(dict.fromkeys([self.primary, *self.measures]))

    @cached_property
    def grid(self) -> tuple[System, ...]:
        """Returns the systems, one for each baseline, prompt or mode, and model of the lists."""
        return tuple(
            system
            for position, section in enumerate(self.systems)
            for system in _expand(section, position, tuple(self.models) or ("",))
        )

    def path(self, path: Path) -> Path:
        """Returns a path of the file, as from the working directory."""
        return self.folder / path

    def refusal(self, key: Sequence[str | int], problem: AnyText) -> ConfigError:
        """Returns the error that says what is wrong with a declaration, with file and line.

        Args:
            key: keys and positions in lists, from the top.
            problem: what is wrong.
        """
        return _refusal(self.source, key, problem)


def load_experiment(
    path: Path, *, folder: Path | None = None, data: Path | None = None
) -> Experiment:
    """Reads and checks an experiment file.

    Args:
        path: of the file.
        folder: where its relative paths begin; by default the file's own.
        data: where the data are, in place of ``[data]`` path, as from the working directory.

    Raises:
        ConfigError: it cannot be read, is not TOML, or declares what there is not; the message
            names file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            "cannot read experiment {path!r}: {error}", path=str(path), error=error
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            "experiment {path!r} is not valid TOML: {error}", path=str(path), error=error
        ) from error
    try:
        experiment = Experiment.model_validate(
            {**raw, "folder": folder or path.parent, "source": path}
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise _refusal(path, first["loc"], _problem(first)) from error
    mistake = _naming_mistake(experiment)
    if mistake is not None:
        raise _refusal(path, *mistake)
    if data is None:
        return experiment
    section = experiment.data.model_copy(update={"path": data.resolve()})
    return experiment.model_copy(update={"data": section})


def _problem(first: Any) -> AnyText:
    """Returns pydantic's message, or that of our own validator where one raised it."""
    error: object = first.get("ctx", {}).get("error")
    message: object = error.args[0] if isinstance(error, ValueError) else None
    return (
        message
        if isinstance(message, LocalizedText)
        else first["msg"].removeprefix("Value error, ")
    )


def _refusal(path: Path, key: Sequence[str | int], problem: AnyText) -> ConfigError:
    return ConfigError(
        "experiment {path!r}, line {line}: {key}: {problem}",
        path=str(path),
        line=line_of(path.read_text(encoding="utf-8"), key),
        key=".".join(map(str, key)),
        problem=problem,
    )


def _naming_mistake(experiment: Experiment) -> tuple[tuple[str | int, ...], AnyText] | None:
    """Returns the first name that refers to nothing or is given twice: its keys, what is wrong."""
    names: list[str] = []
    for number, section in enumerate(experiment.systems):
        for name in section.model:
            if name not in experiment.models:
                known = ", ".join(experiment.models) or "none"
                return ("systems", number, "model"), LocalizedText(
                    "no model {model!r} in [models]; known models: {known}", model=name, known=known
                )
        for system in _expand(section, number, tuple(experiment.models) or ("",)):
            if system.name in names:
                return ("systems", number), LocalizedText(
                    "two systems are called {system!r}; set name for one of them",
                    system=system.name,
                )
            names.append(system.name)
    references = [(("reference",), name) for name in filter(None, [experiment.reference])]
    references += [(("main",), name) for name in experiment.main or ()]
    references += [(("audits", "systems"), name) for name in experiment.audits.systems]
    for where, name in references:
        if name not in names:
            return where, LocalizedText(
                "unknown system {system!r}; known systems: {known}",
                system=name,
                known=", ".join(names),
            )
    if experiment.main and len(set(experiment.main)) == 1:
        return ("main",), LocalizedText("choose two different systems to compare")
    return None


def _expand(section: SystemSection, position: int, models: tuple[str, ...]) -> list[System]:
    """Returns a section's systems: one for each baseline, or for each prompt and model."""
    if section.command:
        return [
            System(name=section.name, options=section, position=position, command=section.command)
        ]
    if section.baseline:
        return [
            System(name=section.name or name, options=section, position=position, baseline=name)
            for name in section.baseline
        ]
    model_names = section.model or models
    joined = f"fused + {section.join:g} " if section.join < 1 else ""
    return [
        System(
            name=(section.name or f"{joined}{Path(prompt).name.removesuffix('.j2')}")
            + (f" · {model}" if len(model_names) > 1 else ""),
            options=section,
            position=position,
            prompt=prompt,
            model=model,
        )
        for prompt, model in itertools.product(section.prompt or section.mode, model_names)
    ]

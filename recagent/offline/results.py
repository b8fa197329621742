"""Results of a run as its folder keeps them: answers with their cost, dialogues, the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recagent.domain import Usage
from recagent.llm.usage import Exchange
from recagent.offline.data_set import ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Is one system's scores for one case with their cost; a line of ``results.jsonl``.

    Attributes:
        variant: how the case was changed: empty, ``order-1``..., ``masked`` or ``swapped``.
        scores: by item id, higher is better; only the best hundred in a full-catalogue case.
        calls: to the model, of which ``cached`` were answered from the cache of replies.
        repairs: labels that were unknown, doubled or missing in good replies.
        invalid: calls that failed or whose reply could not be used, and were tried again.
        seconds: of the calls, waiting for a free place apart; of cached replies those that they
            took when they were made.
        error: why there are no scores; None if there are.
    """

    system: str
    case: str
    variant: str = ALL
    scores: Mapping[str, float] = field(default_factory=dict[str, float])
    calls: int = 0
    cached: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: float = 0.0
    repairs: int = 0
    invalid: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDialogue:
    """Holds the exchanges between one system and its model about one case."""

    system: str
    case: str
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Holds one system's per-case measures of one case; None where a measure is not defined."""

    system: str
    case: str
    variant: str = ALL
    values: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Records how a run was made; ``run.json``.

    Attributes:
        began: ISO time with zone.
        finished: likewise; None while results are missing.
        git: revision of the working copy, with ``+changes`` where it has any; None outside one.
        packages: versions of what the figures depend on, by name.
        prompts: prompt id with hash, by system.
        models: what is known of each model that is asked, by its name in the experiment.
        data: name, fingerprint, counts and note of the data set.
        experiment: the declarations as they were run.
        arguments: of the command line.
        kinds: ``baseline`` or the scoring mode, by system.
        folder: where the experiment's relative paths begin, as from the run's folder.
        data_path: of ``--data``, likewise; empty without it.
        limit: cases of each scene that were asked at most; 0 for all that are declared.
    """

    name: str
    began: str
    finished: str | None
    recagent: str
    git: str | None
    python: str
    platform: str
    packages: Mapping[str, str]
    prompts: Mapping[str, str]
    models: Mapping[str, Mapping[str, str]]
    kinds: Mapping[str, str]
    data: Mapping[str, Any]
    experiment: Mapping[str, Any]
    arguments: Sequence[str]
    folder: str
    data_path: str = ""
    limit: int = 0

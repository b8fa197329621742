"""A run whose model answers by batch files: its questions, their replies, and what is recorded.

A recording is kept by case and by the hash of the prompt. It holds the list of candidates that the
prompt told, so that a later change of retrieval does not spoil the reply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recagent.errors import ConfigError
from recagent.evaluation import run_folder
from recagent.evaluation.context import EvaluationContext
from recagent.evaluation.language_models import metered_model
from recagent.evaluation.system_runner import Job, JobKey
from recagent.llm.batch_files import BatchModel, read_replies
from recagent.llm.cached_model import request_key
from recagent.llm.usage import CostBudget, Exchange, MeteredModel
from recagent.ports import Reply

RECORDINGS = "recordings.jsonl"  # in the run's folder; --replies reads it too


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A question of a run and its reply; a line of ``recordings.jsonl``.

    Attributes:
        custom_id: hash of the prompt; empty where it is not known any more.
        items: candidates that the prompt told, where the case names none.
        content: the reply; None while there is none.
    """

    system: str
    case: str
    variant: str
    custom_id: str = ""
    items: tuple[str, ...] = ()
    content: str | None = None


class BatchRun:
    """The model of a run, behind files.

    Attributes:
        lists: candidates of whole catalogues that were recorded, by job.
    """

    def __init__(self, replies: Sequence[Path]) -> None:
        """Answers by these files: outputs of batches, or recordings of a run.

        Raises:
            DataError: a file cannot be read, or is neither.
        """
        self._replies: dict[str, Reply] = {}
        self._model: BatchModel | None = None
        self.lists: dict[JobKey, tuple[str, ...]] = {}
        for path in replies:
            self._read(path)

    @property
    def requests(self) -> Mapping[str, Mapping[str, Any]]:
        """Bodies of the requests without a reply, by id."""
        return self._model.requests if self._model else {}

    def read_recordings(self, folder: Path) -> None:
        """Takes what the folder of a run has recorded."""
        path = folder / RECORDINGS
        if path.is_file():
            self._read(path)

    def _read(self, path: Path) -> None:
        self._replies |= read_replies([path])
        if path.name != RECORDINGS:
            return
        for line in run_folder.read_lines(Recording, path):
            if line.items:
                self.lists[line.system, line.case, line.variant] = line.items

    def models(self, context: EvaluationContext) -> dict[str, MeteredModel]:
        """Returns the run's model, by its name in the experiment.

        Raises:
            ConfigError: there are several, or it has no name, which the requests are to tell.
        """
        if len(context.model_settings) > 1:
            raise ConfigError(
                "a batch asks one model, but the systems name {count} ({names}); ask them one "
                "experiment each",
                count=len(context.model_settings),
                names=", ".join(context.model_settings),
            )
        metered: dict[str, MeteredModel] = {}
        for key, settings in context.model_settings.items():
            name = settings.model.name
            if not name:
                raise ConfigError("a batch needs the model's name; set [model] name")
            self._model = BatchModel(name, self._replies)
            metered[key] = metered_model(
                settings,
                self._model,
                f"{name} by batch files",
                cache=None,
                concurrency=1,
                budget=CostBudget(),
            )
        return metered

    def record(self, folder: Path, job: Job, exchanges: Sequence[Exchange]) -> None:
        """Keeps the replies to a question in the run's folder."""
        lines = [
            Recording(
                system=job.system.name,
                case=job.case.id,
                variant=job.variant,
                custom_id=request_key([exchange.prompt]),
                items=self.lists.get(job.key, ()),
                content=exchange.reply,
            )
            for exchange in exchanges
        ]
        run_folder.append_lines(folder / RECORDINGS, lines)

    def record_lists(self, folder: Path, jobs: Sequence[Job]) -> None:
        """Keeps the candidates of questions that still wait for their replies."""
        lines = [
            Recording(
                system=job.system.name,
                case=job.case.id,
                variant=job.variant,
                items=self.lists[job.key],
            )
            for job in jobs
            if job.key in self.lists
        ]
        run_folder.append_lines(folder / RECORDINGS, lines)

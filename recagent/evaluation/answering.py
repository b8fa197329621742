"""One system's result for one case: a baseline's scores, or a model's through the product's ranker.

It neither makes cases nor keeps results.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from recagent.domain import Candidate, Case, Item, Scene
from recagent.errors import ModelError
from recagent.evaluation.audits import listed
from recagent.evaluation.cases import masked
from recagent.evaluation.experiment import System
from recagent.llm.usage import Exchange, MeteredModel, UsageMeter
from recagent.offline.models import ALL, ModelDialogue, Result
from recagent.ports import CandidateSource, Query
from recagent.prompts import Prompt
from recagent.ranking import ModelRanker, blend
from recagent.retrieval import ItemKNN

KEPT = 100  # scores of a full-catalogue case
NEAR = "knn"  # the baseline of the source ``neighbours``

Scores = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """One question to one system: a case, as it stands or changed."""

    system: System
    case: Case
    variant: str = ALL

    @property
    def key(self) -> tuple[str, str, str]:
        return self.system.name, self.case.id, self.variant


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SystemRunner:
    """What answering needs.

    Attributes:
        baselines: every baseline that the systems name, by its name.
        prompts: by system.
        sources: models, by their name in the experiment.
        scenes: by name.
        scene_items: items by id, by scene.
        query: of a case and variant; it holds the profile and what must not come.
    """

    baselines: Mapping[str, CandidateSource]
    prompts: Mapping[str, Prompt]
    sources: Mapping[str, MeteredModel]
    scenes: Mapping[str, Scene]
    scene_items: Mapping[str, Mapping[str, Item]]
    query: Callable[[Case, str], Any]

    async def answer(self, job: Job) -> tuple[Result, tuple[Exchange, ...], float | None]:
        """The result, what was said, and the seconds that a dry run expects (None: unknown).

        A model that fails is a result with an error.

        Raises:
            RecagentError: anything else that is wrong.
        """
        if job.system.baseline:
            return await self._baseline(job), (), 0.0
        meter = UsageMeter(self.sources[job.system.model])
        blank = Result(system=job.system.name, case=job.case.id, variant=job.variant)
        failed, facts = None, {}
        try:
            facts = await self._asked(job, meter)
        except ModelError as error:
            failed = str(error)
        result = replace(
            blank,
            **facts,
            calls=meter.calls,
            cached=meter.cached,
            usage=meter.usage,
            cost=meter.cost,
            seconds=meter.seconds,
            error=failed,
        )
        return result, tuple(meter.exchanges), meter.estimated_seconds

    async def _baseline(self, job: Job) -> Result:
        began = time.perf_counter()
        scores = await self._proposed(job.system.baseline, job)
        return Result(
            system=job.system.name,
            case=job.case.id,
            variant=job.variant,
            scores=_kept(scores),
            seconds=time.perf_counter() - began,
            notes=tuple(getattr(self.baselines[job.system.baseline], "notes", ())),
        )

    async def _asked(self, job: Job, meter: UsageMeter) -> dict[str, Any]:
        """The fields of a result that the ranker fills."""
        system = job.system
        prompt = self.prompts[system.name]
        candidates, base = await self._candidates(job, prompt)
        if not candidates:  # as in the product, nobody is asked about nothing
            return {"notes": (f"{system.retriever} found no candidate",)}
        ranker = ModelRanker(
            meter,
            prompt=prompt,
            history=system.history,
            scenes=self.scenes,
        )
        said = await ranker(await self.query(job.case, job.variant), candidates=candidates)
        joined: Sequence[float] = said.scores
        if system.join < 1:
            joined = blend(said.scores, base, language_weight=system.join).tolist()
        ids = [candidate.item.id for candidate in candidates]
        return {
            "scores": _kept(dict(zip(ids, joined, strict=True))),
            "repairs": said.repairs,
            "invalid": said.invalid,
            "notes": said.notes,
        }

    async def _candidates(self, job: Job, prompt: Prompt) -> tuple[list[Candidate], list[float]]:
        """The candidates as the model is shown them, and the fusion's score of each.

        They carry what ``neighbours`` says of them if the prompt tells what similar people liked.
        """
        items, system = self.scene_items[job.case.scene], job.system
        ids: Sequence[str] = listed(job.case, job.variant)
        if not ids:
            ids = list(await self._proposed(system.retriever, job))[: system.pool]
        fused = await self._proposed("fused", job) if system.join < 1 else {}
        near = await self._proposed(NEAR, job) if tells_similar(prompt) else {}
        shown = [items[item_id] for item_id in ids]
        if job.variant == "masked":
            shown = masked(shown)
        said = [{ItemKNN.name: near[key]} if key in near else {} for key in ids]
        return (
            [Candidate(item=item, features=own) for item, own in zip(shown, said, strict=True)],
            [fused.get(item_id, 0.0) for item_id in ids],
        )

    async def _proposed(self, baseline: str, job: Job) -> Scores:
        """A baseline's scores of the candidates, or its best hundred of the scene, best first."""
        query: Query = await self.query(job.case, job.variant)
        items = self.scene_items[job.case.scene]
        wanted = set(job.case.item_ids)
        limit = len(items) if wanted else KEPT
        proposed = await self.baselines[baseline](query, limit=limit)
        return {key: score for key, score in proposed if not wanted or key in wanted}


def tells_similar(prompt: Prompt) -> bool:
    """Whether a prompt asks for what people who liked the same liked."""
    return "similar" in prompt.front.inputs


def _kept(scores: Scores) -> Scores:
    """Scores with nine digits: enough to tell them apart, and a run's file is half as large."""
    return {item_id: float(f"{score:.9g}") for item_id, score in scores.items()}


def conversation(job: Job, exchanges: tuple[Exchange, ...]) -> ModelDialogue:
    """What was said about a job, to be kept."""
    return ModelDialogue(system=job.system.name, case=job.case.id, exchanges=exchanges)

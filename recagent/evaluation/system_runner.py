"""One system's result for one case: a baseline's or program's scores, or a model's by our ranker.

Cases are made and results are kept elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from recagent.domain import Candidate, Case, Item, RatingScale, Scene
from recagent.errors import ModelError
from recagent.evaluation.audits import candidate_order
from recagent.evaluation.experiment import System
from recagent.evaluation.programs import Programs
from recagent.llm.batch_files import UnansweredError
from recagent.llm.usage import Exchange, MeteredModel, UsageMeter
from recagent.offline.data_set import ALL
from recagent.offline.perturbations import mask_titles
from recagent.offline.results import ModelDialogue, Result
from recagent.ports import CandidateSource, Query
from recagent.prompts import Prompt
from recagent.ranking import ModelRanker, blend
from recagent.retrieval import ItemKNN

MOST_SCORES = 100  # scores of a full-catalogue case
LATER = "later"  # the variant in which the events after a global split are others
NEAR = "knn"  # the baseline of the source ``neighbours``

Scores = dict[str, float]
JobKey = tuple[str, str, str]  # system, case, variant


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """One question to one system: a case, as it stands or changed."""

    system: System
    case: Case
    variant: str = ALL

    @property
    def key(self) -> JobKey:
        return self.system.name, self.case.id, self.variant


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SystemRunner:
    """Answers jobs with baselines and models.

    Attributes:
        baselines: every baseline that the systems name, by its name.
        altered: the same for the variant ``later``.
        programs: what runs the systems that are commands.
        prompts: by system.
        models: by their name in the experiment.
        scenes: by name.
        scene_items: items by id, by scene.
        query: of a case and variant; it holds the profile and what must not come.
        scale: of ratings.
        attempts: retry budget of a question.
        lists: candidates that a model was shown of whole catalogues, by job; those that are there
            are shown again, whatever retrieval finds by now.
    """

    baselines: Mapping[str, CandidateSource]
    altered: Mapping[str, CandidateSource]
    programs: Programs
    prompts: Mapping[str, Prompt]
    models: Mapping[str, MeteredModel]
    scenes: Mapping[str, Scene]
    scene_items: Mapping[str, Mapping[str, Item]]
    query: Callable[[Case, str], Any]
    scale: RatingScale
    attempts: int = 3
    lists: dict[JobKey, tuple[str, ...]] = field(default_factory=dict[JobKey, "tuple[str, ...]"])

    async def answer(self, job: Job) -> tuple[Result, tuple[Exchange, ...], float | None]:
        """Returns the result, the dialogue, and the seconds that a dry run expects (None: unknown).

        A model that fails is a result with an error.

        Raises:
            UnansweredError: a batch file has no reply yet.
            RecagentError: anything else that is wrong.
        """
        if job.system.baseline:
            return await self._baseline(job), (), 0.0
        if job.system.command:
            return await self._program(job), (), 0.0
        meter = UsageMeter(self.models[job.system.model])
        unanswered = Result(system=job.system.name, case=job.case.id, variant=job.variant)
        error, answered = None, {}
        try:
            answered = await self._ask_model(job, meter)
        except UnansweredError:
            raise
        except ModelError as failure:
            error = str(failure)
        result = replace(
            unanswered,
            **answered,
            calls=meter.calls,
            cached=meter.cached,
            usage=meter.usage,
            cost=meter.cost,
            seconds=meter.seconds,
            error=error,
        )
        return result, tuple(meter.exchanges), meter.estimated_seconds

    async def _baseline(self, job: Job) -> Result:
        began = time.perf_counter()
        scores = await self._baseline_scores(job.system.baseline, job)
        return Result(
            system=job.system.name,
            case=job.case.id,
            variant=job.variant,
            scores=_rounded(scores),
            seconds=time.perf_counter() - began,
            notes=tuple(map(str, getattr(self.baselines[job.system.baseline], "notes", ()))),
        )

    async def _program(self, job: Job) -> Result:
        result = Result(system=job.system.name, case=job.case.id, variant=job.variant)
        try:
            scores, seconds = await self.programs.scores(
                job.system.name, job.system.command, job.case
            )
        except ModelError as error:
            return replace(result, error=str(error))
        return replace(result, scores=_rounded(scores), seconds=seconds)

    async def _ask_model(self, job: Job, meter: UsageMeter) -> dict[str, Any]:
        """Returns the fields of a result that the ranker fills."""
        system = job.system
        prompt = self.prompts[system.name]
        candidates, fused = await self._candidates(job, prompt)
        if not candidates:  # as in the product, nobody is asked about nothing
            return {"notes": (f"{system.options.retriever} found no candidate",)}
        ranker = ModelRanker(
            meter,
            prompt=prompt,
            attempts=self.attempts,
            history=system.options.history,
            scenes=self.scenes,
            scale=self.scale,
        )
        ranked = await ranker(await self.query(job.case, job.variant), candidates=candidates)
        scores: Sequence[float] = ranked.scores
        if system.options.join < 1:
            scores = blend(ranked.scores, fused, language_weight=system.options.join).tolist()
        ids = [candidate.item.id for candidate in candidates]
        return {
            "scores": _rounded(dict(zip(ids, scores, strict=True))),
            "repairs": ranked.repairs,
            "invalid": ranked.invalid,
            "notes": tuple(map(str, ranked.notes)),
        }

    async def _candidates(self, job: Job, prompt: Prompt) -> tuple[list[Candidate], list[float]]:
        """Returns the candidates as the model is shown them, and the fused score of each.

        They carry the item-kNN score if the prompt tells what similar people liked.
        """
        items, system = self.scene_items[job.case.scene], job.system
        ids: Sequence[str] = candidate_order(job.case, job.variant)
        if not ids and job.key not in self.lists:
            found = await self._baseline_scores(system.options.retriever, job)
            self.lists[job.key] = tuple(found)[: system.options.pool]
        ids = ids or self.lists[job.key]
        fused = await self._baseline_scores("fused", job) if system.options.join < 1 else {}
        neighbours = await self._baseline_scores(NEAR, job) if needs_neighbours(prompt) else {}
        shown = [items[item_id] for item_id in ids]
        if job.variant == "masked":
            shown = mask_titles(shown)
        features = [{ItemKNN.name: neighbours[key]} if key in neighbours else {} for key in ids]
        return (
            [
                Candidate(item=item, features=scores)
                for item, scores in zip(shown, features, strict=True)
            ],
            [fused.get(item_id, 0.0) for item_id in ids],
        )

    async def _baseline_scores(self, baseline: str, job: Job) -> Scores:
        """Returns a baseline's scores of the candidates, or its best 100 of the scene."""
        query: Query = await self.query(job.case, job.variant)
        items = self.scene_items[job.case.scene]
        candidates = set(job.case.item_ids)
        limit = len(items) if candidates else MOST_SCORES
        sources = self.altered if job.variant == LATER else self.baselines
        proposed = await sources[baseline](query, limit=limit)
        return {key: score for key, score in proposed if not candidates or key in candidates}


def needs_neighbours(prompt: Prompt) -> bool:
    """Says whether a prompt asks for what people who liked the same liked."""
    return "similar" in prompt.front.inputs


def _rounded(scores: Scores) -> Scores:
    """Rounds scores to nine digits, which halves a run's file and keeps them distinct."""
    return {item_id: float(f"{score:.9g}") for item_id, score in scores.items()}


def dialogue(job: Job, exchanges: tuple[Exchange, ...]) -> ModelDialogue:
    """Returns the dialogue about a job, to be kept."""
    return ModelDialogue(system=job.system.name, case=job.case.id, exchanges=exchanges)

"""Everything that the cases of a run are put to: data, prompts, index, baselines, model settings.

``preparation`` opens it; ``run_cases`` adds the models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from recagent import prompts
from recagent.config.settings import Settings
from recagent.domain import Case, Item, User
from recagent.evaluation.baselines import CACHED_QUERIES
from recagent.evaluation.experiment import Experiment, System
from recagent.evaluation.programs import Programs
from recagent.evaluation.system_runner import LATER, Job, SystemRunner
from recagent.llm.usage import MeteredModel
from recagent.offline.backtest import case_context
from recagent.offline.data_set import ALL, CatalogueStatistics, Data, Questions
from recagent.ports import CandidateSource, Embedder, ItemIndex, Query
from recagent.profiles.building import is_liked, profile_of

if TYPE_CHECKING:
    from recagent.domain.arrays import Vector


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EvaluationContext:
    """Holds everything of a run but its models, open and checked.

    Attributes:
        settings: of the data's own config, or the demo's.
        model_settings: of each model that is asked, by its name in the experiment.
        prompts: by system.
        altered: the baselines again, where the events after a global split are others; empty
            unless the audit asks for them.
        programs: what runs the systems that are commands.
        swapped: whose history a case gets in the memorisation audit, by case id.
    """

    experiment: Experiment
    settings: Settings
    model_settings: Mapping[str, Settings]
    data: Data
    questions: Questions
    prompts: Mapping[str, prompts.Prompt]
    index: ItemIndex
    embedder: Embedder
    baselines: Mapping[str, CandidateSource]
    altered: Mapping[str, CandidateSource]
    programs: Programs
    scene_items: Mapping[str, Mapping[str, Item]]
    swapped: Mapping[str, Case]
    queries: dict[tuple[str, bool], Query] = field(default_factory=dict[tuple[str, bool], Query])

    async def query(self, case: Case, variant: str = ALL) -> Query:
        """Returns the person as they were at the case's time; in a swap, with another history.

        Systems that ask about the same case in a row get the same object.
        """
        key = (case.id, variant == "swapped")
        if key not in self.queries:
            query = await self._query(case, variant)
            if len(self.queries) >= CACHED_QUERIES:
                self.queries.pop(next(iter(self.queries)))
            self.queries[key] = query
        return self.queries[key]

    async def _query(self, case: Case, variant: str) -> Query:
        person = self.swapped[case.id] if variant == "swapped" else case
        profile = await profile_of(
            person.user or User(id=person.user_id),
            person.history,
            index=self.index,
            embedder=self.embedder,
            scale=self.data.scale,
            half_life=timedelta(days=self.settings.retrieval.half_life_days),
        )
        seen = frozenset(event.item_id for event in case.history if not case.item_ids)
        scene = self.data.scenes[case.scene]
        return Query(profile=profile, scene=scene, context=case_context(case), exclude=seen)

    def jobs(self) -> list[Job]:
        """Returns every question of the grid.

        Baselines come case by case, so that they share what they compute. Models and programs come
        system by system, so that prompts which begin alike follow each other.
        """
        jobs = [job for system in self.experiment.grid for job in self._jobs_of(system)]
        rank = {case.id: number for number, case in enumerate(self.questions.cases)}
        baseline_jobs = [job for job in jobs if job.system.baseline]
        model_jobs = [job for job in jobs if not job.system.baseline]
        return sorted(baseline_jobs, key=lambda job: rank[job.case.id]) + model_jobs

    def _jobs_of(self, system: System) -> list[Job]:
        plain = [Job(system=system, case=case) for case in self.questions.cases]
        audits = self.experiment.audits
        if audits.systems and system.name not in audits.systems:
            return plain
        variants = [f"order-{number}" for number in range(1, audits.orders + 1)]
        variants += ["masked", "swapped"] if audits.memorisation else []
        if not system.prompt:
            variants = [LATER] if audits.later and system.baseline else []
        return plain + [
            Job(system=system, case=case, variant=variant)
            for case in self.first_cases(audits.cases)
            for variant in variants
            if case.item_ids or not variant.startswith("order")
            if case.id in self.swapped or variant != "swapped"
        ]

    def first_cases(self, number: int) -> list[Case]:
        """Returns the first ``number`` cases of every scene."""
        return first_of_each_scene(self.questions.cases, number)

    async def catalogue_statistics(self) -> CatalogueStatistics:
        """Returns what the measures beyond accuracy need to know of the items."""
        liked = {
            (event.user_id, event.item_id)
            for event in self.questions.training
            if is_liked(event, self.data.scale)
        }
        popularity: dict[str, int] = {}
        for _, item_id in liked:
            popularity[item_id] = popularity.get(item_id, 0) + 1
        vectors: dict[str, Vector] = {}
        for scene in {case.scene for case in self.questions.cases}:
            ids = list(self.scene_items[scene])
            vectors |= dict(zip(ids, await self.index.vectors(scene, ids=ids), strict=True))
        return CatalogueStatistics(
            popularity=popularity,
            people=len({user_id for user_id, _ in liked}),
            scene_items={name: frozenset(items) for name, items in self.scene_items.items()},
            vectors=vectors,
        )

    def runner(self, models: Mapping[str, MeteredModel]) -> SystemRunner:
        """Returns what runs systems, given the models by their names in the experiment."""
        return SystemRunner(
            baselines=self.baselines,
            altered=self.altered,
            programs=self.programs,
            prompts=self.prompts,
            models=models,
            scenes=self.data.scenes,
            scene_items=self.scene_items,
            query=self.query,
            scale=self.data.scale,
        )


def first_of_each_scene(cases: Sequence[Case], number: int) -> list[Case]:
    """Returns the first ``number`` cases of every scene, in their order."""
    counts: dict[str, int] = {}
    first: list[Case] = []
    for case in cases:
        counts[case.scene] = counts.get(case.scene, 0) + 1
        if counts[case.scene] <= number:
            first.append(case)
    return first

"""What a run's questions are asked at: data, cases, prompts, index, baselines, settings of models.

It is opened in ``opening``; the models join in ``running``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from recagent import bootstrap, prompts
from recagent.config.settings import Settings
from recagent.domain import Case, Context, Item, User
from recagent.evaluation.answering import Job, SystemRunner
from recagent.evaluation.baselines import REMEMBERED
from recagent.evaluation.experiment import Experiment, System
from recagent.llm.usage import MeteredModel
from recagent.offline.models import ALL, Data, Questions, Shelf
from recagent.ports import CandidateSource, ItemIndex, Query
from recagent.profiles.building import is_liked, profile_of

if TYPE_CHECKING:
    from recagent.domain.arrays import Vector


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EvaluationContext:
    """Everything but the models, open and checked.

    Attributes:
        settings: of the data's own config, or the demo's.
        models: settings of each model that is asked, by its name in the experiment.
        prompts: by system.
        swapped: whose history a case gets in the memorisation audit, by case id.
    """

    experiment: Experiment
    settings: Settings
    models: Mapping[str, Settings]
    data: Data
    questions: Questions
    prompts: Mapping[str, prompts.Prompt]
    index: ItemIndex
    baselines: Mapping[str, CandidateSource]
    scene_items: Mapping[str, Mapping[str, Item]]
    swapped: Mapping[str, Case]
    queries: dict[tuple[str, bool], Query] = field(default_factory=dict[tuple[str, bool], Query])

    async def query(self, case: Case, variant: str = ALL) -> Query:
        """The person as they were at the case's time; in a swap, with another one's history.

        Every system that asks about a case soon gets the same object.
        """
        key = (case.id, variant == "swapped")
        if key not in self.queries:
            made = await self._query(case, variant)
            if len(self.queries) >= REMEMBERED:
                self.queries.pop(next(iter(self.queries)))
            self.queries[key] = made
        return self.queries[key]

    async def _query(self, case: Case, variant: str) -> Query:
        known = self.swapped[case.id] if variant == "swapped" else case
        profile = await profile_of(
            known.user or User(id=known.user_id),
            known.history,
            index=self.index,
            embedder=bootstrap.embedder(self.settings),
            scale=self.data.scale,
            half_life=timedelta(days=self.settings.retrieval.half_life_days),
        )
        seen = frozenset(event.item_id for event in case.history if not case.item_ids)
        scene = self.data.scenes[case.scene]
        return Query(profile=profile, scene=scene, context=Context(wish=case.wish), exclude=seen)

    def jobs(self) -> list[Job]:
        """Every question of the grid: case by case to the baselines, which share what they find.

        Then system by system to the models, so that prompts which begin alike follow each other.
        """
        jobs = [job for system in self.experiment.grid for job in self._jobs_of(system)]
        place = {case.id: at for at, case in enumerate(self.questions.cases)}
        cheap = [job for job in jobs if job.system.baseline]
        rest = [job for job in jobs if not job.system.baseline]
        return sorted(cheap, key=lambda job: place[job.case.id]) + rest

    def _jobs_of(self, system: System) -> list[Job]:
        plain = [Job(system=system, case=case) for case in self.questions.cases]
        audits = self.experiment.audits
        if audits.systems and system.name not in audits.systems:
            return plain
        variants = [f"order-{at}" for at in range(1, audits.orders + 1)]
        variants += ["masked", "swapped"] if audits.memorisation else []
        if system.baseline:
            variants = []
        return plain + [
            Job(system=system, case=case, variant=variant)
            for case in self.first_cases(audits.cases)
            for variant in variants
            if case.item_ids or not variant.startswith("order")
            if case.id in self.swapped or variant != "swapped"
        ]

    def first_cases(self, number: int) -> list[Case]:
        """The first ``number`` cases of every scene."""
        return first_of_each_scene(self.questions.cases, number)

    async def shelf(self) -> Shelf:
        """What the measures beyond accuracy need to know of the items."""
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
        return Shelf(
            popularity=popularity,
            people=len({user_id for user_id, _ in liked}),
            scene_items={name: frozenset(items) for name, items in self.scene_items.items()},
            vectors=vectors,
        )

    def desk(self, sources: Mapping[str, MeteredModel]) -> SystemRunner:
        """Where systems answer, given the models by their names in the experiment."""
        return SystemRunner(
            baselines=self.baselines,
            prompts=self.prompts,
            sources=sources,
            scenes=self.data.scenes,
            scene_items=self.scene_items,
            query=self.query,
        )


def first_of_each_scene(cases: Sequence[Case], number: int) -> list[Case]:
    """The first ``number`` cases of every scene, in their order."""
    counts: dict[str, int] = {}
    first: list[Case] = []
    for case in cases:
        counts[case.scene] = counts.get(case.scene, 0) + 1
        if counts[case.scene] <= number:
            first.append(case)
    return first

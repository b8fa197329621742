"""What a run needs before its first question: data, cases, prompts, index, baselines, models.

It asks no model; everything that can be wrong with an experiment is found here, before money is
spent.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import platformdirs

from recagent import demo, prompts, wiring
from recagent.errors import ConfigError, DataError, PromptError, RetrievalError
from recagent.evaluation.answering import Desk, Job
from recagent.evaluation.baselines import REMEMBERED, baselines
from recagent.evaluation.cases import check_leaks, questions, swapped
from recagent.evaluation.data import load_data
from recagent.evaluation.experiment import Experiment, System
from recagent.evaluation.extra import extra
from recagent.evaluation.metering import Source
from recagent.evaluation.models import model_settings
from recagent.evaluation.nouns import ALL, Data, Questions, Shelf
from recagent.profiles import is_liked, profile_of
from recagent.protocols import CandidateSource, ItemIndex, Query
from recagent.retrieval import index_items
from recagent.settings import Settings, load
from recagent.types import Case, Context, Item, User

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

logger = logging.getLogger(__name__)

OnProgress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bench:
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
            embedder=wiring.embedder(self.settings),
            scale=self.data.scale,
            half_life=timedelta(days=self.settings.retrieval.half_life_days),
        )
        seen = frozenset(event.item_id for event in case.history if not case.item_ids)
        scene = self.data.scenes[case.scene]
        return Query(profile=profile, scene=scene, context=Context(), exclude=seen)

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
        return _first_of_each_scene(self.questions.cases, number)

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

    def desk(self, sources: Mapping[str, Source]) -> Desk:
        """Where systems answer, given the models by their names in the experiment."""
        return Desk(
            baselines=self.baselines,
            prompts=self.prompts,
            sources=sources,
            scenes=self.data.scenes,
            scene_items=self.scene_items,
            query=self.query,
        )


@asynccontextmanager
async def opened(
    experiment: Experiment, *, limit: int = 0, on_progress: OnProgress
) -> AsyncGenerator[Bench]:
    """The bench of an experiment; its index is closed at the end.

    Args:
        experiment: what is to be measured.
        limit: at most so many cases of each scene; 0 is as declared.
        on_progress: told of stages and how far they are.

    Raises:
        ConfigError: settings or declarations that do not fit, or a prompt that is not there or is
            broken.
        DataError: data or cases that cannot be used, or that leak.
        RetrievalError: the items cannot be indexed.
    """
    extra("ir_measures")  # needed at the end: what is missing is told at the beginning
    settings = base_settings(experiment)
    found = {
        system.name: _prompt(experiment, system) for system in experiment.grid if system.prompt
    }
    models = model_settings(experiment, settings)
    path = experiment.data.path and experiment.path(experiment.data.path)
    data = load_data(experiment.data.source, path=path)
    for scene in experiment.cases.scenes:
        if scene not in data.scenes:
            raise experiment.refusal(
                ("cases", "scenes"), f"unknown scene {scene!r}; there are {', '.join(data.scenes)}"
            )
    asked = _limited(questions(data, experiment.cases, folder=experiment.folder), limit)
    check_leaks(asked, data)
    if not asked.cases:
        raise DataError("the experiment has no case; look at [cases]: people, min_history, scenes")
    async with AsyncExitStack() as closing:
        index = await _indexed(settings, data, closing, on_progress)
        yield Bench(
            experiment=experiment,
            settings=settings,
            models=models,
            data=data,
            questions=asked,
            prompts=found,
            index=index,
            baselines=_baselines(experiment, settings, data, asked, index),
            scene_items={name: await index.items(name) for name in await index.scenes()},
            swapped=swapped(asked.cases, seed=experiment.cases.seed),
        )


def _prompt(experiment: Experiment, system: System) -> prompts.Prompt:
    try:
        return prompts.find(system.prompt, lang=system.lang, base=experiment.folder)
    except PromptError as error:
        raise experiment.refusal(("systems", system.place, "prompt"), str(error)) from error


def base_settings(experiment: Experiment) -> Settings:
    """The settings that an experiment starts from: its data's own config, or the demo's."""
    section = experiment.data
    if section.source != "config":
        return demo.settings()
    if section.path is None:
        raise ConfigError('[data] source = "config" needs path, a recagent.toml or its folder')
    return load(experiment.path(section.path))


async def _indexed(
    settings: Settings, data: Data, closing: AsyncExitStack, on_progress: OnProgress
) -> ItemIndex:
    """An index of the data alone, in the user's cache: what serves is neither read nor locked.

    Where another run has it open, or it is broken, a run makes one of its own and deletes it.
    """

    async def filled(folder: Path) -> ItemIndex:
        apart = settings.index.model_copy(update={"url": ""})
        index = wiring.index(settings.model_copy(update={"data_dir": folder, "index": apart}))
        closing.push_async_callback(index.close)
        await index_items(
            data.items,
            index=index,
            embedder=wiring.embedder(settings),
            fingerprint=wiring.fingerprint,
            on_progress=lambda done, total: on_progress("items", done, total),
        )
        return index

    cache = Path(platformdirs.user_cache_dir("recagent", appauthor=False))
    made_by = f"{settings.embedder.kind} {settings.embedder.name}".strip().replace("/", "-")
    try:
        folder = f"{data.name}-{data.fingerprint[:12]}-{made_by}"
        return await filled(cache / "evaluation" / folder)
    except RetrievalError as error:
        logger.info("an index for this run alone: %s", error)
        return await filled(Path(closing.enter_context(TemporaryDirectory(prefix="recagent-"))))


def _baselines(
    experiment: Experiment,
    settings: Settings,
    data: Data,
    asked: Questions,
    index: ItemIndex,
) -> dict[str, CandidateSource]:
    names = {system.baseline for system in experiment.grid if system.baseline}
    if any(system.join < 1 for system in experiment.grid):
        names.add("fused")
    if experiment.cases.candidates == "all":
        names |= {system.retriever for system in experiment.grid if not system.baseline}
    return baselines(
        sorted(names),
        index=index,
        embedder=wiring.embedder(settings),
        training=asked.training,
        scale=data.scale,
        seed=experiment.cases.seed,
        weights=settings.retrieval.weights,
    )


def _limited(asked: Questions, limit: int) -> Questions:
    cases = _first_of_each_scene(asked.cases, limit) if limit else asked.cases
    return Questions(cases=cases, training=asked.training)


def _first_of_each_scene(cases: Sequence[Case], number: int) -> list[Case]:
    counts: dict[str, int] = {}
    first: list[Case] = []
    for case in cases:
        counts[case.scene] = counts.get(case.scene, 0) + 1
        if counts[case.scene] <= number:
            first.append(case)
    return first

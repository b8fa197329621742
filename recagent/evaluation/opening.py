"""Opening a bench: settings, data, cases, prompts and an index; what is wrong is found here.

It asks no model, so that nothing is spent on an experiment that cannot be run.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import platformdirs

from recagent import bootstrap, demo, prompts
from recagent.config.settings import Settings, load
from recagent.domain import Event
from recagent.errors import ConfigError, DataError, PromptError, RetrievalError
from recagent.evaluation.answering import NEAR, tells_similar
from recagent.evaluation.baselines import SERVED, baselines
from recagent.evaluation.cases import check_leaks, of_strangers, questions, swapped
from recagent.evaluation.context import EvaluationContext, first_of_each_scene
from recagent.evaluation.data import load_data
from recagent.evaluation.experiment import Experiment, System
from recagent.evaluation.models import model_settings
from recagent.offline.extra import extra
from recagent.offline.models import Data, Questions
from recagent.ports import CandidateSource, ItemIndex
from recagent.retrieval import index_items

logger = logging.getLogger(__name__)

OnProgress = Callable[[str, int, int | None], None]


class Serving(Protocol):
    """Makes what would be served, by name of ``SERVED``; it is fitted at the first question."""

    def __call__(
        self,
        settings: Settings,
        data: Data,
        training: Sequence[Event],
        *,
        closing: AsyncExitStack,
        on_progress: OnProgress,
    ) -> Mapping[str, CandidateSource]:
        """The sources, from the settings and events that may be learnt from."""
        ...


@asynccontextmanager
async def opened(
    experiment: Experiment,
    *,
    limit: int = 0,
    on_progress: OnProgress,
    serving: Serving | None = None,
) -> AsyncGenerator[EvaluationContext]:
    """The bench of an experiment; its index is closed at the end.

    Args:
        experiment: what is to be measured.
        limit: at most so many cases of each scene; 0 is as declared.
        on_progress: told of stages and how far they are.
        serving: makes the baselines ``served`` and ``head``, where they are declared.

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
    if experiment.cases.known == "nothing":  # looked for leaks before, while it shows what is past
        asked = of_strangers(asked)
    if not asked.cases:
        raise DataError("the experiment has no case; look at [cases]: people, min_history, scenes")
    async with AsyncExitStack() as closing:
        index = await indexed(settings, data, closing, on_progress)
        sources = _baselines(experiment, settings, data, asked, index, found.values())
        if any(system.baseline in SERVED for system in experiment.grid):
            if serving is None:
                raise ConfigError("what is served is fitted by 'recagent eval' alone; use that")
            sources |= serving(
                settings, data, asked.training, closing=closing, on_progress=on_progress
            )
        yield EvaluationContext(
            experiment=experiment,
            settings=settings,
            models=models,
            data=data,
            questions=asked,
            prompts=found,
            index=index,
            baselines=sources,
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


async def indexed(
    settings: Settings, data: Data, closing: AsyncExitStack, on_progress: OnProgress
) -> ItemIndex:
    """An index of the data alone, in the user's cache: what serves is neither read nor locked.

    Where another run has it open, or it is broken, a run makes one of its own and deletes it.
    """

    async def filled(folder: Path) -> ItemIndex:
        apart = settings.index.model_copy(update={"url": ""})
        index = bootstrap.index(settings.model_copy(update={"data_dir": folder, "index": apart}))
        closing.push_async_callback(index.close)
        await index_items(
            data.items,
            index=index,
            embedder=bootstrap.embedder(settings),
            fingerprint=bootstrap.fingerprint,
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
    asking: Iterable[prompts.Prompt],
) -> dict[str, CandidateSource]:
    names = {system.baseline for system in experiment.grid if system.baseline} - SERVED.keys()
    if any(tells_similar(prompt) for prompt in asking):
        names.add(NEAR)
    if any(system.join < 1 for system in experiment.grid):
        names.add("fused")
    if experiment.cases.candidates == "all":
        names |= {system.retriever for system in experiment.grid if not system.baseline}
    return baselines(
        sorted(names),
        index=index,
        embedder=bootstrap.embedder(settings),
        training=asked.training,
        scale=data.scale,
        seed=experiment.cases.seed,
        weights=settings.retrieval.weights,
    )


def _limited(asked: Questions, limit: int) -> Questions:
    cases = first_of_each_scene(asked.cases, limit) if limit else asked.cases
    return Questions(cases=cases, training=asked.training, left_out=asked.left_out)

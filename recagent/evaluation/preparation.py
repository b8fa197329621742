"""Prepares an experiment: settings, data, cases, prompts and an index, all checked.

No model is asked here, so that nothing is spent on an experiment that cannot be run.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from recagent import bootstrap, demo, prompts
from recagent.config.settings import Settings, load
from recagent.errors import ConfigError, DataError, PromptError
from recagent.evaluation.baselines import SERVED, baselines
from recagent.evaluation.context import EvaluationContext, first_of_each_scene
from recagent.evaluation.data import load_data
from recagent.evaluation.data_index import open_index
from recagent.evaluation.declared_cases import declared_cases
from recagent.evaluation.experiment import Experiment, System
from recagent.evaluation.language_models import model_settings
from recagent.evaluation.pipeline_baselines import pipeline_baselines
from recagent.evaluation.programs import Programs
from recagent.evaluation.system_runner import NEAR, needs_neighbours
from recagent.offline.cases import hide_histories
from recagent.offline.data_set import Data, Questions, with_people
from recagent.offline.examples import OnStage
from recagent.offline.leaks import alter_later_events, check_leaks
from recagent.offline.optional_libraries import optional_library
from recagent.offline.perturbations import swap_histories
from recagent.ports import CandidateSource, Embedder, ItemIndex


@asynccontextmanager
async def open_context(
    experiment: Experiment, *, limit: int = 0, on_progress: OnStage
) -> AsyncGenerator[EvaluationContext]:
    """Opens the context of an experiment; its index is closed at the end.

    Args:
        experiment: what is to be measured.
        limit: at most so many cases of each scene; 0 is as declared.
        on_progress: called with a stage, what is done of it, and its total.

    Raises:
        ConfigError: settings or declarations that do not fit, or a prompt that is not there or is
            broken.
        DataError: data or cases that cannot be used, or that leak.
        RetrievalError: the items cannot be indexed.
    """
    optional_library("ir_measures")  # needed at the end only, but better missed at the beginning
    settings = base_settings(experiment)
    system_prompts = {
        system.name: _prompt(experiment, system) for system in experiment.grid if system.prompt
    }
    settings_of_models = model_settings(experiment, settings)
    path = experiment.data.path and experiment.path(experiment.data.path)
    data = load_data(experiment.data.source, path=path)
    if experiment.data.people:
        data = with_people(data, experiment.data.people)
    for scene in experiment.cases.scenes:
        if scene not in data.scenes:
            raise experiment.refusal(
                ("cases", "scenes"),
                f"unknown scene {scene!r}; known scenes: {', '.join(data.scenes)}",
            )
    questions = declared_cases(data, experiment.cases, folder=experiment.folder)
    if limit:
        questions = replace(questions, cases=first_of_each_scene(questions.cases, limit))
    check_leaks(questions, data)
    if experiment.cases.known == "nothing":  # after the leak check, which needs the histories
        questions = hide_histories(questions)
    if not questions.cases:
        raise DataError("the experiment has no cases; check [cases]: people, min_history, scenes")
    async with AsyncExitStack() as closing:
        index = await open_index(settings, data, closing, on_progress)
        embedder = bootstrap.embedder(settings)
        closing.push_async_callback(embedder.close)
        programs = Programs(data=data, questions=questions, here=experiment.folder)
        closing.callback(programs.close)

        def sources(data: Data) -> dict[str, CandidateSource]:
            made = _baselines(
                experiment, settings, data, questions, index, embedder, system_prompts.values()
            )
            if any(system.baseline in SERVED for system in experiment.grid):
                made |= pipeline_baselines(
                    settings, data, questions.training, closing=closing, on_progress=on_progress
                )
            return made

        altered = alter_later_events(data, questions) if experiment.audits.later else None
        yield EvaluationContext(
            experiment=experiment,
            settings=settings,
            model_settings=settings_of_models,
            data=data,
            questions=questions,
            prompts=system_prompts,
            index=index,
            embedder=embedder,
            baselines=sources(data),
            altered=sources(altered) if altered else {},
            programs=programs,
            scene_items={name: await index.items(name) for name in await index.scenes()},
            swapped=swap_histories(questions.cases, seed=experiment.cases.seed),
        )


def _prompt(experiment: Experiment, system: System) -> prompts.Prompt:
    try:
        return prompts.find(system.prompt, lang=system.options.lang, base=experiment.folder)
    except PromptError as error:
        raise experiment.refusal(("systems", system.position, "prompt"), error.message) from error


def base_settings(experiment: Experiment) -> Settings:
    """Returns the settings that an experiment starts from: its data's config, or the demo's."""
    section = experiment.data
    if section.source != "config":
        return demo.settings()
    if section.path is None:
        raise ConfigError('[data] source = "config" needs path, a recagent.toml or its folder')
    return load(experiment.path(section.path))


def _baselines(
    experiment: Experiment,
    settings: Settings,
    data: Data,
    questions: Questions,
    index: ItemIndex,
    embedder: Embedder,
    system_prompts: Iterable[prompts.Prompt],
) -> dict[str, CandidateSource]:
    names = {system.baseline for system in experiment.grid if system.baseline} - SERVED.keys()
    if any(needs_neighbours(prompt) for prompt in system_prompts):
        names.add(NEAR)
    if any(system.options.join < 1 for system in experiment.grid):
        names.add("fused")
    if experiment.cases.candidates == "all":
        names |= {system.options.retriever for system in experiment.grid if system.prompt}
    return baselines(
        sorted(names),
        index=index,
        embedder=embedder,
        training=questions.training,
        scale=data.scale,
        seed=experiment.cases.seed,
        weights=settings.retrieval.weights,
    )

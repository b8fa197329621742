"""The pipeline as it would be served, as a baseline of evaluations, fitted on training events.

Store, index and head live in a temporary folder; the real ones are neither read nor changed. No
language model is asked: to measure one, compare a system with its prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import anyio

from recagent import bootstrap
from recagent.config.settings import Settings
from recagent.domain import Event, Scene, User
from recagent.errors import DataError
from recagent.evaluation.data_index import fill_index
from recagent.locale import LocalizedText
from recagent.offline.data_set import Data
from recagent.offline.examples import OnStage
from recagent.pipeline import Pipeline
from recagent.ports import CandidateSource, EventStore, Query
from recagent.training.fit import fit

_query: ContextVar[Query] = ContextVar("query")


def pipeline_baselines(
    settings: Settings,
    data: Data,
    training: Sequence[Event],
    *,
    closing: AsyncExitStack,
    on_progress: OnStage,
) -> Mapping[str, CandidateSource]:
    """Returns the baselines ``served`` and ``head``; both are fitted once, at the first question.

    Args:
        settings: of what would serve.
        data: catalogue and people.
        training: all events that may be learnt from.
        closing: deletes what is made here.
        on_progress: called with a stage, what is done of it, and its total.
    """
    fitted = _FittedPipeline(
        settings=settings,
        data=data,
        training=training,
        closing=closing,
        on_progress=on_progress,
    )
    return {"served": _ServedList(fitted), "head": _HeadOrder(fitted)}


@dataclass(slots=True, kw_only=True, eq=False)
class _FittedPipeline:
    """Makes a pipeline that is fitted on training events, when it is first needed."""

    settings: Settings
    data: Data
    training: Sequence[Event]
    closing: AsyncExitStack
    on_progress: OnStage
    notes: tuple[LocalizedText, ...] = ()
    _lock: anyio.Lock = field(default_factory=anyio.Lock)
    _pipeline: Pipeline | None = None

    async def pipeline(self) -> Pipeline:
        async with self._lock:
            if self._pipeline is None:
                self._pipeline = await self._fit()
        return self._pipeline

    async def _fit(self) -> Pipeline:
        folder = self.closing.enter_context(TemporaryDirectory(prefix="recagent-"))
        settings = _private_settings(self.settings, Path(folder))
        async with AsyncExitStack() as filling:
            index, store = bootstrap.index(settings), bootstrap.event_store(settings)
            filling.push_async_callback(index.close)
            filling.push_async_callback(store.close)
            await fill_index(index, settings, self.data, self.on_progress)
            await store.keep_scale(self.data.scale)
            await store.add_users(self.data.users.values())
            await store.add_events(self.training)
        try:
            await fit(settings, language_cases=0, on_progress=self.on_progress)
        except DataError as error:
            self.notes = (LocalizedText("not fitted: {reason}", reason=error),)
        parts = bootstrap.parts(settings)
        store = cast("EventStore", _AsOfQuery(parts.store))
        pipeline = Pipeline(replace(parts, store=store), bootstrap.options(settings))
        self.closing.push_async_callback(pipeline.close)
        return pipeline


class _ServedList:
    """Scores items by their rank in the list that would be shown."""

    name = "served"

    def __init__(self, fitted: _FittedPipeline) -> None:
        self._fitted = fitted

    @property
    def notes(self) -> tuple[LocalizedText, ...]:
        """Returns what a reader of its figures should know."""
        return self._fitted.notes

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        pipeline = await self._fitted.pipeline()
        token = _query.set(query)
        try:
            return await self._ranked(pipeline, query, limit)
        finally:
            _query.reset(token)

    async def _ranked(
        self, pipeline: Pipeline, query: Query, limit: int
    ) -> Sequence[tuple[str, float]]:
        slate = await pipeline.recommend(
            query.profile.user.id, scene=query.scene.name, k=limit, context=query.context
        )
        return [(entry.item.id, 1.0 / entry.rank) for entry in slate.entries]


class _HeadOrder(_ServedList):
    """Gives the scores before rules, series, quotas and diversity."""

    name = "head"

    async def _ranked(
        self, pipeline: Pipeline, query: Query, limit: int
    ) -> Sequence[tuple[str, float]]:
        scene = Scene(name=query.scene.name, editions=False, learns_from=query.scene.learns_from)
        scores = await pipeline.scores(
            query.profile.user.id, scene=scene, k=limit, context=query.context
        )
        return sorted(scores.items(), key=lambda pair: -pair[1])[:limit]


class _AsOfQuery:
    """Shows the store's person as a query knows them, and keeps no impressions."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def person(self, _: str, *, limit: int) -> tuple[User | None, Sequence[Event]]:
        profile = _query.get().profile
        return profile.user, profile.events[:limit]

    async def seen(self, _: str) -> frozenset[str]:
        return frozenset(event.item_id for event in _query.get().profile.events)

    async def add_impression(self, impression: object) -> None:
        """Nothing."""


def _private_settings(settings: Settings, folder: Path) -> Settings:
    """Returns the settings with a folder of their own and no language model."""
    model = settings.model.model_copy(update={"kind": "none", "then": ()})
    index = settings.index.model_copy(update={"url": ""})
    retrieval = settings.retrieval.model_copy(update={"proposals": "off"})
    return settings.model_copy(
        update={
            "data_dir": folder,
            "store_url": "",
            "model": model,
            "index": index,
            "retrieval": retrieval,
        }
    )

"""What would be served, as a baseline of evaluations: the whole path, fitted on training.

Store, index and head are of a folder of its own that is deleted at the end; what serves is neither
read nor changed. No language model is asked: what one adds is compared by naming its prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import anyio

from recagent import bootstrap
from recagent.config.settings import Settings
from recagent.domain import Event, Scene, User
from recagent.errors import DataError
from recagent.evaluation.opening import OnProgress
from recagent.offline.models import Data
from recagent.pipeline import Pipeline
from recagent.ports import CandidateSource, EventStore, Query
from recagent.retrieval import index_items
from recagent.training.fit import fit

_asked: ContextVar[Query] = ContextVar("asked")


def served(
    settings: Settings,
    data: Data,
    training: Sequence[Event],
    *,
    closing: AsyncExitStack,
    on_progress: OnProgress,
) -> Mapping[str, CandidateSource]:
    """The baselines ``served`` and ``head``; they are fitted once, at the first question.

    Args:
        settings: of what would serve.
        data: catalogue and people.
        training: all events that may be learnt from.
        closing: deletes what is made here.
        on_progress: told of stages and how far they are.
    """
    kitchen = _Fitted(settings, data, training, closing=closing, on_progress=on_progress)
    return {"served": _Served(kitchen), "head": _HeadOrder(kitchen)}


class _Fitted:
    """A line that was fitted on training, made when it is first asked for."""

    def __init__(
        self,
        settings: Settings,
        data: Data,
        training: Sequence[Event],
        *,
        closing: AsyncExitStack,
        on_progress: OnProgress,
    ) -> None:
        self._settings = settings
        self._data = data
        self._training = training
        self._closing = closing
        self._on_progress = on_progress
        self._lock = anyio.Lock()
        self._line: Pipeline | None = None
        self.notes: tuple[str, ...] = ()

    async def line(self) -> Pipeline:
        async with self._lock:
            if self._line is None:
                self._line = await self._made()
        return self._line

    async def _made(self) -> Pipeline:
        folder = self._closing.enter_context(TemporaryDirectory(prefix="recagent-"))
        settings = _apart(self._settings, Path(folder))
        async with AsyncExitStack() as filling:
            index, store = bootstrap.index(settings), bootstrap.event_store(settings)
            filling.push_async_callback(index.close)
            filling.push_async_callback(store.close)
            await index_items(
                self._data.items,
                index=index,
                embedder=bootstrap.embedder(settings),
                fingerprint=bootstrap.fingerprint,
                on_progress=lambda done, total: self._on_progress("items", done, total),
            )
            await store.keep_scale(self._data.scale)
            await store.add_users(self._data.users.values())
            await store.add_events(self._training)
        try:
            await fit(settings, language_cases=0, on_progress=self._on_progress)
        except DataError as error:
            self.notes = (f"not fitted: {error}",)
        parts = bootstrap.parts(settings)
        store = cast("EventStore", _Past(parts.store))
        line = Pipeline(replace(parts, store=store), bootstrap.options(settings))
        self._closing.push_async_callback(line.close)
        return line


class _Served:
    """The list that would be shown, by rank."""

    name = "served"

    def __init__(self, kitchen: _Fitted) -> None:
        self._kitchen = kitchen

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of its figures should know."""
        return self._kitchen.notes

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        line = await self._kitchen.line()
        token = _asked.set(query)
        try:
            return await self._ranked(line, query, limit)
        finally:
            _asked.reset(token)

    async def _ranked(
        self, line: Pipeline, query: Query, limit: int
    ) -> Sequence[tuple[str, float]]:
        slate = await line.recommend(
            query.profile.user.id, scene=query.scene.name, k=limit, context=query.context
        )
        return [(entry.item.id, 1.0 / entry.rank) for entry in slate.entries]


class _HeadOrder(_Served):
    """The same before rules, series, quotas and diversity: the order of the scores."""

    name = "head"

    async def _ranked(
        self, line: Pipeline, query: Query, limit: int
    ) -> Sequence[tuple[str, float]]:
        plain = Scene(name=query.scene.name, editions=False, learns_from=query.scene.learns_from)
        found = await line.scored(
            query.profile.user.id, scene=plain, k=limit, context=query.context
        )
        return sorted(found.items(), key=lambda pair: -pair[1])[:limit]


class _Past:
    """A store in which the person is known as a question has it; what is shown is not kept."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def person(self, _: str, *, limit: int) -> tuple[User | None, Sequence[Event]]:
        profile = _asked.get().profile
        return profile.user, profile.events[:limit]

    async def seen(self, _: str) -> frozenset[str]:
        return frozenset(event.item_id for event in _asked.get().profile.events)

    async def add_impression(self, impression: object) -> None:
        """Nothing."""


def _apart(settings: Settings, folder: Path) -> Settings:
    """The settings with a folder of their own and no language model."""
    model = settings.model.model_copy(update={"kind": "none", "then": ()})
    index = settings.index.model_copy(update={"url": ""})
    retrieval = settings.retrieval.model_copy(update={"imagined": 0.0})
    return settings.model_copy(
        update={
            "data_dir": folder,
            "store_url": "",
            "model": model,
            "index": index,
            "retrieval": retrieval,
        }
    )

"""The Python faces: ``AsyncRecommender``, and ``Recommender`` as a thin bridge over it.

The synchronous class holds one event loop in a thread of its own and sends every call there; it
repeats no logic.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from recagent import bootstrap
from recagent.config.settings import Settings, load
from recagent.domain import (
    Answer,
    Context,
    Edits,
    Event,
    EventKind,
    Explanation,
    Forgotten,
    Impression,
    Note,
    Profile,
    Slate,
    Task,
)
from recagent.errors import ConfigError
from recagent.pipeline import Pipeline
from recagent.profiles.export import ProfileExport

T = TypeVar("T")


class AsyncRecommender(Pipeline):
    """Recommends, explains and records, for asynchronous callers; ``async with`` closes it."""

    @classmethod
    def from_config(cls, path: Path | str | None = None, **overrides: Any) -> Self:
        """A recommender as configured.

        Args:
            path: a ``recagent.toml`` or its folder; by default that of the working directory.
            overrides: settings that win over file and environment, such as ``lang="zh"``.

        Raises:
            ConfigError: settings that do not fit.
        """
        return cls.from_settings(load(Path(path) if path is not None else None, **overrides))

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """A recommender as the settings say; raises as ``from_config``."""
        return cls(bootstrap.parts(settings), bootstrap.options(settings))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()


class Recommender:
    """Recommends, explains and records; ``with`` or ``close`` ends its thread.

    Every method does what its namesake of ``AsyncRecommender`` does, and raises the same.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        """Takes a pipeline of your own parts; ``from_config`` makes one from settings."""
        self._pipeline = pipeline
        self._loop = asyncio.new_event_loop()
        self._under_way: set[asyncio.Task[Any]] = set()  # touched in the loop's thread alone
        self._is_closed, self._closing = False, threading.Lock()
        # A daemon, so that a program that forgets to close still ends.
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @classmethod
    def from_config(cls, path: Path | str | None = None, **overrides: Any) -> Self:
        """A recommender as configured; see ``AsyncRecommender.from_config``."""
        return cls(AsyncRecommender.from_config(path, **overrides))

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """A recommender as the settings say; see ``AsyncRecommender.from_config``."""
        return cls(AsyncRecommender.from_settings(settings))

    def recommend(
        self,
        user_id: str,
        *,
        scene: str | None = None,
        k: int = 5,
        context: Context | None = None,
        task: Task | None = None,
    ) -> Slate:
        """The slate of ``k`` items for a person; see ``Pipeline.recommend``."""
        return self._call(
            lambda: self._pipeline.recommend(user_id, scene=scene, k=k, context=context, task=task)
        )

    def explain(
        self,
        user_id: str,
        item_id: str,
        *,
        scene: str | None = None,
        context: Context | None = None,
        phrase: bool = False,
    ) -> Explanation:
        """Why an item would be recommended to a person; see ``Pipeline.explain``."""
        return self._call(
            lambda: self._pipeline.explain(
                user_id, item_id, scene=scene, context=context, phrase=phrase
            )
        )

    def compare(
        self,
        user_id: str,
        item_id: str,
        *,
        versus: str,
        scene: str | None = None,
        context: Context | None = None,
        k: int = 5,
    ) -> Answer:
        """Which of two items comes first, and by what; see ``Pipeline.compare``."""
        return self._call(
            lambda: self._pipeline.compare(
                user_id, item_id, versus=versus, scene=scene, context=context, k=k
            )
        )

    def why_not(
        self,
        user_id: str,
        item_id: str,
        *,
        scene: str | None = None,
        context: Context | None = None,
        k: int = 5,
    ) -> Answer:
        """Why an item is not on a slate of ``k``; see ``Pipeline.why_not``."""
        return self._call(
            lambda: self._pipeline.why_not(user_id, item_id, scene=scene, context=context, k=k)
        )

    def what_if(
        self,
        user_id: str,
        item_id: str,
        *,
        scene: str | None = None,
        context: Context | None = None,
        k: int = 5,
    ) -> Answer:
        """What would move an item; see ``Pipeline.what_if``."""
        return self._call(
            lambda: self._pipeline.what_if(user_id, item_id, scene=scene, context=context, k=k)
        )

    def reasons(self, slate: Slate) -> list[Explanation]:
        """The plain reasons of every entry of a slate, in its order."""
        return self._call(lambda: self._pipeline.reasons(slate))

    def record(
        self,
        user_id: str,
        item_id: str,
        *,
        kind: EventKind = "like",
        value: float | None = None,
        scene: str | None = None,
        at: datetime | None = None,
        impression: str = "",
        text: str = "",
        device: str = "",
        place: str = "",
    ) -> Event:
        """Store what a person did with an item; see ``Pipeline.record``."""
        return self._call(
            lambda: self._pipeline.record(
                user_id,
                item_id,
                kind=kind,
                value=value,
                scene=scene,
                at=at,
                impression=impression,
                text=text,
                device=device,
                place=place,
            )
        )

    def impression(self, impression_id: str) -> Impression | None:
        """What was shown under ``slate.trace.id``; None if nothing was."""
        return self._call(lambda: self._pipeline.impression(impression_id))

    def profile(self, user_id: str) -> Profile:
        """What is known of a person now."""
        return self._call(lambda: self._pipeline.profile(user_id))

    def edit_profile(self, user_id: str, edits: Edits) -> Profile:
        """Change what a person declares, and their tags; see ``PersonalData.edit``."""
        return self._call(lambda: self._pipeline.people.edit(user_id, edits))

    def undo_edits(self, user_id: str) -> Profile:
        """Take back all that was changed in a profile; see ``PersonalData.undo``."""
        return self._call(lambda: self._pipeline.people.undo(user_id))

    def link(self, user_id: str, *, other: str) -> tuple[str, ...]:
        """Make two ids one person; see ``PersonalData.link``."""
        return self._call(lambda: self._pipeline.people.link(user_id, other=other))

    def forget(self, user_id: str) -> Forgotten:
        """Delete all that is kept of a person; see ``PersonalData.forget``."""
        return self._call(lambda: self._pipeline.people.forget(user_id))

    def passport(self, user_id: str, *, with_id: bool = False) -> ProfileExport:
        """A person's taste passport; see ``PersonalData.passport``."""
        return self._call(lambda: self._pipeline.people.passport(user_id, with_id=with_id))

    def admit(self, user_id: str, passport: ProfileExport) -> Profile:
        """Take a passport as the person's own word; see ``PersonalData.admit``."""
        return self._call(lambda: self._pipeline.people.admit(user_id, passport))

    def notes(self, user_id: str) -> Sequence[Note]:
        """The model's kept words on what a person likes; see ``PersonalData.notes``."""
        return self._call(lambda: self._pipeline.people.notes(user_id))

    def take_notes(self, user_id: str) -> Sequence[Note]:
        """Ask the model for such words where they are missing; see ``PersonalData.take_notes``."""
        return self._call(lambda: self._pipeline.people.take_notes(user_id))

    def close(self) -> None:
        """Close store, index and model, and end the thread; a second call does nothing.

        Calls that are under way in other threads are given up and raise ConfigError.
        """
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
        try:
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _call(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        with self._closing:
            if self._is_closed:
                raise ConfigError("this Recommender is closed; make another")
            future = asyncio.run_coroutine_threadsafe(self._counted(call), self._loop)
        try:
            return future.result()
        except CancelledError:
            raise ConfigError(
                "this Recommender was closed during the call, which was given up; make another"
            ) from None
        except BaseException:
            future.cancel()  # Ctrl-C reaches this thread alone
            raise

    async def _counted(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of a call, which ``close`` gives up while it is under way."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self._under_way.add(task)
        try:
            return await call()
        finally:
            self._under_way.discard(task)

    async def _end(self) -> None:
        calls = [*self._under_way]
        for each in calls:
            each.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await self._pipeline.close()

"""The Python API: ``AsyncRecommender``, and ``Recommender``, which blocks.

``Recommender`` has one event loop in a thread of its own and sends every call there; it repeats no
logic.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from recagent import bootstrap
from recagent.config.settings import Settings, load
from recagent.errors import ConfigError
from recagent.pipeline import Pipeline
from recagent.pipeline.personal_data import PersonalData

P = ParamSpec("P")
T = TypeVar("T")


class AsyncRecommender(Pipeline):
    """Recommends, explains and records, for asynchronous callers; ``async with`` closes it."""

    @classmethod
    def from_config(cls, path: Path | str | None = None, **overrides: Any) -> Self:
        """Returns a recommender as configured.

        Args:
            path: a ``recagent.toml`` or its folder; by default that of the working directory.
            overrides: settings that win over file and environment, such as ``lang="zh"``.

        Raises:
            ConfigError: settings that do not fit.
        """
        return cls.from_settings(load(Path(path) if path is not None else None, **overrides))

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Returns a recommender for these settings; raises as ``from_config``."""
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
        self._running: set[asyncio.Task[Any]] = set()  # touched in the loop's thread alone
        self._is_closed, self._closing = False, threading.Lock()
        # A daemon, so that a program that forgets to close still ends.
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @classmethod
    def from_config(cls, path: Path | str | None = None, **overrides: Any) -> Self:
        """Returns a recommender as configured.

        Args:
            path: a ``recagent.toml`` or its folder; by default that of the working directory.
            overrides: settings that win over file and environment, such as ``lang="zh"``.

        Raises:
            ConfigError: settings that do not fit.
        """
        return cls(AsyncRecommender.from_config(path, **overrides))

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """A recommender as the settings say; see ``AsyncRecommender.from_config``."""
        return cls(AsyncRecommender.from_settings(settings))

    @staticmethod
    def _blocking(
        method: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
    ) -> Callable[Concatenate[Recommender, P], T]:
        """Returns a method of ``Recommender`` that waits for one of the pipeline or its ``people``.

        Its parameters and docstring are those of ``method``.
        """

        @functools.wraps(method)
        def blocking(self: Recommender, *args: P.args, **kwargs: P.kwargs) -> T:
            pipeline = self._pipeline  # a subclass of it may have a method of its own
            target = pipeline if hasattr(pipeline, method.__name__) else pipeline.people
            return self._call(lambda: getattr(target, method.__name__)(*args, **kwargs))

        return blocking

    recommend = _blocking(Pipeline.recommend)
    """Returns the slate of ``k`` items for a person; see ``Pipeline.recommend``."""
    explain = _blocking(Pipeline.explain)
    """Returns why an item would be recommended to a person; see ``Pipeline.explain``."""
    compare = _blocking(Pipeline.compare)
    """Returns which of two items comes first, and why; see ``Pipeline.compare``."""
    why_not = _blocking(Pipeline.why_not)
    """Returns why an item is not on a slate of ``k``; see ``Pipeline.why_not``."""
    what_if = _blocking(Pipeline.what_if)
    """Returns what would move an item; see ``Pipeline.what_if``."""
    reasons = _blocking(Pipeline.reasons)
    """Returns the reasons of every entry of a slate, in its order; see ``Pipeline.reasons``."""
    record = _blocking(Pipeline.record)
    """Stores what a person did with an item; see ``Pipeline.record``."""
    impression = _blocking(Pipeline.impression)
    """Returns what was shown under ``slate.trace.id``; None if nothing was."""
    profile = _blocking(Pipeline.profile)
    """Returns what is known of a person now."""
    edit_profile = _blocking(PersonalData.edit)
    """Changes what a person declares, and their tags; see ``PersonalData.edit``."""
    undo_edits = _blocking(PersonalData.undo)
    """Takes back all changes of a profile; see ``PersonalData.undo``."""
    link = _blocking(PersonalData.link)
    """Makes two ids one person; see ``PersonalData.link``."""
    forget = _blocking(PersonalData.forget)
    """Deletes all that is stored of a person; see ``PersonalData.forget``."""
    passport = _blocking(PersonalData.passport)
    """Returns a person's taste passport; see ``PersonalData.passport``."""
    admit = _blocking(PersonalData.admit)
    """Takes a passport as the person's own word; see ``PersonalData.admit``."""
    notes = _blocking(PersonalData.notes)
    """Returns the model's notes on what a person likes; see ``PersonalData.notes``."""
    take_notes = _blocking(PersonalData.take_notes)
    """Asks the model for the notes that are missing; see ``PersonalData.take_notes``."""

    def close(self) -> None:
        """Closes store, index and models, and ends the thread; a second call does nothing.

        Calls that other threads are waiting for are given up and raise ConfigError.
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
                raise ConfigError("this Recommender is closed; create another")
            future = asyncio.run_coroutine_threadsafe(self._tracked(call), self._loop)
        try:
            return future.result()
        except CancelledError:
            raise ConfigError(
                "this Recommender was closed while the call was running; create another and call "
                "again"
            ) from None
        except BaseException:
            future.cancel()  # Ctrl-C reaches this thread alone
            raise

    async def _tracked(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Returns the result of a call; ``close`` gives it up while it is under way."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self._running.add(task)
        try:
            return await call()
        finally:
            self._running.discard(task)

    async def _end(self) -> None:
        calls = list(self._running)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await self._pipeline.close()

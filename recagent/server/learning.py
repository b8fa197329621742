"""Learning anew while a server answers: in a process of its own, and swapped whole."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import anyio
from anyio import to_thread

from recagent import bootstrap
from recagent.config.settings import Settings
from recagent.domain import UNTIMED, Context, Event, User
from recagent.errors import RecagentError
from recagent.pipeline import Components
from recagent.ports import Query
from recagent.profiles.building import profile_of
from recagent.scenes.identification import indexed_scenes
from recagent.training.apart import adopt, learn_apart
from recagent.training.automatic import is_due

_HALF_LIFE = timedelta(days=30)  # of one like, where it does not matter
_CHECK_EVERY = 60.0  # seconds between two looks at how many events there are

logger = logging.getLogger(__name__)


class BackgroundLearning:
    """Learns again once there are enough new events, and hands over what ranks from then on.

    Args:
        settings: of the folder that is served.
        parts: what serves now.
        swap: takes what serves from then on; requests under way keep what they began with.
    """

    def __init__(
        self, settings: Settings, parts: Components, *, swap: Callable[[Components], None]
    ) -> None:
        self._settings = settings
        self._parts = parts
        self._swap = swap
        self._place = bootstrap.home(settings)
        self._tried = 0  # events that nothing could be learned from

    async def watch(self) -> None:
        """Looks for new events for ever."""
        try:
            while True:
                await self.check()
                await anyio.sleep(_CHECK_EVERY)
        finally:
            self._place.close()

    async def check(self) -> bool:
        """Learns if that is due; says whether what ranks is another now. A failure is logged."""
        try:
            events = await self._parts.store.count()
            if not self._is_due(events):
                return False
            self._tried = events
            return await self._learn()
        except (RecagentError, OSError) as error:
            logger.warning("nothing learned from new events: %s", error)
            return False

    def _is_due(self, events: int) -> bool:
        head, again = self._parts.head, self._settings.learn.again
        learned_from = max(head.events if head else 0, self._tried)
        if head is None and not self._tried:
            return events > 0
        return bool(again) and is_due(events, learned_from=learned_from, again=again)

    async def _learn(self) -> bool:
        with tempfile.TemporaryDirectory(
            dir=self._settings.data_dir, prefix="learning-", ignore_cleanup_errors=True
        ) as name:
            folder = Path(name)
            reason = await learn_apart(self._settings, folder)
            if reason:
                logger.info("nothing learned from events: %s", reason)
                return False
            scenes = await self._parts.index.scenes()
            await adopt(self._settings, folder, place=self._place, scenes=scenes)
        parts = bootstrap.relearned(self._parts, self._settings, place=self._place)
        await to_thread.run_sync(anyio.run, warm, parts)
        self._parts = parts
        self._swap(parts)
        logger.info("learned anew: %s ranks from now on", parts.head.name if parts.head else "")
        return True


async def warm(parts: Components) -> None:
    """Asks every source once in each scene, so that no request waits for what is read first."""
    for name, scene in indexed_scenes(await parts.index.scenes(), parts.scenes).items():
        item_id = next(iter(await parts.index.items(name)), None)
        if item_id is None:
            continue
        like = Event(user_id="", item_id=item_id, scene=name, kind="like", at=UNTIMED)
        profile = await profile_of(
            User(id=""),
            [like],
            index=parts.index,
            embedder=None,
            scale=parts.scale,
            half_life=_HALF_LIFE,
        )
        query = Query(profile=profile, scene=scene, context=Context(), exclude=frozenset())
        for source in parts.sources:
            await source(query, limit=1)

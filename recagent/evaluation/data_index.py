"""The index of a data set: it holds the data's items alone, apart from the index that serves."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import platformdirs

from recagent import bootstrap
from recagent.config.settings import Settings
from recagent.errors import RetrievalError
from recagent.offline.data_set import Data
from recagent.offline.examples import OnStage
from recagent.ports import ItemIndex
from recagent.retrieval import index_items

logger = logging.getLogger(__name__)


async def open_index(
    settings: Settings, data: Data, closing: AsyncExitStack, on_progress: OnStage
) -> ItemIndex:
    """Opens an index of the data alone in the user's cache; the served index is left alone.

    Where another run has it open, or it is broken, a run makes a temporary one.
    """

    async def fill(folder: Path) -> ItemIndex:
        local = settings.index.model_copy(update={"url": ""})
        index = bootstrap.index(settings.model_copy(update={"data_dir": folder, "index": local}))
        closing.push_async_callback(index.close)
        await fill_index(index, settings, data, on_progress)
        return index

    cache = Path(platformdirs.user_cache_dir("recagent", appauthor=False))
    embedder_name = f"{settings.embedder.kind} {settings.embedder.name}".strip().replace("/", "-")
    try:
        folder = f"{data.name}-{data.fingerprint[:12]}-{embedder_name}"
        return await fill(cache / "evaluation" / folder)
    except RetrievalError as error:
        logger.info("an index for this run alone: %s", error)
        return await fill(Path(closing.enter_context(TemporaryDirectory(prefix="recagent-"))))


async def fill_index(
    index: ItemIndex, settings: Settings, data: Data, on_progress: OnStage
) -> None:
    """Indexes the items of the data with the embedder of the settings."""
    embedder = bootstrap.embedder(settings)
    try:
        await index_items(
            data.items,
            index=index,
            embedder=embedder,
            fingerprint=bootstrap.fingerprint,
            on_progress=partial(on_progress, "items"),
        )
    finally:
        await embedder.close()

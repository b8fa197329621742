"""Learning in a process of its own, beside one that answers requests and has the index open.

That process works on a copy of the index, at low priority, and leaves what it learned in a folder;
``adopt`` takes it from there whole.
"""

from __future__ import annotations

import os
import pickle
import shutil
import sys
from collections.abc import Collection
from pathlib import Path

import anyio
import numpy as np
import orjson

from recagent import bootstrap
from recagent.array_cache import ArrayCache, texts_as_array, texts_of_array
from recagent.config.settings import Settings, child_environment
from recagent.errors import DataError, RecagentError
from recagent.pipeline import artifacts
from recagent.retrieval import Factors
from recagent.training.automatic import learn

_PRIORITY = 19  # the lowest
_VECTORS = "vectors"  # folder of what goes into the index
_ONE_THREAD: dict[str, str] = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)


async def learn_apart(settings: Settings, folder: Path) -> str:
    """Learns in another process, and leaves what was learned in an empty folder.

    Returns:
        Why nothing was learned; empty where something was.

    Raises:
        DataError: the process failed.
    """
    where = await anyio.Path(folder).resolve()
    plain = Settings.model_construct(**dict(settings))  # what reads files is a class of its own
    done = await anyio.run_process(
        [sys.executable, "-m", __name__],
        input=pickle.dumps((plain, Path(where))),
        check=False,
        env=child_environment(_ONE_THREAD),
    )
    if done.returncode:
        error = done.stderr.decode(errors="replace").strip()
        raise DataError("learning stopped: {reason}", reason=error.rpartition("\n")[2] or "?")
    return orjson.loads(done.stdout.rpartition(b"\n")[2])


async def adopt(
    settings: Settings,
    folder: Path,
    *,
    place: bootstrap.ChromaConnection,
    scenes: Collection[str],
) -> None:
    """Saves what was learned in a folder where ``recommend`` finds it, the head last.

    Vectors of the head that ranks until then stay until the next time, for requests under way.

    Args:
        settings: of the folder that takes it.
        folder: as ``learn_apart`` left it.
        place: of the index.
        scenes: that are indexed.

    Raises:
        RecagentError: the index or the folder of data cannot be written.
    """
    head = artifacts.load(folder, sources=bootstrap.SOURCES)
    if head is None:
        raise DataError("nothing was learned in {folder!r}", folder=str(folder))
    before = bootstrap.head(settings)
    if before is not None:
        await bootstrap.learned_vectors(
            settings, place, source=Factors.name, version=before.name
        ).prune()
    vectors = bootstrap.learned_vectors(settings, place, source=Factors.name, version=head.name)
    learned = ArrayCache(folder / _VECTORS)
    for scene in scenes:
        arrays = learned.load(Factors.name, scene, stamp=head.name)
        if arrays is not None and arrays["vectors"].size:
            ids = texts_of_array(arrays["ids"])
            await vectors.write(scene, ids=ids, vectors=np.array(arrays["vectors"]))
    artifacts.save_identifier(settings.data_dir, artifacts.load_identifier(folder))
    artifacts.save(settings.data_dir, head, weights=None)


async def _learn(settings: Settings, folder: Path) -> str:
    """Learns on a copy of the index; returns why nothing was learned."""
    store = bootstrap.store_url(settings)
    model = settings.model.model_copy(update={"kind": "none", "then": ()})
    _copy(settings.data_dir, folder, with_index=not settings.index.url)
    apart = settings.model_copy(update={"data_dir": folder, "store_url": store, "model": model})
    learned = await learn(apart, on_progress=_quiet)
    if learned.result is None:
        return str(learned.reason)
    place = bootstrap.home(apart)
    index = bootstrap.index(apart, place)
    name, keep = learned.result.head.name, ArrayCache(folder / _VECTORS)
    try:
        source = bootstrap.learned_vectors(apart, place, source=Factors.name, version=name)
        for scene in await index.scenes():
            ids = list(await index.items(scene))
            rows = await source.vectors(scene, ids=ids)
            there: list[int] = np.flatnonzero(rows.any(axis=1)).tolist()
            arrays = {"ids": texts_as_array([ids[row] for row in there]), "vectors": rows[there]}
            keep.save(Factors.name, scene, stamp=name, arrays=arrays)
    finally:
        await index.close()
    return ""


def _copy(source: Path, folder: Path, *, with_index: bool) -> None:
    """Copies what learning reads; what is kept for other processes is shared where it can be."""
    excluded = shutil.ignore_patterns("*.lock", "*.pid")
    if with_index:
        shutil.copytree(source / "chroma", folder / "chroma", ignore=excluded)
    for name in (artifacts.HEAD, artifacts.MODELS):
        if (source / name).is_file():
            shutil.copy2(source / name, folder / name)
    kept = source / "kept"
    kept.mkdir(exist_ok=True)
    try:
        (folder / "kept").symlink_to(kept.resolve(), target_is_directory=True)
    except OSError:  # a system that lets nobody make links
        shutil.copytree(kept, folder / "kept")


def _quiet(stage: str, done: int, total: int | None) -> None:
    """Shows no progress."""


def main() -> None:
    """Learns as standard input says, and writes why nothing was learned as JSON."""
    settings, folder = pickle.load(sys.stdin.buffer)  # noqa: S301 - of the process that began it
    if hasattr(os, "nice"):
        os.nice(_PRIORITY)
    try:
        reason = anyio.run(_learn, settings, folder)
    except RecagentError as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(b"\n" + orjson.dumps(reason))


if __name__ == "__main__":
    main()

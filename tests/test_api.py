"""The synchronous face: a bridge that closes, and a program that forgets to close it still ends."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import anyio
import pytest
from examples import wait

from recagent import ConfigError, Recommender
from recagent.domain import RatingScale, User
from recagent.pipeline import Components, Pipeline
from recagent.retrieval import InteractionSnapshot, Popularity
from recagent.testing import HashEmbedder, MemoryIndex, MemoryStore


def parts() -> Components:
    store, index, scale = MemoryStore(), MemoryIndex(), RatingScale()
    behaviour = InteractionSnapshot(store, scale=scale)
    return Components(
        store=store,
        index=index,
        embedder=HashEmbedder(),
        behaviour=behaviour,
        sources=[Popularity(index, behaviour)],
        ranker=None,
        models=(),
        scenes={},
        scale=scale,
    )


def test_closing_twice_is_fine_and_a_closed_recommender_says_so() -> None:
    recommender = Recommender(Pipeline(parts()))
    assert recommender.profile("ana").events == ()
    recommender.close()
    recommender.close()
    with pytest.raises(ConfigError, match="closed"):
        recommender.profile("ana")


def test_a_program_that_forgets_to_close_still_ends() -> None:
    script = (
        "from test_api import parts\n"
        "from recagent import Recommender\n"
        "from recagent.pipeline import Pipeline\n"
        "print(Recommender(Pipeline(parts())).profile('ana').cold)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=__file__.rpartition("/")[0],
        env={**os.environ, "PYTHONPATH": "support"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "fully\n", done.stderr


class Hanging(HashEmbedder):
    """Never comes back."""

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "asked", threading.Event())

    async def embed(self, texts, *, role="passage"):  # noqa: ARG002
        self.asked.set()
        await anyio.sleep_forever()


def test_closing_gives_up_calls_under_way_in_other_threads() -> None:
    embedder = Hanging()
    made = replace(parts(), embedder=embedder)
    wait(made.store.add_users([User(id="ana", tags=("tea",)), User(id="安娜", tags=("茶",))]))
    recommender = Recommender(Pipeline(made))
    with ThreadPoolExecutor(3) as threads:
        calls = [threads.submit(recommender.profile, who) for who in ("ana", "安娜", "ana")]
        assert embedder.asked.wait(5)
        recommender.close()
        for call in calls:
            with pytest.raises(ConfigError, match=r"is closed|was closed while the call"):
                call.result(timeout=5)


def test_closing_from_two_threads_at_once_closes_once() -> None:
    recommender = Recommender(Pipeline(parts()))
    with ThreadPoolExecutor(2) as threads:
        for closed in [threads.submit(recommender.close) for _ in range(2)]:
            closed.result(timeout=5)

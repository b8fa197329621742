"""The synchronous face: a bridge that closes, and a program that forgets to close it still ends."""

import subprocess
import sys

import pytest

from recagent import ConfigError, Recommender
from recagent.fakes import HashEmbedder, MemoryIndex, MemoryStore
from recagent.recommender import Parts, StraightLine
from recagent.retrieval import Popularity, Snapshot
from recagent.types import RatingScale


def parts() -> Parts:
    store, index, scale = MemoryStore(), MemoryIndex(), RatingScale()
    behaviour = Snapshot(store, scale=scale)
    return Parts(
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
    recommender = Recommender(StraightLine(parts()))
    assert recommender.profile("ana").events == ()
    recommender.close()
    recommender.close()
    with pytest.raises(ConfigError, match="closed"):
        recommender.profile("ana")


def test_a_program_that_forgets_to_close_still_ends() -> None:
    script = (
        "from test_api import parts\n"
        "from recagent import Recommender\n"
        "from recagent.recommender import StraightLine\n"
        "print(Recommender(StraightLine(parts())).profile('ana').cold)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=__file__.rpartition("/")[0],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "fully\n", done.stderr

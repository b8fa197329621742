"""What everybody's events say: how many people liked an item, and which are liked together."""

import math

import pytest
from examples import LIKES, SCALE, make_event, wait

from recagent.fakes import MemoryStore
from recagent.retrieval import Behaviour, Snapshot


def behaviour(events=LIKES):
    return Behaviour(events, scale=SCALE)


def test_likes_are_people_who_liked_and_activity_is_all_events():
    seen = behaviour([*LIKES, make_event("ann", "b1", days=1), make_event("eve", "b1", value=3)])
    assert seen.likes == {"b1": 3, "b2": 2, "b3": 1, "f1": 1}
    assert dict(seen.activity) == {"books": 9, "films": 1}


def test_neighbours_are_weighted_sums_of_cosines():
    seen = behaviour()
    assert seen.neighbours({"b1": 1.0}) == pytest.approx(
        {"b1": 1.0, "b2": 2 / math.sqrt(6), "b3": 1 / math.sqrt(3), "f1": 1 / math.sqrt(3)}
    )
    assert seen.neighbours({"b2": 0.5, "b3": 0.25, "new": 1.0})["b1"] == pytest.approx(
        0.5 * 2 / math.sqrt(6) + 0.25 / math.sqrt(3)
    )
    assert seen.neighbours({"new": 1.0}) == {}
    assert behaviour([]).neighbours({"b1": 1.0}) == {}


def test_together_counts_people_who_liked_both():
    seen = behaviour()
    assert seen.together("b1", others=["b2", "b3", "f1", "new"]) == {"b2": 2, "b3": 1, "f1": 1}
    assert seen.together("b3", others=["b2"]) == {}
    assert seen.together("new", others=["b1"]) == {}


def test_a_snapshot_reads_the_store_once():
    async def main():
        store = MemoryStore()
        await store.add_events(LIKES)
        snapshot = Snapshot(store, scale=SCALE)
        first = await snapshot()
        await store.add_events([make_event("eve", "b1")])
        assert await snapshot() is first
        return first

    assert wait(main()).likes["b1"] == 3

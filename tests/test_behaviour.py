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


def near(seen, liked):
    scores = zip(seen.likes, seen.neighbours(liked).tolist(), strict=True)
    return {item: score for item, score in scores if score > 0}


def test_neighbours_are_weighted_sums_of_cosines():
    seen = behaviour()
    assert near(seen, {"b1": 1.0}) == pytest.approx(
        {"b1": 1.0, "b2": 2 / math.sqrt(6), "b3": 1 / math.sqrt(3), "f1": 1 / math.sqrt(3)}
    )
    assert near(seen, {"b2": 0.5, "b3": 0.25, "new": 1.0})["b1"] == pytest.approx(
        0.5 * 2 / math.sqrt(6) + 0.25 / math.sqrt(3)
    )
    assert near(seen, {"new": 1.0}) == {}
    assert near(behaviour([]), {"b1": 1.0}) == {}


def test_places_are_where_the_likes_have_the_items():
    seen = behaviour()
    assert [list(seen.likes)[at] for at in seen.places(["f1", "new", "b2"])] == ["b2", "f1"]


def test_together_counts_people_who_liked_both():
    seen = behaviour()
    counts = seen.together(["b1", "b3", "new"], others=["b2", "b3", "f1", "new"])
    assert counts.tolist() == [[2, 1, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert seen.together(["b1"], others=[]).tolist() == [[]]
    assert behaviour([]).together(["b1"], others=["b2"]).tolist() == [[0]]


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

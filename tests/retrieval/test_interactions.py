"""What everybody's events say: how many people liked an item, and which are liked together."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from examples import LIKES, SCALE, make_event, wait

from recagent.domain import UNTIMED, Rate
from recagent.retrieval import Interactions, InteractionSnapshot
from recagent.testing import MemoryStore


def behaviour(events=LIKES):
    return Interactions(events, scale=SCALE)


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
        snapshot = InteractionSnapshot(store, scale=SCALE)
        first = await snapshot()
        await store.add_events([make_event("eve", "b1")])
        assert await snapshot() is first
        return first

    assert wait(main()).likes["b1"] == 3


def test_walks_reach_what_shares_no_person_with_the_liked():
    chain = [make_event("ann", "a"), make_event("ann", "b"), make_event("bob", "b"),
             make_event("bob", "c"), make_event("cat", "d")]  # fmt: skip
    behaviour = Interactions(chain, scale=SCALE)
    reached = dict(zip(behaviour.likes, behaviour.walks({"a": 1.0}), strict=True))
    near = dict(zip(behaviour.likes, behaviour.neighbours({"a": 1.0}), strict=True))
    assert near["c"] == 0
    assert reached["b"] > reached["c"] > 0
    assert reached["d"] == 0


def test_what_follows_is_counted_in_its_direction_and_nearer_counts_more():
    days = [make_event(who, what, days=at) for who in ("ann", "bob")
            for at, what in enumerate("abc")]  # fmt: skip
    behaviour = Interactions(days, scale=SCALE)
    after_a = dict(zip(behaviour.likes, behaviour.following(["a"]), strict=True))
    after_c = dict(zip(behaviour.likes, behaviour.following(["c"]), strict=True))
    assert after_a["b"] > after_a["c"] > 0
    assert not any(after_c.values())


def test_what_was_liked_at_one_moment_follows_nothing():
    # The rows of a file without times, or of a day, are often in the order of the ids.
    seen = behaviour([make_event(who, f"b{n}") for who in ("ann", "bob", "cat") for n in range(5)])
    assert not seen.following(["b2", "b1"]).any()
    days = behaviour([make_event("ann", f"b{n}", days=n // 2) for n in range(4)])
    follows = dict(zip(days.likes, days.following(["b1"]).tolist(), strict=True))
    assert follows["b0"] == 0  # of the same day
    assert follows["b2"] > 0  # of the next
    # Numbers of rows as times, and the order that stands for times where a file has none.
    rows = [
        replace(make_event("ann", f"b{n}"), at=UNTIMED + timedelta(seconds=n)) for n in range(9)
    ]
    assert not behaviour(rows).following(["b2", "b1"]).any()


def test_factors_bring_together_what_the_same_people_like():
    shelf = [make_event(f"p{who}", f"{taste}{at}") for who in range(20)
             for taste in ["xy"[who % 2]] for at in range(4)]  # fmt: skip
    ids, matrix = Interactions(shelf, scale=SCALE).factorised(2)
    rows = dict(zip(ids, matrix, strict=True))
    assert rows["x0"] @ rows["x1"] > 0.1
    assert abs(rows["x0"] @ rows["y1"]) < 1e-5


def test_without_likes_there_are_no_factors():
    ids, matrix = Interactions([], scale=SCALE).factorised(4)
    assert ids == []
    assert matrix.shape == (0, 4)


def test_recent_likes_are_those_of_the_last_thirty_days():
    behaviour = Interactions(
        [make_event("ann", "old"), make_event("ann", "new", days=100)], scale=SCALE
    )
    assert behaviour.recent == {"old": 0, "new": 1}


def test_an_items_rate_counts_judgments_and_no_looks():
    behaviour = Interactions(
        [make_event("ann", "a"), make_event("bob", "a", kind="dislike"),
         make_event("cat", "a", kind="view")], scale=SCALE,
    )  # fmt: skip
    assert behaviour.rate("a") == Rate(likes=1, judged=2)
    assert behaviour.rate("unknown") == Rate()

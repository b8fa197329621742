"""Baselines learn from training alone, name items of the scene, and say the same thing twice."""

from datetime import timedelta

import pytest
from examples import LIKES, SCALE, make_event, make_index, make_item, wait

from recagent.domain import Context, Scene, User
from recagent.errors import ConfigError
from recagent.evaluation.baselines import BASELINES, baselines
from recagent.ports import Query
from recagent.profiles.building import profile_of
from recagent.testing import HashEmbedder

SHOP = [
    make_item("b1", "desert planet"),
    make_item("b2", "ocean planet"),
    make_item("b3", "baking bread"),
    make_item("b4", "desert bread"),
    make_item("f1", "space opera", scene="films"),
    make_item("f2", "desert opera", scene="films"),
]


def baseline(name, **same):
    """One baseline alone."""
    return baselines([name], **same)[name]


def answers(names, events, *, training=LIKES, items=SHOP, user_id="eve", scene="books", **options):
    """What baselines say to a person with these events."""
    limit, exclude = options.get("limit", 10), options.get("exclude", ())

    async def main():
        index = await make_index(items)
        made = baselines(
            names,
            index=index,
            embedder=HashEmbedder(),
            training=training,
            scale=SCALE,
            seed=options.get("seed", 0),
        )
        profile = await profile_of(
            User(id=user_id),
            sorted(events, key=lambda event: event.at, reverse=True),
            index=index,
            embedder=HashEmbedder(),
            scale=SCALE,
            half_life=timedelta(days=30),
        )
        query = Query(
            profile=profile,
            scene=Scene(name=scene),
            context=Context(),
            exclude=frozenset(exclude),
        )
        return {name: dict(await made[name](query, limit=limit)) for name in names}

    return wait(main())


def answer(name, events, **options):
    return answers([name], events, **options)[name]


OWN = [make_event("eve", "b2"), make_event("eve", "f1", scene="films")]


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_names_items_of_the_scene_best_first_and_none_that_must_not_come(name):
    training = [*LIKES, make_event("bob", "b3", days=1)]  # after b2
    scores = answer(name, OWN, exclude=["b2"], training=training)
    assert set(scores) <= {"b1", "b3", "b4"}
    assert list(scores.values()) == sorted(scores.values(), reverse=True)
    assert scores
    assert len(answer(name, OWN, limit=1, training=training)) == 1


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_says_the_same_thing_twice_and_bears_an_unknown_person(name):
    assert answer(name, OWN) == answer(name, OWN)
    assert set(answer(name, [])) <= {"b1", "b2", "b3", "b4"}
    assert set(answer(name, [], training=[])) <= {"b1", "b2", "b3", "b4"}


def test_chance_depends_on_seed_person_and_scene():
    first = answer("random", OWN)
    assert first == answer("random", [])
    assert first != answer("random", OWN, seed=1)
    assert first != answer("random", OWN, user_id="bob")
    assert all(0 <= score < 1 for score in first.values())


def test_chance_puts_every_item_first_about_equally_often():
    firsts = [next(iter(answer("random", [], seed=seed, limit=1))) for seed in range(80)]
    assert all(8 <= firsts.count(item.id) <= 34 for item in SHOP[:4])


def test_popularity_counts_people():
    assert answer("popularity", OWN) == {"b1": 3, "b2": 2, "b3": 1, "b4": 0}


def test_recent_popularity_counts_the_last_30_days_and_falls_back_to_all_time():
    late = [make_event("ann", "b4", days=40), make_event("bob", "b4", days=41)]
    scores = answer("recent", OWN, training=[*LIKES, *late])
    assert list(scores) == ["b4", "b1", "b2", "b3"]
    assert scores["b4"] == pytest.approx(2 + 2 / 4)
    assert scores["b1"] == pytest.approx(3 / 4)


def test_words_neighbours_text_and_transfer_each_find_their_own():
    found = answers(["bm25", "knn", "text", "transfer"], OWN[:1])
    assert next(iter(found["bm25"])) == "b2"
    assert found["bm25"].keys() == {"b1", "b2"}  # "ocean planet" shares a word with these
    assert next(iter(found["knn"])) == "b2"
    assert "b3" not in found["knn"]
    assert next(iter(found["text"])) == "b2"
    assert found["transfer"] == {}  # nothing is known from another scene
    film = [make_event("eve", "f2", scene="films")]  # "desert opera"
    assert set(list(answer("transfer", film))[:2]) == {"b1", "b4"}


def test_the_fusion_joins_five_sources_with_the_products_weights():
    scores = answer("fused", OWN)
    alone = answers(["knn", "popularity", "text", "transfer", "bm25"], OWN)
    assert set(alone["transfer"].values()) == {0}  # no book is like the film: it has no vote
    del alone["transfer"]
    weights = {"knn": 4.0, "popularity": 0.5}
    expected = {
        item.id: sum(
            weights.get(name, 1.0) / (60 + list(said).index(item.id) + 1)
            for name, said in alone.items()
            if item.id in said
        )
        for item in SHOP[:4]
    }
    assert scores == pytest.approx(expected)


# A hundred people like books about cooking, a hundred about the sea; nobody likes both.
TASTES = [make_item(f"{taste}{n}") for taste in ("cook", "sea") for n in range(8)]
TWO = [
    make_event(f"{taste}-{person}", f"{taste}{(person + step) % 8}")
    for taste in ("cook", "sea")
    for person in range(100)
    for step in range(4)
]


@pytest.mark.parametrize("name", ["als", "bpr", "knn"])
def test_factors_stay_within_a_taste(name):
    known, unknown = (
        answer(
            name,
            [make_event(user_id, f"sea{n}") for n in (0, 1)],
            training=TWO,
            items=TASTES,
            user_id=user_id,
            exclude=["sea0", "sea1"],
            limit=3,
        )
        for user_id in ("sea-0", "stranger")
    )
    assert all(key.startswith("sea") for key in known)
    assert all(key.startswith("sea") for key in unknown)


def test_factors_of_another_seed_are_others():
    first, other = (
        answer("bpr", TWO[:3], training=TWO, items=TASTES, user_id="cook-0", seed=seed)
        for seed in (0, 1)
    )
    assert first != other


def test_an_unknown_baseline_is_named_with_those_that_there_are():
    match = "unknown baseline 'magic'; known baselines: random, popularity"
    with pytest.raises(ConfigError, match=match):
        baseline(
            "magic",
            index=wait(make_index(SHOP)),
            embedder=HashEmbedder(),
            training=LIKES,
            scale=SCALE,
            seed=0,
        )


def test_a_missing_library_is_said_before_anything_is_asked(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "implicit.als", None)
    with pytest.raises(ConfigError, match=r"'implicit' is not installed; run: .*recagent\[eval\]"):
        answer("als", OWN)

"""Tags of a person: what is inferred from likes, and how their own word wins over it."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from examples import SCALE, make_event, make_index, make_item, wait
from line import make_line

from recagent.domain import Edits, User
from recagent.profiles.building import known_as, profile_of
from recagent.profiles.tags import SceneTraits, corrected, declared_weights, inferred_tags
from recagent.testing import HashEmbedder

# 50 books: five are of the sea, eight are long, and one lists the ids of two others.
SEA = [make_item(f"s{n}", topics=("Sea", "Long") if n < 3 else ("Sea",)) for n in range(5)]
REST = [make_item(f"r{n}", topics=("Long",) if n < 5 else ("Short",)) for n in range(44)]
ITEMS = [*SEA, *REST, make_item("x0", after=("s0", "s1"))]


def shelf(items=ITEMS):
    return wait(shelf_of(items))


async def shelf_of(items):
    return await SceneTraits(await make_index(items))("books")


def profile(*, liked=("s0", "s1", "s2", "s3"), **user):
    async def main():
        line, _ = await make_line(
            ITEMS,
            [make_event("ann", key) for key in liked],
            users=[User(id="ann", **{key: user[key] for key in user if key != "edits"})],
        )
        await line.people.edit("ann", user.get("edits", Edits()))
        return await line.profile("ann")

    return wait(main())


def test_a_tag_weighs_what_likes_have_of_it_beyond_the_catalogue():
    found = inferred_tags([(SEA, shelf())])
    # 5 of 5 liked books are of the sea, 5 of the catalogue's 50: p = 5.5/51, q = (5 + 5 p)/10
    p = 5.5 / 51
    q = (5 + 5 * p) / 10
    assert found["Sea"] == pytest.approx((q - p) / (1 - p))
    assert 0 < found["Long"] < found["Sea"] - 0.05


def test_what_everybody_likes_as_often_as_the_catalogue_has_it_is_no_tag():
    assert inferred_tags([([SEA[0], *REST[:1], *REST[5:15]], shelf())]) == {}


def test_two_likes_show_no_tag():
    assert inferred_tags([(SEA[:2], shelf())]) == {}
    assert inferred_tags([]) == {}


def test_ids_of_items_are_no_tags():
    assert "s0" not in shelf().words
    needs = [make_item(f"n{n}", after=("s0",)) for n in range(4)]
    assert inferred_tags([(needs, shelf([*ITEMS, *needs]))]) == {}


def test_addresses_codes_and_what_is_no_reason_are_no_tags():
    image = "https://img.example/none.jpg"
    items = [
        make_item(f"p{n}", image=image, lang="en", code="v0", made_by="Acme Toys", topics=("Sea",))
        for n in range(6)
    ]
    rest = [make_item(f"q{n}", topics=("Hills",), lang="de", code=f"v{n}") for n in range(30)]
    assert set(inferred_tags([(items, shelf([*items, *rest]))])) == {"Sea", "Acme Toys"}

    async def without_maker():
        return await SceneTraits(await make_index([*items, *rest]), silent={"made_by"})("books")

    assert set(inferred_tags([(items, wait(without_maker()))])) == {"Sea"}


def test_a_shelf_is_counted_again_only_after_a_change():
    async def main():
        index = await make_index(ITEMS)
        shelves = SceneTraits(index)
        first = await shelves("books")
        assert await shelves("books") is first
        more = make_item("s9", topics=("Sea",))
        await index.upsert(
            "books", items=[more], vectors=await HashEmbedder().embed([more.document()])
        )
        return first, await shelves("books")

    first, second = wait(main())
    assert (first.words["Sea"], second.words["Sea"]) == (5, 6)


def test_declared_tags_weigh_one_and_inferred_ones_less():
    found = profile(tags=("Boats",))
    assert found.tags["Boats"] == 1.0
    assert 0 < found.tags["Sea"] < 1
    assert found.scene_tags == {"books": {"Sea": found.tags["Sea"], "Long": found.tags["Long"]}}
    assert [*found.tags] == ["Boats", "Sea", "Long"]


def test_the_persons_own_weight_wins_whatever_the_case():
    found = profile(tags=("Boats",), edits=Edits(tags={"sea": 0.25, "boats": 0.5, "Hills": 1.0}))
    assert found.user.tags == ("Hills", "Boats", "sea")
    long = found.tags["Long"]
    assert found.tags == {"Hills": 1.0, "Boats": 0.5, "Long": long, "sea": 0.25}
    assert found.scene_tags == {"books": {"Long": long, "Sea": 0.25}}


def test_what_carries_a_blocked_tag_counts_as_liked_no_more():
    before = profile(liked=("s0", "s1", "s2", "r7"))
    after = profile(liked=("s0", "s1", "s2", "r7"), edits=Edits(tags={"SEA": 0.0}))
    assert set(before.liked) == {"s0", "s1", "s2", "r7"}
    assert set(after.liked) == {"r7"}
    assert "Sea" not in after.tags
    assert len(after.events) == 4  # it is still seen, and not proposed again


def test_a_tag_that_is_taken_away_is_declared_no_more_and_blocks_nothing():
    after = profile(
        liked=("s0", "s1", "s2", "r7"), tags=("sea", "long"), edits=Edits(tags={"SEA": None})
    )
    assert after.user.tags == ("long",)
    assert {"s0", "s1", "s2"} <= after.liked.keys()
    assert "Sea" in after.tags  # what the likes show stays


def test_edits_replace_attributes_and_words():
    user = User(id="ann", attributes={"age": 30, "city": "Rome"}, about="Old.", tags=("sea",))
    edits = Edits(attributes={"age": None, "level": "new"}, about="", tags={"sea": 0.0})
    changed = corrected(replace(user, edits=edits))
    assert changed.attributes == {"city": "Rome", "level": "new"}
    assert (changed.about, changed.tags) == ("", ())
    assert declared_weights(user) == {"sea": 1.0}


def test_a_light_tag_moves_the_declared_vector_by_its_weight():
    async def vector(**user):
        found = await profile_of(
            User(id="ann", **user), [], index=await make_index(ITEMS), embedder=HashEmbedder(),
            scale=SCALE, half_life=timedelta(days=30),
        )  # fmt: skip
        return found.declared

    sea, hills = wait(HashEmbedder().embed(["sea", "hills"]))
    light = sea + 0.5 * hills
    mixed = wait(vector(tags=("sea",), edits=Edits(tags={"hills": 0.5})))
    assert mixed == pytest.approx(light / np.linalg.norm(light), abs=1e-6)
    alone = wait(vector(edits=Edits(tags={"hills": 0.5})))
    assert alone == pytest.approx(hills, abs=1e-6)
    assert wait(vector(tags=("sea",), edits=Edits(tags={"sea": 0.0}))) is None


def test_own_words_come_newest_first():
    async def main():
        told = [
            replace(make_event("ann", key, kind="comment", days=day), text=text)
            for day, (key, text) in enumerate([("s0", "Fine."), ("s1", ""), ("s2", "Salty!")])
        ]
        line, _ = await make_line(ITEMS, told)
        return (await line.profile("ann")).words

    assert wait(main()) == ("Salty!", "Fine.")


@pytest.mark.parametrize(
    ("scene", "user", "wish", "known"),
    [
        ("books", {}, "", "warm"),
        ("films", {"tags": ("sea",)}, "", "new here"),
        ("books", {"tags": ("sea",)}, "", "declared only"),
        ("books", {"attributes": {"age": 30}}, "", "declared only"),
        ("books", {}, "something light", "declared only"),
        ("books", {}, "", "unknown"),
    ],
)
def test_the_ladder_names_what_a_slate_rests_on(scene, user, wish, known):
    found = profile(liked=("s0",) if known in ("warm", "new here") else (), **user)
    assert known_as(found, scene=scene, wish=wish) == known

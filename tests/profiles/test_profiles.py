"""Events and declarations become a profile: what counts as liking, how much, and in which scene."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from examples import NOON, SCALE, make_event, make_index, make_item, wait
from hypothesis import given
from hypothesis import strategies as st

from recagent.domain import EVENT_KINDS, RatingScale, User
from recagent.profiles.building import build_profile, is_liked, preference, recency, without_likes
from recagent.testing import HashEmbedder, MemoryStore

ITEMS = [
    make_item("b1", "desert planet"),
    make_item("b2", "ocean planet"),
    make_item("b3", "baking bread"),
    make_item("f1", "space opera", scene="films"),
]
MONTH = timedelta(days=30)


def profile_of(user_id, events=(), *, users=(), items=ITEMS):
    async def main():
        store = MemoryStore()
        await store.add_events(events)
        await store.add_users(users)
        return await build_profile(
            user_id,
            store=store,
            index=await make_index(items),
            embedder=HashEmbedder(),
            scale=SCALE,
            half_life=MONTH,
        )

    return wait(main())


def unit(*texts):
    """Unit vector of the sum of the texts' vectors."""
    total = wait(HashEmbedder().embed(texts)).sum(axis=0)
    return total / np.linalg.norm(total)


def test_a_rating_counts_by_its_place_on_the_scale():
    stars = RatingScale(low=1, high=5)
    values = {1: -1.0, 2: -0.5, 3: 0.0, 4: 0.5, 5: 1.0}
    for value, expected in values.items():
        assert preference(make_event("ann", "b1", value=value), stars) == pytest.approx(expected)
    assert preference(make_event("ann", "b1", kind="rating"), stars) == 0.0


def test_deeds_count_more_than_looks_and_dislikes_against():
    strength = {kind: preference(make_event("ann", "b1", kind=kind), SCALE)
                for kind in EVENT_KINDS}  # fmt: skip
    assert strength["purchase"] > strength["comment"] > strength["view"] > 0
    assert strength["dislike"] < strength["skip"] < 0


@pytest.mark.parametrize(
    ("scale", "threshold"),
    [(RatingScale(low=0, high=10), 7.0), (RatingScale(low=1, high=5), 3.8),
     (RatingScale(low=0, high=100), 70.0), (RatingScale(low=0, high=5), 3.5)],
)  # fmt: skip
def test_a_rating_is_liking_from_seven_tenths_of_the_scale(scale, threshold):
    assert is_liked(make_event("ann", "b1", value=threshold), scale)
    assert not is_liked(make_event("ann", "b1", value=threshold - 0.05), scale)


@given(value=st.floats(-1e6, 1e6), low=st.floats(-100, 100), width=st.floats(0.1, 1000))
def test_preference_stays_within_one_whatever_the_rating(value, low, width):
    event = make_event("ann", "b1", value=value)
    assert -1.0 <= preference(event, RatingScale(low=low, high=low + width)) <= 1.0


def test_weight_halves_with_every_half_life_before_the_newest_event():
    newest = make_event("ann", "b1")
    for days, expected in [(0, 1.0), (-30, 0.5), (-60, 0.25)]:
        event = make_event("ann", "b2", days=days)
        assert recency(event, newest, MONTH) == pytest.approx(expected)


def test_liked_items_come_newest_first_with_strength_times_recency():
    profile = profile_of(
        "ann",
        [make_event("ann", "b1", days=-30), make_event("ann", "b2", value=8.5),
         make_event("ann", "b3", value=2), make_event("bob", "f1")],
    )  # fmt: skip
    assert list(profile.liked.items()) == [("b2", pytest.approx(0.7)), ("b1", pytest.approx(0.5))]
    assert [event.item_id for event in profile.events] == ["b3", "b2", "b1"]
    assert profile.items.keys() == {"b1", "b2", "b3"}


def test_the_newest_judgment_of_an_item_is_the_one_that_counts():
    changed_mind = [make_event("ann", "b1"), make_event("ann", "b1", kind="dislike", days=1)]
    assert profile_of("ann", changed_mind).liked == {}
    came_round = [make_event("ann", "b1", value=1), make_event("ann", "b1", value=10, days=1)]
    assert profile_of("ann", came_round).liked == {"b1": 1.0}


def test_taste_is_the_weighted_mean_of_what_was_liked_in_each_scene():
    profile = profile_of("ann", [make_event("ann", "b1"), make_event("ann", "f1", scene="films")])
    assert profile.taste.keys() == {"books", "films"}
    np.testing.assert_allclose(profile.taste["books"], unit("desert planet"), atol=1e-6)
    np.testing.assert_allclose(profile.taste["films"], unit("space opera"), atol=1e-6)
    assert profile.declared is None


def test_declared_tags_and_words_count_beside_what_was_liked():
    ann = User(id="ann", tags=("sea",), about="sailing", attributes={"langs": ("en", "zh")})
    profile = profile_of("ann", [make_event("ann", "b1")], users=[ann])
    declared = unit("sea sailing en zh")
    np.testing.assert_allclose(profile.declared, declared, atol=1e-6)
    mean = unit("desert planet") + declared
    np.testing.assert_allclose(profile.taste["books"], mean / np.linalg.norm(mean), atol=1e-6)


def test_declared_tags_count_also_without_events():
    profile = profile_of("ann", users=[User(id="ann", tags=("sea",))])
    np.testing.assert_allclose(profile.declared, unit("sea"), atol=1e-6)
    assert profile.taste == {}
    assert profile.cold == "fully"


def test_someone_is_cold_where_they_have_no_event_and_fully_without_any():
    profile = profile_of("ann", [make_event("ann", "b3", kind="dislike")])
    assert not profile.is_cold("books")
    assert profile.is_cold("films")
    assert profile.cold is None


def test_an_unknown_person_has_an_empty_profile():
    profile = profile_of("nobody", [make_event("ann", "b1")])
    assert (profile.user, profile.events, profile.liked) == (User(id="nobody"), (), {})
    assert (profile.taste, profile.declared, profile.items) == ({}, None, {})
    assert profile.cold == "fully"


def test_events_on_items_that_the_catalogue_lost_are_kept_but_say_nothing():
    events = [make_event("ann", "gone"), make_event("ann", "x", scene="closed", days=1)]
    profile = profile_of("ann", events)
    assert len(profile.events) == 2
    assert profile.liked == {}


def test_the_same_id_in_two_scenes_is_the_same_thing():
    twin = make_item("b1", "the same book on another shelf", scene="films")
    events = [make_event("ann", "b1", value=1, days=1), make_event("ann", "b1", scene="films")]
    assert profile_of("ann", events, items=[*ITEMS, twin]).liked == {}


def test_a_look_after_a_dislike_does_not_make_it_liked():
    events = [
        make_event("ann", "b1", kind="dislike", value=None),
        make_event("ann", "b1", kind="view", value=None, days=1),
    ]
    assert profile_of("ann", events).liked == {}


histories = st.lists(
    st.builds(
        lambda item, kind, value, days: replace(
            make_event("ann", item.id, scene=item.scene, kind=kind, value=value),
            at=NOON + timedelta(days=days),
        ),
        st.sampled_from(ITEMS),
        st.sampled_from(EVENT_KINDS),
        st.none() | st.floats(0, 10),
        st.floats(-400, 0),
    ),
    max_size=8,
)


@given(events=histories)
def test_tastes_are_unit_vectors_and_weights_lie_between_zero_and_one(events):
    profile = profile_of("ann", events)
    assert all(0 < weight <= 1 for weight in profile.liked.values())
    assert profile.taste.keys() == {profile.items[item_id].scene for item_id in profile.liked}
    for taste in profile.taste.values():
        assert np.linalg.norm(taste) == pytest.approx(1, abs=1e-5)


def test_tags_are_weights_by_name_whoever_the_person_is():
    tagged = User(id="ann", tags=("bread", "科幻"))
    likes = [make_event("ann", "b1"), make_event("ann", "b2", days=1)]
    assert profile_of("ann", likes, users=[tagged]).tags == {"bread": 1.0, "科幻": 1.0}
    assert profile_of("ann", likes).tags == {}
    assert profile_of("ann", users=[tagged]).tags == {"bread": 1.0, "科幻": 1.0}


@pytest.mark.parametrize(
    ("values", "high", "why"),
    [
        ([1, 2, 3], 5, "none of the 3 ratings counts as a like; a like is 4 or more out of 5"),
        ([2.5], 5, "none of the 1 ratings counts as a like; a like is 3.5 or more out of 5"),
        ([6], 10, "none of the 1 ratings counts as a like; a like is 7 or more out of 10"),
        ([3, 4], 5, ""),
        ([], 5, ""),
    ],
)
def test_why_nothing_is_known_of_what_somebody_likes_is_told(values, high, why):
    events = [
        make_event("ann", f"b{at}", kind="rating", value=float(value))
        for at, value in enumerate(values)
    ]
    low = 1.0 if high == 5 and values != [2.5] else 0.0
    assert str(without_likes(events, RatingScale(low=low, high=float(high))) or "") == why


def test_events_that_are_no_likes_are_told_too():
    events = [make_event("ann", "b1", kind="dislike"), make_event("ann", "b2", kind="skip")]
    assert str(without_likes(events, RatingScale())) == "none of the 2 events counts as a like"

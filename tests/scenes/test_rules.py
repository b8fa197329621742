"""A scene's rules: what they keep away from a request, what comes again, and in which order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from examples import NOON, make_event, make_item, make_query, wait
from hypothesis import given
from hypothesis import strategies as st
from line import make_line

from recagent.domain import (
    AgeRule,
    Constraint,
    Context,
    DistanceRule,
    FreshRule,
    Item,
    PathRule,
    PersonRule,
    RepeatRule,
    Scene,
    User,
)
from recagent.errors import ConfigError, DataError
from recagent.pipeline import Pipeline
from recagent.pipeline.quotas import apportion, arrange
from recagent.scenes.constraints import blocked
from recagent.scenes.rules import (
    SceneCatalogue,
    coordinates,
    exhausted,
    kilometres,
    rule_exclusions,
    visible_profile,
    without_rule_attributes,
)
from recagent.testing import ScriptedModel

PORTO = "41.15,-8.61"


def kept_away(items, *rules, user=None, events=(), tasks=(), task=None, **context):
    """Ids that the rules exclude, and the notes."""
    profile = make_query(items=items, user=user or User(id="ann"), events=events).profile
    exclusions = rule_exclusions(
        SceneCatalogue({item.id: item for item in items}, rules),
        scene=Scene(name="books", rules=rules, tasks=tasks),
        profile=profile,
        context=Context(**context),
        task=task,
    )
    return exclusions.excluded, tuple(map(str, exclusions.notes))


FILMS = [make_item("all"), make_item("six", rated=6), make_item("adult", rated=18)]


@pytest.mark.parametrize(
    ("age", "away"), [(9, {"adult"}), (18, set()), (5, {"six", "adult"}), ("12", {"adult"})]
)
def test_an_age_rating_is_kept_to(age, away):
    user = User(id="ann", attributes={"age": age})
    assert kept_away(FILMS, AgeRule(age="rated"), user=user) == (away, ())


def test_of_an_unknown_age_only_what_is_for_everybody_comes_and_it_is_said():
    away, notes = kept_away(FILMS, AgeRule(age="rated"))
    assert away == {"six", "adult"}
    assert notes == ("age unknown: items with an age rating are left out",)


CITY = [
    make_item("near", latitude=41.14, longitude=-8.60),
    make_item("far", latitude=38.72, longitude=-9.14),
    make_item("nowhere"),
]


def test_distance_counts_from_the_place_of_the_request():
    assert kept_away(CITY, DistanceRule(within_km=20), place=PORTO) == ({"far", "nowhere"}, ())


@pytest.mark.parametrize(
    ("place", "said"),
    [("", "the request gives no place"), ("home", "place 'home' is not 'latitude,longitude'")],
)
def test_without_a_place_distance_is_not_looked_at_and_it_is_said(place, said):
    away, notes = kept_away(CITY, DistanceRule(within_km=20), place=place)
    assert away == set()
    assert notes == (f"distance ignored: {said}",)


def test_from_porto_to_lisbon_it_is_some_270_kilometres():
    lisbon = kilometres((41.15, -8.61), np.asarray([38.72, np.nan]), np.asarray([-9.14, 0]))
    assert lisbon[0] == pytest.approx(274, abs=2)
    assert np.isnan(lisbon[1])
    assert kilometres((0, 0), np.zeros(1), np.full(1, 180)) == pytest.approx(20015, abs=1)


@pytest.mark.parametrize("text", ["", "41", "91,0", "0,181", "a,b", "1,2,3", "nan,0"])
def test_what_is_no_place(text):
    assert coordinates(text) is None


def test_news_are_fresh_before_the_request_or_before_the_newest_one():
    news = [make_item(f"d{day}", published=f"2024-04-{day}") for day in (10, 25, 28)]
    news.append(make_item("undated"))
    rule = FreshRule(fresh_days=3)
    assert kept_away(news, rule, at=NOON)[0] == {"d10", "undated"}
    assert kept_away(news, rule, at=NOON - timedelta(days=3))[0] == {"d10", "undated"}
    assert kept_away(news, rule, at=NOON - timedelta(days=20))[0] == {"undated"}


@pytest.mark.parametrize("published", ["0001-01-01", "0001-01-02T00:00:00"])
def test_days_of_year_1_are_no_fault_of_a_rule(published):
    old = [make_item("old", published=published), make_item("undated")]
    assert kept_away(old, FreshRule(fresh_days=3), at=NOON)[0] == {"undated"}
    assert kept_away(old, FreshRule(fresh_days=1e12), at=NOON)[0] == {"undated"}


def test_a_persons_own_attribute_bars_or_demands_and_says_nothing_where_it_is_not_told():
    people = [
        make_item("bob", offers=("bees",)),
        make_item("cat", offers=("bread",)),
        make_item("dan"),
    ]
    blocks = PersonRule(attribute="id", operator="is not", person="blocked")
    seeks = PersonRule(attribute="offers", operator="is", person="seeks")
    ann = User(id="ann", attributes={"blocked": "bob", "seeks": ("Bees", "bread")})
    assert kept_away(people, blocks, user=ann)[0] == {"bob"}
    assert kept_away(people, seeks, user=ann)[0] == {"dan"}
    assert kept_away(people, blocks, seeks, user=ann)[0] == {"bob", "dan"}
    assert kept_away(people, blocks, seeks)[0] == set()


def test_a_rule_is_about_items_of_its_task():
    mixed = [make_item("thing"), replace(make_item("text"), task="content")]
    in_stock = Constraint(attribute="stock", operator="at least", value=1, task="item")
    near = DistanceRule(within_km=1, task="content")
    assert kept_away(mixed, near, place=PORTO)[0] == {"text"}
    assert kept_away(mixed, constraints=(in_stock,))[0] == {"thing"}


def test_other_tasks_than_the_scenes_or_the_wanted_one_stay_away():
    mixed = [
        make_item("thing"),
        replace(make_item("text"), task="content"),
        replace(make_item("run"), task="activity"),
    ]
    assert kept_away(mixed, tasks=("item", "content"))[0] == {"run"}
    assert kept_away(mixed, tasks=("item", "content"), task="content")[0] == {"thing", "run"}
    assert kept_away(mixed)[0] == set()


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        (
            Constraint(attribute="ratd", operator="at least", value=1),
            "uses 'ratd'.*attributes: 'rated'",
        ),
        (AgeRule(age="aged"), "uses 'aged'"),
        (
            DistanceRule(within_km=1, latitude="north"),
            "uses 'north'.*attributes: 'longitude', 'rated'",
        ),
        (FreshRule(fresh_days=1), "uses 'published'"),
        (PathRule(prerequisites="needs"), "uses 'needs'"),
        (PersonRule(attribute="topics", operator="is", person="seeks"), "uses 'topics'"),
    ],
)
def test_a_rule_on_an_attribute_that_no_item_has_is_an_error_with_the_nearest_names(rule, named):
    items = [*FILMS, make_item("x", longitude=1.0)]
    with pytest.raises(ConfigError, match=rf"\[scenes.books\] a rule {named}"):
        slate_of(items, Scene(name="books", rules=(rule,)))
    fine = (Constraint(attribute="title", operator="mentions", value="title"), AgeRule(age="rated"))
    assert slate_of(items, Scene(name="books", rules=(*fine, RepeatRule(repeat_days=1))))[0]
    other_task = Constraint(attribute="stok", operator="at least", value=1, task="activity")
    assert slate_of(items, Scene(name="books", rules=(other_task,)))[0]


def test_where_nobody_has_agreed_to_be_shown_yet_nobody_is_and_it_is_said():
    people = [replace(make_item(name), task="person") for name in ("bob", "cat")]
    consent = Constraint(attribute="findable", operator="is", value=True, task="person")
    scene = Scene(name="books", rules=(consent,))
    shown, slate = slate_of([*people, make_item("walk")], scene)
    assert shown == ["walk"]
    assert slate.trace.notes == (
        "no people shown: a rule needs 'findable', which nobody has filled in",
    )


def test_nobody_is_recommended_to_themselves():
    people = [replace(make_item(name), task="person") for name in ("ann", "bob")]
    assert kept_away(people)[0] == {"ann"}
    assert kept_away([make_item("ann")])[0] == set()


VALUES = st.one_of(
    st.integers(0, 3), st.booleans(), st.sampled_from(["a", "B", "1"]), st.just(("a", "1")),
    st.floats(0, 3),
)  # fmt: skip
OPERATORS = st.sampled_from(["is", "is not", "at least", "at most", "mentions", "does not mention"])


@given(
    st.lists(st.tuples(st.one_of(st.none(), VALUES), st.sampled_from(["item", "content"]))),
    st.builds(
        Constraint,
        attribute=st.sampled_from(["x", "", "id"]),
        operator=OPERATORS,
        value=VALUES,
        task=st.sampled_from([None, "item"]),
    ),
)
def test_to_look_at_values_says_the_same_as_to_look_at_items(drawn, constraint):
    items = {
        str(at): Item(id=str(at), scene="s", title="", task=task,
                      attributes={} if value is None else {"x": value})
        for at, (value, task) in enumerate(drawn)
    }  # fmt: skip
    assert SceneCatalogue(items, ()).breaking(constraint) == blocked(items, [constraint])


SONGS = [make_item("old"), make_item("new"), make_item("bad")]
HEARD = [
    make_event("ann", "new", days=-0.5),
    make_event("ann", "old", days=-4),
    make_event("ann", "bad", days=-9, kind="skip"),
]


def test_what_was_liked_comes_again_after_its_time_and_what_was_skipped_never():
    def gone(*rules, at=NOON):
        query = make_query(items=SONGS, events=HEARD, liked=["new", "old"])
        scene = Scene(name="books", rules=rules)
        seen = frozenset(["new", "old", "bad", "forgotten"])
        return exhausted(seen, scene=scene, profile=query.profile, at=at)

    assert gone() == {"new", "old", "bad", "forgotten"}
    assert gone(RepeatRule(repeat_days=1)) == {"new", "bad", "forgotten"}
    assert gone(RepeatRule(repeat_days=0)) == {"bad", "forgotten"}
    assert gone(RepeatRule(repeat_days=9)) == {"new", "old", "bad", "forgotten"}
    assert gone(RepeatRule(repeat_days=1), at=None) == {"bad", "forgotten"}
    first = datetime(1, 1, 1, tzinfo=UTC)
    for rule, at in ((RepeatRule(repeat_days=9), first), (RepeatRule(repeat_days=1e12), NOON)):
        assert gone(rule, at=at) == {"new", "old", "bad", "forgotten"}


def test_what_was_begun_stays_on_a_path_until_it_is_finished():
    events = [make_event("ann", "a", kind="view"), make_event("ann", "b", kind="finish")]
    query = make_query(events=events, liked=["a", "b"])
    scene = Scene(name="books", rules=(PathRule(prerequisites="needs"),))
    assert exhausted({"a", "b"}, scene=scene, profile=query.profile, at=NOON) == {"b"}


def test_a_scene_sees_only_the_events_of_those_that_it_learns_from():
    items = [make_item("b1"), make_item("f1", scene="films"), make_item("g1", scene="games")]
    events = [make_event("ann", item.id, scene=item.scene) for item in items]
    taste = dict.fromkeys(["books", "films", "games"])
    query = make_query(items=items, events=events, liked=["b1", "f1", "g1"], taste=taste)

    def known(sources):
        seen = visible_profile(query.profile, Scene(name="books", learns_from=sources))
        assert set(seen.items) == set(seen.liked) == {event.item_id for event in seen.events}
        return set(seen.liked), set(seen.taste)

    assert known(None) == ({"b1", "f1", "g1"}, {"books", "films", "games"})
    assert known(("films",)) == ({"b1", "f1"}, {"books", "films"})
    assert known(()) == ({"b1"}, {"books"})


def test_a_date_that_a_rule_reads_is_no_reason():
    item = make_item("a", published="2024-05-01", topics=("sea",))
    fresh = Scene(name="books", rules=(FreshRule(fresh_days=1),))
    assert without_rule_attributes(item, fresh).attributes == {"topics": ("sea",)}
    assert without_rule_attributes(item, Scene(name="books")) is item


def test_places_go_by_share_and_the_largest_remainder():
    assert apportion({"item": 3, "content": 2}, size=5) == {"item": 3, "content": 2}
    assert apportion({"item": 3, "content": 2}, size=3) == {"item": 2, "content": 1}
    assert apportion({"item": 1, "content": 1}, size=3) == {"item": 2, "content": 1}
    assert apportion({"item": 2, "person": 1}, size=1) == {"item": 1, "person": 0}


TASKS = st.sampled_from(["item", "content", "activity", "person"])
QUOTAS = st.dictionaries(TASKS, st.integers(1, 5), max_size=4)


@given(QUOTAS.filter(bool), st.integers(1, 50))
def test_places_sum_to_the_size_and_are_off_by_less_than_one(quotas, size):
    given_ = apportion(quotas, size=size)
    assert sum(given_.values()) == size
    total = sum(quotas.values())
    assert all(abs(given_[task] - size * share / total) < 1 for task, share in quotas.items())


def arrange_tasks(tasks, *, k, quotas=(), needs=()):
    items = [Item(id=str(at), scene="s", title=str(at), task=task) for at, task in enumerate(tasks)]
    return arrange(range(len(items)), items, k=k, quotas=dict(quotas), prerequisites=dict(needs))


def test_each_task_gets_its_places_and_what_one_cannot_fill_goes_to_the_best():
    tasks = ["item"] * 5 + ["content"] * 2
    assert arrange_tasks(tasks, k=4) == [0, 1, 2, 3]
    assert arrange_tasks(tasks, k=4, quotas={"item": 1, "content": 1}) == [0, 1, 5, 6]
    assert arrange_tasks(tasks, k=6, quotas={"item": 1, "content": 2}) == [0, 1, 5, 6, 2, 3]
    assert arrange_tasks(tasks, k=3, quotas={"person": 1}) == [0, 1, 2]


def test_what_is_needed_comes_before_and_a_long_path_is_begun():
    line = ["item"] * 5
    assert arrange_tasks(line, k=3, needs={"0": {"2"}, "2": {"3"}}) == [3, 2, 0]
    assert arrange_tasks(line, k=2, needs={"0": {"2"}, "2": {"3"}}) == [3, 2]
    assert arrange_tasks(line, k=9, needs={"0": {"elsewhere"}, "1": {"0"}}) == [2, 3, 4]
    assert arrange_tasks(line, k=9, needs={"0": {"1"}, "1": {"0"}}) == [2, 3, 4]


@st.composite
def courses(draw):
    """Tasks, what needs what (a few circles and strangers too), k and quotas."""
    tasks = draw(st.lists(TASKS, max_size=9))
    ids = [str(at) for at in range(len(tasks) + 1)]  # the last is not there
    needs = draw(st.dictionaries(st.sampled_from(ids), st.sets(st.sampled_from(ids), max_size=3)))
    return tasks, needs, draw(st.integers(1, 10)), draw(QUOTAS)


@given(courses())
def test_a_slate_is_a_path_without_gaps_and_as_long_as_it_can_be(drawn):
    tasks, needs, k, quotas = drawn
    chosen = [str(at) for at in arrange_tasks(tasks, k=k, quotas=quotas, needs=needs)]
    assert len(set(chosen)) == len(chosen) <= k
    for place, key in enumerate(chosen):
        assert needs.get(key, set()) <= set(chosen[:place])
    if len(chosen) < k:  # nothing that could follow was left out
        left = {str(at) for at in range(len(tasks))} - set(chosen)
        assert not any(needs.get(key, set()) <= set(chosen) for key in left)


def line_of(items, scene, **more):
    """A line whose one scene is declared so."""

    async def make():
        line, parts = await make_line(items, **more)
        return Pipeline(replace(parts, scenes={scene.name: scene}), line._options)

    return make


def slate_of(items, scene, user="ann", *, k=5, events=(), users=(), pool=20, **asked):
    async def main():
        line = await line_of(items, scene, events=events, users=users, pool=pool)()
        return await line.recommend(user, scene=scene.name, k=k, **asked)

    slate = wait(main())
    return [entry.item.id for entry in slate.entries], slate


MIXED = [make_item(f"i{n}") for n in range(30)] + [
    replace(make_item(f"c{n}"), task="content") for n in range(3)
]
CROWD = [make_event(f"p{n}", f"i{n % 30}") for n in range(60)]


def test_a_task_that_nobody_has_met_still_gets_its_places():
    scene = Scene(name="books", tasks=("item", "content"), quotas={"item": 3, "content": 2})
    shown, _ = slate_of(MIXED, scene, events=CROWD)
    assert sorted(key[0] for key in shown) == ["c", "c", "i", "i", "i"]
    plain, _ = slate_of(MIXED, Scene(name="books"), events=CROWD)
    assert [key[0] for key in plain] == ["i"] * 5


def test_one_task_can_be_asked_for_and_another_than_the_scenes_is_an_error():
    scene = Scene(name="books", tasks=("item", "content"), quotas={"item": 3, "content": 2})
    shown, _ = slate_of(MIXED, scene, events=CROWD, task="content")
    assert sorted(shown) == ["c0", "c1", "c2"]
    with pytest.raises(
        DataError, match=r"does not recommend 'person'; it recommends item, content"
    ):
        slate_of(MIXED, scene, task="person")


def test_a_time_without_zone_is_refused():
    with pytest.raises(DataError, match=r"time '2024-05-01T12:00:00' has no time zone"):
        slate_of(MIXED, Scene(name="books"), context=Context(at=NOON.replace(tzinfo=None)))


def test_the_slate_of_a_path_is_a_path():
    items = [make_item("b1"), make_item("b2", needs="b1"), make_item("b3", needs=("b2", "b1"))]
    liked = [make_event(f"p{n}", "b3") for n in range(5)]
    scene = Scene(name="books", rules=(PathRule(prerequisites="needs"),))
    assert slate_of(items, scene, events=liked)[0] == ["b1", "b2", "b3"]
    done = [*liked, make_event("ann", "b1", kind="finish")]
    assert slate_of(items, scene, events=done)[0] == ["b2", "b3"]


def test_the_steps_to_what_is_found_come_along_though_nobody_has_met_them():
    path = [make_item(f"s{n}", needs=f"s{n - 1}" if n else ()) for n in range(4)]
    items = [*(make_item(f"b{n}") for n in range(30)), *path, make_item("barred", stock=0)]
    items.append(make_item("x", needs=("s0", "barred")))
    stock = Constraint(attribute="stock", operator="is not", value=0)
    scene = Scene(name="books", rules=(PathRule(prerequisites="needs"), stock))
    crowd = [make_event(f"p{n}", key) for n in range(9) for key in ("s3", "x")]
    crowd += [make_event("p1", f"b{n}") for n in range(10)]
    shown, _ = slate_of(items, scene, events=crowd, k=5, pool=5)
    assert shown[:4] == ["s0", "s1", "s2", "s3"]
    assert shown[4].startswith("b")


def test_rules_of_a_scene_hold_on_every_rung_and_are_noted_in_the_trace():
    scene = Scene(
        name="books",
        review="human",
        notices={"en": "No advice."},
        rules=(
            Constraint(attribute="stock", operator="at least", value=1),
            AgeRule(age="rated"),
        ),
    )
    items = [make_item("b1", stock=0), make_item("b2", stock=2, rated=18), make_item("b3", stock=1)]
    liked = [make_event(f"p{n}", key) for n in range(3) for key in ("b1", "b2")]
    shown, slate = slate_of(items, scene, events=liked)
    assert shown == ["b3"]
    assert slate.trace.review
    assert slate.trace.notes == ("age unknown: items with an age rating are left out",)
    assert slate_of(items, scene, events=liked, users=[User(id="ann", attributes={"age": 40})])[
        0
    ] == ["b2", "b3"]


def test_explanations_carry_the_notice_and_no_model_phrases_what_is_for_review():
    scene = Scene(
        name="books", review="human", notices={"en": "No advice.", "zh": "非建议"}, language="zh"
    )
    items = [make_item("b1", "Bread", topics=("sea",)), make_item("b2", "Tides", topics=("sea",))]

    model = ScriptedModel(modes=frozenset(), reply='{"sentences": ["因为 [e1]。"]}')

    async def main():
        line = await line_of(items, scene, events=[make_event("ann", "b1")], model=model)()
        why = await line.explain("ann", "b2", phrase=True)
        assert model.seen == []
        return why, await line.reasons(await line.recommend("ann", scene="books"))

    why, (reason,) = wait(main())
    assert (why.notice, why.phrased_by) == ("非建议", None)
    assert "scene 'books' is under human review" in why.degraded
    assert reason.notice == "非建议"
    assert reason.claims[0].text == "也是 sea，和您喜欢的“Bread”一样。"

"""A share of places for items that nobody has met."""

import numpy as np
import pytest
from examples import make_event, make_item, wait
from line import make_line

from recagent.domain import Candidate, Context, Profile, User
from recagent.pipeline.new_items import with_share

OLD = [make_item(f"old{number}", "bread and planet") for number in range(12)]
NEW = [make_item(f"new{number}", "bread oven") for number in range(4)]
EVENTS = [
    make_event(f"u{person}", item.id, days=person)
    for person in range(3)
    for item in OLD[: 12 - 3 * person]
]


def shown(k=10, *, person="ann", wish="", **options):
    async def ask():
        line, _ = await make_line([*OLD, *NEW], EVENTS, **options)
        return await line.recommend(person, scene="books", k=k, context=Context(wish=wish))

    return [entry.item.id for entry in wait(ask()).entries]


def number_of_new(ids):
    return sum(each.startswith("new") for each in ids)


def test_without_the_setting_what_is_liked_comes_first():
    assert number_of_new(shown(diversity=0.0, person="u2")) == 4  # u2 has met six of the old ones
    assert number_of_new(shown(k=6, person="u2")) == 0


@pytest.mark.parametrize(("share", "least", "most"), [(0.1, 1, 1), (0.3, 3, 3), (0.25, 2, 3)])
def test_a_share_of_places_is_theirs(share, least, most):
    items = [Candidate(item=item, features={"fused": 1.0}) for item in OLD]
    unmet = [Candidate(item=item, features={"fused": 0.1}) for item in NEW]
    numbers = list[int]()
    for person in range(200):
        profile = Profile(
            user=User(id=f"p{person}"), events=(), liked={}, taste={}, declared=None, items={}
        )
        found, scores = with_share(
            items, np.arange(12.0)[::-1], unmet=unmet, share=share, profile=profile
        )
        assert len(found) == 12
        assert (np.diff(scores) <= 0).all()
        old = [each.item.id for each in found if each.item.id.startswith("old")]
        assert old == [item.id for item in OLD[: len(old)]]
        numbers.append(number_of_new(each.item.id for each in found[:10]))
    assert set(numbers) <= set(range(least, most + 1))
    assert np.mean(numbers) == pytest.approx(10 * share, abs=0.1)


def test_what_comes_by_its_own_score_counts_and_is_not_put_in_twice():
    ranked = [Candidate(item=item, features={}) for item in (NEW[0], *OLD[:4])]
    unmet = [Candidate(item=item, features={}) for item in NEW[:2]]
    profile = Profile(user=User(id="a"), events=(), liked={}, taste={}, declared=None, items={})
    found, _ = with_share(ranked, np.arange(5.0)[::-1], unmet=unmet, share=0.4, profile=profile)
    ids = [each.item.id for each in found]
    assert ids[0] == "new0"
    assert number_of_new(ids) == 2
    assert len(set(ids)) == 5


def test_the_setting_reaches_the_list_and_a_wish_is_left_alone():
    assert number_of_new(shown(k=6, person="u2", new_items=0.5)) == 3
    assert shown(k=6, person="u2", new_items=0.5) == shown(k=6, person="u2", new_items=0.5)
    assert shown(k=6, person="u2", wish="planet", new_items=0.5) == shown(
        k=6, person="u2", wish="planet"
    )


def test_where_everything_was_met_nothing_changes():
    async def ask(share):
        line, _ = await make_line(OLD, EVENTS, new_items=share)
        return [e.item.id for e in (await line.recommend("u2", scene="books", k=5)).entries]

    assert wait(ask(0.5)) == wait(ask(0.0))

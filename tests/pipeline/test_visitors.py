"""People without an id, and words that are said again."""

from datetime import UTC, datetime, timedelta

import pytest
from examples import LIKES, make_item, wait
from line import make_line

from recagent.chat import Agent, Conversation, Shown, Words
from recagent.domain import Edits, person_id
from recagent.errors import DataError
from recagent.pipeline.visitors import Visitor

ITEMS = [
    make_item(f"b{at}", title, topics=(topic,))
    for at, (title, topic) in enumerate(
        [("Trains", "travel"), ("Bread", "cooking"), ("Cakes", "cooking"), ("Maps", "travel")], 1
    )
]


def made():
    return wait(make_line(ITEMS, LIKES))


@pytest.mark.parametrize(
    "name", [None, "", "  ", "anonymous", "Anonymous", "guest", "null", "undefined", "None"]
)
def test_a_shared_word_is_nobodys_id(name):
    assert person_id(name) == ""


@pytest.mark.parametrize("name", ["ann", "guest-17", "用户", "0", " ann", "anonymous@example.org"])
def test_an_id_is_taken_as_it_stands(name):
    assert person_id(name) == name


@pytest.mark.parametrize("name", [None, "", "guest"])
def test_nobody_is_answered_and_nothing_is_stored(name):
    line, parts = made()

    async def main():
        slate = await line.recommend(name, scene="books")
        await line.explain(name, "b1")
        await line.why_not(name, "b1")
        profile = await line.profile(name)
        for refused in (
            line.record(name or "", "b1"),
            line.people.edit(name or "", Edits(tags={"x": 1.0})),
            line.people.link("ann", other=name or ""),
        ):
            with pytest.raises(DataError, match=r"needs a user id|is empty"):
                await refused
        return slate, profile

    slate, profile = wait(main())
    assert (slate.user_id, slate.trace.cold, profile.events) == ("", "fully", ())
    assert wait(parts.store.impression(slate.trace.id)) is None


def test_a_visitors_likes_count_while_they_are_here_and_are_stored_nowhere():
    line, parts = made()
    before = wait(parts.store.count())
    visiting = line.visiting()
    agent = Agent(visiting)

    async def main():
        conversation = Conversation(user_id="you", scene="books")
        said = [part async for part in agent.say(conversation, "I like Maps")]
        said += [part async for part in agent.say(conversation, "recommend something")]
        return said

    said = wait(main())
    assert any("Maps" in part.text for part in said if isinstance(part, Words))
    (shown,) = [part for part in said if isinstance(part, Shown)]
    assert "b4" not in [entry.item.id for entry in shown.slate.entries]
    visitor = visiting.parts.store.visitors["you"]
    assert [event.item_id for event in visitor.events] == ["b4"]
    assert visitor != Visitor()
    assert wait(parts.store.count()) == before
    assert wait(parts.store.user("you")) is None


def stored(said):
    """Kinds of what is stored of a person who says this, oldest first."""
    line, parts = made()

    async def main():
        for item, more in said:
            await line.record("new", item, **more)
        return await parts.store.events("new", limit=99)

    return [event.kind for event in reversed(wait(main()))]


AGO = datetime.now(tz=UTC) - timedelta(hours=30)


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ([{}] * 3, ["like"]),
        ([{"kind": "rating", "value": 7}] * 2, ["rating"]),
        ([{"kind": "rating", "value": 7}, {"kind": "rating", "value": 8}], ["rating"] * 2),
        ([{}, {"kind": "dislike"}, {}], ["like", "dislike", "like"]),
        ([{}, {"kind": "view"}, {}], ["like", "view"]),
        ([{"kind": "purchase"}] * 2, ["purchase"] * 2),
        ([{"kind": "view", "impression": "i1"}] * 2, ["view"]),
        ([{"impression": "i1"}, {"impression": "i2"}], ["like"] * 2),
        ([{"at": AGO}, {}], ["like"] * 2),
        ([{"text": "good"}, {"text": "very good"}], ["like"] * 2),
    ],
)
def test_what_is_said_again_is_stored_once(said, kinds):
    assert stored([("b1", more) for more in said]) == kinds


def test_what_is_said_again_answers_with_what_is_stored():
    line, _ = made()

    async def main():
        return await line.record("new", "b1"), await line.record("new", "b1")

    first, second = wait(main())
    assert first == second

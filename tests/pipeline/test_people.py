"""What a person may do with their profile, in Python: edit, link, take away, bring, delete."""

from dataclasses import replace

import pytest
from examples import make_event, make_item, wait
from line import make_line

from recagent import prompts
from recagent.domain import Edits, Forgotten, User
from recagent.errors import ConfigError, DataError
from recagent.llm.response_cache import SqliteReplyCache
from recagent.pipeline import Options, Pipeline
from recagent.profiles.export import ProfileExport, merged_edits, read_profile_export
from recagent.ranking import ModelRanker
from recagent.testing import ScriptedModel

SEA = [make_item(f"s{n}", f"Sea tale {n}", topics=("Sea",)) for n in range(6)]
ITEMS = [
    *SEA,
    *(make_item(f"r{n}", f"Recipe {n}", topics=("Food",)) for n in range(30)),
    make_item("f1", "Ocean film", scene="films", topics=("Sea",)),
]
LIKED = [make_event("ann", f"s{n}", days=n) for n in range(4)]
ANN = User(
    id="ann", attributes={"age": 30, "owns": ("s1", "boat"), "best": "s2"}, tags=("Boats", "s3"),
    about="New here.",
)  # fmt: skip


async def opened(events=LIKED, *, users=(ANN,), model=None):
    line, parts = await make_line(ITEMS, events, users=users, model=model)
    return line, parts


def test_a_passport_tells_tags_and_declarations_and_neither_items_nor_the_person():
    async def main():
        line, _ = await opened()
        await line.people.edit("ann", Edits(tags={"Food": 0.0, "Hills": 0.5}))
        return await line.people.passport("ann"), await line.people.passport("ann", with_id=True)

    passport, named = wait(main())
    assert passport.attributes == {"age": 30, "owns": ("boat",)}
    assert passport.about == "New here."
    assert {tag: passport.tags[tag] for tag in ("Boats", "Hills", "Food")} == {
        "Boats": 1.0, "Hills": 0.5, "Food": 0.0,
    }  # fmt: skip
    assert 0 < passport.tags["Sea"] < 1
    assert passport.scenes == {"books": {"Sea": passport.tags["Sea"]}}
    text = passport.model_dump_json()
    assert "ann" not in text
    assert not any(f'"{item.id}"' in text for item in ITEMS)
    assert (passport.user, named.user) == (None, "ann")


def test_a_passport_comes_in_elsewhere_as_the_persons_own_word():
    async def main():
        line, _ = await opened()
        await line.people.edit("ann", Edits(tags={"Food": 0.0}))
        text = (await line.people.passport("ann")).model_dump_json().encode()
        other, _ = await opened([], users=[User(id="ana", about="Old.", tags=("Hills", "food"))])
        before = await other.recommend("ana", scene="books")
        profile = await other.people.admit("ana", read_profile_export(text, name="p.json"))
        return before, profile, await other.recommend("ana", scene="books", k=3)

    before, profile, slate = wait(main())
    assert profile.user.about == "New here."
    assert profile.user.attributes == {"age": 30, "owns": ("boat",)}
    assert [*profile.tags][:2] == ["Hills", "Boats"]
    assert "Sea" in profile.tags
    assert "food" not in profile.tags
    assert slate.trace.known == "declared only"
    found = sum(entry.item.id.startswith("s") for entry in slate.entries)
    assert found > sum(entry.item.id.startswith("s") for entry in before.entries[:3])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"[]", "the whole"),
        (b'{"version": 2}', "version: Input should be 1"),
        (b'{"version": 1, "tags": {"sea": 1.5}}', "tags.sea: "),
        (b'{"version": 1, "tags": {"sea": NaN}}', "tags.sea: "),
        (b'{"version": 1, "tags": {" ": 1}}', "tags"),
        (b'{"version": 1, "items": []}', "items: Extra"),
        (b'{"version": 1', "the whole: Invalid JSON"),
    ],
)
def test_what_is_no_passport_is_refused_with_its_place(text, says):
    with pytest.raises(DataError, match=r"'p.json' is not a version 1 taste passport") as refused:
        read_profile_export(text, name="p.json")
    assert says in str(refused.value)


def test_a_passport_reads_back_what_was_written():
    whole = ProfileExport(
        user="ann", attributes={"a": True, "n": 3, "x": 1.5, "s": "3", "l": ("a", "b")},
        about="Hi 🙂", tags={"海": 0.125}, scenes={"books": {"海": 0.5}},
    )  # fmt: skip
    assert read_profile_export(whole.model_dump_json().encode(), name="p") == whole


def test_newer_edits_go_over_older_ones():
    before = Edits(tags={"Sea": 0.5, "Hills": 1.0}, attributes={"age": 30}, about="Old.")
    new = Edits(tags={"sea": 0.0}, attributes={"age": None, "city": "Rome"})
    assert merged_edits(before, new) == Edits(
        tags={"Hills": 1.0, "sea": 0.0}, attributes={"age": None, "city": "Rome"}, about="Old."
    )


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        (Edits(tags={" ": 1.0}), "a tag needs a name"),
        (Edits(tags={"sea": 1.1}), "weight 1.1 of tag 'sea'"),
        (Edits(tags={"sea": float("nan")}), "weight nan of tag 'sea'"),
        (Edits(attributes={"": 1}), "an attribute needs a name"),
    ],
)
def test_edits_that_mean_nothing_are_refused(edits, says):
    async def main():
        line, _ = await opened()
        await line.people.edit("ann", edits)

    with pytest.raises(DataError, match=says):
        wait(main())


def test_a_profile_without_a_person_cannot_be_edited():
    async def main():
        line, _ = await opened()
        await line.people.edit("", Edits())

    with pytest.raises(DataError, match="a profile needs a user id"):
        wait(main())


def test_edits_can_be_taken_back():
    async def main():
        line, _ = await opened()
        await line.people.edit("ann", Edits(about="Mine.", tags={"Sea": 0.0}))
        return await line.people.undo("ann")

    profile = wait(main())
    assert profile.user.about == "New here."
    assert len(profile.liked) == 4


def test_linked_ids_get_the_same_slates():
    async def main():
        line, _ = await opened([*LIKED, make_event("web", "f1", scene="films", days=9)])
        assert await line.people.link("ann", other="web") == ("ann", "web")
        return [await line.recommend(name, scene="books") for name in ("ann", "web")]

    first, second = wait(main())
    assert [entry.item.id for entry in first.entries] == [e.item.id for e in second.entries]
    assert not {e.item.id for e in second.entries} & {event.item_id for event in LIKED}
    assert (first.trace.known, second.trace.known) == ("warm", "warm")


def test_a_forgotten_person_is_one_that_nobody_knows():
    async def main():
        line, parts = await opened([*LIKED, make_event("bob", "s1")])
        slate = await line.recommend("ann")
        gone = await line.people.forget("ann")
        assert await parts.store.impression(slate.trace.id) is None
        return gone, await line.profile("ann"), await line.profile("bob")

    gone, profile, bob = wait(main())
    assert gone == Forgotten(ids=("ann",), events=4, impressions=1)
    assert (profile.events, profile.tags, profile.user) == ((), {}, User(id="ann"))
    assert len(bob.events) == 1


def test_replies_that_may_tell_of_the_person_are_forgotten_with_them(tmp_path):
    async def main():
        _, parts = await make_line(ITEMS, LIKED)
        replies = SqliteReplyCache(tmp_path / "replies.db")
        replies.put("key", b"{}", kind="chat", tokens=1, seconds=0.1)
        await Pipeline(replace(parts, replies=replies)).people.forget("ann")
        kept = replies.get("key")
        replies.close()
        return kept

    assert wait(main()) is None


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_texts_that_models_wrote_on_a_person_leave_memory_with_them(lang):
    model = ScriptedModel(reply='{"preference": "Tales of the sea."}')
    prompt = prompts.load("rerank", "label_preference", lang=lang)

    async def main():
        _, parts = await opened(model=model)
        ranker = ModelRanker(model, prompt=prompt, preferences=parts.preferences)
        lines = [
            Pipeline(replace(parts, ranker=ranker), Options(lang=each)) for each in ("en", "zh")
        ]
        await lines[0].recommend("ann")  # a server has a line for each language
        assert "Tales of the sea." in repr(vars(parts.preferences))
        await lines[1].people.forget("ann")
        return repr(vars(parts.preferences)), repr(vars(ranker._preferences))

    for held in wait(main()):
        assert "sea" not in held


def test_a_preference_is_asked_for_once_per_scene_until_events_change_it():
    model = ScriptedModel(reply='{"preference": "Tales of the sea."}')

    async def main():
        line, parts = await opened(model=model)
        assert list(await line.people.notes("ann")) == []
        asked = [await line.people.take_notes("ann")]
        calls = [len(model.seen)]
        asked.append(await line.people.take_notes("ann"))
        calls.append(len(model.seen))
        await line.record("ann", "f1")
        held = await line.people.notes("ann")
        asked.append(await line.people.take_notes("ann"))
        calls.append(len(model.seen))
        await line.record("ann", "s5")
        return asked, calls, held, await line.people.notes("ann"), await parts.store.notes("ann")

    asked, calls, held, stale, stored = wait(main())
    assert [[note.scene for note in notes] for notes in asked] == [
        ["books"], ["books"], ["books", "films"],
    ]  # fmt: skip
    assert asked[0][0].text == "Tales of the sea."
    assert asked[0][0].model == "scripted"
    assert calls == [1, 1, 2]
    assert [note.scene for note in held] == ["books"]
    assert [note.scene for note in stale] == ["films"]  # the books have changed
    assert [note.scene for note in stored] == ["books", "films"]


def test_without_a_model_there_is_nobody_to_tell_a_preference():
    async def main():
        line, _ = await opened()
        assert list(await line.people.notes("ann")) == []
        await line.people.take_notes("ann")

    with pytest.raises(ConfigError, match=r"set \[model\]"):
        wait(main())

"""The cold-start ladder on the bundled data: each rung answers, and the trace names it."""

import os
from collections.abc import Iterator

import pytest

from recagent import demo
from recagent.api import Recommender
from recagent.domain import Context, Edits, Slate

Environment = dict[str, str]


@pytest.fixture
def recommender(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path_factory
) -> Iterator[Recommender]:
    """The demo without a model, with a store of its own beside the demo's index."""
    for name in [name for name in os.environ if name.startswith(("RECAGENT_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", environment["XDG_CACHE_HOME"])
    settings = demo.settings(model={"kind": "none"})
    copy = tmp_path_factory.mktemp("store") / "store.db"
    copy.write_bytes((settings.data_dir / "store.db").read_bytes())
    settings = settings.model_copy(update={"store_url": f"sqlite:///{copy}"})
    with Recommender.from_settings(settings) as opened:
        yield opened


def ids(slate: Slate) -> list[str]:
    return [entry.item.id for entry in slate.entries]


def test_every_rung_answers_on_real_people_and_is_named(recommender: Recommender) -> None:
    warm = recommender.recommend(demo.PERSON, scene=demo.WARM_SCENE)
    new = recommender.recommend(demo.PERSON, scene=demo.NEW_SCENE)
    nobody = recommender.recommend("nobody", scene=demo.NEW_SCENE)
    wished = recommender.recommend(
        "nobody", scene=demo.NEW_SCENE, context=Context(wish="vampires and zombies")
    )
    recommender.edit_profile("told", Edits(tags={"Sci-Fi": 1.0}, about="Aliens and spaceships"))
    told = recommender.recommend("told", scene=demo.NEW_SCENE)
    slates = {"warm": warm, "new here": new, "unknown": nobody, "declared only": told}
    for known, slate in slates.items():
        assert slate.trace.known == known
        assert len(set(ids(slate))) == 5
        assert slate.trace.degraded is None
    assert wished.trace.known == "declared only"
    # Each rung uses what it has: the sources that found the candidates tell it.
    assert "transfer" in new.trace.sources
    assert not nobody.trace.sources.keys() - {"popularity"}
    assert {"text", "lexical"} <= told.trace.sources.keys()
    assert {"text", "lexical"} <= wished.trace.sources.keys()
    assert len({tuple(ids(slate)) for slate in (new, nobody, told, wished)}) == 4


def test_who_declares_something_gets_more_of_it_than_who_does_not(
    recommender: Recommender,
) -> None:
    def share(slate: Slate) -> int:
        return sum("Sci-Fi" in entry.item.attributes["genres"] for entry in slate.entries)

    before = recommender.recommend("told", scene=demo.NEW_SCENE, k=10)
    recommender.edit_profile("told", Edits(tags={"Sci-Fi": 1.0}))
    after = recommender.recommend("told", scene=demo.NEW_SCENE, k=10)
    assert share(after) > share(before)


def test_a_real_persons_tags_are_shown_blocked_and_linked(recommender: Recommender) -> None:
    profile = recommender.profile(demo.PERSON)
    assert profile.tags
    assert profile.scene_tags.keys() <= {event.scene for event in profile.events}
    first = next(iter(profile.tags))
    blocked = recommender.edit_profile(demo.PERSON, Edits(tags={first: 0.0}))
    assert first not in blocked.tags
    assert all(first not in blocked.items[key].attributes["genres"] for key in blocked.liked)
    assert len(blocked.liked) < len(profile.liked)
    assert recommender.link(demo.PERSON, other="phone") == (demo.PERSON, "phone")
    one, other = (recommender.recommend(name, scene="drama") for name in (demo.PERSON, "phone"))
    assert ids(one) == ids(other)
    passport = recommender.passport("phone")
    assert passport.tags[first] == 0.0
    gone = recommender.forget("phone")
    assert (gone.ids, gone.events) == ((demo.PERSON, "phone"), len(profile.events))
    assert recommender.recommend(demo.PERSON, scene="drama").trace.known == "unknown"

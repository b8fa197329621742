"""Which scene is meant: what is learned from events, when it is kept, and how the line says it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from command import CONFIG, Command
from examples import NOON, make_event, make_item, wait
from line import SCENES, make_line

from recagent.chat import Conversation
from recagent.chat.situation import Surroundings
from recagent.domain import Context, Event, Scene
from recagent.errors import ConfigError, DataError, ModelError
from recagent.pipeline import Options, Pipeline, artifacts
from recagent.scenes.classifier import Columns, scene_columns, scene_text, wish_cosines
from recagent.testing import HashEmbedder
from recagent.training.scene_classifier import (
    fit_classifier,
    make_moments,
    regression_of,
    scene_columns_of,
)

ITEMS = [make_item("b1"), make_item("b2"), make_item("f1", scene="films")]


def told(number, *, people=40, follow=True, seed=0):
    """Events of people who watch films on the TV and read elsewhere; or who follow no rule."""
    chance = np.random.default_rng(seed)
    events = []
    for place in range(number):
        device = ("tv", "phone")[int(chance.integers(2))]
        films = device == "tv" if follow else chance.random() < 0.5
        events.append(
            Event(
                user_id=f"p{chance.integers(people)}",
                item_id="f1" if films else "b1",
                scene="films" if films else "books",
                kind="view",
                at=NOON + timedelta(minutes=10 * place),
                device=device,
            )
        )
    return events


@pytest.fixture(scope="module")
def learned():
    return fit_classifier(told(3000), scenes=SCENES)


def likeliest(identifier, events=(), **context):
    at = {"at": NOON + timedelta(days=30)}
    found = identifier(events, Context(**{**at, **context}), scenes=SCENES, wish={})
    assert sum(found.values()) == pytest.approx(1)
    return max(found, key=lambda name: found[name])


def test_a_device_that_tells_the_scene_is_learned(learned):
    assert learned.identifier is not None
    assert learned.accuracy > 0.99
    assert 0.4 < learned.rule < 0.6
    assert learned.gain[1] > 0.3
    assert learned.moments == 600
    assert likeliest(learned.identifier, device="tv") == "films"
    assert likeliest(learned.identifier, device="phone") == "books"
    reader = [make_event("ann", "b1", days=day) for day in (3, 2, 1)]
    assert likeliest(learned.identifier, reader, device="tv") == "films"


def test_it_says_what_scikit_learn_says(learned):
    events = told(3000)
    columns = learned.identifier.columns
    found = make_moments(events, columns=columns)
    model = regression_of(found, ridge=float(learned.identifier.told["C"]))
    for place in (0, 1, 57, 2999):
        event = events[place]
        before = [e for e in events[:place] if e.user_id == event.user_id][::-1]
        context = Context(at=event.at, device=event.device)
        assert columns.row(before, context) == pytest.approx(found.rows[place], abs=1e-5)
        ours = learned.identifier(before, context, scenes=SCENES, wish={})
        said = model.predict_proba(found.rows[[place]])[0]
        assert [ours[name] for name in columns.scenes] == pytest.approx(said, abs=1e-4)


def test_more_than_two_scenes_have_the_probabilities_that_scikit_learn_gives():
    events = [
        replace(event, scene="music") if place % 5 == 0 else event
        for place, event in enumerate(told(4000))
    ]
    found = fit_classifier(events, scenes={*SCENES, "music"})
    identifier = found.identifier
    rows = make_moments(events, columns=identifier.columns)
    model = regression_of(rows, ridge=float(identifier.told["C"]))
    scores = rows.rows[:50] @ np.asarray(identifier.weights).T + identifier.intercepts
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    ours = odds / odds.sum(axis=1, keepdims=True)
    assert ours == pytest.approx(model.predict_proba(rows.rows[:50]), abs=1e-4)


def test_what_is_not_surely_better_than_the_rule_is_not_kept():
    found = fit_classifier(told(3000, follow=False), scenes=SCENES)
    assert found.identifier is None
    assert found.gain[1] <= 0


def test_too_few_events_or_one_scene_teach_nothing():
    assert fit_classifier(told(1000), scenes=SCENES) is None
    assert fit_classifier(told(3000), scenes=["films"]) is None
    assert fit_classifier([], scenes=SCENES) is None


def test_columns_tell_the_last_scenes_shares_and_ages():
    row = scene_columns(np.asarray([1, 0, 1]), np.asarray([1.0, 2.0, 40.0]), number=2)
    first, second, share, day, month, count, since = row[:14].reshape(7, 2)
    assert (first.tolist(), second.tolist()) == ([0, 1], [1, 0])
    assert share == pytest.approx([1 / 3, 2 / 3])
    assert day == pytest.approx([0.25 / 0.75, 0.5 / 0.75], abs=1e-4)
    assert month[1] > month[0]
    assert count == pytest.approx(np.log1p([1, 2]))
    assert since == pytest.approx(np.log1p([48, 24]))
    assert row[14:] == pytest.approx([np.log1p(3), np.log1p(24)])
    nobody = scene_columns(np.asarray([], dtype=int), np.asarray([]), number=2)
    assert np.isfinite(nobody).all()
    assert nobody[:12] == pytest.approx(0)


def test_hours_are_read_in_utc():
    columns = Columns(scenes=("a", "b"))
    far = datetime.fromisoformat("2024-05-01T20:00:00+08:00")
    same = datetime(2024, 5, 1, 12, tzinfo=UTC)
    assert columns.row([], Context(at=far)).tolist() == columns.row([], Context(at=same)).tolist()


def test_the_most_frequent_devices_have_columns():
    events = [
        replace(make_event("ann", "b1", days=n / 100), device=f"d{n % 30}" if n < 90 else "tv")
        for n in range(120)
    ]
    columns = scene_columns_of(events)
    assert len(columns.devices) == 20
    assert "tv" in columns.devices
    assert columns.places == ()


def line_with(learned, events=()):
    async def main():
        _, parts = await make_line(ITEMS, events)
        return Pipeline(replace(parts, identifier=learned.identifier), Options())

    return wait(main())


def test_without_a_scene_the_line_identifies_one_and_says_so(learned):
    line = line_with(learned, [make_event("ann", "b1")])
    slate = wait(line.recommend("ann", context=Context(at=NOON, device="tv")))
    assert (slate.scene.name, slate.trace.scene_from) == ("films", "identified")
    assert slate.trace.scene_probability["films"] > 0.9
    assert sum(slate.trace.scene_probability.values()) == pytest.approx(1)
    given = wait(line.recommend("ann", scene="books", context=Context(device="tv")))
    assert (given.trace.scene_from, given.trace.scene_probability) == ("given", {})


def test_a_time_without_a_zone_is_refused(learned):
    with pytest.raises(DataError, match="has no time zone"):
        wait(line_with(learned).recommend("ann", context=Context(at=datetime(2024, 5, 1, 12))))


def test_scenes_that_it_does_not_know_are_left_to_the_rule(learned):
    async def main():
        _, parts = await make_line([make_item("m1", scene="music")])
        return await Pipeline(replace(parts, identifier=learned.identifier), Options()).recommend(
            "ann"
        )

    slate = wait(main())
    assert (slate.scene.name, slate.trace.scene_from) == ("music", "most active scene")


def test_a_wish_speaks_for_the_scene_whose_words_are_near(learned):
    odd = "a film about films, films"
    line = line_with(learned)
    plain = wait(line.recommend("ann", context=Context(at=NOON)))
    wished = wait(line.recommend("ann", context=Context(at=NOON, wish=odd)))
    assert wished.trace.scene_probability["films"] > plain.trace.scene_probability["films"]


def test_a_wish_that_cannot_be_embedded_is_left_out_and_said(learned):
    class Broken(HashEmbedder):
        async def embed(self, texts, *, role="passage"):
            if role == "passage":
                raise ModelError("no embedder today")
            return await super().embed(texts, role=role)

    async def main():
        _, parts = await make_line(ITEMS, embedder=Broken())
        line = Pipeline(replace(parts, identifier=learned.identifier), Options())
        return await line.recommend("ann", context=Context(wish="films"))

    slate = wait(main())
    assert slate.trace.scene_from == "identified"
    assert "scene identified without the wish: no embedder today" in slate.trace.degraded


def test_cosines_are_told_beside_their_mean():
    words = np.asarray([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    found = wish_cosines(words[0], words, scenes=["a", "b"])
    assert found == {"a": pytest.approx(0.5), "b": pytest.approx(-0.5)}


def test_it_is_saved_as_plain_numbers_and_loaded_again(learned, tmp_path):
    assert artifacts.load_identifier(tmp_path) is None
    artifacts.save_identifier(tmp_path, learned.identifier)
    loaded = artifacts.load_identifier(tmp_path)
    assert loaded == learned.identifier
    assert (tmp_path / artifacts.SCENES).read_bytes().startswith(b"{")
    artifacts.save_identifier(tmp_path, None)
    assert artifacts.load_identifier(tmp_path) is None


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / artifacts.SCENES).write_text('{"name": 1}')
    with pytest.raises(ConfigError, match=r"scenes.json.*run 'recagent fit' again"):
        artifacts.load_identifier(tmp_path)


def test_scenes_without_labels_have_their_name_as_words():
    assert scene_text(Scene(name="late_night")) == "late night"
    assert scene_text(Scene(name="cafe", description="Places to eat.")) == "cafe Places to eat."
    assert scene_text(SCENES["films"]) == "films Films 电影"


@pytest.mark.slow
def test_fit_learns_the_scene_and_recommend_says_that_it_was_identified(
    tmp_path, recagent: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "none")
    chance = np.random.default_rng(1)
    rows = [
        f"{event.user_id},{event.item_id[0]}{chance.integers(40)},{event.scene},like,"
        f"{event.at.isoformat()},{event.device}"
        for event in told(2600)
    ]
    header = "user_id,item_id,scene,kind,timestamp,device"
    (tmp_path / "events.csv").write_text("\n".join([header, *rows, ""]))
    items = [
        f"{letter}{number},{scene},Title {letter}{number}"
        for letter, scene in (("b", "books"), ("f", "films"))
        for number in range(40)
    ]
    (tmp_path / "items.csv").write_text("\n".join(["item_id,scene,title", *items, ""]))
    (tmp_path / "recagent.toml").write_text(CONFIG + '[scenes.films.labels]\nen = "Films"\n')
    assert recagent("index").returncode == 0
    before = json.loads(recagent("recommend", "p1", "--device", "tv", "--json").stdout)
    assert before["trace"]["scene_from"] in ("last event", "most active scene")
    done = recagent("fit", "--json")
    assert done.returncode == 0, done.stderr
    told_of = json.loads(done.stdout)
    assert told_of["scene_identified"] is True
    assert told_of["scene_moments"] == 520
    assert told_of["scene_accuracy"] > 0.99 > told_of["scene_accuracy_rule"]
    for device, scene in (("tv", "films"), ("phone", "books")):
        slate = json.loads(recagent("recommend", "p1", "--device", device, "--json").stdout)
        assert (slate["scene"], slate["trace"]["scene_from"]) == (scene, "identified")
    assert "identified from context and events" in recagent("recommend", "p1").stdout
    well = recagent("doctor").stdout
    assert "sources; the model is asked in 0 of 2 scenes; tells the scene of who names none" in well
    (tmp_path / ".recagent" / "scenes.json").write_text("{}")
    assert "FAIL  learned" in recagent("doctor").stdout
    broken = recagent("recommend", "p1", "--lang", "zh")
    assert broken.returncode == 1
    assert "无法读取场景识别模型" in broken.stderr


def test_a_conversation_is_in_the_scene_that_a_list_would_be_in(learned):
    line = line_with(learned, [make_event("ann", "b1")])
    situation = wait(Surroundings(line).of(Conversation(user_id="ann")))
    slate = wait(line.recommend("ann"))
    assert slate.trace.scene_from == "identified"
    assert situation.scene.name == slate.scene.name
    assert wait(line.scene("ann", scene="books")).name == "books"

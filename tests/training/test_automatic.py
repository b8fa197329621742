"""Learning without a command: what ``index`` learns and says, and what ``serve`` learns again."""

import random
import re
from datetime import UTC, datetime, timedelta

import anyio
import numpy as np
import pytest
from command import CONFIG, EVENTS, ITEMS, Command
from examples import make_head, wait
from sequences import weights
from taste_shop import write_shop

from recagent import bootstrap, templates
from recagent.api import AsyncRecommender, Recommender
from recagent.config.settings import Settings, load
from recagent.domain import Event
from recagent.pipeline import Pipeline, artifacts
from recagent.ranking import Gate
from recagent.ranking.prior import prior
from recagent.server.learning import BackgroundLearning
from recagent.training.apart import learn_apart
from recagent.training.automatic import is_due, learn


@pytest.fixture
def learning(recagent: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line with learning as it is by default."""
    monkeypatch.delenv("RECAGENT_LEARN__AUTOMATIC")
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "none")
    return recagent


def quiet(*_: object) -> None:
    """No progress."""


def test_index_learns_and_says_what_it_gains_on_people_it_did_not_learn_from(
    tmp_path, learning: Command
):
    write_shop(tmp_path)
    done = learning("index")
    assert done.returncode == 0, done.stderr
    (line,) = [each for each in done.stdout.splitlines() if each.startswith("learned from")]
    assert re.fullmatch(
        r"learned from \d+ past choices of 120 people; for people it did not learn from nDCG@10 is "
        r"[01]\.\d{3}: \+0\.\d{3} \[\+0\.\d{3}, \+0\.\d{3}\] over popularity \([01]\.\d{3}\), "
        r"[+-]0\.\d{3} \[[+-]0\.\d{3}, [+-]0\.\d{3}\] over the best single source "
        r"\(\w+, [01]\.\d{3}\)",
        line,
    ), line
    head = artifacts.load(tmp_path / "data", sources=bootstrap.SOURCES)
    assert head is not None
    assert head.events == 120 * 9
    assert head.gates == {}  # no model was asked, and none is silenced
    assert f'"head": "{head.name}"' in learning("recommend", "p1", "--json").stdout
    assert "learned" not in learning("index").stdout  # there is nothing new


def test_too_few_events_say_so_and_the_packages_weights_rank(tmp_path, learning: Command):
    (tmp_path / "items.csv").write_text(ITEMS)
    (tmp_path / "events.csv").write_text(EVENTS)
    (tmp_path / "recagent.toml").write_text(CONFIG)
    done = learning("index")
    assert done.returncode == 0
    assert "nothing learned from events: 0 past choices are too few" in done.stdout
    assert "lists follow the package's weights" in done.stdout
    assert not (tmp_path / ".recagent" / "head.json").exists()
    assert f'"head": "{prior().name}"' in learning("recommend", "ana", "--json").stdout
    assert "没有从行为中学到东西" in learning("index", "--lang", "zh").stdout


def test_the_small_shop_of_the_templates_keeps_taste_from_its_other_scene(
    tmp_path, learning: Command
):
    templates.copy("shop", to=tmp_path)
    done = learning("index")
    assert done.returncode == 0, done.stderr
    assert "learned from 59 past choices" in done.stdout
    head = artifacts.load(load(tmp_path).data_dir, sources=bootstrap.SOURCES)
    assert head is not None
    assert head.transfer is None  # 29 and 37 choices tell nothing of a pair
    assert head.unserved("new here") == "few cases"
    with Recommender.from_settings(load(tmp_path)) as recommender:
        slate = recommender.recommend("ana", scene="kitchen")
    assert slate.trace.head == prior().name  # as there are too few newcomers to test the head on
    refs = {ref for entry in slate.entries for piece in entry.evidence for ref in piece.refs}
    assert any(ref.startswith("bk-") for ref in refs), refs


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "what it is worth here was not measured"), ("zh", "尚未测量模型在此处的作用")],
)
def test_a_model_that_nobody_measured_is_not_said_to_bring_nothing(
    tmp_path, learning: Command, lang, said
):
    write_shop(tmp_path)
    assert learning("index").returncode == 0
    shown = learning("recommend", "p1", "--lang", lang).stdout
    assert said in "".join(shown.split()) if lang == "zh" else said in " ".join(shown.split())


def test_ratings_without_a_like_are_indexed_and_the_reason_is_said(tmp_path, learning: Command):
    (tmp_path / "items.csv").write_text(ITEMS)
    (tmp_path / "events.csv").write_text("user_id,item_id,value\nana,b1,1\nbob,b2,2\n")
    (tmp_path / "recagent.toml").write_text(CONFIG + "[ratings]\nlow = 1\nhigh = 10\n")
    done = learning("index")
    assert done.returncode == 0, done.stderr
    assert "nothing learned from events: there is nothing to learn from" in done.stdout


def test_weights_of_the_settings_stand_where_nothing_was_learned(tmp_path, learning: Command):
    (tmp_path / "items.csv").write_text(ITEMS)
    (tmp_path / "events.csv").write_text(EVENTS)
    chosen = "[retrieval]\nweights = { popularity = 3.0 }\n"
    (tmp_path / "recagent.toml").write_text(CONFIG + chosen)
    assert "lists follow the weights of [retrieval]" in learning("index").stdout
    assert '"head": ""' in learning("recommend", "ana", "--json").stdout


def test_a_setting_leaves_learning_to_the_command(tmp_path, learning: Command):
    write_shop(tmp_path)
    with (tmp_path / "recagent.toml").open("a") as file:
        file.write("[learn]\nautomatic = false\n")
    assert "learned" not in learning("index").stdout
    assert not (tmp_path / "data" / "head.json").exists()
    assert '"head": ""' in learning("recommend", "p1", "--json").stdout


@pytest.fixture
def shop_settings(tmp_path, recagent: Command, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a folder that is indexed and not learned from."""
    write_shop(tmp_path)
    assert recagent("index").returncode == 0
    monkeypatch.delenv("RECAGENT_LEARN__AUTOMATIC")
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "none")
    return load(tmp_path)


def test_what_was_measured_of_a_model_stays(shop_settings: Settings):
    measured = {
        "gates": {"shop": Gate(rule="always", cases=60, gain=0.1, low=0.05)},
        "model": "m", "engine": "http://m m", "prompts": {"shop": "p"},
        "language": {"shop": (1.0, 0.5)},
    }  # fmt: skip
    older = make_head(sources=(), shared=(), **measured)
    artifacts.save(shop_settings.data_dir, older, weights=None)
    learned = wait(learn(shop_settings, on_progress=quiet)).result
    assert learned is not None
    saved = artifacts.load(shop_settings.data_dir, sources=bootstrap.SOURCES)
    assert saved == learned.head
    assert saved.name != older.name
    assert {name: getattr(saved, name) for name in measured} == measured


def test_a_sequence_model_is_not_lost(shop_settings: Settings):
    head = make_head(sources=("sequence",), shared=(1.0, 0.0, 0.0, 0.0), name="long")
    artifacts.save(shop_settings.data_dir, head, weights=weights())
    learned = wait(learn(shop_settings, on_progress=quiet))
    assert "recagent fit --sequence" in str(learned.reason)
    assert artifacts.load(shop_settings.data_dir, sources=bootstrap.SOURCES) == head


@pytest.mark.slow
def test_where_the_last_days_tell_lists_without_a_command_are_level_with_them_or_above(
    tmp_path, recagent: Command, monkeypatch: pytest.MonkeyPatch
):
    # Before anything is learned, what is recent has no weight.
    chance, start = random.Random(0), datetime(2025, 1, 1, tzinfo=UTC)  # noqa: S311
    rows: list[str] = []
    for person in range(200):
        things: set[int] = set()
        for day in range(2 * person, 2 * person + 9):
            thing = chance.choice([at for at in range(day // 4, day // 4 + 12) if at not in things])
            things.add(thing)
            rows.append(f"p{person},i{thing},shop,like,{(start + timedelta(day)).isoformat()}\n")
    write_shop(tmp_path)
    (tmp_path / "events.csv").write_text("user_id,item_id,scene,kind,timestamp\n" + "".join(rows))
    items = "".join(f"i{at},shop,Thing {at}\n" for at in range(120))
    (tmp_path / "items.csv").write_text("item_id,scene,title\n" + items)
    assert recagent("index").returncode == 0
    monkeypatch.delenv("RECAGENT_LEARN__AUTOMATIC")
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "none")
    result = wait(learn(load(tmp_path), on_progress=quiet)).result
    assert result is not None
    assert result.head.unserved("known") == ""
    assert result.beside.over_popularity[1] > 0
    assert result.beside.over_best[2] >= 0  # not surely below the best single source


@pytest.mark.parametrize(
    ("events", "learned_from", "again", "due"),
    [
        (1_400, 1_000, 0.1, False),  # 500 at least
        (1_500, 1_000, 0.1, True),
        (10_900, 10_000, 0.1, False),
        (11_000, 10_000, 0.1, True),
        (900, 1_000, 0.1, False),  # somebody was forgotten
    ],
)
def test_when_there_is_enough_to_learn_again(events, learned_from, again, due):
    assert is_due(events, learned_from=learned_from, again=again) == due


def test_another_process_says_why_it_learned_nothing(shop_settings: Settings, tmp_path):
    async def emptied() -> str:
        store = bootstrap.event_store(shop_settings)
        await store.remove_events(await store.origins())
        await store.close()
        folder = tmp_path / "apart"
        folder.mkdir()
        return await learn_apart(shop_settings, folder)

    assert "0 past choices are too few" in wait(emptied())


@pytest.mark.slow
def test_a_server_learns_beside_its_requests_and_swaps_whole(shop_settings: Settings):
    """Every list is by the head before or by the one after, with all that belongs to it."""

    async def serve() -> tuple[list[tuple[str, tuple[str, ...]]], str, bool]:
        parts = bootstrap.parts(shop_settings)
        serving = [Pipeline(parts, bootstrap.options(shop_settings))]

        def swap(other):
            serving[0] = Pipeline(other, bootstrap.options(shop_settings))

        learning = BackgroundLearning(shop_settings, parts, swap=swap)
        lists, done = [], anyio.Event()

        async def ask():
            while not done.is_set():
                slate = await serving[0].recommend("p1", k=5)
                shown = tuple(entry.item.id for entry in slate.entries)
                lists.append((slate.trace.head, shown))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            changed = await learning.check()
            for _ in range(3):
                await anyio.sleep(0.05)
            done.set()
        again = await learning.check()  # nothing new
        name = serving[0].parts.head.name
        await serving[0].close()
        return lists, name, changed and not again

    lists, name, learned_once = wait(serve())
    assert learned_once
    heads = [head for head, _ in lists]
    assert set(heads) == {prior().name, name}
    assert heads == sorted(heads, key=lambda head: head == name)  # never back
    assert len(set(lists)) == 2  # one list by each: no list is half of both
    with Recommender.from_settings(shop_settings) as opened:
        slate = opened.recommend("p1", k=5)
    assert (slate.trace.head, tuple(entry.item.id for entry in slate.entries)) == lists[-1]
    assert not list(shop_settings.data_dir.glob("learning-*"))


def test_new_events_make_a_server_learn_again(shop_settings: Settings, monkeypatch):
    calls: list[int] = []

    async def apart(*_: object) -> str:
        calls.append(1)
        return "nothing"

    monkeypatch.setattr("recagent.server.learning.learn_apart", apart)

    async def serve() -> list[int]:
        async with AsyncRecommender.from_settings(shop_settings) as opened:
            learning = BackgroundLearning(shop_settings, opened.parts, swap=quiet)
            counts = []
            for new in (0, 0, 499, 1):
                store = opened.parts.store
                first = (await store.all_events().__anext__())[0]
                at = np.arange(new)
                await store.add_events(
                    Event(**{**event_fields(first), "user_id": f"new {new} {number}"})
                    for number in at
                )
                await learning.check()
                counts.append(len(calls))
            return counts

    assert wait(serve()) == [1, 1, 1, 2]


def event_fields(event: Event) -> dict[str, object]:
    """The fields of an event by name."""
    return {name: getattr(event, name) for name in ("item_id", "scene", "kind", "value", "at")}


def test_the_prior_reads_sources_that_need_no_fit_and_ranks_whoever_likes_something():
    head = prior()
    assert set(head.sources) < set(bootstrap.SOURCES)
    assert "factors" not in head.sources
    assert "sequence" not in head.sources
    assert len(head.shared) == len(head.few_shared) == 4 * len(head.sources)
    assert {group for group in head.tested if not head.unserved(group)} == {
        "known", "new here", "few likes"}  # fmt: skip
    assert "films" in head.told["choices"]

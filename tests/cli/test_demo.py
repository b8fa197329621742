"""The bundled demo end to end: real data, a real Chroma, the embedded model, no network."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recagent import demo
from recagent.api import Recommender
from recagent.cli import demo as command
from recagent.cli.progress import prepared_demo
from recagent.domain import Context, Mode, Slate
from recagent.errors import DataError

pytestmark = [pytest.mark.engine, pytest.mark.allow_hosts(["127.0.0.1"])]

Environment = dict[str, str]


@pytest.fixture(autouse=True)
def cache(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("RECAGENT_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", environment["XDG_CACHE_HOME"])


@pytest.fixture
def recommender(tmp_path: Path) -> Iterator[Recommender]:
    data = tmp_path / "demo"  # a copy, for tests that store events
    shutil.copytree(demo.settings().data_dir, data)
    small = demo.settings(rank={"pool": 8, "language_weight": 0.1})  # the pool: for speed
    settings = small.model_copy(update={"data_dir": data})
    with Recommender.from_settings(settings) as opened:
        yield opened


def run(*arguments: str, environment: Environment, prefix: tuple[str, ...] = ()) -> str:
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "recagent", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_demo_shows_likes_and_two_slates_with_reasons(environment: Environment) -> None:
    shown = run("demo", environment=environment)
    assert "u0102 rated 33 films in 7 scenes" in shown
    assert "Science-fiction & fantasy films" in shown
    assert "Horror films (new in this scene)" in shown
    assert shown.count("no model asked · asked only after a fit") == 2
    assert "people who liked" in shown
    assert "DEGRADED" not in shown


def test_the_cross_demo_shows_what_taste_from_elsewhere_changes(environment: Environment) -> None:
    shown = run("demo", "--cross", environment=environment)
    alone, carried = shown.split("With transfer: ")
    assert "Without transfer: u0102 is new in Comedy films" in alone
    assert "nothing known: popular and varied" in alone
    assert "people here liked it" in alone
    assert "you gave" in carried
    assert "reasons name what was liked in: " in carried
    assert "2 of 5 are other films" in carried


def test_the_cross_demo_is_of_people_who_are_new() -> None:
    for user, scene, says in [
        (None, demo.WARM_SCENE, "'u0102' is not new in scene 'scifi_fantasy'"),
        ("bob", None, "'bob' is not in the demo data"),
        (None, "cars", "unknown scene 'cars'"),
    ]:
        with pytest.raises(DataError, match=says):
            command.demo(user=user, scene=scene, k=1, cross=True)


def test_the_chinese_face_speaks_chinese(environment: Environment) -> None:
    shown = run("demo", "--lang", "zh", environment=environment)
    assert "恐怖片" in shown
    assert "也喜欢它" in shown
    assert shown.count("未调用模型 · 学习（fit）之后才调用") == 2
    assert "people who" not in shown


@pytest.fixture(scope="module")
def offline(environment: Environment) -> tuple[dict[str, Any], bool]:
    """What `demo --json` printed, and whether the network was cut: only loopback was there.

    The engine's tokeniser listens on loopback.
    """
    cut = (
        "unshare",
        "--map-root-user",
        "--net",
        "sh",
        "-c",
        'ip link set lo up && exec "$@"',
        "sh",
    )
    can = bool(shutil.which("unshare") and shutil.which("ip")) and not (
        subprocess.run([*cut, "true"], capture_output=True, check=False).returncode
    )
    # The model is given a weight, so that it is asked; and asked it is, not remembered.
    own = {"RECAGENT_RANK__LANGUAGE_WEIGHT": "0.1", "RECAGENT_MODEL__KEEP_HOURS": "0"}
    environment = {**environment, **own}
    shown = run("demo", "--json", environment=environment, prefix=cut if can else ())
    return json.loads(shown), can


def test_the_demo_needs_no_network(offline: tuple[dict[str, Any], bool]) -> None:
    shown, was_cut = offline
    if not was_cut:
        pytest.skip("NETWORK NOT CUT: this machine gives no network namespace (unshare, ip)")
    assert shown["trace"]["degraded"] is None
    assert len(shown["slate"]) == 5


def test_the_demo_as_json_is_one_object(offline: tuple[dict[str, Any], bool]) -> None:
    shown, _ = offline
    assert shown.keys() == {
        "person", "scene", "slate", "sentence", "notice", "empty", "wish_note", "trace",
    }  # fmt: skip
    assert (shown["person"], shown["scene"]) == (demo.PERSON, demo.NEW_SCENE)
    assert [entry["rank"] for entry in shown["slate"]] == [1, 2, 3, 4, 5]
    for entry in shown["slate"]:
        assert entry.keys() >= {"rank", "item_id", "title", "probability", "reasons"}
        assert 0 < entry["probability"] < 1
        assert all(reason["text"] and reason["evidence"] for reason in entry["reasons"])
    trace = shown["trace"]
    assert trace["model"].startswith("SmolLM2-135M-Instruct.Q4_1+films#")
    assert trace["degraded"] is None
    assert trace["cold"] == "scene"
    assert trace["tokens"] > 0
    assert trace["seconds"] > 0
    assert sum(trace["language_probability"].values()) == pytest.approx(1)


@pytest.mark.parametrize("mode", ["label", "listwise"])
def test_the_other_modes_rank_with_at_most_300_tokens_of_prompt(mode: Mode) -> None:
    settings = demo.settings(model={"mode": mode}, rank={"language_weight": 0.1})
    with Recommender.from_settings(settings) as recommender:
        slate = recommender.recommend(demo.PERSON, scene=demo.NEW_SCENE)
    assert (slate.trace.mode, slate.trace.degraded, slate.trace.pool) == (mode, None, 20)
    assert len({entry.item.id for entry in slate.entries}) == 5
    assert slate.trace.usage.prompt <= 300


@pytest.mark.parametrize("mode", ["auto", "label"])
def test_a_server_process_gives_the_slate_that_the_engine_in_this_process_gives(
    mode: str, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slate() -> Slate:
        # The server has no adapter. It is told as little as the engine is, and asked for no titles.
        own = {"mode": mode, "adapter": "none", "prompt_tokens": 0}
        settings = demo.settings(
            model=own,
            rank={"language_weight": 0.5, "pool": 12},
            retrieval={"proposals": "off"},
        )
        with Recommender.from_settings(settings) as recommender:
            return recommender.recommend(demo.PERSON, scene=demo.NEW_SCENE, k=12)

    inside = slate()
    monkeypatch.setenv("OPENAI_BASE_URL", server)
    outside = slate()
    assert outside.trace.degraded is None
    assert outside.trace.model != inside.trace.model
    assert outside.trace.mode == inside.trace.mode
    assert outside.trace.language_probability == pytest.approx(
        inside.trace.language_probability, rel=0.05
    )
    assert [e.item.id for e in outside.entries] == [e.item.id for e in inside.entries]


def test_what_is_recorded_changes_the_next_slate(recommender: Recommender) -> None:
    before = recommender.recommend(demo.PERSON, scene="horror", k=3)
    first = before.entries[0].item
    recommender.record(demo.PERSON, first.id, kind="rating", value=9)
    after = recommender.recommend(demo.PERSON, scene="horror", k=3)
    assert first.id not in [entry.item.id for entry in after.entries]
    assert before.trace.cold == "scene"
    assert after.trace.cold is None
    assert recommender.profile(demo.PERSON).events[0].item_id == first.id


def test_feedback_is_joined_to_the_slate_that_it_answers(recommender: Recommender) -> None:
    slate = recommender.recommend("u0200", scene="horror", k=2)
    event = recommender.record(
        "u0200", slate.entries[0].item.id, kind="like", impression=slate.trace.id
    )
    shown = recommender.impression(event.impression)
    assert shown is not None
    assert shown.item_ids == tuple(entry.item.id for entry in slate.entries)
    assert json.loads(shown.trace)["prompt"] == slate.trace.prompt


def test_an_event_without_a_value_does_not_break_the_demo_and_reset_forgets_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "none")
    with Recommender.from_settings(demo.settings()) as opened:
        opened.record(demo.PERSON, "0790628", kind="like")
    command.demo(k=1)
    assert "The Incredible Burt Wonderstone" in capsys.readouterr().out
    prepared_demo(reset=True)
    with Recommender.from_settings(demo.settings()) as opened:
        assert len(opened.profile(demo.PERSON).events) == 33


def test_a_run_past_its_deadline_degrades_and_ends_well(environment: Environment) -> None:
    own = {"RECAGENT_RANK__DEADLINE": "0.3", "RECAGENT_RANK__LANGUAGE_WEIGHT": "0.1"}
    hurried = {**environment, **own}
    done = json.loads(
        run("recommend", demo.PERSON, "--demo", "--scene", "horror", "--json", environment=hurried)
    )
    assert "the deadline of 0.3 s has passed" in done["trace"]["degraded"]
    assert len(done["slate"]) == 5


def test_an_unknown_scene_or_person_of_the_demo_is_named() -> None:
    for user, scene, says in [
        (None, "cars", "unknown scene 'cars'"),
        ("bob", None, "'bob' is not"),
    ]:
        with pytest.raises(DataError, match=says):
            command.demo(user=user, scene=scene, k=1, json=True)


def test_a_person_nobody_knows_gets_a_popular_slate_marked_cold(recommender: Recommender) -> None:
    slate = recommender.recommend("nobody", scene="horror")
    assert slate.trace.cold == "fully"
    assert slate.trace.model is None
    assert slate.trace.degraded is None
    kinds = {piece.kind for entry in slate.entries for piece in entry.evidence}
    assert kinds == {"popularity"}


def test_a_wish_moves_the_slate_and_is_named_as_a_reason(recommender: Recommender) -> None:
    context = Context(wish="a comedy")
    plain = recommender.recommend(demo.PERSON, scene="horror")
    wished = recommender.recommend(demo.PERSON, scene="horror", context=context)
    assert [e.item.id for e in plain.entries] != [e.item.id for e in wished.entries]
    kinds = [piece.kind for entry in wished.entries for piece in entry.evidence]
    assert "wish" in kinds


def test_phrased_reasons_say_nothing_that_the_plain_ones_do_not(recommender: Recommender) -> None:
    slate = recommender.recommend(demo.PERSON, scene="horror", k=3)
    for entry in slate.entries:
        plain = recommender.explain(demo.PERSON, entry.item.id)
        phrased = recommender.explain(demo.PERSON, entry.item.id, phrase=True)
        assert phrased.evidence == plain.evidence
        said = {key for claim in phrased.claims for key in claim.evidence}
        assert said == {piece.id for piece in plain.evidence}


@pytest.mark.slow
def test_demo_commands_work_while_another_process_has_the_demo_open(
    environment: Environment,
) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "recagent", *arguments, "--demo"]
        return subprocess.run(
            command, env=quiet, capture_output=True, text=True, timeout=120, check=False
        )

    quiet = {**environment, "RECAGENT_MODEL__KIND": "none"}
    holds = (
        "from recagent.cli.progress import prepared_demo; from recagent.api import Recommender\n"
        "with Recommender.from_settings(prepared_demo()) as opened:\n"
        "    opened.recommend('u0102', scene='horror'); print('open', flush=True); input()\n"
    )
    script = [sys.executable, "-c", holds]
    with subprocess.Popen(
        script, env=quiet, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "open\n"
        slate = run("recommend", "u0102", "--scene", "horror", "--json")
        assert slate.returncode == 0, slate.stderr
        assert len(json.loads(slate.stdout)["slate"]) == 5
        # What writes to the data folder must not work on a copy: its result would be lost.
        fit = run("fit")
        assert fit.returncode == 1
        assert f"in use by process {owner.pid}" in fit.stderr.replace("\n", " ")
        owner.communicate("\n", timeout=60)


@pytest.mark.parametrize(
    ("lang", "title", "first"),
    [
        ("en", "What a large model makes of u0102 (recorded replies", "Zombieland (2009)"),
        ("zh", "大模型对 u0102 的推荐（回答为预先录制", "Shaun of the Dead (2004)"),
    ],
)
def test_recorded_replies_of_a_large_model_fit_the_prompts_of_the_demo(
    environment: Environment, lang: str, title: str, first: str
) -> None:
    """If a prompt of the package changes, its recording has to be made anew."""
    shown = run("demo", "--lang", lang, environment=environment)
    shown = shown[shown.index(title) :]
    assert "OPENAI_BASE_URL=" in shown
    _, wished = shown.split("zombies welcome" if lang == "en" else "有僵尸也可以", 1)
    assert first in wished.split("│ 2 │")[0]
    assert "DEGRADED" not in shown
    assert "已降级" not in shown


def test_where_events_were_added_nothing_recorded_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(demo.settings().data_dir, tmp_path / "demo")
    settings = demo.settings().model_copy(update={"data_dir": tmp_path / "demo"})
    with Recommender.from_settings(settings) as recommender:
        recommender.record(demo.PERSON, "0816711", kind="rating", value=9)
        profile = recommender.profile(demo.PERSON)
    command._show_recorded(settings, profile, 3)
    shown = capsys.readouterr().out
    assert "is recorded for the demo as it comes" in " ".join(shown.split())
    assert "recorded replies" not in shown

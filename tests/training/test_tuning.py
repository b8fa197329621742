"""Tuning without torch: the texts that are learned, and which adapter the embedded engine gets."""

import json
import random

import pytest
from command import Command
from examples import make_event, make_item

from recagent import bootstrap, demo, prompts
from recagent.config.service_sections import EngineSettings
from recagent.config.settings import Settings
from recagent.domain import RatingScale, Scene
from recagent.errors import ConfigError, DataError, PromptError
from recagent.llm import weights
from recagent.offline.data_set import Data
from recagent.pipeline import artifacts
from recagent.training.adapters.lora import LoraSettings
from recagent.training.adapters.model_card import model_card
from recagent.training.adapters.routes import Route, SceneSlice, parse_slice
from recagent.training.adapters.training_texts import TrainingText, batches, training_texts
from recagent.training.adapters.tune import TuneFigures
from recagent.training.adapters.tune_stored import tune_stored
from recagent.training.head_weights import fold_of

LIKED = [make_item(f"f{at}", f"Film {at}", year=1990 + at) for at in range(7)]
CHANCE = random.Random
PROMPT = prompts.load("rerank", "likelihood")


def letters(text):
    return [ord(letter) for letter in text]


def written(text):
    return "".join(map(chr, text.tokens))


def made(people, *, window=24, left_out=0.0, prompt=PROMPT):
    return list(
        training_texts(
            people,
            prompt=prompt,
            tokenize=letters,
            window=window,
            left_out=left_out,
            chance=CHANCE(0),
        )
    )


def test_a_text_is_what_the_prompt_says_and_what_is_then_asked():
    (text,) = made([LIKED])
    *before, last = LIKED
    asked = PROMPT.text(scene="", interests=(), wish="", liked=before)
    assert written(text) == f"{asked} {prompts.caption(last)}\n"


def test_captions_alone_are_learned_and_the_first_is_not():
    (text,) = made([LIKED[:3]])
    learned = "".join(chr(text.tokens[at]) for at in text.learned)
    assert learned == " Film 1 (1991)\n Film 2 (1992)\n"


def test_a_long_list_is_cut_into_windows_that_hold_everything_once():
    cut = made([LIKED], window=3)
    titles = [line for text in cut for line in written(text).splitlines() if "Film" in line]
    assert len(titles) == len(set(titles)) >= len(LIKED) - 1  # one alone teaches nothing
    assert all(written(text).count("Film") <= 3 for text in cut)


def test_what_is_left_out_differs_from_time_to_time():
    chance = CHANCE(1)

    def once():
        return [
            *training_texts(
                [LIKED],
                prompt=PROMPT,
                tokenize=letters,
                window=24,
                left_out=0.5,
                chance=chance,
            )
        ]

    assert once() != once()


def test_a_prompt_that_tells_only_the_newest_cannot_be_tuned_on():
    with pytest.raises(PromptError, match="likelihood_recent"):
        made([LIKED], prompt=prompts.load("rerank", "likelihood_recent"))


def test_batches_hold_every_text_once():
    chance = CHANCE(0)
    found = [TrainingText(tokens=tuple(range(length)), learned=(1,)) for length in range(2, 25)]
    parts = batches(found, size=4, chance=chance)
    assert sorted(len(text.tokens) for part in parts for text in part) == list(range(2, 25))
    assert max(map(len, parts)) == 4


def test_the_adapter_of_the_data_folder_comes_before_the_packages(tmp_path):
    settings, engine = Settings(data_dir=tmp_path), EngineSettings()
    assert bootstrap.adapter(settings, engine) != tmp_path / artifacts.ADAPTER
    (tmp_path / artifacts.ADAPTER).write_bytes(b"")
    assert bootstrap.adapter(settings, engine) == tmp_path / artifacts.ADAPTER
    off = engine.model_copy(update={"adapter": "none"})
    assert bootstrap.adapter(settings, off) is None


def test_the_adapter_that_was_tuned_on_films_is_for_the_demo_alone(tmp_path):
    engine = EngineSettings()
    films = demo.settings().model_copy(update={"data_dir": tmp_path})
    assert bootstrap.adapter(films, engine) == weights.ADAPTER
    shop = Settings(data_dir=tmp_path, catalog={"items": [{"path": tmp_path / "items.csv"}]})
    assert bootstrap.adapter(shop, engine) is None
    assert bootstrap.adapter(Settings(data_dir=tmp_path), engine) is None


def test_foreign_weights_and_endpoints_get_no_adapter(tmp_path):
    settings = Settings(data_dir=tmp_path)
    foreign = EngineSettings(path=tmp_path / "own.gguf")
    remote = EngineSettings(kind="endpoint", base_url="http://127.0.0.1:1/v1")
    assert bootstrap.adapter(settings, foreign) is None
    assert bootstrap.adapter(settings, remote) is None


def test_replies_of_another_adapter_are_not_kept_replies(tmp_path):
    settings, engine = Settings(data_dir=tmp_path), EngineSettings()
    without = bootstrap.identity(settings, engine, "m")
    (tmp_path / artifacts.ADAPTER).write_bytes(b"one")
    one = bootstrap.identity(settings, engine, "m")
    (tmp_path / artifacts.ADAPTER).write_bytes(b"other")
    assert len({without, one, bootstrap.identity(settings, engine, "m")}) == 3


def test_a_model_card_tells_what_the_adapter_is_worth():
    tuned = TuneFigures(
        people=100,
        likes=2000,
        asked=30,
        popularity=0.3,
        before=0.31,
        after=(0.33, 0.35),
        gain=(0.04, 0.01, 0.07),
        over_popularity=(0.05, -0.01, 0.11),
        settings=LoraSettings(),
        prompt="rerank/likelihood.v1",
    )
    page = model_card(tuned, base="small", data="films", candidates=20)
    assert "+0.040 [+0.010, +0.070]" in page
    assert "+0.050 [-0.010, +0.110]" in page
    assert "2,000 likes of 100 people" in page
    assert tuned.is_better


def test_tuning_without_its_libraries_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    from recagent.training.adapters.lora import Learner

    with pytest.raises(ConfigError, match=r"recagent\[tune\]"):
        Learner(tmp_path, LoraSettings())


def shop(people=130, items=40, length=9):
    """A shop where everybody likes either the even or the odd things, and nothing else."""
    chance = CHANCE(0)
    goods = [make_item(f"i{at}", f"Thing {at}", scene="shop") for at in range(items)]
    events = [
        make_event(f"p{person}", f"i{thing}", scene="shop", days=day + person / 1000)
        for person in range(people)
        for day, thing in enumerate(chance.sample(range(person % 2, items, 2), length))
    ]
    return Data(name="shop", scenes={"shop": Scene(name="shop")}, items=goods, users={},
                events=sorted(events, key=lambda event: event.at), scale=RatingScale(),
                fingerprint="")  # fmt: skip


class Stub:
    """Learns in its second epoch that odd things follow odd ones, and forgets it in the third."""

    heads = key_heads = 1

    def __init__(self, *_):
        self.read, self.epoch, self.steps = [], 0, 0
        self.saved_after = []

    def tokens(self, text):
        return tuple(letters(text))

    def step(self, batch, *, steps):
        self.read += [written(text) for text in batch]
        self.steps += 1
        self.epoch = -(-3 * self.steps // steps)
        return 1.0

    def likelihoods(self, prefix, texts):
        def number(line):
            return int(line.split()[-1])

        last = number(prefix.strip().removesuffix("-").strip().splitlines()[-1])
        knows = self.epoch == 2
        return tuple(float(knows and number(text) % 2 == last % 2) for text in texts)

    def save(self, folder):
        self.saved_after.append(self.epoch)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "adapter_model.safetensors").write_text(str(self.epoch))


def tuned(monkeypatch, folder, learner=Stub, data=None, route=None):
    monkeypatch.setattr("recagent.training.adapters.tune.Learner", learner)
    monkeypatch.setattr(
        "recagent.training.adapters.tune_stored.write_gguf",
        lambda *_, to, **__: to.write_text("gguf"),
    )
    weights = folder / "weights.gguf"
    weights.write_text("weights")
    settings = Settings(data_dir=folder / "data", model={"path": weights})
    kept = tune_stored(
        data or shop(),
        settings,
        base=None,
        lora=LoraSettings(batch=4),
        route=route or Route(),
        on_progress=lambda *_: None,
    )
    return settings, kept


def test_the_best_epoch_is_kept_where_it_is_surely_better(monkeypatch, tmp_path):
    settings, kept = tuned(monkeypatch, tmp_path)
    found = kept.tuned
    assert found.is_better
    assert found.after[1] > found.before + 0.1
    assert found.after[0] == found.after[2] == found.before
    assert kept.folder == tmp_path / "data" / "adapter"
    assert (kept.folder / "adapter_model.safetensors").read_text() == "2"
    assert "tuned, after each epoch" in (kept.folder / "README.md").read_text()
    assert (
        bootstrap.adapter(settings, settings.model)
        == kept.gguf
        == tmp_path / "data" / "adapter.gguf"
    )


def test_what_is_not_surely_better_leaves_nothing_and_changes_nothing(monkeypatch, tmp_path):
    class Dull(Stub):
        def likelihoods(self, _, texts):
            return (0.0,) * len(texts)

    before, _ = tuned(monkeypatch, tmp_path)
    settings, kept = tuned(monkeypatch, tmp_path, learner=Dull)
    assert not kept.tuned.is_better
    assert (kept.folder, kept.gguf) == (None, None)
    assert bootstrap.adapter(settings, settings.model) == bootstrap.adapter(before, before.model)
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [
        "adapter",
        "adapter.gguf",
    ]


def test_nobodys_last_choice_is_read_and_nothing_of_those_who_are_asked(monkeypatch, tmp_path):
    learners = []

    class Seen(Stub):
        def __init__(self, *told):
            super().__init__(*told)
            learners.append(self)

    data = shop()
    _, kept = tuned(monkeypatch, tmp_path, learner=Seen, data=data)
    held = {f"p{at}" for at in range(130) if fold_of(f"p{at}") == 0}
    assert kept.tuned.asked == len(held)
    assert kept.tuned.people == 130 - len(held)
    assert kept.tuned.likes == 8 * kept.tuned.people
    orders = {
        user: [event.item_id for event in data.events if event.user_id == user]
        for user in {event.user_id for event in data.events}
    }
    titles = {item.id: item.title for item in data.items}
    (learner,) = learners
    for text in learner.read:
        told = [line.removeprefix("- ") for line in text.splitlines()[1:]]
        assert any(
            set(told) <= {titles[key] for key in order[:-1]}
            for user, order in orders.items()
            if user not in held
        )


def test_too_few_people_are_told(monkeypatch, tmp_path):
    with pytest.raises(DataError, match=r"too few \(at least 20 each\)"):
        tuned(monkeypatch, tmp_path, data=shop(people=40))


@pytest.mark.slow
def test_the_command_tells_what_came_of_it_and_what_to_do_next(
    monkeypatch, tmp_path, recagent: Command
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("recagent.training.adapters.tune.Learner", Stub)
    monkeypatch.setattr(
        "recagent.training.adapters.tune_stored.write_gguf",
        lambda *_, to, **__: to.write_text("gguf"),
    )
    (tmp_path / "weights.gguf").write_text("weights")
    data = shop()
    rows = "".join(f"{item.id},shop,{item.title}\n" for item in data.items)
    (tmp_path / "items.csv").write_text("item_id,scene,title\n" + rows)
    rows = "".join(f"{e.user_id},{e.item_id},shop,like,{e.at.isoformat()}\n" for e in data.events)
    (tmp_path / "events.csv").write_text("user_id,item_id,scene,kind,timestamp\n" + rows)
    (tmp_path / "recagent.toml").write_text(
        'data_dir = "data"\n[model]\npath = "weights.gguf"\n'
        '[[catalog.items]]\npath = "items.csv"\n[[catalog.events]]\npath = "events.csv"\n'
    )
    assert recagent("index").returncode == 0
    said = recagent("tune")
    assert said.returncode == 0, said.stderr
    assert "over the untuned model +" in said.stdout
    assert "recagent fit" in said.stdout
    assert "--lora tuned=" in said.stdout
    assert "内置引擎" in recagent("tune", "--lang", "zh").stdout
    as_json = json.loads(recagent("tune", "--json", "--epochs", "1").stdout)
    assert as_json["gguf"] is None  # the first epoch taught nothing
    assert as_json["settings"]["epochs"] == 1
    shots = recagent("tune", "--shots", "5")
    assert shots.returncode == 1
    assert "name the scenes with --for" in shots.stderr
    moon = recagent("tune", "--from", "moon", "--lang", "zh")
    assert moon.returncode == 1
    assert "未知场景 'moon'；可选：shop" in moon.stderr
    (tmp_path / "weights.gguf").unlink()
    missing = recagent("tune")
    assert missing.returncode == 1
    assert "recagent models pull" in missing.stderr


def genres(people=150):
    """Everybody likes even or odd films, and then even or odd books, of two levels."""
    goods = [
        make_item(f"{scene}{at}", f"{scene} {at}", scene=scene, level=("first", "second")[at % 2])
        for scene in ("film", "book")
        for at in range(40)
    ]
    chance = CHANCE(0)
    events = [
        make_event(f"p{person}", f"{scene}{thing}", scene=scene, days=day + person / 1000)
        for person in range(people)
        for start, scene in ((0, "film"), (20, "book"))
        for day, thing in enumerate(chance.sample(range(person % 2, 40, 2), 9), start=start)
    ]
    scenes = {name: Scene(name=name) for name in ("film", "book")}
    return Data(name="two", scenes=scenes, items=goods, users={}, scale=RatingScale(),
                events=sorted(events, key=lambda event: event.at), fingerprint="")  # fmt: skip


def read_titles(monkeypatch, folder, route):
    learners = []

    class Seen(Stub):
        def __init__(self, *told):
            super().__init__(*told)
            learners.append(self)

    _, kept = tuned(monkeypatch, folder, learner=Seen, data=genres(), route=route)
    lines = [line for text in learners[0].read for line in text.splitlines() if "- " in line]
    return kept.tuned, {line.split()[1] for line in lines}


def test_what_is_read_lies_on_the_sources_and_what_is_asked_on_the_targets(monkeypatch, tmp_path):
    route = Route(sources=[SceneSlice(scene="film")], targets=[SceneSlice(scene="book")])
    found, scenes = read_titles(monkeypatch, tmp_path, route)
    assert scenes == {"film"}
    held = [f"p{at}" for at in range(150) if fold_of(f"p{at}") == 0]
    assert found.asked == 4 * len(held)  # the last four choices of each are books
    assert found.people == 150 - len(held)
    assert found.likes == 9 * found.people


def test_shots_are_some_peoples_likes_in_the_targets(monkeypatch, tmp_path):
    route = Route(sources=[SceneSlice(scene="film")], targets=[SceneSlice(scene="book")], shots=7)
    found, scenes = read_titles(monkeypatch, tmp_path, route)
    assert scenes == {"film", "book"}
    assert found.likes == 9 * found.people + 7 * (9 - 4)  # nobody's last four choices


def test_the_same_people_are_shown_however_they_are_listed():
    route, people = Route(shots=3), [f"p{at}" for at in range(20)]
    assert route.shown(people) == route.shown(people[::-1])
    assert len(route.shown(people)) == 3


def test_a_place_is_a_scene_or_what_an_attribute_has_in_it():
    beginner = SceneSlice(scene="courses", attribute="level", value="first")
    assert beginner.holds(make_item("a", "A", scene="courses", level="first"))
    assert beginner.holds(make_item("a", "A", scene="courses", level=("first", "second")))
    assert not beginner.holds(make_item("a", "A", scene="courses", level="second"))
    assert not beginner.holds(make_item("a", "A", scene="films", level="first"))
    assert not beginner.holds(make_item("a", "A", scene="courses"))
    assert parse_slice("film", genres()) == SceneSlice(scene="film")
    assert parse_slice("book:level=first", genres()) == SceneSlice(
        scene="book", attribute="level", value="first"
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("moon", "unknown scene 'moon'; choose one of: book, film"),
        ("film:level", "'film:level' must be SCENE or SCENE:ATTRIBUTE=VALUE"),
        ("film:levle=first", "no item of scene 'film' has levle = first"),
    ],
)
def test_a_place_that_there_is_not_is_told(written, said):
    with pytest.raises(ConfigError, match=said):
        parse_slice(written, genres())

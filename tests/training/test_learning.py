"""Learning from past choices: weights, gates, like-probabilities, and the whole fit."""

import json
import random
import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from command import Command
from examples import make_head
from sequences import weights
from taste_shop import shop, write_shop

from recagent import bootstrap
from recagent.config.service_sections import RetrievalSettings
from recagent.config.settings import Settings
from recagent.domain import Case, Item, Rate, RatingScale, Scene
from recagent.errors import ConfigError, DataError
from recagent.offline.backtest import backtest_questions
from recagent.offline.data_set import Data
from recagent.offline.examples import Example
from recagent.offline.resampling import interval
from recagent.pipeline import artifacts
from recagent.retrieval import Factors, SequenceModel, save_weights
from recagent.training.conditional_logit import Penalty, fit_penalised, log_softmax, stack_pools
from recagent.training.fit import THOROUGH
from recagent.training.gates import Trial, choose_gates, ndcg
from recagent.training.head_weights import fit_base_weights, fold_of
from recagent.training.language_part import ScoredPool, add_language_part
from recagent.training.like_probability import Judgment, fit_like_probability

LOW = Penalty(shared=0.01, apart=1000.0)


def choices(number, weights, *, seed=0, groups=1):
    """Pools of ten with three columns, and what a person with these weights would choose."""
    chance = np.random.default_rng(seed)
    pools = [chance.normal(size=(10, 3)) for _ in range(number)]
    chosen = [int(np.argmax(pool @ weights + chance.gumbel(size=10))) for pool in pools]
    return stack_pools(pools, chosen, groups=[at % groups for at in range(number)])


def test_weights_that_made_the_choices_are_found():
    weights = np.asarray([1.0, -0.5, 0.0])
    found = fit_penalised(choices(4000, weights), groups=1, penalty=LOW)
    assert found.groups[0] == pytest.approx(weights, abs=0.1)


def test_no_other_weights_are_likelier():
    pools = choices(300, np.asarray([0.7, 0.2, -0.4]))
    found = fit_penalised(pools, groups=1, penalty=Penalty(shared=1e-6, apart=1e6))

    def likely(weights):
        scores = pools.columns @ weights
        return log_softmax(scores, pools.starts)[0][pools.chosen].sum()

    best = likely(found.shared)
    for at in range(3):
        for step in (-0.05, 0.05):
            assert likely(found.shared + step * np.eye(3)[at]) < best


def test_weights_are_the_same_from_wherever_the_fit_starts():
    pools = choices(300, np.asarray([0.7, 0.2, -0.4]))
    loose, tight = LOW, Penalty(shared=100.0, apart=1000.0)
    there = fit_penalised(pools, groups=1, penalty=loose)
    found = fit_penalised(pools, groups=1, penalty=tight, start=there)
    assert found.groups == pytest.approx(
        fit_penalised(pools, groups=1, penalty=tight).groups, abs=1e-3
    )
    assert found.groups != pytest.approx(there.groups, abs=1e-2)


def test_groups_are_drawn_towards_what_they_share():
    one, other = choices(400, np.asarray([2.0, 0, 0])), choices(400, np.asarray([-2.0, 0, 0]))
    both = stack_pools(
        [*np.split(one.columns, 400), *np.split(other.columns, 400)],
        [*(one.chosen - one.starts), *(other.chosen - other.starts)],
        groups=[0] * 400 + [1] * 400,
    )
    free = fit_penalised(both, groups=2, penalty=Penalty(shared=1.0, apart=0.1)).groups[:, 0]
    held = fit_penalised(both, groups=2, penalty=Penalty(shared=1.0, apart=1e6)).groups[:, 0]
    assert free[0] > 1
    assert free[1] < -1
    assert held == pytest.approx([0, 0], abs=0.2)


def test_a_group_without_pools_has_the_shared_weights():
    found = fit_penalised(choices(200, np.asarray([1.0, 0, 0])), groups=3, penalty=LOW)
    assert found.groups[2] == pytest.approx(found.shared)


def example(at, *, chosen=0, scene="books", features=None):
    return Example(
        case=f"c{at}",
        user_id=f"u{at}",
        scene=scene,
        group="known",
        items=("a", "b", "c"),
        features=features or ({"good": 3.0}, {"good": 1.0}, {}),
        chosen=chosen,
    )


def test_held_out_scores_come_from_weights_that_never_saw_the_person():
    mixed = [example(at, chosen=int(fold_of(f"u{at}") == 0)) for at in range(200)]
    found = fit_base_weights(mixed, sources=["good"])
    odd = next(at for at in range(200) if fold_of(f"u{at}") == 0)
    assert found.held_out[odd][0] > found.held_out[odd][1]  # as all the others would have it


def test_choices_that_retrieval_did_not_find_teach_nothing_and_are_still_scored():
    known = [example(at) for at in range(60)]
    more = [*known, *(example(100 + at, chosen=None) for at in range(40))]
    base, with_more = (
        fit_base_weights(known, sources=["good"]),
        fit_base_weights(more, sources=["good"]),
    )
    assert with_more.shared == pytest.approx(base.shared)
    assert len(with_more.held_out) == 100


def test_too_few_choices_are_refused():
    with pytest.raises(
        DataError, match=r"3 past choices are too few .* \(at least 50 are needed\)"
    ):
        fit_base_weights([example(at) for at in range(3)], sources=["good"])


def trials(scene, gain, *, number=80, cold=False):
    chance = random.Random(f"{scene}{gain}")  # noqa: S311
    return [
        Trial(user_id=f"{scene}{at}", scene=scene, cold=cold, entropy=chance.random(), base=0.5,
              joined=0.5 + gain + chance.gauss(0, 0.05))
        for at in range(number)
    ]  # fmt: skip


def test_a_gate_opens_only_where_the_model_surely_helps():
    opened = choose_gates(
        [*trials("helps", 0.05), *trials("hurts", -0.05), *trials("nothing", 0.0)]
    )
    assert opened["helps"].rule != "never"
    assert opened["helps"].low > 0
    assert opened["hurts"].rule == "never"
    assert opened["hurts"].forced < 0
    assert opened["nothing"].rule == "never"


def test_a_gate_asks_for_those_whom_it_helps():
    mixed = [
        *trials("s", 0.1),
        *(replace(trial, user_id=f"new {trial.user_id}") for trial in trials("s", -0.3, cold=True)),
    ]
    gate = choose_gates(mixed)["s"]
    assert gate.rule == "warm"
    assert gate.asked == 0.5


def test_few_people_open_no_gate():
    assert choose_gates(trials("s", 0.5, number=10))["s"].rule == "never"


def test_a_handful_of_requests_that_gained_opens_no_gate():
    few = [
        Trial(user_id=f"p{at}", scene="s", cold=False, entropy=0.5, base=0.5,
              joined=0.8 if at < 5 else 0.5)
        for at in range(60)
    ]  # fmt: skip
    gains = np.asarray([each.joined - each.base for each in few])
    low = interval(gains, people=[each.user_id for each in few])[1]
    assert low > 0  # draws of people alone would have opened it: heads five times of five
    assert choose_gates(few)["s"].rule == "never"


@pytest.mark.slow
def test_of_a_hundred_models_that_change_nothing_hardly_one_opens_a_gate():
    opened = [choose_gates(trials(f"s{at}", 0.0, number=40))[f"s{at}"].rule for at in range(100)]
    assert sum(rule != "never" for rule in opened) <= 8


def test_a_head_knows_by_which_prompt_of_a_scene_its_model_was_asked():
    pools = [
        ScoredPool(
            case=Case(id=f"c{at}", user_id=f"u{at}", scene=scene, item_ids=(), judgments={}),
            example=example(at, scene=scene),
            base=np.zeros(3),
            model_scores=(2.0, 1.0, 0.0),
            model="m",
            prompt=f"rerank/{scene}.v1.en#0",
        )
        for at, scene in enumerate(["books", "films"] * 40)
    ]
    head = make_head(sources=(), shared=(), scenes={})
    found, silent = add_language_part(head, pools, engine="http://m m")
    assert (found.model, found.engine, silent) == ("m", "http://m m", "")
    assert found.prompts == {"books": "rerank/books.v1.en#0", "films": "rerank/films.v1.en#0"}


def test_ndcg_counts_places_and_keeps_the_order_of_equals():
    scores = np.asarray([1.0, 2.0, 2.0])
    assert ndcg(scores, 1) == 1.0
    assert ndcg(scores, 2) == pytest.approx(1 / np.log2(3))
    assert ndcg(scores, None) == 0.0
    assert ndcg(scores, 0, k=2) == 0.0


def judged(number, *, seed=0):
    """Likes that follow the item's rate."""
    chance = random.Random(seed)  # noqa: S311
    found = []
    for at in range(number):
        share = chance.random()
        rate = Rate(likes=round(share * 40), judged=40)
        found.append(
            Judgment(user_id=f"u{at}", liked=chance.random() < share, features={}, item=rate,
                     person=Rate())
        )  # fmt: skip
    return found


def test_like_probabilities_are_as_often_right_as_they_say():
    liking = fit_like_probability(judged(4000), scales={"x": 1.0})
    assert liking is not None
    fresh = judged(4000, seed=1)
    said = np.asarray([liking.probability({}, item=j.item, person=j.person) for j in fresh])
    for part in np.array_split(np.argsort(said), 5):
        seen = np.mean([fresh[at].liked for at in part])
        assert said[part].mean() == pytest.approx(seen, abs=0.05)


def test_where_nobody_says_no_there_is_no_like_probability():
    content = [replace(judgment, liked=True) for judgment in judged(500)]
    assert fit_like_probability(content, scales={"x": 1.0}) is None


def test_the_past_is_asked_backwards_and_never_known_before():
    goods, events = shop()
    data = Data(name="shop", scenes={"shop": Scene(name="shop")}, items=goods, events=events,
                users={}, scale=RatingScale(), fingerprint="")  # fmt: skip
    asked = backtest_questions(data, passes=3)
    assert [len(each.cases) for each in asked] == [120, 120, 120]
    for each in asked:
        known = {(event.user_id, event.item_id) for event in each.training}
        for case in each.cases:
            (wanted,) = case.judgments
            assert (case.user_id, wanted) not in known
            assert all(event.item_id != wanted for event in case.history)


def test_a_column_that_never_changes_does_not_drown_the_others():
    chance = np.random.default_rng(0)
    judged = []
    for _ in range(600):
        score = chance.random()
        judged.append(
            Judgment(
                user_id="p",
                liked=chance.random() < 0.1 + 0.8 * score,
                features={"text": score},
                item=Rate(),
                person=Rate(),
            )
        )
    found = fit_like_probability(judged, scales={"text": 1.0})
    assert found is not None
    low, high = (
        found.probability({"text": score}, item=Rate(), person=Rate()) for score in (0.05, 0.95)
    )
    assert low < 0.3 < 0.7 < high


@pytest.fixture
def indexed(tmp_path, recagent: Command, monkeypatch: pytest.MonkeyPatch):
    """A folder with the shop indexed in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECAGENT_MODEL__KIND", "none")
    write_shop(tmp_path)
    assert recagent("index").returncode == 0
    return tmp_path


def test_how_many_people_are_asked_depends_on_the_largest_scene():
    def of(number):
        return [Item(id=str(at), scene="a", title="t") for at in range(number)]

    assert THOROUGH.sample([]) == 2_000
    assert THOROUGH.sample(of(10_000)) == 2_000
    assert THOROUGH.sample([*of(20_000), Item(id="x", scene="b", title="t")]) == 1_000
    assert THOROUGH.sample(of(200_000)) == 400


@pytest.mark.slow
@pytest.mark.usefixtures("indexed")
def test_a_fit_of_many_people_asks_a_sample_and_says_so(
    recagent: Command, monkeypatch: pytest.MonkeyPatch
):
    few = replace(THOROUGH, people=30, least_people=1)
    monkeypatch.setattr("recagent.training.fit.THOROUGH", few)
    monkeypatch.setattr("recagent.cli.progress.EVERY", 0.0)
    done = recagent("fit", "--lang", "zh")
    assert done.returncode == 0, done.stderr
    assert "位用户中抽取了 30 位来学习" in done.stdout
    # No terminal here: lines show how far it is.
    assert re.search(r"\d s  choices: \d+ of 120\n", done.stderr)
    head = json.loads(recagent("fit", "--json").stdout)
    assert (head["people"], head["choices"]) == (30, 120)


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        ("en", "ranks for nobody, so that lists stay as they are"),
        ("zh", "不为任何人排序，列表保持不变"),
    ],
)
def test_a_head_that_ranks_for_no_group_is_not_said_to_rank(
    indexed, recagent: Command, monkeypatch: pytest.MonkeyPatch, lang, says
):
    monkeypatch.setattr("recagent.training.group_tests.FEWEST", 10**6)
    done = recagent("fit", "--lang", lang)
    assert says in done.stdout
    assert (indexed / "data" / "head.json").exists()


def test_a_fit_that_is_stopped_says_what_stands(
    indexed, recagent: Command, monkeypatch: pytest.MonkeyPatch
):
    def stop(*_: object, **__: object):
        raise KeyboardInterrupt

    monkeypatch.setattr("recagent.training.fit.choose_weights", stop)
    stopped = recagent("fit")
    assert stopped.returncode == 130
    assert "stopped; nothing of this fit is kept; lists are ranked as before" in stopped.stderr
    assert not (indexed / "data" / "head.json").exists()


@pytest.mark.usefixtures("indexed")
def test_fit_learns_and_recommend_ranks_by_it(
    tmp_path, recagent: Command, monkeypatch: pytest.MonkeyPatch
):
    none = recagent("head", "show")
    assert none.returncode == 1
    assert "run 'recagent fit' to learn one" in none.stderr
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "torch", None)
        torchless = recagent("fit", "--sequence")
    assert torchless.returncode == 1
    assert "pip install 'recagent[tune]'" in torchless.stderr
    assert not (tmp_path / "data" / "head.json").exists()
    done = recagent("fit")
    assert done.returncode == 0, done.stderr
    assert "the language model was not measured: none is set" in done.stdout
    learned = bootstrap.head(Settings(data_dir=tmp_path / "data"))
    assert learned is not None
    assert f"head {learned.name} ranks from now on" in done.stdout
    assert learned.liking is None  # nobody says what they do not like
    said = recagent("recommend", "p1", "-k", "5", "--json")
    assert f'"head": "{learned.name}"' in said.stdout
    assert f"head {learned.name}" in recagent("recommend", "p1").stdout
    assert "neighbours" in recagent("head", "show").stdout
    (tmp_path / "data" / "head.json").write_text("{}")
    broken = recagent("recommend", "p1")
    assert broken.returncode == 1
    assert "run 'recagent fit' again" in broken.stderr


def test_a_head_that_needs_an_unknown_source_is_refused(tmp_path):
    settings = Settings(data_dir=tmp_path)
    (tmp_path / "head.json").write_text(
        '{"name": "x", "tested": {}, "sources": ["magic"], "shared": [0.0, 0.0, 0.0, 0.0], '
        '"scenes": {}}'
    )
    with pytest.raises(ConfigError, match="needs source 'magic', which is missing"):
        bootstrap.head(settings)


def test_a_head_that_does_not_say_whom_it_was_tested_on_is_refused(tmp_path):
    (tmp_path / "head.json").write_text(
        '{"name": "x", "sources": ["text"], "shared": [0.0, 0.0, 0.0, 0.0], "scenes": {}}'
    )
    with pytest.raises(ConfigError, match="run 'recagent fit' again, or delete the file"):
        bootstrap.head(Settings(data_dir=tmp_path))


def test_a_head_of_another_number_of_columns_is_refused(tmp_path):
    (tmp_path / "head.json").write_text(
        '{"name": "x", "tested": {}, "sources": ["text"], "shared": [0.0, 0.0], "scenes": {}}'
    )
    with pytest.raises(ConfigError, match="this version cannot read the head"):
        bootstrap.head(Settings(data_dir=tmp_path))


def test_a_head_whose_sequence_model_is_gone_is_refused(tmp_path):
    settings = Settings(data_dir=tmp_path)
    (tmp_path / "head.json").write_text(
        '{"name": "x", "tested": {}, "sources": ["sequence"], '
        '"shared": [0.0, 0.0, 0.0, 0.0], "scenes": {}}'
    )
    with pytest.raises(ConfigError, match=r"needs '.*sequence-x\.npz', which is missing"):
        bootstrap.head(settings)
    save_weights(weights(), artifacts.weights_file(tmp_path, "x"))
    assert bootstrap.head(settings)


def test_saving_a_head_deletes_the_weights_of_others(tmp_path):
    one, other = (
        make_head(name=name, sources=("sequence",), shared=(0.0, 0.0, 0.0, 0.0), scenes={})
        for name in ("one", "other")
    )
    artifacts.save(tmp_path, one, weights=weights())
    artifacts.save(tmp_path, other, weights=weights(seed=1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["head.json", "sequence-other.npz"]
    assert bootstrap.head(Settings(data_dir=tmp_path)) == other


def test_a_source_that_comes_with_a_head_proposes_nothing_of_its_own_accord():
    weights = RetrievalSettings().weights
    assert {name: weights[name] for name in (Factors.name, SequenceModel.name)} == {
        "factors": 0.0,
        "sequence": 0.0,
    }


def answered(requests):
    """The output of a batch: every question is answered with all letters in their order."""
    letters = ["A", "B", "C", "D", "E"]
    for line in requests.read_text().splitlines():
        content = json.dumps({"best": letters})
        body = {"choices": [{"message": {"content": content}}]}
        response = {"status_code": 200, "body": body}
        yield json.dumps({"custom_id": json.loads(line)["custom_id"], "response": response})


@pytest.mark.usefixtures("indexed")
def test_a_model_is_measured_by_a_batch_file(
    tmp_path, recagent: Command, monkeypatch: pytest.MonkeyPatch
):
    requests, replies = tmp_path / "requests.jsonl", tmp_path / "replies.jsonl"
    nameless = recagent("fit", "--requests", str(requests))
    assert nameless.returncode == 1
    assert "set [model] name" in nameless.stderr
    monkeypatch.setenv("RECAGENT_MODEL__NAME", "large")
    written = recagent("fit", "--requests", str(requests))
    assert written.returncode == 0, written.stderr
    assert f"questions to the model are in {requests}" in written.stderr
    assert not (tmp_path / "data" / "head.json").exists()
    first = json.loads(requests.read_text().splitlines()[0])["body"]
    assert (first["model"], first["temperature"]) == ("large", 0)
    assert "Candidates for" in first["messages"][1]["content"]
    replies.write_text("\n".join(answered(requests)))
    done = recagent("fit", "--replies", str(replies), "--json")
    assert done.returncode == 0, done.stderr
    head = bootstrap.head(Settings(data_dir=tmp_path / "data"))
    assert head is not None
    assert head.model == "large"
    assert sum(gate["cases"] for gate in json.loads(done.stdout)["gates"].values()) >= 50
    assert all(prompt.startswith("rerank/best.v1.en#") for prompt in head.prompts.values())

"""Whom a fitted head ranks for: every group of people, before and after a real fit."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command import Command
from examples import make_event, make_query, wait
from hits import write_hits

from recagent import bootstrap
from recagent.api import Recommender
from recagent.config.service_sections import RetrievalSettings
from recagent.config.settings import Settings, load
from recagent.domain import Edits, Rate, Slate
from recagent.ingest.loading import load_catalogue
from recagent.offline.examples import Example
from recagent.ranking import FixedBlend, Gate
from recagent.retrieval import BY_GROUP, weights_for
from recagent.training.fit import fit
from recagent.training.group_tests import group_test_result
from recagent.training.like_probability import Judgment, fit_like_probability

Ask = Callable[[Recommender], Slate]


def one_like(opened: Recommender) -> Slate:
    if not opened.profile("newcomer").events:
        opened.record("newcomer", "s0p3")
    return opened.recommend("newcomer", scene="books", k=6)


def declared(opened: Recommender) -> Slate:
    opened.edit_profile("told", Edits(tags={"Ships": 1.0, "轮船": 1.0}))
    return opened.recommend("told", scene="books", k=6)


def new_here(opened: Recommender) -> Slate:
    if not opened.profile("visitor").events:
        opened.record("visitor", "v20")
    return opened.recommend("visitor", scene="books", k=6)


ASK: dict[str, Ask] = {
    "unknown": lambda opened: opened.recommend("nobody", scene="books", k=6),
    "declared only": declared,
    "new here": new_here,
    "few likes": one_like,
    "known": lambda opened: opened.recommend("p4", scene="books", k=6),
}


@contextmanager
def without_environment() -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in [*os.environ] if name.startswith("RECAGENT_")}
    yield
    os.environ.update(kept)


class Fitted:
    """The slates of everybody before a fit and after it, and the head."""

    def __init__(self, folder: Path, lang: str) -> None:
        with without_environment():
            found = load(write_hits(folder, lang=lang) / "recagent.toml")
            learn = found.learn.model_copy(update={"automatic": False})
            self.settings: Settings = found.model_copy(update={"learn": learn})
            wait(load_catalogue(self.settings, on_progress=lambda *_: None))
            self.before = self._slates()
            wait(fit(self.settings, on_progress=lambda *_: None))
            self.after = self._slates()
            head = bootstrap.head(self.settings)
        assert head is not None
        self.head = head

    def _slates(self) -> dict[str, Slate]:
        with Recommender.from_settings(self.settings) as opened:
            return {group: ask(opened) for group, ask in ASK.items()}


@pytest.fixture(scope="module", params=["en", "zh"])
def fitted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    return Fitted(tmp_path_factory.mktemp("hits"), request.param)


def shown(slate: Slate) -> list[tuple[str, float]]:
    return [(entry.item.id, round(entry.probability, 9)) for entry in slate.entries]


@pytest.mark.slow
def test_a_stranger_gets_the_popular_before_a_fit_and_the_very_same_after_it(fitted: Fitted):
    before, after = fitted.before["unknown"], fitted.after["unknown"]
    assert before.entries[0].item.id == "hit0"
    assert shown(after) == shown(before)
    assert (after.trace.head, after.trace.group, after.trace.unserved) == (
        "", "unknown", "not learned")  # fmt: skip
    # The weights alone would turn the list round: known people have had the hits.
    weights = fitted.head.scenes["books"]
    popular = [*fitted.head.sources].index("popularity")
    assert weights[2 * popular] + weights[2 * popular + 1] < 0


@pytest.mark.parametrize("group", ASK)
def test_the_head_ranks_for_a_group_if_and_only_if_it_passed_the_test_on_it(fitted: Fitted, group):
    before, after = fitted.before[group], fitted.after[group]
    assert after.trace.group == group
    assert before.trace.unserved == ""
    assert after.trace.unserved == fitted.head.unserved(group)
    if after.trace.unserved:
        assert after.trace.head == ""
        assert shown(after) == shown(before)
    else:
        own = fitted.head.tested[group]
        assert after.trace.head == fitted.head.name
        assert own.cases >= 50
        assert own.gain > 0


def test_known_people_are_ranked_by_the_head_and_those_who_like_nothing_never(fitted: Fitted):
    assert fitted.after["known"].trace.head == fitted.head.name
    assert {fitted.head.unserved(group) for group in ("unknown", "declared only")} == {
        "not learned"
    }
    assert fitted.head.tested.keys() == {"known", "new here", "few likes"}


def example(at: int, place: int | None, group="few likes") -> Example:
    """A choice at this place of the plain order; the head puts the third first."""
    return Example(case=f"c{at}", user_id=f"u{at}", scene="s", group=group, items=("a", "b", "c"),
                   features=({}, {}, {}), chosen=place)  # fmt: skip


HELD = np.asarray([1.0, 0.0, 2.0])  # c, a, b


@pytest.mark.parametrize(
    ("third", "first", "unserved"),
    [
        (0, 0, "few cases"),
        (40, 9, "few cases"),  # however good
        (60, 0, ""),
        (0, 60, "no gain"),
        (22, 28, "no gain"),  # gains on average, but may as well cost a lot
        (500, 100, ""),
    ],
)
def test_a_head_is_taken_for_enough_cases_of_which_few_can_be_worse(third, first, unserved):
    made = [*([2] * third), *([0] * first)]
    examples = [example(at, place) for at, place in enumerate(made)]
    assert group_test_result(examples, [HELD] * len(examples)).unserved == unserved


def test_the_model_is_left_alone_after_a_fit_that_closed_the_scenes_gate():
    plain = FixedBlend(language_weight=0.1, temperature=1.0, closed=frozenset({"books"}))
    assert not plain.asks(np.zeros(2), scene="books", cold=False)
    assert plain.asks(np.zeros(2), scene="films", cold=False)


def test_a_gate_that_is_open_for_known_people_is_not_for_those_with_few_likes(fitted: Fitted):
    head = replace(fitted.head, gates={"books": Gate(rule="always")})
    known, few = head.of("known"), head.of("few likes")
    assert known is not None
    assert known.asks(np.zeros(2), scene="books", cold=False)
    assert few is None or not few.asks(np.zeros(2), scene="books", cold=False)


def judged(group, number, *, seed, upside_down=False):
    """Judgments that follow the item's rate, or its contrary."""
    chance = np.random.default_rng(seed)
    found = []
    for at in range(number):
        share = chance.random()
        liked = bool(chance.random() < (1 - share if upside_down else share))
        rate = Rate(likes=round(share * 40), judged=40)
        found.append(Judgment(user_id=f"{group}{at}", liked=liked, features={}, item=rate,
                              person=Rate(), group=group))  # fmt: skip
    return found


def test_a_like_probability_is_told_only_of_groups_whose_judgments_it_meets():
    found = fit_like_probability(
        [
            *judged("known", 2000, seed=0),
            *judged("unknown", 200, seed=1, upside_down=True),
            *judged("new here", 200, seed=2),
            *judged("few likes", 20, seed=3),
        ],
        scales={"x": 1.0},
    )
    assert found is not None
    assert found.groups == ("known", "new here")


def test_fit_and_head_show_tell_whom_the_head_ranks_for(fitted: Fitted, recagent: Command):
    folder = fitted.settings.data_dir.parent
    config = ("--config", str(folder / "recagent.toml"))
    told = recagent("head", "show", *config)
    assert told.returncode == 0, told.stderr
    few = fitted.head.tested["few likes"]
    lines = {
        "en": ("Whom the head ranks for", "people of whom nothing is known"),
        "zh": ("排序头为谁排序", "没有任何记录的用户"),
    }[fitted.settings.lang]
    for line in (*lines, str(few.cases), f"{few.gain:+.3f}"):
        assert line in told.stdout
    slate = recagent("recommend", "nobody", "--scene", "books", *config)
    why = {
        "en": "ranked without the head: it is not learned from people of whom nothing is known",
        "zh": "未用排序头：它不从没有任何记录的用户学习",
    }[fitted.settings.lang]
    assert why in " ".join(slate.stdout.split()).replace(" ·", " ·")


def test_the_fusion_weighs_sources_by_how_much_a_person_did_and_leaves_set_weights_alone():
    usual, by_group = RetrievalSettings().weights, bootstrap.group_weights(Settings())
    given = Settings.model_validate({"retrieval": {"weights": {"text": 0.7}}})
    for group, number in (("known", 6), ("few likes", 1)):
        liked = [f"b{n}" for n in range(number)]
        query = make_query(events=[make_event("ann", key) for key in liked], liked=liked)
        found = weights_for(query, usual, by_group=by_group)
        expected = {
            name: weight / (6 if group == "known" else 1)
            for name, weight in BY_GROUP[group].items()
        }
        assert {name: found[name] for name in BY_GROUP[group]} == expected
        own = weights_for(query, given.retrieval.weights, by_group=bootstrap.group_weights(given))
        assert own["text"] == 0.7
        assert own["lexical"] == expected["lexical"]
    assert weights_for(make_query(), usual, by_group=by_group) == usual
    wished = make_query(events=[make_event("ann", "b1")], liked=["b1"], wish="trains")
    assert weights_for(wished, usual, by_group=by_group) == usual

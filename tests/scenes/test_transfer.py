"""Taste that travels: what a like of one scene weighs in another, and how that is learned."""

from dataclasses import replace

import numpy as np
import pytest
from examples import make_event, make_head, make_item, wait
from line import make_line

from recagent.domain import Profile, User
from recagent.pipeline import Pipeline
from recagent.profiles.building import without_scene
from recagent.scenes.transfer import (
    FEATURES,
    PairTransfer,
    TransferMap,
    WarmTransfer,
    with_transfer,
)
from recagent.training.transfer import fit_transfer
from recagent.training.transfer_examples import PastChoice, joined_scores


def profile(*liked, taste=("films", "music")):
    items = {name: make_item(name, scene=scene) for name, scene in liked}
    return Profile(
        user=User(id="ann"),
        events=tuple(make_event("ann", name, scene=scene) for name, scene in liked),
        liked={name: 0.5 for name, _ in liked},
        taste={scene: np.asarray([1.0, 0.0], dtype=np.float32) for scene in taste},
        declared=None,
        items=items,
    )


def transfer(*, on=("films",), known=True, **weights):
    return TransferMap(
        weights=tuple(weights.get(name.replace(" ", "_"), 0.0) for name in FEATURES),
        bias=0.0,
        pairs={
            "books": {
                name: PairTransfer(alike=0.5, shared=0.25, on=name in on)
                for name in ("films", "music")
            }
        },
        known={"books": WarmTransfer(on=known)},
    )


ANN = profile(("f1", "films"), ("m1", "music"))


def test_the_weight_is_the_sigmoid_of_the_pair_and_the_person():
    found = transfer(alike=2.0, likes_there=1.0).weight(ANN, target="books", source="films")
    assert found == pytest.approx(1 / (1 + np.exp(-(2.0 * 0.5 + np.log(2)))))


def test_a_source_that_is_off_weighs_nothing():
    assert transfer().weight(ANN, target="books", source="music") == 0.0


def test_a_source_of_which_nothing_is_known_weighs_like_the_scenes_own_likes():
    both = profile(("b1", "books"), ("g1", "games"), taste=("books", "games"))
    for person in (both, ANN):
        for target, source in (("books", "games"), ("games", "films")):
            found = transfer(own=1.0, alike=1.0).weight(person, target=target, source=source)
            assert found == pytest.approx(1 / (1 + np.exp(-2.0)))
            own = transfer(own=1.0, alike=1.0).weight(person, target=target, source=target)
            assert found == own


def test_a_scenes_own_likes_weigh_whatever_is_off():
    ann = profile(("b1", "books"), taste=("books",))
    found = transfer(on=(), known=False, own=1.0).weight(ann, target="books", source="books")
    assert found == pytest.approx(1 / (1 + np.exp(-1.0)))


def test_a_scene_may_listen_to_others_about_those_alone_whom_it_does_not_know():
    both = profile(("b1", "books"), ("f1", "films"), taste=("books", "films"))
    assert transfer(known=False).weight(both, target="books", source="films") == 0.0
    assert transfer(known=False).weight(ANN, target="books", source="films") == 0.5


def test_a_profile_is_seen_with_likes_and_tastes_weighed():
    seen = with_transfer(ANN, target="books", transfer=transfer())
    assert seen.liked == {"f1": 0.25}
    assert seen.taste.keys() == {"films"}
    assert seen.taste["films"] == pytest.approx([0.5, 0.0])
    assert seen.events == ANN.events


def test_without_a_map_nothing_changes():
    assert with_transfer(ANN, target="books", transfer=None) is ANN


def test_without_a_scene_the_person_is_new_there():
    both = profile(("b1", "books"), ("f1", "films"), taste=("books", "films"))
    new = without_scene(both, "books")
    assert new.is_cold("books")
    assert (new.liked.keys(), new.taste.keys(), new.items.keys()) == ({"f1"}, {"films"}, {"f1"})


def made(number, *, speaks=("films",), lies=(), own=False):
    """Choices in books of as many people; of three other scenes one may tell which is chosen."""
    chance = np.random.default_rng(7)
    found = []
    for person in range(number):
        chosen = int(chance.integers(10))
        said = {name: chance.random(10) for name in ("films", "music")}
        for name in speaks:
            said[name][chosen] += 1.0
        for name in lies:
            said[name][chosen] -= 1.0
        if own:  # less than all, so that others can add to it
            said["books"] = chance.random(10)
            said["books"][chosen] += 0.5
        found.append(
            PastChoice(
                user_id=f"u{person}",
                scene="books",
                likes=np.ones(10),
                chosen=chosen,
                scores=said,
                person=dict.fromkeys(said, (0.0, 1.0, 0.0)),
            )
        )
    return found


SCENES = {
    "books": {"films": (0.9, 0.5), "music": (0.1, 0.5)},
    "films": {"books": (0.9, 0.5), "music": (0.5, 0.5)},
}


def test_a_source_that_speaks_is_on_and_noise_is_off():
    found = fit_transfer(made(200), scenes=SCENES)
    assert found is not None
    on, off = found.pairs["books"]["films"], found.pairs["books"]["music"]
    assert (on.on, off.on) == (True, False)
    assert (on.cases, off.cases) == (200, 200)
    assert on.gain > on.low > 0.5
    assert on.ndcg > 0.2
    assert off.low <= 0


def test_a_pair_that_nobody_tried_is_as_any_pair_is_expected_to_be():
    found = fit_transfer(made(200, speaks=("films", "music")), scenes=SCENES)
    untried, tried = found.pairs["films"]["music"], found.pairs["books"].values()
    assert (untried.cases, untried.on) == (0, True)
    assert min(each.gain for each in tried) <= untried.gain <= max(each.gain for each in tried)
    assert untried.low < min(each.low for each in tried)
    for speaks in ((), ("films",)):  # nothing helps, or too little is known of what does
        unsure = fit_transfer(made(200, speaks=speaks), scenes=SCENES)
        assert not unsure.pairs["films"]["music"].on


def test_a_pair_of_few_people_is_drawn_to_the_others():
    many = made(400, speaks=("films", "music"))
    few = [replace(each, scores={"music": each.scores["music"]}) for each in many[:21]]
    alone = fit_transfer(few, scenes=SCENES).pairs["books"]["music"]
    films = [replace(each, scores={"films": each.scores["films"]}) for each in many[21:]]
    beside = fit_transfer([*few, *films], scenes=SCENES).pairs["books"]["music"]
    assert alone.cases == beside.cases == 21
    assert beside.low > alone.low


def test_what_other_scenes_add_about_known_people_is_tried_apart():
    found = fit_transfer(made(300, own=True), scenes=SCENES)
    known = found.known["books"]
    assert (known.cases, known.on) == (300, True)
    assert known.gain > known.low > 0


def test_a_pair_of_which_too_few_tell_is_unknown_and_stays_as_before_a_fit():
    assert fit_transfer(made(60, speaks=()), scenes=SCENES) is None
    few = fit_transfer(made(60), scenes=SCENES)
    assert few is not None
    assert few.pairs["books"].keys() == {"films"}  # what surely helps is known by a few
    assert few.weight(ANN, target="books", source="music") == few.weight(
        ANN, target="books", source="books"
    )
    enough = fit_transfer(made(100), scenes=SCENES)
    assert not enough.pairs["books"]["music"].on


def test_too_few_known_people_leave_other_scenes_counting():
    few, enough = (
        fit_transfer(made(n, speaks=("films",), own=True), scenes=SCENES) for n in (60, 300)
    )
    assert few is not None
    assert enough is not None
    assert few.known == {} or few.known["books"].on
    noise = [replace(each, scores={**each.scores, "films": each.scores["books"]})
             for each in made(300, speaks=(), own=True)]  # fmt: skip
    assert fit_transfer(noise, scenes=SCENES).known["books"].on is False


def test_nothing_is_learned_where_nobody_was_in_two_scenes():
    alone = [replace(each, scores={}, person={}) for each in made(50)]
    assert fit_transfer(alone, scenes=SCENES) is None


def test_the_parts_of_r_are_weighed_and_own_ones_can_be_hidden():
    (choice,) = made(1, own=True)
    even = transfer(on=("films", "music"))
    whole = sum(choice.scores.values()) / 2
    assert joined_scores(choice, even) == pytest.approx(whole)
    others = whole - choice.scores["books"] / 2
    assert joined_scores(choice, even, new=True) == pytest.approx(others)


BOOKS = [make_item(f"b{at}", scene="books") for at in range(1, 4)]
FILMS = [make_item(f"f{at}", scene="films") for at in range(1, 3)]
CROWD = [
    *(make_event(f"p{at}", "b1") for at in range(9)),
    *(make_event(f"q{at}", item, scene=scene) for at in range(5)
      for item, scene in (("b3", "books"), ("f1", "films"))),
]  # fmt: skip


@pytest.mark.parametrize(("on", "first"), [(("films",), "b3"), ((), "b1")])
def test_a_slate_carries_taste_over_only_where_that_is_on(on, first):
    head = make_head(
        sources=("neighbours", "popularity"),
        shared=(5.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        scenes={},
        transfer=transfer(on=on),
    )

    async def main():
        films = make_event("ann", "f1", scene="films")
        _, parts = await make_line([*BOOKS, *FILMS], [*CROWD, films])
        return await Pipeline(replace(parts, head=head)).recommend("ann", scene="books")

    slate = wait(main())
    assert slate.entries[0].item.id == first
    told = {ref for entry in slate.entries for piece in entry.evidence for ref in piece.refs}
    assert ("f1" in told) == bool(on)

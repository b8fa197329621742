"""Choices beside rivals, without torch: what is drawn, what is asked, and how it is laid out."""

import random
from collections import Counter

import numpy as np
import pytest
from examples import make_item

from benchmarks.choices import Beginnings, Rivals, choices, liked_one
from recagent import prompts
from recagent.errors import PromptError
from recagent.training.adapters.token_trees import Branch, token_row
from recagent.training.adapters.training_texts import batches

CHANCE = random.Random
WHOLE = Beginnings([])  # of unknown captions, all
PROMPT = prompts.load("rerank", "likelihood")
FILMS = [make_item(f"f{at}", f"Film {at}", scene="films", year=1990 + at) for at in range(30)]
GAMES = [make_item(f"g{at}", f"Game {at}", scene="games") for at in range(5)]
LIKES = {
    "ann": FILMS[:20],
    "ben": [FILMS[20], *FILMS[21:30], GAMES[0]],
    "eve": [FILMS[20], GAMES[1], GAMES[2]],
    "tom": [FILMS[20], FILMS[21], GAMES[1]],
}


def letters(text):
    return [ord(letter) for letter in text]


def written(tokens):
    return "".join(map(chr, tokens))


def made(people=("ann",), *, number=3, size=8, prompt=PROMPT, seed=0, teacher=liked_one,
         beginnings=WHOLE):  # fmt: skip
    chance = CHANCE(seed)
    return list(
        choices(
            [LIKES[each] for each in people],
            prompt=prompt,
            tokenize=letters,
            rivals=Rivals(LIKES, chance=chance),
            teacher=teacher,
            beginnings=beginnings,
            number=number,
            size=size,
            chance=chance,
        )
    )


def test_what_is_asked_is_what_serving_asks():
    for each in made():
        for asked in each.asked:
            told, *_ = written(each.trunk[: asked.at]).splitlines()
            assert told == "What one person liked, in order:"
            assert written(each.trunk[: asked.at]).endswith("\n-")
            assert written(each.trunk[asked.at : asked.end]).startswith(" Film ")
            assert written(each.trunk[asked.at : asked.end]).endswith(")\n")
            assert all(written(rival.tokens).endswith(")\n") for rival in asked.rivals)


def test_everything_but_the_first_is_asked_once_and_after_four_where_there_are_so_many():
    found = made()
    liked = [
        written(each.trunk[asked.at : asked.end]).strip() for each in found for asked in each.asked
    ]
    assert liked == [prompts.caption(item) for item in LIKES["ann"][1:]]
    for each in found[1:]:
        assert written(each.trunk[: each.asked[0].at]).count("Film") == 4
    assert max(len(each.asked) for each in found) == 8


def test_rivals_are_of_the_scene_by_popularity_and_never_met():
    rivals = Rivals(LIKES, chance=CHANCE(0))
    drawn = Counter(
        item.id
        for _ in range(400)
        for item in rivals("films", number=1, met={item.id for item in FILMS[:10]})
    )
    assert set(drawn) <= {item.id for item in FILMS[10:]}
    assert drawn["f20"] / 400 == pytest.approx(3 / 23, abs=0.05)  # three of 23 likes
    assert {item.scene for item in rivals("games", number=9, met=())} == {"games"}
    several = rivals("films", number=6, met=())
    assert len({item.id for item in several}) == len(several) == 6


def test_who_met_everything_in_a_scene_is_not_asked_there():
    asked = [each for one in made(["eve"]) for each in one.asked]
    assert [len(each.rivals) for each in asked] == [1, 1]  # of three wanted, what is left
    LIKES["eve"].append(GAMES[0])
    try:
        assert not made(["eve"])
    finally:
        LIKES["eve"].pop()


def test_a_prompt_that_tells_only_the_newest_teaches_no_choice():
    with pytest.raises(PromptError, match="likelihood_recent"):
        made(prompt=prompts.load("rerank", "likelihood_recent"))


def test_a_branch_sees_the_trunk_up_to_its_beginning_and_itself():
    laid = token_row([7, 8, 9], [Branch(at=2, tokens=(1, 2)), Branch(at=3, tokens=(5,))])
    assert laid.tokens.tolist() == [7, 8, 9, 1, 2, 5]
    assert laid.position_ids.tolist() == [0, 1, 2, 2, 3, 3]
    assert laid.mask.astype(int).tolist() == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 0, 1, 0, 0],
        [1, 1, 0, 1, 1, 0],
        [1, 1, 1, 0, 0, 1],
    ]
    assert [way.read for way in laid.readings] == [(1, 3), (2,)]
    assert np.array_equal([way.tokens for way in laid.readings[1:]], [(5,)])


def test_of_a_choice_the_first_way_is_what_was_liked():
    for each in made(["ann", "ben"]):
        laid, groups = each.laid()
        assert len(laid.tokens) == each.length
        for asked, (taken, *others) in zip(each.asked, groups, strict=True):
            assert taken.tokens == each.trunk[asked.at : asked.end]
            assert taken.read[0] == others[0].read[0] == asked.at - 1
            assert [way.tokens for way in others] == [rival.tokens for rival in asked.rivals]


def test_batches_hold_every_list_of_choices_once():
    found = made(["ann", "ben"], size=2)
    parts = batches(found, size=3, chance=CHANCE(0))
    assert Counter(map(id, found)) == Counter(id(each) for part in parts for each in part)


def test_a_teacher_is_told_what_the_list_shows_and_says_what_is_wanted():
    told = []

    def halves(before, candidates):
        told.append((list(before), candidates[0]))
        return [0.5, *[0.5 / (len(candidates) - 1)] * (len(candidates) - 1)]

    asked = [one for each in made(teacher=halves) for one in each.asked]
    assert all(one.wanted == (0.5, *[0.5 / 3] * 3) for one in asked)
    for before, liked in told:
        place = FILMS.index(liked)
        assert before == FILMS[place - len(before) : place]
    assert {one.wanted for each in made() for one in each.asked} == {(1.0, 0.0, 0.0, 0.0)}


def test_of_a_caption_is_asked_what_tells_it_apart():
    apart = Beginnings(map(letters, [" Alien\n", " Aliens\n", " Blade Runner\n"]))
    assert apart(letters(" Alien\n")) == len(" Alien\n")
    assert apart(letters(" Aliens\n")) == len(" Aliens")
    assert apart(letters(" Blade Runner\n")) == len(" B")
    assert apart(letters(" Unknown\n")) == len(" Unknown\n")
    every = [letters(f" {prompts.caption(item)}\n") for item in FILMS]
    for each in made(beginnings=Beginnings(every)):
        for asked in each.asked:
            said = written(each.trunk[asked.at : asked.end])
            own = [line for line in map(written, every) if line.startswith(said)]
            assert len(own) == 1
            assert len(said) < len(own[0])

"""A model that contradicts itself has less say: the same candidates in another order."""

import random
from dataclasses import replace

import anyio
import numpy as np
import orjson
import pytest
from examples import make_item, make_query

from recagent.domain import Candidate, Scene, Usage
from recagent.ports import LanguageScores
from recagent.ranking import ModelRanker
from recagent.ranking.agreement import ENOUGH, rank_correlation, say
from recagent.ranking.head import FixedBlend
from recagent.ranking.model_worth import ModelWorth
from recagent.testing import ScriptedModel

SCENE = Scene(name="books")
ITEMS = [make_item(f"b{n}", f"Book {n}") for n in range(20)]


def test_the_correlation_is_spearmans():
    assert rank_correlation([3, 2, 1], [30, 20, 10]) == pytest.approx(1.0)
    assert rank_correlation([3, 2, 1], [1, 2, 3]) == pytest.approx(-1.0)
    assert rank_correlation([1, 2, 3, 4], [1, 2, 4, 3]) == pytest.approx(0.8)
    assert rank_correlation([1, 2, 2, 3], [1, 2, 2, 3]) == pytest.approx(1.0)  # ties share ranks
    assert rank_correlation([1, 1, 1], [1, 2, 3]) == 0.0


def test_the_say_shrinks_below_the_bound_and_not_above_it():
    assert say(1 / 3, None) == 1 / 3
    assert say(1 / 3, 1.0) == say(1 / 3, ENOUGH) == 1 / 3
    assert say(1 / 3, ENOUGH / 2) == pytest.approx(1 / 6)
    assert say(1 / 3, 0.0) == say(1 / 3, -0.5) == 0.0


async def agreement_of(reply):
    """The mean over ten pools of a stub that is asked both ways round."""
    found = []
    for at in range(10):
        items = random.Random(at).sample(ITEMS, len(ITEMS))  # noqa: S311
        ranker = ModelRanker(ScriptedModel(reply=reply), prompt_tokens=4000)
        query = make_query(scene=SCENE, wish=f"wish {at}")
        first, second = [
            await ranker(query, candidates=[Candidate(item=item, features={}) for item in listed])
            for listed in (items, items[::-1])
        ]
        found.append(rank_correlation(first.scores, second.scores[::-1]))
    return float(np.mean(found))


def letters(messages):
    lines = [line.split(" ", 2) for line in messages[1].content.splitlines()]
    return {line[0]: line[2] for line in lines if len(line) == 3 and line[1] == "Book"}


def steady(messages):
    told = letters(messages)
    return orjson.dumps({"best": sorted(told, key=lambda key: int(told[key]))}).decode()


def first_letters(messages):
    return orjson.dumps({"best": [*letters(messages)][:15]}).decode()


def at_random(messages):
    chance = random.Random(messages[1].content)  # noqa: S311
    return orjson.dumps({"best": chance.sample([*letters(messages)], 15)}).decode()


def test_a_steady_model_keeps_its_say_and_one_that_goes_by_places_or_chance_loses_it():
    assert say(1 / 3, anyio.run(agreement_of, steady)) == pytest.approx(1 / 3)
    assert anyio.run(agreement_of, first_letters) < -0.5
    assert say(1 / 3, anyio.run(agreement_of, first_letters)) == 0.0
    assert abs(anyio.run(agreement_of, at_random)) < 0.2
    assert say(1 / 3, anyio.run(agreement_of, at_random)) < 0.12


def test_the_say_is_that_of_the_model_that_was_asked_twice():
    base = np.asarray([0.0, 1.0])
    scores = LanguageScores(
        scores=(1.0, -1.0), model="m", mode="listwise", prompt="p", usage=Usage(), calls=1
    )
    worth = ModelWorth(
        engine="m", model="m", prompts=("p",), scenes=("s",), items=2, cases=60, base=0.4, gain=0.1,
        low=0.01, high=0.2, weight=0.9, agreement=0.0,
    )  # fmt: skip
    joint = FixedBlend(language_weight=0.9, temperature=1.0, worth=worth)
    assert joint.joined(base, scores, scene="s", cold=False).argmax() == 1
    assert not joint.asks(base, scene="s", cold=False)
    steady = FixedBlend(language_weight=0.9, temperature=1.0, worth=replace(worth, agreement=0.9))
    assert steady.joined(base, scores, scene="s", cold=False).argmax() == 0
    with_reasons = replace(scores, prompt="p with reasons", measured_as="p")
    assert worth.covers(with_reasons, scene="s")

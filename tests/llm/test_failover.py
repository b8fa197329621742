"""Several models in a row: the next answers where one does not, and the trace says so."""

import re

import anyio
import pytest
from examples import make_item, make_query, wait

from recagent.domain import Candidate, Usage
from recagent.errors import ConfigError, ModelError
from recagent.llm.failover import FailoverRanker
from recagent.ports import LanguageScores
from recagent.ranking import ModelRanker
from recagent.testing import ScriptedModel

CANDIDATES = [Candidate(item=make_item(name), features={"fused": 1.0}) for name in ("a", "b", "c")]
QUERY = make_query()


class Slow(ModelRanker):
    """Takes its time."""

    async def __call__(self, query, *, candidates):
        await anyio.sleep(5)
        return await super().__call__(query, candidates=candidates)


def ranker(name="model", *, failures=0, kind=ModelRanker):
    return kind(ScriptedModel(name=name, failures=failures), mode="label", attempts=1)


def asked(*rankers, seconds=2.0):
    async def main():
        relay = FailoverRanker(rankers)
        await relay.start()
        with anyio.fail_after(seconds):
            return await relay(QUERY, candidates=CANDIDATES)

    return wait(main())


def test_the_first_answers_where_it_can():
    scores = asked(ranker("large"), ranker("small"))
    assert (scores.model, scores.degraded) == ("large", None)


def test_the_next_answers_where_one_fails_and_says_why():
    scores = asked(ranker("large", failures=9), ranker("middle", failures=9), ranker("small"))
    assert scores.model == "small"
    assert str(scores.degraded) == "model small: scripted failure; scripted failure"


def test_one_that_is_slow_leaves_half_of_the_time_to_the_next():
    scores = asked(ranker("large", kind=Slow), ranker("small"), seconds=0.2)
    assert scores.model == "small"
    assert re.fullmatch(r"model small: no reply within 0\.\d+ s", str(scores.degraded))
    assert re.fullmatch(r"模型 small：0\.\d+ 秒内没有回答", scores.degraded.in_language("zh"))


def test_all_reasons_are_told_where_none_answers():
    with pytest.raises(ModelError, match=r"no reply within 0\.\d+ s; scripted failure"):
        asked(ranker(kind=Slow), ranker(failures=9), seconds=0.2)


class Absent:
    """A ranker whose model cannot be had at first."""

    def __init__(self, times):
        self.times = times

    async def start(self):
        self.times -= 1
        if self.times >= 0:
            raise ModelError("not there")

    async def __call__(self, _, *, candidates):
        return LanguageScores(
            scores=(0.0,) * len(candidates), model="late", mode="label", prompt="p",
            usage=Usage(), calls=1,
        )  # fmt: skip


def test_one_that_could_not_start_is_asked_again_at_its_turn():
    assert asked(Absent(1), ranker("small")).model == "late"
    assert str(asked(Absent(2), ranker("small")).degraded) == "model small: not there"


def test_it_cannot_start_where_none_can():
    with pytest.raises(ModelError, match="not there; not there"):
        asked(Absent(1), Absent(1))


def test_a_wrong_mode_of_any_model_in_the_row_is_an_error_that_names_model_and_mode():
    labels = frozenset({"label"})
    small = ModelRanker(ScriptedModel(name="small", modes=labels), mode="likelihood")
    says = r"model 'small' cannot score by 'likelihood', only by label"
    with pytest.raises(ConfigError, match=says):
        wait(FailoverRanker([ranker("large"), small]).start())
    with pytest.raises(ConfigError, match=says):
        asked(ranker("large"), ranker("middle"), small)
    with pytest.raises(ConfigError, match=says):  # also behind one that cannot be had
        wait(FailoverRanker([Absent(1), small, ranker("last")]).start())

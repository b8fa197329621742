"""The retry budget of a request: failed calls and unusable replies of all its blocks draw on it."""

import math
from contextlib import suppress

import anyio
import pytest
from examples import make_item, make_query, wait
from hypothesis import given
from hypothesis import strategies as st

from recagent.domain import Candidate
from recagent.errors import ConfigError, ModelError, ReplyError
from recagent.llm import retry
from recagent.llm.retry import RetryBudget, RetryWindow
from recagent.ranking import ModelRanker
from recagent.testing import ScriptedModel, json_order

pytestmark = pytest.mark.usefixtures("no_wait_between_attempts")

CANDIDATES = [Candidate(item=make_item(f"b{number}"), features={}) for number in range(45)]


def rank(model, *, size=3, attempts=3):
    return wait(ModelRanker(model, attempts=attempts)(make_query(), candidates=CANDIDATES[:size]))


def only(mode, **script):
    return ScriptedModel(modes=frozenset({mode}), **script)


def test_failures_of_transport_and_of_replies_share_one_budget():
    replies = iter(["junk", json_order("CBA")])
    model = only("listwise", reply=lambda _: next(replies), failures=1)
    assert rank(model, attempts=3).calls == 3
    with pytest.raises(ReplyError):
        rank(only("listwise", reply="junk", failures=1), attempts=2)


def test_all_blocks_of_a_request_share_one_budget():
    class FailsOnceABlock(ScriptedModel):
        async def label_logprobs(self, messages, *, labels):
            self.failures = 1 if len(self.seen) % 2 == 0 else 0
            return await super().label_logprobs(messages, labels=labels)

    able = frozenset({"label"})
    assert len(rank(FailsOnceABlock(modes=able), size=45, attempts=4).scores) == 45
    model = FailsOnceABlock(modes=able)
    with pytest.raises(ModelError, match="scripted failure"):
        rank(model, size=45, attempts=3)
    assert len(model.seen) == 5  # two blocks that failed once, then one failure too many


@pytest.mark.parametrize(
    "error", [ModelError("refused", retryable=False), ConfigError("wrong"), ZeroDivisionError()]
)
def test_what_trying_again_cannot_mend_is_not_tried_again(error):
    calls = []

    async def call():
        calls.append(1)
        raise error

    with pytest.raises(type(error)):
        wait(retry.call(call, budget=RetryBudget(5, window=RetryWindow())))
    assert len(calls) == 1


@given(attempts=st.integers(1, 6), failures=st.integers(0, 8))
def test_so_many_attempts_and_no_more(attempts, failures):
    model = ScriptedModel(failures=failures)
    try:
        scores = rank(model, attempts=attempts).scores
    except ModelError:
        assert failures >= attempts
    else:
        assert failures < attempts
        assert all(map(math.isfinite, scores))
    assert len(model.seen) == min(attempts, failures + 1)


def test_a_tenth_of_the_calls_or_ten_of_them_may_be_made_again_within_a_minute():
    now = 0.0
    window = RetryWindow(clock=lambda: now)
    assert [window.may_retry() for _ in range(11)] == [True] * 10 + [False]
    for _ in range(200):
        window.count()
    assert sum(window.may_retry() for _ in range(50)) == 10  # a tenth of 200 is 20
    now = 61.0
    assert sum(window.may_retry() for _ in range(50)) == 10  # all that was has left the window


def test_when_everything_fails_requests_cost_a_tenth_more_calls_at_most():
    window, made = RetryWindow(), []

    async def call():
        made.append(1)
        raise ModelError("down", retryable=True)

    async def main():
        for _ in range(1000):
            with pytest.raises(ModelError):
                await retry.call(call, budget=RetryBudget(3, window=window))

    wait(main())
    assert 1000 < len(made) <= 1100


def asked(error, *, deadline=math.inf):
    """How many calls are made, and seconds taken, when the first one fails."""
    made = []

    async def call():
        made.append(1)
        if len(made) == 1:
            raise error
        return "answer"

    async def main():
        began = anyio.current_time()
        with anyio.fail_after(deadline), suppress(ModelError):
            await retry.call(call, budget=RetryBudget(3, window=RetryWindow()))
        return anyio.current_time() - began

    return wait(main()), len(made)


def test_what_the_server_asks_to_wait_is_waited():
    seconds, made = asked(ModelError("busy", retryable=True, retry_after=0.2))
    assert made == 2
    assert seconds >= 0.2


def test_a_wait_that_would_outlast_the_deadline_is_not_begun():
    seconds, made = asked(ModelError("busy", retryable=True, retry_after=9), deadline=5)
    assert made == 1
    assert seconds < 1


@pytest.mark.parametrize(("deadline", "calls"), [(math.inf, 2), (5, 1)])
def test_a_breakers_pause_is_waited_for_only_without_a_deadline(deadline, calls):
    assert asked(ModelError("paused", retry_after=0.1), deadline=deadline)[1] == calls

"""A server that keeps failing is left alone for a moment, then asked by one call."""

from contextlib import suppress

import anyio
import pytest

from recagent.errors import ModelError
from recagent.llm.circuit_breaker import CircuitBreaker

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def fail(breaker, *, well=False, meanwhile=lambda: True):
    try:
        with breaker.watching() as watched:
            assert meanwhile()
            if well:
                watched.well()
            raise ModelError("down")  # noqa: TRY301 - what a call does
    except ModelError as error:
        return str(error)


def is_open(breaker):
    return "gets no requests" in fail(breaker)


async def test_after_five_failures_in_a_row_it_opens_and_says_for_how_long():
    breaker = CircuitBreaker("http://a/v1", clock=Clock())
    assert [fail(breaker) for _ in range(5)] == ["down"] * 5
    with pytest.raises(ModelError, match="'http://a/v1' failed 5 times") as caught:
        breaker.watching().__enter__()
    assert caught.value.retry_after == pytest.approx(0.5)
    assert not caught.value.retryable


async def test_a_good_call_between_keeps_it_closed():
    breaker = CircuitBreaker("x", clock=Clock())
    for _ in range(4):
        fail(breaker)
    with breaker.watching():
        pass
    assert [is_open(breaker) for _ in range(4)] == [False] * 4


async def test_refusals_of_a_sound_server_do_not_count():
    breaker = CircuitBreaker("x", clock=Clock())
    assert {fail(breaker, well=True) for _ in range(20)} == {"down"}


async def test_after_the_pause_one_call_tries_and_pauses_grow_to_four_seconds():
    clock = Clock()
    breaker = CircuitBreaker("x", clock=clock)
    for _ in range(5):
        fail(breaker)
    for pause in (0.5, 1.0, 2.0, 4.0, 4.0, 4.0):
        clock.now += pause * 0.99
        assert is_open(breaker)
        clock.now += pause * 0.02
        assert fail(breaker, meanwhile=lambda: is_open(breaker)) == "down"  # others do not try
    clock.now += 4.1
    with breaker.watching():
        pass
    assert not is_open(breaker)


async def test_calls_that_a_deadline_ends_are_failures():
    breaker = CircuitBreaker("x")

    async def hang(seconds):
        with anyio.move_on_after(seconds), breaker.watching():
            await anyio.sleep(5)

    for _ in range(5):
        await hang(0.01)
    assert is_open(breaker)


async def test_a_call_that_is_given_up_says_nothing_of_the_server():
    breaker = CircuitBreaker("x", clock=Clock())
    for _ in range(4):
        fail(breaker)

    async def hang():
        with breaker.watching():
            await anyio.sleep(5)

    async with anyio.create_task_group() as group:
        group.start_soon(hang)
        await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    assert not is_open(breaker)


def waiting_time(breaker):
    with pytest.raises(ModelError) as caught:
        breaker.watching().__enter__()
    return caught.value.retry_after


async def test_calls_that_were_under_way_when_it_opened_do_not_lengthen_the_pause():
    clock, going = Clock(), anyio.Event()
    breaker = CircuitBreaker("x", clock=clock)

    async def call():
        with suppress(ModelError), breaker.watching():
            await going.wait()
            raise ModelError("down")

    async with anyio.create_task_group() as group:
        for _ in range(32):
            group.start_soon(call)
        await anyio.sleep(0.01)
        going.set()
    for pause in (0.5, 1.0, 2.0, 4.0, 4.0):  # from then on one call tries at a time
        assert waiting_time(breaker) == pytest.approx(pause)
        clock.now += pause * 1.01
        assert fail(breaker) == "down"


async def test_a_trial_that_hangs_keeps_the_others_waiting_for_the_next_pause_alone():
    clock = Clock()
    breaker = CircuitBreaker("x", clock=clock)
    for _ in range(5):
        fail(breaker)
    clock.now += 0.51
    with breaker.watching():
        assert waiting_time(breaker) == pytest.approx(1.0)

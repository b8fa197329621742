"""Slates while the model's server fails in sixteen ways: lost, wrong, late, asked too often.

    uv run python benchmarks/faults.py [--full]

The demo's people ask for slates, four at once, within a deadline of half a second. A stub in this
process is sound while the engine is tried, then fails every request in one way. A slate is good if
it holds k distinct items of its scene that the person has not seen. The outage: a steady load, a
server that answers 503 for a while (60 s in --full) and is sound again; recovery is the time until
the last slate without the model. The last line is one JSON object.

Its figures stand in docs/research/reliability.md.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus

import anyio
import numpy as np
import openai  # noqa: F401 - a server has loaded it before the first list
import orjson
from command import command
from stub import Behaviour, Stub, http, labelled, well

from recagent import bootstrap
from recagent.cli.progress import prepared_demo
from recagent.config.settings import Settings
from recagent.domain import Mode, Slate
from recagent.llm.client import Engine
from recagent.llm.retry import RetryWindow
from recagent.llm.transport import HttpWire
from recagent.pipeline import Components, Options, Pipeline
from recagent.ranking import ModelRanker

DEADLINE = 0.5  # seconds
K = 10
AT_ONCE = 4
LOAD = 20  # slates a second during the outage
SCENE = "horror"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Slates for each fault, and seconds of the outage."""

    slates: int
    outage: float


SMOKE = Size(slates=4, outage=1.0)
QUICK = Size(slates=100, outage=5.0)
FULL = Size(slates=1000, outage=60.0)


def answering(response: bytes, *, kept: bool = True) -> Behaviour:
    """Always this response; the connection is kept or closed after it."""

    async def behave(_: bytes, writer: asyncio.StreamWriter) -> bool:
        writer.write(response)
        return kept

    return behave


def status(code: HTTPStatus, more: str = "") -> Behaviour:
    """An error of the server."""
    body = b'{"error": {"message": "out of order"}}'
    return answering(http(body, status=f"{code.value} {code.phrase}", more=more))


def saying(content: object) -> Behaviour:
    """A chat reply with this text, or this JSON value as text."""
    text = content if isinstance(content, str) else orjson.dumps(content).decode()
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 250, "completion_tokens": 60}
    return answering(http(orjson.dumps({"choices": [choice], "usage": usage})))


async def reset(_: bytes, writer: asyncio.StreamWriter) -> bool:
    """Cut the connection."""
    writer.transport.abort()
    return False


async def hang(_: bytes, writer: asyncio.StreamWriter) -> bool:
    """Say nothing until the client has gone."""
    while not writer.is_closing():  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.05)
    return False


async def drip(_: bytes, writer: asyncio.StreamWriter) -> bool:
    """A good answer at a byte in 50 ms."""
    for byte in labelled(20):
        if writer.is_closing():
            return False
        writer.write(bytes([byte]))
        await asyncio.sleep(0.05)
    return True


TRUNCATED = labelled(20)[:-200]
WRONG = {"choices": [{"message": {"content": 7}, "logprobs": {"content": "many"}}], "usage": [1]}
NAN = labelled(20).replace(b'"logprob":-0.5', b'"logprob":NaN ')
FOREIGN = {"order": ["Q77", "../../etc", "<b>A</b>", "item-1", "AA"] * 4}
DOUBLE = {"order": ["A", "A", "B", "B", "B"] * 4}

FAULTS: Mapping[str, tuple[Mode, Behaviour | None]] = {
    "refused": ("label", None),
    "reset": ("label", reset),
    "hang": ("label", hang),
    "drip": ("label", drip),
    "truncated body": ("label", answering(TRUNCATED, kept=False)),
    "HTML with 200": ("label", answering(http(b"<html>Login</html>", kind="text/html"))),
    "{} with 200": ("label", answering(http(b"{}"))),
    "408": ("label", status(HTTPStatus.REQUEST_TIMEOUT)),
    "429, Retry-After 1": ("label", status(HTTPStatus.TOO_MANY_REQUESTS, "Retry-After: 1\r\n")),
    "500": ("label", status(HTTPStatus.INTERNAL_SERVER_ERROR)),
    "503": ("label", status(HTTPStatus.SERVICE_UNAVAILABLE)),
    "wrong types": ("label", answering(http(orjson.dumps(WRONG)))),
    "NaN": ("label", answering(NAN)),
    "no JSON": ("listwise", saying("I would watch A, then B.")),
    "foreign labels": ("listwise", saying(FOREIGN)),
    "duplicate labels": ("listwise", saying(DOUBLE)),
}


@dataclass(slots=True)
class Count:
    """What came of one fault's slates."""

    seconds: list[float] = field(default_factory=list)
    degraded: int = 0
    lost: int = 0
    malformed: int = 0
    foreign: int = 0
    calls: int = 0


def line_at(url: str, parts: Components, mode: Mode) -> tuple[Pipeline, Engine]:
    """The demo's line with a model of its own at ``url``, which knows of no earlier failures.

    The model is to be closed alone: store and index go on.
    """
    wire = HttpWire(base_url=url, api_key="", name="stub", concurrency=64, timeout=DEADLINE)
    engine, window = Engine(wire), RetryWindow()
    ranker = ModelRanker(engine, mode=mode, window=window)
    made = replace(parts, ranker=ranker, models=(engine,), window=window)
    return Pipeline(made, Options(deadline=DEADLINE)), engine


async def slate_for(user: str, line: Pipeline, parts: Components, count: Count) -> Slate | None:
    """One slate, timed and looked at."""
    began = time.perf_counter()
    try:
        slate = await line.recommend(user, scene=SCENE, k=K)
    except Exception as error:  # noqa: BLE001 - whatever it is, a request was lost
        print(f"lost: {error!r}")
        count.lost += 1
        return None
    count.seconds.append(time.perf_counter() - began)
    count.degraded += slate.trace.degraded is not None
    ids = [entry.item.id for entry in slate.entries]
    allowed = (await parts.index.items(SCENE)).keys() - await parts.store.seen(user)
    count.foreign += len(set(ids) - allowed)
    chances = [entry.probability for entry in slate.entries]
    whole = len(set(ids)) == K and all(0 <= chance <= 1 for chance in chances)
    count.malformed += not whole
    return slate


async def fail(
    fault: Behaviour | None, mode: Mode, parts: Components, *, users: Sequence[str]
) -> Count:
    """Slates for ``users`` while every request fails in one way; None: it is refused."""
    count = Count()
    async with Stub(well(0.0)) as stub:
        line, engine = line_at(stub.url, parts, mode)
        await line.recommend(users[0], scene=SCENE, k=K)
        before, waiting = stub.requests, iter(users)
        if fault is None:
            stub.close()
        else:
            stub.behave = fault

        async def work() -> None:
            for user in waiting:
                await slate_for(user, line, parts, count)

        async with anyio.create_task_group() as group:
            for _ in range(AT_ONCE):
                group.start_soon(work)
        count.calls = stub.requests - before
        await engine.close()
    return count


async def outage(parts: Components, seconds: float, users: Sequence[str]) -> tuple[float, Count]:
    """Seconds from the outage's end to the last slate without the model, and all slates."""
    count, last = Count(), 0.0
    async with Stub(well(0.005)) as stub:
        line, engine = line_at(stub.url, parts, "label")
        await line.recommend(users[0], scene=SCENE, k=K)
        began = time.perf_counter()
        ends = began + 1 + seconds

        async def one(user: str) -> None:
            nonlocal last
            slate = await slate_for(user, line, parts, count)
            if slate is None or slate.trace.degraded:
                last = max(last, time.perf_counter())

        async with anyio.create_task_group() as group:
            for at in range(int((1 + seconds + 6) * LOAD)):
                await anyio.sleep(max(0.0, began + at / LOAD - time.perf_counter()))
                down = 1 <= time.perf_counter() - began < 1 + seconds
                stub.behave = FAULTS["503"][1] if down else well(0.005)  # type: ignore[assignment]
                group.start_soon(one, users[at % len(users)])
        count.calls = stub.requests
        await engine.close()
    return max(0.0, last - ends), count


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    pick = parser.add_mutually_exclusive_group()
    pick.add_argument("--quick", action="store_true", help="the default: under 40 s")
    pick.add_argument("--full", action="store_true")
    options = parser.parse_args()
    size = SMOKE if options.smoke else FULL if options.full else QUICK
    anyio.run(measure, size, prepared_demo(model={"kind": "none"}))


async def measure(size: Size, settings: Settings) -> None:
    """Every fault in turn, then the outage."""
    parts = bootstrap.parts(settings)
    chance = random.Random(5)
    users = [f"u{chance.randrange(1, 1500):04}" for _ in range(size.slates)]
    counts: dict[str, Count] = {}
    print(f"{'fault':<20} {'slates':>6} {'lost':>5} {'bad':>4} {'foreign':>7} "
          f"{'degraded':>8} {'calls/slate':>11} {'p99.9 ms':>9}")  # fmt: skip
    for name, (mode, fault) in FAULTS.items():
        count = counts[name] = await fail(fault, mode, parts, users=users)
        slowest = 1000 * float(np.quantile(count.seconds, 0.999))
        print(f"{name:<20} {len(users):>6} {count.lost:>5} {count.malformed:>4} {count.foreign:>7} "
              f"{count.degraded:>8} {count.calls / len(users):>11.2f} {slowest:>9.0f}")  # fmt: skip
    recovery, load = await outage(parts, size.outage, users)
    print(f"outage of {size.outage:g} s under {LOAD} slates a second: well again after "
          f"{recovery:.1f} s; {load.lost} lost")  # fmt: skip
    await Pipeline(parts).close()
    every = [*counts.values(), load]
    seconds = np.concatenate([count.seconds for count in every])
    figures = {
        "requests": len(seconds) + sum(count.lost for count in every),
        "lost": sum(count.lost for count in every),
        "malformed": sum(count.malformed for count in every),
        "foreign_ids": sum(count.foreign for count in every),
        "p999_over_deadline_ms": round(1000 * (float(np.quantile(seconds, 0.999)) - DEADLINE), 1),
        "backend_calls_per_request_total_failure": round(
            max(count.calls for count in counts.values()) / len(users), 3
        ),
        "recovery_seconds": round(recovery, 2),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

"""Attack: clients that ask for what takes long, and leave."""

import asyncio

import pytest
from examples import wait
from serving import make_service

from recagent.chat import Words
from recagent.config.service_sections import ServerSettings
from recagent.server import resent
from recagent.server.app import create_app
from recagent.server.resent import SharedAnswers


class Endless:
    """Agents that talk until they are stopped."""

    def __init__(self):
        self.running, self.has_ended = 0, asyncio.Event()

    def agent(self, *_):
        return self

    def begin(self, *_):
        return {}

    def resume(self, *_, **__):
        return {}

    async def say(self, *_):
        self.running += 1
        try:
            while True:
                yield Words(text="and ")
                await asyncio.sleep(0.01)
        finally:
            self.has_ended.set()


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("user", ["ann", ""])
def test_a_conversation_ends_when_its_client_has_left(monkeypatch, stream, user):
    monkeypatch.setattr(resent, "GONE_FOR", 0.05)
    endless = Endless()
    app = create_app(make_service(), settings=ServerSettings(rate=0), chat=endless)
    messages = [{"role": "user", "content": "hello"}]
    body = {"model": "recagent", "user": user, "stream": stream, "messages": messages}

    async def main():
        import orjson

        sent = [{"type": "http.request", "body": orjson.dumps(body), "more_body": False}]

        async def receive():
            if sent:
                return sent.pop()
            await asyncio.sleep(0.2)
            return {"type": "http.disconnect"}

        async def send(message):
            pass

        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        scope = {
            "type": "http", "method": "POST", "path": "/v1/chat/completions", "query_string": b"",
            "headers": headers, "client": ("127.0.0.1", 1), "asgi": {"spec_version": "2.3"},
        }  # fmt: skip
        async with asyncio.timeout(10):
            await app(scope, receive, send)
            await endless.has_ended.wait()

    wait(main())
    assert endless.running == 1


def test_who_comes_again_soon_gets_the_answer_that_is_under_way(monkeypatch):
    monkeypatch.setattr(resent, "GONE_FOR", 0.1)

    async def main():
        shared, made = SharedAnswers(len), []

        async def parts():
            for part in ("a", "b", "c"):
                made.append(part)
                yield part
                await asyncio.sleep(0.05)

        first = shared.follow("key", parts(), person="ann")
        await anext(first)
        await first.aclose()
        again = [part async for part in shared.follow("key", parts(), person="ann")]
        return again, made

    again, made = wait(main())
    assert again == made == ["a", "b", "c"]


def test_a_part_of_an_answer_that_was_given_up_is_not_given_again(monkeypatch):
    monkeypatch.setattr(resent, "GONE_FOR", 0.01)

    async def main():
        shared = SharedAnswers(len)

        async def parts():
            yield "a"
            await asyncio.sleep(0.3)
            yield "b"

        first = shared.follow("key", parts(), person="ann")
        await anext(first)
        await first.aclose()
        await asyncio.sleep(0.1)
        return [part async for part in shared.follow("key", parts(), person="ann")]

    assert wait(main()) == ["a", "b"]


def test_what_is_kept_of_answers_is_bounded_in_bytes(monkeypatch):
    monkeypatch.setattr(resent, "MOST_BYTES", 1_000)

    async def main():
        shared = SharedAnswers(len)

        async def parts():
            yield "x" * 300

        for number in range(10):
            person = str(number)
            async for _ in shared.follow("key", parts(), person=person):
                pass
            await asyncio.sleep(0)
        return sum(len("".join(each.parts)) for each in shared._answers.values())

    assert 300 <= wait(main()) <= 1_000

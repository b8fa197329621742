"""The OpenAI-compatible chat: OpenAI's client and another one, the state of a talk, failures."""

import asyncio
import json
from dataclasses import replace

import httpx
import openai
import pytest
from examples import wait
from huggingface_hub import InferenceClient
from serving import make_service
from talker import Talking

from recagent.infrastructure.storage import SqlEventStore
from recagent.server.conversations import Conversations, Said
from recagent.server.service import Service
from recagent.server.signed_state import StateSigner

LOOPBACK = pytest.mark.allow_hosts(["127.0.0.1"])


def ask(client, *texts, model="recagent/books", **more):
    """An answer to the last of the texts; those before are said first, in one conversation."""
    messages, asked = [], {"model": model, "user": "new"}
    for text in texts[:-1]:
        messages.append({"role": "user", "content": text})
        answer = client.post("/v1/chat/completions", json=asked | {"messages": messages})
        messages.append(answer.json()["choices"][0]["message"])
    messages += [{"role": "user", "content": text} for text in texts[-1:]]
    return client.post("/v1/chat/completions", json=asked | {"messages": messages} | more)


def shown(answer):
    """Ids of the slate of an answer that is not streamed."""
    (slate,) = (each["shown"] for each in answer.json()["recagent"] if "shown" in each)
    return [entry["item"]["id"] for entry in slate["entries"]]


def events(answer):
    data = [line[len("data: ") :] for line in answer.text.split("\n\n") if line]
    return [each if each == "[DONE]" else json.loads(each) for each in data]


def test_models_are_recagent_and_its_scenes(client):
    listed = client.get("/v1/models").json()
    assert [model["id"] for model in listed["data"]] == [
        "recagent", "recagent/books", "recagent/films",
    ]  # fmt: skip


def test_an_answer_is_text_for_all_and_data_for_those_who_know_it(client):
    answer = ask(client, "hello")
    (choice,) = answer.json()["choices"]
    assert choice["message"]["content"].startswith("Here.")
    assert "1. **" in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"
    assert len(shown(answer)) == 5


def test_what_was_said_before_holds_though_nothing_is_stored(client, talking):
    assert "b5" in shown(ask(client, "hello"))
    assert "b5" not in shown(ask(client, "hello", "no horror"))
    assert talking.began == 1
    assert "b5" not in shown(ask(client, "hello", "no horror", "more"))


def test_what_is_not_ours_is_not_answered_again_and_that_it_is_lost_is_said(client, service):
    store = service._parts.store
    before = [
        {"role": "user", "content": "like b1"},
        {"role": "assistant", "content": "From another model:\n1. **Maps** good\n2. **Bread**"},
        {"role": "user", "content": "more"},
    ]
    answer = ask(client, "more", messages=before)
    assert (
        "I don't have what we agreed earlier" in answer.json()["choices"][0]["message"]["content"]
    )
    assert wait(store.events("new", limit=9)) == []
    assert len(store._impressions) == 1


def test_feedback_in_a_talk_changes_the_next_slate(client):
    first = shown(ask(client, "hello"))[0]
    assert first not in shown(ask(client, f"like {first}"))


def test_a_question_comes_with_its_options(client):
    answer = ask(client, "what?").json()
    assert answer["recagent"][:1] == [{"question": "Old or new?", "options": ["old", "new"]}]
    assert "- old\n- new" in answer["choices"][0]["message"]["content"]


def test_what_is_in_force_and_what_was_not_understood_is_data_beside_the_words(client):
    pieces = ask(client, "no purple", lang="zh").json()["recagent"]
    noted = pieces[0]["noted"]
    assert noted["in_force"] == ["no purple"]
    assert noted["not_understood"] == ["purple"]
    again = {"user": "new", "scene": "books", "constraints": noted["constraints"]}
    assert client.post("/v1/recommend", json=again).status_code == 200


def test_a_stream_ends_with_done_and_brings_the_usage_if_it_is_wanted(client):
    answer = ask(client, "hello", stream=True, stream_options={"include_usage": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    *chunks, usage, done = events(answer)
    assert done == "[DONE]"
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] == 0
    assert all(chunk["usage"] is None for chunk in chunks)
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert {chunk["id"] for chunk in chunks} == {usage["id"]}
    assert sum("shown" in chunk.get("recagent", {}) for chunk in chunks) == 1


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        ({"model": "gpt"}, 404, "unknown model 'gpt'; use 'recagent'"),
        ({"model": "recagent/moon"}, 404, "unknown model 'recagent/moon'"),
        ({"messages": []}, 400, "messages: "),
        (
            {"messages": [{"role": "assistant", "content": "hi"}]},
            400,
            "the last message must come from the user",
        ),
        (
            {"messages": [{"role": "user", "content": " "}]},
            400,
            "the last message must come from the user",
        ),
        ({"messages": [{"role": "user", "content": "x" * 4001}]}, 400, "a message has 4001"),
        ({"messages": [{"role": "robot", "content": "x"}]}, 400, "messages.0.role: "),
    ],
)
def test_a_bad_request_is_refused_before_anything_streams(client, more, status, said):
    for stream in (False, True):
        answer = ask(client, "hello", stream=stream, **more)
        assert answer.status_code == status
        assert said in answer.json()["error"]["message"]


def test_what_is_wrong_is_told_in_the_language_of_the_turn(client):
    answer = ask(client, "x" * 4001, lang="zh")
    assert answer.json()["error"]["message"] == "一条消息有 4001 个字符，上限是 4000 个"


def test_a_failure_in_mid_stream_is_an_error_event_without_details(client, caplog):
    *_, first, last = events(ask(client, "break", stream=True))
    assert first["choices"][0]["delta"]["content"] == "so "
    assert last["error"]["type"] == "server_error"
    assert "secret" not in str(last)
    assert "RuntimeError: secret" in caplog.text
    assert ask(client, "break").status_code == 500


@LOOPBACK
def test_openais_own_client_lists_asks_and_streams(live):
    with openai.OpenAI(base_url=f"{live}/v1", api_key="none", max_retries=0) as client:
        assert "recagent/films" in [model.id for model in client.models.list()]
        asked = {"model": "recagent/books", "user": "new"}
        messages = [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]
        whole = client.chat.completions.create(**asked, messages=messages)
        assert "Trains" in whole.choices[0].message.content
        stream = client.chat.completions.create(**asked, messages=messages, stream=True)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
        assert text.strip() == whole.choices[0].message.content
        with pytest.raises(openai.NotFoundError, match="unknown model 'gpt'"):
            client.chat.completions.create(model="gpt", messages=messages)
        broken = [{"role": "user", "content": "break"}]
        with pytest.raises(openai.APIError, match="unexpected"):
            list(client.chat.completions.create(**asked, messages=broken, stream=True))


@LOOPBACK
def test_another_chat_client_works_too(live):
    with InferenceClient(base_url=f"{live}/v1", api_key="none") as client:
        messages = [{"role": "user", "content": "hello"}]
        whole = client.chat_completion(messages, model="recagent/books")
        assert "Trains" in whole.choices[0].message.content
        stream = client.chat_completion(messages, model="recagent/books", stream=True)
        assert "Trains" in "".join(chunk.choices[0].delta.content or "" for chunk in stream)


@LOOPBACK
def test_a_stream_says_that_the_turn_is_read_before_a_model_answers(live, talking):
    request = {
        "model": "recagent/books", "user": "ann", "stream": True,
        "messages": [{"role": "user", "content": "slow"}],
    }  # fmt: skip
    with httpx.stream("POST", f"{live}/v1/chat/completions", json=request) as answer:
        lines = (line for line in answer.iter_lines() if line)
        before = [json.loads(next(lines).removeprefix("data: ")) for _ in range(2)]
        assert not talking.released.is_set()
        talking.released.set()
        after = list(lines)
    assert before[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert before[1]["choices"][0]["delta"] == {}
    assert before[1]["recagent"] == {"status": "reading"}
    assert any("Here." in line for line in after)
    assert after[-1] == "data: [DONE]"


@LOOPBACK
def test_a_client_that_goes_away_in_mid_stream_loses_nothing_that_was_stored(live):
    request = {
        "model": "recagent/books", "user": "gone", "stream": True,
        "messages": [{"role": "user", "content": "like b1"}],
    }  # fmt: skip
    with httpx.stream("POST", f"{live}/v1/chat/completions", json=request) as answer:
        next(answer.iter_bytes())
    stored = httpx.get(f"{live}/v1/profile", params={"user": "gone"}).json()["events"]
    assert [event["item_id"] for event in stored] == ["b1"]
    assert httpx.get(f"{live}/readyz").status_code == 200


@pytest.mark.parametrize("name", ["recagent", "recagent/books", "recagent%2Ffilms"])
def test_one_model_is_told_by_its_name(client, name):
    found = client.get(f"/v1/models/{name}")
    assert found.status_code == 200
    assert found.json() == {
        "id": name.replace("%2F", "/"), "object": "model", "created": 0, "owned_by": "recagent",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["gpt-4", "recagent/moon", "recagent/", "推荐"])
def test_a_model_that_there_is_not_is_404(client, name):
    answer = client.get(f"/v1/models/{name}")
    assert answer.status_code == 404
    assert f"unknown model {name!r}" in answer.json()["error"]["message"]


@pytest.mark.parametrize("role", ["system", "developer"])
@pytest.mark.parametrize("text", ["Be brief.", "请用中文回答。", ""])
def test_instructions_may_come_last_and_change_nothing(client, role, text):
    plain = ask(client, "hello", "no horror")
    turns = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "Here."},
        {"role": "user", "content": "no horror"},
        {"role": role, "content": text},
    ]
    answer = ask(client, messages=turns)
    assert answer.status_code == 200
    assert shown(answer) == shown(plain)
    alone = ask(client, messages=[{"role": role, "content": text}])
    assert alone.status_code == 400


def conversations(service):
    return Conversations(service, Talking(), StateSigner("key"))


async def say(talks, text, user="new"):
    """A turn that is answered whole."""
    said = Said(user=user, scene="books", text=text)
    return [piece async for piece in talks.answer(said, lang="en")]


@pytest.fixture
def shared(tmp_path):
    """A service on a store's file, and another process's store on the same file."""
    url = f"sqlite:///{tmp_path / 'events.db'}"
    service = make_service()
    stores = SqlEventStore(url), SqlEventStore(url)
    parts = replace(service._parts, store=stores[0])
    yield Service(parts, service._options), stores[1]
    for store in stores:
        wait(store.close())


def held(talks):
    """What the server has in memory of answers."""
    return repr(vars(talks._shared))


def test_a_person_who_is_forgotten_by_another_process_leaves_the_answers_in_memory(shared):
    service, elsewhere = shared

    async def main():
        talks = conversations(service)
        await say(talks, "no dragons")
        await say(talks, "no 恐怖", user="bob")
        before = held(talks)
        await elsewhere.forget("new")
        await service.check_forgotten()
        return before, held(talks)

    before, after = wait(main())
    assert "no dragons" in before
    assert "no 恐怖" in before
    assert "dragons" not in after
    assert "恐怖" not in after  # whose ids are one person's is known to the store alone


def test_an_answer_to_a_person_who_is_forgotten_meanwhile_is_not_kept(shared):
    service, elsewhere = shared

    async def main():
        talks = conversations(service)
        said = Said(user="new", scene="books", text="no dragons")
        pieces = talks.answer(said, lang="en")
        await anext(pieces)
        await elsewhere.forget("new")
        async for _ in pieces:
            pass
        return held(talks)

    assert "dragons" not in wait(main())


def test_a_server_that_nobody_asks_notices_that_a_person_was_forgotten(shared, monkeypatch):
    service, elsewhere = shared
    monkeypatch.setattr("recagent.server.service._CHECK_EVERY", 0.01)

    async def main():
        talks = conversations(service)
        await say(talks, "no dragons")
        watching = asyncio.create_task(service.watch_forgotten())
        noticed = asyncio.Event()
        service.on_forgotten(noticed.set)
        await elsewhere.forget("new")
        async with asyncio.timeout(10):
            await noticed.wait()
        watching.cancel()
        return held(talks)

    assert "dragons" not in wait(main())

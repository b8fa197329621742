"""Attack: one small request that takes minutes, so that the server answers nobody else."""

import threading
import time

import pytest

from recagent.server.client_tasks import client_task
from recagent.server.openai_messages import person_words
from recagent.server.signed_state import parted

BAN = {"attribute": "", "operator": "does not mention", "value": "sea"}


def conditions(*values):
    return [{**BAN, "value": value} for value in values]


@pytest.mark.parametrize("field", ["constraints", "preferences"])
@pytest.mark.parametrize(
    "wanted",
    [
        conditions(*(f"v{number}" for number in range(51))),
        conditions([f"v{number}" for number in range(201)]),
        conditions(*([f"v{number}" for number in range(50)],) * 5),
        conditions("sea " * 200),
        [{**BAN, "attribute": "a" * 501}],
        [{**BAN, "words": "a" * 501}],
    ],
    ids=["conditions", "values of one", "values of all", "a value", "a name", "words"],
)
@pytest.mark.parametrize("path", ["recommend", "explain", "question"])
def test_conditions_are_bounded_in_number_values_and_length(client, path, field, wanted):
    body = {"scene": "books", field: wanted}
    body |= {"item": "b1"} if path != "recommend" else {}
    body |= {"about": "what if"} if path == "question" else {}
    refused = client.post(f"/v1/{path}", json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "invalid_value"


def test_as_many_conditions_as_people_have_are_kept(client):
    wanted = conditions(*(f"v{number}" for number in range(50)))
    slate = client.post("/v1/recommend", json={"scene": "books", "constraints": wanted})
    assert slate.status_code == 200
    assert len(slate.json()["entries"]) == 5


def test_conditions_are_compared_beside_the_event_loop(client, monkeypatch):
    threads = set()

    def breaking(*_):
        threads.add(threading.current_thread().name)
        return frozenset()

    monkeypatch.setattr("recagent.scenes.rules.catalogue.SceneCatalogue.breaking", breaking)
    wanted = conditions("dragons")
    body = {"scene": "books", "constraints": wanted, "preferences": wanted}
    assert client.post("/v1/recommend", json=body).status_code == 200
    assert threads
    assert all("AnyIO worker thread" in name for name in threads)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (client_task, "title " * 300_000),
        (client_task, "emoji " * 300_000),
        (client_task, 'query: "' * 200_000),
        (client_task, "new lines:\n" * 200_000),
        (client_task, "<chat_history>" * 100_000),
        (client_task, "emoji\n" + "\n" * 1_000_000),
        (person_words, "### Task:" + "<user_query>" * 150_000),
        (parted, "\n" * 1_000_000),
        (parted, "[recagent]: <#" * 100_000),
    ],
    ids=[
        "titles", "emojis", "queries", "summaries", "quotes", "lines", "queries of documents",
        "line breaks", "states",
    ],
)  # fmt: skip
def test_a_message_is_read_in_time_that_grows_with_its_length_alone(read, text):
    def seconds(text):
        began = time.thread_time()
        read([("user", text)] if read is client_task else text)
        return time.thread_time() - began

    half, whole = seconds(text[: len(text) // 2]), seconds(text)
    assert whole < 3 * half + 0.2  # twice the time, where four times would be the square
    assert whole < 2.0


def test_a_talk_of_more_messages_than_a_person_writes_is_refused(client):
    talk = [{"role": "user", "content": "hello"}] * 5_001
    refused = client.post("/v1/chat/completions", json={"model": "recagent", "messages": talk})
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "messages"


def test_of_a_long_talk_the_newest_turns_count(client):
    turns = [{"role": "user", "content": "no trains"}, {"role": "assistant", "content": "OK."}]
    said = {"role": "user", "content": "hello"}
    body = {"model": "recagent/books", "user": "new", "messages": [*turns * 2_000, said]}
    answer = client.post("/v1/chat/completions", json=body | {"recagent": {}})
    assert answer.status_code == 200


def test_a_state_that_is_too_long_to_be_one_is_refused(client):
    body = {"model": "recagent", "messages": [{"role": "user", "content": "hello"}]}
    refused = client.post(
        "/v1/chat/completions", json=body | {"recagent": {"state": "x" * 1_000_001}}
    )
    assert refused.status_code == 400

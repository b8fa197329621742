"""What chat programs and people send first, as they send it; and talks that go on."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from examples import wait
from markdown_it import MarkdownIt
from serving import make_service
from starlette.testclient import TestClient

from recagent.config.service_sections import ServerSettings
from recagent.server.app import create_app
from recagent.server.chat_backend import RecagentChat
from recagent.server.signed_state import StateSigner

REQUESTS = json.loads(Path(__file__).with_name("client_requests.json").read_text("utf-8"))
KEPT = ServerSettings(rate=0, state_key="a key")


def spread(messages):
    """The messages of a request, long ones written out."""
    if isinstance(messages, dict):
        many = range(messages["times"])
        said = [{"role": ("user", "assistant")[at % 2], "content": f"message {at}"} for at in many]
        return said + messages["then"]
    if isinstance(messages, str):
        return messages
    for each in messages:
        if isinstance(each["content"], dict):
            each["content"] = each["content"]["letter"] * each["content"]["times"]
    return messages


def served(service, **more):
    """A client of a server over the service, with the real agent."""
    app = create_app(service, settings=KEPT.model_copy(update=more), chat=RecagentChat())
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)


@pytest.fixture
def server(service):
    with served(service) as client:
        yield client


def post(server, *messages, **more):
    """The answer to messages."""
    body = {"model": "recagent/books", "messages": list(messages)} | more
    # As json.dumps writes it: half of a surrogate pair is sent as an escape.
    return server.post(
        "/v1/chat/completions",
        content=json.dumps(body),
        headers={"content-type": "application/json"},
    )


def user(text):
    return {"role": "user", "content": text}


def reply(answer):
    """The message of an answer."""
    assert answer.status_code == 200, answer.text
    return answer.json()["choices"][0]["message"]


def data(answer, name):
    """What an answer has of a name beside the text."""
    return next((each[name] for each in answer.json()["recagent"] if name in each), None)


def ids(answer):
    """Ids of the list of an answer."""
    return [entry["item"]["id"] for entry in data(answer, "shown")["entries"]]


def top(message):
    """The title at the head of a message's list."""
    return message["content"].partition("1. **")[2].partition("**")[0]


def text_of(answer):
    """The text of an answer, streamed or not."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return answer.json()["choices"][0]["message"]["content"]
    lines = [line[len("data: ") :] for line in answer.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    assert all("error" not in chunk for chunk in chunks)
    return "".join(each["delta"].get("content") or "" for c in chunks for each in c["choices"])


def stored(service):
    """All that is stored of people: events, impressions, declarations."""
    store = service._parts.store
    return store._events.copy(), store._impressions.copy(), store._users.copy()


@pytest.mark.parametrize("asked", REQUESTS, ids=[f"{r['client']}: {r['name']}" for r in REQUESTS])
def test_what_clients_send_is_answered_or_the_fault_is_named(server, service, asked):
    before, want = stored(service), asked["want"]
    body = asked["body"] | {"messages": spread(asked["body"]["messages"])}
    answer = server.post(
        "/v1/chat/completions",
        content=json.dumps(body),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == want["status"], answer.text
    if want["status"] != 200:
        assert want["says"] in answer.json()["error"]["message"]
        assert stored(service) == before
        return
    text = text_of(answer)
    assert want.get("says", "") in text
    if "json" in want:
        assert json.loads(text) == want["json"]
    if "keys" in want:
        assert list(json.loads(text)) == want["keys"]
    if "text" in want:
        assert text == want["text"]
    if want.get("listed"):
        assert "1. **" in text
    if want.get("stored") is False:
        assert "[recagent]:" not in text
    nobody = body.get("user") in (None, "", "anonymous")
    if nobody or want.get("stored") is False:
        assert stored(service) == before


def test_the_questions_that_are_proposed_next_are_understood(server):
    asked = next(each for each in REQUESTS if each["name"] == "follow-up questions")
    first = user("something about travel")
    shown = reply(post(server, first))
    for question in json.loads(text_of(post(server, *asked["body"]["messages"])))["follow_ups"]:
        answer = text_of(post(server, first, shown, user(question)))
        assert "Trains" in answer or "Maps" in answer or "Bread" in answer, (question, answer)


NOBODY = [None, "", " ", "anonymous", "Guest", "null", "undefined"]


@pytest.mark.parametrize("name", NOBODY)
def test_of_a_person_without_an_id_nothing_is_stored_or_known_on_any_face(server, service, name):
    event, store = wait(service.pipeline().record("x1", "b1")), service._parts.store
    if name:  # as older versions stored what guests did
        wait(store.add_events([replace(event, user_id=name)]))
    before = stored(service)
    asked = {"scene": "books"} | ({"user": name} if name is not None else {})
    listed = server.post("/v1/recommend", json=asked)
    assert listed.status_code == 200, listed.text
    assert listed.json()["user"] == ""
    assert listed.json()["trace"]["cold"] == "fully"
    assert server.post("/v1/explain", json=asked | {"item": "b1"}).status_code == 200
    question = asked | {"item": "b1", "about": "why not"}
    assert server.post("/v1/question", json=question).status_code == 200
    refused = server.post("/v1/feedback", json=asked | {"item": "b1"})
    assert refused.status_code == 400
    assert "user" in refused.json()["error"]["message"]
    answer = post(server, user("I like Bread"), user=name)
    assert "Bread" in reply(answer)["content"]
    assert stored(service) == before


def test_two_people_without_an_id_have_nothing_of_each_other(server):
    first = post(server, user("no horror"))
    post(server, user("no horror"), reply(first), user("I like Bread"))
    second = post(server, user("no horror"))
    assert ids(second) == ids(first)
    assert "b5" in ids(post(server, user("recommend something")))


def test_what_a_person_without_an_id_likes_counts_in_their_talk_and_not_beyond_it(server):
    talk = [user("recommend something")]
    talk.append(reply(post(server, *talk)))
    talk.append(user("I like Maps"))
    liked = post(server, *talk)
    talk += [reply(liked), user("more")]
    after = post(server, *talk)
    assert "b4" not in ids(after)
    assert "visitor" not in liked.text
    assert "b4" in ids(post(server, user("recommend something")))


@pytest.mark.parametrize("name", ["ann", None])
@pytest.mark.parametrize("beside", [False, True])
def test_a_talk_goes_on_after_the_server_was_killed(service, name, beside):
    """By a client that sends its messages alone, and by one that keeps the state beside them."""
    more = {"user": name} | ({"recagent": {}} if beside else {})
    with served(service) as client:
        said = user("no horror")
        first = post(client, said, **more)
    before = len(service._parts.store._events)
    if beside:
        more["recagent"] = {"state": data(first, "state")}
        assert "[recagent]:" not in reply(first)["content"]
    with served(make_service()) as client:  # another process, as far as memory goes
        answer = post(client, said, reply(first), user("recommend something"), **more)
        why = post(client, said, reply(first), user("why the first?"), **more)
    assert "b5" not in ids(answer)
    title = data(first, "shown")["entries"][0]["item"]["title"]
    assert title in reply(why)["content"]
    assert "don't have" not in reply(answer)["content"]
    assert len(service._parts.store._events) == before


@pytest.mark.parametrize("change", ["another key", "another person", "broken"])
def test_a_state_that_is_not_of_this_server_and_person_is_lost_and_that_is_said(service, change):
    with served(service) as client:
        talk = [user("no horror"), reply(post(client, user("no horror"), user="ann"))]
    if change == "broken":
        talk[1]["content"] = talk[1]["content"][:-4] + "AAA>"
    key = {"state_key": ServerSettings(state_key="b").state_key} if change == "another key" else {}
    with served(service, **key) as client:
        name = "eve" if change == "another person" else "ann"
        answer = post(client, *talk, user("why the first?"), user=name)
    content = reply(answer)["content"]
    assert content.startswith("I don't have what we agreed earlier")
    # The list is read from the text that the client shows.
    assert top(talk[1]) in content


def test_a_forked_talk_goes_on_from_the_list_that_was_seen_there(server):
    start = user("recommend something")
    first = reply(post(server, start, user="ann"))
    other = reply(post(server, start, first, user("no cooking, no horror"), user="ann"))
    seen, later = top(first), top(other)
    assert seen != later
    # Back to the first list, and on from there in other words: without what was said meanwhile.
    forked = post(server, start, first, user("why the first?"), user="ann")
    assert seen in reply(forked)["content"]
    assert "b5" in ids(post(server, start, first, user("recommend something"), user="ann"))
    on = post(server, start, first, user("no cooking"), other, user("why the first?"), user="ann")
    assert later in reply(on)["content"]
    assert reply(post(server, start, user="ann"))["content"].startswith(first["content"][:20])


def test_a_client_that_keeps_the_state_may_send_the_last_message_alone(server):
    more, said = {"recagent": {}}, user("no horror")
    for text in ("recommend something", "why the first?", "recommend something"):
        answer = post(server, said, **more)
        more, said = {"recagent": {"state": data(answer, "state")}}, user(text)
    assert "b5" not in ids(post(server, said, **more))


def test_a_visitor_who_is_forgotten_leaves_nothing_in_the_state(service):
    class Forgetting(RecagentChat):
        """Forgets the person where they say so, as an agent may."""

        def agent(self, pipeline, lang):
            agent = super().agent(pipeline, lang)

            class Talker:
                async def say(self, conversation, text):
                    if text == "forget me":
                        await pipeline.people.forget(conversation.user_id)
                        return
                    async for part in agent.say(conversation, text):
                        yield part

            return Talker()

    app = create_app(service, settings=KEPT, chat=Forgetting())
    with TestClient(app, base_url="http://localhost") as client:
        state = ""
        for text, expected in (("I like Maps", True), ("hello", True), ("forget me", False)):
            answer = post(client, user(text), recagent={"state": state})
            state = data(answer, "state")
            assert ("visitor" in StateSigner("a key").opened(state, person="")) is expected


def test_old_messages_may_be_left_out_or_cut(server):
    talk = [user("no horror")]
    talk.append(reply(post(server, *talk, user="ann")))
    answer = post(server, talk[1], user("recommend something"), user="ann")
    assert "b5" not in ids(answer)


def test_after_an_answer_that_was_stopped_it_says_what_it_goes_on_from(server):
    talk = [user("no horror")]
    talk.append(reply(post(server, *talk)))
    talk += [user("no cooking"), {"role": "assistant", "content": "From now on: no c"}]
    answer = post(server, *talk, user("recommend something"))
    assert reply(answer)["content"].startswith("Your message before this one was not answered")
    assert "b5" not in ids(answer)
    # A list that was seen before it was stopped is what the person speaks of.
    talk[-1]["content"] = "From now on: no cooking.\n1. **Maps** good\n2. **Tra"
    assert "Maps" in reply(post(server, *talk, user("why the first?")))["content"]
    on = [*talk, user("why the first?"), reply(post(server, *talk, user("why the first?")))]
    assert "not answered" not in reply(post(server, *on, user("more")))["content"]


def test_documents_around_a_question_are_not_what_a_person_says(server):
    documents = "<context>\n<source id='1'>" + "All about horror. " * 500 + "</source>\n</context>"
    for asked in (
        f"### Task:\nAnswer from the context.\n\n{documents}\n\nno horror",
        f"### Task:\nAnswer.\n\n{documents}\n\n<user_query>\nno horror\n</user_query>\n",
    ):
        answer = post(server, user(asked))
        assert "b5" not in ids(answer)
        assert data(answer, "noted")["in_force"] == ["no horror"]


@pytest.mark.parametrize("apart", ["one after the other", "at once", "after a restart"])
def test_three_identical_posts_store_one_event(service, apart):
    body = {"model": "recagent/books", "user": "new", "messages": [user("I like Bread")]}
    if apart == "at once":

        async def together():
            app = create_app(service, settings=KEPT, chat=RecagentChat())
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app), base_url="http://localhost"
                ) as client,
            ):
                posts = [client.post("/v1/chat/completions", json=body) for _ in range(3)]
                return await asyncio.gather(*posts)

        answers = wait(together())
    elif apart == "after a restart":
        answers = []
        for _ in range(3):
            with served(service) as client:
                answers.append(client.post("/v1/chat/completions", json=body))
    else:
        with served(service) as client:
            answers = [client.post("/v1/chat/completions", json=body) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    events = [e for e in service._parts.store._events.values() if e.user_id == "new"]
    assert [(event.item_id, event.kind) for event in events] == [("b2", "like")]
    if apart != "after a restart":
        assert len({reply(answer)["content"] for answer in answers}) == 1


def test_a_list_that_is_asked_for_twice_is_stored_once_until_something_was_said_of_it(server):
    first = post(server, user("recommend something"), user="new")
    again = post(server, user("recommend something"), user="new")
    assert data(first, "shown")["trace"]["id"] == data(again, "shown")["trace"]["id"]
    liked = {
        "user": "new",
        "item": ids(first)[0],
        "impression": data(first, "shown")["trace"]["id"],
    }
    for _ in range(3):
        assert server.post("/v1/feedback", json=liked).status_code == 201
    assert len(server.get("/v1/profile", params={"user": "new"}).json()["events"]) == 1
    assert ids(first)[0] not in ids(post(server, user("recommend something"), user="new"))


def test_the_person_may_be_named_by_the_header_that_open_webui_forwards(server):
    headers = {"X-OpenWebUI-User-Id": "new"}
    body = {"model": "recagent/books", "messages": [user("I like Bread")]}
    assert server.post("/v1/chat/completions", json=body, headers=headers).status_code == 200
    events = server.get("/v1/profile", params={"user": "new"}).json()["events"]
    assert [event["item_id"] for event in events] == ["b2"]


def test_another_model_of_the_list_moves_the_talk_to_its_scene(server):
    first = reply(post(server, user("recommend something"), user="ann"))
    said = [user("recommend something"), first, user("recommend something")]
    there = post(server, *said, user="ann", model="recagent/films")
    assert data(there, "shown")["scene"] == "films"


def test_the_state_is_not_seen_in_markdown(server):
    content = reply(post(server, user("recommend something")))["content"]
    assert "\n\n[recagent]: <#" in content
    assert "recagent" not in MarkdownIt().render(content)


def test_sentences_of_an_answer_do_not_run_together(server):
    for lang, joined in (("en", r"[.!?][A-Z“]"), ("zh", r"[。！？] ")):
        content = reply(post(server, user("horror, not too old"), lang=lang))["content"]
        assert not re.search(joined, content.partition("1. **")[0]), content


def test_a_photo_of_a_phone_is_not_too_large(server):
    photo = {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64," + "A" * 5_000_000}}
    asked = {"role": "user", "content": [{"type": "text", "text": "something like this"}, photo]}
    assert "only text" in reply(post(server, asked))["content"]


def test_a_long_talk_stays_small_enough_to_be_sent_again(server):
    talk = []
    for at in range(40):
        talk.append(user("more" if at % 2 else "no horror"))
        talk.append(reply(post(server, *talk, user="ann")))
    states = [each["content"].partition("[recagent]:")[2] for each in talk[1::2]]
    assert max(map(len, states)) < 3000, list(map(len, states))

"""``recagent serve`` and ``recagent mcp`` as commands: what they refuse, and a real process."""

import json
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx
import openai
import pytest

import recagent.server

LOOPBACK = pytest.mark.allow_hosts(["127.0.0.1"])


@contextmanager
def serving(folder):
    """A server's process in a folder, and its base URL."""
    command = [sys.executable, "-m", "recagent", "serve", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process, process.stdout.readline().split()[0]
    finally:
        process.kill()
        process.communicate(timeout=30)


@pytest.fixture
def served(shop):
    with serving(shop) as started:
        yield started


@pytest.mark.slow
@LOOPBACK
def test_a_process_serves_until_it_is_interrupted_and_keeps_what_was_stored(served, recagent):
    process, url = served
    assert httpx.get(f"{url}/readyz", timeout=30).status_code == 200
    assert "<title>recagent</title>" in httpx.get(f"{url}/").text
    slate = httpx.post(f"{url}/v1/recommend", json={"user": "ana", "scene": "books"}).json()
    assert [entry["item"]["title"] for entry in slate["entries"]] == ["Bread"]
    said = {"user": "ana", "item": "b2", "impression": slate["trace"]["id"]}
    assert httpx.post(f"{url}/v1/feedback", json=said).status_code == 201
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert "Traceback" not in process.stderr.read()
    assert '"item_id": "b2"' in recagent("events", "list", "ana", "--json").stdout


@pytest.mark.slow
@LOOPBACK
@pytest.mark.parametrize("person", [{"user": "eva"}, {}])
def test_a_server_is_killed_in_the_middle_of_a_talk_and_the_talk_goes_on(shop, recagent, person):
    """With OpenAI's client, which sends its messages and knows of no state."""
    messages = []

    def stream(url, text):
        """Pieces of the answer as they come; what came is in the messages at the end."""
        messages.append({"role": "user", "content": text})
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            asked = {"model": "recagent/books", "messages": messages, "stream": True}
            for chunk in client.chat.completions.create(**asked, **person):
                yield chunk.choices[0].delta.content or ""

    with serving(shop) as (process, url):
        messages.append({"role": "assistant", "content": "".join(stream(url, "no cooking"))})
        assert "Trains" in messages[-1]["content"]
        assert next(stream(url, "I like the first")) is not None
        process.kill()  # in the middle of an answer, which the client never sees whole
        process.wait(timeout=30)
    messages.pop()
    with serving(shop) as (_, url):
        answer = "".join(stream(url, "I like the first"))
        messages.append({"role": "assistant", "content": answer})
        in_force = "".join(stream(url, "list"))
    assert "Trains" in answer
    assert "no cooking" in in_force
    assert "don't have what we agreed" not in answer + in_force
    events = json.loads(recagent("events", "list", "eva", "--json").stdout)
    assert [event["item_id"] for event in events] == (["b1"] if person else [])


@pytest.mark.usefixtures("shop")
def test_others_are_not_let_in_without_keys(recagent):
    done = recagent("serve", "--host", "shop.example", "--lang", "zh")
    assert done.returncode != 0
    assert "请设置 RECAGENT_SERVER__KEYS" in done.stderr


@LOOPBACK
@pytest.mark.usefixtures("shop")
def test_a_port_that_is_taken_is_told(recagent):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = recagent("serve", "--port", port)
    assert done.returncode != 0
    assert f"port {port}: Address already in use; choose another with --port" in done.stderr


@LOOPBACK
def test_without_an_index_neither_begins(recagent):
    for command in ("serve", "mcp"):
        done = recagent(command)
        assert done.returncode != 0
        assert "no scene is indexed; run 'recagent index'" in done.stderr


@pytest.mark.parametrize("command", ["serve", "mcp"])
def test_without_the_extra_it_says_what_to_install(recagent, monkeypatch, command):
    monkeypatch.setattr("recagent.server._LIBRARIES", ("not_there",))
    done = recagent(command)
    assert done.returncode != 0
    assert "'not_there' is not installed; run: pip install 'recagent[server]'" in done.stderr


def test_help_of_the_commands_loads_no_server_library():
    script = "import sys; from recagent.cli.app import app; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not set(recagent.server._LIBRARIES) & set(done.stdout.split())

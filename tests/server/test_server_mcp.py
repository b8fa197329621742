"""An MCP client lists the tools and calls them: in memory, over HTTP, over standard input."""

import sys

import anyio
import httpx
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from recagent.server.mcp_tools import mcp_server

TOOLS = {"list_scenes", "recommend", "explain", "question", "record_feedback", "profile"}


async def walk(client, *, user="ann", scene="films"):
    """The tools' names, then a slate before and after feedback on its first item."""
    names = {tool.name for tool in (await client.list_tools()).tools}
    slate = (await client.call_tool("recommend", {"user": user, "scene": scene})).structured_content
    first = slate["entries"][0]["item"]["id"]
    why = await client.call_tool("explain", {"user": user, "item": first, "lang": "zh"})
    assert why.structured_content["item"]["id"] == first
    said = {"user": user, "item": first, "kind": "dislike", "impression": slate["trace"]["id"]}
    stored = await client.call_tool("record_feedback", said)
    assert stored.structured_content["kind"] == "dislike"
    after = (await client.call_tool("recommend", {"user": user, "scene": scene})).structured_content
    assert first not in [entry["item"]["id"] for entry in after["entries"]]
    return names


async def refusals(client):
    """What bad calls are told."""
    for tool, arguments in (
        ("recommend", {"user": "ann", "scene": "moon"}),
        ("record_feedback", {"user": "anonymous", "item": "b1"}),
        ("recommend", {"user": "ann", "k": 0}),
    ):
        answer = await client.call_tool(tool, arguments)
        assert answer.is_error
        yield answer.content[0].text


def test_the_tools_are_listed_and_called(service):
    async def run():
        async with Client(mcp_server(service)) as client:
            assert await walk(client) == TOOLS
            said = [text async for text in refusals(client)]
            asked = {"user": "ann", "scene": "moon", "lang": "zh"}
            chinese = (await client.call_tool("recommend", asked)).content[0].text
        assert "未知场景 'moon'；已建立索引的场景：books, films" in chinese
        assert "unknown scene 'moon'; indexed scenes: books, films" in said[0]
        assert "'anonymous' is nobody in particular, so nothing is stored" in said[1]
        assert "greater than or equal to 1" in said[2]
        assert not any("Traceback" in text for text in said)

    anyio.run(run)


def test_without_a_user_a_tool_answers_for_somebody_new_and_stores_nothing(service):
    store = service._parts.store

    async def run():
        async with Client(mcp_server(service)) as client:
            for user in ({}, {"user": None}, {"user": ""}, {"user": "anonymous"}):
                slate = await client.call_tool("recommend", {"scene": "books"} | user)
                assert slate.structured_content["trace"]["cold"] == "fully"
                assert not (await client.call_tool("explain", {"item": "b1"} | user)).is_error
                asked = {"item": "b1", "about": "why not"} | user
                assert not (await client.call_tool("question", asked)).is_error
        assert store._impressions == {}

    anyio.run(run)


def test_a_wish_leads_and_that_nothing_matches_is_said(service):
    async def run():
        async with Client(mcp_server(service)) as client:
            found = []
            for wish in ("maps", "a ladder"):
                asked = {"user": "ann", "scene": "books", "wish": wish}
                found.append((await client.call_tool("recommend", asked)).structured_content)
        assert found[0]["entries"][0]["item"]["title"] == "Maps"
        assert found[1]["wish_note"].startswith("Nothing in Books matches “a ladder”")

    anyio.run(run)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_they_are_there_over_http(live):
    async def run():
        async with Client(f"{live}/mcp/") as client:
            assert await walk(client) == TOOLS

    anyio.run(run)


@pytest.mark.slow
def test_they_are_there_over_standard_input(shop):
    async def run():
        program = StdioServerParameters(
            command=sys.executable, args=["-m", "recagent", "mcp"], cwd=str(shop)
        )
        async with Client(stdio_client(program)) as client:
            assert await walk(client, user="new", scene="books") == TOOLS

    anyio.run(run)


@pytest.mark.parametrize("blank", [None, ""])
def test_what_is_left_blank_is_as_if_it_were_not_there(service, blank):
    optional = {
        "recommend": {"user": "ann", "scene": blank, "k": blank, "wish": blank, "lang": blank},
        "explain": {"user": "ann", "item": "b3", "scene": blank, "lang": blank},
        "question": {
            "user": "ann", "item": "b3", "about": "why not", "versus": blank, "scene": blank,
            "lang": blank,
        },
        "record_feedback": {
            "user": "eva", "item": "b3", "kind": blank, "value": blank, "impression": blank,
        },
        "list_scenes": {"lang": blank},
        "profile": {"user": "ann", "lang": blank},
    }  # fmt: skip

    async def run():
        async with Client(mcp_server(service)) as client:
            for tool, given in optional.items():
                answer = await client.call_tool(tool, given)
                assert not answer.is_error, answer.content[0].text
                if tool == "recommend":
                    plain = await client.call_tool(tool, {"user": "ann"})
                    lists = (each.structured_content["entries"] for each in (answer, plain))
                    blank_ids, ids = ([each["item"]["id"] for each in list_] for list_ in lists)
                    assert blank_ids == ids
                if tool == "record_feedback":
                    assert answer.structured_content["kind"] == "like"

    anyio.run(run)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_post_without_the_slash_is_answered_and_not_sent_elsewhere(live):
    hello = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        },
    }  # fmt: skip
    accepted = {"Accept": "application/json, text/event-stream"}
    answer = httpx.post(f"{live}/mcp", json=hello, headers=accepted, follow_redirects=False)
    assert answer.status_code == 200
    assert answer.json()["result"]["serverInfo"]["name"] == "recagent"

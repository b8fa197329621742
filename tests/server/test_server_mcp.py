"""An MCP client lists the tools and calls them: in memory, over HTTP, over standard input."""

import sys

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from recagent.server.tools import mcp_server

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
    for arguments in ({"user": "ann", "scene": "moon"}, {"user": ""}, {"user": "ann", "k": 0}):
        answer = await client.call_tool("recommend", arguments)
        assert answer.is_error
        yield answer.content[0].text


def test_the_tools_are_listed_and_called(service):
    async def run():
        async with Client(mcp_server(service)) as client:
            assert await walk(client) == TOOLS
            said = [text async for text in refusals(client)]
        assert "unknown scene 'moon'; indexed are books, films" in said[0]
        assert "at least 1 character" in said[1]
        assert "greater than or equal to 1" in said[2]
        assert not any("Traceback" in text for text in said)

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

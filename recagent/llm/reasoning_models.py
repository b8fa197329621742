"""Models that think before they answer: found out, told not to, and cut where they still do.

Ranking by a first token would read a thought's; no name of a model is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from recagent.llm.requests import NOTHING, Calls, can, chat_messages
from recagent.llm.response_shapes import TokensShape
from recagent.ports import Message

ASK = (Message("user", "Say A."),)
ROOM = 2_048  # tokens more for an answer of a model that nothing stops from thinking

_SHORT = 8  # tokens; enough for a tag that opens a thought
_LAST = 8  # tokens of a prompt, in which a template may open one
_ENDS = ("</think>", "[/THINK]")
_THOUGHT = re.compile(r"\s*(<[\w:|]*think|\[THINK\])|.*</think>", re.IGNORECASE | re.DOTALL)
_OPEN = re.compile(r"(<[\w:|]*think\w*>|\[THINK\])\W*$", re.IGNORECASE)
_SWITCHES: tuple[Mapping[str, Any], ...] = (
    {"chat_template_kwargs": {"enable_thinking": False}},
    {"reasoning_effort": "none"},
    {"reasoning_effort": "minimal"},
)


async def stop_thinking(calls: Calls) -> Literal["none", "off", "on"]:
    """Whether the model thinks; the first switch that stops it goes with every chat request.

    Raises:
        ModelError: the engine does not answer a plain chat request.
    """
    calls.extras = NOTHING
    if not await _thinks(calls):
        return "none"
    for switch in _SWITCHES:
        calls.extras = switch
        if await can("answer without a thought", _answers_at_once(calls)):
            return "off"
    calls.extras = NOTHING
    return "on"


def without_thought(text: str) -> str:
    """What comes after the thought, where there is one."""
    for end in _ENDS:
        _, found, after = text.rpartition(end)
        if found:
            return after.lstrip()
    return text


async def _answers_at_once(calls: Calls) -> bool:
    return not await _thinks(calls)


async def _thinks(calls: Calls) -> bool:
    """Whether a thought comes first: in the text, in a field of its own, opened by the prompt."""
    reply = await calls.chat(ASK, max_tokens=_SHORT)
    message, details = reply.choices[0].message, reply.usage.completion_tokens_details
    if message.reasoning_content or message.reasoning or _THOUGHT.match(reply.text):
        return True
    if details is not None and details.reasoning_tokens:
        return True
    return await can("sight of its chat template", _template_opens_a_thought(calls))


async def _template_opens_a_thought(calls: Calls) -> bool:
    """Some chat templates end in ``<think>``; vLLM shows the tokens of a prompt."""
    body = {
        **chat_messages(ASK),
        **calls.extras,
        "model": calls.name,
        "add_generation_prompt": True,
        "return_token_strs": True,
    }
    shown = (await calls.post(TokensShape, "/tokenize", body)).token_strs or []
    return _OPEN.search("".join(shown[-_LAST:])) is not None

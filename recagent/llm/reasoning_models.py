"""Models that think before they answer: recognised, told not to, and cut where they still do.

Ranking by a first token would read a thought's; no name of a model is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from recagent.llm.response_shapes import ChatShape

ROOM = 2_048  # tokens more for an answer of a model that nothing stops from thinking

# Each is for other servers; one that is refused is left out (``llm.dialect``).
SWITCHES: Mapping[str, Any] = MappingProxyType({"chat_template_kwargs": {"enable_thinking": False}})

_LAST = 8  # tokens of a prompt, in which a template may open a thought
_ENDS = ("</think>", "[/THINK]", "<|channel|>final<|message|>", "◁/think▷", "</thought>")
_THOUGHT = re.compile(
    r"\s*(<[\w:|]*(think|thought)|\[THINK\]|◁think▷|<\|channel\|>analysis|analysis\b.{0,40}<\|)"
    r"|.*</think>",
    re.IGNORECASE | re.DOTALL,
)
_OPEN = re.compile(r"(<[\w:|]*think\w*>|\[THINK\])\W*$", re.IGNORECASE)
_CHANNEL = re.compile(r"<\|[a-z_]+\|>")
_UNFINISHED = re.compile(r"\s*<\|channel\|>(analysis|commentary)")


def without_thought(text: str) -> str:
    """What comes after the thought, where there is one; nothing of one that has not ended."""
    for end in _ENDS:
        _, separator, after = text.rpartition(end)
        if separator:
            return _CHANNEL.sub("", after).lstrip() if "<|" in after else after.lstrip()
    return "" if _UNFINISHED.match(text) else text


def thinks(reply: ChatShape) -> bool:
    """Whether a thought came first: in the text, in a field of its own, or only in the count."""
    message, details = reply.choices[0].message, reply.usage.completion_tokens_details
    if message.reasoning_content or message.reasoning or _THOUGHT.match(reply.text):
        return True
    if details is not None and details.reasoning_tokens:
        return True
    return not reply.text and reply.is_cut  # all of its tokens went into what is not shown


def opens_a_thought(token_texts: list[str]) -> bool:
    """Whether a prompt ends in ``<think>``, as some chat templates do."""
    return _OPEN.search("".join(token_texts[-_LAST:])) is not None

"""Requests that a chat program makes for itself: titles, tags, follow-up questions and the like.

They come to the same address as what a person says, as one message that quotes the conversation.
They are told by their shape, not by their wording: programs change it, and so may whoever runs one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import orjson

from recagent.domain import Language
from recagent.locale import Phrases

Task = Literal[
    "title", "plain_title", "tags", "follow_ups", "queries", "text", "prompt", "emoji",
    "tool_calls", "other",
]  # fmt: skip

Message = tuple[str, str]
"""Role and text."""

WORDS = Phrases[str]("server", "client_tasks")


def _patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(each, re.IGNORECASE | re.MULTILINE) for each in patterns)


_CHINESE = re.compile("[\u4e00-\u9fff]")
_LONGEST = 40  # characters of a title, about five words

# Open WebUI quotes the conversation between these tags, and names the key of the JSON it wants.
_OPENED, _CLOSED = "<chat_history>", "</chat_history>"
_KEY = re.compile(r'\{\s*"(title|tags|follow_ups|queries|text|prompt)"\s*:')
_TITLE = re.compile(r"\btitle\b|标题", re.IGNORECASE)
# One pattern for what comes first and one for what follows: a gap in one pattern would be searched
# anew from each beginning, for hours in a message of megabytes.
_FACE = _patterns(r"\bemojis?\b", r"^[ \t]*\w+: ```", r"```[ \t]*$")
_MERGED = _patterns(r"\bquery: \"", r"^responses from models: \"")
_TOOLS = re.compile(r"\A\s*available tools: \[.*\"tool_calls\"", re.DOTALL | re.IGNORECASE)

# LibreChat writes the conversation under what it asks for.
_TITLED = _patterns(r"\btitle\b", r"^(\|\|>)?(user|human):")
_SUMMED = _patterns(r"^new lines:", r"^new summary:\s*\Z")

_FIRST_SAID = re.compile(
    r"^(?:\|\|>)?(?:user|human): ?(.*?)(?=^(?:\|\|>)?(?:assistant|ai|response|title): ?|\Z)",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)


def client_task(messages: Sequence[Message]) -> Task | None:
    """Returns what a program asks for itself; None where a person speaks."""
    if any(role not in ("user", "system", "developer") for role, _ in messages):
        return None  # it quotes the conversation and does not continue it
    if any(_TOOLS.search(text) for role, text in messages if role != "user"):
        return "tool_calls"
    text = _asking(messages)
    return _quoting(text) if text else None


def _asking(messages: Sequence[Message]) -> str | None:
    """Returns the one message that asks; some programs send it as a system message alone."""
    texts = [text for role, text in messages if role == "user"] or [text for _, text in messages]
    return texts[0] if len(texts) == 1 else None


def _quoting(text: str) -> Task | None:
    asked, quoted = _quoted(text)
    if quoted is not None:
        keys = _KEY.findall(asked)
        return keys[0] if keys else "plain_title" if _TITLE.search(asked) else "other"
    if _follow(text, _SUMMED) or _follow(text, _MERGED):
        return "other"
    if _follow(text, _TITLED):
        return "plain_title"
    return "emoji" if _follow(text, _FACE) else None


def _quoted(text: str) -> tuple[str, str | None]:
    """Returns what is asked for and the conversation that is quoted; None where none is."""
    asked, opened, rest = text.partition(_OPENED)
    quoted, closed, _ = rest.rpartition(_CLOSED)
    return (asked, quoted) if opened and closed else (text, None)


def _follow(text: str, patterns: Sequence[re.Pattern[str]]) -> bool:
    """Whether a text has something of each pattern, one after the other."""
    at = 0
    for each in patterns:
        found = each.search(text, at)
        if found is None:
            return False
        at = found.end()
    return True


def task_answer(
    task: Task, messages: Sequence[Message], *, tags: Sequence[str], as_json: bool
) -> str:
    """Returns the answer to a program's request, from what it quotes alone.

    Args:
        task: what is asked for.
        messages: of the request.
        tags: what the conversation is about, as far as that is known.
        as_json: whether a title is wanted under a schema.
    """
    text = _asking(messages) or ""
    _, quoted = _quoted(text)
    said = _first_said(text if quoted is None else quoted)
    lang: Language = "zh" if _CHINESE.search(said) else "en"
    words = WORDS[lang]
    title = _shortened(said) or words["title"]
    under_schema = {"language": words["language"], "title": title}
    answers: dict[Task, object] = {
        "title": {"title": title},
        "plain_title": under_schema if as_json else title,
        "tags": {"tags": list(tags)},
        "follow_ups": {"follow_ups": words["follow_ups"].split(" | ")},
        "queries": {"queries": []},
        "text": {"text": ""},
        "prompt": {"prompt": ""},
        "emoji": "🙂",
        "tool_calls": {"tool_calls": []},
        "other": words["refused"],
    }
    answered = answers[task]
    return answered if isinstance(answered, str) else orjson.dumps(answered).decode()


def _first_said(quoted: str) -> str:
    found = _FIRST_SAID.search(quoted)
    return " ".join(found[1].split()).strip('" ') if found else ""


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    cut = text[:_LONGEST]
    return (cut.rpartition(" ")[0] if " " in cut and not _CHINESE.search(cut) else cut) + "…"

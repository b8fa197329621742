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

_CHINESE = re.compile("[\u4e00-\u9fff]")
_LONGEST = 40  # characters of a title, about five words

# Open WebUI quotes the conversation between these tags, and names the key of the JSON it wants.
_QUOTED = re.compile(r"<chat_history>(.*)</chat_history>", re.DOTALL)
_KEY = re.compile(r'\{\s*"(title|tags|follow_ups|queries|text|prompt)"\s*:')
_TITLE = re.compile(r"\btitle\b|标题", re.IGNORECASE)
_FACE = re.compile(r"\bemojis?\b.*^\s*\w+: ```.*```\s*$", re.DOTALL | re.IGNORECASE | re.MULTILINE)
_MERGED = re.compile(r"\bquery: \".*^responses from models: \"", re.DOTALL | re.I | re.MULTILINE)
_TOOLS = re.compile(r"\A\s*available tools: \[.*\"tool_calls\"", re.DOTALL | re.IGNORECASE)

# LibreChat writes the conversation under what it asks for.
_TITLED = re.compile(r"\btitle\b.*?^(\|\|>)?(user|human): ?", re.DOTALL | re.I | re.MULTILINE)
_SUMMED = re.compile(r"^new lines:.*^new summary:\s*\Z", re.DOTALL | re.IGNORECASE | re.MULTILINE)

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
    quoted = _QUOTED.search(text)
    if quoted:
        asked = text[: quoted.start()]
        keys = _KEY.findall(asked)
        return keys[0] if keys else "plain_title" if _TITLE.search(asked) else "other"
    if _SUMMED.search(text) or _MERGED.search(text):
        return "other"
    if _TITLED.search(text):
        return "plain_title"
    return "emoji" if _FACE.search(text) else None


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
    quoted = _QUOTED.search(text)
    said = _first_said(quoted[1] if quoted else text)
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

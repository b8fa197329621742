"""What the messages of a request say: the words to answer, the turns before them, their state."""

from __future__ import annotations

import re

from recagent.errors import DataError
from recagent.server.conversations import Said
from recagent.server.openai_schemas import ChatMessage, ChatRequest
from recagent.server.signed_state import parted

_IGNORED_ROLES = ("system", "developer")
_MOST_TURNS = 100  # earlier ones that count
_LISTED = re.compile(r"^\d+\. \*\*(.+?)\*\*", re.MULTILINE)
_LISTED_LINE = re.compile(r"^\d+\. \*\*.*$\n?", re.MULTILINE)


def last_message(request: ChatRequest) -> ChatMessage:
    """Returns what is to be answered.

    Raises:
        DataError: it is not the user's, or it has no text.
    """
    messages = [each for each in request.messages if each.role not in _IGNORED_ROLES]
    if not messages or messages[-1].role != "user" or not messages[-1].text().strip():
        raise DataError("the last message must come from the user and contain text")
    return messages[-1]


def read_turn(request: ChatRequest, *, user: str, scene: str | None) -> Said:
    """Returns the turn, with what the messages say of those before it."""
    *earlier, last = [each for each in request.messages if each.role in ("user", "assistant")]
    before: list[tuple[str, str]] = []
    listed: list[str] = []
    state = ""
    for each in earlier:
        text = each.text()
        if each.role == "assistant":
            text, found = parted(text)
            state = found or state
            listed = _LISTED.findall(text) or listed
            text = _LISTED_LINE.sub("", text).strip()
        before.append((each.role, text))
    carried = request.recagent.state if request.recagent else ""
    return Said(
        user=user,
        scene=scene,
        text=last.text(),
        before=tuple(before[-_MOST_TURNS:]),
        listed=tuple(listed),
        state=carried or state,
    )

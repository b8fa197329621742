"""What the messages of a request say: the words to answer, the turns before them, their state."""

from __future__ import annotations

from recagent.errors import DataError
from recagent.server.conversations import Said
from recagent.server.markdown import listed_titles, without_list
from recagent.server.openai_schemas import ChatMessage, ChatRequest
from recagent.server.signed_state import parted

_IGNORED_ROLES = ("system", "developer")
_MOST_TURNS = 100  # earlier ones that count
_LONGEST_ANSWER = 200_000  # characters of an earlier one's end, where its state is
_LONGEST_SAID = 4_000  # characters of an earlier turn


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
    since: list[str] = []
    state, is_behind = "", False
    for each in earlier[-_MOST_TURNS:]:
        text = each.text()[-_LONGEST_ANSWER:]
        if each.role == "user":
            is_behind = True
        else:
            text, found = parted(text)
            listed = listed_titles(text) or listed
            if found:
                state, is_behind, since = found, False, []
            else:
                since = listed_titles(text) or since
            text = without_list(text)
        before.append((each.role, text[:_LONGEST_SAID]))
    if request.recagent is not None and request.recagent.state:
        state, is_behind, since = request.recagent.state, False, []
    return Said(
        user=user,
        scene=scene,
        text=person_words(last.text()),
        before=tuple(before),
        listed=tuple(listed),
        since=tuple(since),
        state=state,
        is_behind=is_behind,
    )


def person_words(text: str) -> str:
    """Returns what a person says of a message into which Open WebUI has put documents."""
    if not text.startswith("### Task:"):
        return text
    query, end, _ = text.partition("<user_query>")[2].partition("</user_query>")
    return (query if query and end else text.rpartition("</context>")[2]).strip() or text

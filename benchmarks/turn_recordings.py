"""Turns that a large hosted model read: its replies, each with the state of the talk before it.

A recording is replayed on that state (the list, the conditions, what was last spoken of), so that a
better ranking does not spoil it: what is compared is what is in force and stored afterwards.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from recagent.errors import ModelError
from recagent.ports import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTurn:
    """One turn and what came of it.

    Attributes:
        talk: file and number.
        turn: from 1.
        state: the conversation before, as ``Conversation.to_json`` gives it.
        reply: of the model; empty for a turn that it did not have to read.
        in_force: afterwards.
        stored: by the turn.
        prompt: characters that the model read; 0 without a reply.
    """

    talk: str
    turn: int
    state: str
    reply: str
    in_force: list[str]
    stored: list[str]
    prompt: int


def key_of(messages: Sequence[Message]) -> str:
    """The name of a request's files."""
    body = "\n".join(f"<{each.role}>\n{each.content}" for each in messages)
    return hashlib.sha256(body.encode()).hexdigest()[:12]


class ReplyFolder:
    """Replies that somebody wrote to requests, in a folder: ``KEY.reply.json`` each.

    A request without one is written down as ``KEY.request.txt``, and the turn fails.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, messages: Sequence[Message]) -> str:
        key = key_of(messages)
        reply = self.folder / f"{key}.reply.json"
        if reply.is_file():
            return reply.read_text(encoding="utf-8").strip()
        text = "\n\n".join(each.content for each in messages)
        (self.folder / f"{key}.request.txt").write_text(text, encoding="utf-8")
        raise ModelError("no reply to {key!r}", key=key)


def read_recordings(path: Path) -> list[RecordedTurn]:
    """The recordings of a file, in order; none where there is no file."""
    if not path.is_file():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [RecordedTurn(**json.loads(line)) for line in lines]


def write_recordings(path: Path, recordings: Iterable[RecordedTurn]) -> None:
    """Keep recordings, one a line."""
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in recordings)

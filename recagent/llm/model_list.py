"""The models that a server lists, and which of them to take where nobody says.

The order of trying is all that rests on names: what a model can do is found by asking it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

# Servers of many models list them by name or by date: embedders and rerankers stand among them.
_NO_CHAT = re.compile(
    r"embed|rerank|bge-|\be5-|gte-|minilm|whisper|tts|dall-e|moderation|clip|image|audio|"
    r"transcribe|realtime|davinci|babbage|sora|ocr",
    re.IGNORECASE,
)


def listed_names(answer: object) -> Sequence[str] | None:
    """Names in OpenAI's shape, as a bare list, or as Ollama tells them; None for anything else."""
    entries: Any = answer
    if isinstance(answer, dict):
        table = cast("dict[str, Any]", answer)
        entries = table.get("data", table.get("models"))
    if not isinstance(entries, list):
        return None
    names: list[str] = []
    for entry in cast("list[Any]", entries):
        if not isinstance(entry, dict):
            return None
        fields = cast("dict[str, Any]", entry)
        name: Any = fields.get("id") or fields.get("name") or fields.get("model")
        if not isinstance(name, str):
            return None
        names.append(name)
    return names


def chatting_first(names: Sequence[str]) -> list[str]:
    """The names, those last that seem to belong to embedders, rerankers or models of sound."""
    return sorted(names, key=lambda name: _NO_CHAT.search(name) is not None)

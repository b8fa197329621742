"""Foreign text in a prompt: one short line that cannot add lines, turns or candidates.

Not the sentences of prompts, which are in the prompt files.
"""

from __future__ import annotations

import re
from typing import Any

from recagent.domain import Item
from recagent.domain.addresses import is_address
from recagent.domain.items import Value

_NO_CONTROL = str.maketrans("<>", "‹›")
_BRACKETED_CONTROL = re.compile(r"\[(/?(?:INST|SYSTEM_PROMPT))\]")


def one_line(value: Any, limit: int = 60) -> str:
    """Foreign text as one short line that cannot add lines, turns or candidates.

    Control tokens of chat templates (``<|im_end|>``, ``</s>``, ``[INST]``) are respelled, since
    a server would read it as one.
    """
    text = " ".join(str(value).split())
    if not text.isprintable():
        text = "".join(char for char in text if char.isprintable())
    text = text.translate(_NO_CONTROL)
    if "[" in text:
        text = _BRACKETED_CONTROL.sub(r"(\1)", text)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def full_caption(item: Item) -> str:
    """Returns an item in a line: its title, and all that its attributes say, the year first.

    ``Alien (1979; genres: horror, scifi)``; at most 300 characters.
    """
    named = {
        one_line(name, 30): one_line(_plain(value), 80)
        for name, value in item.attributes.items()
        if not is_address(str(value))
    }
    year = named.pop("year", None)
    parts = [f"{name}: {value}" for name, value in named.items()]
    parts = [year, *parts] if year else parts
    title = one_line(item.title, 120)
    return one_line(f"{title} ({'; '.join(parts)})" if parts else title, 300)


def _plain(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def caption(item: Item) -> str:
    """An item in a few words: its title, with the year where it has one."""
    year = item.attributes.get("year")
    title = one_line(item.title)
    return title if year is None else f"{title} ({one_line(year, 12)})"

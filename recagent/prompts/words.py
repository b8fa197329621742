"""Foreign text in a prompt: one short line that cannot add lines, turns or candidates.

Not the sentences of prompts, which are in the prompt files.
"""

from __future__ import annotations

import re
from typing import Any

from recagent.domain import Item

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


def caption(item: Item) -> str:
    """An item in a few words: its title, with the year where it has one."""
    year = item.attributes.get("year")
    title = one_line(item.title)
    return title if year is None else f"{title} ({one_line(year, 12)})"

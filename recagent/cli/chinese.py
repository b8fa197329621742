"""Error messages in Chinese: the English templates of the code, each with its translation.

A message that stands in no template is shown in English. Reports have wording of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

# The template as it stands in the code, with {} for what is filled in; the Chinese sentence has
# {0}, {1}... in an order of its own.
MESSAGES: Mapping[str, str] = {
    "unknown scene {}; indexed are {}": "未知场景 {0}；已建立索引的有 {1}",
}


def in_chinese(message: str) -> str:
    """The message in Chinese, and what is filled into it too, as far as it is known."""
    for pattern, chinese in _patterns():
        found = pattern.fullmatch(message)
        if found:
            return chinese.format(*map(in_chinese, found.groups()))
    return message


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Templates as patterns, those with the most fixed text first."""
    longest_first = sorted(MESSAGES, key=lambda template: -len(template.replace("{}", "")))
    return [
        (
            re.compile("(.*?)".join(map(re.escape, template.split("{}"))), re.DOTALL),
            MESSAGES[template],
        )
        for template in longest_first
    ]

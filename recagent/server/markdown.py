"""Parts of a reply as Markdown, for clients that show text alone; and what such a text said."""

from __future__ import annotations

import re

from recagent.chat import Noted, Question, ReplyPart, Shown, Words

_LISTED = re.compile(r"^\d+\. \*\*(.+?)\*\*", re.MULTILINE)
_LISTED_LINE = re.compile(r"^\d+\. \*\*.*$\n?", re.MULTILINE)
# Round brackets make a link only after square ones. A square one with a backslash would begin a
# formula in some clients, so that it is written as an entity.
_SPECIAL = re.compile(r"[\\`*_<>#|~]")
_ESCAPED = re.compile(r"\\([\\`*_<>#|~])")
_BRACKETS = {"[": "&#91;", "]": "&#93;"}


def markdown(part: ReplyPart) -> str:
    """Returns a part of a reply as Markdown, in which titles and words are plain text."""
    match part:
        case Words():
            return escaped(part.text)
        case Shown():
            return _numbered_list(part)
        case Noted():
            return ""  # the words say it too
        case Question():
            options = "".join(f"\n- {escaped(option)}" for option in part.options)
            return f"\n{escaped(part.text)}{options}\n"


def _numbered_list(shown: Shown) -> str:
    """Returns a list with the main reason of each item; asked why, the conversation tells all."""
    lines = ["\n"]
    for entry, explanation in zip(shown.slate.entries, shown.explanations, strict=True):
        title = escaped(" ".join(entry.item.title.splitlines()))
        reason = escaped(explanation.claims[0].text) if explanation.claims else ""
        lines.append(f"{entry.rank}. **{title}** {reason}".rstrip() + "\n")
    return "".join(lines)


def escaped(text: str) -> str:
    """Returns a text that Markdown shows as it is: a title cannot be a link, a heading or a tag."""
    text = _SPECIAL.sub(r"\\\g<0>", text)
    for bracket, entity in _BRACKETS.items():
        text = text.replace(bracket, entity)
    return text


def unescaped(text: str) -> str:
    """Returns the text that was escaped."""
    for bracket, entity in _BRACKETS.items():
        text = text.replace(entity, bracket)
    return _ESCAPED.sub(r"\1", text)


def listed_titles(text: str) -> list[str]:
    """Returns the titles of the list in an answer."""
    return [unescaped(title) for title in _LISTED.findall(text)]


def without_list(text: str) -> str:
    """Returns the words of an answer, as they were before they were Markdown."""
    return unescaped(_LISTED_LINE.sub("", text)).strip()

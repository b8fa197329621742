"""The language that a command speaks when something is wrong: that of --lang or the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recagent.domain import Language
    from recagent.errors import RecagentError

_spoken: Language = "en"


def speak(lang: Language | None) -> None:
    """From here on speak ``lang``; None changes nothing."""
    global _spoken  # noqa: PLW0603 - a process runs one command
    _spoken = lang or _spoken


def spoken(error: RecagentError) -> str:
    """An error's message in the language of the command."""
    return error.in_language(_spoken)

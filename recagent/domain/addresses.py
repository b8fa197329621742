"""What is an address and no word: links, paths and names of files.

They say where something is and nothing of what it is, so they are neither searched nor shared.
"""

from __future__ import annotations

import re

_FILES = (
    "jpe?g|png|gif|webp|svg|bmp|ico|tiff?|avif|pdf|epub|html?|php|aspx?|jsp|css|js|json|xml|csv|txt"
    "|zip|gz|rar|mp[34]|m4[av]|wav|ogg|avi|mkv|mov|webm|exe|apk"
)
_LINK = r"(?:[a-z][a-z0-9+.-]*://|www\.)\S+|data:[\w/+.-]+;base64,\S*"
_FILE = rf"[^\s,;|\"'<>()]+\.(?:{_FILES})(?:[?#]\S*)?(?![\w.])"
_ADDRESS = re.compile(
    rf"{_LINK}|{_FILE}|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?:[a-z]:)?(?:\\[^\s\\]+){2,}\\?|~?(?:/[^\s/]+){2,}/?|//?[\w.-]+/\S*"
    r"|(?:[a-z0-9-]+\.)+[a-z]{2,}/\S*|(?:[\w.-]+/){2,}[\w.-]+",
    re.IGNORECASE,
)
_WITHIN = re.compile(rf"{_LINK}|{_FILE}", re.IGNORECASE)
_HINT = re.compile(rf"://|www\.|;base64,|\.(?:{_FILES})\b", re.IGNORECASE)


def is_address(text: str) -> bool:
    """Whether a text is nothing but a link, a path or the name of a file."""
    return ("." in text or "/" in text or "\\" in text) and bool(_ADDRESS.fullmatch(text.strip()))


def without_addresses(text: str) -> str:
    """A text without the links and names of files in it; itself where it has none."""
    if _HINT.search(text) is None:
        return text
    return " ".join(_WITHIN.sub(" ", text).split())

"""The state of a conversation, signed, as the client carries it from turn to turn.

It is not secret: it holds what the person said and saw, and the item ids of it. The signature keeps
it to the person whose it is, and to what this server made.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import zlib
from pathlib import Path
from typing import cast

import orjson

_SIGNATURE = 16  # bytes
_KEY_FILE = "conversations.key"

# A definition of a link that nothing refers to: Markdown shows nothing of it.
# Only at the first of several line breaks: else the search would begin anew at each of them.
_IN_TEXT = re.compile(r"(?<!\n)\n*^\[recagent\]: <#([\w.=-]+)>[ \t]*$\n?", re.MULTILINE)


class StateSigner:
    """Makes text of a state, and a state of a text that it made, each for one person."""

    def __init__(self, key: bytes | str) -> None:
        self._key = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key

    def sealed(self, state: dict[str, object], *, person: str) -> str:
        """Returns a state as text."""
        packed = base64.urlsafe_b64encode(zlib.compress(orjson.dumps(state), 9))
        signature = base64.urlsafe_b64encode(self._signature(packed, person))
        return f"{packed.decode().rstrip('=')}.{signature.decode().rstrip('=')}"

    def opened(self, text: str, *, person: str) -> dict[str, object] | None:
        """Returns the state; None if another key signed it, for somebody else, or it is broken."""
        packed, _, signature = text.partition(".")
        try:
            data, claimed = _padded(packed), base64.urlsafe_b64decode(_padded(signature))
            if not hmac.compare_digest(claimed, self._signature(data, person)):
                return None
            state: object = orjson.loads(zlib.decompress(base64.urlsafe_b64decode(data)))
        except (binascii.Error, ValueError, zlib.error):
            return None
        return cast("dict[str, object]", state) if isinstance(state, dict) else None

    def _signature(self, packed: bytes, person: str) -> bytes:
        message = person.encode("utf-8", "surrogatepass") + b"\0" + packed
        return hmac.digest(self._key, message, hashlib.sha256)[:_SIGNATURE]


def _padded(text: str) -> bytes:
    return (text + "=" * (-len(text) % 4)).encode()


def in_text(sealed: str) -> str:
    """Returns the line that carries a state at the end of an answer, unseen in Markdown."""
    return f"\n\n[recagent]: <#{sealed}>"


def parted(text: str) -> tuple[str, str]:
    """Returns an answer without the line that carries its state, and the newest such state."""
    found = _IN_TEXT.findall(text)
    return _IN_TEXT.sub("", text), found[-1] if found else ""


def kept_key(folder: Path) -> tuple[str, Path | None]:
    """Returns the key that is kept in a folder, and its file if it was made now.

    Where it cannot be kept, the key is good for as long as the process runs.
    """
    path = folder / _KEY_FILE
    key = secrets.token_urlsafe(32)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(key, encoding="utf-8")
    except FileExistsError:
        kept = path.read_text(encoding="utf-8").strip()
        return (kept, None) if kept else (key, None)
    except OSError:
        return key, None
    return key, path

"""The command line: ``recagent``. It parses and prints; other packages do the work."""

from __future__ import annotations

import errno
import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recagent.domain import Language
    from recagent.errors import RecagentError

RUNTIME_ERROR = 1
USAGE_ERROR = 2
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)

_language: Language = "en"


def set_language(lang: Language | None) -> None:
    """Sets the language of errors: that of --lang or of the settings; None changes nothing."""
    global _language  # noqa: PLW0603 - a process runs one command
    _language = lang or _language


def error_text(error: RecagentError) -> str:
    """Returns an error's message in the language of the command."""
    return error.in_language(_language)


def main() -> None:
    """Runs the command line; exit codes: 0 ok, 1 run-time error, 2 usage, 130 interrupted."""
    from recagent.cli.app import app  # noqa: PLC0415
    from recagent.errors import ConstraintError, RecagentError  # noqa: PLC0415

    # A command makes many objects that stay, and would spend a fifth of its time looking at them.
    gc.set_threshold(50_000, 20, 20)
    set_language("en")
    try:
        app(prog_name="recagent")
    except RecagentError as error:
        print(f"recagent: {error_text(error)}", file=sys.stderr)
        # A condition is an argument: one that cannot be read is as an unknown option.
        sys.exit(USAGE_ERROR if isinstance(error, ConstraintError) else RUNTIME_ERROR)
    except OSError as error:  # of a write that no package below handles
        disk_error = _disk_error(error)
        if disk_error is None:
            raise
        print(f"recagent: {error_text(disk_error)}", file=sys.stderr)
        sys.exit(RUNTIME_ERROR)
    except SystemExit as end:  # typer makes one of Ctrl-C, and says nothing
        stopped = end.__context__ and end.__context__.__cause__
        if isinstance(stopped, KeyboardInterrupt):
            advice = str(stopped) or "what is written stays, run it again to go on"
            print(f"recagent: stopped; {advice}", file=sys.stderr)
        raise


def _disk_error(error: OSError) -> RecagentError | None:
    """Returns the error that tells people of a full or read-only disk; None for other errors."""
    from recagent.errors import StoreError  # noqa: PLC0415

    place = str(error.filename or "a file")
    if error.errno in _NO_SPACE:
        return StoreError(
            "no space left to write {place!r} ({strerror}); free some and run the command again: "
            "complete files are unchanged",
            place=place,
            strerror=error.strerror,
        )
    if error.errno in _READ_ONLY:
        return StoreError(
            "cannot write to {index!r} ({error}); make its folder writable, or set data_dir to a "
            "writable folder",
            index=place,
            error=error.strerror,
        )
    return None

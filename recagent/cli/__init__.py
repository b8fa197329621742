"""The command line: ``recagent``. It parses and shows; what it shows is made elsewhere."""

from __future__ import annotations

import gc
import sys

RUNTIME_ERROR = 1
USAGE_ERROR = 2


def main() -> None:
    """Run the command line; exit codes: 0 ok, 1 run-time error, 2 usage, 130 interrupted."""
    from recagent.cli.app import app  # noqa: PLC0415
    from recagent.cli.language import spoken  # noqa: PLC0415
    from recagent.errors import ConstraintError, RecagentError  # noqa: PLC0415

    # A command makes many objects that stay, and would spend a fifth of its time looking at them.
    gc.set_threshold(50_000, 20, 20)
    try:
        app(prog_name="recagent")
    except RecagentError as error:
        print(f"recagent: {spoken(error)}", file=sys.stderr)
        # A condition is an argument: one that cannot be read is as an unknown option.
        sys.exit(USAGE_ERROR if isinstance(error, ConstraintError) else RUNTIME_ERROR)
    except SystemExit as end:  # typer makes one of Ctrl-C, and says nothing
        stopped = end.__context__ and end.__context__.__cause__
        if isinstance(stopped, KeyboardInterrupt):
            stands = str(stopped) or "what is written stays, run it again to go on"
            print(f"recagent: stopped; {stands}", file=sys.stderr)
        raise

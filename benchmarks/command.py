"""What all benchmarks' command lines share: a cache of their own, and a mode that only tries them.

Nothing is measured here.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from recagent.offline.data_set import Data

CACHE = Path(__file__).parent / ".cache"  # in place of the user's; not in git
SMOKE_PEOPLE = 300


def command(doc: str | None) -> argparse.ArgumentParser:
    """A parser with ``--smoke``; from here on nothing touches the user's cache.

    Args:
        doc: the benchmark's docstring, whose first line is the description.
    """
    os.environ["XDG_CACHE_HOME"] = str(CACHE)
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument(
        "--smoke", action="store_true", help="seconds: that it runs; its figures mean nothing"
    )
    return parser


def folder_for(options: argparse.Namespace) -> Path:
    """``--out``, which only ``--smoke`` may leave out."""
    if options.out is None and not options.smoke:
        raise SystemExit("name a folder with --out")
    return options.out or Path(tempfile.mkdtemp(prefix="recagent-smoke-"))


def few_people(data: Data, *, smoke: bool) -> Data:
    """The data, or for ``--smoke`` the events of its first people alone."""
    if not smoke:
        return data
    people = set(list(dict.fromkeys(event.user_id for event in data.events))[:SMOKE_PEOPLE])
    return replace(data, events=[event for event in data.events if event.user_id in people])

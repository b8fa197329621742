"""``recagent eval report``: runs as one HTML page that needs no network.

The numbers are those of ``summary.json``; nothing is computed anew from results.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recagent.domain import Language
from recagent.errors import ConfigError
from recagent.evaluation.report.page import report_page
from recagent.evaluation.run_folder import Run

if TYPE_CHECKING:
    from recagent.evaluation.suite_table import Overview

__all__ = ["write_report"]


def write_report(
    runs: Sequence[Run], path: Path, *, lang: Language = "en", overview: Overview | None = None
) -> None:
    """Write the page of one or several runs; a suite's overview comes first.

    Raises:
        ConfigError: the file cannot be written, or a library of the extra ``eval`` is missing.
    """
    text = report_page(runs, lang=lang, overview=overview)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            "cannot write report {path!r}: {error}", path=str(path), error=error
        ) from error

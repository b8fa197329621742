"""Data sets for evaluation, each read from where it lies into one ``Data``.

Nothing is downloaded, and nothing that may not be passed on is part of the package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from recagent.errors import ConfigError
from recagent.evaluation.data.amazon import read_amazon
from recagent.evaluation.data.art_office import read_art_office
from recagent.evaluation.data.declared import read_config, read_demo, read_movietweetings
from recagent.evaluation.data.games import read_games
from recagent.evaluation.data.made import read_made
from recagent.evaluation.data.movielens import read_movielens
from recagent.evaluation.data.redial import read_redial
from recagent.offline.data_set import Data

__all__ = ["SOURCES", "load_data"]

SOURCES: Mapping[str, Callable[[Path | None], Data]] = {
    "demo": read_demo,
    "config": read_config,
    "made": read_made,
    "movielens": read_movielens,
    "amazon": read_amazon,
    "games": read_games,
    "art_office": read_art_office,
    "movietweetings": read_movietweetings,
    "redial": read_redial,
}


def load_data(source: str, *, path: Path | None = None) -> Data:
    """Read a data set.

    Args:
        source: one of ``SOURCES``.
        path: of its folder or file, where it needs one.

    Raises:
        ConfigError: an unknown source, or a path that it cannot use.
        DataError: a file that cannot be read, or a line that cannot be used; names both.
    """
    if source not in SOURCES:
        raise ConfigError(
            "unknown [data] source {source!r}; use one of {known}",
            source=source,
            known=", ".join(SOURCES),
        )
    return SOURCES[source](path)

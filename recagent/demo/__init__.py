"""The bundled demo: real film ratings, and one real person who is new in one of the scenes.

The scenes are genre shelves of one kind of goods; see ``LICENSE-MovieTweetings`` for the data's
licence.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import platformdirs

from recagent import __version__
from recagent.settings import Settings, load

CONFIG = Path(__file__).parent / "recagent.toml"
DATA = (CONFIG.parent / "items.tsv.gz", CONFIG.parent / "interactions.tsv.gz")

PERSON = "u0102"
WARM_SCENE = "scifi_fantasy"
NEW_SCENE = "horror"


def settings(**overrides: Any) -> Settings:
    """The demo's settings; index and store live in the user's cache folder.

    Raises:
        ConfigError: the environment or ``.env`` sets something that does not fit.
    """
    cache = Path(platformdirs.user_cache_dir("recagent", appauthor=False))
    return load(CONFIG, data_dir=cache / "demo", **overrides)


def is_loaded(settings: Settings) -> bool:
    """Whether the cache holds exactly the bundled files, indexed with the settings' embedder."""
    stamp = _stamp(settings)
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _state(settings)


def mark_loaded(settings: Settings) -> None:
    """Remember that the bundled files are loaded."""
    _stamp(settings).write_text(_state(settings), encoding="utf-8")


def _stamp(settings: Settings) -> Path:
    return settings.data_dir / "loaded"


def _state(settings: Settings) -> str:
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in DATA)).hexdigest()
    return f"{digest} {__version__} {settings.embedder.kind} {settings.embedder.name}"

"""The bundled demo: real film ratings, and one real person who is new in one of the scenes.

The scenes are genre shelves of one kind of goods; see ``LICENSE-MovieTweetings`` for the data's
licence. What ``described.jsonl.gz`` says of the films was written by a large hosted model for this
project (Apache-2.0) and checked by nobody.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import platformdirs

from recagent import __version__
from recagent.config.settings import Settings, load

CONFIG = Path(__file__).parent / "recagent.toml"
DATA = tuple(
    CONFIG.parent / name for name in ("items.tsv.gz", "interactions.tsv.gz", "described.jsonl.gz")
)

RECORDED = CONFIG.parent / "recorded.jsonl"  # replies of a large hosted model, one run

PERSON = "u0102"
WARM_SCENE = "scifi_fantasy"
NEW_SCENE = "horror"
CROSS_SCENE = "comedy"  # where they are new too, and their taste changes the list

_STAMP = "loaded"
_LAYOUT = 2  # of the index; a folder of another layout is left alone


def settings(**overrides: Any) -> Settings:
    """The demo's settings; index and store live in a folder of the user's cache.

    Each version of the data, the package, the embedder and the index's layout has a folder of its
    own.

    Raises:
        ConfigError: the environment or ``.env`` sets something that does not fit.
    """
    cache = Path(platformdirs.user_cache_dir("recagent", appauthor=False))
    demo_settings = load(CONFIG, **overrides)
    embedder = demo_settings.embedder
    state = f"{__version__} {_LAYOUT} {embedder.kind} {embedder.name}".encode()
    files = b"".join(path.read_bytes() for path in DATA)
    digest = hashlib.blake2b(state + files, digest_size=4).hexdigest()
    return demo_settings.model_copy(update={"data_dir": cache / f"demo-{digest}", "store_url": ""})


def is_loaded(settings: Settings) -> bool:
    """Whether the bundled files are loaded into the settings' folder."""
    return (settings.data_dir / _STAMP).is_file()


def mark_loaded(settings: Settings) -> None:
    """Remember that the bundled files are loaded."""
    (settings.data_dir / _STAMP).touch()


def forget_events(settings: Settings) -> None:
    """Delete all events, impressions and replies that were added; the index stays."""
    files = [name + end for name in ("store.db", "replies.db") for end in ("", "-wal", "-shm")]
    for name in (_STAMP, *files):
        (settings.data_dir / name).unlink(missing_ok=True)

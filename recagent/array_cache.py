"""Arrays that take long to make, kept as files until what they were made of is another.

A file is one header and the arrays behind it, which are read where they stand, by memory map. It
says by a stamp what it was made of; one with another stamp, and one that is torn, is as none.
Whether it can be written changes how long the next process takes, and nothing else.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Collection, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import orjson

from recagent.domain import Item

if TYPE_CHECKING:
    from numpy.typing import NDArray

Arrays = Mapping[str, "NDArray[Any]"]

_BEGIN = b"recagent kept 1\n"
_ALIGNED = 64  # bytes: where an array may begin
_MARK_LETTERS = 16
_NUMBERS = "biuf"  # kinds of numpy types; no objects

logger = logging.getLogger(__name__)


class StampedItems(dict[str, Item]):
    """A scene's items by id, with what tells them from those before a change."""

    stamp = ""  # empty where nothing must be kept of them


class ArrayCache:
    """A folder of kept files; without one nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        """Touches nothing yet; the folder is made when something is written."""
        self._folder = folder

    def load(self, kind: str, of: str, *, stamp: str) -> Arrays | None:
        """The arrays, as views of their file; None where they have to be made.

        Args:
            kind: what they are, with the number of its form: "items.1".
            of: of which scene, or other thing.
            stamp: of what they are made of now.
        """
        if self._folder is None or not stamp:
            return None
        try:
            return _read(self._file(self._folder, kind, of), _whole(stamp))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            if not isinstance(error, FileNotFoundError):
                logger.info("%s of %r are made anew: %s", kind, of, error)
            return None

    def save(self, kind: str, of: str, *, stamp: str, arrays: Arrays) -> None:
        """Keep the arrays in place of those before, in one step; in silence where it cannot be."""
        if self._folder is None or not stamp:
            return
        path = self._file(self._folder, kind, of)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                dir=path.parent, prefix=path.name, suffix=".new", delete=False
            ) as file:
                try:
                    _write(file, _whole(stamp), arrays)
                    Path(file.name).replace(path)
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
        except OSError as error:
            logger.info("%s of %r cannot be kept: %s", kind, of, error)

    def drop(self, kind: str, of: str) -> None:
        """Delete what is kept, and what a process that was killed left of it.

        Raises:
            OSError: it is there and cannot be deleted.
        """
        if self._folder is not None:
            for path in self._folder.glob(f"{self._file(self._folder, kind, of).name}*"):
                path.unlink(missing_ok=True)

    def prune(self, *, keep: Collection[str]) -> None:
        """Delete what is kept of anything but ``keep``, of whatever kind.

        Raises:
            OSError: it is there and cannot be deleted.
        """
        if self._folder is None:
            return
        marks = {_mark(of) for of in keep}
        for path in self._folder.glob("*-*"):
            if path.name.rpartition("-")[2][:_MARK_LETTERS] not in marks:
                path.unlink(missing_ok=True)

    @staticmethod
    def _file(folder: Path, kind: str, of: str) -> Path:
        return folder / f"{kind}-{_mark(of)}"


def _mark(of: str) -> str:
    """What stands for a scene's name in a file's: a name may be longer than a disk takes."""
    return hashlib.blake2b(of.encode(), digest_size=_MARK_LETTERS // 2).hexdigest()


def texts_as_array(value: object) -> NDArray[np.uint8]:
    """Anything that JSON can say, as an array."""
    return np.frombuffer(orjson.dumps(value), dtype=np.uint8)


def texts_of_array(array: NDArray[Any]) -> Any:
    """What ``texts_as_array`` was given."""
    return orjson.loads(array.tobytes())


def _whole(stamp: str) -> str:
    """A stamp with the version of this code: another version may make the same thing otherwise."""
    return f"{version('recagent')} {np.__version__} {stamp}"


def _write(file: Any, stamp: str, arrays: Arrays) -> None:
    plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    layout = {name: (array.dtype.str, array.shape) for name, array in plain.items()}
    head = orjson.dumps({"stamp": stamp, "arrays": layout})
    file.write(_BEGIN + len(head).to_bytes(8, "little") + head)
    for array in plain.values():
        file.write(bytes(-file.tell() % _ALIGNED))
        file.write(array.data if array.size else b"")
    file.flush()
    os.fsync(file.fileno())  # else a machine that stops could leave the name and not what it names


def _read(path: Path, stamp: str) -> Arrays | None:
    with path.open("rb") as file:
        begin = file.read(len(_BEGIN) + 8)
        if begin[: len(_BEGIN)] != _BEGIN:
            raise ValueError("not a kept file")
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(begin[len(_BEGIN) :], "little")
        if length > size:
            raise ValueError("torn")
        head = orjson.loads(file.read(length))
        if head["stamp"] != stamp:
            return None
        mapped = np.memmap(file, dtype=np.uint8, mode="r")
    at, arrays = len(begin) + length, dict[str, "NDArray[Any]"]()
    for name, (kind, shape) in cast("dict[str, tuple[str, list[int]]]", head["arrays"]).items():
        dtype = np.dtype(kind)
        if dtype.kind not in _NUMBERS:
            raise ValueError(f"an array of {kind!r}")
        at += -at % _ALIGNED
        end = at + dtype.itemsize * int(np.prod(shape))
        if end > size:
            raise ValueError("torn")
        arrays[name] = np.asarray(mapped[at:end]).view(dtype).reshape(shape)
        at = end
    return arrays

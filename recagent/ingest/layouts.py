"""Which layout a file or folder has: plain tables, RecBole's atomic files, MovieLens releases.

RecBole's atomic files are tables with tabs whose header gives every column a type
(``user_id:token``). Of MovieLens the layouts of 100K (``u.data``), 1M (``ratings.dat``) and the CSV
releases (``ratings.csv``) are known. Reading them is done in ``tables``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from recagent.errors import DataError
from recagent.ingest.decoding import open_bytes
from recagent.ingest.report import file_name

Holds = Literal["items", "events", "users"]
Kind = Literal["text", "json", "parquet", "recbole"]
Row = dict[str, Any]
Shape = Callable[[Row], Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a file is laid out.

    Attributes:
        name: as a report calls it.
        separator: of text; empty where the header tells it.
        header: names of the columns, for a file without a header.
        columns: our field name -> column, where that is known beforehand.
        fallback: encoding of values that are not UTF-8, where that is known beforehand.
        flags: columns with 1 or 0, of which those with 1 become the list ``genres``.
    """

    name: str
    kind: Kind = "text"
    separator: str = ""
    header: Sequence[str] = ()
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    fallback: str = ""
    flags: Sequence[str] = ()


_CSV = Layout(name="CSV")
_TSV = Layout(name="TSV", separator="\t")
_TEXT = Layout(name="text")
_JSON = Layout(name="JSON lines", kind="json")
_PARQUET = Layout(name="Parquet", kind="parquet")
_RECBOLE = Layout(name="RecBole", kind="recbole", separator="\t", columns={"value": "rating"})
_BY_SUFFIX = {
    "csv": _CSV, "tsv": _TSV, "jsonl": _JSON, "ndjson": _JSON, "parquet": _PARQUET,
    "txt": _TEXT, "dat": _TEXT, "inter": _RECBOLE, "item": _RECBOLE, "user": _RECBOLE,
}  # fmt: skip

_GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary",
    "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi",
    "Thriller", "War", "Western",
)  # fmt: skip


def _movielens(separator: str, *header: str, **columns: str) -> Layout:
    return Layout(
        name="MovieLens",
        separator=separator,
        header=header,
        columns=columns,
        fallback="latin-1",  # in which its old releases are
    )


_BY_NAME = {
    "u.data": _movielens("\t", "user_id", "item_id", "value", "timestamp"),
    "u.item": replace(
        _movielens("|", "item_id", "title", "released", "video_released", "link", *_GENRES),
        flags=_GENRES,
    ),
    "u.user": _movielens("|", "user_id", "age", "gender", "occupation", "zip"),
    "ratings.dat": _movielens("::", "user_id", "item_id", "value", "timestamp"),
    "movies.dat": _movielens("::", "item_id", "title", "genres"),
    "users.dat": _movielens("::", "user_id", "gender", "age", "occupation", "zip"),
    "ratings.csv": _movielens(",", user_id="userId", item_id="movieId", value="rating"),
    "movies.csv": _movielens(",", item_id="movieId"),
}
IN_FOLDER: Mapping[Holds, Sequence[str]] = {
    "items": ("movies.csv", "movies.dat", "u.item", "*.item"),
    "events": ("ratings.csv", "ratings.dat", "u.data", "*.inter"),
    "users": ("users.dat", "u.user", "*.user"),
}


def find_file(path: Path, *, holds: Holds) -> tuple[Path, Layout]:
    """Returns the file and its layout; of a folder the file that ``holds`` what is wanted.

    Raises:
        DataError: no such file, no known layout, or a folder with several that could be meant.
    """
    if path.is_dir():
        matches = files_in(path, holds=holds)
        if not matches:
            raise DataError(
                "folder {folder!r} has no {content}; give a MovieLens or RecBole folder "
                "({known}), or name a file",
                folder=file_name(path),
                content=holds,
                known=", ".join(IN_FOLDER[holds]),
            )
        if len(matches) > 1:
            names = ", ".join(file.name for file in matches)
            raise DataError(
                "folder {folder!r} has several files of {content} ({files}); choose one",
                folder=file_name(path),
                content=holds,
                files=names,
            )
        path = matches[0]
    if not path.is_file():
        raise DataError("file {file!r} does not exist; correct the path", file=file_name(path))
    plain = path.name.lower().removesuffix(".gz")
    layout = _BY_NAME.get(plain)
    if layout is not None and (layout.header or _has_columns(path, layout)):
        return path, layout
    layout = _BY_SUFFIX.get(plain.rpartition(".")[2])
    if layout is None:
        raise DataError(
            "{file!r}: unknown file type; use .csv, .tsv, .txt, .dat, .jsonl, .ndjson, .parquet, "
            "RecBole's .inter, .item, .user, or a MovieLens folder",
            file=file_name(path),
        )
    return path, layout


def files_in(folder: Path, *, holds: Holds) -> list[Path]:
    """Returns the files of a MovieLens or RecBole folder with such rows, also compressed ones."""
    patterns = [name + end for name in IN_FOLDER[holds] for end in ("", ".gz")]
    return list(dict.fromkeys(file for name in patterns for file in sorted(folder.glob(name))))


def _has_columns(path: Path, layout: Layout) -> bool:
    """Returns whether a file that is called as MovieLens calls its own has MovieLens's columns."""
    with closing(open_bytes(path)) as file:
        header = file.readline(1_000).decode("utf-8-sig", "replace").strip().split(",")
    return set(layout.columns.values()) <= set(header)


def shape(
    layout: Layout, header: Sequence[str], *, texts: Collection[str]
) -> tuple[list[str], Shape | None]:
    """Returns the columns that a header means, and what has to be done to every row, if anything.

    Args:
        layout: of the file.
        header: the names as they stand there.
        texts: columns that are one text, although RecBole calls them sequences.
    """
    if layout.flags:
        columns = [name for name in header if name not in layout.flags]
        return [*columns, "genres"], partial(_with_genres, columns=columns, flags=layout.flags)
    if layout.kind == "recbole":
        columns, kinds = list[str](), list[str]()
        for number, name in enumerate(header, start=1):
            column, _, kind = name.partition(":")
            columns.append(column.strip() or f"column_{number}")
            kinds.append("token" if column in texts or "title" in column else kind.strip())
        return columns, partial(_with_sequences, types=dict(zip(columns, kinds, strict=True)))
    return list(header), None


def _with_genres(values: Row, *, columns: Sequence[str], flags: Sequence[str]) -> Row:
    row = {name: values[name] for name in columns}
    return {**row, "genres": [name for name in flags if values[name] == "1"]}


def _with_sequences(values: Row, *, types: Mapping[str, str]) -> Row:
    """Returns a row with RecBole's ``token_seq`` and ``float_seq`` split at spaces."""
    return {
        name: value.split() if types[name].endswith("_seq") else value
        for name, value in zip(types, values.values(), strict=True)
    }

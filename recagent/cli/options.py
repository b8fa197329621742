"""Options and arguments that several commands have, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Config = Annotated[
    Path | None, typer.Option(help="A recagent.toml or its folder. [default: ./recagent.toml]")
]
Demo = Annotated[bool, typer.Option("--demo", help="Use the bundled demo data.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Lang = Annotated[Literal["en", "zh"] | None, typer.Option(help="Language of prompts and face.")]
DropOrphans = Annotated[
    bool, typer.Option("--drop-orphans", help="Leave out events of unknown items.")
]
Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILES]", help="Files to read. [default: those of the config]"),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="[FILE:]FIELD=COLUMN,...",
        help="What the files' columns are: item_id=sku,title=name, of one file "
        "log.csv:user_id=uid. May be given several times.",
    ),
]
Kinds = Annotated[
    str, typer.Option(metavar="WORD=KIND,...", help="What kinds are called: buy=purchase,fav=like.")
]
Holds = Annotated[
    list[str] | None,
    typer.Option(
        "--holds",
        metavar="FILE=items|events|users",
        help="What a file holds, where its columns are taken for something else. May be given "
        "several times.",
    ),
]
Dates = Annotated[
    list[str] | None,
    typer.Option(
        "--date-format",
        metavar="[FILE=]FORMAT",
        help='How times are written: day-first, month-first, or as "%d %b %Y". May be given '
        "several times.",
    ),
]
Encodings = Annotated[
    list[str] | None,
    typer.Option(
        "--encoding",
        metavar="[FILE=]ENCODING",
        help="Encoding of the files: gb18030, big5, cp1252. May be given several times. "
        "[default: the byte order mark's, or UTF-8]",
    ),
]
Ratings = Annotated[
    str,
    typer.Option(
        help="What ratings are out of, where their values do not tell: 1..5.", metavar="LOW..HIGH"
    ),
]
Scene = Annotated[str | None, typer.Option(help="Scene. [default: identified]")]
SlateLength = Annotated[int, typer.Option("-k", "--k", min=1, help="How many to show.")]
Wish = Annotated[str, typer.Option(help='What is wanted now: "something light".')]
Task = Annotated[
    Literal["item", "content", "activity", "person"] | None,
    typer.Option(help="What to recommend. [default: all of the scene's]"),
]
Device = Annotated[str, typer.Option(help="On which: phone, tv...")]
Place = Annotated[str, typer.Option(help="Where: home, train, or 41.15,-8.61.")]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", help='A constraint: "price at most 20". May be given several times.'),
]
Phrase = Annotated[bool, typer.Option("--phrase", help="Let the model join the reasons.")]
UserId = Annotated[str, typer.Argument(metavar="USER", help="The person's id.")]
ItemId = Annotated[str, typer.Argument(metavar="ITEM", help="The item's id.")]

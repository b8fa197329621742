"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Config = Annotated[
    Path | None, typer.Option(help="A recagent.toml or its folder. [default: ./recagent.toml]")
]
Demo = Annotated[bool, typer.Option("--demo", help="Use the bundled demo data.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Lang = Annotated[Literal["en", "zh"] | None, typer.Option(help="Language of texts and prompts.")]
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
        help="Names of the files' columns: item_id=sku,title=name; of one file: "
        "log.csv:user_id=uid. May be given several times.",
    ),
]
Kinds = Annotated[
    str,
    typer.Option(metavar="WORD=KIND,...", help="Words for kinds of events: buy=purchase,fav=like."),
]
Holds = Annotated[
    list[str] | None,
    typer.Option(
        "--holds",
        metavar="FILE=items|events|users",
        help="What a file holds, if its columns are misread. May be given several times.",
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
        help="Scale of the ratings, if their values do not show it: 1..5.", metavar="LOW..HIGH"
    ),
]
SlateLength = Annotated[int, typer.Option("-k", "--k", min=1, help="How many to show.")]
Wish = Annotated[str, typer.Option(help='What is wanted now: "something light".')]
Device = Annotated[str, typer.Option(help="Device: phone, tv...")]
Place = Annotated[str, typer.Option(help="Place: home, train, or 41.15,-8.61.")]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", help='A constraint: "price at most 20". May be given several times.'),
]
UserId = Annotated[str, typer.Argument(metavar="USER", help="The person's id.")]
ItemId = Annotated[str, typer.Argument(metavar="ITEM", help="The item's id.")]

"""Real item texts, as many as asked for: those of item files, then the same with other words.

Not a sample of any shop: a repeated text keeps half of its words, the others come from other texts.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import random
from collections.abc import Iterator
from pathlib import Path

from recagent import demo
from recagent.domain import Item

TITLE = "title"
TEXT = ("category_text", "genres")
REPLACED = 0.5  # of the words of a repeated text


def texts(folder: Path | None) -> list[str]:
    """Distinct texts of all ``items.tsv`` and ``items.tsv.gz`` under the folder, or the demo's.

    A line's title and category or genres make one text. The order is shuffled, the same each time.

    Raises:
        SystemExit: there are none.
    """
    files = [demo.DATA[0]] if folder is None else sorted(folder.rglob("items.tsv*"))
    found = list(dict.fromkeys(text for path in files for text in _read(path)))
    if not found:
        raise SystemExit(f"--texts {folder}: no items.tsv with a column 'title' below it")
    random.Random(1).shuffle(found)
    return found


def endless(real: list[str]) -> Iterator[str]:
    """The texts, then for ever the same texts with other words; the same sequence each time."""
    yield from real
    chance = random.Random(2)
    words = [word for text in real for word in text.split()]
    for text in itertools.cycle(real):
        yield " ".join(
            chance.choice(words) if chance.random() < REPLACED else word for word in text.split()
        )


def scenes(folder: Path | None, *, count: int, size: int) -> Iterator[list[Item]]:
    """``count`` scenes of ``size`` items each, one after the other."""
    source = endless(texts(folder))
    for number in range(count):
        yield [
            Item(id=f"{number}-{at:06}", scene=f"scene-{number}", title=text)
            for at, text in enumerate(itertools.islice(source, size))
        ]


def _read(path: Path) -> Iterator[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            plain = {name.partition(":")[0]: value or "" for name, value in row.items() if name}
            if TITLE in plain:
                yield (
                    " ".join([plain[TITLE], *(plain.get(name, "") for name in TEXT)])
                    .replace("|", " ")
                    .strip()
                )

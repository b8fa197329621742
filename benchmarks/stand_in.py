"""A few of the bundled ratings in the formats of the research data sets, for ``--smoke``.

Those sets cannot be part of the project; what their readers and benchmarks do with a folder can be
tried all the same. No figure of a stand-in means anything.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from recagent.evaluation.data import load_data
from recagent.offline.data_set import Data

GAMES_PEOPLE, ART_PEOPLE = 250, 160
SCENES = {"art": "comedy", "office": "drama"}
OTHERS = 100  # candidates of a line of ``games``


def games(folder: Path) -> Path:
    """A folder as ``recagent.evaluation.data.games`` reads it."""
    data = load_data("demo")
    titles = {item.id: item.title for item in data.items}
    sequences = dict(islice(((u, s) for u, s in _sequences(data) if len(s) > 5), GAMES_PEOPLE))
    met = sorted({item for sequence in sequences.values() for item in sequence})
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "items.tsv.gz", ["item_id\ttitle", *(f"{key}\t{titles[key]}" for key in met)])
    rows = [f"{user}\t{' '.join(items[:-1])}\t{items[-1]}" for user, items in sequences.items()]
    _write(folder / "sequences_test_inter.tsv.gz", ["user_id\titem_id_list\titem_id", *rows])
    users = list(sequences)
    for name, some in (("200", users[:20]), ("6k", users[20:50])):
        lines = [f"{user}\t{' '.join(_others(sequences[user], met, OTHERS))}" for user in some]
        end = ".gz" if name == "6k" else ""
        _write(folder / f"candidates_{name}.tsv{end}", lines)
    return folder


def art_office(folder: Path) -> Path:
    """A folder as ``recagent.evaluation.data.art_office`` reads it."""
    data = load_data("demo")
    here = {item.id: item for item in data.items if item.scene in SCENES.values()}
    of = {demo: scene for scene, demo in SCENES.items()}
    shelves = {name: [key for key in here if of[here[key].scene] == name] for name in SCENES}
    rows = [f"{key}\t{of[item.scene]}\t{item.title}\tfilms" for key, item in here.items()]
    people: list[object] = []
    asked: list[object] = []
    for user, met in _sequences(data):
        own = list(dict.fromkeys(key for key in met if key in here))
        last = {of[here[key].scene]: key for key in own}
        history = [key for key in own if key not in last.values()]
        if len(last) < len(SCENES) or not history:
            continue
        group = "test" if len(people) % 4 == 0 else "train"
        people.append({"user_id": user, "split": group, "history": history, "targets": last})
        for scene, target in last.items() if group == "test" else ():
            for kind in ("uniform", "popular"):
                others = [target, *_others(own, shelves[scene], 19)]
                line = {"user_id": user, "target_scene": scene, "kind": kind, "target": target}
                asked.append({**line, "candidates": others})
        if len(people) == ART_PEOPLE:
            break
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "items.tsv.gz", ["item_id\tscene\ttitle\tcategory", *rows])
    _write(folder / "users.train_test.jsonl.gz", map(json.dumps, people))
    _write(folder / "candidates_20.test.jsonl.gz", map(json.dumps, asked))
    return folder


def _sequences(data: Data) -> list[tuple[str, list[str]]]:
    """Everybody's items, oldest first."""
    found: dict[str, list[str]] = {}
    for event in data.events:
        found.setdefault(event.user_id, []).append(event.item_id)
    return list(found.items())


def _others(met: Sequence[str], among: Sequence[str], count: int) -> list[str]:
    """The first items of a shelf that a person has not met."""
    return list(islice((key for key in among if key not in met), count))


def _write(path: Path, lines: Iterable[str]) -> None:
    text = "\n".join(lines) + "\n"
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8") as file:
        file.write(text)

"""How much CPU every command takes: in the shop of `recagent init`, and in a large catalogue.

    uv run python benchmarks/commands.py            # five minutes
    uv run python benchmarks/commands.py --keep DIR # uses the catalogues that are in DIR already

CPU is that of all threads, of a process of its own each, in user and system mode. "First" is right
after `recagent index`; the others come when byte code and kept files are there.

Its figures stand in docs/research/performance.md.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from command import command
from loading import WORDS

ITEMS, PEOPLE, EVENTS = 100_000, 4_000, 132_000
SMOKE = (200, 20, 400)
SCENES = ("films", "books")
CHINESE = "春夏秋冬山水风云花鸟鱼虫江湖天地星月日夜城市少年故事时光旅行回家远方大海森林"
GENRES = ("comedy", "drama", "science fiction", "悬疑", "爱情", "history")
Lines = Mapping[str, Sequence[str]]


def make(folder: Path, items: int, people: int, events: int) -> None:
    """Titles in English and Chinese, three attributes, and likes of which few items get most."""
    chance = random.Random(1)
    rows = [["item_id", "scene", "title", "genre", "year", "price", "text"]]
    for number in range(items):
        words = chance.choices(WORDS, k=16)
        chinese = "".join(chance.choices(CHINESE, k=5))
        title = chinese if number % 3 == 0 else " ".join(words[:4]).capitalize()
        year, price = str(1950 + number % 75), f"{chance.lognormvariate(3, 0.6):.2f}"
        scene, genre = SCENES[number % 2], GENRES[number % 6]
        text = " ".join([*words[4:], chinese])
        rows.append([f"i{number}", scene, f"{title} {number % 97}", genre, year, price, text])
    written(folder / "items.csv", rows)
    rows = [["user_id", "item_id", "timestamp", "kind"]]
    for number in range(events):
        item = int(items * chance.random() ** 3)
        at = str(1_600_000_000 + 900 * number)
        rows.append([f"u{number % people}", f"i{item}", at, "like"])
    written(folder / "events.csv", rows)
    config = '[catalog]\nitems = [{ path = "items.csv" }]\nevents = [{ path = "events.csv" }]\n'
    (folder / "recagent.toml").write_text(config, encoding="utf-8")


def written(path: Path, rows: list[list[str]]) -> None:
    """Write rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def cpu(folder: Path, line: Sequence[str], *, says: str = "") -> tuple[float, int]:
    """Seconds of CPU that a command takes, and MiB of memory that it needs at most."""
    process = subprocess.Popen(
        [sys.executable, "-m", "recagent", *line],
        cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    if process.stdin is None or process.stderr is None:
        raise AssertionError
    process.stdin.write(says.encode())
    process.stdin.close()
    errors = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"recagent {' '.join(line)}: {errors.decode()}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss // 1024


def measure(name: str, folder: Path, lines: Lines, *, rounds: int) -> None:
    """Print the CPU of every command, the first time and the least of the next ones."""
    print(f"\n| {name} | first | after that | MiB |\n|---|---|---|---|")
    for told, line in lines.items():
        says = "something from the 90s\n" if told == "chat" else ""
        first, _ = cpu(folder, line, says=says)
        times, memory = zip(*(cpu(folder, line, says=says) for _ in range(rounds)), strict=True)
        print(f"| {told} | {first:.2f} | **{min(times):.2f}** | {max(memory)} |", flush=True)


def lines(user: str, scene: str, seen: str, unseen: str, wish: str) -> Lines:
    """The commands that are measured, for a person who has met one item and not another."""
    return {
        "recommend": ["recommend", user, "--scene", scene],
        "recommend --wish": ["recommend", user, "--scene", scene, "--wish", wish],
        "recommend (nobody knows them)": ["recommend", "stranger", "--scene", scene],
        "explain": ["explain", user, unseen],
        "chat": ["chat", "--user", user, "--scene", scene],
        "profile show": ["profile", "show", user],
        "events add": ["events", "add", user, seen, "--kind", "view"],
        "recommend after that": ["recommend", user, "--scene", scene],
        "scenes": ["scenes"],
        "doctor": ["doctor"],
        "validate": ["validate"],
    }


def main() -> None:
    """Print a table for each catalogue."""
    parser = command(__doc__)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the catalogues stay")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["shop", "large"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run(options, options.keep or Path(scratch))


def run(options: argparse.Namespace, folder: Path) -> None:
    """Measure both catalogues, made in the folder where they are not there."""
    size, rounds = (SMOKE, 1) if options.smoke else ((ITEMS, PEOPLE, EVENTS), options.rounds)
    shop, large = folder / "shop", folder / f"of-{size[0]}"
    if options.only != "large":
        if not shop.exists():
            shop.mkdir(parents=True)
            cpu(shop, ["init", "--template", "shop"])
            cpu(shop, ["index"])
        own = lines("ana", "kitchen", "kt-020", "kt-001", "a teapot")
        measure("the shop", shop, own, rounds=rounds)
    if options.only != "shop":
        if not (large / "recagent.toml").exists():
            large.mkdir(parents=True, exist_ok=True)
            make(large, *size)
            cpu(large, ["index"])
        own = lines("u5", "films", "i4", "i2", "winter river")
        measure(f"{size[0]:,} items", large, own, rounds=rounds)


if __name__ == "__main__":
    main()

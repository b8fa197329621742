"""How long `recagent index` takes and how much memory it needs, on made items and events.

    uv run python benchmarks/loading.py                                  # an hour
    uv run python benchmarks/loading.py --items 10000 --events 1000000   # one line of it, a minute
    uv run python benchmarks/loading.py --learning                       # what learning adds

Each line is one process of its own, on a fresh folder. Beside it the same rows are loaded by the
shortest script that could do it (csv, sqlite3 with the same keys, chromadb with the same vectors):
the peer. Loading is measured without learning. With ``--learning`` 10,000 items and the events of
fewer people (50 each, or nobody would have a past) are indexed without learning and with it; CPU
seconds are those of all threads.

Its figures stand in docs/research/performance.md.
"""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from command import command

SIZES = ((10_000, 1_000_000), (10_000, 10_000_000), (1_000_000, 10_000_000))
MANY_ITEMS = 1_000_000
LEARNING = (10_000, 100_000, 1_000_000)  # events
EACH = 50  # of a person
PEOPLE = 200_000
SCENES = ("books", "films", "garden", "kitchen")
WORDS = """
    amber bread brook candle cedar chess clay cloud cobalt comet copper coral cotton dawn delta dune
    ember fern field flint forest frost garden glass grain grove harbor hazel honey iron island
    ivory jade juniper kite lake lantern leaf lemon linen maple marble meadow mint mirror moon moss
    needle night oak ocean olive opal orchard paper pearl pepper pine plum quartz rain reed ribbon
    river rose saddle salt sand shadow silk silver slate snow spruce stone storm sugar summer thread
    thunder tide timber topaz valley velvet violet walnut water willow winter wool yarrow zinc
""".split()  # noqa: SIM905

PEER = """
import csv, sqlite3, sys
from pathlib import Path
items, events, out = sys.argv[1:]
import anyio, chromadb
from recagent.infrastructure.embeddings import WordLlamaEmbedder
embedder = WordLlamaEmbedder()
client = chromadb.PersistentClient(out + "/chroma")
rows = list(csv.DictReader(open(items, encoding="utf-8")))
scenes = {}
for row in rows:
    scenes.setdefault(row["scene"], []).append(row)
for scene, found in scenes.items():
    collection = client.create_collection(scene, embedding_function=None)
    for at in range(0, len(found), 5000):
        part = found[at:at + 5000]
        texts = [f"{row['title']} {row['topics']} {row['price']}" for row in part]
        vectors = anyio.run(embedder.embed, texts)
        collection.upsert(ids=[row["item_id"] for row in part], embeddings=vectors, metadatas=part)
base = sqlite3.connect(out + "/store.db")
base.execute("PRAGMA journal_mode=WAL")
base.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, user_id, item_id, scene, kind,"
             " at REAL, value REAL, UNIQUE (user_id, at, item_id, scene, kind))")
lines = csv.reader(open(events, encoding="utf-8"))
next(lines)
batch = []
def write():
    with base:
        base.executemany("INSERT OR IGNORE INTO events (user_id, item_id, scene, at, kind, value)"
                         " VALUES (?, ?, ?, ?, ?, ?)", batch)
    batch.clear()
for user, item, scene, at, kind, value in lines:
    batch.append((user, item, scene, float(at), kind, float(value) if value else None))
    if len(batch) == 10000:
        write()
write()
"""


def make_items(path: Path, count: int) -> None:
    """Titles of five words, two topics, a price; a quarter of them in each scene."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item_id", "scene", "title", "topics", "price"])
        for number in range(count):
            words = chance.choices(WORDS, k=7)
            title = " ".join(words[:5]).capitalize()
            price = f"{chance.lognormvariate(3, 0.6):.2f}"
            writer.writerow([f"i{number}", SCENES[number % 4], title, "|".join(words[5:]), price])


def make_events(path: Path, count: int, items: int, *, people: int = PEOPLE) -> None:
    """Events of people over two years; few items get most of them."""
    chance = random.Random(2)
    kinds = ("view", "view", "view", "click", "purchase", "rating")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "item_id", "scene", "timestamp", "kind", "value"])
        for _ in range(count):
            number = min(items - 1, int(items * chance.random() ** 3))
            kind = kinds[int(chance.random() * 6)]
            value = int(chance.random() * 11) if kind == "rating" else ""
            at = 1_700_000_000 + int(chance.random() * 63_000_000)
            user = int(chance.random() * people)
            writer.writerow([f"u{user}", f"i{number}", SCENES[number % 4], at, kind, value])


def timed(
    command: list[str], folder: Path, *, learning: bool = False
) -> tuple[float, float, float, str]:
    """Seconds, CPU seconds, peak resident memory in MiB, and standard output of a command."""
    begin = time.perf_counter()
    # The child says its own peak at its end: that of a child of ours would mix all of them.
    script = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], check=False)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "cpu = used.ru_utime + used.ru_stime\n"
        "print(used.ru_maxrss / 1024, cpu, file=sys.stderr)\n"
        "sys.exit(done.returncode)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "RECAGENT_LEARN__AUTOMATIC": str(learning).lower()},
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    peak, cpu = map(float, done.stderr.splitlines()[-1].split())
    return time.perf_counter() - begin, cpu, peak, done.stdout


def make_folder(folder: Path, items: int, events: int, *, people: int = PEOPLE) -> None:
    """A folder to index."""
    make_items(folder / "items.csv", items)
    make_events(folder / "events.csv", events, items, people=people)
    config = '[catalog]\nitems = [{ path = "items.csv" }]\nevents = [{ path = "events.csv" }]\n'
    (folder / "recagent.toml").write_text(config, encoding="utf-8")


def measure_learning(events: int) -> None:
    """Print what indexing takes without learning and with it."""
    for learning in (False, True):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            make_folder(folder, 10_000, events, people=max(1, events // EACH))
            command = [sys.executable, "-m", "recagent", "index", "--json"]
            seconds, cpu, peak, said = timed(command, folder, learning=learning)
        told = {"events": events, "learning": learning, "seconds": round(seconds)}
        told |= {"cpu seconds": round(cpu), "peak MiB": round(peak)}
        learned = json.loads(said).get("learned", {})
        told |= {name: learned[name] for name in ("choices", "people", "reason") if name in learned}
        print(json.dumps(told), flush=True)


def measure(items: int, events: int, *, with_peer: bool) -> None:
    """Load so many items and events with recagent, and with the peer; print a line of each."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_folder(folder, items, events)
        recagent = [sys.executable, "-m", "recagent"]
        seconds, _, peak, said = timed([*recagent, "index", "--json"], folder)
        loaded = json.loads(said)
        told = {"items": loaded["written"], "events": loaded["events"]}
        told |= {"seconds": round(seconds), "peak MiB": round(peak)}
        print(json.dumps({"system": "recagent", **told}), flush=True)
        if not with_peer:
            return
        (folder / "peer").mkdir()
        peer = [sys.executable, "-c", PEER, "items.csv", "events.csv", "peer"]
        its_seconds, _, its_peak, _ = timed(peer, folder)
    told = {"seconds": round(its_seconds), "peak MiB": round(its_peak)}
    print(
        json.dumps({"system": "peer", **told, "ratio": round(seconds / its_seconds, 2)}), flush=True
    )


def main() -> None:
    """Print one JSON object a line."""
    parser = command(__doc__)
    parser.add_argument("--items", type=int)
    parser.add_argument("--events", type=int)
    parser.add_argument("--learning", action="store_true", help="what learning adds")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.items, arguments.events = 200, 2_000
    if arguments.learning:
        for events in (2_000,) if arguments.smoke else LEARNING:
            measure_learning(events)
        return
    if arguments.items:
        measure(arguments.items, arguments.events, with_peer=True)
        return
    for items, events in SIZES:
        # At the largest size both wait for Chroma most of the time, and the peer says nothing new.
        measure(items, events, with_peer=items < MANY_ITEMS)


if __name__ == "__main__":
    main()

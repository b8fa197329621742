"""An indexing run that is killed at any moment goes on later, and ends as if nothing had been."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from examples import use_embedder, wait

from recagent import bootstrap
from recagent.config.settings import load
from recagent.testing import HashEmbedder

SCRIPT = Path(__file__).parents[1] / "support" / "index_run.py"
SCENES = ("books", "films")
SEED = 7


def write_catalogue(folder: Path) -> Path:
    chance = random.Random(SEED)  # noqa: S311
    words = [
        "sea",
        "planet",
        "bread",
        "train",
        "war",
        "love",
        "king",
        "desert",
        "robot",
        "garden",
        "winter",
        "detective",
    ]
    items = [f"{scene[0]}{number:03},{scene},{' '.join(chance.sample(words, 3))} {number}"
             for scene, count in zip(SCENES, (260, 140), strict=True)
             for number in range(count)]  # fmt: skip
    ids = [line.partition(",")[0] for line in items]
    events = [f"u{number % 30},{chance.choice(ids)},2026-05-01T{number % 24:02}:00:00"
              for number in range(300)]  # fmt: skip
    folder.mkdir()
    (folder / "items.csv").write_text("item_id,scene,title\n" + "\n".join(items) + "\n")
    (folder / "events.csv").write_text("user_id,item_id,timestamp\n" + "\n".join(events) + "\n")
    config = folder / "recagent.toml"
    config.write_text('[catalog]\nitems = [{ path = "items.csv" }]\n'
                      'events = [{ path = "events.csv" }]\n')  # fmt: skip
    return config


def index(config: Path, *, kill_after: int | None = None, delay: float = 0.0) -> list[str]:
    """What the run told until it ended, or until it was killed after so many steps."""
    process = subprocess.Popen(
        [sys.executable, SCRIPT, config], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told: list[str] = []
    try:
        for line in process.stdout:
            told.append(line.strip())
            if len(told) == kill_after:
                time.sleep(delay)
                process.kill()
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait(timeout=30)
    if kill_after is None or len(told) < kill_after:
        assert process.returncode == 0, said
    return told


def content(config: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """All that a reader can see: items in order, fingerprints, vectors, answers, events."""
    use_embedder(monkeypatch, lambda _: HashEmbedder())

    async def read() -> dict[str, object]:
        settings = load(config)
        opened, store = bootstrap.index(settings), bootstrap.event_store(settings)
        seen: dict[str, object] = {"scenes": await opened.scenes()}
        for scene in SCENES:
            ids = list(await opened.items(scene))
            seen[scene] = (
                list((await opened.items(scene)).items()),
                await opened.fingerprints(scene),
                (await opened.vectors(scene, ids=ids)).tobytes(),
                [
                    await opened.search(scene, vector=vector, limit=20, exclude=frozenset(ids[:5]))
                    for vector in await HashEmbedder().embed(["sea war", "robot love", "king"])
                ],
            )
        seen["events"] = [event async for batch in store.all_events() for event in batch]
        await opened.close()
        await store.close()
        return seen

    return wait(read())


@pytest.mark.slow
def test_a_run_killed_at_many_moments_ends_as_an_undisturbed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, killed = write_catalogue(tmp_path / "plain"), write_catalogue(tmp_path / "killed")
    whole = index(plain)
    chance = random.Random(SEED)  # noqa: S311
    ends = [
        index(killed, kill_after=chance.randint(2, 9), delay=chance.random() / 50)[-1]
        for _ in range(5)
    ]
    midway = {end for end in ends if end != whole[-1]}
    assert len(midway) >= 3, ends
    index(killed)
    assert content(killed, monkeypatch) == content(plain, monkeypatch)

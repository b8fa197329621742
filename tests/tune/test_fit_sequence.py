"""``fit`` with a sequence model: kept where order matters, and left out where it does not."""

import random
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from recagent import bootstrap
from recagent.api import Recommender
from recagent.config.settings import Settings
from recagent.ingest.loading import load_catalogue
from recagent.retrieval import Popularity
from recagent.training.fit import fit

pytest.importorskip("torch", reason="no torch here: .ci/tune runs these tests")

ITEMS = 40
STEPS = 12
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def settings_of(folder, *, step):
    """A shop whose people go on to what ``step`` says, from anywhere."""
    chance = random.Random(5)  # noqa: S311
    items = "".join(f"i{at},shop,Thing {at}\n" for at in range(ITEMS))
    (folder / "items.csv").write_text("item_id,scene,title\n" + items)
    rows = ["user_id,item_id,scene,kind,timestamp\n"]
    for person in range(150):
        at, met = chance.randrange(ITEMS), set()
        for day in range(STEPS):
            while at in met:
                at = step(at, chance)
            met.add(at)
            when = (BEGIN + timedelta(days=day, minutes=person)).isoformat()
            rows.append(f"p{person},i{at},shop,like,{when}\n")
        worst = min(set(range(ITEMS)) - met)
        when = (BEGIN + timedelta(days=STEPS, minutes=person)).isoformat()
        rows.append(f"p{person},i{worst},shop,dislike,{when}\n")
    (folder / "events.csv").write_text("".join(rows))
    return Settings(
        data_dir=folder / "data",
        catalog={
            "items": [{"path": str(folder / "items.csv")}],
            "events": [{"path": str(folder / "events.csv")}],
        },
        model={"kind": "none"},
    )


def fitted(settings):
    async def run():
        await load_catalogue(settings, on_progress=lambda *_: None)
        return await fit(settings, sequence=True, on_progress=lambda *_: None)

    return anyio.run(run)


def test_where_the_next_item_follows_from_the_last_it_is_kept_and_serves(tmp_path, monkeypatch):
    # Beside popularity alone: the other sources learn so simple a rule as well.
    monkeypatch.setattr(
        bootstrap,
        "sources",
        lambda index, _, interactions, **_options: (Popularity(index, interactions),),
    )
    settings = settings_of(tmp_path, step=lambda at, _: (at + 7) % ITEMS)
    found = fitted(settings)
    assert found.sequence is not None
    assert found.sequence[1] > 0
    assert "sequence" in found.head.sources
    assert found.head.liking is not None
    assert "sequence" not in found.head.liking.sources  # trained on some of what is judged

    with Recommender.from_settings(settings) as recommender:
        slate = recommender.recommend("p0", scene="shop")
    assert slate.trace.head == found.head.name
    assert slate.trace.sources["sequence"] > 0


def test_where_order_means_nothing_it_is_not_kept(tmp_path):
    settings = settings_of(tmp_path, step=lambda _, chance: chance.randrange(ITEMS))
    found = fitted(settings)
    assert found.sequence is not None
    assert found.sequence[1] <= 0
    assert "sequence" not in found.head.sources
    assert bootstrap.head(settings) == found.head
    assert not list((tmp_path / "data").glob("sequence-*"))

"""A dirty copy of the demo data is cleaned, and the report counts exactly what was done to it."""

import csv
import gzip
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from dirt import Dirt, soiled
from examples import use_embedder, wait

from recagent import bootstrap, demo
from recagent.config.settings import Settings, load
from recagent.errors import DataError
from recagent.ingest import Catalogue, read_catalogue
from recagent.ingest.loading import load_catalogue
from recagent.testing import HashEmbedder, MemoryIndex, MemoryStore

FOUND = ["items.csv", "horror.csv", "events.csv", "events.jsonl"]


def rows(path, **renamed):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [
            {renamed.get(name, name): value for name, value in row.items()}
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


class Case(NamedTuple):
    folder: Path
    dirt: Dirt
    settings: Settings
    catalog: Catalogue


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dirty")
    items, interactions = demo.DATA[:2]
    events = rows(interactions, rating_0_10="value")[:20_000]
    dirt = soiled(folder, items=rows(items), events=events, unusable="drop")
    settings = load(folder / "recagent.toml")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # so that the report names the files as they are called there
        return Case(folder, dirt, settings, read_catalogue(settings))


def seen(item):
    """An item as the list of what has to be left says it."""
    values = {**item.attributes, **item.filled_attributes}
    return {"title": item.title, "text": item.text, **values}


def wanted(row):
    genres = tuple(row["genres"].split("|"))
    numbers = {"year": int(row["year"]), "stock": int(row["stock"]), "price": row["price"]}
    return {"title": row["title"], "text": row["text"], "genres": genres, **numbers}


def deed(event):
    return (
        event.user_id, event.item_id, event.scene, event.kind,
        int(event.at.timestamp()), event.value, event.text,
    )  # fmt: skip


@pytest.mark.slow
def test_every_row_that_was_spoilt_is_left_out_for_its_own_reason_and_no_other(case):
    left_out = {read.file: read.left_out for read in case.catalog.report.files}
    assert list(left_out) == FOUND
    for file in FOUND:
        assert left_out[file] == case.dirt.left_out[file], file
    for read in case.catalog.report.files:
        lines = (case.folder / read.file).read_bytes().count(b"\n")
        header = {"items.csv": 2, "events.jsonl": 0}.get(read.file, 1)
        assert read.rows == lines - header


def test_every_problem_is_counted_and_named_with_its_row_and_the_next_step(case):
    report = case.catalog.report
    assert {key: found.count for key, found in report.problems.items()} == case.dirt.problems
    for found in report.problems.values():
        assert len(found.examples) == min(5, found.count)
        for problem in found.examples:
            assert problem.row
            assert str(problem).isprintable()
    values = {problem.kind: problem.value for problem in report.examples()}
    assert values["bad type"] == "cheap"
    assert values["not text"] == "Caf\\xe9"
    assert values["bad rating"] == "11"
    assert values["bad time"].startswith("no time")


def test_every_value_that_was_mended_is_counted(case):
    changed = Counter()
    for (step, name, _), change in case.catalog.report.changes.items():
        changed[step, name] += change.count
    assert changed == case.dirt.changed


def test_what_costs_nothing_is_noted(case):
    notes = {key: found.count for key, found in case.catalog.report.notes.items()}
    early = {key: count for key, count in notes.items() if key[0] == "early time"}
    assert sum(early.values()) == 2
    assert {kind for kind, _ in notes} == {"early time", "scale"}


def test_what_is_left_is_the_clean_data_without_what_had_to_go(case):
    items = {(item.scene, item.id): seen(item) for item in case.catalog.items}
    assert items == {key: wanted(row) for key, row in case.dirt.items.items()}
    assert Counter(map(deed, case.catalog.events())) == case.dirt.events


@pytest.mark.slow
def test_with_drop_it_is_indexed_and_stored_once(case, monkeypatch):
    index, store = MemoryIndex(), MemoryStore()
    settings = case.settings.model_copy(update={"data_dir": case.folder / "state"})
    monkeypatch.setattr(bootstrap, "index", lambda _: index)
    use_embedder(monkeypatch, lambda _: HashEmbedder())
    monkeypatch.setattr(bootstrap, "event_store", lambda _: store)
    monkeypatch.setattr(bootstrap, "fingerprint", repr)
    first = wait(load_catalogue(settings, on_progress=lambda *_: None))
    assert first.items.written == len(case.dirt.items)
    assert first.events == case.dirt.events.total()
    again = wait(load_catalogue(settings, on_progress=lambda *_: None))
    assert (again.items.written, again.items.deleted, again.events) == (0, 0, 0)

    async def stored():
        return [event async for batch in store.all_events() for event in batch]

    assert Counter(map(deed, wait(stored()))) == case.dirt.events


def test_with_stop_nothing_is_written_and_the_first_problems_are_named(case):
    cleaning = case.settings.cleaning.model_copy(update={"unusable": "stop"})
    data = case.folder / "nothing"
    settings = case.settings.model_copy(update={"cleaning": cleaning, "data_dir": data})
    before = sorted(case.folder.iterdir())
    with pytest.raises(DataError, match="the catalogue has errors, so nothing was saved") as caught:
        wait(load_catalogue(settings, on_progress=lambda *_: None))
    assert f"... and {len(case.catalog.report.problems) - 3} more" in str(caught.value)
    assert not data.exists()
    assert sorted(case.folder.iterdir()) == before

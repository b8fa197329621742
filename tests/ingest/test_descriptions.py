"""Files of descriptions: beside the data, never over them, and what is wrong with them is said."""

import gzip
from dataclasses import replace

import pytest
from examples import make_item

from recagent.config.settings import load
from recagent.domain import Constraint
from recagent.errors import DataError
from recagent.infrastructure.vectors.item_metadata import (
    fingerprint,
    item_from_metadata,
    item_metadata,
)
from recagent.ingest import read_catalogue
from recagent.ingest.descriptions import Description, read_descriptions
from recagent.ingest.loading import validate_catalogue

ITEMS = "item_id,title,scene,mood\nb1,Dune,books,\nb2,Emma,books,witty\nb3,Ulysses,books,\n"
CONFIG = '[catalog]\nitems = "items.csv"\ndescriptions = "described.jsonl"\n'
LINES = [
    Description(item_id="b1", model="m", values={"mood": ("dark", "epic"), "about": "Sand."}),
    Description(item_id="b2", model="m", values={"mood": ("funny",), "pace": "slow"}),
    Description(item_id="b3", model="m", values={}),
    Description(item_id="gone", model="m", values={"mood": ("sad",)}),
]


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "items.csv").write_text(ITEMS)
    (tmp_path / "described.jsonl").write_bytes(b"".join(each.line() for each in LINES))
    (tmp_path / "recagent.toml").write_text(CONFIG)
    return tmp_path


def test_descriptions_stand_beside_the_data_which_win(shop):
    catalogue = read_catalogue(load(shop))
    dune, emma, ulysses = catalogue.items
    assert dune.attributes == {}
    assert dune.model_attributes == {"mood": ("dark", "epic"), "about": "Sand."}
    assert (emma.attributes, emma.model_attributes) == ({"mood": "witty"}, {"pace": "slow"})
    assert ulysses.model_attributes == {}
    (read,) = [each for each in catalogue.report.files if each.holds == "descriptions"]
    assert (read.rows, read.used, dict(read.left_out)) == (4, 3, {"unknown item": 1})


def test_a_compressed_file_reads_alike(shop):
    plain = (shop / "described.jsonl").read_bytes()
    (shop / "described.jsonl.gz").write_bytes(gzip.compress(plain))
    assert [*read_descriptions(shop / "described.jsonl.gz")] == LINES


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"item_id": "b1"}', "line 2: not a description"),
        ('{"item_id": "b1", "values": {"mood": 3}}', "line 2: not a description"),
        ("half a li", "line 2: not a description"),
    ],
)
def test_a_line_that_is_no_description_is_named(shop, line, says):
    with (shop / "described.jsonl").open("wb") as file:
        file.write(LINES[0].line() + line.encode())
    with pytest.raises(DataError, match=says) as caught:
        read_catalogue(load(shop))
    assert "第 2 行" in caught.value.in_language("zh")


def test_a_file_that_is_not_there_is_named(shop):
    (shop / "described.jsonl").unlink()
    with pytest.raises(DataError, match=r"described\.jsonl.*correct \[catalog\] descriptions"):
        read_catalogue(load(shop))


def test_an_index_keeps_what_a_model_said_apart(shop):
    dune = read_catalogue(load(shop)).items[0]
    assert item_from_metadata(item_metadata(dune)) == dune
    assert fingerprint(dune) != fingerprint(replace(dune, model_attributes={}))


def test_items_without_descriptions_need_no_new_index():
    item = make_item("b1", "Dune", genres=("scifi",))
    assert "model_attributes" not in item_metadata(item)["item"]
    assert item_from_metadata(item_metadata(item)) == item


def test_a_rule_on_what_only_a_model_says_is_reported(shop):
    rules = '[scenes.books]\nrules = [{ attribute = "pace", operator = "is", value = "slow" }]\n'
    (shop / "recagent.toml").write_text(CONFIG + rules)
    problems = validate_catalogue(load(shop)).report.problems
    assert [kind for kind, _ in problems] == ["unread rule"]
    (shop / "recagent.toml").write_text(CONFIG + rules + 'model_conditions = ["pace"]\n')
    assert not validate_catalogue(load(shop)).report.problems
    assert Constraint(attribute="pace", operator="is", value="slow") in (
        load(shop).declared_scenes()["books"].rules
    )

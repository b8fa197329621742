"""``recagent describe`` from its first request to an item with a description."""

import json

import pytest

from recagent.config.settings import load
from recagent.ingest import read_catalogue

SHOP = '[catalog]\nitems = "items.csv"\n[model]\nname = "large"\n'


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "items.csv").write_text("item_id,title,scene\nb1,Dune,books\nb2,Emma,books\n")
    (tmp_path / "recagent.toml").write_text(SHOP)
    return tmp_path


def test_the_command_writes_a_batch_reads_it_and_index_reads_the_file(shop, recagent):
    wrote = recagent("describe", "--requests", "requests.jsonl")
    assert "1 requests are in requests.jsonl: 2 items" in wrote.stderr
    assert "price unknown" in wrote.stderr
    line = json.loads((shop / "requests.jsonl").read_text())
    reply = '{"items": [{"number": 1, "mood": ["dark", "odd"]}, {"number": 2, "mood": null}]}'
    kept = {"custom_id": line["custom_id"], "content": reply}
    (shop / "replies.jsonl").write_text(json.dumps(kept))
    read = recagent("describe", "--replies", "replies.jsonl")
    assert "2 items described in described.jsonl, nothing known of 1" in read.stdout
    assert "left out: 1" in read.stdout
    again = recagent("describe", "--replies", "replies.jsonl", "--lang", "zh")
    assert "已有全部内容的描述" in again.stderr
    (shop / "recagent.toml").write_text(
        SHOP.replace("[model]", 'descriptions = "described.jsonl"\n[model]')
    )
    assert read_catalogue(load(None)).items[0].model_attributes == {"mood": ("dark",)}


def test_the_command_needs_a_capable_model_and_somebody_who_agrees(shop, recagent):
    refused = recagent("describe")
    assert refused.returncode == 1
    assert "needs a capable model" in refused.stderr
    (shop / "recagent.toml").write_text(SHOP + 'base_url = "http://127.0.0.1:9/v1"\n')
    refused = recagent("describe")
    assert "2 items in 1 requests to large" in refused.stderr
    assert "add --yes" in refused.stderr
    assert not (shop / "described.jsonl").exists()

"""``recagent profile``: what it prints, what it changes, and what it refuses."""

import io
import json
from pathlib import Path

import pytest
from command import Command

pytestmark = pytest.mark.usefixtures("shop")


def shown(recagent: Command, *arguments: str) -> dict:
    done = recagent("profile", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_profile_is_shown_edited_and_taken_back(recagent: Command) -> None:
    assert shown(recagent, "show", "ana")["events"] == 1
    edited = shown(
        recagent, "edit", "ana", "--tag", "Sea", "--tag", "hills=0.5", "--block", "cooking",
        "--set", "age=30", "--set", "city=Rome", "--set", "height=1.7", "--about", "New here.",
    )  # fmt: skip
    assert edited["tags"] == {"Sea": 1.0, "hills": 0.5}
    assert edited["blocked"] == ["cooking"]
    assert edited["attributes"] == {"age": 30, "city": "Rome", "height": 1.7}
    assert shown(recagent, "edit", "ana", "--set", "city=")["attributes"] == {
        "age": 30, "height": 1.7,
    }  # fmt: skip
    table = recagent("profile", "show", "ana").stdout
    for line in ("declared: age = 30", "in their own words: New here.", "Sea 1.00", "cooking"):
        assert line in table
    assert "已屏蔽: cooking" in recagent("profile", "show", "ana", "--lang", "zh").stdout
    undone = shown(recagent, "edit", "ana", "--undo", "--about", "Again.")
    assert (undone["tags"], undone["about"]) == ({}, "Again.")


def test_edits_outlive_indexing_anew(shop: Path, recagent: Command) -> None:
    (shop / "users.csv").write_text("user_id,tags,about\nana,travel|bread,From the file.\n")
    config = shop / "recagent.toml"
    people = '[catalog]\nusers = [{ path = "users.csv" }]\n'
    config.write_text(config.read_text().replace("[catalog]\n", people))
    assert recagent("index").returncode == 0
    recagent("profile", "edit", "ana", "--tag", "bread=0", "--about", "Mine.")
    assert recagent("index").returncode == 0
    found = shown(recagent, "show", "ana")
    assert (found["tags"], found["about"]) == ({"travel": 1.0}, "Mine.")


def test_own_words_are_kept_with_the_event(recagent: Command) -> None:
    done = recagent(
        "events", "add", "ana", "b2", "--kind", "comment", "--text", "Crusty!", "--device", "phone"
    )
    assert done.returncode == 0, done.stderr
    assert shown(recagent, "show", "ana")["words"] == ["Crusty!"]
    assert "wrote: Crusty!" in recagent("profile", "show", "ana").stdout


def test_a_passport_goes_out_and_comes_in(shop: Path, recagent: Command) -> None:
    recagent("profile", "edit", "ana", "--tag", "Sea=0.5", "--block", "cooking")
    done = recagent("profile", "export", "ana")
    passport = json.loads(done.stdout)
    assert passport == {
        "version": 1, "attributes": {}, "about": "", "tags": {"Sea": 0.5, "cooking": 0.0},
        "scenes": {},
    }  # fmt: skip
    named = json.loads(recagent("profile", "export", "ana", "--with-id").stdout)
    assert named["user"] == "ana"
    (shop / "taste.json").write_text(done.stdout)
    found = shown(recagent, "import", "bob", "taste.json")
    assert (found["person"], found["tags"], found["blocked"]) == ("bob", {"Sea": 0.5}, ["cooking"])


def test_linked_ids_are_one_person(recagent: Command) -> None:
    assert shown(recagent, "link", "ana", "web") == {"ids": ["ana", "web"]}
    assert shown(recagent, "show", "web")["person"] == "ana"
    assert "one person now: ana, web" in recagent("profile", "link", "web", "ana").stdout


def test_deleting_asks_first_and_says_how_much_went(
    recagent: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    recagent("recommend", "ana")
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    refused = recagent("profile", "delete", "ana")
    assert refused.returncode == 1
    assert shown(recagent, "show", "ana")["events"] == 1
    done = recagent("profile", "delete", "ana", "--yes")
    assert "deleted: 1 events, 1 slates, 1 ids" in done.stdout
    assert shown(recagent, "show", "ana")["events"] == 0
    assert "nothing is known" in recagent("profile", "show", "ana").stdout
    again = shown(recagent, "delete", "ana", "--yes")
    assert again == {"ids": ["ana"], "events": 0, "impressions": 0}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["edit", "ana", "--tag", "sea=much"], 2, "is not NAME or NAME=WEIGHT"),
        (["edit", "ana", "--set", "age"], 2, "is not NAME=VALUE"),
        (["edit", "ana", "--tag", "sea=2"], 1, "weight 2 of tag 'sea' must be between 0 (blocked)"),
        (["import", "ana", "none.json"], 1, "cannot read passport 'none.json'"),
        (["import", "ana", "items.csv"], 1, "'items.csv' is not a version 1 taste passport"),
        (["link", "ana", ""], 1, "one is empty"),
        (["show", "ana", "--preference"], 1, "set [model]"),
    ],
)
def test_what_cannot_be_done_is_said(
    recagent: Command, arguments: list[str], code: int, says: str
) -> None:
    done = recagent("profile", *arguments)
    assert done.returncode == code, done.stderr
    assert says in " ".join(done.stderr.split())

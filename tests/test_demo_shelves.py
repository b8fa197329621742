"""The demo's shelves are called what their films are."""

from __future__ import annotations

import csv
import gzip

import pytest

from recagent import demo

# The genres that a shelf was cut from, each of which its labels have to say.
CUT = {
    "documentary": {"Documentary": ("Documentaries", "纪录"), "Biography": ("biographies", "传记")},
    "action_adventure": {
        "Action": ("Action", "动作"), "Adventure": ("adventure", "冒险"),
        "War": ("war", "战争"), "Western": ("western", "西部"),
    },
}  # fmt: skip


@pytest.mark.parametrize("scene", CUT)
def test_every_film_of_a_shelf_is_what_the_shelf_is_called(scene):
    shelf = demo.settings().declared_scenes()[scene]
    with gzip.open(demo.DATA[0], "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["scene"] == scene]
    wrong = [row["title"] for row in rows if not CUT[scene].keys() & set(row["genres"].split("|"))]
    assert wrong == []
    for en, zh in CUT[scene].values():
        assert en in shelf.labels["en"]
        assert zh in shelf.labels["zh"]

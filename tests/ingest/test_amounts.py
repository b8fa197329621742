"""Plays, hours and pieces: who did more of something likes it more, whatever the unit."""

from dataclasses import replace

import pytest
from examples import make_event, make_item, wait
from line import make_line
from test_survey import shop

from recagent.domain import RatingScale
from recagent.ingest import read_catalogue
from recagent.profiles.building import is_liked, preference

SCALE = RatingScale()
ITEMS = "item_id,scene,title\n" + "".join(f"g{n},games,Game {n}\n" for n in range(9))


def shares(folder, rows, header="user_id,item_id,timestamp,hours"):
    """The events of rows, and the report."""
    lines = header + "\n" + "".join(f"{row}\n" for row in rows)
    catalog = read_catalogue(shop(folder, lines, items=ITEMS))
    assert not catalog.report.problems
    events = list(catalog.events())
    return {(event.user_id, event.item_id): event for event in events}, catalog.report


HOURS = ["ann,g0,1e9,200", "ann,g1,1e9,0.1", "ann,g2,1e9,8", "bob,g1,1e9,200", "cat,g1,1e9,0.1",
         "dan,g3,1e9,4", "eve,g3,1e9,9", "fay,g3,1e9,0"]  # fmt: skip


def test_two_hundred_hours_are_more_than_a_tenth_of_one_in_one_person_and_across_people(tmp_path):
    events, _ = shares(tmp_path, HOURS)
    assert {event.kind for event in events.values()} == {"view"}
    liked = [key for key, event in events.items() if is_liked(event, SCALE)]
    assert liked == [("ann", "g0"), ("ann", "g2"), ("bob", "g1"), ("dan", "g3"), ("eve", "g3")]
    strength = {key: preference(event, SCALE) for key, event in events.items()}
    assert strength["ann", "g0"] > strength["ann", "g2"] > 9 * strength["ann", "g1"]
    assert strength["bob", "g1"] > 9 * strength["cat", "g1"] > 0
    assert strength["fay", "g3"] < 1e-5


@pytest.mark.parametrize("unit", [1, 60, 3600, 0.001])
def test_the_unit_is_no_matter(tmp_path, unit):
    plain, _ = shares(tmp_path, HOURS[:7])
    rows = [row.rpartition(",") for row in HOURS[:7]]
    other, _ = shares(tmp_path, [f"{head},{float(hours) * unit}" for head, _, hours in rows])
    for key, event in plain.items():
        assert other[key].value == pytest.approx(event.value, abs=1e-5)


@pytest.mark.parametrize(
    "name",
    ["weight", "plays", "playCount", "hours", "quantity", "播放次数", "数量", "时长", "count"],
)
def test_the_column_is_known_by_its_name(tmp_path, name):
    events, report = shares(
        tmp_path, ["ann,g0,1e9,9", "ann,g1,1e9,1"], f"user_id,item_id,timestamp,{name}"
    )
    assert events["ann", "g0"].value > 0.5 > events["ann", "g1"].value
    (found,) = [found for (kind, _), found in report.notes.items() if kind == "amounts"]
    assert str(found.examples[0]).startswith(
        "events of kind 'view' in scene 'games' say how much (1 to 9, usually 3): each counts by "
        "what is usual for the person, half where it is that, and not as liked below a ninth of it"
    )


def test_one_enormous_amount_does_not_hide_the_others(tmp_path):
    rows = ["ann,g0,1e9,1000000", *(f"ann,g{n},1e9,{20 + n}" for n in range(1, 9))]
    events, _ = shares(tmp_path, rows)
    assert all(is_liked(event, SCALE) for key, event in events.items() if key[1] in ("g0", "g8"))
    assert all(event.value > 0.05 for event in events.values())


def test_what_was_returned_is_left_out_and_counted(tmp_path):
    header = "user_id,item_id,timestamp,kind,quantity"
    rows = ["ann,g0,1e9,purchase,12", "ann,g0,2e9,purchase,-12", "ann,g1,1e9,purchase,"]
    rows[1] = rows[1].replace("2e9", "1.1e9")
    events, report = shares(tmp_path, rows, header)
    assert events["ann", "g1"].value is None
    assert preference(events["ann", "g1"], SCALE) == 1.0
    assert report.files[-1].left_out == {"returned": 1}


def test_a_rating_beside_an_amount_is_a_rating(tmp_path):
    header = "user_id,item_id,timestamp,rating,hours"
    events, _ = shares(tmp_path, ["ann,g0,1e9,5,0.1", "bob,g0,1e9,1,300", "ann,g1,1e9,,7"], header)
    assert (events["ann", "g0"].kind, events["ann", "g0"].value) == ("rating", 5)
    assert events["ann", "g1"].kind == "view"


def test_a_value_of_a_deed_that_is_no_amount_changes_nothing(tmp_path):
    header = "user_id,item_id,timestamp,kind,value"
    rows = ["ann,g0,1e9,purchase,0.99", "ann,g1,1e9,view,0", "ann,g2,1e9,dislike,-1"]
    events, _ = shares(tmp_path, rows, header)
    assert preference(events["ann", "g0"], SCALE) == 1.0
    assert is_liked(events["ann", "g1"], SCALE)
    assert preference(events["ann", "g2"], SCALE) == -1.0


def test_amounts_of_one_item_add_up_in_a_profile_and_weigh_its_likes():
    def play(item, share, days):
        return replace(make_event("ann", item, kind="view", days=days), value=share)

    async def main():
        events = [play("b1", 0.5, 0), play("b1", 0.5, 0.01), play("b2", 0.5, 0.02),
                  play("b3", 0.001, 0.03)]  # fmt: skip
        line, _ = await make_line([make_item(f"b{n}") for n in range(1, 5)], events=events)
        return await line.profile("ann")

    liked = wait(main()).liked
    assert liked.keys() == {"b1", "b2"}
    assert liked["b1"] / liked["b2"] == pytest.approx((2 / 3) / 0.5, rel=1e-2)

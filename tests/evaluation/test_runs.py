"""A run's folder: what is written comes back, and a kill costs no whole line."""

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent.domain import Case, Event, Usage, User
from recagent.errors import DataError
from recagent.evaluation import run_folder
from recagent.llm.usage import Exchange
from recagent.offline.results import ModelDialogue, Result, Values

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
events = st.builds(
    Event,
    user_id=texts,
    item_id=texts,
    scene=texts,
    kind=st.sampled_from(["view", "like", "rating"]),
    at=st.datetimes(timezones=st.just(UTC)),
    value=st.none() | numbers,
    text=texts,
)
people = st.builds(
    User,
    id=texts,
    attributes=st.dictionaries(
        texts, st.booleans() | st.integers(-99, 99) | numbers | texts | st.tuples(texts, texts)
    ),
    tags=st.lists(texts, max_size=3).map(tuple),
)
cases = st.builds(
    Case,
    id=texts,
    user_id=texts,
    scene=texts,
    item_ids=st.lists(texts, max_size=4).map(tuple),
    judgments=st.dictionaries(texts, st.integers(0, 4), max_size=4),
    history=st.lists(events, max_size=2).map(tuple),
    user=st.none() | people,
)
results = st.builds(
    Result,
    system=texts,
    case=texts,
    variant=texts,
    scores=st.dictionaries(texts, numbers, max_size=4),
    calls=st.integers(0, 9),
    usage=st.builds(Usage, prompt=st.integers(0, 99), completion=st.integers(0, 99)),
    cost=numbers,
    notes=st.lists(texts, max_size=2).map(tuple),
    error=st.none() | texts,
)


def result(case, **others):
    return Result(system="likelihood", case=case, scores={"b": 0.5, "a": -1.0}, **others)


def test_results_come_back_in_the_order_in_which_they_were_appended(tmp_path):
    path = tmp_path / run_folder.RESULTS
    run_folder.append_lines(path, [result("1")])
    run_folder.append_lines(path, [result("2"), result("3", error="the server is down")])
    assert [each.case for each in run_folder.read_lines(Result, path)] == ["1", "2", "3"]
    assert run_folder.read_lines(Result, path)[0] == result("1")
    assert list(run_folder.read_lines(Result, path)[0].scores) == ["b", "a"]


@given(case=cases, said=results)
def test_what_is_written_is_what_comes_back(tmp_path_factory, case, said):
    folder = tmp_path_factory.mktemp("run")
    run_folder.write_lines(folder / "cases", [case])
    run_folder.append_lines(folder / "results", [said, said])
    run_folder.write_json(folder / "one", case)
    assert run_folder.read_lines(Case, folder / "cases") == [case]
    assert run_folder.read_lines(Result, folder / "results") == [said, said]
    assert run_folder.read_json(Case, folder / "one") == case


def test_a_time_keeps_its_zone(tmp_path):
    at = datetime(2024, 5, 1, 20, 0, 0, 1, tzinfo=UTC)
    event = Event(user_id="u", item_id="i", scene="s", kind="like", at=at)
    run_folder.write_json(tmp_path / "event", event)
    assert run_folder.read_json(Event, tmp_path / "event").at == at


def test_a_torn_last_line_is_passed_over_and_can_be_mended(tmp_path):
    path = tmp_path / run_folder.RESULTS
    run_folder.append_lines(path, [result("1"), result("2")])
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    assert [each.case for each in run_folder.read_lines(Result, path)] == ["1", "2"]
    run_folder.repair_lines(path)
    assert path.read_bytes() == whole
    run_folder.append_lines(path, [result("3")])
    assert [each.case for each in run_folder.read_lines(Result, path)] == ["1", "2", "3"]


@given(cut=st.integers(0, 400))
def test_wherever_a_file_is_cut_the_whole_lines_stay(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("run") / run_folder.RESULTS
    run_folder.append_lines(path, [result("1"), result("二")])
    data = path.read_bytes()[:cut]
    path.write_bytes(data)
    run_folder.repair_lines(path)
    run_folder.append_lines(path, [result("3")])
    assert len(run_folder.read_lines(Result, path)) == data.count(b"\n") + 1


def test_mending_leaves_whole_missing_and_empty_files_alone(tmp_path):
    run_folder.repair_lines(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()
    (tmp_path / "empty").touch()
    run_folder.repair_lines(tmp_path / "empty")
    assert run_folder.read_lines(Result, tmp_path / "empty") == []
    assert run_folder.read_lines(Result, tmp_path / "missing") == []


def test_a_line_that_recagent_did_not_write_is_named(tmp_path):
    path = tmp_path / run_folder.RESULTS
    run_folder.append_lines(path, [result("1")])
    with path.open("a") as file:
        file.write('{"system": "likelihood"}\n')
    run_folder.append_lines(path, [result("2")])
    with pytest.raises(DataError, match=r"results\.jsonl' line 2 .*case: Field required"):
        run_folder.read_lines(Result, path)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "value.json"
    run_folder.write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        run_folder.write_json(path, {1j: 2})
    assert run_folder.read_json(dict[str, int], path) == {"a": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["value.json"]


def test_undefined_numbers_are_null(tmp_path):
    values = Values(system="s", case="c", values={"AUC": float("nan")})
    run_folder.append_lines(tmp_path / "values", [values])
    assert run_folder.read_lines(Values, tmp_path / "values")[0].values == {"AUC": None}


def test_half_a_character_in_a_reply_costs_no_result(tmp_path):
    exchange = Exchange(prompt=(("user", "films?"),), reply="A \ud83d B")
    said = ModelDialogue(system="s", case="c", exchanges=(exchange,))
    run_folder.append_lines(tmp_path / "said", [said])
    assert run_folder.read_lines(ModelDialogue, tmp_path / "said")[0].exchanges[0].reply == "A ? B"


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(DataError, match=r"is not a run: it has no run\.json"):
        run_folder.load_run(tmp_path)


def test_a_gzipped_file_is_read_where_the_plain_one_is_gone(tmp_path):
    path = tmp_path / run_folder.RESULTS
    run_folder.append_lines(path, [Result(system="a", case="1"), Result(system="a", case="2")])
    kept = run_folder.read_lines(Result, path)
    (tmp_path / "results.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert run_folder.read_lines(Result, path) == kept
    run_folder.repair_lines(path)
    assert [each.name for each in tmp_path.iterdir()] == [run_folder.RESULTS]
    run_folder.append_lines(path, [Result(system="a", case="3")])
    assert len(run_folder.read_lines(Result, path)) == 3
    path.unlink()
    (tmp_path / "results.jsonl.gz").write_bytes(b"torn")
    with pytest.raises(DataError, match=r"results\.jsonl\.gz' is not as recagent wrote it"):
        run_folder.read_lines(Result, path)

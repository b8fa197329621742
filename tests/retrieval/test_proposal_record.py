"""Which models are asked for proposals: by the size that a name states, and by their record."""

import pytest

from recagent.retrieval.sources.proposal_record import ProposalRecord, stated_billions


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("SmolLM2-135M-Instruct", 0.135),
        ("smollm2:360m", 0.36),
        ("gemma-3-270m-it", 0.27),
        ("qwen2.5:0.5b", 0.5),
        ("Qwen/Qwen3-0.6B", 0.6),
        ("meta-llama/Llama-3.2-1B-Instruct", 1.0),
        ("deepseek-r1:1.5b", 1.5),
        ("Qwen/Qwen3-8B", 8.0),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507", 30.0),
        ("gpt-oss-20b", 20.0),
        ("llama3.1:70b-instruct-q4_K_M", 70.0),
        ("Qwen2.5-14B-Instruct-1M", 14.0),
        ("internlm2_5-7b-chat-1m", 7.0),
        ("gpt-4o-mini", None),
        ("gpt-5", None),
        ("claude-haiku-4-5", None),
        ("gemini-2.5-flash", None),
        ("mistral-small-latest", None),
        ("mixtral-8x7b", None),
        ("smol", None),
    ],
)
def test_the_size_that_a_name_states(name, billions):
    assert stated_billions(name) == billions


def test_a_name_under_a_billion_is_not_asked_and_the_reason_names_the_setting():
    silence = ProposalRecord().silence("SmolLM2-135M")
    assert silence is not None
    assert "135 million parameters" in str(silence)
    assert "proposals = 'on'" in str(silence)
    assert ProposalRecord().silence("Qwen3-8B") is None


def test_three_late_answers_in_a_row_give_it_an_hours_rest_also_in_the_next_process(tmp_path):
    now = [1000.0]
    path = tmp_path / "kept" / "p.json"

    def record():
        return ProposalRecord(path=path, clock=lambda: now[0])

    for usable in (False, False, True, False, False):
        record().add_answer(usable=usable)
    assert record().silence("m") is None
    record().add_answer(usable=False)
    silence = record().silence("m")
    assert silence is not None
    assert "its last 3 answers were late or unusable" in str(silence)
    now[0] += 3601
    assert record().silence("m") is None
    record().add_answer(usable=False)  # it is tried once an hour
    assert record().silence("m") is not None
    record().add_answer(usable=True)
    assert record().silence("m") is None


def test_what_is_found_of_its_titles_is_known_in_the_next_process(tmp_path):
    path = tmp_path / "p.json"
    for _ in range(2):
        assert ProposalRecord(path=path).is_of_known_things("parts")
        ProposalRecord(path=path).add_titles("parts", written=20, found=1)
    assert not ProposalRecord(path=path).is_of_known_things("parts")
    assert ProposalRecord(path=path).is_of_known_things("films")


def test_a_broken_record_is_begun_anew(tmp_path):
    path = tmp_path / "p.json"
    path.write_text("{")
    assert ProposalRecord(path=path).silence("m") is None

"""Questions that go to a file, and replies that come from one."""

import json

import pytest
from examples import make_item, make_query, wait

from recagent.domain import Candidate, Usage
from recagent.errors import DataError, ModelError
from recagent.llm.batch_files import BatchModel, batch_id, read_replies, write_requests
from recagent.ports import Message, Reply
from recagent.ranking import ModelRanker

ASK = [Message("system", "Answer."), Message("user", "Which?")]
SCHEMA = {"type": "object"}


def output(custom_id, content, status=200):
    """A line as the Batch API and ``vllm run-batch`` write it."""
    body = {
        "choices": [{"message": {"role": "assistant", "content": content}}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 3},
    }
    answered = {"id": "batch_req_1", "custom_id": custom_id, "error": None}
    return json.dumps({**answered, "response": {"status_code": status, "body": body}})


def test_a_question_without_a_reply_becomes_a_line_and_its_reply_is_found_again(tmp_path):
    model = BatchModel("some-model")
    with pytest.raises(ModelError, match="no reply yet"):
        wait(model.chat(ASK, max_tokens=40, schema=SCHEMA))
    write_requests(tmp_path / "requests.jsonl", model.requests)
    (line,) = (tmp_path / "requests.jsonl").read_text().splitlines()
    request = json.loads(line)
    assert (request["method"], request["url"]) == ("POST", "/v1/chat/completions")
    assert request["body"]["model"] == "some-model"
    assert request["body"]["messages"][1] == {"role": "user", "content": "Which?"}
    assert request["body"]["max_tokens"] == 40
    assert request["body"]["response_format"]["json_schema"]["schema"] == SCHEMA
    (tmp_path / "out.jsonl").write_text(output(request["custom_id"], "This.") + "\n\n")
    answered = BatchModel("some-model", read_replies([tmp_path / "out.jsonl"]))
    reply = wait(answered.chat(ASK, max_tokens=40))
    assert (reply.text, reply.usage.prompt, reply.usage.completion) == ("This.", 11, 3)
    assert answered.requests == {}


def test_lines_that_begin_alike_stand_together(tmp_path):
    model = BatchModel("m")
    for text in ("b one", "a one", "b two", "a two"):
        with pytest.raises(ModelError):
            wait(model.chat([Message("user", text)], max_tokens=1))
    write_requests(tmp_path / "r", model.requests)
    lines = map(json.loads, (tmp_path / "r").read_text().splitlines())
    texts = [line["body"]["messages"][0]["content"] for line in lines]
    assert texts == ["a one", "a two", "b one", "b two"]


def test_a_request_that_failed_has_no_reply_and_the_newest_file_counts(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("\n".join([output("x", "old"), output("y", "", status=500)]))
    second.write_text(json.dumps({"custom_id": "x", "content": "new"}))
    replies = read_replies([first, second])
    assert {key: reply.text for key, reply in replies.items()} == {"x": "new"}


@pytest.mark.parametrize("text", ["{", "[]", '{"messages": []}', '{"id": 1}'])
def test_a_file_that_is_no_output_is_named_with_its_line(tmp_path, text):
    path = tmp_path / "requests.jsonl"
    path.write_text(output("x", "fine") + "\n" + text)
    with pytest.raises(DataError, match=r"requests\.jsonl', line 2: not a line of a batch's out"):
        read_replies([path])


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_replies([tmp_path / "nothing"])


def test_a_ranker_asks_a_batch_as_it_asks_an_endpoint():
    offered = [Candidate(item=make_item(f"b{n}"), features={}) for n in range(3)]
    query = make_query(wish="something light")
    unasked = BatchModel("m")
    with pytest.raises(ModelError):
        wait(ModelRanker(unasked, prompt_tokens=4000)(query, candidates=offered))
    (request_id,) = unasked.requests
    messages = [Message(**turn) for turn in unasked.requests[request_id]["messages"]]
    assert batch_id(messages) == request_id
    kept = {request_id: Reply(text='{"best": ["C", "B"]}', usage=Usage())}
    scores = wait(ModelRanker(BatchModel("m", kept), prompt_tokens=4000)(query, candidates=offered))
    assert scores.scores[2] > scores.scores[1] > scores.scores[0]

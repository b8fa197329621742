"""Replies that are kept: the same question costs nothing, and another is another."""

import logging

import pytest
from examples import make_item, make_query, wait

from recagent.domain import Candidate, Usage
from recagent.errors import DataError, ReplyError
from recagent.llm.cached_model import ResponseCache
from recagent.llm.response_cache import SqliteReplyCache
from recagent.ranking import ModelRanker
from recagent.testing import ScriptedModel, json_order

CANDIDATES = [Candidate(item=make_item(name), features={"fused": 1.0}) for name in "abc"]


@pytest.fixture
def cache(tmp_path):
    kept = SqliteReplyCache(tmp_path / "replies.db")
    yield kept
    kept.close()


def ranked(model, cache, *, mode="label", candidates=CANDIDATES, identity=str):
    replies = ResponseCache(cache=cache, identity=identity)
    ranker = ModelRanker(model, mode=mode, attempts=2, replies=replies)
    return wait(ranker(make_query(), candidates=candidates))


@pytest.mark.parametrize("mode", ["label", "likelihood", "listwise", "pairwise", "pointwise"])
def test_the_same_question_is_answered_without_the_model(cache, mode):
    model = ScriptedModel(reply=json_order("CAB"))
    first, asked = ranked(model, cache, mode=mode), len(model.seen)
    second = ranked(model, cache, mode=mode)
    assert len(model.seen) == asked > 0
    assert second.scores == first.scores
    assert (second.calls, second.usage) == (0, Usage())
    assert tuple(map(str, second.notes)) == (f"cached replies: {asked}",)


def test_other_candidates_another_model_or_another_mode_are_another_question(cache):
    model = ScriptedModel(reply=json_order("CAB"))
    ranked(model, cache)
    ranked(model, cache, candidates=CANDIDATES[:2])
    ranked(model, cache, identity=lambda name: f"{name} of other weights")
    ranked(model, cache, mode="listwise")
    assert len(model.seen) == 4


def test_of_two_attempts_the_reply_that_could_be_used_is_kept(cache):
    replies = iter(["not JSON", json_order("ABC")])
    model = ScriptedModel(reply=lambda _: next(replies))
    first = ranked(model, cache, mode="listwise")
    assert (first.calls, first.invalid) == (2, 1)
    again = ranked(model, cache, mode="listwise")
    assert (again.calls, again.invalid) == (0, 0)
    assert again.scores == first.scores


def test_a_reply_that_cannot_be_used_is_not_kept(cache):
    replies = iter(["not JSON", "nor this", json_order("ABC")])
    model = ScriptedModel(reply=lambda _: next(replies))
    with pytest.raises(ReplyError):
        ranked(model, cache, mode="listwise")
    later = ranked(model, cache, mode="listwise")
    assert (later.calls, later.invalid) == (1, 0)


def test_a_cache_that_fails_is_said_in_the_log_and_the_model_is_asked(cache, caplog, monkeypatch):
    def fail(*_, **__):
        raise DataError("the disk is full")

    monkeypatch.setattr(cache, "get", fail)
    monkeypatch.setattr(cache, "put", fail)
    with caplog.at_level(logging.WARNING):
        assert ranked(ScriptedModel(), cache).calls == 1
    assert [record.message for record in caplog.records] == [
        "the model is asked anew: the disk is full",
        "replies are not kept: the disk is full",
    ]


def test_replies_grow_old(tmp_path):
    young = SqliteReplyCache(tmp_path / "replies.db", keep=3600)
    young.put("key", b"{}", kind="x", tokens=1, seconds=1.0)
    assert young.get("key") is not None
    young.close()
    old = SqliteReplyCache(tmp_path / "replies.db", keep=-1)
    assert old.get("key") is None
    old.close()

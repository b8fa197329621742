"""The cache of replies: what it keeps, forgets, and says when its file is broken."""

import pytest

from recagent import bootstrap
from recagent.errors import DataError
from recagent.llm import response_cache


@pytest.fixture
def cache(tmp_path):
    made = bootstrap.reply_cache(tmp_path / "kept" / "replies.db")
    yield made
    made.close()


def put(cache, key, reply=b"{}", *, kind="label", tokens=10, seconds=1.0):
    cache.put(key, reply, kind=kind, tokens=tokens, seconds=seconds)


def test_a_reply_comes_back_also_to_another_process(cache, tmp_path):
    put(cache, "a", b'{"text": "A"}')
    other = bootstrap.reply_cache(tmp_path / "kept" / "replies.db")
    assert other.get("a") == (b'{"text": "A"}', 1.0)
    assert other.get("b") is None
    other.close()


def test_a_newer_reply_takes_the_place_of_an_older_one(cache):
    put(cache, "a", b"1")
    put(cache, "a", b"2")
    assert cache.get("a") == (b"2", 1.0)
    assert cache.clear() == 1


def test_the_pace_is_that_of_replies_of_the_same_kind(cache):
    assert cache.pace("label") is None
    put(cache, "a", tokens=10, seconds=1.0)
    put(cache, "b", tokens=30, seconds=1.0)
    put(cache, "c", kind="chat", tokens=1, seconds=9.0)
    assert cache.pace("label") == pytest.approx(2 / 40)


def test_clearing_forgets_everything(cache):
    put(cache, "a")
    put(cache, "b")
    assert cache.clear() == 2
    assert cache.get("a") is None


def test_the_older_half_goes_when_there_is_too_much(cache, tmp_path, monkeypatch):
    for at in range(10):
        put(cache, str(at), b"x" * 100)
    monkeypatch.setattr(response_cache, "MOST_BYTES", 500)
    later = bootstrap.reply_cache(tmp_path / "kept" / "replies.db")
    assert later.get("0") is None
    assert later.get("9") == (b"x" * 100, 1.0)
    later.close()


def test_a_file_that_is_no_database_is_told_with_what_to_do(tmp_path):
    path = tmp_path / "replies.db"
    path.write_text("nothing of the kind, and long enough to be looked at " * 50)
    with pytest.raises(DataError, match=r"cannot use .*replies\.db'.*delete the file"):
        bootstrap.reply_cache(path)

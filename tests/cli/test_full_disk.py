"""A full or a read-only disk is named for what it is, and nothing half-written stays."""

import errno
import os
from pathlib import Path

import pytest

import recagent.cli.app
from recagent import cli
from recagent.pipeline import artifacts

FULL = [(errno.ENOSPC, "no space left to write"), (errno.EDQUOT, "no space left to write"),
        (errno.EROFS, "cannot write to"), (errno.EACCES, "cannot write to")]  # fmt: skip


def failing(code, name=None):
    def app(**_):
        raise OSError(code, os.strerror(code), name)

    return app


@pytest.mark.parametrize(("code", "said"), FULL)
@pytest.mark.parametrize("name", ["/data/head.new", None])
def test_a_write_that_fails_is_named_and_the_exit_code_is_1(monkeypatch, capsys, code, said, name):
    monkeypatch.setattr(recagent.cli.app, "app", failing(code, name))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    err = capsys.readouterr().err
    assert said in err
    assert repr(name or "a file") in err


def test_another_error_of_the_system_is_not_taken_for_a_full_disk(monkeypatch):
    monkeypatch.setattr(recagent.cli.app, "app", failing(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        cli.main()


def test_a_fit_that_cannot_be_saved_leaves_the_one_before(tmp_path, monkeypatch):
    path = tmp_path / "head.json"
    path.write_text("before")
    whole = Path.write_bytes

    def full(self, data):
        whole(self, data[:3])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        artifacts._write_whole(path, b"after, and longer")
    assert [each.name for each in tmp_path.iterdir()] == ["head.json"]
    assert path.read_text() == "before"

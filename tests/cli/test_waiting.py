"""While somebody waits at a terminal something moves; elsewhere nothing of it is printed."""

import io
import os
import pty
import select
import subprocess
import sys
import time

import pytest

from recagent.cli import output

SPINS = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("terminal", [Terminal(), io.StringIO()])
def test_something_moves_on_a_terminal_within_a_second(monkeypatch, terminal):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    end = time.monotonic() + 10
    with output.waiting():
        time.sleep(0.9)
        while terminal.isatty() and time.monotonic() < end:
            if len(set(SPINS) & set(terminal.getvalue())) > 1:
                break
            time.sleep(0.05)
    seen = set(SPINS) & set(terminal.getvalue())
    assert len(seen) > 1 if terminal.isatty() else not seen


@pytest.mark.slow
def test_a_talk_at_a_terminal_moves_before_it_answers(shop):
    """A process at a pseudo-terminal: after each line there is a sign, then the answer."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "recagent", "chat"],
        cwd=shop, stdin=theirs, stdout=theirs, stderr=theirs,
        env=os.environ | {"TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)

    def read_until(end):
        read, last = b"", time.monotonic() + 60
        while end not in read:
            assert time.monotonic() < last, read
            if select.select([ours], [], [], 1)[0]:
                read += os.read(ours, 4096)
        return read.decode("utf-8", "replace")

    try:
        read_until(b"you> ")
        os.write(ours, b"something about cooking\n")
        answer = read_until(b"you> ")
        assert "Reading…" in answer
        os.write(ours, b"/quit\n")
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait(timeout=30)
        os.close(ours)
    sign = min(answer.find(each) for each in SPINS if each in answer)
    assert 0 < sign < answer.find("Bread")

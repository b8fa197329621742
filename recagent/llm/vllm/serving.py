"""The life of a vLLM server that is our child: started, waited for, watched and stopped.

It restarts nothing: a server that dies is reported, and the command ends.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

from recagent.config.settings import child_environment
from recagent.errors import ConfigError, ModelError
from recagent.llm.vllm.flags import Launch, command, environment
from recagent.locale import LocalizedText

LOOK = 0.1  # seconds between looks at child and signals
ASK = 0.5  # seconds between questions to /health
ANSWER = 2.0  # seconds for its answer
GRACE = 15.0  # seconds from SIGTERM to SIGKILL

Say = Callable[[str], None]


def serve(launch: Launch, *, program: str, on_log: Say, on_ready: Callable[[], None]) -> None:
    """Serve until told to stop; back after SIGTERM or SIGHUP, when the whole group is gone.

    A second signal while it stops kills at once. Must run in the main thread.

    Args:
        launch: what to serve.
        program: path of ``vllm``.
        on_log: takes each line of the server's log, in a thread of its own.
        on_ready: called once, when the server answers.

    Raises:
        ConfigError: the address cannot be listened on.
        ModelError: the server ended by itself.
        KeyboardInterrupt: it was stopped by SIGINT.
    """
    _check_free(launch)
    with _signals() as signals:
        child = subprocess.Popen(  # noqa: S603 - the words come from this command line
            command(launch, program=program),
            env=child_environment(environment(launch)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            # Ctrl-C reaches us alone, and what the server starts can be ended with it.
            start_new_session=True,
        )
        log = _Log(child, on_log)
        try:
            ready = _wait_ready(launch, child, signals)
            if ready:
                on_ready()
            while child.poll() is None and not signals:
                time.sleep(LOOK)
        finally:
            ended = child.poll()
            _stop(child, signals)
            log.close()
        if not signals:
            raise _death(ended, ready=ready, last=log.last)
        if signals[0] == signal.SIGINT:
            raise KeyboardInterrupt


def _check_free(launch: Launch) -> None:
    family = socket.AF_INET6 if ":" in launch.host else socket.AF_INET
    try:
        socket.create_server((launch.host, launch.port), family=family).close()
    except OSError as error:
        raise ConfigError(
            "cannot listen on {host!r}, port {port} ({reason}); stop the program that uses it, "
            "or give another --port or --host",
            host=launch.host,
            port=launch.port,
            reason=error.strerror,
        ) from error


@contextmanager
def _signals() -> Generator[list[int]]:
    """The signals that came; they only add themselves, so no step is cut off half done."""
    came: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Log:
    """Passes the child's output on line by line, and keeps the last line that says something."""

    def __init__(self, child: subprocess.Popen[str], on_log: Say) -> None:
        self.last = ""
        self._child = child
        self._on_log = on_log
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._child.stdout is not None  # noqa: S101
        with self._child.stdout as lines:
            for line in lines:
                self.last = line.strip() or self.last
                # Nobody may read our log any more; the child must not block for that.
                with suppress(OSError):
                    self._on_log(line.rstrip("\n"))

    def close(self) -> None:
        """Wait for the last lines; not for ever, someone outside the group may hold the pipe."""
        self._thread.join(timeout=2)


def _wait_ready(launch: Launch, child: subprocess.Popen[str], signals: list[int]) -> bool:
    """Whether it became ready; False when it died or a signal came first."""
    last_check = 0.0
    while child.poll() is None and not signals:
        if time.monotonic() - last_check >= ASK:
            if _healthy(launch):
                return child.poll() is None
            last_check = time.monotonic()
        time.sleep(LOOK)
    return False


def _healthy(launch: Launch) -> bool:
    # http.client minds no proxy variables.
    connection = http.client.HTTPConnection(launch.reached_at, launch.port, timeout=ANSWER)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(child: subprocess.Popen[str], signals: list[int]) -> None:
    """SIGTERM to the server, which ends its own children; SIGKILL to what is left of the group."""
    seen = len(signals)
    if child.poll() is None:
        child.terminate()
        end = time.monotonic() + GRACE
        while child.poll() is None and time.monotonic() < end and len(signals) == seen:
            time.sleep(LOOK)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _death(code: int | None, *, ready: bool, last: str) -> ModelError:
    how = (
        LocalizedText("signal {number}", number=-code)
        if code is not None and code < 0
        else LocalizedText("exit code {code}", code=code)
    )
    if ready:
        return ModelError(
            "vLLM exited on its own ({how}); its last line: {line!r}", how=how, line=last
        )
    return ModelError(
        "vLLM exited before it was ready ({how}); its last line: {line!r}; see the log above",
        how=how,
        line=last,
    )

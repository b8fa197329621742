"""``recagent vllm``, with a small program in vLLM's place: a real vLLM is tried elsewhere."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recagent.llm.vllm import Launch, command, environment, serving, shell_line

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"])]

FAKE = """#!{python}
import os, signal, subprocess, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

print("arguments", *sys.argv[1:], flush=True)
print("statistics off", os.environ.get("VLLM_NO_USAGE_STATS"), flush=True)
if "--die" in sys.argv:
    print("no such model", flush=True)
    print("", flush=True)
    sys.exit(3)
if "--deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
engine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("engine", engine.pid, flush=True)

class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

if "--slow" in sys.argv:
    time.sleep(60)
time.sleep(0.3)
server = HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler)
server.timeout = 0.1
end = time.monotonic() + (1.5 if "--die-later" in sys.argv else 60)
while time.monotonic() < end:
    server.handle_request()
print("out of memory", flush=True)
os._exit(7)
"""


@pytest.fixture
def fake(tmp_path):
    path = tmp_path / "vllm"
    path.write_text(FAKE.replace("{python}", sys.executable), encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start(fake, port, *more):
    words = ["--model", "smol", "--program", str(fake), "--port", str(port), *more]
    return subprocess.Popen(
        [sys.executable, "-m", "recagent", "vllm", "serve", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=fake.parent,
    )


def engine(log):
    """The process that the fake server started: the one that would be left behind."""
    return next(int(line.split()[1]) for line in log.splitlines() if line.startswith("engine "))


def gone(pid, within=3.0):
    """Whether it ended; who is dead and not yet waited for counts as ended."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        except (FileNotFoundError, ProcessLookupError):
            return True
        if stat.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_says_where_it_serves_and_a_signal_stops_the_whole_group(fake, port, number, code):
    process = start(fake, port, "--", "--own", "flag")
    said = process.stdout.readline()
    process.send_signal(number)
    _, log = process.communicate(timeout=20)
    assert said == f"OPENAI_BASE_URL=http://127.0.0.1:{port}/v1 RECAGENT_MODEL__NAME=smol\n"
    assert process.returncode == code
    assert "arguments serve smol --served-model-name smol" in log
    assert "--own flag\n" in log
    assert "statistics off 1\n" in log
    assert gone(engine(log))


def test_a_second_signal_kills_a_server_that_ignores_the_first(fake, port):
    process = start(fake, port, "--", "--deaf")
    process.stdout.readline()
    process.terminate()
    time.sleep(0.5)
    assert process.poll() is None
    process.terminate()
    _, log = process.communicate(timeout=5)
    assert process.returncode == 0
    assert gone(engine(log))


def test_a_server_that_ignores_sigterm_is_killed_after_the_grace(monkeypatch):
    monkeypatch.setattr(serving, "GRACE", 0.2)
    deaf = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", deaf], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with child.stdout as lines:
        lines.readline()
        serving._stop(child, [])
    assert child.returncode == -signal.SIGKILL


def test_it_is_stopped_while_it_starts(fake, port):
    process = start(fake, port, "--", "--slow")
    for line in process.stderr:
        if line.startswith("engine "):
            break
    process.terminate()
    said, _ = process.communicate(timeout=10)
    assert (process.returncode, said) == (0, "")
    assert gone(engine(line))


def test_a_server_that_dies_at_start_is_an_error_with_its_last_line(fake, port):
    process = start(fake, port, "--", "--die")
    said, log = process.communicate(timeout=20)
    assert (process.returncode, said) == (1, "")
    assert "vLLM exited before it was ready (exit code 3); its last line: 'no such model'" in log


def test_a_server_that_dies_later_is_an_error_and_leaves_nothing(fake, port):
    process = start(fake, port, "--", "--die-later")
    said, log = process.communicate(timeout=20)
    assert process.returncode == 1
    assert said.startswith("OPENAI_BASE_URL=")
    assert "vLLM exited on its own (exit code 7); its last line: 'out of memory'" in log
    assert gone(engine(log))


def test_a_taken_port_is_an_error_before_anything_starts(fake):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(fake, port)
        _, log = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"cannot listen on '127.0.0.1', port {port}" in log
    assert "arguments" not in log


def test_without_the_program_it_says_what_to_install(tmp_path):
    words = ["vllm", "serve", "--model", "smol"]
    for more, says in (([], "pip install vllm"), (["--program", "nowhere"], "'nowhere' is no")):
        done = subprocess.run(
            [sys.executable, "-m", "recagent", *words, *more],
            env={**os.environ, "PATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert says in done.stderr


def test_flags_prints_what_serve_would_run(tmp_path):
    words = ["--model", "org/m", "--lora", "warm=a b", "--lora", "cold=c", "--", "--seed", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "recagent", "vllm", "flags", *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    launch = Launch(model="org/m", lora={"warm": "a b", "cold": "c"}, extra=("--seed", "1"))
    assert done.stdout == shell_line(launch) + "\n"
    told = shlex.split(done.stdout)
    assert told[:3] == ["VLLM_NO_USAGE_STATS=1", "DO_NOT_TRACK=1", "vllm"]
    assert told[2:] == command(launch)


def test_the_command_has_what_ranking_needs():
    plain = shlex.join(command(Launch(model="org/m", max_model_len=4096, dtype="bfloat16")))
    for flags in (
        "serve org/m --served-model-name org/m --host 127.0.0.1",
        "--max-logprobs 1000 --enable-prefix-caching --enable-prompt-tokens-details",
        "--max-num-queued-reqs 1024 --structured-outputs-config",
        '"disable_any_whitespace": true',
        "--dtype bfloat16 --max-model-len 4096",
    ):
        assert flags in plain
    assert "lora" not in plain
    tuned = shlex.join(command(Launch(model="org/m", lora={"warm": "a", "cold": "b"})))
    assert "--enable-lora --max-lora-rank 16 --max-loras 2" in tuned
    assert tuned.endswith("--lora-modules warm=a cold=b")


def test_a_folder_is_served_by_its_name_and_without_the_model_hub(tmp_path):
    folder = tmp_path / "smol"
    folder.mkdir()
    assert Launch(model=str(folder)).served_name == "smol"
    assert environment(Launch(model=str(folder)))["HF_HUB_OFFLINE"] == "1"
    assert "HF_HUB_OFFLINE" not in environment(Launch(model="org/m"))


def test_a_client_on_this_machine_reaches_a_server_that_listens_everywhere():
    assert Launch(model="m", host="0.0.0.0", port=1).base_url == "http://127.0.0.1:1/v1"  # noqa: S104
    assert Launch(model="m", host="::", port=1).base_url == "http://[::1]:1/v1"

"""Every block of the READMEs is run, in order, in one folder: what they promise is what happens."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
# .ci/run runs these two as they stand: the one installs, the other runs this test.
BY_CI = ("pip install uv && uv run recagent demo", "uv run pytest")

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "README.zh-CN.md",
        "docs/guide/first-list.md",
        "docs/guide/own-data.md",
        "docs/guide/scenes.md",
        "docs/guide/people.md",
        "docs/guide/chat.md",
        "docs/guide/why.md",
        "docs/guide/server.md",
        "docs/guide/evaluate-a-prompt.md",
    ],
)
def test_every_block_runs(name: str, tmp_path: Path, environment: dict[str, str]) -> None:
    blocks = BLOCK.findall((ROOT / name).read_text(encoding="utf-8"))
    assert {kind for kind, _ in blocks} >= {"bash"}
    # A smaller pool than the default halves the time; no block promises anything about it.
    environment = {**environment, "RECAGENT_RANK__POOL": "8"}
    folder = tmp_path
    for kind, source in blocks:
        if source.strip().removesuffix(" --lang zh") in BY_CI:
            continue
        if kind in ("toml", "text"):  # test_docs reads some of it
            continue
        if kind == "bash":  # recagent is installed already; a block goes on where the last one was
            script = source.replace("uv run recagent", "recagent") + "\npwd > .where\n"
            # Experiments are files of the checkout; of each scene one case is asked.
            script = script.replace("eval/experiments/", f"{ROOT}/eval/experiments/")
            script = re.sub(r"(recagent eval run \S+)", r"\1 --limit 1", script)
            run(["bash", "-euo", "pipefail", "-c", script], folder, environment)
            (where,) = list(tmp_path.rglob(".where"))
            folder = Path(where.read_text().strip())
            where.unlink()
        else:
            run([sys.executable, "-W", "error", "-c", source], folder, environment)


def test_the_first_commands_are_what_ci_runs() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in BY_CI:
        assert command in readme
        assert command.removeprefix("pip install uv && ") in ci


def test_links_in_the_readmes_and_docs_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "prompts" / "README.md"]
    for page in pages:
        for link in re.findall(r"\]\(([^)\s:]+)\)", page.read_text(encoding="utf-8")):
            target, _, anchor = link.partition("#")
            there = page.parent / target if target else page
            assert there.exists(), f"{page.name}: {link}"
            assert not anchor or anchor in anchors(there), f"{page.name}: {link}"


def anchors(page: Path) -> set[str]:
    """The names that a reader's browser gives the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.strip().lower()).replace(" ", "-") for title in titles}


def run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**environment, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
    assert "DEGRADED" not in done.stdout, done.stdout
    assert "已降级" not in done.stdout, done.stdout

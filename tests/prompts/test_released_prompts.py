"""A released prompt is never edited: figures that were measured with it stay true of it."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from recagent import prompts

FOLDER = prompts.folder()
RELEASED = FOLDER / "RELEASED"
ROOT = Path(__file__).parents[2]


def line_of(path):
    text = path.read_bytes().replace(b"\r\n", b"\n")  # a clone on Windows may respell them
    digest = hashlib.sha256(text).hexdigest()
    return f"{digest}  {path.relative_to(FOLDER).as_posix()}"


def by_path(lines):
    return {path: line for line in lines for _, path in [line.split("  ", 1)]}


def withdrawn(history):
    """Lines that a patch, or several, take out."""
    return [line for line in history.splitlines() if line[:1] == "-" and line[:3] != "---"]


def test_every_prompt_file_is_as_it_was_released():
    released = by_path(RELEASED.read_text(encoding="utf-8").splitlines())
    present = by_path(map(line_of, FOLDER.glob("*/*.j2")))
    changed = [path for path in released if present.get(path) != released[path]]
    assert not changed, f"{changed[0]} has changed; make a new version of it"
    missing = sorted(present[path] for path in present.keys() - released.keys())
    assert not missing, "not released; when they are final, add to prompts/RELEASED:\n" + "\n".join(
        missing
    )


def test_the_list_is_sorted_by_path_and_names_each_file_once():
    paths = [line.split("  ", 1)[1] for line in RELEASED.read_text(encoding="utf-8").splitlines()]
    assert paths == sorted(set(paths))


def test_a_line_that_a_patch_takes_out_is_seen():
    patch = (
        "--- a/prompts/RELEASED\n+++ b/prompts/RELEASED\n@@ -1 +1 @@\n-0a  x.v1.j2\n+0b  x.v1.j2\n"
    )
    assert withdrawn(patch) == ["-0a  x.v1.j2"]


def test_no_line_ever_disappeared_from_the_list():
    """In a checkout with history; CI has one. A shallow clone shows what it has."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout here: whether released prompts were edited is not checked")
    log = [git, "-C", str(ROOT), "log", "-p", "--format=", "--", "prompts/RELEASED"]
    history = subprocess.run(log, capture_output=True, text=True, check=True).stdout
    gone = withdrawn(history)
    assert gone == [], f"{gone[0]} was released; put it back, and make a new version instead"

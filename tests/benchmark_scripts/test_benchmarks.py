"""Benchmarks have one command line, with a smoke mode, and leave the user's cache alone.

That each of them runs is tried by ``benchmarks/smoke.py``, a step of the gate.
"""

import ast
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
PARTS = {
    "embedded_engines",
    "rank_cost_ndcg",
    "smoke",
    "stub",
}  # run by others, or on a run's folder
PROGRAMS = [
    path
    for path in sorted(FOLDER.glob("*.py"))
    if "__main__" in path.read_text(encoding="utf-8") and path.stem not in PARTS
]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_benchmark_has_the_shared_command_line(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "command(__doc__)" in text
    assert "user_cache_dir" not in text


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_benchmark_names_the_page_that_shows_its_figures(path: Path) -> None:
    pages = re.findall(r"docs/[\w/-]+\.md", ast.get_docstring(ast.parse(path.read_text())) or "")
    assert pages
    for page in pages:
        assert f"benchmarks/{path.name}" in (FOLDER.parent / page).read_text(encoding="utf-8")


def test_there_are_benchmarks() -> None:
    assert len(PROGRAMS) > 25

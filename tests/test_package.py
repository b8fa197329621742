"""The package from outside: what it exports, what importing it costs, where it looks."""

import ast
import importlib
import importlib.metadata
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import recagent

SOURCE = Path(recagent.__file__).parent
HEAVY = {"numpy", "chromadb", "aiohttp", "typer", "pydantic", "polars", "sqlalchemy", "xllamacpp"}
MODULES = [
    module.name
    for module in pkgutil.walk_packages(recagent.__path__, "recagent.")
    if not module.name.endswith("__main__")
]


def test_all_is_what_is_exported_and_all_of_it_can_be_had():
    assert set(recagent.__all__) == {*recagent._MODULE, "__version__"}
    assert recagent.__all__ == sorted(recagent.__all__)
    for name in recagent.__all__:
        assert getattr(recagent, name) is not None
    with pytest.raises(AttributeError, match="'recagent' has no attribute 'nothing'"):
        _ = recagent.nothing


def test_a_name_is_the_same_object_wherever_it_is_taken_from():
    for name, module in recagent._MODULE.items():
        assert getattr(recagent, name) is getattr(importlib.import_module(module), name)


def test_importing_the_package_loads_nothing_heavy():
    script = "import sys, recagent; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(done.stdout.split())


def test_importing_any_room_opens_no_adapters_library():
    script = (
        "import sys, recagent.pipeline, recagent.ingest, recagent.bootstrap\nprint(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    late = {
        "chromadb",
        "aiohttp",
        "polars",
        "xllamacpp",
        "wordllama",
        "bm25s",
        "scipy",
        "pyversity",
    }
    assert not late & set(done.stdout.split())


@pytest.mark.parametrize("name", MODULES)
def test_every_module_and_everything_public_in_it_says_what_it_is(name):
    spec = importlib.util.find_spec(name)
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), name
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in tree.body:
        if isinstance(node, defined) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{name}.{node.name}"


def test_only_settings_reads_the_environment():
    readers = [
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if any(
            isinstance(node, ast.Attribute | ast.Name)
            and (getattr(node, "attr", None) or getattr(node, "id", None))
            in ("environ", "environb", "getenv", "getenvb")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]
    assert set(readers) <= {"config/settings.py"}


def test_the_version_is_that_of_the_installed_distribution():
    from importlib.metadata import version

    assert recagent.__version__ == version("recagent")


def test_type_hints_are_shipped():
    assert (SOURCE / "py.typed").is_file()


def test_versions_are_pinned_for_development_alone():
    pins = tomllib.loads((SOURCE.parent / "pins" / "pyproject.toml").read_text(encoding="utf-8"))
    for pin in pins["project"]["dependencies"]:
        assert "==" in pin
    required = [each.partition(";")[0] for each in importlib.metadata.requires("recagent")]
    assert not [each for each in required if "==" in each or each == pins["project"]["name"]]

"""What the documentation lists is what the code has."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

from recagent.config.data_sections import SceneSettings
from recagent.config.settings import Settings, load

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
MAKE = "uv run python docs/reference/make.py"


def test_the_reference_is_what_its_script_makes_of_the_code() -> None:
    spec = importlib.util.spec_from_file_location("make", DOCS / "reference" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    for name, page in make.pages().items():
        kept = (DOCS / "reference" / name).read_text(encoding="utf-8")
        assert page == kept, f"docs/reference/{name} is out of date: {MAKE}"


def test_files_that_pages_name_are_there() -> None:
    folders = "recagent|tests|benchmarks|eval|prompts|docs"
    named = re.compile(rf"(?<![\w/.-])(?:{folders})/[\w/.-]+\.(?:py|toml|npz|txt|jsonl?|j2|md)\b")
    pages = [*DOCS.rglob("*.md"), *ROOT.glob("*.md"), ROOT / "prompts" / "README.md"]
    for page in pages:
        for name in named.findall(page.read_text(encoding="utf-8")):
            assert (ROOT / name).exists(), f"{page.relative_to(ROOT)}: {name}"


def test_the_architecture_page_names_every_folder_and_layer() -> None:
    page = (DOCS / "reference" / "architecture.md").read_text(encoding="utf-8")
    tree = page[page.index("## Folders") : page.index("## Layers")]
    package = ROOT / "recagent"
    modules = {path.name for path in package.glob("[a-z]*.py")}
    folders = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    assert {name for name in modules | folders if name not in tree} == set()
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = config["tool"]["importlinter"]["contracts"][0]["layers"]
    drawn = page[page.index("## Layers") :].split("```text\n")[1].split("\n```")[0].splitlines()
    declared = [{*re.split("[ :|]+", layer)} - {"__main__"} for layer in layers]
    assert [{*line.split(" · ")} for line in drawn] == declared


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    for page in DOCS.glob("*/*.md"):
        assert f"({page.relative_to(DOCS).as_posix()})" in index


def test_the_settings_page_shows_every_setting_with_its_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    page = (DOCS / "reference/settings.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "shown.toml").write_text(block, encoding="utf-8")
    shown = load(tmp_path / "shown.toml", data_dir=Path(".recagent"))
    assert shown.model_dump() == load().model_dump() | {"data_dir": Path(".recagent")}
    listed = tomllib.loads(block)
    for section, value in Settings.model_fields.items():
        if section in ("scenes", "openai_base_url", "openai_api_key"):
            continue
        fields = getattr(type(getattr(shown, section)), "model_fields", None)
        if fields is None:
            assert section in listed, value
        else:  # a path has no default that TOML could write
            assert fields.keys() - {"path", "ca_file"} == listed[section].keys()


def test_the_models_of_the_reliability_page_can_be_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    page = (DOCS / "reference/reliability.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "recagent.toml").write_text(block, encoding="utf-8")
    engines = load(tmp_path / "recagent.toml").engines
    assert [(engine.base_url, engine.is_remote) for engine in engines] == [
        ("http://gpu-a:8902/v1", True),
        ("http://gpu-b:8902/v1", True),
        ("https://api.example.com/v1", True),
    ]


def test_the_scenes_of_the_scenes_page_can_be_declared(tmp_path: Path) -> None:
    page = (DOCS / "reference/scenes.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "recagent.toml").write_text(block, encoding="utf-8")
    scenes = load(tmp_path).declared_scenes()
    assert {len(scene.rules) for scene in scenes.values()} == {5, 1, 2}
    shown = {key for scene in tomllib.loads(block)["scenes"].values() for key in scene}
    assert shown == SceneSettings.model_fields.keys()


def test_the_settings_page_names_every_key_of_a_scene() -> None:
    page = (DOCS / "reference/settings.md").read_text(encoding="utf-8")
    listed = re.findall(r"^# (\w+) = ", page[page.index("# [scenes.books]") :], re.MULTILINE)
    assert listed == list(SceneSettings.model_fields)

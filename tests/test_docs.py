"""What the documentation lists is what the code has."""

import re
import tomllib
from pathlib import Path

import pytest

from recagent.config.sections import SceneSettings
from recagent.config.settings import Settings, load

DOCS = Path(__file__).parent.parent / "docs"


def test_the_settings_page_shows_every_setting_with_its_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
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
            assert fields.keys() - {"path"} == listed[section].keys()


def test_the_models_of_the_reliability_page_can_be_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    page = (DOCS / "reliability.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "recagent.toml").write_text(block, encoding="utf-8")
    engines = load(tmp_path / "recagent.toml").engines
    assert [(engine.base_url, engine.is_remote) for engine in engines] == [
        ("http://gpu-a:8902/v1", True),
        ("http://gpu-b:8902/v1", True),
        ("", False),
    ]


def test_the_scenes_of_the_scenes_page_can_be_declared(tmp_path: Path) -> None:
    page = (DOCS / "scenes.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "recagent.toml").write_text(block, encoding="utf-8")
    scenes = load(tmp_path).declared_scenes()
    assert {len(scene.rules) for scene in scenes.values()} == {5, 1}
    shown = {key for scene in tomllib.loads(block)["scenes"].values() for key in scene}
    assert shown == SceneSettings.model_fields.keys()


def test_the_settings_page_names_every_key_of_a_scene() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    listed = re.findall(r"^# (\w+) = ", page[page.index("# [scenes.books]") :], re.MULTILINE)
    assert listed == list(SceneSettings.model_fields)

"""Configuration: ``recagent.toml``, ``.env`` and the environment become one checked ``Settings``.

The only place that reads the environment; it opens nothing that the settings point to.
"""

from __future__ import annotations

import logging
import os
import tomllib
from pathlib import Path
from typing import Any, TypeGuard, cast

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from recagent.config.data_sections import (
    AttributeSettings,
    CatalogSettings,
    CleaningSettings,
    DescribeSettings,
    RatingSettings,
    SceneSettings,
)
from recagent.config.service_sections import (
    ChatSettings,
    EmbedderSettings,
    EngineSettings,
    IndexSettings,
    LearnSettings,
    ModelSettings,
    RankSettings,
    RetrievalSettings,
    ServerSettings,
)
from recagent.domain import Language, Scene
from recagent.domain.attribute_labels import AttributeLabels
from recagent.errors import ConfigError
from recagent.locale import LocalizedText

logger = logging.getLogger(__name__)

DEFAULT_FILE = Path("recagent.toml")
DEFAULT_DATA = Path(".recagent")


class Settings(BaseSettings):
    """Everything that can be set. Order: arguments, environment, ``.env``, file, defaults."""

    model_config = SettingsConfigDict(
        env_prefix="RECAGENT_",
        env_nested_delimiter="__",
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    @field_validator("attributes")
    @classmethod
    def _has_titles(cls, value: dict[str, AttributeSettings]) -> dict[str, AttributeSettings]:
        if "title" in value and value["title"].ignore:
            raise ValueError("title.ignore: an item needs its title; take ignore = true out")
        return value

    lang: Language = "en"
    """Language of prompts, reasons, tables and messages."""
    data_dir: Path = DEFAULT_DATA
    """Folder of the index (chroma/), the event store (store.db) and what was learned."""
    store_url: str = ""
    """SQL database of people and events: sqlite:///FILE, or
    postgresql://USER:PASSWORD@HOST/DATABASE. Empty: store.db in data_dir."""
    scenes: dict[str, SceneSettings] = {}
    """What a scene declares, by its name; docs/reference/scenes.md explains each key."""
    catalog: CatalogSettings = CatalogSettings()
    attributes: dict[str, AttributeSettings] = {}
    """How an attribute of items (or title, text) is read and cleaned, by its name."""
    cleaning: CleaningSettings = CleaningSettings()
    ratings: RatingSettings = RatingSettings()
    describe: DescribeSettings = DescribeSettings()
    index: IndexSettings = IndexSettings()
    embedder: EmbedderSettings = EmbedderSettings()
    model: ModelSettings = ModelSettings()
    rank: RankSettings = RankSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    learn: LearnSettings = LearnSettings()
    chat: ChatSettings = ChatSettings()
    server: ServerSettings = ServerSettings()
    openai_base_url: str = Field(default="", validation_alias=AliasChoices("OPENAI_BASE_URL"))
    openai_api_key: SecretStr = Field(
        default=SecretStr(""), validation_alias=AliasChoices("OPENAI_API_KEY")
    )

    @property
    def engines(self) -> tuple[EngineSettings, ...]:
        """The models in the order in which they are asked, none for ``kind = "none"``.

        ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY`` count for the first alone, and are filled in.
        """
        if self.model.kind == "none":
            return ()
        known = {"base_url": self.endpoint, "api_key": SecretStr(self.api_key)}
        return (self.model.model_copy(update=known), *self.model.then)

    @property
    def endpoint(self) -> str:
        """Base URL of the first model's endpoint; empty for the embedded engine."""
        if self.model.kind in ("embedded", "none"):
            return ""
        return self.model.base_url or self.openai_base_url

    @property
    def api_key(self) -> str:
        """Key for the endpoint; some servers want none."""
        return self.model.api_key.get_secret_value() or self.openai_api_key.get_secret_value()

    def attribute_labels(self) -> dict[str, AttributeLabels]:
        """What people call attributes and their values, by attribute, where that is declared."""
        return {
            name: declared.said_labels()
            for name, declared in self.attributes.items()
            if declared.labels or declared.value_labels
        }

    def declared_scenes(self) -> dict[str, Scene]:
        """The scenes of ``[scenes]``, by name.

        Raises:
            ConfigError: one learns from a scene that is not declared.
        """
        for name, scene in self.scenes.items():
            unknown = set(scene.learns_from or ()) - self.scenes.keys()
            if unknown:
                raise ConfigError(
                    "[scenes.{scene}] learns_from names {source!r}, which is not declared; "
                    "declared scenes: {known}",
                    scene=name,
                    source=min(unknown),
                    known=", ".join(sorted(self.scenes)),
                )
        return {name: scene.scene(name) for name, scene in self.scenes.items()}


def load(path: Path | None = None, **overrides: Any) -> Settings:
    """Settings from a config file, overlaid by ``.env``, the environment and ``overrides``.

    Args:
        path: a TOML file, or a folder with a ``recagent.toml``; by default ``./recagent.toml``,
            then
            ``[tool.recagent]`` of ``./pyproject.toml``, then the defaults alone.
        overrides: top-level settings that win over everything, as nested dictionaries.

    Raises:
        ConfigError: a file that is missing, is not TOML, or has a key or value that is not known.
    """
    source, values = _read(path)

    class Loaded(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            file = InitSettingsSource(settings_cls, init_kwargs=values)
            return init_settings, env_settings, dotenv_settings, file

    _known(Path("the arguments"), overrides)
    try:
        settings = Loaded(**overrides)
    except ValidationError as error:
        raise _complaint(source, error) from error
    except SettingsError as error:
        raise ConfigError(
            "settings from {source}, .env or the environment: {error}", source=source, error=error
        ) from error
    model = overrides.get("model", {})
    named = model.base_url if isinstance(model, ModelSettings) else model.get("base_url", "")
    return without_key_for_others(settings, named=named)


def without_key_for_others(settings: Settings, *, named: str = "") -> Settings:
    """Leaves out the environment's OPENAI_API_KEY where a file alone names the address.

    A folder that somebody else made must not bring the address to which one's key is sent.

    Args:
        settings: of a model whose address may be a file's.
        named: an address that the caller has chosen.
    """
    address = settings.model.base_url or settings.openai_base_url  # an embedder may use it alone
    if not settings.openai_api_key or settings.model.api_key or not address:
        return settings
    environment = {name.upper(): value for name, value in os.environ.items()}
    chosen = (environment.get(name, "") for name in ("OPENAI_BASE_URL", "RECAGENT_MODEL__BASE_URL"))
    if "OPENAI_API_KEY" not in environment or address in (named, *chosen):
        return settings
    logger.warning(
        "OPENAI_API_KEY is not sent to %s, which only a file names; set OPENAI_BASE_URL, or "
        "RECAGENT_MODEL__API_KEY",
        address,
    )
    return settings.model_copy(update={"openai_api_key": SecretStr("")})


def config_file() -> Path | None:
    """The config file that counts where none is named; None where only the defaults do.

    Raises:
        ConfigError: a ``pyproject.toml`` that is not TOML.
    """
    if DEFAULT_FILE.is_file():
        return DEFAULT_FILE
    project = Path("pyproject.toml")
    tool: object = _toml(project).get("tool", {}) if project.is_file() else {}
    return project if _is_table(tool) and "recagent" in tool else None


def _complaint(source: Path, error: ValidationError) -> ConfigError:
    """The first thing that is wrong: its key, what it must be, its value unless it is secret."""
    first = error.errors()[0]
    # Below the key pydantic names the branch of a union, in which nobody set anything.
    names = [str(part) for part in first["loc"] if "[" not in str(part)]
    key = ".".join(names)
    # A key that is not known may be a secret's, mistyped: its value is not repeated either.
    secret = first["type"] == "extra_forbidden" or any("key" in name for name in names)
    # A whole table may hold a key.
    got = (
        ""
        if secret or _is_table(first["input"])
        else LocalizedText(", got {value!r}", value=first["input"])
    )
    return ConfigError(
        "setting {key!r} (from {source}, .env or the environment): {problem}{value}",
        key=key,
        source=source,
        problem=first["msg"],
        value=got,
    )


def _read(path: Path | None) -> tuple[Path, dict[str, Any]]:
    """The config file that counts and its values, with its relative paths made absolute."""
    if path is not None and path.is_dir():
        path = path / DEFAULT_FILE
    if path is None and DEFAULT_FILE.is_file():
        path = DEFAULT_FILE
    if path is None:
        project = Path("pyproject.toml")
        tool: object = _toml(project).get("tool", {}) if project.is_file() else {}
        table: object = tool.get("recagent", {}) if _is_table(tool) else None
        if not _is_table(table):
            raise ConfigError(
                "config file {path!r}: [tool.recagent] must be a table", path=str(project)
            )
        return project, _known(project, _anchored(table, Path.cwd()))
    if not path.is_file():
        raise ConfigError(
            "config file {path!r} does not exist; correct the path, or create one with 'recagent "
            "init' and list your files under [catalog]",
            path=str(path),
        )
    return path, _known(path, _anchored(_toml(path), path.resolve().parent))


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            "config file {path!r} is not valid TOML: {error}", path=str(path), error=error
        ) from error


def _known(path: Path, values: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(values.keys() - Settings.model_fields.keys())
    if unknown:
        raise ConfigError(
            "config file {path!r}: unknown key {key!r}; known keys: {known}",
            path=str(path),
            key=unknown[0],
            known=", ".join(sorted(Settings.model_fields)),
        )
    return values


def _anchored(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Relative paths in a config file are relative to that file."""
    anchored = dict(values)
    model = _anchored_file(anchored.get("model", {}), folder)
    if _is_table(model) and isinstance(model.get("then"), list):
        then = cast("list[Any]", model["then"])
        model = {**model, "then": [_anchored_file(engine, folder) for engine in then]}
    anchored["model"] = model
    anchored["embedder"] = _anchored_file(anchored.get("embedder", {}), folder)
    anchored["data_dir"] = folder / str(anchored.get("data_dir", DEFAULT_DATA))
    catalog = anchored.get("catalog")
    if _is_table(catalog):
        files = dict(catalog)
        for kind in ("items", "events", "users"):
            listed = files.get(kind)
            if isinstance(listed, str) or _is_table(listed):  # one file needs no list
                listed = [listed]
            if isinstance(listed, list):
                files[kind] = [_catalog_file(file, folder) for file in cast("list[Any]", listed)]
        listed = files.get("descriptions")
        if isinstance(listed, str):
            listed = [listed]
        if isinstance(listed, list):
            files["descriptions"] = [folder / str(path) for path in cast("list[Any]", listed)]
        anchored["catalog"] = files
    scenes = anchored.get("scenes")
    if _is_table(scenes):
        anchored["scenes"] = {
            name: _anchored_prompts(scene, folder) for name, scene in scenes.items()
        }
    return anchored


def _anchored_prompts(scene: object, folder: Path) -> object:
    """A scene whose own prompt files are relative to the config file; names stay names."""
    prompts = scene.get("prompts") if _is_table(scene) else None
    if not _is_table(scene) or not _is_table(prompts):
        return scene
    files = {
        purpose: str(folder / name) if str(name).endswith(".j2") else name
        for purpose, name in prompts.items()
    }
    return {**scene, "prompts": files}


def _catalog_file(file: object, folder: Path) -> object:
    """A file of the catalogue; a plain text is its path."""
    return _anchored_file({"path": file} if isinstance(file, str) else file, folder)


def _anchored_file(file: object, folder: Path) -> object:
    if not _is_table(file):
        return file
    anchored = dict(file)
    if "path" in file:
        anchored["path"] = folder / str(file["path"])
    if "ca_file" in file:
        anchored["ca_file"] = folder / str(file["ca_file"])
    if file.get("adapter", "auto") not in ("auto", "none"):
        anchored["adapter"] = folder / str(file["adapter"])
    return anchored


def _is_table(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def child_environment(added: dict[str, str]) -> dict[str, str]:
    """This process's variables and ``added``, for a child process."""
    return {**os.environ, **added}

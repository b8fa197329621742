"""The sections of ``recagent.toml``: what can be set, with ranges and defaults.

Where values come from (file, environment, arguments) is ``config.settings``.
"""

from __future__ import annotations

import codecs
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    field_validator,
    model_validator,
)

from recagent.domain import (
    AgeRule,
    Constraint,
    DistanceRule,
    EventKind,
    FreshRule,
    Language,
    Mode,
    PathRule,
    PersonRule,
    RatingScale,
    RepeatRule,
    Review,
    Rule,
    Scene,
    SeriesRule,
    Task,
)
from recagent.errors import ConfigError

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]

UNMEASURED_WEIGHT = 0.1  # of a model of which nothing is known yet

AttributeType = Literal["auto", "text", "number", "integer", "boolean", "list", "date"]
Missing = Literal["leave", "drop", "mean", "median", "min", "max", "most_frequent", "predict"]
TextStep = Literal["unicode", "html", "space"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


_NAMED_RULES = ("age", "within_km", "fresh_days", "prerequisites", "repeat_days")


def _kind_of_rule(value: Any) -> str | None:
    """The key that tells what rule a table declares; None where it is no rule."""
    if not isinstance(value, dict):
        return None
    named = next((name for name in _NAMED_RULES if name in value), None)
    compared = "person" if "person" in value else "constraint"
    return named or (compared if "operator" in value else None)


def _in_range(rule: Rule) -> Rule:
    match rule:
        case DistanceRule(within_km=number) | FreshRule(fresh_days=number) if number <= 0:
            raise ValueError(f"should be above 0, got {number:g}")
        case RepeatRule(repeat_days=number) if number < 0:
            raise ValueError(f"should be 0 or more, got {number:g}")
        case _:
            return rule


# The rules themselves, read from tables with the keys of their fields; other keys are refused.
RuleSettings = Annotated[
    Annotated[Constraint, Tag("constraint")]
    | Annotated[PersonRule, Tag("person")]
    | Annotated[AgeRule, Tag("age")]
    | Annotated[DistanceRule, Tag("within_km")]
    | Annotated[FreshRule, Tag("fresh_days")]
    | Annotated[PathRule, Tag("prerequisites")]
    | Annotated[RepeatRule, Tag("repeat_days")],
    Discriminator(
        _kind_of_rule,
        custom_error_type="rule",
        custom_error_message="a rule has attribute, operator and value (or person), or one of "
        + ", ".join(_NAMED_RULES),
    ),
    AfterValidator(_in_range),
]


def date_format(value: str) -> str:
    """How dates are written: ``day-first``, ``month-first``, or as ``strptime`` reads them.

    Raises:
        ValueError: it does not tell year, month and day.
    """
    day = datetime(2026, 5, 31)
    try:
        fits = value in ("", "day-first", "month-first") or (
            datetime.strptime(day.strftime(value), value).date() == day.date()
        )
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            "should tell year, month and day, as %d.%m.%Y, or be day-first or month-first"
        )
    return value


DateFormat = Annotated[str, AfterValidator(date_format)]


class SceneSettings(_Section):
    """``[scenes.NAME]``; docs/scenes.md tells what each key does.

    Attributes:
        tasks: a list of them, or a table of their shares in a slate.
        group: the attribute that names an item's series.
        group_limit: parts of a series on one list; 1 where ``group`` is set.
        group_order: the attribute that tells which part it is; by default its title does.
        opt_in: the attribute that says yes (``true``) of items that are people who may be shown.
    """

    labels: dict[str, str] = {}
    description: str = ""
    tasks: tuple[Task, ...] | dict[Task, Annotated[int, Field(ge=1)]] = ()
    rules: tuple[RuleSettings, ...] = ()
    opt_in: str = ""
    group: str = ""
    group_limit: Annotated[int, Field(ge=1)] | None = None
    group_order: str = ""
    editions: bool = True
    language: Language | None = None
    prompts: dict[Literal["rerank", "preference"], str] = {}
    learns_from: tuple[str, ...] | None = None
    review: Review = "none"
    notice: dict[Language, str] = {}

    @model_validator(mode="after")
    def _of_a_group(self) -> Self:
        if not self.group and (self.group_limit is not None or self.group_order):
            raise ValueError(
                "group_limit and group_order are of a series; set group to the attribute that "
                "names it"
            )
        return self

    def scene(self, name: str) -> Scene:
        """The scene that is declared, under its name."""
        asked = Constraint(attribute=self.opt_in, operator="is", value=True, task="person")
        series = SeriesRule(group=self.group, limit=self.group_limit or 1, order=self.group_order)
        return Scene(
            name=name,
            labels=self.labels,
            description=self.description,
            tasks=tuple(self.tasks),
            quotas=self.tasks if isinstance(self.tasks, dict) else {},
            rules=(
                *self.rules,
                *([asked] if self.opt_in else []),
                *([series] if self.group else []),
            ),
            editions=self.editions,
            language=self.language,
            prompts={**self.prompts},
            learns_from=self.learns_from,
            review=self.review,
            notices={**self.notice},
        )


class FileSettings(_Section):
    """One raw file or folder: its path (relative to the config file), what its columns mean.

    ``kind`` is that of all its events, and ``kinds`` says what its own words for them mean.
    ``header`` says whether its first line is one, where that is not evident. ``date_format`` is
    that of its events' times: ``day-first``, ``month-first``, or as Python's strptime reads it.
    ``encoding`` is that of the whole file, by default its byte order mark's or else UTF-8;
    ``fallback`` that of single values which are not in ``encoding``.
    """

    path: Path
    columns: dict[str, str] = {}
    scene: str | None = None
    kind: EventKind | None = None
    kinds: dict[str, EventKind] = {}
    header: Literal["auto"] | bool = "auto"
    date_format: DateFormat = ""
    encoding: str = ""
    fallback: str = ""

    @field_validator("encoding", "fallback")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            "".encode(value or "utf-8")  # LookupError also for codecs that are not of text, as hex
            return value and codecs.lookup(value).name
        except LookupError as error:
            raise ValueError("should be an encoding that Python knows, as gb18030") from error


class CatalogSettings(_Section):
    """``[catalog]``: the files that ``recagent index`` reads."""

    items: tuple[FileSettings, ...] = ()
    events: tuple[FileSettings, ...] = ()
    users: tuple[FileSettings, ...] = ()
    list_separator: Annotated[str, Field(min_length=1)] = "|"


class AttributeSettings(_Section):
    """``[attributes.NAME]``: an item's attribute (or ``title``, ``text``) and how it is cleaned.

    ``separator`` of a list's values, by default the catalogue's; ``decimal`` is the mark before a
    number's fraction; ``date_format`` is ``day-first``, ``month-first``, or as Python's strptime
    reads it. Each says the type, too.

    Attributes:
        ignore: it is read for cleaning alone: neither embedded, searched, shown nor evidence.
        reason: whether its values may be evidence in reasons and tags.
    """

    type: AttributeType = "auto"
    separator: str = ""
    decimal: Literal[".", ","] = "."
    date_format: DateFormat = ""
    missing: Missing = "leave"
    normalize: Literal["none", "minmax", "zscore", "log"] = "none"
    text: tuple[TextStep, ...] | None = None
    ignore: bool = False
    reason: bool = True

    @property
    def said_type(self) -> AttributeType:
        """The type that is declared, or that a way of writing it tells."""
        if self.type != "auto":
            return self.type
        if self.date_format:
            return "date"
        if self.decimal == ",":
            return "number"
        return "list" if self.separator else "auto"

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        numeric = self.missing in ("mean", "median", "min", "max") or self.normalize != "none"
        if numeric and self.type not in ("auto", "number", "integer"):
            raise ValueError(f"this missing or normalize needs a number, not type {self.type!r}")
        return self


class CleaningSettings(_Section):
    """``[cleaning]``: what is done to rows, texts and people beyond single attributes."""

    unusable: Literal["stop", "drop"] = "stop"
    orphans: Literal["keep", "drop"] = "keep"
    text: tuple[TextStep, ...] = ("unicode", "space")
    max_text: int = Field(default=20_000, ge=1)
    near_duplicates: Share = 0.0
    max_repeats: int = Field(default=0, ge=0)
    max_events_per_day: float = Field(default=0.0, ge=0)


class RatingSettings(_Section):
    """``[ratings]``: the scale of ``rating`` events; ``"auto"`` is what their values tell.

    ``unrated`` are values which say that somebody met the item and did not rate it.
    """

    low: Literal["auto"] | float = "auto"
    high: Literal["auto"] | float = "auto"
    unrated: tuple[float, ...] = ()

    def scale(self) -> RatingScale | None:
        """The scale that is declared; None where none is."""
        if self.low == self.high == "auto":
            return None
        usual = RatingScale()
        low = usual.low if self.low == "auto" else self.low
        high = usual.high if self.high == "auto" else self.high
        if not low < high:
            raise ConfigError(f"[ratings] low={low:g} must be below high={high:g}")
        return RatingScale(low=low, high=high, unrated=self.unrated)


class IndexSettings(_Section):
    """``[index]``: the Chroma server that several processes share; empty for the own folder."""

    url: str = ""


class EmbedderSettings(_Section):
    """``[embedder]``: the vectors that ship with wordllama, an endpoint, or fastembed."""

    kind: Literal["wordllama", "endpoint", "fastembed"] = "wordllama"
    name: str = ""


class EngineSettings(_Section):
    """One model: the embedded engine, or an OpenAI-compatible endpoint.

    ``kind = "auto"`` takes the endpoint when a base URL is set and the embedded engine otherwise.
    ``mode = "auto"`` takes the first of likelihood, label, listwise that the engine can do.
    ``adapter`` is for the embedded engine: ``"auto"`` takes what ``recagent tune`` made for the
    data folder, else, for the demo alone, the package's own, which was tuned on its films; or a
    GGUF file.
    ``cache_salt`` keeps what a vLLM has cached for one tenant from the others.
    """

    model_config = ConfigDict(protected_namespaces=())

    kind: Literal["auto", "embedded", "endpoint", "none"] = "auto"
    name: str = ""
    base_url: str = ""
    api_key: SecretStr = SecretStr("")
    cache_salt: SecretStr = SecretStr("")
    path: Path | None = None
    adapter: Literal["auto", "none"] | Path = "auto"
    mode: Literal["auto"] | Mode = "auto"
    threads: int = Field(default=0, ge=0)
    concurrency: int = Field(default=8, ge=1)

    @property
    def is_remote(self) -> bool:
        """Whether it is asked over HTTP."""
        return self.kind == "endpoint" or (self.kind == "auto" and bool(self.base_url))


class ModelSettings(EngineSettings):
    """``[model]``: the model that is asked first, those that answer where it does not, and how.

    Attributes:
        attempts: retry budget of one request.
        keep_hours: how long replies are kept on disk and given again to the same question; 0 not.
        then: asked in this order where the ones before do not answer.
    """

    attempts: int = Field(default=3, ge=1)
    keep_hours: float = Field(default=24.0, ge=0)
    then: tuple[EngineSettings, ...] = ()

    @model_validator(mode="after")
    def _engines_only(self) -> Self:
        if any(engine.kind == "none" for engine in (self, *self.then)) and self.then:
            raise ValueError("kind 'none' asks no model: it has no then, and is no entry of one")
        return self


class RankSettings(_Section):
    """``[rank]``: docs/quality.md tells how the defaults were chosen (on validation people).

    ``language_weight`` is the model's before a fit. ``"auto"`` is 0 for the embedded model, which
    was measured to cost a little there, and ``UNMEASURED_WEIGHT`` for an endpoint.
    ``feedback`` is the largest |log f|: how far a person's answers to slates may move an item;
    off, since no surely better slates came of it (docs/feedback.md).
    """

    pool: int = Field(default=20, ge=1, le=200)
    language_weight: Literal["auto"] | Share = "auto"
    temperature: Positive = 1.5
    feedback: Annotated[float, Field(ge=0)] = 0.0
    diversity: Share = 0.0
    deadline: Positive = 30.0


class ServerSettings(_Section):
    """``[server]``: who may ask ``recagent serve``, how often, and how much at once.

    Attributes:
        keys: bearer keys, of which a request must bring one; without any only this machine is
            answered.
        rate: requests a minute for each key, or each address where there are no keys; 0: any.
        max_message: characters of a wish or of one message of a conversation.
        people: ids that the web page proposes; any other may be typed.
    """

    keys: tuple[SecretStr, ...] = ()
    rate: int = Field(default=600, ge=0)
    max_message: int = Field(default=4000, ge=1)
    people: tuple[str, ...] = ()


_SOURCE_WEIGHTS = {
    "neighbours": 4.0, "popularity": 0.5, "lexical_here": 0.0, "recent": 0.0, "walks": 0.0,
    "following": 0.0, "factors": 0.0, "sequence": 0.0,
}  # fmt: skip


class RetrievalSettings(_Section):
    """``[retrieval]``: how many each source may propose, and the sources' weights in the fusion.

    A source that ``weights`` leaves out keeps its default, which is 1 where none is listed.
    ``imagined`` is the weight of what a model imagines for a person; at 0 none is asked.
    """

    limit: int = Field(default=100, ge=1)
    weights: dict[str, Annotated[float, Field(ge=0)]] = _SOURCE_WEIGHTS
    imagined: float = Field(default=0.0, ge=0)
    half_life_days: Positive = 30.0

    @field_validator("weights")
    @classmethod
    def _others_keep_theirs(cls, given: dict[str, float]) -> dict[str, float]:
        return {**_SOURCE_WEIGHTS, **given}

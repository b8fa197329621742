"""Sections of ``recagent.toml`` on the data: scenes, files, attributes, cleaning and ratings.

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
    ModelRule,
    PathRule,
    PersonRule,
    ProposalKind,
    RatingScale,
    RepeatRule,
    Review,
    Rule,
    Scene,
    SeriesRule,
    Task,
)
from recagent.domain.attribute_labels import AttributeLabels
from recagent.errors import ConfigError

Share = Annotated[float, Field(ge=0, le=1)]

AttributeType = Literal["auto", "text", "number", "integer", "boolean", "list", "date"]
Missing = Literal["leave", "drop", "mean", "median", "min", "max", "most_frequent", "predict"]
TextStep = Literal["unicode", "html", "space"]


class SettingsSection(BaseModel):
    """A table of the config file; unknown keys are refused."""

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


class SceneSettings(SettingsSection):
    """``[scenes.NAME]``; docs/reference/scenes.md explains each key."""

    labels: dict[str, str] = {}
    """The scene's name for people, by language: { en = "Books", zh = "图书" }."""
    description: str = ""
    """A sentence for the language model and for telling scenes apart."""
    tasks: tuple[Task, ...] | dict[Task, Annotated[int, Field(ge=1)]] = ()
    """Kinds of things to recommend: ["item", "content"], or their shares of a list: { item = 3,
    content = 2 }. Empty: whatever the items are."""
    rules: tuple[RuleSettings, ...] = ()
    """What is never recommended here: [{ attribute = "stock", operator = "at least", value = 1
    }, { age = "rated" }]."""
    opt_in: str = ""
    """Attribute that must be true of people who are recommended."""
    group: str = ""
    """Attribute that names an item's series; earlier parts come first."""
    group_limit: Annotated[int, Field(ge=1)] | None = None
    """Most parts of a series on one list; 1 if group is set."""
    group_order: str = ""
    """Attribute that says which part an item is. Empty: the number in its title."""
    works: bool = False
    """Whether its items are works: films, books, music, articles. Chinese writes their titles
    in 《》."""
    editions: bool = True
    """Whether a list has one edition of a work only, and none of a work that was seen."""
    language: Language | None = None
    """Language of the scene's prompts and reasons; by default lang."""
    prompts: dict[Literal["rerank", "preference"], str] = {}
    """Prompts other than the default: { rerank = "label_recency", preference = "extract" }, or
    files of your own."""
    learns_from: tuple[str, ...] | None = None
    """Declared scenes whose events count here besides its own; [] for none, by default all."""
    review: Review = "none"
    """"human": lists are flagged for review, and no model phrases reasons."""
    notice: dict[Language, str] = {}
    """Text under every list and explanation, by language."""
    crisis: dict[Language, str] = {}
    """What a conversation says, by language, to somebody who thinks of harming themselves, such as
    whom to call where you are; by default a general sentence."""
    model_conditions: tuple[str, ...] = ()
    """Attributes on which a condition may be met by a model's description (recagent describe):
    ["audience"]. By default none: such values move the order and filter nothing."""
    proposals: ProposalKind = "auto"
    """What a model proposes: "titles" of things that the world knows, "descriptions" of things
    that only this catalogue has; "auto": titles, until hardly any is found."""

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
        opt_in_rule = Constraint(attribute=self.opt_in, operator="is", value=True, task="person")
        by_model = ModelRule(attributes=self.model_conditions)
        series = SeriesRule(group=self.group, limit=self.group_limit or 1, order=self.group_order)
        return Scene(
            name=name,
            labels=self.labels,
            description=self.description,
            tasks=tuple(self.tasks),
            quotas=self.tasks if isinstance(self.tasks, dict) else {},
            rules=(
                *self.rules,
                *([opt_in_rule] if self.opt_in else []),
                *([series] if self.group else []),
                *([by_model] if self.model_conditions else []),
            ),
            works=self.works,
            editions=self.editions,
            language=self.language,
            prompts={**self.prompts},
            learns_from=self.learns_from,
            review=self.review,
            notices={**self.notice},
            crisis={**self.crisis},
            proposals=self.proposals,
        )


class FileSettings(SettingsSection):
    """One raw file or folder: where it is and what its columns mean."""

    path: Path
    """File or folder, relative to the config file."""
    columns: dict[str, str] = {}
    """The file's column for each field: { item_id = "sku", title = "name" }."""
    scene: str | None = None
    """Scene of all rows."""
    kind: EventKind | None = None
    """Kind of all events in the file."""
    kinds: dict[str, EventKind] = {}
    """Kinds for the file's own words: { scan = "view" }."""
    header: Literal["auto"] | bool = "auto"
    """Whether the first line names the columns."""
    date_format: DateFormat = ""
    """How dates are written, where the column does not show it: "day-first", "month-first" or a
    format such as "%d %b %Y"."""
    encoding: str = ""
    """Encoding of the file; empty: its byte order mark's, else UTF-8."""
    fallback: str = ""
    """Encoding of single values that are not in `encoding`."""

    @field_validator("encoding", "fallback")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            "".encode(value or "utf-8")  # LookupError also for codecs that are not of text, as hex
            return value and codecs.lookup(value).name
        except LookupError as error:
            raise ValueError("should be an encoding that Python knows, as gb18030") from error


class CatalogSettings(SettingsSection):
    """``[catalog]``: the files that ``recagent index`` reads."""

    items: tuple[FileSettings, ...] = ()
    """Files of items: "items.csv", or [{ path = "items.csv", columns = { item_id = "sku" },
    scene = "books" }]. Keys of a file: path, columns, scene, kind, kinds, header, encoding,
    fallback, date_format."""
    events: tuple[FileSettings, ...] = ()
    """Files of events."""
    users: tuple[FileSettings, ...] = ()
    """Files of people."""
    descriptions: tuple[Path, ...] = ()
    """Files that recagent describe wrote: "described.jsonl". What a model said of items, kept
    apart from the data."""
    list_separator: Annotated[str, Field(min_length=1)] = "|"
    """Separates the values of a list: travel|railways."""


class AttributeSettings(SettingsSection):
    """``[attributes.NAME]``: how an attribute of items is read and cleaned."""

    type: AttributeType = "auto"
    """Declared type; a value of another type is an error."""
    separator: str = ""
    """Separates the values of this list; empty: list_separator. Implies the type list."""
    decimal: Literal[".", ","] = "."
    """Decimal mark of a number. A comma implies the type number."""
    date_format: DateFormat = ""
    """How dates are written: "%d.%m.%Y", "day-first", "month-first". Implies the type date."""
    missing: Missing = "leave"
    """What fills a missing value; "drop" leaves the item out, "predict" uses the other attributes.
    A filled value is no fact: it is in no reason, prompt or search and meets no condition."""
    normalize: Literal["none", "minmax", "zscore", "log"] = "none"
    """Adds a scaled copy of a number as a new attribute, price_log for example."""
    text: tuple[TextStep, ...] | None = None
    """Steps for this attribute's texts; by default those of [cleaning]."""
    ignore: bool = False
    """Not embedded, searched or shown, and no evidence. Run index again after a change."""
    reason: bool = True
    """Whether its values may be evidence in reasons, and inferred tags."""
    labels: dict[Language, str] = {}
    """Its name for people, by language: { zh = "氛围" }."""
    value_labels: dict[Language, dict[str, tuple[str, ...] | str]] = {}
    """What people call its values, by language, the first is shown: { zh = { dark = ["黑暗",
    "阴暗"], slow = "慢" } }. Conditions and preferences understand them all."""

    def said_labels(self) -> AttributeLabels:
        """The words for it and its values."""
        return AttributeLabels(
            names=self.labels,
            values={
                lang: {
                    value: (labels,) if isinstance(labels, str) else labels
                    for value, labels in values.items()
                }
                for lang, values in self.value_labels.items()
            },
        )

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


class CleaningSettings(SettingsSection):
    """``[cleaning]``: what is done to rows, texts and people beyond single attributes."""

    unusable: Literal["stop", "drop"] = "stop"
    """What happens to rows and values that cannot be used: "stop" refuses the catalogue, "drop"
    leaves them out and counts them."""
    orphans: Literal["keep", "drop"] = "keep"
    """Events of items that are not in the catalogue: kept for taste, or dropped."""
    text: tuple[TextStep, ...] = ("unicode", "space")
    """Steps for texts, in this order: html, unicode, space."""
    max_text: int = Field(default=20_000, ge=1)
    """Characters of a text; the rest is cut."""
    near_duplicates: Share = 0.0
    """Share of overlap from which items are merged; 0: off."""
    max_repeats: int = Field(default=0, ge=0)
    """How often a person may do the same with the same item; 0: any number."""
    max_events_per_day: float = Field(default=0.0, ge=0)
    """People with more on average are left out as bots; 0: nobody."""


class DescribedAttribute(SettingsSection):
    """``[describe.attributes.NAME]``: what a model is to say of each item."""

    about: str = ""
    """What it tells, in a few words for the model: "how it feels"."""
    values: tuple[str, ...] = ()
    """Allowed values. Empty: the model's own words."""
    most: Annotated[int, Field(ge=1, le=20)] = 1
    """Values that an item may have: of more than one it is a list; of one, a value of values or a
    line of text."""


class DescribeSettings(SettingsSection):
    """``[describe]``: how ``recagent describe`` has a model describe items."""

    attributes: dict[str, DescribedAttribute] = {}
    """The attributes, by name, such as mood = { values = ["dark", "funny"], most = 3 }. Empty:
    about, topics, mood, audience and uses, in the language of lang."""
    per_request: Annotated[int, Field(ge=1, le=50)] = 10
    """Items in one request. Fewer cost more; of more, a model's care wanes."""

    @field_validator("attributes")
    @classmethod
    def _names(cls, value: dict[str, DescribedAttribute]) -> dict[str, DescribedAttribute]:
        taken = {"number", "item_id", "id", "title", "text", "scene", "task", ""} & value.keys()
        if taken:
            raise ValueError(f"an attribute cannot be called {min(taken)!r}; choose another name")
        return value


class RatingSettings(SettingsSection):
    """``[ratings]``: the scale of ``rating`` events."""

    low: Literal["auto"] | float = "auto"
    """Lowest rating of the scale; "auto": found from the values when they are indexed."""
    high: Literal["auto"] | float = "auto"
    """Highest rating; from 70% of the way up a rating is a like."""
    unrated: tuple[float, ...] = ()
    """Values that mean "not rated"; such events are views."""

    def scale(self) -> RatingScale | None:
        """The scale that is declared; None where none is."""
        if self.low == self.high == "auto":
            return None
        usual = RatingScale()
        low = usual.low if self.low == "auto" else self.low
        high = usual.high if self.high == "auto" else self.high
        if not low < high:
            raise ConfigError(
                "[ratings] low={low:g} must be below high={high:g}", low=low, high=high
            )
        return RatingScale(low=low, high=high, unrated=self.unrated)

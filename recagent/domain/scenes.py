"""Scenes, the rules that they declare, and the context of one request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from recagent.domain.constraints import Constraint, Operator
from recagent.domain.items import Task
from recagent.locale import Language

Review = Literal["none", "human"]
ProposalKind = Literal["auto", "titles", "descriptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRule:
    """A constraint whose value is the person's own; none for one who does not tell it.

    Attributes:
        attribute: of the item, as in ``Constraint``.
        person: the person's attribute that it is compared with: what they blocked, what they seek.
        task: of the items that it is about; None for all.
    """

    attribute: str
    operator: Operator
    person: str
    task: Task | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeRule:
    """What has an age rating is for people who are known to be so old.

    Attributes:
        age: the item's attribute, years; an item without it is for everybody.
        person: the person's attribute, years.
    """

    age: str
    person: str = "age"


@dataclass(frozen=True, slots=True, kw_only=True)
class DistanceRule:
    """Only what is near the request's place; an item that does not tell where it is, is not.

    Attributes:
        within_km: along the great circle.
        latitude: the item's attribute, degrees.
        longitude: the item's attribute, degrees.
        task: of the items that it is about; None for all.
    """

    within_km: float
    latitude: str = "latitude"
    longitude: str = "longitude"
    task: Task | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshRule:
    """Only what is new: an item that does not tell its day is not.

    Attributes:
        fresh_days: before the request, or before the scene's newest item where that is older.
        attribute: the item's day, as ISO 8601 writes it.
        task: of the items that it is about; None for all.
    """

    fresh_days: float
    attribute: str = "published"
    task: Task | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRule:
    """A slate is a path: an item comes after all that it needs, and what was begun may come again.

    Attributes:
        prerequisites: the item's attribute that lists the ids of what must be finished before it.
    """

    prerequisites: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatRule:
    """What the person liked comes again, as songs do.

    Attributes:
        repeat_days: after the person's newest event on it.
    """

    repeat_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRule:
    """A list has few parts of a series, and no later part before or instead of an earlier one.

    Attributes:
        group: the item's attribute that names its series.
        limit: at most so many parts of a series on one list.
        order: the item's attribute that tells which part it is, a number, a date or 第三卷; empty
            for the number in its title.
    """

    group: str
    limit: int = 1
    order: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRule:
    """Constraints may be met by a model's description where an item's own data are silent.

    Attributes:
        attributes: the items' attributes of which that holds.
    """

    attributes: tuple[str, ...]


Rule = (
    Constraint
    | PersonRule
    | AgeRule
    | DistanceRule
    | FreshRule
    | PathRule
    | RepeatRule
    | SeriesRule
    | ModelRule
)


def described_conditions(rules: Iterable[Rule]) -> frozenset[str]:
    """Returns the attributes on which rules let a model's description meet a constraint."""
    return frozenset(
        name for rule in rules if isinstance(rule, ModelRule) for name in rule.attributes
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A declared place where recommendations are met: a domain, a surface, a device.

    Attributes:
        labels: how it is called, by language.
        description: what it is, in a sentence.
        tasks: kinds of things that it recommends; empty for whatever its items are.
        quotas: shares of its tasks in a slate, as 3 to 2; empty where the best come, of any task.
        rules: what every slate keeps to; ``recagent.scenes.rules`` sees to it.
        works: whether its items are works with titles, as films, books, music and articles are.
        editions: whether a list has one edition of a work, and none of a work that was met.
        language: of its prompts and reasons; None for that of the settings.
        prompts: names or files of prompts in place of the usual ones, by purpose.
        learns_from: scenes whose events count here besides its own; None for all.
        review: ``human`` where a person must look at what is recommended; no model phrases there.
        notices: what is shown with every slate and explanation, by language.
        crisis: what is said, by language, to somebody who thinks of harming themselves; empty for a
            general sentence.
        proposals: what a model is asked to propose here: ``titles`` where the items are known to
            the world, ``descriptions`` where they are not; ``auto``: titles, until hardly any is
            found in the catalogue.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    description: str = ""
    tasks: tuple[Task, ...] = ()
    quotas: Mapping[Task, int] = field(default_factory=dict[Task, int])
    rules: tuple[Rule, ...] = ()
    works: bool = False
    editions: bool = True
    language: Language | None = None
    prompts: Mapping[str, str] = field(default_factory=dict[str, str])
    learns_from: tuple[str, ...] | None = None
    review: Review = "none"
    notices: Mapping[str, str] = field(default_factory=dict[str, str])
    crisis: Mapping[str, str] = field(default_factory=dict[str, str])
    proposals: ProposalKind = "auto"

    @property
    def model_conditions(self) -> frozenset[str]:
        """Attributes on which a model's description may meet a constraint."""
        return described_conditions(self.rules)

    def label(self, lang: str) -> str:
        """How the scene is called in ``lang``; its name where no label is declared."""
        return self.labels.get(lang) or self.labels.get("en") or self.name.replace("_", " ")

    def notice(self, lang: str) -> str:
        """What is shown with its slates, in ``lang`` or else in English; empty where nothing is."""
        return self.notices.get(lang) or self.notices.get("en") or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The situation of one request.

    Attributes:
        wish: what is wanted now, in the person's words.
        constraints: what every item of the slate must keep to.
        at: when, with a time zone; None for now.
        device: what it is shown on, as events name it.
        place: where the person is: ``latitude,longitude``, or a name as events have it.
        preferences: what an item had better keep to; each that it does raises its score.
        dialogue: what was said before the wish by both sides in turns, oldest first; only a
            language model reads it.
        titles: what a language model has named for the wish already, best first, so that it is not
            asked again; None where it was not asked.
    """

    wish: str = ""
    constraints: tuple[Constraint, ...] = ()
    at: datetime | None = None
    device: str = ""
    place: str = ""
    preferences: tuple[Constraint, ...] = ()
    dialogue: tuple[str, ...] = ()
    titles: tuple[str, ...] | None = None

"""What an evaluation is made of: data, cases, answers, results, comparisons, and their summary.

Frozen values without behaviour; ``runs`` keeps them in a folder, ``measures`` and ``statistics``
make numbers of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recagent.domain import Case, Event, Item, RatingScale, Scene, Usage, User
from recagent.llm.usage import Exchange

if TYPE_CHECKING:
    from recagent.domain.arrays import Vector


ALL = ""  # the scene of a number over all scenes, the variant of a case as it stands


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Data:
    """A data set to be asked about.

    Attributes:
        name: as the experiment calls it.
        scenes: by name; those that have items.
        items: the catalogue. One id is one thing; it may stand in several scenes.
        events: everybody's, in order of time.
        users: declared people, by id; may be empty.
        scale: of ratings.
        given: cases that come with the data, by the name of their candidate set; their events
            are not in ``events``.
        fingerprint: hash of the files and of what was made of them.
        note: what a reader of its figures must know (licence, population, what its scenes are).
    """

    name: str
    scenes: Mapping[str, Scene]
    items: Sequence[Item]
    events: Sequence[Event]
    users: Mapping[str, User]
    scale: RatingScale
    fingerprint: str
    given: Mapping[str, Sequence[Case]] = field(default_factory=dict[str, "Sequence[Case]"])
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Questions:
    """Cases, and the events that baselines and examples may learn from.

    No event of ``training`` is a case's target or lies after it for the same person. Scenes are
    ``left_out`` that have fewer items than a case has candidates.
    """

    cases: Sequence[Case]
    training: Sequence[Event]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SystemAnswer:
    """One system's answer to one case.

    Attributes:
        ranking: item ids, best first: all of the case's candidates, or in a full-catalogue case
            the best that the system named.
        probabilities: by item id, over ``ranking``; they sum to 1.
    """

    case: Case
    ranking: tuple[str, ...]
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shelf:
    """What measures beyond accuracy need to know of the items.

    Attributes:
        popularity: number of people who liked the item in training, by id; 0 where missing.
        people: number of people in training.
        scene_items: ids of all items, by scene.
        vectors: unit vectors (d,) float32 of every item that a case names, by id.
    """

    popularity: Mapping[str, int]
    people: int
    scene_items: Mapping[str, frozenset[str]]
    vectors: Mapping[str, Vector]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one system said of one case, and what that took; a line of ``results.jsonl``.

    Attributes:
        variant: how the case was changed: empty, ``order-1``..., ``masked`` or ``swapped``.
        scores: by item id, higher is better; only the best hundred in a full-catalogue case.
        calls: to the model, of which ``cached`` were answered from the cache of replies.
        repairs: labels that were unknown, doubled or missing in good replies.
        invalid: calls that failed or whose reply could not be used, and were tried again.
        seconds: of the calls, waiting for a free place apart; of cached replies those that they
            took when they were made.
        error: why there are no scores; None if there are.
    """

    system: str
    case: str
    variant: str = ALL
    scores: Mapping[str, float] = field(default_factory=dict[str, float])
    calls: int = 0
    cached: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: float = 0.0
    repairs: int = 0
    invalid: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDialogue:
    """What was said between one system and its model about one case."""

    system: str
    case: str
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """One system's per-case measures of one case; None where a measure is not defined."""

    system: str
    case: str
    variant: str = ALL
    values: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Mean of one measure for one system in one scene, with its 95% interval.

    Attributes:
        scene: ``ALL`` for all scenes together.
        cases: how many the mean is over.
        low: of the interval; None for measures of a whole set (coverage, ECE).
    """

    system: str
    scene: str
    measure: str
    cases: int
    mean: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two systems on the same cases.

    Attributes:
        base: the one that is subtracted.
        scene: ``ALL`` for all scenes together.
        cases: how many both answered.
        people: how many different people those are of; they are what is resampled.
        delta: mean of new minus base.
        low: of the 95% bootstrap interval of ``delta``.
        p: of the two-sided paired randomisation test.
        p_holm: corrected for all comparisons that were made together.
        is_main: whether it was declared to be the one that is asked about: then ``p_holm`` is
            ``p``, and the others are corrected among themselves.
        detectable: smallest true difference that so many cases show in 80 of 100 experiments, at
            the level that the correction leaves.
    """

    base: str
    new: str
    scene: str
    measure: str
    cases: int
    people: int
    delta: float
    low: float
    high: float
    p: float
    p_holm: float
    detectable: float
    is_main: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one system took over a run."""

    system: str
    results: int
    failed: int
    calls: int
    cached: int
    usage: Usage
    cost: float
    repairs: int
    invalid: int
    seconds_median: float
    seconds_p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSensitivity:
    """How much a system's answer depends on the order in which candidates are listed.

    Attributes:
        cases: how many were asked in several orders.
        orders: how many orders, the frozen one included.
        tau: mean Kendall rank correlation between the orders' rankings, -1 to 1.
        same_top: share of pairs of orders that agree on the first item.
        spread: mean over cases of the standard deviation of the primary measure over the orders.
        first: share of answers whose first item was listed at each place, (pool,).
    """

    system: str
    cases: int
    orders: int
    tau: float
    same_top: float
    spread: float
    first: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memorisation:
    """How much of a system's lift over random stays when it cannot recognise titles or people.

    Attributes:
        cases: how many were asked all three ways.
        plain: mean primary measure of the cases as they stand.
        masked: with candidates' titles masked.
        swapped: with the history of another person.
        random: expected value of a random order.
        kept_masked: (masked - random) / (plain - random); None where plain does not surely beat
            random (95% interval of the lift).
        kept_swapped: likewise.
    """

    system: str
    cases: int
    plain: float
    masked: float
    swapped: float
    random: float
    kept_masked: float | None
    kept_swapped: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """One of ten equal-mass bins: mean probability and share that was relevant."""

    system: str
    probability: float
    observed: float
    candidates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Generalisation:
    """How a choice of system on some scenes holds in another.

    Attributes:
        system: that is best on average over all other scenes.
        best: system that is best in ``scene`` itself.
        gap: primary measure of ``best`` minus that of ``system``, in ``scene``; 0 or more.
    """

    scene: str
    system: str
    best: str
    gap: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Everything that a run's numbers say; ``summary.json``.

    Attributes:
        primary: the measure that decides comparisons, audits and generalisation.
        reference: the system that plots subtract.
        candidates: in a case; 0 where the whole catalogue is ranked.
        comparisons: every pair of systems in every scene and over all, by the primary measure.
    """

    primary: str
    reference: str
    candidates: int
    systems: tuple[str, ...]
    scenes: tuple[str, ...]
    measures: tuple[str, ...]
    cells: tuple[Cell, ...]
    comparisons: tuple[Comparison, ...]
    costs: tuple[Cost, ...]
    orders: tuple[OrderSensitivity, ...] = ()
    memorisation: tuple[Memorisation, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    generalisation: tuple[Generalisation, ...] = ()
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Under which conditions a run was made; ``run.json``.

    Attributes:
        began: ISO time with zone.
        finished: likewise; None while results are missing.
        git: revision of the working copy, with ``+changes`` where it has any; None outside one.
        packages: versions of what the figures depend on, by name.
        prompts: prompt id with hash, by system.
        models: what is known of each model that is asked, by its name in the experiment.
        data: name, fingerprint, counts and note of the data set.
        experiment: the declarations as they were run.
        arguments: of the command line.
        kinds: ``baseline`` or the scoring mode, by system.
        folder: where the experiment's relative paths begin, as from the run's folder.
        data_path: of ``--data``, likewise; empty without it.
        limit: cases of each scene that were asked at most; 0 for all that are declared.
    """

    name: str
    began: str
    finished: str | None
    recagent: str
    git: str | None
    python: str
    platform: str
    packages: Mapping[str, str]
    prompts: Mapping[str, str]
    models: Mapping[str, Mapping[str, str]]
    kinds: Mapping[str, str]
    data: Mapping[str, Any]
    experiment: Mapping[str, Any]
    arguments: Sequence[str]
    folder: str
    data_path: str = ""
    limit: int = 0

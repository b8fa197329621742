"""Where requests are made ready and candidates are ranked: what slates and questions share.

A slate is cut from a ranking, and what is asked about it is looked up in one; neither is made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from recagent.domain import (
    Candidate,
    Constraint,
    Context,
    Evidence,
    Item,
    Language,
    Profile,
    Scene,
    Task,
    Unserved,
    WishMatch,
)
from recagent.errors import DataError
from recagent.explanations import gather, unheeded, why_nothing
from recagent.pipeline.deadline import Deadline
from recagent.pipeline.fallback import FallbackChain
from recagent.pipeline.feedback import check_time
from recagent.pipeline.feedback_history import answers, rewarded
from recagent.pipeline.latency import LatencyEstimate
from recagent.pipeline.parts import COLD_DIVERSITY, Options, Parts
from recagent.pipeline.quotas import NO_QUOTAS, Prerequisites, apportion, arrange
from recagent.pipeline.slate import Pool, pool_of
from recagent.ports import LanguageScores, Query
from recagent.profiles.building import MAX_EVENTS, group_of, without_likes
from recagent.profiles.informative_values import Traits
from recagent.ranking import FixedBlend, JointScorer, preference_boost
from recagent.retrieval import (
    NO_MATCHES,
    Matches,
    SceneCache,
    SceneText,
    best_first,
    nearest_in_meaning,
)
from recagent.scenes.identification import declared_or_plain
from recagent.scenes.rules import (
    Grouped,
    Progress,
    SeriesLimits,
    check_rules,
    excluded,
    exhausted,
    missing_prerequisites,
    prerequisites,
    readable,
    reasonable,
    visible,
)
from recagent.scenes.transfer import carried

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request made ready.

    Attributes:
        query: it excludes all that must not come.
        met: those of these ids that the person has met, and that do not come again; with all
            editions of them.
        progress: how far the person is in series, and which editions they have met.
        quotas: shares of the tasks; empty where the best come, of any task.
        notes: what a reader should know: a rule that could not be kept.
        degraded: what of the profile could not be had.
        deadline: of the request, which all that is asked for it shares; None for one from now on.
    """

    query: Query
    met: frozenset[str]
    progress: Progress
    quotas: Mapping[Task, int]
    notes: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    deadline: Deadline | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankedPool:
    """Candidates by their scores.

    Attributes:
        found: all of them, in no order.
        pool: those that a slate is chosen from, and that the model may be asked about.
        scores: (n,) of the pool, with the model's where they joined in.
        prerequisites: ids that must come before an item, by its id.
        limits: what of what was found one list has once, or a few times.
        wished: how the scene's items answer the wish.
        match: that in numbers, for people; None without a wish that says something of an item.
        language: what the model said; None where it was not asked or did not answer.
        gated: whether the model's scores are not wanted here.
    """

    found: Sequence[Candidate]
    pool: Pool
    scores: Floats
    prerequisites: Prerequisites
    limits: SeriesLimits
    wished: Matches = NO_MATCHES
    match: WishMatch | None = None
    language: LanguageScores | None = None
    gated: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the trace should know: that nothing answers the wish or a word."""
        if self.match is None:
            return ()
        if self.match.matches:
            return tuple(f"nothing matches {word!r}" for word in self.match.missing)
        kept_out = self.match.left_out > 0
        return ("what matches the wish is kept out" if kept_out else "nothing matches the wish",)


class Services:
    """The parts and numbers of a line, and its joint scores. Holds nothing of a person."""

    def __init__(self, parts: Parts, options: Options) -> None:
        self.parts = parts
        self.options = options
        self._plain = FixedBlend(
            language_weight=options.language_weight,
            temperature=options.temperature,
            closed=parts.head.closed if parts.head else frozenset(),
        )
        self._deadline: Deadline | None = None
        self._pace = LatencyEstimate()
        self._catalogues = SceneCache(Grouped)
        self._texts = SceneCache(SceneText)
        self._traits = SceneCache(Traits)

    def joint(self, query: Query) -> JointScorer:
        """What ranks: the head, if it was tested on people like this one; else the plain order."""
        head = self.parts.head
        return (head and head.of(group_of(query.profile, query.scene.name))) or self._plain

    def unserved(self, query: Query) -> Unserved:
        """Why a head that was fitted does not rank here; empty where it does, or there is none."""
        head = self.parts.head
        return head.unserved(group_of(query.profile, query.scene.name)) if head else ""

    def within(self, deadline: Deadline) -> Services:
        """The same desk, at which all requests are parts of one that has this deadline."""
        desk = copy(self)
        desk._deadline = deadline  # noqa: SLF001 - its own class
        return desk

    def deadline(self) -> Deadline:
        """Of a request that begins now, unless it is a part of one."""
        return self._deadline or Deadline(self.options.deadline)

    def ladder(self, deadline: Deadline | None = None) -> FallbackChain:
        """The steps of a request, which begins now unless its deadline is given."""
        deadline = deadline or self.deadline()
        return FallbackChain(self.parts, self.options, pace=self._pace, deadline=deadline)

    def quiet_ladder(self, deadline: Deadline | None = None) -> FallbackChain:
        """The same with nothing imagined: for what is ranked again and again without a model."""
        parts, deadline = replace(self.parts, imaginer=None), deadline or self.deadline()
        return FallbackChain(parts, self.options, pace=self._pace, deadline=deadline)

    def language(self, scene: Scene) -> Language:
        """Of a scene's reasons."""
        return scene.language or self.options.lang

    def diversity(self, profile: Profile) -> float:
        """Of a person's slates, 0 to 1."""
        least = COLD_DIVERSITY if profile.cold == "fully" else 0.0
        return max(self.options.diversity, least)

    async def scenes(self) -> dict[str, Scene]:
        """The indexed scenes by name."""
        return declared_or_plain(await self.parts.index.scenes(), self.parts.scenes)

    async def asked(
        self, profile: Profile, scene: Scene, context: Context, *, task: Task | None = None
    ) -> Request:
        """The request: without what the scene's rules, the context or the past keep away.

        Raises:
            DataError: a task that the scene does not have, or a time without zone.
            ConstraintError: a constraint that the scene's items cannot be asked for.
            ConfigError: a rule of the scene that no item can be asked for.
        """
        if task and scene.tasks and task not in scene.tasks:
            raise DataError(
                f"scene {scene.name!r} recommends no {task!r}; it has {', '.join(scene.tasks)}"
            )
        check_time(context.at)
        catalogue = await self._catalogue(scene)
        check_rules(catalogue, scene=scene.name)
        context = replace(
            context,
            constraints=_readable(context.constraints, catalogue, scene),
            preferences=_readable(context.preferences, catalogue, scene),
        )
        ruling = excluded(catalogue, scene=scene, profile=profile, context=context, task=task)
        seen = await self._seen(profile)
        progress = Progress(catalogue, scene=scene, seen=seen)
        met = progress.with_editions(exhausted(seen, scene=scene, profile=profile, at=context.at))
        return Request(
            query=Query(
                profile=self.seen_from(scene, visible(profile, scene)),
                scene=scene,
                context=context,
                exclude=ruling.excluded | met | progress.waiting,
            ),
            met=met,
            progress=progress,
            quotas=scene.quotas if task is None else NO_QUOTAS,
            notes=(
                *filter(None, [without_likes(profile.events, self.parts.scale)]),
                *ruling.notes,
                *progress.notes(ruling.excluded),
                *unheeded(catalogue, context.constraints, lang=self.language(scene)),
            ),
        )

    def seen_from(self, scene: Scene, profile: Profile) -> Profile:
        """The profile in which other scenes' taste has the weight that was learned for it."""
        transfer = self.parts.head.transfer if self.parts.head else None
        return carried(profile, target=scene.name, transfer=transfer)

    async def retrieved(
        self, asked: Request, ladder: FallbackChain, *, size: int, reach: int = 0
    ) -> RankedPool:
        """The candidates without the language model.

        Args:
            asked: the request.
            ladder: its steps.
            size: of the pool.
            reach: how many are looked for at least, of each task.
        """
        query, wished = await self._wished(asked.query, ladder)
        asked, quotas = replace(asked, query=query), asked.quotas
        scene, cold = query.scene.name, query.profile.is_cold(query.scene.name)
        found = await self._found(asked, ladder, size, reach, wished)
        steps = prerequisites(
            [each.item for each in found],
            scene=query.scene,
            profile=query.profile,
            progress=asked.progress,
            excluded=query.exclude,
        )
        limits = asked.progress.limits(each.item.id for each in found)
        joint = preference_boost(self.joint(query), query.context.preferences)
        pool = pool_of(
            found,
            joint,
            scene=scene,
            cold=cold,
            size=size,
            quotas=quotas,
            prerequisites=steps,
            limits=limits,
            grades=wished.grades,
        )
        return RankedPool(
            found=found,
            pool=pool,
            scores=pool.base,
            prerequisites=steps,
            limits=limits,
            wished=wished,
            match=wished.counted(query.context.wish, exclude=query.exclude),
            gated=not joint.asks(pool.base, scene=scene, cold=cold),
        )

    async def heard(
        self, standing: RankedPool, asked: Request, ladder: FallbackChain
    ) -> RankedPool:
        """The same with the model's scores, where they are wanted and their worth is known."""
        query = asked.query
        ranker = None if standing.gated else await ladder.ready()
        language = await ladder.language(ranker, query, standing.pool.candidates)
        if language is None:
            return standing
        scores, scene = standing.scores, query.scene.name
        joint = self.joint(query)
        if joint.weighs(language, scene=scene):
            cold = query.profile.is_cold(scene)
            scores = joint.joined(scores, language.scores, scene=scene, cold=cold)
        else:
            ladder.degraded.append(
                f"head's order: it does not know what model {language.model!r} is worth with "
                f"prompt {language.prompt!r}; run 'recagent fit' again"
            )
        return replace(standing, scores=scores, language=language)

    async def why_nothing(self, asked: Request) -> str:
        """Why a request has no candidate, in the scene's language."""
        query = asked.query
        return why_nothing(
            await self._catalogue(query.scene),
            query.context.constraints,
            met=asked.met,
            lang=self.language(query.scene),
        )

    async def evidence(self, items: Sequence[Item], query: Query) -> list[tuple[Evidence, ...]]:
        """What supports each item."""
        behaviour = await self.parts.behaviour()
        told = [reasonable(item, query.scene) for item in items]
        items_here = await self.parts.index.items(query.scene.name)
        traits = self._traits(query.scene.name, items_here, self.parts.silent)
        wished = SceneText({item.id: item for item in told}).matches(query.context.wish).words
        return gather(
            told, query, behaviour=behaviour, scale=self.parts.scale, traits=traits, wished=wished
        )

    async def _wished(self, query: Query, ladder: FallbackChain) -> tuple[Query, Matches]:
        """How the scene's items answer the request's wish, by words and by nearness of meaning.

        The query comes with it, with the wish's vector where there is one.
        """
        matches = await self._by_words(query)
        vector = await ladder.wish_vector(matches.asks) if matches.asks else None
        if vector is None:
            return query, matches
        found = await nearest_in_meaning(vector, query.scene.name, index=self.parts.index)
        return replace(query, wish_vector=vector), matches.with_near(found)

    async def _by_words(self, query: Query) -> Matches:
        if not query.context.wish:
            return NO_MATCHES
        scene = query.scene.name
        text = self._texts(scene, await self.parts.index.items(scene), None)
        return text.matches(query.context.wish)

    async def _found(
        self, asked: Request, ladder: FallbackChain, size: int, reach: int, wished: Matches
    ) -> list[Candidate]:
        """Candidates for a pool, with what they need.

        Where the scene mixes tasks they are looked for, for each of them on its own. So are those
        that answer the wish, that taste orders them whatever else it would find.
        """
        query, limit = asked.query, self.options.limit
        catalogue, quotas = await self._catalogue(query.scene), asked.quotas
        joint = preference_boost(self.joint(query), query.context.preferences)
        found: list[Candidate] = []
        for task, share in (apportion(quotas, size=size) if quotas else {None: size}).items():
            others = catalogue.of_other_tasks([task]) if task else frozenset[str]()
            only = replace(query, exclude=query.exclude | others)
            for group, wanted in _groups(only, catalogue.items, wished, size=share, reach=reach):
                width = max(reach, joint.width(pool=wanted, limit=limit))
                found += await self._wide(group, asked.progress, ladder, wanted, width)
        steps = missing_prerequisites(
            [each.item for each in found],
            scene=query.scene,
            profile=query.profile,
            progress=asked.progress,
            excluded=query.exclude,
        )
        found += [Candidate(item=item, features={"fused": 0.0}) for item in steps]
        return await self._rewarded(found, query)

    async def _wide(
        self, query: Query, progress: Progress, ladder: FallbackChain, pool: int, width: int
    ) -> list[Candidate]:
        """Candidates that fill a pool though a list has few of a series and one edition of a work.

        More are looked for where too few can stand on one list, then others than those.
        """
        found = await ladder.candidates(query, pool, width)
        everything = len(self.parts.sources) * self.options.limit
        if width < everything and _fitting(found, progress, pool) < min(pool, len(found)):
            found = await ladder.candidates(query, pool, everything)
        left = pool - _fitting(found, progress, pool)
        if left and len(found) >= pool:
            alike = progress.alike(each.item.id for each in found)
            others = replace(query, exclude=query.exclude | alike)
            more = await ladder.candidates(others, left, everything)
            found += [replace(each, features={**each.features, "fused": 0.0}) for each in more]
        return found

    async def _rewarded(self, found: Sequence[Candidate], query: Query) -> list[Candidate]:
        """The candidates with what the person's answers to slates make of them."""
        cap, parts = self.options.feedback, self.parts
        if not cap:
            return [*found]
        given = await answers(query, store=parts.store, index=parts.index, scale=parts.scale)
        scene = query.scene.name
        return await rewarded(found, given, scene=scene, index=parts.index, cap=cap)

    async def _catalogue(self, scene: Scene) -> Grouped:
        items = await self.parts.index.items(scene.name)
        return self._catalogues(scene.name, items, scene.rules)

    async def _seen(self, profile: Profile) -> frozenset[str]:
        """All that the person has any event on; of most people the profile has every event."""
        if len(profile.events) < MAX_EVENTS:
            return frozenset(event.item_id for event in profile.events)
        return await self.parts.store.seen(profile.user.id)


def _readable(
    constraints: Sequence[Constraint], catalogue: Grouped, scene: Scene
) -> tuple[Constraint, ...]:
    return tuple(readable(catalogue, each, scene=scene.name) for each in constraints)


def _fitting(found: Sequence[Candidate], progress: Progress, pool: int) -> int:
    """How many of a pool of candidates can stand on one list."""
    limits = progress.limits(each.item.id for each in found)
    if not limits.works and not limits.series:
        return min(pool, len(found))
    items = [each.item for each in found]
    return len(arrange(range(len(items)), items, k=pool, limits=limits))


def _groups(
    query: Query, items: Mapping[str, Item], wished: Matches, *, size: int, reach: int
) -> Iterator[tuple[Query, int]]:
    """The query for each group of items that is looked for on its own, and how many are wanted.

    First those that answer the wish best, as many as there is room for whole grades; then the grade
    of which only some have room; then all others, where there is room, or more are to be reached.
    """
    left, rest = size, query.exclude
    whole, last = set[str](), set[str]()
    for alike in best_first(wished.grades):
        last = {*alike} - query.exclude
        if len(whole) + len(last) > size:
            break
        whole, last = whole | last, set[str]()
    for group in (whole, last):
        wanted = min(left, len(group))
        if wanted:
            yield replace(query, exclude=query.exclude | (items.keys() - group)), wanted
            left, rest = left - wanted, rest | group
    if left or reach:
        yield replace(query, exclude=rest), left

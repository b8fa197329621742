"""The straight line: profile, scene, retrieve, rank, diversify, record; and explain when asked.

Every step is a function of a room; this module is their order.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime

from recagent.errors import DataError
from recagent.explaining import Phrased, claims, gather, phrased
from recagent.feedback import check_time, checked_event, record_impression, scene_of
from recagent.profiles import MAX_EVENTS, rate
from recagent.protocols import Query
from recagent.ranking import Fixed, Joint
from recagent.recommender.arranging import NO_QUOTAS, places
from recagent.recommender.ladder import Ladder
from recagent.recommender.pace import Pace
from recagent.recommender.parts import COLD_DIVERSITY, Options, Parts
from recagent.recommender.people import People
from recagent.recommender.slate import Where, choose, make_trace, models_part, pool_of
from recagent.retrieval import PerScene
from recagent.rules import Grouped, Ruling, excluded, missing, needs, reasonable, spent, visible
from recagent.scenes import declared_or_plain, identify
from recagent.tags import Shelves, with_tags
from recagent.transfer import carried
from recagent.types import (
    Candidate,
    Context,
    Entry,
    Event,
    EventKind,
    Evidence,
    Explanation,
    Impression,
    Item,
    Profile,
    Scene,
    Slate,
    Task,
)

logger = logging.getLogger(__name__)


class StraightLine:
    """Recommends, explains and records. Its methods may run concurrently.

    Attributes:
        people: what a person may do with their own profile.
    """

    def __init__(self, parts: Parts, options: Options | None = None) -> None:
        self._parts = parts
        self._options = options or Options()
        self._pace = Pace()
        self._catalogues = PerScene(Grouped)
        self._shelves = Shelves(parts.index)
        self.people = People(parts, self._options, profile=self.profile)
        self._joint: Joint = parts.head or Fixed(
            language_weight=self._options.language_weight, temperature=self._options.temperature
        )

    async def recommend(
        self,
        user_id: str,
        *,
        scene: str | None = None,
        k: int = 5,
        context: Context | None = None,
        task: Task | None = None,
    ) -> Slate:
        """The slate of ``k`` items, or of all there are if the scene has fewer unseen ones.

        Args:
            user_id: a person; one that nobody knows gets a popular, diverse slate, marked cold.
            scene: where; by default identified from the context and the person's events, by what
                ``recagent fit`` learned, else that of their last event.
            k: slate length, at least 1.
            context: the wish and the constraints of this request, where and when it is made; what
                breaks a constraint or a rule of the scene is never on the slate, which is shorter
                where too little is left.
            task: the only one that is wanted; by default all of the scene's.

        Raises:
            DataError: ``k`` below 1, an empty user id, an unknown scene, a task that the scene does
                not have, a time without zone, nothing indexed, or a store that fails.
            RetrievalError: the index was made with another embedder, or cannot be read.
            ConfigError: settings that the model cannot follow.
            PromptError: a prompt file that is broken.
        """
        if k < 1:
            raise DataError(f"k={k} is no slate length; ask for 1 or more")
        if not user_id:
            raise DataError("a slate needs a user id; any text will do for a person nobody knows")
        parts, options, began = self._parts, self._options, time.perf_counter()
        ladder = Ladder(parts, options, pace=self._pace)
        profile = await ladder.profile(user_id)
        context = context or Context()
        place = await self._where(scene, profile, context, ladder)
        where = place.scene
        ruling = await self._ruling(profile, where, context, task)
        profile, quotas = visible(profile, where), where.quotas if task is None else NO_QUOTAS
        query = self._query(profile, where, context, exclude=ruling.excluded)
        joint, size = self._joint, max(options.pool, k)
        found = await self._found(ladder, query, size, quotas=quotas)
        cold = profile.is_cold(where.name)
        steps = needs([each.item for each in found], scene=where, profile=profile)
        pool = pool_of(
            found, joint, scene=where.name, cold=cold, size=size, quotas=quotas, needs=steps
        )
        asks = joint.asks(pool.base, scene=where.name, cold=cold)
        ranker = await ladder.ready() if asks else None
        language = await ladder.language(ranker, query, pool.candidates)
        scores = pool.base
        if language is not None and joint.weighs(language.model):
            scores = joint.joined(scores, language.scores, scene=where.name, cold=cold)
        elif language is not None:
            ladder.degraded.append(
                f"head's order: it does not know what model {language.model!r} is worth; run "
                "'recagent fit' again"
            )
        entries = choose(
            pool,
            scores,
            await parts.index.vectors(where.name, ids=[c.item.id for c in pool.candidates]),
            k=k,
            probabilities=joint.probabilities(scores),
            diversity=self._diversity(profile),
            quotas=quotas,
            needs=steps,
        )
        trace = make_trace(
            profile,
            place,
            wish=context.wish,
            candidates=pool.candidates,
            models_part=models_part(language, pool.candidates, notes=ruling.notes),
            head=joint.name,
            gated=not asks,
            degraded=ladder.degraded,
            seconds=time.perf_counter() - began - ladder.cold_start,
        )
        slate = Slate(
            user_id=user_id,
            scene=where,
            entries=await self._with_evidence(await self._with_likes(entries, profile), query),
            trace=trace,
        )
        await record_impression(slate, wish=query.context.wish, store=parts.store)
        logger.info(
            "slate %s: prompt %s, %d + %d tokens, %.0f ms, degraded: %s",
            trace.id,
            trace.prompt,
            trace.usage.prompt,
            trace.usage.completion,
            1000 * trace.seconds,
            trace.degraded,
        )
        return slate

    async def explain(
        self,
        user_id: str,
        item_id: str,
        *,
        scene: str | None = None,
        context: Context | None = None,
        phrase: bool = False,
    ) -> Explanation:
        """Why an item would be recommended to a person, from evidence that is really there.

        Args:
            user_id: the person.
            item_id: any item of the catalogue, also one that was not on a slate.
            scene: the item's scene, if several have an item of this id.
            context: the wish of this request.
            phrase: let the model join the reasons; what it adds of its own is replaced. It is not
                asked in a scene that is for human review.

        Raises:
            DataError: an unknown item or scene.
            RetrievalError: the index was made with another embedder.
        """
        parts, options = self._parts, self._options
        name = await scene_of(item_id, index=parts.index, scene=scene)
        scenes = await self._scenes()
        ladder, where = Ladder(parts, options, pace=self._pace), scenes[name]
        lang = where.language or options.lang
        profile = visible(await ladder.profile(user_id), where)
        query = self._query(profile, where, context or Context())
        item = (await parts.index.items(name))[item_id]
        (evidence,) = await self._evidence([item], query)
        if phrase and where.review == "human":
            why = f"plain reasons: scene {name!r} is for human review, so no model phrases there"
            said = Phrased(claims=claims(evidence, scenes=scenes, lang=lang), degraded=why)
        elif phrase and parts.models:
            said = await phrased(
                evidence,
                scenes=scenes,
                model=parts.models[0],
                lang=lang,
                attempts=options.attempts,
                window=parts.window,
                deadline=options.deadline,
            )
        else:
            said = Phrased(claims=claims(evidence, scenes=scenes, lang=lang))
        degraded = [*ladder.degraded, *([said.degraded] if said.degraded else [])]
        return Explanation(
            item=item,
            claims=said.claims,
            evidence=evidence,
            phrased_by=parts.models[0].name if said.kept else None,
            replaced=said.replaced,
            degraded="; ".join(degraded) or None,
            notice=where.notice(lang),
        )

    async def reasons(self, slate: Slate) -> list[Explanation]:
        """The plain reasons of every entry of a slate, in its order, from its own evidence."""
        scenes = await self._scenes()
        lang = slate.scene.language or self._options.lang
        return [
            Explanation(
                item=entry.item,
                claims=claims(entry.evidence, scenes=scenes, lang=lang),
                evidence=entry.evidence,
                notice=slate.scene.notice(lang),
            )
            for entry in slate.entries
        ]

    async def record(
        self,
        user_id: str,
        item_id: str,
        *,
        kind: EventKind = "like",
        value: float | None = None,
        scene: str | None = None,
        at: datetime | None = None,
        impression: str = "",
        text: str = "",
        device: str = "",
        place: str = "",
    ) -> Event:
        """Store what a person did with an item; their next slate takes it into account.

        Args:
            user_id: the person, known or new.
            item_id: an item of the catalogue.
            kind: one of ``recagent.types.EVENT_KINDS``.
            value: for a rating, on the scale of ``[ratings]``.
            scene: where, if several scenes have the item.
            at: when, with a time zone; now by default.
            impression: ``slate.trace.id`` of the slate that this answers.
            text: the person's own words on the item.
            device: on which; what is told here lets a device tell the scene.
            place: where, likewise.

        Raises:
            DataError: the event does not fit the catalogue; nothing is stored.
        """
        parts = self._parts
        draft = Event(
            user_id=user_id,
            item_id=item_id,
            scene=scene or "",
            kind=kind,
            value=value,
            at=at or datetime.now(tz=UTC),
            impression=impression,
            text=text,
            device=device,
            place=place,
        )
        event = await checked_event(draft, index=parts.index, scale=parts.scale)
        await parts.store.add_events([event])
        return event

    async def impression(self, impression_id: str) -> Impression | None:
        """What was shown under ``slate.trace.id``; None if nothing was."""
        return await self._parts.store.impression(impression_id)

    async def profile(self, user_id: str) -> Profile:
        """What is known of a person now, with inferred tags; empty for one that nobody knows."""
        ladder = Ladder(self._parts, self._options, pace=self._pace)
        return await with_tags(await ladder.profile(user_id), self._shelves)

    async def close(self) -> None:
        """Close the store, the index, models and replies, each even if another fails to close."""
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self._parts.store.close)
            closing.push_async_callback(self._parts.index.close)
            for model in self._parts.models:
                closing.push_async_callback(model.close)
            if self._parts.replies is not None:
                closing.callback(self._parts.replies.close)

    def _query(
        self,
        profile: Profile,
        scene: Scene,
        context: Context,
        *,
        exclude: frozenset[str] = frozenset(),
    ) -> Query:
        """A request, in which other scenes' taste has the weight that was learned for it."""
        transfer = self._parts.head.transfer if self._parts.head else None
        seen = carried(profile, target=scene.name, transfer=transfer)
        return Query(profile=seen, scene=scene, context=context, exclude=exclude)

    async def _scenes(self) -> dict[str, Scene]:
        return declared_or_plain(await self._parts.index.scenes(), self._parts.scenes)

    async def _where(
        self, scene: str | None, profile: Profile, context: Context, ladder: Ladder
    ) -> Where:
        check_time(context.at)
        scenes, learned = await self._scenes(), self._parts.identifier
        if scene is None and learned is not None:
            wish = await ladder.wish(context.wish, scenes)
            found = learned(profile.events, context, scenes=scenes, wish=wish)
            if found:
                best = max(sorted(found), key=lambda name: found[name])
                return Where(scene=scenes[best], taken_from="identified", probability=found)
        behaviour = await self._parts.behaviour()
        which, taken_from = identify(
            scene, profile=profile, scenes=scenes, activity=behaviour.activity
        )
        return Where(scene=which, taken_from=taken_from)

    async def _ruling(
        self, profile: Profile, scene: Scene, context: Context, task: Task | None
    ) -> Ruling:
        """All that must not come: by the scene's rules, by this request, and what has been seen."""
        if task and scene.tasks and task not in scene.tasks:
            raise DataError(
                f"scene {scene.name!r} recommends no {task!r}; it has {', '.join(scene.tasks)}"
            )
        catalogue = await self._catalogue(scene)
        ruling = excluded(catalogue, scene=scene, profile=profile, context=context, task=task)
        seen = spent(await self._seen(profile), scene=scene, profile=profile, at=context.at)
        return replace(ruling, excluded=ruling.excluded | seen)

    async def _catalogue(self, scene: Scene) -> Grouped:
        items = await self._parts.index.items(scene.name)
        return self._catalogues(scene.name, items, scene.rules)

    async def _found(
        self, ladder: Ladder, query: Query, size: int, *, quotas: Mapping[Task, int]
    ) -> list[Candidate]:
        """Candidates for a pool, with what they need.

        Where the scene mixes tasks they are looked for, for each of them on its own.
        """
        limit, catalogue = self._options.limit, await self._catalogue(query.scene)
        found: list[Candidate] = []
        for task, share in (places(quotas, size=size) if quotas else {None: size}).items():
            others = catalogue.of_other_tasks([task]) if task else frozenset[str]()
            only = replace(query, exclude=query.exclude | others)
            width = self._joint.width(pool=share, limit=limit)
            found += await ladder.candidates(only, share, width)
        steps = missing(
            [each.item for each in found],
            items=catalogue.items,
            scene=query.scene,
            profile=query.profile,
        )
        return [
            *found,
            *(
                Candidate(item=item, features={"fused": 0.0})
                for item in steps
                if item.id not in query.exclude
            ),
        ]

    def _diversity(self, profile: Profile) -> float:
        least = COLD_DIVERSITY if profile.cold == "fully" else 0.0
        return max(self._options.diversity, least)

    async def _seen(self, profile: Profile) -> frozenset[str]:
        """All that the person has any event on; of most people the profile has every event."""
        if len(profile.events) < MAX_EVENTS:
            return frozenset(event.item_id for event in profile.events)
        return await self._parts.store.seen(profile.user.id)

    async def _with_likes(self, entries: Sequence[Entry], profile: Profile) -> Sequence[Entry]:
        liking = self._parts.head.liking if self._parts.head else None
        if liking is None:
            return entries
        behaviour, scale = await self._parts.behaviour(), self._parts.scale
        person = rate(profile.events, scale)
        return [
            replace(
                entry,
                like=liking.probability(
                    entry.features, item=behaviour.rate(entry.item.id), person=person
                ),
            )
            for entry in entries
        ]

    async def _with_evidence(self, entries: Sequence[Entry], query: Query) -> tuple[Entry, ...]:
        gathered = await self._evidence([entry.item for entry in entries], query)
        pairs = zip(entries, gathered, strict=True)
        return tuple(replace(entry, evidence=evidence) for entry, evidence in pairs)

    async def _evidence(self, items: Sequence[Item], query: Query) -> list[tuple[Evidence, ...]]:
        behaviour = await self._parts.behaviour()
        told = [reasonable(item, query.scene) for item in items]
        return gather(told, query, behaviour=behaviour, scale=self._parts.scale)

"""The straight line: profile, scene, retrieve, rank, diversify, record; and explain when asked.

Every step is a function of a room; this module is their order.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime

from recagent.domain import (
    Answer,
    Context,
    Entry,
    Event,
    EventKind,
    Explanation,
    Impression,
    Profile,
    Scene,
    Slate,
    Task,
)
from recagent.errors import ConflictError, DataError
from recagent.pipeline import counterfactuals, explain, questions
from recagent.pipeline.deadline import Deadline
from recagent.pipeline.fallback import FallbackChain
from recagent.pipeline.feedback import check_time, checked_event, everywhere, record_impression
from recagent.pipeline.parts import Options, Parts
from recagent.pipeline.personal_data import PersonalData
from recagent.pipeline.services import Services
from recagent.pipeline.slate import Where, choose, make_trace, models_part
from recagent.ports import Query
from recagent.profiles.building import MAX_EVENTS, group_of, rate
from recagent.profiles.tags import Shelves, with_tags
from recagent.scenes.identification import identify

logger = logging.getLogger(__name__)


class Pipeline:
    """Recommends, explains and records. Its methods may run concurrently.

    Attributes:
        people: what a person may do with their own profile.
    """

    def __init__(self, parts: Parts, options: Options | None = None) -> None:
        self._parts = parts
        self._options = options or Options()
        self._desk = Services(parts, self._options)
        self._shelves = Shelves(parts.index, silent=parts.silent)
        self.people = PersonalData(parts, self._options, profile=self.profile)

    @property
    def parts(self) -> Parts:
        """What the line is made of: index, store and models, for what is built upon it."""
        return self._parts

    def deadline(self) -> Deadline:
        """Of a request that begins now."""
        return self._desk.deadline()

    def within(self, deadline: Deadline) -> Pipeline:
        """The same line, whose calls share one deadline: for a request that makes several."""
        line = copy(self)
        line._desk = self._desk.within(deadline)  # noqa: SLF001 - its own class
        return line

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
                ``recagent fit`` learned, else by a rule: that of their last event or the busiest.
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
        parts, desk, began = self._parts, self._desk, time.perf_counter()
        ladder = desk.ladder()
        profile = await ladder.profile(user_id)
        context = context or Context()
        place = await self._where(scene, profile, context, ladder)
        asked = await desk.asked(profile, place.scene, context, task=task)
        query, size = asked.query, max(self._options.pool, k)
        found = await desk.retrieved(asked, ladder, size=size)
        standing = await desk.heard(found, asked, ladder)
        candidates, joint = standing.pool.candidates, desk.joint(query)
        entries = choose(
            standing.pool,
            standing.scores,
            await parts.index.vectors(place.scene.name, ids=[each.item.id for each in candidates]),
            k=k,
            probabilities=joint.probabilities(standing.scores),
            diversity=desk.diversity(query.profile),
            quotas=asked.quotas,
            prerequisites=standing.prerequisites,
            limits=standing.limits,
        )
        trace = make_trace(
            query.profile,
            place,
            wish=context.wish,
            match=standing.match,
            candidates=candidates,
            models_part=models_part(
                standing.language,
                candidates,
                imagination=ladder.imagination,
                notes=(*asked.notes, *standing.notes),
            ),
            head=joint.name,
            unserved=desk.unserved(query),
            gated=standing.gated,
            degraded=ladder.degraded,
            seconds=time.perf_counter() - began - ladder.deadline.stood,
        )
        slate = Slate(
            user_id=user_id,
            scene=place.scene,
            entries=await self._with_evidence(await self._with_likes(entries, query), query),
            trace=trace,
            empty="" if entries else await desk.why_nothing(asked),
        )
        said = len(ladder.degraded)
        await ladder.keep(record_impression(slate, wish=query.context.wish, store=parts.store))
        if len(ladder.degraded) > said:
            trace = replace(trace, degraded="; ".join(dict.fromkeys(ladder.degraded)))
            slate = replace(slate, trace=trace)
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

    async def scene(
        self, user_id: str, *, scene: str | None = None, context: Context | None = None
    ) -> Scene:
        """The scene in which ``recommend`` answers such a request.

        Raises:
            DataError: an unknown scene, or nothing is indexed.
            RetrievalError: the index cannot be read.
        """
        ladder = self._desk.ladder()
        profile = await ladder.profile(user_id)
        return (await self._where(scene, profile, context or Context(), ladder)).scene

    async def scored(
        self, user_id: str, *, scene: Scene, k: int, context: Context
    ) -> dict[str, float]:
        """Scores of the ``k`` best by item id, without a language model, quotas and diversity.

        Raises:
            DataError: a time without zone.
        """
        ladder = self._desk.quiet_ladder()
        asked = await self._desk.asked(await ladder.profile(user_id), scene, context)
        standing = await self._desk.retrieved(asked, ladder, size=k)
        pairs = zip(standing.pool.candidates, standing.scores.tolist(), strict=True)
        return {candidate.item.id: score for candidate, score in pairs}

    async def barred(
        self, user_id: str, *, scene: str, context: Context | None = None
    ) -> frozenset[str]:
        """Ids of a scene's items that cannot be recommended to a person in a context.

        A rule of the scene or a constraint keeps them out, or the person knows them.

        Raises:
            DataError: an unknown scene, or a time without zone.
        """
        ladder, context = self._desk.ladder(), context or Context()
        profile = await ladder.profile(user_id)
        place = await self._where(scene, profile, context, ladder)
        return (await self._desk.asked(profile, place.scene, context)).query.exclude

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
        ask = questions.RankingQuestion(item=item_id, scene=scene, context=context or Context())
        how = explain.with_model if phrase else explain.plainly
        return await explain.explain(self._desk, user_id, ask, said=how)

    async def compare(
        self,
        user_id: str,
        item_id: str,
        *,
        versus: str,
        scene: str | None = None,
        context: Context | None = None,
        k: int = 5,
    ) -> Answer:
        """Which of two items comes first, and what makes the difference.

        Args:
            user_id: the person.
            item_id: an item of the catalogue.
            versus: another item of the same scene.
            scene: theirs, if several have an item of this id.
            context: the wish and the constraints of this request.
            k: length of the slate that is asked about.

        Raises:
            DataError: an unknown item or scene, or ``k`` below 1.
            RetrievalError: the index was made with another embedder.
        """
        ask = questions.RankingQuestion(
            item=item_id, scene=scene, context=context or Context(), k=k
        )
        return await questions.compare(self._desk, user_id, ask, versus=versus)

    async def why_not(
        self,
        user_id: str,
        item_id: str,
        *,
        scene: str | None = None,
        context: Context | None = None,
        k: int = 5,
    ) -> Answer:
        """Why an item is not on a slate of ``k``: unknown, met, barred, not found, or behind what.

        Args and errors as ``compare``; an item that the catalogue does not have is an answer.
        """
        ask = questions.RankingQuestion(
            item=item_id, scene=scene, context=context or Context(), k=k
        )
        return await questions.why_not(self._desk, user_id, ask)

    async def what_if(
        self,
        user_id: str,
        item_id: str,
        *,
        scene: str | None = None,
        context: Context | None = None,
        k: int = 5,
    ) -> Answer:
        """What would move an item: one thing taken away at a time, and ranked anew.

        Left out are, one by one, the person's ten newest liked items, the wish, a constraint that
        the item breaks, that the person has met it. The language model is not asked. Args and
        errors as ``compare``.
        """
        ask = questions.RankingQuestion(
            item=item_id, scene=scene, context=context or Context(), k=k
        )
        return await counterfactuals.what_if(self._desk, user_id, ask)

    async def reasons(self, slate: Slate) -> list[Explanation]:
        """The plain reasons of every entry of a slate, in its order, from its own evidence."""
        return await explain.reasons(self._desk, slate)

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
            kind: one of ``recagent.domain.EVENT_KINDS``.
            value: for a rating, on the scale of ``[ratings]``.
            scene: where, if several scenes have the item; by default it counts in each.
            at: when, with a time zone; now by default.
            impression: ``slate.trace.id`` of the slate that this answers.
            text: the person's own words on the item.
            device: on which; what is told here lets a device tell the scene.
            place: where, likewise.

        Raises:
            DataError: the event does not fit the catalogue; nothing is stored.
            ConflictError: it is stored already with another value, which stays.
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
        # What answers a slate belongs to that one; else it counts wherever the item is.
        counted = [event] if scene or impression else await everywhere(event, index=parts.index)
        if not await parts.store.add_events(counted):
            await self._check_same(event)
        return event

    async def _check_same(self, event: Event) -> None:
        """Refuse an event that is stored already and says something else; the same twice is fine.

        Raises:
            ConflictError: it is one.
        """
        for kept in await self._parts.store.events(event.user_id, limit=MAX_EVENTS):
            key = (kept.item_id, kept.scene, kept.kind, kept.at)
            if key == (event.item_id, event.scene, event.kind, event.at):
                if kept.value != event.value:
                    raise ConflictError(
                        f"{event.kind!r} of {event.item_id!r} by {event.user_id!r} at "
                        f"{event.at.isoformat()!r} is stored already, with value {kept.value!r} "
                        f"and not {event.value!r}; what is stored stays: give another time"
                    )
                return

    async def impression(self, impression_id: str) -> Impression | None:
        """What was shown under ``slate.trace.id``; None if nothing was."""
        return await self._parts.store.impression(impression_id)

    async def profile(self, user_id: str) -> Profile:
        """What is known of a person now, with inferred tags; empty for one that nobody knows."""
        return await with_tags(await self._desk.ladder().profile(user_id), self._shelves)

    async def close(self) -> None:
        """Close the store, the index, models and replies, each even if another fails to close."""
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self._parts.store.close)
            closing.push_async_callback(self._parts.index.close)
            for model in self._parts.models:
                closing.push_async_callback(model.close)
            if self._parts.replies is not None:
                closing.callback(self._parts.replies.close)

    async def _where(
        self, scene: str | None, profile: Profile, context: Context, ladder: FallbackChain
    ) -> Where:
        check_time(context.at)
        scenes, learned = await self._desk.scenes(), self._parts.identifier
        if not scene and learned is not None:
            wish = await ladder.wish(context.wish, scenes)
            found = learned(profile.events, context, scenes=scenes, wish=wish)
            if found:
                best = max(sorted(found), key=lambda name: found[name])
                return Where(scene=scenes[best], taken_from="identified", probability=found)
        behaviour = await self._parts.behaviour()
        which, taken_from = identify(
            scene,
            profile=profile,
            scenes=scenes,
            activity=behaviour.activity,
            is_staying=behaviour.is_staying,
        )
        return Where(scene=which, taken_from=taken_from)

    async def _with_likes(self, entries: Sequence[Entry], query: Query) -> Sequence[Entry]:
        profile, liking = query.profile, self._parts.head.liking if self._parts.head else None
        if liking is None or group_of(profile, query.scene.name) not in liking.groups:
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
        gathered = await self._desk.evidence([entry.item for entry in entries], query)
        pairs = zip(entries, gathered, strict=True)
        return tuple(replace(entry, evidence=evidence) for entry, evidence in pairs)

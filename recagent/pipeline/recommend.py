"""The pipeline: profile, scene, retrieve, rank, compose, record; and explain on request.

``Pipeline.recommend`` is the order of these steps; each is a function of another module.
"""

from __future__ import annotations

import logging
import time
from contextlib import AsyncExitStack
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from weakref import WeakValueDictionary

import anyio

from recagent.domain import (
    Answer,
    Context,
    Event,
    EventKind,
    Explanation,
    Impression,
    Profile,
    Scene,
    Slate,
    Task,
    Trace,
    person_id,
)
from recagent.errors import DataError
from recagent.pipeline import counterfactuals, explain, questions
from recagent.pipeline.candidates import add_model_scores, retrieve_pool
from recagent.pipeline.components import Components, Options
from recagent.pipeline.deadline import Deadline
from recagent.pipeline.feedback import (
    check_person,
    checked_event,
    everywhere,
    record_impression,
    said_before,
    store_answer,
)
from recagent.pipeline.personal_data import PersonalData
from recagent.pipeline.request import identify_scene, prepare_request, why_empty
from recagent.pipeline.services import Services
from recagent.pipeline.slate import (
    compose,
    list_sentence,
    make_trace,
    with_evidence,
    with_like_probability,
)
from recagent.pipeline.visitors import VisitorStore
from recagent.profiles.tags import SceneTraits, with_tags

logger = logging.getLogger(__name__)


class Pipeline:
    """Recommends, explains and records. Its methods may run concurrently.

    Attributes:
        people: what a person may do with their own profile.
    """

    def __init__(self, parts: Components, options: Options | None = None) -> None:
        self._parts = parts
        self._options = options or Options()
        self._services = Services(parts, self._options)
        self._scene_traits = SceneTraits(parts.index, silent=parts.silent)
        self._recording: WeakValueDictionary[str, anyio.Lock] = WeakValueDictionary()
        self.people = PersonalData(parts, self._options, profile=self.profile)

    @property
    def parts(self) -> Components:
        """What the line is made of: index, store and models, for what is built upon it."""
        return self._parts

    def deadline(self) -> Deadline:
        """Of a request that begins now."""
        return self._services.deadline()

    def within(self, deadline: Deadline) -> Pipeline:
        """The same line, whose calls share one deadline: for a request that makes several."""
        pipeline = copy(self)
        pipeline._services = self._services.within(deadline)  # noqa: SLF001 - its own class
        return pipeline

    def ranking_at_most(self, times: int) -> Pipeline:
        """The same line, whose calls may ask the ranking model so often in all."""
        pipeline = copy(self)
        pipeline._services = self._services.ranking_at_most(times)  # noqa: SLF001 - its own class
        return pipeline

    def for_another(self) -> Pipeline:
        """The same line for what somebody looks for on behalf of another.

        The person's own taste plays no part, and what they know may come; rules hold as before.
        """
        pipeline = copy(self)
        pipeline._services = self._services.for_another()  # noqa: SLF001 - its own class
        return pipeline

    def visiting(self) -> Pipeline:
        """The same line for talks with people without an id; its store is a ``VisitorStore``.

        What they do counts for as long as it lives, and is stored nowhere.
        """
        return Pipeline(replace(self._parts, store=VisitorStore(self._parts.store)), self._options)

    async def recommend(
        self,
        user_id: str | None = None,
        *,
        scene: str | None = None,
        k: int = 5,
        context: Context | None = None,
        task: Task | None = None,
        with_reasons: bool = False,
    ) -> Slate:
        """The slate of ``k`` items, or of all there are if the scene has fewer unseen ones.

        Args:
            user_id: a person; one that nobody knows gets a popular, diverse slate, marked cold.
                None, "" or a word such as ``anonymous``: somebody without an id, of whom nothing
                is stored, not even what was shown.
            scene: where; by default identified from the context and the person's events, by what
                ``recagent fit`` learned, else by a rule: that of their last event or the busiest.
            k: slate length, at least 1.
            context: the wish and the constraints of this request, where and when it is made; what
                breaks a constraint or a rule of the scene is never on the slate, which is shorter
                where too little is left.
            task: the only one that is wanted; by default all of the scene's.
            with_reasons: a person will read the list: where the ranking model may, it writes
                reasons and a sentence in the same reply, which are checked.

        Raises:
            DataError: ``k`` below 1, an unknown scene, a task that the scene does not have, a time
                without zone, nothing indexed, or a store that fails.
            RetrievalError: the index was made with another embedder, or cannot be read.
            ConfigError: settings that the model cannot follow.
            PromptError: a prompt file that is broken.
        """
        if k < 1:
            raise DataError("k must be at least 1 (got {k})", k=k)
        user_id, services, began = person_id(user_id), self._services, time.perf_counter()
        fallback, context = services.fallback(), context or Context()
        profile = await fallback.profile(user_id)
        identified = await identify_scene(
            services, profile, name=scene, context=context, fallback=fallback
        )
        request = await prepare_request(
            services, profile, scene=identified.scene, context=context, fallback=fallback, task=task
        )
        pool = await retrieve_pool(services, request, size=max(self._options.pool, k))
        pool = await add_model_scores(services, request, pool, k=k, with_reasons=with_reasons)
        entries = await compose(services, request, pool, k=k)
        seconds = time.perf_counter() - began - fallback.deadline.paused
        trace = make_trace(services, request, pool, identified=identified, seconds=seconds)
        entries = await with_like_probability(services, request, entries)
        explained = await with_evidence(services, request, entries, pool)
        slate = Slate(
            user_id=user_id,
            scene=identified.scene,
            entries=explained,
            sentence=await list_sentence(services, request, explained, pool),
            trace=trace,
            empty="" if entries else await why_empty(services, request),
        )
        if user_id:
            storing = record_impression(slate, wish=context.wish, store=self._parts.store)
            await fallback.record(storing)
        slate = replace(slate, trace=replace(trace, degraded=fallback.summary()))
        _log(slate.trace)
        return slate

    async def scene(
        self, user_id: str | None, *, scene: str | None = None, context: Context | None = None
    ) -> Scene:
        """Returns the scene in which ``recommend`` answers such a request.

        Raises:
            DataError: an unknown scene, or nothing is indexed.
            RetrievalError: the index cannot be read.
        """
        fallback = self._services.fallback()
        profile = await fallback.profile(user_id)
        identified = await identify_scene(
            self._services, profile, name=scene, context=context or Context(), fallback=fallback
        )
        return identified.scene

    async def scores(
        self, user_id: str | None, *, scene: Scene, k: int, context: Context
    ) -> dict[str, float]:
        """Returns the scores of the ``k`` best items, by id.

        They are those of before the language model, quotas and diversity.

        Raises:
            DataError: a time without zone.
        """
        services, fallback = self._services, self._services.fallback_without_model()
        profile = await fallback.profile(user_id)
        request = await prepare_request(
            services, profile, scene=scene, context=context, fallback=fallback
        )
        pool = await retrieve_pool(services, request, size=k)
        pairs = zip(pool.items, pool.scores.tolist(), strict=True)
        return {item.id: score for item, score in pairs}

    async def blocked(
        self, user_id: str | None, *, scene: str, context: Context | None = None
    ) -> frozenset[str]:
        """Returns the ids of a scene's items that cannot be recommended to a person in a context.

        A rule of the scene or a constraint keeps them out, or the person knows them.

        Raises:
            DataError: an unknown scene, or a time without zone.
        """
        services, context = self._services, context or Context()
        fallback = services.fallback()
        profile = await fallback.profile(user_id)
        identified = await identify_scene(
            services, profile, name=scene, context=context, fallback=fallback
        )
        request = await prepare_request(
            services, profile, scene=identified.scene, context=context, fallback=fallback
        )
        return request.query.exclude

    async def explain(
        self,
        user_id: str | None,
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
        question = questions.RankingQuestion(
            item=item_id, scene=scene, context=context or Context()
        )
        phrasing = explain.phrase_with_model if phrase else explain.phrase_plainly
        return await explain.explain(self._services, user_id, question, phrasing=phrasing)

    async def compare(
        self,
        user_id: str | None,
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
        question = questions.RankingQuestion(
            item=item_id, scene=scene, context=context or Context(), k=k
        )
        return await questions.compare(self._services, user_id, question, versus=versus)

    async def why_not(
        self,
        user_id: str | None,
        item_id: str,
        *,
        scene: str | None = None,
        context: Context | None = None,
        k: int = 5,
    ) -> Answer:
        """Why an item is not on a slate of ``k``: unknown, met, barred, not found, or behind what.

        Args and errors as ``compare``; an item that the catalogue does not have is an answer.
        """
        question = questions.RankingQuestion(
            item=item_id, scene=scene, context=context or Context(), k=k
        )
        return await questions.why_not(self._services, user_id, question)

    async def what_if(
        self,
        user_id: str | None,
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
        question = questions.RankingQuestion(
            item=item_id, scene=scene, context=context or Context(), k=k
        )
        return await counterfactuals.what_if(self._services, user_id, question)

    async def reasons(self, slate: Slate) -> list[Explanation]:
        """The reasons of every entry of a slate, in its order: the ranking model's, else plain."""
        return await explain.reasons(self._services, slate)

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

        What is sent again is stored once, and the stored event is the answer: the same word (like,
        dislike, rating) on the same item within a day, or the same answer to the same slate. Give
        ``at`` for what really happened twice.

        Args:
            user_id: the person, known or new; of somebody without an id nothing can be stored.
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
        check_person(user_id)
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
        async with self._recording.setdefault(user_id, anyio.Lock()):
            if at is None and (stored := await said_before(event, store=parts.store)):
                return stored
            # What answers a slate belongs to that one; else it counts wherever the item is.
            counted = [event] if scene or impression else await everywhere(event, index=parts.index)
            return await store_answer(counted, store=parts.store)

    async def impression(self, impression_id: str) -> Impression | None:
        """What was shown under ``slate.trace.id``; None if nothing was."""
        return await self._parts.store.impression(impression_id)

    async def profile(self, user_id: str | None) -> Profile:
        """What is known of a person now, with inferred tags; empty for one that nobody knows."""
        profile = await self._services.fallback().profile(user_id)
        return await with_tags(profile, self._scene_traits)

    async def close(self) -> None:
        """Close the store, the index, models and replies, each even if another fails to close."""
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self._parts.store.close)
            closing.push_async_callback(self._parts.index.close)
            closing.push_async_callback(self._parts.embedder.close)
            for model in self._parts.models:
                closing.push_async_callback(model.close)
            for reranker in self._parts.rerankers:
                closing.push_async_callback(reranker.close)
            if self._parts.replies is not None:
                closing.callback(self._parts.replies.close)


def _log(trace: Trace) -> None:
    logger.info(
        "slate %s: prompt %s, %d + %d tokens, %.0f ms, degraded: %s",
        trace.id,
        trace.prompt,
        trace.usage.prompt,
        trace.usage.completion,
        1000 * trace.seconds,
        trace.degraded,
    )

"""The straight line: profile, scene, retrieve, rank, diversify, record; and explain when asked.

Every step is a function of a room; this module is their order, the deadline, and the ladder of what
answers when a step cannot. It builds no parts: ``wiring`` does.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypedDict

import anyio

from recagent.errors import DataError, ModelError
from recagent.explaining import claims, gather, phrased
from recagent.feedback import checked_event, record_impression, scene_of
from recagent.profiles import build_profile
from recagent.protocols import (
    CandidateSource,
    ChatModel,
    Embedder,
    EventStore,
    ItemIndex,
    LanguageScores,
    Query,
    Ranker,
)
from recagent.ranking import blend, diversified, softmax
from recagent.retrieval import Popularity, Snapshot, retrieve
from recagent.scenes import declared_or_plain, identify
from recagent.types import (
    Candidate,
    Context,
    Entry,
    Event,
    Explanation,
    Language,
    Mode,
    Profile,
    RatingScale,
    Scene,
    Slate,
    Trace,
    Usage,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float64]

logger = logging.getLogger(__name__)

# Of a person without any event only popularity is known: variety then says more than a few likes.
COLD_DIVERSITY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The numbers of the line; docs/quality.md says how the defaults were chosen."""

    pool: int = 20
    limit: int = 100
    source_weights: Mapping[str, float] = field(default_factory=dict[str, float])
    language_weight: float = 0.3
    temperature: float = 0.7
    diversity: float = 0.0
    deadline: float = 30.0  # seconds
    half_life: timedelta = timedelta(days=30)
    attempts: int = 3
    lang: Language = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the line is made of; without ``ranker`` and ``model`` no language model is asked."""

    store: EventStore
    index: ItemIndex
    embedder: Embedder
    behaviour: Snapshot
    sources: Sequence[CandidateSource]
    ranker: Ranker | None
    model: ChatModel | None
    scenes: Mapping[str, Scene]
    scale: RatingScale


class StraightLine:
    """Recommends, explains and records. Its methods may run concurrently."""

    def __init__(self, parts: Parts, options: Options | None = None) -> None:
        self._parts = parts
        self._options = options or Options()

    async def recommend(
        self,
        user_id: str,
        *,
        scene: str | None = None,
        k: int = 5,
        context: Context | None = None,
    ) -> Slate:
        """The slate of ``k`` items, or of all there are if the scene has fewer unseen ones.

        Args:
            user_id: a person; one that nobody knows gets a popular, diverse slate, marked cold.
            scene: where; by default the scene of the person's last event.
            k: slate length, at least 1.
            context: time, device, place and wish of this request.

        Raises:
            DataError: ``k`` below 1, or an unknown scene.
            RetrievalError: nothing is indexed, or with another embedder.
            ConfigError: settings that the model cannot follow.
        """
        if k < 1:
            raise DataError(f"k={k} is no slate length; ask for 1 or more")
        context = context or Context()
        degraded: list[str] = []
        began = time.perf_counter()
        profile = await self._profile(user_id)
        where, scene_from = await self._where(scene, profile)
        cold_start = time.perf_counter()
        ranker = await self._started(degraded)
        began += time.perf_counter() - cold_start
        until = anyio.current_time() + self._options.deadline
        seen = frozenset(event.item_id for event in profile.events if event.scene == where.name)
        query = Query(profile=profile, scene=where, context=context, exclude=seen)
        candidates = await self._candidates(query, k, until, degraded)
        language = await self._language(ranker, query, candidates, until, degraded)
        scores = blend(
            language.scores if language else None,
            [candidate.features["fused"] for candidate in candidates],
            language_weight=self._options.language_weight,
        )
        probabilities = softmax(scores, temperature=self._options.temperature)
        shown = await self._diverse(query, candidates, scores, k)
        behaviour = await self._parts.behaviour()
        entries = tuple(
            Entry(
                rank=rank,
                item=candidates[at].item,
                probability=float(probabilities[at]),
                features=candidates[at].features,
                evidence=gather(
                    candidates[at].item, query, behaviour=behaviour, scale=self._parts.scale
                ),
            )
            for rank, at in enumerate(shown, start=1)
        )
        trace = Trace(
            id=uuid.uuid4().hex,
            scene_from=scene_from,
            cold=profile.cold or ("scene" if profile.is_cold(where.name) else None),
            sources=_proposed(candidates),
            pool=len(candidates),
            **_language_trace(ranker, language, candidates),
            degraded="; ".join(degraded) or None,
            seconds=time.perf_counter() - began,
        )
        slate = Slate(user_id=user_id, scene=where, entries=entries, trace=trace)
        await record_impression(slate, store=self._parts.store)
        logger.info(
            "slate %s: prompt %s, %d + %d tokens, %.0f ms%s",
            trace.id, trace.prompt, trace.usage.prompt, trace.usage.completion,
            1000 * trace.seconds, f", degraded: {trace.degraded}" if trace.degraded else "",
        )  # fmt: skip
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
            context: the situation, for its wish.
            phrase: let the model join the reasons; what it adds of its own is replaced.

        Raises:
            DataError: an unknown item or scene.
        """
        parts, options = self._parts, self._options
        name = await scene_of(item_id, index=parts.index, scene=scene)
        scenes = await self._scenes()
        query = Query(
            profile=await self._profile(user_id),
            scene=scenes[name],
            context=context or Context(),
            exclude=frozenset(),
        )
        item = (await parts.index.items(name))[item_id]
        evidence = gather(item, query, behaviour=await parts.behaviour(), scale=parts.scale)
        if not phrase or parts.model is None:
            said = claims(evidence, scenes=scenes, lang=options.lang)
            return Explanation(item=item, claims=said, evidence=evidence)
        await parts.model.start()
        said, replaced = await phrased(
            evidence,
            scenes=scenes,
            model=parts.model,
            lang=options.lang,
            attempts=options.attempts,
        )
        return Explanation(
            item=item,
            claims=said,
            evidence=evidence,
            phrased_by=parts.model.name,
            replaced=replaced,
        )

    async def reasons(self, slate: Slate) -> list[Explanation]:
        """The plain reasons of every entry of a slate, in its order, from its own evidence."""
        scenes = await self._scenes()
        return [
            Explanation(
                item=entry.item,
                claims=claims(entry.evidence, scenes=scenes, lang=self._options.lang),
                evidence=entry.evidence,
            )
            for entry in slate.entries
        ]

    async def record(
        self,
        user_id: str,
        item_id: str,
        *,
        kind: str = "like",
        value: float | None = None,
        scene: str | None = None,
        at: datetime | None = None,
    ) -> Event:
        """Store what a person did with an item; their next slate takes it into account.

        Args:
            user_id: the person, known or new.
            item_id: an item of the catalogue.
            kind: one of ``recagent.types.EVENT_KINDS``.
            value: for a rating, on the scale of ``[ratings]``.
            scene: the item's scene, if several have an item of this id.
            at: when, with a time zone; now by default.

        Raises:
            DataError: the event does not fit the catalogue; nothing is stored.
        """
        event = await checked_event(
            user_id,
            item_id,
            kind=kind,
            value=value,
            scene=scene,
            at=at,
            index=self._parts.index,
            scale=self._parts.scale,
        )
        await self._parts.store.add_events([event])
        return event

    async def profile(self, user_id: str) -> Profile:
        """What is known of a person now; empty for one that nobody knows."""
        return await self._profile(user_id)

    async def close(self) -> None:
        """Close the store and the model."""
        await self._parts.store.close()
        if self._parts.model is not None:
            await self._parts.model.close()

    async def _started(self, degraded: list[str]) -> Ranker | None:
        """The ranker, ready: loading a cold model is not on the request's clock."""
        ranker = self._parts.ranker
        if ranker is not None:
            try:
                await ranker.start()
            except ModelError as error:
                degraded.append(f"retrieval order: {error}")
                return None
        return ranker

    async def _profile(self, user_id: str) -> Profile:
        return await build_profile(
            user_id,
            store=self._parts.store,
            index=self._parts.index,
            embedder=self._parts.embedder,
            scale=self._parts.scale,
            half_life=self._options.half_life,
        )

    async def _scenes(self) -> dict[str, Scene]:
        return declared_or_plain(await self._parts.index.scenes(), self._parts.scenes)

    async def _where(self, scene: str | None, profile: Profile) -> tuple[Scene, str]:
        behaviour = await self._parts.behaviour()
        return identify(
            scene, profile=profile, scenes=await self._scenes(), activity=behaviour.activity
        )

    async def _candidates(
        self, query: Query, k: int, until: float, degraded: list[str]
    ) -> list[Candidate]:
        """The pool; the scene's most popular items if a source fails or the time is up."""
        parts, options = self._parts, self._options
        pool = max(options.pool, k)
        limit = max(options.limit, pool)

        async def pooled(sources: Sequence[CandidateSource]) -> list[Candidate]:
            return await retrieve(
                query,
                sources=sources,
                index=parts.index,
                weights=options.source_weights,
                limit=limit,
                pool=pool,
            )

        try:
            with anyio.fail_after(until - anyio.current_time()):
                return await pooled(parts.sources)
        except (ModelError, TimeoutError) as error:
            degraded.append(f"popularity: {error or _late(options.deadline)}")
        return await pooled([Popularity(parts.index, parts.behaviour)])

    async def _language(
        self,
        ranker: Ranker | None,
        query: Query,
        candidates: Sequence[Candidate],
        until: float,
        degraded: list[str],
    ) -> LanguageScores | None:
        """The model's scores; None where it was not asked or did not answer in time."""
        if ranker is None or not candidates or not _is_anything_known(query):
            return None
        try:
            with anyio.fail_after(until - anyio.current_time()):
                return await ranker(query, candidates=candidates)
        except ModelError as error:
            degraded.append(f"retrieval order: {error}")
        except TimeoutError:
            degraded.append(f"retrieval order: {_late(self._options.deadline)}")
        return None

    async def _diverse(
        self, query: Query, candidates: Sequence[Candidate], scores: Scores, k: int
    ) -> list[int]:
        cold = query.profile.cold == "fully"
        diversity = max(self._options.diversity, COLD_DIVERSITY if cold else 0.0)
        ids = [candidate.item.id for candidate in candidates]
        vectors = await self._parts.index.vectors(query.scene.name, ids=ids)
        return diversified(scores, vectors, k=k, diversity=diversity)


def _proposed(candidates: Sequence[Candidate]) -> dict[str, int]:
    """How many of the pool each source found."""
    found = Counter(name for candidate in candidates for name in candidate.features)
    return {name: count for name, count in found.items() if name != "fused"}


def _late(seconds: float) -> str:
    return f"the deadline of {seconds:g} s has passed"


def _is_anything_known(query: Query) -> bool:
    profile = query.profile
    return bool(profile.liked or profile.declared is not None or query.context.wish)


def _language_trace(
    ranker: Ranker | None, language: LanguageScores | None, candidates: Sequence[Candidate]
) -> LanguageTrace:
    """The fields of a trace that tell of the model's part."""
    if ranker is None or language is None:
        return {}
    own = softmax(language.scores)
    return {
        "model": ranker.model,
        "mode": language.mode,
        "prompt": language.prompt,
        "usage": language.usage,
        "calls": language.calls,
        "repairs": language.repairs,
        "notes": language.notes,
        "language_probability": {
            candidate.item.id: float(p) for candidate, p in zip(candidates, own, strict=True)
        },
    }


class LanguageTrace(TypedDict, total=False):
    """The model's part of a trace."""

    model: str
    mode: Mode
    prompt: str
    usage: Usage
    calls: int
    repairs: int
    notes: tuple[str, ...]
    language_probability: Mapping[str, float]

"""What answers when a step cannot: retrieval order without the model, popularity without sources.

One chain serves one request; ``degraded`` says which simpler methods answered, and why. A setting
or a request that cannot be followed is an error, not a degradation.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio

from recagent.domain import Candidate, Profile, Scene, person_id
from recagent.errors import ModelError, ReplyError, StoreError
from recagent.locale import AnyText, LocalizedText, is_for_clients, render_unique
from recagent.pipeline.components import Components, Options
from recagent.pipeline.deadline import Deadline, RankingAllowance, RankingSpeed
from recagent.ports import CandidateSource, Embedder, LanguageScores, Query, Ranker, TextRole
from recagent.profiles.building import build_profile, declared_alone
from recagent.ranking.clean_scores import clean_scores
from recagent.retrieval import Popularity, TextSimilarity, can_embed, retrieve, weights_for
from recagent.retrieval.sources.model_proposals import NO_PROPOSALS, ModelProposals, Proposals
from recagent.scenes.classifier import scene_text, wish_cosines

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix, Vector

logger = logging.getLogger(__name__)

_RESERVED = 0.1  # of the deadline
_TO_PROPOSE = 0.5  # of the time that is left, at most; the ranking has the rest
_MOST_RESERVED = 0.1  # seconds
MOST_RANKED = 200  # candidates; also the largest pool that can be set


class FallbackChain:
    """The steps of one request that may fail, with the one deadline over them."""

    def __init__(
        self,
        parts: Components,
        options: Options,
        *,
        speed: RankingSpeed,
        deadline: Deadline,
        is_for_another: bool = False,
        rankings: RankingAllowance | None = None,
    ) -> None:
        self._parts = parts
        self._is_for_another = is_for_another
        self._rankings = rankings
        self._options = options
        self._speed = speed
        self.deadline = deadline
        self.degraded: list[AnyText] = []
        self._proposals: Proposals | None = None  # None before a model was asked

    def summary(self) -> str | None:
        """Returns what was degraded, each once, in the language of the request; None if nothing.

        Clients of a server are not told addresses and paths: its log has them.
        """
        for each in self.degraded if is_for_clients() else ():
            logger.warning("degraded: %s", each)
        return render_unique(self.degraded, self._options.lang)

    @property
    def proposals(self) -> Proposals:
        """What a model has proposed in this request; nothing where none was asked or answered."""
        return self._proposals or NO_PROPOSALS

    async def ready_ranker(self) -> Ranker | None:
        """Returns the ranker, its model loaded; None where there is none, or it cannot be had.

        The clock stands still while a model loads, unless nothing comes of it.
        """
        ranker = self._parts.ranker
        if ranker is None:
            return None
        if not self.deadline.left():
            self.degraded.append(
                LocalizedText("retrieval order: {reason}", reason=self.deadline.late())
            )
            return None
        try:
            await self._load(ranker.start)
        except ModelError as error:
            self.degraded.append(LocalizedText("retrieval order: {reason}", reason=error))
            return None
        return ranker

    async def profile(self, user_id: str | None) -> Profile:
        """Returns the profile; without what is declared if the embedder fails or is too slow.

        Of somebody without an id nothing is known, whatever is stored under a shared word.
        """
        parts, user_id = self._parts, person_id(user_id)

        async def build(embedder: Embedder | None) -> Profile:
            profile = await build_profile(
                user_id,
                store=parts.store,
                index=parts.index,
                embedder=embedder,
                scale=parts.scale,
                half_life=self._options.half_life,
            )
            return declared_alone(profile) if self._is_for_another else profile

        try:
            return await build(_Hurried(parts.embedder, self.deadline))
        except ModelError as error:
            self.degraded.append(
                LocalizedText("no declared information used: {reason}", reason=error)
            )
        return await build(None)

    async def wish_by_scene(self, wish: str, scenes: Mapping[str, Scene]) -> dict[str, float]:
        """Returns how well a wish fits each scene; empty without one, or if the embedder fails."""
        if not wish:
            return {}
        try:
            embedder = _Hurried(self._parts.embedder, self.deadline)
            (vector,) = await embedder.embed([wish], role="query")
            scene_rows = await embedder.embed([*map(scene_text, scenes.values())], role="passage")
        except ModelError as error:
            self.degraded.append(
                LocalizedText("scene identified without the wish: {reason}", reason=error)
            )
            return {}
        return wish_cosines(vector, scene_rows, scenes=[*scenes])

    async def record(self, recording: Awaitable[None]) -> None:
        """Wait for the impression's way to disk for as long as there is time, and say if it is not.

        It is given a tenth of a second at least, which a store that is well hardly needs.
        """
        try:
            with anyio.fail_after(max(_MOST_RESERVED, self.deadline.left())):
                await recording
        except (TimeoutError, StoreError) as error:
            if isinstance(error, StoreError) and not error.busy:
                logger.warning("impression not recorded: %s", error)
                note = LocalizedText(
                    "impression not recorded, so feedback cannot be matched to it: the event store "
                    "cannot be written to"
                )
            else:
                note = LocalizedText(
                    "impression not recorded, so feedback cannot be matched to it: the event store "
                    "is busy"
                )
            self.degraded.append(note)

    async def wish_vector(self, wish: str) -> Vector | None:
        """The vector of a wish; None where the embedder fails, or does not read its language."""
        parts = self._parts
        if not can_embed(parts.embedder, wish):
            return None
        try:
            with anyio.fail_after(self.deadline.left()):
                return (await parts.embedder.embed([wish], role="query"))[0]
        except (ModelError, TimeoutError) as error:
            # The text source embeds the wish too, and then says why it cannot.
            if TextSimilarity.name not in {source.name for source in parts.sources}:
                self.degraded.append(
                    LocalizedText(
                        "wish matched by keywords only: {reason}", reason=self._reason(error)
                    )
                )
            return None

    async def retrieve(self, query: Query, size: int, width: int) -> list[Candidate]:
        """Returns up to ``width`` candidates, filled up to ``size`` with the most popular.

        Only the ``size`` most popular if a source fails or the time is up. What a model proposes is
        one source more with a wish, for a person who is new in the scene, or where too little is
        found.
        """
        is_asked = bool(query.context.wish) or query.profile.is_cold(query.scene.name)
        if is_asked:
            await self.propose(query)
        candidates = await self._proposed(query, size, width)
        if not is_asked and await self._is_thin(candidates, query, size):
            await self.propose(query)
            if self.proposals.item_ids:
                candidates = await self._proposed(query, size, width)
        return await self._filled(candidates, query, size)

    async def propose(self, query: Query) -> Proposals:
        """Returns what a model proposes; nothing where none is asked, or it does not answer.

        It is asked once a request, for all tasks of a scene.
        """
        proposer = self._parts.proposer
        if proposer is None or self._proposals is not None:
            return self.proposals
        self._proposals = NO_PROPOSALS
        try:
            if query.context.titles is not None:  # named already, so that no model is asked
                self._proposals = await proposer.look_up(query)
                return self.proposals
            await self._load(proposer.start)
            if (silence := proposer.silence()) is not None:
                self._proposals = replace(NO_PROPOSALS, silence=silence)
                return self.proposals
            with anyio.fail_after(_TO_PROPOSE * self.deadline.left()):
                self._proposals = await proposer(query)
            proposer.record.add_answer(usable=True)
        except ModelError as error:
            if isinstance(error, ReplyError):
                proposer.record.add_answer(usable=False)
            self.degraded.append(
                LocalizedText("no proposals from the model: {reason}", reason=error)
            )
        except TimeoutError:
            proposer.record.add_answer(usable=False)
            self.degraded.append(
                LocalizedText("no proposals from the model: no reply within half of the time")
            )
        return self.proposals

    async def model_scores(
        self, ranker: Ranker | None, query: Query, candidates: Sequence[Candidate]
    ) -> LanguageScores | None:
        """Returns the model's scores of as many candidates as there is time for.

        None where it was not asked or did not answer in time.
        """
        if ranker is None or not candidates or not _is_anything_known(query):
            return None
        if len(candidates) > MOST_RANKED:
            self.degraded.append(
                LocalizedText(
                    "retrieval order: there are {count} candidates, and a model ranks at most "
                    "{most}",
                    count=len(candidates),
                    most=MOST_RANKED,
                )
            )
            return None
        if self._rankings is not None and not self._rankings.take():
            return None
        left = max(0.0, self.deadline.left() - self._reserve())
        began = anyio.current_time()
        first = candidates[: self._speed.affordable(len(candidates), seconds=left)]
        try:
            with anyio.fail_after(left):
                scores = await clean_scores(ranker, query, candidates=first)
        except ModelError as error:
            self.degraded.append(LocalizedText("retrieval order: {reason}", reason=error))
            return None
        except TimeoutError as error:
            self._speed.record_timeout(left, candidates=len(first))
            self.degraded.append(
                LocalizedText("retrieval order: {reason}", reason=self._reason(error))
            )
            return None
        if scores is None:
            self.degraded.append(
                LocalizedText(
                    "retrieval order: the text of every candidate speaks to the model or praises "
                    "itself"
                )
            )
            return None
        if not scores.kept:  # a kept reply says nothing of the speed
            self._speed.record(anyio.current_time() - began, candidates=len(first))
        if len(first) < len(candidates):
            self.degraded.append(
                LocalizedText(
                    "fewer candidates: there was time to rank {count} of {all}",
                    count=len(first),
                    all=len(candidates),
                )
            )
        if scores.degraded:
            self.degraded.append(scores.degraded)
        return scores

    async def _load(self, start: Callable[[], Awaitable[None]]) -> None:
        """Load a model, with the clock standing still unless nothing comes of it."""
        began = anyio.current_time()
        await start()
        self.deadline.extend(anyio.current_time() - began)

    async def _is_thin(self, candidates: Sequence[Candidate], query: Query, size: int) -> bool:
        """Whether the sources found fewer than a pool, and there is more to be found."""
        if self._parts.proposer is None or len(candidates) >= size:
            return False
        items = await self._parts.index.items(query.scene.name)
        return len(candidates) < len(items.keys() - query.exclude)

    async def _proposed(self, query: Query, size: int, width: int) -> list[Candidate]:
        """What the sources find; what is popular if one of them fails or the time is up."""
        options = self._options
        weights = weights_for(query, options.source_weights, by_group=options.group_weights)
        try:
            with anyio.fail_after(self.deadline.left()):
                # A head reads every source that it was learned with; others count by their weight.
                heads = (self._parts.head, self._parts.prior)
                read = {name for head in heads if head for name in head.sources}
                proposals = [ModelProposals(self.proposals)] if self.proposals.item_ids else []
                sources = [
                    each
                    for each in (*self._parts.sources, *proposals)
                    if weights.get(each.name, 1.0) > 0 or each.name in read
                ]
                return await self._retrieved(query, sources, weights, size=size, width=width)
        except (ModelError, TimeoutError) as error:
            self.degraded.append(LocalizedText("popularity: {reason}", reason=self._reason(error)))
        popularity = Popularity(self._parts.index, self._parts.behaviour)
        return await self._retrieved(query, [popularity], {}, size=size, width=size)

    async def _retrieved(
        self,
        query: Query,
        sources: Sequence[CandidateSource],
        weights: Mapping[str, float],
        *,
        size: int,
        width: int,
    ) -> list[Candidate]:
        return await retrieve(
            query,
            sources=sources,
            index=self._parts.index,
            weights=weights,
            limit=max(self._options.limit, size),
            pool=width,
        )

    async def _filled(
        self, candidates: list[Candidate], query: Query, size: int
    ) -> list[Candidate]:
        """The candidates, and the most popular of the rest where they are fewer than ``size``."""
        if len(candidates) >= size:
            return candidates
        popularity = Popularity(self._parts.index, self._parts.behaviour)
        known = query.exclude | {candidate.item.id for candidate in candidates}
        items = await self._parts.index.items(query.scene.name)
        rest = await popularity(replace(query, exclude=known), limit=size - len(candidates))
        left = [items[key] for key, _ in rest if key in items]
        return [*candidates, *(Candidate(item=item, features={"fused": 0.0}) for item in left)]

    def _reserve(self) -> float:
        """Seconds for what comes after the model: evidence, and the impression's way to disk."""
        return min(_MOST_RESERVED, _RESERVED * self._options.deadline)

    def _reason(self, error: ModelError | TimeoutError) -> LocalizedText:
        return self.deadline.late() if isinstance(error, TimeoutError) else error.message


def _is_anything_known(query: Query) -> bool:
    profile = query.profile
    return bool(profile.liked or profile.declared is not None or query.context.wish)


class _Hurried:
    """An embedder that counts as failed once the deadline has passed."""

    def __init__(self, embedder: Embedder, deadline: Deadline) -> None:
        self.name, self.version = embedder.name, embedder.version
        self._embedder = embedder
        self._deadline = deadline

    async def embed(self, texts: Sequence[str], *, role: TextRole) -> Matrix:
        try:
            with anyio.fail_after(self._deadline.left()):
                return await self._embedder.embed(texts, role=role)
        except TimeoutError as error:
            raise self._deadline.missed() from error

    async def close(self) -> None:
        await self._embedder.close()

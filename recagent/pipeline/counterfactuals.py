"""What would change where an item stands: one thing taken away at a time, and all ranked anew.

Nothing is guessed from weights: every answer is a ranking that was made. No model is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from recagent.domain import Answer, Item
from recagent.errors import ModelError
from recagent.explanations.evidence import Piece, constraint_facts, judgment_facts
from recagent.explanations.ranking_evidence import place_piece
from recagent.explanations.templates import CLAUSES
from recagent.locale import joined
from recagent.pipeline.questions import (
    RankingQuestion,
    answer,
    rank_without_model,
    subject,
    why_unranked,
)
from recagent.pipeline.request import Request, prepare_request
from recagent.pipeline.services import Services
from recagent.ports import TextRole
from recagent.profiles.building import profile_of
from recagent.prompts import caption
from recagent.scenes.constraints import satisfies

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix, Vector

NEWEST = 10  # liked items that are left out, one at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One thing taken away, and where the item is then; None outside the candidates.

    Attributes:
        ref: of what is taken away.
        facts: that tell it.
    """

    ref: str
    facts: dict[str, str]
    after: int | None


async def what_if(services: Services, user_id: str | None, question: RankingQuestion) -> Answer:
    """As ``Pipeline.what_if``."""
    item, request = await subject(services, user_id, question)
    ranking = await rank_without_model(services, request, k=question.k)
    before = ranking.ranks.get(item.id)
    pieces = (
        why_unranked(services, ranking, item)
        if before is None
        else [place_piece(item, before, among=ranking.among)]
    )
    if not ranking.degraded:  # a ranking that failed in part is none to compare with
        trial = _Trial(services, request, item, k=question.k, before=before)
        try:
            if item.id not in request.query.exclude:
                pieces += await trial.likes()
                pieces += await trial.wish()
            pieces += await trial.let_in()
        except ModelError as error:
            ranking = replace(ranking, degraded=(error.message,))
    is_without_model = services.parts.ranker is not None and not ranking.pool.gated
    notes = (
        [CLAUSES[services.language(request.query.scene)]["without model"]]
        if is_without_model
        else []
    )
    return await answer(services, ranking, [item], pieces, notes=notes)


async def without_events(
    services: Services, request: Request, item_ids: Collection[str]
) -> Request:
    """The same request of a person who did nothing with some items; what must not come stays."""
    query, parts = request.query, services.parts
    profile = query.profile
    rest = await profile_of(
        profile.user,
        [event for event in profile.events if event.item_id not in item_ids],
        index=parts.index,
        embedder=None if profile.declared is None else _FixedEmbedder(profile.declared),
        scale=parts.scale,
        half_life=services.options.half_life,
    )
    profile = services.transferred(rest, query.scene)
    return replace(request, query=replace(query, profile=profile))


class _Trial:
    """One item's place, and what it becomes without one thing or another."""

    def __init__(
        self, services: Services, request: Request, item: Item, *, k: int, before: int | None
    ) -> None:
        self._services = services
        self._request = request
        self._item = item
        self._k = k
        self._before = before

    async def likes(self) -> list[Piece]:
        """The like without which the item falls most, and the one without which it rises most."""
        query, before, changes = self._request.query, self._before, list[_Change]()
        profile = query.profile
        newest = {event.item_id: event for event in reversed(profile.events)}
        for liked in islice(profile.liked, NEWEST):
            after = await self._rank(await without_events(self._services, self._request, {liked}))
            other = profile.items[liked]
            facts = {
                "what": "like",
                "without": caption(other),
                **judgment_facts(newest[liked], self._services.parts.scale),
                **({"scene": other.scene} if other.scene != query.scene.name else {}),
            }
            changes.append(_Change(ref=liked, facts=facts, after=after))
        moving = sorted((each for each in changes if each.after != before), key=_rank_after)
        if changes and not moving:
            facts = {"title": caption(self._item), "count": str(len(changes))}
            return [("steady", (self._item.id,), facts)]
        falls = [each for each in moving[-1:] if _rank_after(each) > (before or _NO_RANK)]
        rises = [each for each in moving[:1] if _rank_after(each) < (before or _NO_RANK)]
        return [self._piece(before, each) for each in [*falls, *rises]]

    async def wish(self) -> list[Piece]:
        """The place without the wish, if that is another."""
        query = self._request.query
        if not query.context.wish:
            return []
        context = replace(query.context, wish="")
        after = await self._rank(replace(self._request, query=replace(query, context=context)))
        change = _Change(ref="wish", facts={"what": "wish"}, after=after)
        return [] if after == self._before else [self._piece(self._before, change)]

    async def let_in(self) -> list[Piece]:
        """What keeps the item out, taken back: one constraint of the request, or that it was met.

        A scene's rules cannot be taken back.
        """
        item, query = self._item, self._request.query
        is_seen = item.id in self._request.seen_items
        by_model = query.scene.model_conditions
        broken = [
            each
            for each in query.context.constraints
            if not satisfies(item, each, by_model=by_model)
        ]
        if len(broken) > 1 and not is_seen:
            facts = {"title": caption(item), "count": str(len(broken))}
            return [("still out", (item.id,), facts)]
        if len(broken) == is_seen:  # both, or neither: no single thing keeps it out
            return []
        editions = self._request.progress.with_editions([item.id])
        if is_seen:
            rest = await without_events(self._services, self._request, editions)
            other = self._request.progress.seen_edition(item.id)
            facts = {"what": "edition", "without": caption(other)} if other else {"what": "seen"}
            change = _Change(ref=item.id, facts=facts, after=None)
        else:
            constraints = tuple(each for each in query.context.constraints if each != broken[0])
            context = replace(query.context, constraints=constraints)
            rest = replace(self._request, query=replace(query, context=context))
            facts = {"what": "constraint", **constraint_facts(broken[0])}
            change = _Change(ref=broken[0].attribute, facts=facts, after=None)
        after = await self._rank(
            await self._with_exclusions(rest, seen_items=self._request.seen_items - editions)
        )
        return [] if after is None else [self._piece(None, replace(change, after=after))]

    async def _with_exclusions(self, request: Request, *, seen_items: frozenset[str]) -> Request:
        """The request with what must not come worked out anew, besides ``seen_items``."""
        query = request.query
        prepared = await prepare_request(
            self._services,
            query.profile,
            scene=query.scene,
            context=query.context,
            fallback=request.fallback,
        )
        exclude = prepared.query.exclude | seen_items
        return replace(request, query=replace(query, exclude=exclude))

    async def _rank(self, request: Request) -> int | None:
        """Where the item is then.

        Raises:
            ModelError: that ranking failed in part.
        """
        ranking = await rank_without_model(self._services, request, k=self._k)
        if ranking.degraded:
            raise ModelError(joined(ranking.degraded))
        return ranking.ranks.get(self._item.id)

    def _piece(self, before: int | None, change: _Change) -> Piece:
        ranks = {"before": before, "after": change.after}
        known = {name: str(rank) for name, rank in ranks.items() if rank is not None}
        facts = {"title": caption(self._item), **change.facts, **known}
        return "change", (self._item.id, change.ref), facts


_NO_RANK = 10**9  # where what is no candidate is: after all that are


def _rank_after(change: _Change) -> int:
    return change.after or _NO_RANK


class _FixedEmbedder:
    """An embedder that knows one text: what the person declares."""

    name, version = "known", ""

    def __init__(self, vector: Vector) -> None:
        self._vector = vector

    async def embed(self, texts: Sequence[str], *, role: TextRole) -> Matrix:  # noqa: ARG002
        return self._vector[None]

    async def close(self) -> None:
        """Nothing to free."""

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
from recagent.explanations.evidence import Piece, constrained, judged
from recagent.explanations.ranking_evidence import place_piece
from recagent.explanations.wording import UNHEARD
from recagent.pipeline.questions import RankingQuestion, answer, out, subject, unheard
from recagent.pipeline.services import Request, Services
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


async def what_if(desk: Services, user_id: str, question: RankingQuestion) -> Answer:
    """As ``Pipeline.what_if``."""
    item, asked = await subject(desk, user_id, question)
    ranking = await unheard(desk, asked, k=question.k)
    before = ranking.ranks.get(item.id)
    pieces = (
        out(desk, ranking, item)
        if before is None
        else [place_piece(item, before, among=ranking.among)]
    )
    if not ranking.degraded:  # a ranking that failed in part is none to compare with
        trial = _Trial(desk, asked, item, k=question.k, before=before)
        try:
            if item.id not in asked.query.exclude:
                pieces += await trial.likes()
                pieces += await trial.wish()
            pieces += await trial.let_in()
        except ModelError as error:
            ranking = replace(ranking, degraded=(str(error),))
    is_unheard = desk.parts.ranker is not None and not ranking.standing.gated
    notes = [UNHEARD[desk.language(asked.query.scene)]] if is_unheard else []
    return await answer(desk, ranking, [item], pieces, notes=notes)


async def forgetting(desk: Services, asked: Request, item_ids: Collection[str]) -> Request:
    """The same request of a person who did nothing with some items; what must not come stays."""
    query, parts = asked.query, desk.parts
    profile = query.profile
    rest = await profile_of(
        profile.user,
        [event for event in profile.events if event.item_id not in item_ids],
        index=parts.index,
        embedder=None if profile.declared is None else _Known(profile.declared),
        scale=parts.scale,
        half_life=desk.options.half_life,
    )
    seen = desk.seen_from(query.scene, rest)
    return replace(asked, query=replace(query, profile=seen))


class _Trial:
    """One item's place, and what it becomes without one thing or another."""

    def __init__(
        self, desk: Services, asked: Request, item: Item, *, k: int, before: int | None
    ) -> None:
        self._desk = desk
        self._asked = asked
        self._item = item
        self._k = k
        self._before = before

    async def likes(self) -> list[Piece]:
        """The like without which the item falls most, and the one without which it rises most."""
        query, before, changes = self._asked.query, self._before, list[_Change]()
        profile = query.profile
        newest = {event.item_id: event for event in reversed(profile.events)}
        for liked in islice(profile.liked, NEWEST):
            after = await self._rank(await forgetting(self._desk, self._asked, {liked}))
            other = profile.items[liked]
            facts = {
                "what": "like",
                "without": caption(other),
                **judged(newest[liked], self._desk.parts.scale),
                **({"scene": other.scene} if other.scene != query.scene.name else {}),
            }
            changes.append(_Change(ref=liked, facts=facts, after=after))
        moving = sorted((each for each in changes if each.after != before), key=_place)
        if changes and not moving:
            facts = {"title": caption(self._item), "count": str(len(changes))}
            return [("steady", (self._item.id,), facts)]
        falls = [each for each in moving[-1:] if _place(each) > (before or _OUTSIDE)]
        rises = [each for each in moving[:1] if _place(each) < (before or _OUTSIDE)]
        return [self._piece(before, each) for each in [*falls, *rises]]

    async def wish(self) -> list[Piece]:
        """The place without the wish, if that is another."""
        query = self._asked.query
        if not query.context.wish:
            return []
        context = replace(query.context, wish="")
        after = await self._rank(replace(self._asked, query=replace(query, context=context)))
        change = _Change(ref="wish", facts={"what": "wish"}, after=after)
        return [] if after == self._before else [self._piece(self._before, change)]

    async def let_in(self) -> list[Piece]:
        """What keeps the item out, taken back: one constraint of the request, or that it was met.

        A scene's rules cannot be taken back.
        """
        item, query, met = self._item, self._asked.query, self._item.id in self._asked.met
        broken = [each for each in query.context.constraints if not satisfies(item, each)]
        if len(broken) > 1 and not met:
            facts = {"title": caption(item), "count": str(len(broken))}
            return [("still out", (item.id,), facts)]
        if len(broken) == met:  # both, or neither: no single thing keeps it out
            return []
        works = self._asked.progress.with_editions([item.id])
        if met:
            rest = await forgetting(self._desk, self._asked, works)
            other = self._asked.progress.seen_edition(item.id)
            facts = {"what": "edition", "without": caption(other)} if other else {"what": "seen"}
            change = _Change(ref=item.id, facts=facts, after=None)
        else:
            kept = tuple(each for each in query.context.constraints if each != broken[0])
            context = replace(query.context, constraints=kept)
            rest = replace(self._asked, query=replace(query, context=context))
            facts = {"what": "constraint", **constrained(broken[0])}
            change = _Change(ref=broken[0].attribute, facts=facts, after=None)
        after = await self._rank(await self._readied(rest, met=self._asked.met - works))
        return [] if after is None else [self._piece(None, replace(change, after=after))]

    async def _readied(self, asked: Request, *, met: frozenset[str]) -> Request:
        """The request with what must not come worked out anew, besides what was met."""
        query = asked.query
        ready = await self._desk.asked(query.profile, query.scene, query.context)
        return replace(asked, query=replace(query, exclude=ready.query.exclude | met))

    async def _rank(self, asked: Request) -> int | None:
        """Where the item is then.

        Raises:
            ModelError: that ranking failed in part.
        """
        ranking = await unheard(self._desk, asked, k=self._k)
        if ranking.degraded:
            raise ModelError("; ".join(ranking.degraded))
        return ranking.ranks.get(self._item.id)

    def _piece(self, before: int | None, change: _Change) -> Piece:
        ranks = {"before": before, "after": change.after}
        told = {name: str(rank) for name, rank in ranks.items() if rank is not None}
        facts = {"title": caption(self._item), **change.facts, **told}
        return "change", (self._item.id, change.ref), facts


_OUTSIDE = 10**9  # where what is no candidate is: after all that are


def _place(change: _Change) -> int:
    return change.after or _OUTSIDE


class _Known:
    """An embedder that knows one text: what the person declares."""

    name, version = "known", ""

    def __init__(self, vector: Vector) -> None:
        self._vector = vector

    async def embed(self, texts: Sequence[str]) -> Matrix:  # noqa: ARG002
        return self._vector[None]

"""Questions about a ranking: what of it is this item's, why this before that, why not this.

Answers are looked up in a ranking that is made as a slate's is. What would change it: ``changes``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recagent.domain import Answer, Context, Item, PathRule, SeriesRule
from recagent.errors import DataError
from recagent.explanations import claims
from recagent.explanations.attribution import Attribution, weighed, with_language
from recagent.explanations.evidence import Piece, numbered
from recagent.explanations.ranking_evidence import (
    about,
    absent_piece,
    apart,
    despite_piece,
    earlier_piece,
    edition_piece,
    group_piece,
    lead_pieces,
    needs_piece,
    out_pieces,
    place_piece,
    rank_piece,
    share_pieces,
    unwished_piece,
    wished_piece,
)
from recagent.pipeline.fallback import FallbackChain
from recagent.pipeline.feedback import scene_of
from recagent.pipeline.quotas import arrange
from recagent.pipeline.services import RankedPool, Request, Services
from recagent.pipeline.slate import leads, led
from recagent.ranking import FixedBlend, mmr_order, preference_boost
from recagent.retrieval import weights_for

_VAGUE = ("barred", "unfound")  # what is said where nothing better is known
PERSONAL = 2  # pieces of either item's own evidence in a comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingQuestion:
    """About an item, where, in which situation; ``k``: length of the slate that is asked about."""

    item: str
    scene: str | None
    context: Context
    k: int = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranking:
    """A request's candidates in the order in which slates show them.

    Attributes:
        asked: the request.
        standing: scores of the candidates.
        items: all of them that may be shown, best first.
        ranks: from 1, by item id.
        varied: ids of the pool in the order of before the scene's shares and paths were kept.
        degraded: what could not be done as asked.
    """

    asked: Request
    standing: RankedPool
    items: Sequence[Item]
    ranks: Mapping[str, int]
    varied: Sequence[str]
    degraded: Sequence[str]

    @property
    def among(self) -> int:
        """How many candidates there are."""
        return len(self.items)


async def subject(desk: Services, user_id: str, question: RankingQuestion) -> tuple[Item, Request]:
    """The item that is asked about, and the request for a slate of its scene.

    Raises:
        DataError: no such item there, or no such slate.
    """
    if question.k < 1:
        raise DataError(f"k={question.k} is no slate length; ask for 1 or more")
    index = desk.parts.index
    name = await scene_of(question.item, index=index, scene=question.scene)
    where = (await desk.scenes())[name]
    ladder = desk.ladder()
    asked = await desk.asked(await ladder.profile(user_id), where, question.context)
    item = (await index.items(name))[question.item]
    return item, replace(asked, degraded=tuple(ladder.degraded), deadline=ladder.deadline)


async def unheard(desk: Services, asked: Request, *, k: int) -> Ranking:
    """The candidates without the language model."""
    ladder = desk.quiet_ladder(asked.deadline)
    return await _ordered(desk, asked, await _retrieved(desk, asked, ladder, k), ladder, k)


async def heard(desk: Services, asked: Request, *, k: int) -> Ranking:
    """The candidates as a slate of ``k`` shows them, the model asked where it counts."""
    ladder = desk.ladder(asked.deadline)
    found = await _retrieved(desk, asked, ladder, k)
    return await _ordered(desk, asked, await desk.heard(found, asked, ladder), ladder, k)


def parts_of(desk: Services, ranking: Ranking) -> Attribution:
    """What the scores of all that was found are made of, in its order, without the model."""
    query, found = ranking.asked.query, ranking.standing.found
    scene = query.scene.name
    return weighed(
        found,
        joint=preference_boost(desk.joint(query), query.context.preferences),
        scene=scene,
        cold=query.profile.is_cold(scene),
        weights=weights_for(
            query, desk.options.source_weights, by_group=desk.options.group_weights
        ),
        groups=[each.item.task if ranking.asked.quotas else "" for each in found],
    )


async def answer(
    desk: Services,
    ranking: Ranking,
    items: Sequence[Item],
    pieces: Sequence[Piece],
    *,
    notes: Sequence[str] = (),
) -> Answer:
    """The pieces as evidence, and the sentences that tell them."""
    scene, evidence = ranking.asked.query.scene, numbered(pieces)
    lang = desk.language(scene)
    return Answer(
        items=tuple(items),
        ranks={item.id: ranking.ranks[item.id] for item in items if item.id in ranking.ranks},
        among=ranking.among,
        claims=claims(evidence, scenes=await desk.scenes(), lang=lang),
        evidence=evidence,
        notes=(*ranking.asked.notes, *notes),
        degraded="; ".join((*ranking.asked.degraded, *ranking.degraded)) or None,
        notice=scene.notice(lang),
    )


def out(desk: Services, ranking: Ranking, item: Item) -> list[Piece]:
    """Why an item has no rank."""
    asked, progress = ranking.asked, ranking.asked.progress
    found = {each.item.id: each.item for each in ranking.standing.found}
    wanted = ranking.standing.prerequisites.get(item.id, ())
    earlier = [progress.items[work.ids[0]] for work in progress.earlier(item.id)]
    if item.id in found and wanted and not earlier:
        return [needs_piece(item, {key: found.get(key) for key in sorted(wanted)})]
    match = ranking.standing.match
    grade = ranking.standing.wished.grades.get(item.id, 0.0)
    if match and match.matches and grade <= 0 and item.id not in asked.query.exclude:
        return [unwished_piece(item, count=match.matches)]
    met = progress.seen_edition(item.id) if item.id in asked.met else None
    pieces = [edition_piece(item, met, is_met=True)] if met else []
    pieces += [earlier_piece(item, earlier)] if earlier else []
    pieces += _instead(ranking, item) if not pieces and item.id in found else []
    others = out_pieces(
        item,
        asked.query,
        met=asked.met if met is None else asked.met - {item.id},
        scale=desk.parts.scale,
        among=ranking.among,
    )
    return [*pieces, *(piece for piece in others if not pieces or piece[0] not in _VAGUE)]


def _instead(ranking: Ranking, item: Item) -> list[Piece]:
    """What of its work or its series is ranked, so that an item that was found is not."""
    limits, pieces = ranking.standing.limits, list[Piece]()
    work, series = limits.works.get(item.id), {*limits.series.get(item.id, ())}
    same = [each for each in ranking.items if work and limits.works.get(each.id) == work]
    parts = [each for each in ranking.items if series & {*limits.series.get(each.id, ())}]
    if same:
        pieces.append(edition_piece(item, same[0], is_met=False))
    elif parts:
        pieces.append(group_piece(item, parts[0], most=limits.most))
    return pieces


async def shares(desk: Services, item: Item, asked: Request) -> tuple[list[Piece], Sequence[str]]:
    """What speaks for the item, beside the average candidate; and what was degraded.

    Nothing for an item that is no candidate, or where retrieval failed. No model is asked. That the
    person has met the item, or that it breaks a constraint, is no hindrance.
    """
    let_in = replace(asked.query, exclude=asked.query.exclude - {item.id})
    ranking = await unheard(desk, replace(asked, query=let_in), k=1)
    rows = _rows(ranking)
    if ranking.degraded or item.id not in rows:
        return [], ranking.degraded
    alone = ranking.standing.gated or desk.parts.ranker is None
    return share_pieces(parts_of(desk, ranking).of(rows[item.id]), item, heard=alone), ()


async def compare(
    desk: Services, user_id: str, question: RankingQuestion, *, versus: str
) -> Answer:
    """As ``Pipeline.compare``."""
    if question.item == versus:
        raise DataError(f"item {versus!r} cannot be compared with itself; name another")
    item, asked = await subject(desk, user_id, question)
    scene, index = asked.query.scene.name, desk.parts.index
    await scene_of(versus, index=index, scene=scene)
    pair = (item, (await index.items(scene))[versus])
    ranking = await heard(desk, asked, k=question.k)
    ranks, among = ranking.ranks, ranking.among
    pieces = [place_piece(each, ranks[each.id], among=among) for each in pair if each.id in ranks]
    if len(pieces) < len(pair):
        for each in pair:
            pieces += out(desk, ranking, each) if each.id not in ranks else []
        return await answer(desk, ranking, pair, pieces)
    first, other = sorted(pair, key=lambda each: ranks[each.id])
    pieces = [rank_piece(first, other, ranks=ranks, among=among)]
    pieces += _between(desk, ranking, first, other)
    own, others = await desk.evidence([first, other], asked.query)
    pieces += about(apart(own, others)[:PERSONAL], first)
    pieces += about(apart(others, own)[:PERSONAL], other)
    return await answer(desk, ranking, pair, pieces)


async def why_not(desk: Services, user_id: str, question: RankingQuestion) -> Answer:
    """As ``Pipeline.why_not``."""
    index, scene = desk.parts.index, question.scene
    names = await index.scenes()
    looked = [scene] if scene else [*names]
    if {*looked} <= {*names} and not [n for n in looked if question.item in await index.items(n)]:
        evidence, scenes = numbered([absent_piece(question.item, scene=scene)]), await desk.scenes()
        lang = desk.language(scenes[scene]) if scene else desk.options.lang
        said = claims(evidence, scenes=scenes, lang=lang)
        return Answer(items=(), ranks={}, among=0, claims=said, evidence=evidence)
    item, asked = await subject(desk, user_id, question)
    ranking = await heard(desk, asked, k=question.k)
    rank = ranking.ranks.get(item.id)
    if rank is None:
        return await answer(desk, ranking, [item], out(desk, ranking, item))
    pieces = [place_piece(item, rank, among=ranking.among, slate=question.k)]
    if rank > question.k:
        pieces += _between(desk, ranking, ranking.items[question.k - 1], item)
    return await answer(desk, ranking, [item], pieces)


async def _retrieved(desk: Services, asked: Request, ladder: FallbackChain, k: int) -> RankedPool:
    """As a slate of ``k`` finds them, or more where that changes no order.

    Of the fusion the first are the same however many are looked at; unless a path or a series
    brings in others.
    """
    is_path = any(isinstance(rule, PathRule | SeriesRule) for rule in asked.query.scene.rules)
    everything = len(desk.parts.sources) * desk.options.limit
    reach = everything if isinstance(desk.joint(asked.query), FixedBlend) and not is_path else 0
    return await desk.retrieved(asked, ladder, size=max(desk.options.pool, k), reach=reach)


async def _ordered(
    desk: Services, asked: Request, standing: RankedPool, ladder: FallbackChain, k: int
) -> Ranking:
    query, pool = asked.query, [each.item for each in standing.pool.candidates]
    scene, profile = query.scene.name, query.profile
    vectors = await desk.parts.index.vectors(scene, ids=[item.id for item in pool])
    lead, prerequisites, limits = standing.pool.lead, standing.prerequisites, standing.limits
    order = led(
        mmr_order(standing.scores, vectors, k=len(pool), diversity=desk.diversity(profile)), lead
    )
    shown = arrange(
        order, pool, k=k, quotas=asked.quotas, prerequisites=prerequisites, limits=limits, lead=lead
    )
    rest = arrange(order, pool, k=len(pool), prerequisites=prerequisites, limits=limits)
    joint = preference_boost(desk.joint(query), query.context.preferences)
    base = joint.base(standing.found, scene=scene, cold=profile.is_cold(scene))
    leading = leads([each.item for each in standing.found], standing.wished.grades)
    by_base = led(np.argsort(-base, kind="stable").tolist(), leading)
    found = [standing.found[at].item for at in by_base]
    pooled = {item.id for item in pool}
    items = [
        *(pool[at] for at in shown),
        *(pool[at] for at in rest if at not in shown),
        *(item for item in found if item.id not in pooled and item.id not in prerequisites),
    ]
    fitting = arrange(range(len(items)), items, k=len(items), limits=limits)
    items = [items[at] for at in fitting]
    return Ranking(
        asked=asked,
        standing=standing,
        items=items,
        ranks={item.id: rank for rank, item in enumerate(items, start=1)},
        varied=[pool[at].id for at in order],
        degraded=tuple(dict.fromkeys(ladder.degraded)),
    )


def _between(desk: Services, ranking: Ranking, first: Item, other: Item) -> list[Piece]:
    """By what the first item stands before the other."""
    standing, rows = ranking.standing, _rows(ranking)
    grades = standing.wished.grades
    if grades.get(first.id, 0.0) > grades.get(other.id, 0.0):
        return [wished_piece(first, other)]
    pool = {each.item.id: at for at, each in enumerate(standing.pool.candidates)}
    parts = parts_of(desk, ranking)
    if not {first.id, other.id} <= pool.keys():  # the model and variety reorder the pool alone
        lead = parts.lead(rows[first.id], rows[other.id])
        ahead = sum(lead.values())
    else:
        parts = _of_pool(desk, ranking, parts)
        lead = parts.lead(pool[first.id], pool[other.id])
        ahead = float(standing.scores[pool[first.id]] - standing.scores[pool[other.id]])
    leads = lead_pieces(lead, first, other)
    if ahead >= 0:
        return leads
    places = {key: at for at, key in enumerate(ranking.varied)}
    last = len(places)
    varied = places.get(first.id, last) < places.get(other.id, last)
    return [despite_piece(first, other, varied=varied), *leads]


def _of_pool(desk: Services, ranking: Ranking, parts: Attribution) -> Attribution:
    """The parts of the pool's scores, in its order, what the model says among them."""
    standing, rows = ranking.standing, _rows(ranking)
    pool = [rows[each.item.id] for each in standing.pool.candidates]
    chosen = Attribution(parts=parts.parts, values=parts.values[pool])
    language = standing.language
    scene, profile = ranking.asked.query.scene.name, ranking.asked.query.profile
    joint = desk.joint(ranking.asked.query)
    if language is None or not joint.weighs(language, scene=scene):
        return chosen
    said = joint.joined(
        np.zeros(len(pool)), language.scores, scene=scene, cold=profile.is_cold(scene)
    )
    return with_language(chosen, standing.scores, said)


def _rows(ranking: Ranking) -> dict[str, int]:
    return {each.item.id: row for row, each in enumerate(ranking.standing.found)}

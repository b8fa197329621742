"""Questions about a ranking: what of it is this item's, why this before that, why not this.

Answers are looked up in a ranking that is made as a slate's is. What would change it is in
``counterfactuals``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recagent.domain import Answer, Context, Item, PathRule, SeriesRule
from recagent.errors import DataError
from recagent.explanations import claims
from recagent.explanations.attribution import Attribution, attribute_scores, with_language_part
from recagent.explanations.evidence import Piece, as_evidence
from recagent.explanations.ranking_evidence import (
    absent_piece,
    despite_piece,
    distinct_evidence,
    earlier_piece,
    edition_piece,
    exclusion_pieces,
    group_piece,
    lead_pieces,
    needs_piece,
    pieces_about,
    place_piece,
    proposed_piece,
    rank_piece,
    share_pieces,
    unwished_piece,
    wished_piece,
)
from recagent.locale import AnyText, render, render_unique
from recagent.pipeline.candidates import (
    RankedPool,
    add_model_scores,
    by_grade,
    grades_of,
    retrieve_pool,
)
from recagent.pipeline.feedback import scene_of
from recagent.pipeline.quotas import arrange
from recagent.pipeline.request import Request, prepare_request
from recagent.pipeline.services import Services
from recagent.pipeline.slate import diversify, fill_slate
from recagent.ranking import FixedBlend, preference_boost
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
        request: the request.
        pool: the candidates and their scores.
        items: all of them that may be shown, best first.
        ranks: from 1, by item id.
        varied: ids of the pool in the order of before the scene's shares and paths were kept.
        degraded: what could not be done as asked.
    """

    request: Request
    pool: RankedPool
    items: Sequence[Item]
    ranks: Mapping[str, int]
    varied: Sequence[str]
    degraded: Sequence[AnyText]

    @property
    def among(self) -> int:
        """How many candidates there are."""
        return len(self.items)


async def subject(
    services: Services, user_id: str | None, question: RankingQuestion
) -> tuple[Item, Request]:
    """The item that is asked about, and the request for a slate of its scene.

    Raises:
        DataError: no such item there, or no such slate.
    """
    if question.k < 1:
        raise DataError("k must be at least 1 (got {k})", k=question.k)
    index = services.parts.index
    name = await scene_of(question.item, index=index, scene=question.scene)
    scene = (await services.scenes())[name]
    fallback = services.fallback()
    profile = await fallback.profile(user_id)
    request = await prepare_request(
        services, profile, scene=scene, context=question.context, fallback=fallback
    )
    return (await index.items(name))[question.item], request


async def rank_without_model(services: Services, request: Request, *, k: int) -> Ranking:
    """Returns the candidates without the language model."""
    fallback = services.fallback_without_model(request.fallback.deadline)
    attempt = replace(request, fallback=fallback)
    pool = await _retrieve(services, attempt, k)
    return await _ordered(services, request, pool, degraded=fallback.degraded, k=k)


async def rank_with_model(services: Services, request: Request, *, k: int) -> Ranking:
    """Returns the candidates as a slate of ``k`` shows them, the model asked where it counts."""
    fallback = services.fallback(request.fallback.deadline)
    attempt = replace(request, fallback=fallback)
    pool = await _retrieve(services, attempt, k)
    pool = await add_model_scores(services, attempt, pool, k=k)
    return await _ordered(services, request, pool, degraded=fallback.degraded, k=k)


def attribution_of(services: Services, ranking: Ranking) -> Attribution:
    """What the scores of all that was found are made of, in its order, without the model."""
    query, candidates = ranking.request.query, ranking.pool.retrieved
    scene = query.scene.name
    return attribute_scores(
        candidates,
        joint=preference_boost(services.joint(query), query.context.preferences),
        scene=scene,
        cold=query.profile.is_cold(scene),
        weights=weights_for(
            query, services.options.source_weights, by_group=services.options.group_weights
        ),
        groups=[each.item.task if ranking.request.quotas else "" for each in candidates],
    )


async def answer(
    services: Services,
    ranking: Ranking,
    items: Sequence[Item],
    pieces: Sequence[Piece],
    *,
    notes: Sequence[str] = (),
) -> Answer:
    """The pieces as evidence, and the sentences that tell them."""
    scene, evidence = ranking.request.query.scene, as_evidence(pieces)
    lang = services.language(scene)
    return Answer(
        items=tuple(items),
        ranks={item.id: ranking.ranks[item.id] for item in items if item.id in ranking.ranks},
        among=ranking.among,
        claims=claims(evidence, scenes=await services.scenes(), lang=lang, works=scene.works),
        evidence=evidence,
        notes=(
            *(render(note, services.options.lang) for note in ranking.request.notes),
            *notes,
        ),
        degraded=render_unique(
            (*ranking.request.fallback.degraded, *ranking.degraded), services.options.lang
        ),
        notice=scene.notice(lang),
    )


def why_unranked(services: Services, ranking: Ranking, item: Item) -> list[Piece]:
    """Why an item has no rank."""
    request, progress = ranking.request, ranking.request.progress
    retrieved = {each.item.id: each.item for each in ranking.pool.retrieved}
    wanted = ranking.pool.prerequisites.get(item.id, ())
    earlier = [progress.items[work.ids[0]] for work in progress.earlier(item.id)]
    if item.id in retrieved and wanted and not earlier:
        return [needs_piece(item, {key: retrieved.get(key) for key in sorted(wanted)})]
    match = ranking.pool.wish_match
    grade = ranking.pool.matches.grades.get(item.id, 0.0)
    if match and match.matches and grade <= 0 and item.id not in request.query.exclude:
        return [unwished_piece(item, count=match.matches)]
    met = progress.seen_edition(item.id) if item.id in request.seen_items else None
    pieces = [edition_piece(item, met, is_met=True)] if met else []
    pieces += [earlier_piece(item, earlier)] if earlier else []
    pieces += _instead(ranking, item) if not pieces and item.id in retrieved else []
    others = exclusion_pieces(
        item,
        request.query,
        seen_items=request.seen_items if met is None else request.seen_items - {item.id},
        scale=services.parts.scale,
        among=ranking.among,
    )
    return [*pieces, *(piece for piece in others if not pieces or piece[0] not in _VAGUE)]


def _instead(ranking: Ranking, item: Item) -> list[Piece]:
    """What of its work or its series is ranked, so that an item that was found is not."""
    limits, pieces = ranking.pool.limits, list[Piece]()
    work, series = limits.works.get(item.id), {*limits.series.get(item.id, ())}
    same = [each for each in ranking.items if work and limits.works.get(each.id) == work]
    parts = [each for each in ranking.items if series & {*limits.series.get(each.id, ())}]
    if same:
        pieces.append(edition_piece(item, same[0], is_met=False))
    elif parts:
        pieces.append(group_piece(item, parts[0], most=limits.most))
    return pieces


async def shares(
    services: Services, item: Item, request: Request
) -> tuple[list[Piece], Sequence[AnyText]]:
    """What speaks for the item, beside the average candidate; and what was degraded.

    Nothing for an item that is no candidate, or where retrieval failed. No model is asked. That the
    person has met the item, or that it breaks a constraint, is no hindrance.
    """
    let_in = replace(request.query, exclude=request.query.exclude - {item.id})
    ranking = await rank_without_model(services, replace(request, query=let_in), k=1)
    rows = _rows(ranking)
    if ranking.degraded or item.id not in rows:
        return [], ranking.degraded
    alone = ranking.pool.gated or services.parts.ranker is None
    return share_pieces(
        attribution_of(services, ranking).of(rows[item.id]), item, is_complete=alone
    ), ()


async def compare(
    services: Services, user_id: str | None, question: RankingQuestion, *, versus: str
) -> Answer:
    """As ``Pipeline.compare``."""
    if question.item == versus:
        raise DataError(
            "item {item_id!r} cannot be compared with itself; choose another item", item_id=versus
        )
    item, request = await subject(services, user_id, question)
    scene, index = request.query.scene.name, services.parts.index
    await scene_of(versus, index=index, scene=scene)
    pair = (item, (await index.items(scene))[versus])
    ranking = await rank_with_model(services, request, k=question.k)
    ranks, among = ranking.ranks, ranking.among
    pieces = [place_piece(each, ranks[each.id], among=among) for each in pair if each.id in ranks]
    if len(pieces) < len(pair):
        for each in pair:
            pieces += why_unranked(services, ranking, each) if each.id not in ranks else []
        return await answer(services, ranking, pair, pieces)
    first, other = sorted(pair, key=lambda each: ranks[each.id])
    pieces = [rank_piece(first, other, ranks=ranks, among=among)]
    pieces += _between(services, ranking, first, other)
    evidence, other_evidence = await services.evidence([first, other], request.query)
    pieces += pieces_about(distinct_evidence(evidence, other_evidence)[:PERSONAL], first)
    pieces += pieces_about(distinct_evidence(other_evidence, evidence)[:PERSONAL], other)
    return await answer(services, ranking, pair, pieces)


async def why_not(services: Services, user_id: str | None, question: RankingQuestion) -> Answer:
    """As ``Pipeline.why_not``."""
    index, scene = services.parts.index, question.scene
    names = await index.scenes()
    looked = [scene] if scene else [*names]
    if {*looked} <= {*names} and not [n for n in looked if question.item in await index.items(n)]:
        evidence, scenes = (
            as_evidence([absent_piece(question.item, scene=scene)]),
            await services.scenes(),
        )
        lang = services.language(scenes[scene]) if scene else services.options.lang
        sentences = claims(evidence, scenes=scenes, lang=lang)
        return Answer(items=(), ranks={}, among=0, claims=sentences, evidence=evidence)
    item, request = await subject(services, user_id, question)
    ranking = await rank_with_model(services, request, k=question.k)
    rank = ranking.ranks.get(item.id)
    if rank is None:
        return await answer(services, ranking, [item], why_unranked(services, ranking, item))
    pieces = [place_piece(item, rank, among=ranking.among, slate=question.k)]
    if rank > question.k:
        pieces += _between(services, ranking, ranking.items[question.k - 1], item)
    return await answer(services, ranking, [item], pieces)


async def _retrieve(services: Services, request: Request, k: int) -> RankedPool:
    """The pool of a slate of ``k``, or a larger one where that changes no order.

    Of the fusion the first are the same however many are looked at; unless a path or a series
    brings in others.
    """
    is_path = any(isinstance(rule, PathRule | SeriesRule) for rule in request.query.scene.rules)
    everything = len(services.parts.sources) * services.options.limit
    is_blend = isinstance(services.joint(request.query), FixedBlend)
    reach = everything if is_blend and not is_path else 0
    return await retrieve_pool(services, request, size=max(services.options.pool, k), reach=reach)


async def _ordered(
    services: Services, request: Request, pool: RankedPool, *, degraded: Sequence[AnyText], k: int
) -> Ranking:
    query, items = request.query, pool.items
    order = await diversify(services, request, pool, depth=len(items))
    shown = fill_slate(request, pool, order, k=k)
    rest = arrange(order, items, k=len(items), prerequisites=pool.prerequisites, limits=pool.limits)
    joint = preference_boost(services.joint(query), query.context.preferences)
    scene = query.scene.name
    base = joint.base(pool.retrieved, scene=scene, cold=query.profile.is_cold(scene))
    retrieved = [each.item for each in pool.retrieved]
    by_base = by_grade(
        np.argsort(-base, kind="stable").tolist(), grades_of(retrieved, pool.matches)
    )
    pool_ids = {item.id for item in items}
    ranked = [
        *(items[row] for row in shown),
        *(items[row] for row in rest if row not in shown),
        *(
            item
            for item in map(retrieved.__getitem__, by_base)
            if item.id not in pool_ids and item.id not in pool.prerequisites
        ),
    ]
    fitting = arrange(range(len(ranked)), ranked, k=len(ranked), limits=pool.limits)
    ranked = [ranked[row] for row in fitting]
    return Ranking(
        request=request,
        pool=pool,
        items=ranked,
        ranks={item.id: rank for rank, item in enumerate(ranked, start=1)},
        varied=[items[row].id for row in order],
        degraded=tuple(dict.fromkeys(degraded)),
    )


def _between(services: Services, ranking: Ranking, first: Item, other: Item) -> list[Piece]:
    """By what the first item stands before the other."""
    pool, rows = ranking.pool, _rows(ranking)
    grades = pool.matches.grades
    if grades.get(first.id, 0.0) > grades.get(other.id, 0.0):
        is_named = first.id in pool.matches.proposed
        return [(proposed_piece if is_named else wished_piece)(first, other)]
    pool_rows = {item.id: row for row, item in enumerate(pool.items)}
    parts = attribution_of(services, ranking)
    if not {first.id, other.id} <= pool_rows.keys():  # the model and variety reorder the pool alone
        lead = parts.lead(rows[first.id], rows[other.id])
        ahead = sum(lead.values())
    else:
        parts = _of_pool(services, ranking, parts)
        lead = parts.lead(pool_rows[first.id], pool_rows[other.id])
        ahead = float(pool.scores[pool_rows[first.id]] - pool.scores[pool_rows[other.id]])
    leads = lead_pieces(lead, first, other)
    if ahead >= 0:
        return leads
    places = {key: at for at, key in enumerate(ranking.varied)}
    last = len(places)
    varied = places.get(first.id, last) < places.get(other.id, last)
    return [despite_piece(first, other, varied=varied), *leads]


def _of_pool(services: Services, ranking: Ranking, parts: Attribution) -> Attribution:
    """The parts of the pool's scores, in its order, what the model says among them."""
    pool, rows = ranking.pool, _rows(ranking)
    pool_rows = [rows[item.id] for item in pool.items]
    chosen = Attribution(parts=parts.parts, values=parts.values[pool_rows])
    model_scores = pool.model_scores
    scene, profile = ranking.request.query.scene.name, ranking.request.query.profile
    joint = services.joint(ranking.request.query)
    if model_scores is None or not joint.weighs(model_scores, scene=scene):
        return chosen
    by_model = joint.joined(
        np.zeros(len(pool_rows)), model_scores, scene=scene, cold=profile.is_cold(scene)
    )
    if pool.held_back is not None:
        by_model = by_model - pool.held_back
    return with_language_part(chosen, pool.scores, by_model)


def _rows(ranking: Ranking) -> dict[str, int]:
    return {each.item.id: row for row, each in enumerate(ranking.pool.retrieved)}

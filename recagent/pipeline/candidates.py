"""The steps retrieve and rank: a request's candidates by their scores, before and after the model.

A slate is cut from a ranked pool, and questions are answered by looking into one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from recagent.domain import Candidate, Item, WishMatch
from recagent.locale import LocalizedText
from recagent.pipeline.feedback_history import answers, rewarded
from recagent.pipeline.new_items import unmet_candidates, with_share
from recagent.pipeline.quotas import Prerequisites, apportion, arrange
from recagent.pipeline.request import Request
from recagent.pipeline.services import Services
from recagent.ports import LanguageScores, Query, ReasonsRequest
from recagent.ranking import preference_boost
from recagent.ranking.model_worth import MEASURED_ON
from recagent.ranking.rise_limit import MOST_PLACES, limit_rises, places_to_rise
from recagent.retrieval import NO_MATCHES, Matches, best_first, nearest_in_meaning
from recagent.scenes.rules import (
    Progress,
    SeriesLimits,
    missing_prerequisites,
    prerequisites,
)

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats

_TIE = 1e-9  # scores that differ by no more are equal, but for their order


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankedPool:
    """Candidates by their scores, best first without the model.

    Attributes:
        retrieved: all candidates, in no order.
        candidates: the n that a slate is chosen from, and that the model may be asked about.
        scores: (n,), with the model's where they joined in.
        grades: (n,) how well each answers the wish, which comes before any score; else zeros.
        prerequisites: ids that must come before an item, by its id.
        limits: what of the retrieved items one list has once, or a few times.
        matches: how the scene's items answer the wish.
        wish_match: that in numbers, for people; None without a wish that says something of an item.
        model_scores: what the model returned; None where it was not asked or did not answer.
        without_model: (n,) scores without the model; None where it has no say.
        held_back: (n,) how much lower the scores are than the model would have it, which lifts an
            item by so many places and no more; None where it has no say.
        gated: whether the model's scores are not wanted here.
        unmeasured: whether that is because nobody measured here what they are worth.
        reasons: what the model was asked to write reasons from; None where it was not.
    """

    retrieved: Sequence[Candidate]
    candidates: Sequence[Candidate]
    scores: Floats
    grades: Floats
    prerequisites: Prerequisites
    limits: SeriesLimits
    matches: Matches = NO_MATCHES
    wish_match: WishMatch | None = None
    model_scores: LanguageScores | None = None
    without_model: Floats | None = None
    held_back: Floats | None = None
    gated: bool = False
    unmeasured: bool = False
    reasons: ReasonsRequest | None = None

    @property
    def items(self) -> list[Item]:
        """The candidates' items, (n,)."""
        return [each.item for each in self.candidates]

    def is_named(self, k: int) -> bool:
        """Whether a model named the first ``k`` items for the wish, whatever scores say."""
        named = sum(item.id in self.matches.proposed for item in self.items)
        return named >= k and not (self.limits.works or self.limits.series or self.prerequisites)

    @property
    def notes(self) -> tuple[LocalizedText, ...]:
        """What a reader of the trace should know of the order and of the wish."""
        return (*self._held_notes, *self._wish_notes)

    @property
    def _held_notes(self) -> tuple[LocalizedText, ...]:
        if self.held_back is None or not (self.held_back > _TIE).any():
            return ()
        held = [item.id for item, gap in zip(self.items, self.held_back, strict=True) if gap > _TIE]
        return (
            LocalizedText(
                "the model would lift these further; without a match to a wish, its say lifts an "
                "item at most {most} places: {items}",
                most=MOST_PLACES,
                items=", ".join(held),
            ),
        )

    @property
    def _wish_notes(self) -> tuple[LocalizedText, ...]:
        match = self.wish_match
        if match is None or match.proposed:
            return ()
        if match.matches:
            return tuple(
                LocalizedText("nothing matches {word!r}", word=word) for word in match.missing
            )
        if match.left_out:
            return (LocalizedText("everything that matches the wish is excluded"),)
        return (LocalizedText("nothing matches the wish"),)


async def retrieve_pool(
    services: Services, request: Request, *, size: int, reach: int = 0
) -> RankedPool:
    """Returns the candidates without the language model.

    Args:
        services: what the steps work with.
        request: whose candidates are retrieved.
        size: of the pool.
        reach: how many are looked for at least, of each task.
    """
    query, matches = await _match_wish(services, request)
    request = replace(request, query=query)
    wish, exclude = query.context.wish, query.exclude
    wish_match = matches.counted(wish, exclude=exclude)
    if wish:
        proposals = await request.fallback.propose(query)
        named = proposals.item_ids if proposals.named else ()
        matches = matches.led_by([key for key in named if key not in exclude])
    if matches.proposed:
        counted = wish_match or WishMatch(wish=wish, matches=0)
        wish_match = replace(counted, proposed=len(matches.proposed))
    scene, cold = query.scene.name, query.profile.is_cold(query.scene.name)
    retrieved = await _retrieve(services, request, size=size, reach=reach, matches=matches)
    unmet = await unmet_candidates(services, request)
    every = [*retrieved, *(one for one in unmet if one not in retrieved)]
    needed = prerequisites(
        [each.item for each in every],
        scene=query.scene,
        profile=query.profile,
        progress=request.progress,
        excluded=query.exclude,
    )
    limits = request.progress.limits(each.item.id for each in every)
    joint = preference_boost(services.joint(query), query.context.preferences)
    scores = joint.base(retrieved, scene=scene, cold=cold)
    items = [each.item for each in retrieved]
    grades = grades_of(items, matches)
    best = arrange(
        by_grade(np.argsort(-scores, kind="stable").tolist(), grades),
        items,
        k=size,
        quotas=request.quotas,
        prerequisites=needed,
        limits=limits,
        lead=grades,
    )
    candidates, scores = with_share(
        [retrieved[row] for row in best],
        scores[best],
        unmet=unmet,
        share=services.options.new_items,
        profile=query.profile,
    )
    is_gated = not joint.asks(scores, scene=scene, cold=cold)
    return RankedPool(
        retrieved=every,
        candidates=candidates,
        scores=scores,
        grades=grades[best],
        prerequisites=needed,
        limits=limits,
        matches=matches,
        wish_match=wish_match,
        gated=is_gated,
        unmeasured=is_gated and not joint.is_measured(scene),
    )


async def add_model_scores(
    services: Services, request: Request, pool: RankedPool, *, k: int, with_reasons: bool = False
) -> RankedPool:
    """Returns the pool with the model's scores, where they are wanted and their worth is known.

    A list of ``k`` that a model has named for the wish is not put to a model again: asked to order
    its own proposals it found no more (docs/research/wishes.md). Where it is to write reasons it is
    asked about those ``k`` alone, and its order does not count.
    """
    query, fallback = request.query, request.fallback
    is_named = pool.is_named(k) and not request.quotas
    explains = with_reasons and services.options.reasons and query.scene.review != "human"
    is_asked = not pool.gated and (explains or not is_named)
    ranker = await fallback.ready_ranker() if is_asked else None
    candidates = pool.candidates[:k] if is_named else pool.candidates
    if explains and ranker is not None and candidates:
        items = [each.item for each in candidates]
        asked = await services.reasons_request(items, query, k=min(k, len(items)))
        query, pool = replace(query, reasons=asked), replace(pool, reasons=asked)
    model_scores = await fallback.model_scores(ranker, query, candidates)
    if model_scores is None:
        return pool
    if is_named:
        return replace(pool, model_scores=model_scores)
    scene = query.scene.name
    joint = services.joint(query)
    if joint.weighs(model_scores, scene=scene):
        cold = query.profile.is_cold(scene)
        joined = joint.joined(pool.scores, model_scores, scene=scene, cold=cold)
        most = places_to_rise(pool.items, pool.grades)
        scores = limit_rises(joined, pool.scores, most=most, grades=pool.grades)
        pool = replace(pool, scores=scores, without_model=pool.scores, held_back=joined - scores)
        is_new = model_scores.usage.prompt > 0  # no kept reply, whose price is unknown
        if is_new and not joint.has_measured(model_scores, scene=scene):
            model_scores = replace(model_scores, notes=(*model_scores.notes, _offer(model_scores)))
    else:
        fallback.degraded.append(
            LocalizedText(
                "head's order: the head has not learned how good model {model!r} is with prompt "
                "{prompt!r}; run 'recagent fit' again",
                model=model_scores.model,
                prompt=model_scores.prompt,
            )
        )
    return replace(pool, model_scores=model_scores)


def _offer(scores: LanguageScores) -> LocalizedText:
    """What it takes to measure a model that was not measured here."""
    tokens = scores.usage.prompt + scores.usage.completion
    return LocalizedText(
        "model not measured on this catalogue; 'recagent fit --model-only' measures it "
        "({cases} calls, about {tokens:,} tokens each)",
        cases=MEASURED_ON,
        tokens=tokens,
    )


def grades_of(items: Sequence[Item], matches: Matches) -> Floats:
    """Returns how well each item answers the wish, (n,); 0 for one that is not graded."""
    return np.asarray([matches.grades.get(item.id, 0.0) for item in items], dtype=np.float64)


def by_grade(order: Sequence[int], grades: Floats) -> list[int]:
    """Returns the rows by how well they answer the wish, equal ones in their order."""
    return sorted(order, key=lambda row: -grades[row])


async def _match_wish(services: Services, request: Request) -> tuple[Query, Matches]:
    """How the scene's items answer the request's wish, by words and by nearness of meaning.

    The query comes with it, with the wish's vector where there is one.
    """
    query = request.query
    if not query.context.wish:
        return query, NO_MATCHES
    text = await services.text(query.scene)
    matches = await services.compute(lambda: text.matches(query.context.wish))
    vector = await request.fallback.wish_vector(matches.asks) if matches.asks else None
    if vector is None:
        return query, matches
    nearness = await nearest_in_meaning(vector, query.scene.name, index=services.parts.index)
    return replace(query, wish_vector=vector), matches.with_near(nearness)


async def _retrieve(
    services: Services, request: Request, *, size: int, reach: int, matches: Matches
) -> list[Candidate]:
    """Candidates for a pool, with their prerequisites.

    Where the scene mixes tasks, each task is looked for on its own. So are the items that answer
    the wish: taste orders them whatever else it would find.
    """
    query, limit, quotas = request.query, services.options.limit, request.quotas
    catalogue = await services.catalogue(query.scene)
    joint = preference_boost(services.joint(query), query.context.preferences)
    candidates: list[Candidate] = []
    for task, share in (apportion(quotas, size=size) if quotas else {None: size}).items():
        others = catalogue.of_other_tasks([task]) if task else frozenset[str]()
        only = replace(query, exclude=query.exclude | others)
        for group, wanted in _groups(only, catalogue.items, matches, size=share, reach=reach):
            width = max(reach, joint.width(pool=wanted, limit=limit))
            part = replace(request, query=group)
            candidates += await _retrieve_wide(services, part, size=wanted, width=width)
    candidates += await _retrieve_preferred(services, request, candidates)
    steps = missing_prerequisites(
        [each.item for each in candidates],
        scene=query.scene,
        profile=query.profile,
        progress=request.progress,
        excluded=query.exclude,
    )
    candidates += [Candidate(item=item, features={"fused": 0.0}) for item in steps]
    return await _rewarded(services, candidates, query)


async def _retrieve_wide(
    services: Services, request: Request, *, size: int, width: int
) -> list[Candidate]:
    """Candidates that fill a pool though a list has few of a series and one edition of a work.

    More are looked for where too few can stand on one list, then others than those.
    """
    query, progress, fallback = request.query, request.progress, request.fallback
    candidates = await fallback.retrieve(query, size, width)
    everything = len(services.parts.sources) * services.options.limit
    fitting = _count_fitting(candidates, progress, size)
    if width < everything and fitting < min(size, len(candidates)):
        candidates = await fallback.retrieve(query, size, everything)
    left = size - _count_fitting(candidates, progress, size)
    if left and len(candidates) >= size:
        alike = progress.alike(each.item.id for each in candidates)
        others = replace(query, exclude=query.exclude | alike)
        more = await fallback.retrieve(others, left, everything)
        candidates += [replace(each, features={**each.features, "fused": 0.0}) for each in more]
    return candidates


async def _retrieve_preferred(
    services: Services, request: Request, found: Sequence[Candidate]
) -> list[Candidate]:
    """Candidates that keep to all preferences and that no source had among its first."""
    query = request.query
    if not query.context.preferences:
        return []
    catalogue = (await services.catalogue(query.scene)).for_preferences
    breaking = await services.compute(lambda: [*map(catalogue.breaking, query.context.preferences)])
    others = frozenset[str]().union({each.item.id for each in found}, *breaking)
    if catalogue.items.keys() <= query.exclude | others:
        return []
    part = replace(query, exclude=query.exclude | others)
    more = await request.fallback.retrieve(part, 0, services.options.limit)
    return [replace(each, features={**each.features, "fused": 0.0}) for each in more]


async def _rewarded(
    services: Services, candidates: Sequence[Candidate], query: Query
) -> list[Candidate]:
    """The candidates with what the person's answers to slates make of them."""
    cap, parts = services.options.feedback, services.parts
    if not cap:
        return [*candidates]
    given = await answers(query, store=parts.store, index=parts.index, scale=parts.scale)
    scene = query.scene.name
    return await rewarded(candidates, given, scene=scene, index=parts.index, cap=cap)


def _count_fitting(candidates: Sequence[Candidate], progress: Progress, size: int) -> int:
    """How many of a pool of candidates can stand on one list."""
    limits = progress.limits(each.item.id for each in candidates)
    if not limits.works and not limits.series:
        return min(size, len(candidates))
    items = [each.item for each in candidates]
    return len(arrange(range(len(items)), items, k=size, limits=limits))


def _groups(
    query: Query, items: Mapping[str, Item], matches: Matches, *, size: int, reach: int
) -> Iterator[tuple[Query, int]]:
    """The query for each group of items that is looked for on its own, and how many are wanted.

    First those that answer the wish best, as many as there is room for whole grades; then the grade
    of which only some have room; then all others, where there is room, or more are to be reached.
    """
    left, rest = size, query.exclude
    whole, last = set[str](), set[str]()
    for alike in best_first(matches.grades):
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

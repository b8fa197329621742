"""The step compose: from a ranked pool to the entries of a slate, and the trace of the request."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from recagent.domain import Candidate, Claim, Entry, Item, Scene, Trace
from recagent.explanations import checked_claim
from recagent.locale import Language, LocalizedText, render
from recagent.pipeline.candidates import RankedPool, by_grade
from recagent.pipeline.quotas import arrange
from recagent.pipeline.request import Request
from recagent.pipeline.services import Services
from recagent.ports import LanguageScores, ReasonsRequest
from recagent.profiles.building import group_of, known_as, rate
from recagent.ranking import REWARD, mmr_order, softmax
from recagent.ranking.rise_limit import limit_rises, places_to_rise, scores_of_order
from recagent.scenes.identification import IdentifiedScene
from recagent.scenes.rules import without_rule_attributes


async def compose(services: Services, request: Request, pool: RankedPool, *, k: int) -> list[Entry]:
    """Returns the ``k`` best candidates as entries, still without evidence."""
    limits, candidates = pool.limits, pool.candidates
    is_arranged = (
        request.quotas or pool.prerequisites or limits.works or limits.series or pool.grades.any()
    )
    depth = len(candidates) if is_arranged else k
    order = await diversify(services, request, pool, depth=depth)
    probabilities = services.joint(request.query).probabilities(pool.scores)
    return [
        Entry(
            rank=rank,
            item=candidates[row].item,
            probability=float(probabilities[row]),
            features=candidates[row].features,
        )
        for rank, row in enumerate(fill_slate(request, pool, order, k=k), start=1)
    ]


async def diversify(
    services: Services, request: Request, pool: RankedPool, *, depth: int
) -> list[int]:
    """Returns the ``depth`` best rows of the pool, varied; answers to the wish come first."""
    query = request.query
    ids = [item.id for item in pool.items]
    vectors = await services.parts.index.vectors(query.scene.name, ids=ids)
    diversity = services.diversity(query.profile)
    if not diversity or pool.without_model is None:
        order = mmr_order(pool.scores, vectors, k=depth, diversity=diversity)
        return by_grade(order, pool.grades)
    # What is unlike the others rises by variety; the model's say must not add to that.
    joined, base = (
        scores_of_order(mmr_order(scores, vectors, k=len(ids), diversity=diversity))
        for scores in (pool.scores, pool.without_model)
    )
    most = places_to_rise(pool.items, pool.grades)
    limited = limit_rises(joined, base, most=most, grades=pool.grades)
    return by_grade(np.argsort(-limited, kind="stable").tolist(), pool.grades)[:depth]


def fill_slate(request: Request, pool: RankedPool, order: Sequence[int], *, k: int) -> list[int]:
    """Returns up to ``k`` rows of the pool as a slate shows them, from the rows in ``order``."""
    return arrange(
        order,
        pool.items,
        k=k,
        quotas=request.quotas,
        prerequisites=pool.prerequisites,
        limits=pool.limits,
        lead=pool.grades,
    )


async def with_like_probability(
    services: Services, request: Request, entries: Sequence[Entry]
) -> Sequence[Entry]:
    """Returns the entries with their like-probability, for people whose group it was tested on."""
    query, head = request.query, services.parts.head
    profile, liking = query.profile, head.liking if head else None
    if liking is None or group_of(profile, query.scene.name) not in liking.groups:
        return entries
    interactions = await services.parts.behaviour()
    person = rate(profile.events, services.parts.scale)
    return [
        replace(
            entry,
            like=liking.probability(
                entry.features, item=interactions.rate(entry.item.id), person=person
            ),
        )
        for entry in entries
    ]


async def with_evidence(
    services: Services, request: Request, entries: Sequence[Entry], pool: RankedPool
) -> tuple[Entry, ...]:
    """Returns the entries with what supports each, and the model's own reason where it is true."""
    gathered = await services.evidence([entry.item for entry in entries], request.query)
    pairs = zip(entries, gathered, strict=True)
    supported = tuple(replace(entry, evidence=evidence) for entry, evidence in pairs)
    if pool.reasons is None or pool.model_scores is None:
        return supported
    scenes, written = await services.scenes(), pool.model_scores.reasons
    compared = {entry.item.id: entry.item for entry in entries}
    compared |= {item.id: item for item in pool.items if item.id in pool.reasons.evidence}
    candidates = [without_rule_attributes(item, request.query.scene) for item in compared.values()]
    return tuple(
        _with_reason(
            services,
            request,
            entry,
            written[entry.item.id],
            shown=pool.reasons,
            candidates=candidates,
            scenes=scenes,
        )
        if entry.item.id in written
        else entry
        for entry in supported
    )


def _with_reason(
    services: Services,
    request: Request,
    entry: Entry,
    written: Claim,
    *,
    shown: ReasonsRequest,
    candidates: Sequence[Item],
    scenes: Mapping[str, Scene],
) -> Entry:
    """Returns an entry with a reason and the evidence that the model was shown; or without it.

    What the list tells of an item is chosen anew, so that the same id may be another piece there.
    """
    evidence = shown.evidence[entry.item.id]
    reason = checked_claim(
        written,
        [*evidence, *shown.person],
        items=[without_rule_attributes(entry.item, request.query.scene)],
        known=request.query.profile.items,
        scenes=scenes,
        lang=services.language(request.query.scene),
        candidates=candidates,
    )
    if reason is None:
        return replace(entry, refused=True)
    cited = (piece for piece in shown.person if piece.id in reason.evidence)
    return replace(entry, reason=reason, evidence=(*evidence, *cited))


async def list_sentence(
    services: Services, request: Request, entries: Sequence[Entry], pool: RankedPool
) -> str:
    """Returns the model's sentence on a list; empty where there is none that is true of it."""
    scores, scene = pool.model_scores, request.query.scene
    if pool.reasons is None or scores is None or scores.sentence is None or not entries:
        return ""
    claim = checked_claim(
        scores.sentence,
        pool.reasons.person,
        items=[without_rule_attributes(entry.item, scene) for entry in entries],
        known=request.query.profile.items,
        scenes=await services.scenes(),
        lang=services.language(scene),
    )
    return claim.text if claim else ""


def make_trace(
    services: Services,
    request: Request,
    pool: RankedPool,
    *,
    identified: IdentifiedScene,
    seconds: float,
) -> Trace:
    """Returns the trace of a request that took so many seconds.

    The calls and tokens of the model's proposals count; what it proposed is not said.
    """
    query, scene, lang = request.query, identified.scene, services.options.lang
    profile, counts = query.profile, _sources_of(pool.candidates)
    proposals = request.fallback.proposals
    notes = [*request.notes, *pool.notes]
    if proposals.silence is not None:
        notes.append(proposals.silence)
    if proposals.prompt:
        notes.append(
            LocalizedText(
                "proposed by {prompt}: {written}, found here: {found}",
                prompt=proposals.prompt,
                written=proposals.written,
                found=proposals.grounded,
            )
        )
    trace = Trace(
        id=uuid.uuid4().hex,
        scene_from=identified.taken_from,
        cold=profile.cold or ("scene" if profile.is_cold(scene.name) else None),
        known=known_as(profile, scene=scene.name, wish=query.context.wish),
        wish=pool.wish_match,
        scene_probability=identified.probability,
        sources={name: n for name, n in counts.items() if name not in ("fused", REWARD)},
        pool=len(pool.candidates),
        usage=proposals.usage,
        calls=proposals.calls,
        repairs=proposals.repairs,
        notes=tuple(render(note, lang) for note in notes),
        head=services.joint(query).name,
        group=group_of(profile, scene.name),
        unserved=services.unserved(query),
        gated=pool.gated,
        unmeasured=pool.unmeasured,
        moved=counts[REWARD],
        review=scene.review == "human",
        degraded=request.fallback.summary(),
        seconds=seconds,
    )
    scores = pool.model_scores
    return trace if scores is None else _with_model(trace, scores, pool.candidates, lang=lang)


def _with_model(
    trace: Trace, scores: LanguageScores, candidates: Sequence[Candidate], *, lang: Language
) -> Trace:
    """Returns the trace with what the model did, its notes in ``lang``."""
    pairs = zip(candidates, softmax(scores.scores), strict=False)
    return replace(
        trace,
        model=scores.model,
        mode=scores.mode,
        prompt=scores.prompt,
        usage=trace.usage + scores.usage,
        calls=trace.calls + scores.calls,
        repairs=trace.repairs + scores.repairs,
        notes=(*(render(note, lang) for note in scores.notes), *trace.notes),
        language_probability={each.item.id: float(probability) for each, probability in pairs},
    )


def _sources_of(candidates: Sequence[Candidate]) -> Counter[str]:
    """How many candidates each feature was found for, by its name."""
    return Counter(name for candidate in candidates for name in candidate.features)

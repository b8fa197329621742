"""The step explain: why an item, from its evidence, in plain sentences or joined by the model.

What is asked about a ranking is ``questions``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from recagent.domain import Claim, Evidence, Explanation, Scene, Slate
from recagent.explanations import PhrasedExplanation, as_evidence, claims, phrase_evidence
from recagent.locale import LocalizedText, render_unique
from recagent.pipeline.questions import RankingQuestion, shares, subject
from recagent.pipeline.request import Request
from recagent.pipeline.services import Services

Phrasing = Callable[[Services, Sequence[Evidence], Request], Awaitable[PhrasedExplanation]]


async def explain(
    services: Services, user_id: str | None, question: RankingQuestion, *, phrasing: Phrasing
) -> Explanation:
    """Why an item would be recommended to a person, from evidence that is really there.

    Args:
        services: what the steps work with.
        user_id: the person.
        question: the item, and in which situation.
        phrasing: ``phrase_plainly`` or ``phrase_with_model``.

    Raises:
        DataError: an unknown item or scene.
        RetrievalError: the index was made with another embedder.
    """
    item, request = await subject(services, user_id, question)
    scene = request.query.scene
    (evidence,) = await services.evidence([item], request.query)
    pieces, degraded = await shares(services, item, request)
    evidence = (*evidence, *as_evidence(pieces, after=len(evidence)))
    phrased_claims = await phrasing(services, evidence, request)
    degraded = [*request.fallback.degraded, *degraded, *filter(None, [phrased_claims.degraded])]
    return Explanation(
        item=item,
        claims=phrased_claims.claims,
        evidence=evidence,
        phrased_by=services.parts.models[0].name if phrased_claims.accepted else None,
        replaced=phrased_claims.replaced,
        degraded=render_unique(degraded, services.options.lang),
        notice=scene.notice(services.language(scene)),
    )


async def reasons(services: Services, slate: Slate) -> list[Explanation]:
    """The reasons of every entry of a slate, in its order, from its own evidence.

    An entry has the one that the ranking model wrote, where that may be shown, else plain ones.
    """
    notice = slate.scene.notice(services.language(slate.scene))
    return [
        Explanation(
            item=entry.item,
            claims=(entry.reason,)
            if entry.reason
            else await _plain(services, entry.evidence, slate.scene),
            evidence=entry.evidence,
            phrased_by=slate.trace.model if entry.reason else None,
            replaced=int(entry.refused),
            notice=notice,
        )
        for entry in slate.entries
    ]


async def phrase_plainly(
    services: Services, evidence: Sequence[Evidence], request: Request
) -> PhrasedExplanation:
    """A sentence of our own for each piece of evidence."""
    return PhrasedExplanation(claims=await _plain(services, evidence, request.query.scene))


async def phrase_with_model(
    services: Services, evidence: Sequence[Evidence], request: Request
) -> PhrasedExplanation:
    """Sentences that the first model joins, checked; plain ones where it may not or cannot."""
    plain, parts = await phrase_plainly(services, evidence, request), services.parts
    scene, deadline = request.query.scene, request.fallback.deadline
    if scene.review == "human":
        why = LocalizedText(
            "reasons not phrased by a model: scene {scene!r} is under human review",
            scene=scene.name,
        )
        return PhrasedExplanation(claims=plain.claims, degraded=why)
    if not parts.models:
        return plain
    return await phrase_evidence(
        evidence,
        scenes=await services.scenes(),
        model=parts.models[0],
        lang=services.language(scene),
        attempts=services.options.attempts,
        window=parts.window,
        seconds=deadline.left(),
        late=deadline.late(),
    )


async def _plain(
    services: Services, evidence: Sequence[Evidence], scene: Scene
) -> tuple[Claim, ...]:
    scenes, lang = await services.scenes(), services.language(scene)
    return claims(evidence, scenes=scenes, lang=lang, works=scene.works)

"""Why an item: its evidence, said plainly or joined by the model.

What is asked about a ranking is ``questions``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from recagent.domain import Claim, Evidence, Explanation, Scene, Slate
from recagent.explanations import Phrased, claims, numbered, phrased
from recagent.pipeline.questions import RankingQuestion, shares, subject
from recagent.pipeline.services import Request, Services

Saying = Callable[[Services, Sequence[Evidence], Request], Awaitable[Phrased]]


async def explain(
    desk: Services, user_id: str, ask: RankingQuestion, *, said: Saying
) -> Explanation:
    """Why an item would be recommended to a person, from evidence that is really there.

    Args:
        desk: where it is looked up.
        user_id: the person.
        ask: the item, and in which situation.
        said: ``plainly`` or ``with_model``.

    Raises:
        DataError: an unknown item or scene.
        RetrievalError: the index was made with another embedder.
    """
    item, asked = await subject(desk, user_id, ask)
    where = asked.query.scene
    (evidence,) = await desk.evidence([item], asked.query)
    lifted, failed = await shares(desk, item, asked)
    evidence = (*evidence, *numbered(lifted, after=len(evidence)))
    found = await said(desk, evidence, asked)
    degraded = [*asked.degraded, *failed, *([found.degraded] if found.degraded else [])]
    return Explanation(
        item=item,
        claims=found.claims,
        evidence=evidence,
        phrased_by=desk.parts.models[0].name if found.kept else None,
        replaced=found.replaced,
        degraded="; ".join(degraded) or None,
        notice=where.notice(desk.language(where)),
    )


async def reasons(desk: Services, slate: Slate) -> list[Explanation]:
    """The plain reasons of every entry of a slate, in its order, from its own evidence."""
    notice = slate.scene.notice(desk.language(slate.scene))
    return [
        Explanation(
            item=entry.item,
            claims=await _plain(desk, entry.evidence, slate.scene),
            evidence=entry.evidence,
            notice=notice,
        )
        for entry in slate.entries
    ]


async def plainly(desk: Services, evidence: Sequence[Evidence], asked: Request) -> Phrased:
    """A sentence of our own for each piece of evidence."""
    return Phrased(claims=await _plain(desk, evidence, asked.query.scene))


async def with_model(desk: Services, evidence: Sequence[Evidence], asked: Request) -> Phrased:
    """Sentences that the first model joins, checked; plain ones where it may not or cannot."""
    plain, parts, options = await plainly(desk, evidence, asked), desk.parts, desk.options
    where, deadline = asked.query.scene, asked.deadline or desk.deadline()
    if where.review == "human":
        why = f"plain reasons: scene {where.name!r} is for human review, so no model phrases there"
        return Phrased(claims=plain.claims, degraded=why)
    if not parts.models:
        return plain
    return await phrased(
        evidence,
        scenes=await desk.scenes(),
        model=parts.models[0],
        lang=desk.language(where),
        attempts=options.attempts,
        window=parts.window,
        seconds=deadline.left(),
        late=deadline.late(),
    )


async def _plain(desk: Services, evidence: Sequence[Evidence], where: Scene) -> tuple[Claim, ...]:
    return claims(evidence, scenes=await desk.scenes(), lang=desk.language(where))

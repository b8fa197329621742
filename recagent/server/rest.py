"""The typed REST API: slates, reasons, feedback, scenes, profiles, traces.

Each route calls the service; ``schemas`` has the bodies.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from recagent.domain import Language
from recagent.server import schemas
from recagent.server.metrics import Metrics
from recagent.server.service import Service

Lang = Annotated[
    Language | None, schemas.Blank, Query(description="Of labels; by default the settings'.")
]


def rest_routes(service: Service, metrics: Metrics) -> APIRouter:
    """Returns the routes under ``/v1``, over one service."""
    router = APIRouter(prefix="/v1", tags=["recommend"])

    @router.post("/recommend")
    async def recommend(body: schemas.RecommendRequest) -> schemas.SlateResponse:
        """A slate for a person in a scene, with probabilities and reasons."""
        response = await service.recommend(body)
        metrics.slate(response.scene, response.trace)
        return response

    @router.post("/explain")
    async def explain(body: schemas.ExplainRequest) -> schemas.ExplanationResponse:
        """Why an item would be recommended to a person."""
        return await service.explain(body)

    @router.post("/question")
    async def question(body: schemas.QuestionRequest) -> schemas.AnswerResponse:
        """Why an item stands before another, why not on the slate, what would move it."""
        return await service.question(body)

    @router.post("/feedback", status_code=201)
    async def feedback(body: schemas.Feedback) -> schemas.StoredEvent:
        """Store what a person did with an item; their next slate takes it into account."""
        stored = await service.record(body)
        metrics.event(stored.kind)
        return stored

    @router.get("/scenes")
    async def scenes(lang: Lang = None) -> schemas.ScenesResponse:
        """All scenes, and the people whom the settings propose."""
        return await service.scenes(lang)

    @router.get("/profile")
    async def profile(
        user: Annotated[schemas.Id, Query(description="The person's id.")], lang: Lang = None
    ) -> schemas.ProfileResponse:
        """What is known of a person now."""
        return await service.profile(user, lang)

    @router.get("/trace")
    async def trace(
        id: Annotated[schemas.Id, Query(description="trace.id of a slate.")],  # noqa: A002
        user: Annotated[
            schemas.Id | None,
            schemas.Blank,
            Query(description="To whom it was shown; operators may leave it out."),
        ] = None,
    ) -> schemas.TraceResponse:
        """How a slate came about: candidates, scores, prompt, what was degraded."""
        return await service.trace(id, user=user)

    return router

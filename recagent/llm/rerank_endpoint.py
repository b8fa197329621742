"""A reranker behind an endpoint: relevance of texts to a query, in the shapes that servers have.

vLLM, Jina and Cohere answer ``/rerank``, vLLM ``/score`` too, text-embeddings-inference its own
``/rerank``. Which one is there is found by an obvious question; two more show whether the scores
mean anything: a head without weights gets one right by chance.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, ValidationError

from recagent.domain import Usage
from recagent.errors import ModelError, ReplyError
from recagent.llm import token_count
from recagent.llm.response_shapes import Count
from recagent.llm.transport import HttpWire, Wire

logger = logging.getLogger(__name__)

MOST_TEXTS = 32  # in a request; text-embeddings-inference takes no more

# Each text but the last answers the question of its place, and none of the others.
_QUESTIONS = (
    "What is the capital of France?",
    "How is bread made?",
    "Which animal gives milk?",
)
_TEXTS = (
    "Paris is the capital and the largest city of France.",
    "Bread is baked from flour, water, salt and yeast.",
    "Cows are kept for their milk.",
    "A train runs on rails.",
)
_SAME = 1e-6  # scores that differ by less say nothing

# That this path, or this form of request, is not what the server has.
_ELSEWHERE = frozenset(
    {
        HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_IMPLEMENTED,
    }
)  # fmt: skip


def _rows(value: Any) -> Any:
    """The scored texts, under whatever name a server has for them."""
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        return table.get("results", table.get("data"))
    return value


class _Row(BaseModel):
    index: int
    relevance_score: float | None = None
    score: float | None = None

    @property
    def value(self) -> float | None:
        return self.score if self.relevance_score is None else self.relevance_score


class _Scored(BaseModel):
    rows: Annotated[list[_Row], BeforeValidator(_rows)]


class _Tokens(BaseModel):
    total_tokens: Count = 0
    prompt_tokens: Count = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankForm:
    """Where a kind of server takes a query and texts, and how.

    Attributes:
        path: of the endpoint.
        body: of a request.
    """

    path: str
    body: Callable[[str, Sequence[str]], Mapping[str, Any]]


def _documents(query: str, texts: Sequence[str]) -> Mapping[str, Any]:
    return {"query": query, "documents": list(texts), "top_n": len(texts)}


def _pairs(query: str, texts: Sequence[str]) -> Mapping[str, Any]:
    return {"text_1": query, "text_2": list(texts)}


def _bare_texts(query: str, texts: Sequence[str]) -> Mapping[str, Any]:
    return {"query": query, "texts": list(texts), "truncate": True}


FORMS = (
    RerankForm(path="/v1/rerank", body=_documents),  # vLLM, Jina, Cohere
    RerankForm(path="/v2/rerank", body=_documents),  # Cohere, vLLM
    RerankForm(path="/v1/score", body=_pairs),  # vLLM
    RerankForm(path="/rerank", body=_bare_texts),  # text-embeddings-inference
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relevance:
    """Relevance of each text to a query, higher is better, and the tokens it took."""

    scores: tuple[float, ...]
    usage: Usage


class RerankWire(HttpWire):
    """The wire to a reranker; of several models that a server lists it takes the likeliest."""

    async def start(self) -> str:
        try:
            return await super().start()
        except ModelError as error:
            if error.retryable or error.status == HTTPStatus.UNAUTHORIZED:
                raise
            return ""  # text-embeddings-inference serves one model and lists none

    def _preferred(self, names: Sequence[str]) -> str:
        return next((name for name in names if "rerank" in name.lower()), names[0])


class RerankEndpoint:
    """One reranker. Make it, ``start`` it once, use it from many tasks."""

    def __init__(self, wire: Wire) -> None:
        self.name = ""
        self._wire = wire
        self._form: RerankForm | None = None

    async def start(self) -> None:
        """Finds the endpoint and checks its scores on three obvious questions.

        Raises:
            ModelError: there is none, or it does not score the answers highest.
        """
        if self._form is not None:
            return
        self.name = await self._wire.start()
        refusal: ModelError | None = None
        for form in FORMS:
            try:
                reply = await self._ask(form, _QUESTIONS[0], _TEXTS)
            except ModelError as error:
                refusal = refusal or error
                if not isinstance(error, ReplyError) and error.status not in _ELSEWHERE:
                    raise
                logger.info("no reranker at %s: %s", form.path, error)
                continue
            self._check(0, reply.scores)
            for place in range(1, len(_QUESTIONS)):
                reply = await self._ask(form, _QUESTIONS[place], _TEXTS)
                self._check(place, reply.scores)
            self._form = form
            return
        raise ModelError(
            "no reranker answers at {paths} ({error}); see that the server serves one, or set "
            "[model] kind = 'endpoint' for a model that chats",
            paths=", ".join(form.path for form in FORMS),
            error=refusal,
        ) from refusal

    def _check(self, place: int, scores: Sequence[float]) -> None:
        """Whether the answer to a question has the highest score."""
        others = [score for at, score in enumerate(scores) if at != place]
        answer, best = scores[place], max(others)
        if answer > best + _SAME:
            return
        if max(scores) - min(scores) <= _SAME:
            raise ModelError(
                "reranker {model!r} gives every text the same score ({score:g} for an answer and "
                "for texts about something else), so it ranks nothing; it is probably not served "
                "as a reranker: docs/reference/servers.md tells what Qwen3 rerankers need",
                model=self.name,
                score=answer,
            )
        raise ModelError(
            "reranker {model!r} scores the wrong way round: asked {question!r}, it gives "
            "{answer:g} to the answer and {best:g} to {text!r}; it is probably not served as a "
            "reranker: "
            "docs/reference/servers.md tells what Qwen3 rerankers need",
            model=self.name,
            question=_QUESTIONS[place],
            answer=answer,
            best=best,
            text=_TEXTS[scores.index(best)],
        )

    async def relevance(self, query: str, texts: Sequence[str]) -> Relevance:
        """Relevance of at most ``MOST_TEXTS`` texts, in their order.

        Raises:
            ModelError: no answer.
            ReplyError: an answer that does not score every text.
        """
        await self.start()
        assert self._form is not None  # noqa: S101
        return await self._ask(self._form, query, texts)

    async def _ask(self, form: RerankForm, query: str, texts: Sequence[str]) -> Relevance:
        answer = await self._wire.post(form.path, form.body(query, texts))
        usage = _usage(answer)
        token_count.add(usage)
        try:
            rows = _Scored.model_validate({"rows": answer}).rows
        except ValidationError as error:
            raise self._unusable(form, answer) from error
        values = {row.index: row.value for row in rows}
        scores = [values.get(at) for at in range(len(texts))]
        finite = [score for score in scores if score is not None and math.isfinite(score)]
        if len(finite) < len(texts):
            raise self._unusable(form, answer)
        return Relevance(scores=tuple(finite), usage=usage)

    def _unusable(self, form: RerankForm, answer: object) -> ReplyError:
        return ReplyError(
            "reranker {model!r} did not score every text at {path!r}: {answer!r}",
            model=self.name,
            path=form.path,
            answer=str(answer)[:200],
            reply=str(answer),
            retryable=False,
        )

    async def close(self) -> None:
        await self._wire.close()


def _usage(answer: object) -> Usage:
    """Tokens as vLLM and Jina tell them, or as Cohere does; none where nobody does."""
    if not isinstance(answer, dict):
        return Usage()
    fields = cast("dict[str, Any]", answer)
    meta: Any = fields.get("meta")
    cohere: Any = cast("dict[str, Any]", meta).get("tokens") if isinstance(meta, dict) else None
    table: Any = fields.get("usage")
    if isinstance(cohere, dict):
        table = {"prompt_tokens": cast("dict[str, Any]", cohere).get("input_tokens")}
    counts = _Tokens.model_validate(table) if isinstance(table, dict) else _Tokens()
    return Usage(prompt=counts.prompt_tokens or counts.total_tokens)

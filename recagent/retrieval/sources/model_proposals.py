"""What a person might like, as a model imagines it, and the items of the scene that come near it.

Not text for people: what a model imagines is searched with and never shown, and what it names need
not exist.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field

from recagent import prompts
from recagent.domain import Language, Usage
from recagent.errors import ReplyError
from recagent.llm.cached_model import CachedModel, ResponseCache
from recagent.llm.retry import RetryBudget, RetryWindow
from recagent.llm.structured_replies import ReplyForm, ask_structured
from recagent.ports import ChatModel, ItemIndex, Query
from recagent.prompts import one_line
from recagent.ranking import HISTORY
from recagent.ranking.prompt_inputs import prompt_inputs
from recagent.retrieval import reciprocal_rank

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix

logger = logging.getLogger(__name__)

SOURCE = "imagined"
MOST = 5  # descriptions, as the prompts ask for
_LENGTH = 120  # characters that are kept of one


class DescriptionsReply(ReplyForm):
    """Descriptions as the model writes them; of more than ``MOST`` the first are kept."""

    descriptions: list[str] = Field(json_schema_extra={"minItems": MOST, "maxItems": MOST})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedDescriptions:
    """What a model imagines, and what asking for it took.

    Attributes:
        descriptions: up to five, all different; none where nothing is known of the person.
        prompt: id.
        calls: none for a kept reply.
        repairs: descriptions that were empty, doubled, too many or cut off.
    """

    descriptions: tuple[str, ...] = ()
    prompt: str = ""
    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    repairs: int = 0


class ModelProposer:
    """Asks a model to imagine, in the language of the scene."""

    def __init__(
        self,
        model: ChatModel,
        *,
        lang: Language = "en",
        attempts: int = 3,
        window: RetryWindow | None = None,
        replies: ResponseCache | None = None,
    ) -> None:
        """Asks ``model``.

        Args:
            model: that writes.
            lang: of the prompt, where the scene does not say another.
            attempts: retry budget of one request.
            window: the retry budget that all who ask the model share; its own without one.
            replies: where replies are kept; without it none are.
        """
        self._model = model
        self._lang: Language = lang
        self._attempts = attempts
        self._window = window or RetryWindow()
        self._replies = replies

    async def start(self) -> None:
        """Load or connect; raises ModelError where the model cannot be had."""
        await self._model.start()

    async def __call__(self, query: Query) -> ProposedDescriptions:
        """What the person might like in the query's scene; no call if nothing is known of them.

        Raises:
            ModelError: no usable answer within the budget.
        """
        prompt = prompts.load("imagine", "titles", lang=query.scene.language or self._lang)
        inputs = prompt_inputs(
            prompt.front.inputs,
            query,
            candidates=(),
            lang=prompt.front.language,
            history=HISTORY,
            scenes={},
        )
        if not any(value for name, value in inputs.items() if name != "scene"):
            return ProposedDescriptions()
        messages = prompt.chat(**inputs)
        kept = CachedModel(self._model, self._replies) if self._replies else None
        model = kept or self._model
        budget = RetryBudget(self._attempts, window=self._window)
        reply = await ask_structured(
            model,
            messages,
            DescriptionsReply,
            max_tokens=prompt.front.max_tokens,
            budget=budget,
            unusable=partial(_unusable, model),
            check=partial(_check, model),
        )
        descriptions = _different(reply.form)
        if kept is not None:
            await kept.keep()
        logger.debug("imagined for %r: %r", query.profile.user.id, descriptions)
        return ProposedDescriptions(
            descriptions=descriptions,
            prompt=prompt.id,
            usage=reply.usage,
            calls=reply.calls + budget.failed,
            repairs=reply.repairs + len(reply.form.descriptions) - len(descriptions),
        )


class ModelProposals:
    """A ``CandidateSource``: the items of the scene that are nearest to some descriptions.

    Scores are sums of reciprocal ranks, one for each description that comes near an item.
    """

    name = SOURCE

    def __init__(self, vectors: Matrix, *, index: ItemIndex) -> None:
        """``vectors``: (n, d) of the descriptions; one of zeros, of no known word, is mute."""
        self._vectors = vectors
        self._index = index

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        near = {
            str(row): await self._index.search(
                query.scene.name, vector=vector, limit=limit, exclude=query.exclude
            )
            for row, vector in enumerate(self._vectors)
            if vector.any()
        }
        return list(reciprocal_rank(near, weights={}).items())[:limit]


def _different(form: DescriptionsReply) -> tuple[str, ...]:
    """Returns the first descriptions that are not empty, each once."""
    lines = (one_line(text, _LENGTH) for text in form.descriptions)
    return tuple(dict.fromkeys(filter(None, lines)))[:MOST]


def _check(model: ChatModel, form: DescriptionsReply, text: str) -> None:
    if not _different(form):
        raise _unusable(model, text)


def _unusable(model: ChatModel, text: str) -> ReplyError:
    """The message does not quote it: what is imagined is for no reader of a slate."""
    return ReplyError("model {model!r} proposed nothing usable", model=model.name, reply=text)

"""What a capable model proposes for a person, and the items of the scene that it means.

The model sees no catalogue: it names titles where the catalogue is of known things, and writes
short descriptions where it is not. What it wrote is looked up and never shown; only items of the
catalogue come of it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from anyio import to_thread

from recagent import prompts
from recagent.domain import Item, Language, RatingScale, Scene, Usage
from recagent.errors import ReplyError
from recagent.llm.cached_model import CachedModel, ResponseCache
from recagent.llm.retry import RetryBudget, RetryWindow
from recagent.llm.structured_replies import ReplyForm, ask_structured
from recagent.locale import LocalizedText
from recagent.ports import ChatModel, Embedder, ItemIndex, Query
from recagent.prompts import one_line
from recagent.ranking.clean_scores import without_self_promotion
from recagent.ranking.prompt_inputs import prompt_inputs
from recagent.ranking.self_promotion import is_self_promotion
from recagent.retrieval.fusion import reciprocal_rank
from recagent.retrieval.sources.proposal_record import ProposalRecord
from recagent.retrieval.titles import TitleIndex
from recagent.retrieval.top_k import SceneCache

logger = logging.getLogger(__name__)

SOURCE = "proposals"
IN_A_TURN = "chat"  # the prompt's id, where titles came with the reading of a turn
MOST = 20  # proposals of one request, as the prompt for titles asks
_LENGTH = 200  # characters that are kept of one
_NEAR = 100  # items that one description may mean, and all of them together

Kind = Literal["titles", "descriptions"]
_PROMPTS: Mapping[Kind, str] = {"titles": "known_titles", "descriptions": "descriptions"}


class ProposalsReply(ReplyForm):
    """Titles or descriptions as the model writes them; of more than ``MOST`` the first are kept."""

    proposals: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposals:
    """The items that a model proposed, and what asking for them took.

    Attributes:
        item_ids: of the scene, best first, each once; also such as must not come.
        named: whether the model named these very items, and did not only describe such.
        written: how many titles or descriptions the model wrote.
        grounded: for how many of them the catalogue has an item.
        prompt: id; empty where no model was asked.
        calls: none for a kept reply.
        repairs: proposals that were empty, doubled, too many or cut off.
        silence: why the model was not asked; None where it was.
    """

    item_ids: tuple[str, ...] = ()
    named: bool = False
    written: int = 0
    grounded: int = 0
    prompt: str = ""
    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    repairs: int = 0
    silence: LocalizedText | None = None


NO_PROPOSALS = Proposals()


class ModelProposer:
    """Asks a model what a person would want, and looks up what it wrote.

    A scene declares whether titles or descriptions are asked for. Where it does not, titles are,
    until hardly any is in its catalogue.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        index: ItemIndex,
        embedder: Embedder,
        lang: Language = "en",
        attempts: int = 3,
        window: RetryWindow | None = None,
        replies: ResponseCache | None = None,
        scale: RatingScale | None = None,
        scenes: Mapping[str, Scene] | None = None,
        record: ProposalRecord | None = None,
        always: bool = False,
    ) -> None:
        """Asks ``model``.

        Args:
            model: that writes.
            index: that is looked into.
            embedder: of descriptions.
            lang: of the prompt, where the scene does not say another.
            attempts: retry budget of one request.
            window: the retry budget that all who ask the model share; its own without one.
            replies: where replies are kept; without it none are.
            scale: of ratings; 0 to 10 without one.
            scenes: for the labels of other scenes.
            record: how it did before; begun anew without one.
            always: whether it is asked whatever its name states and its record tells.
        """
        self._model = model
        self._index = index
        self._embedder = embedder
        self._lang: Language = lang
        self._attempts = attempts
        self._window = window or RetryWindow()
        self._replies = replies
        self._scale = scale or RatingScale()
        self._scenes = scenes or {}
        self._titles = SceneCache(TitleIndex)
        self.record = record or ProposalRecord()
        self._always = always

    async def start(self) -> None:
        """Load or connect; raises ModelError where the model cannot be had."""
        await self._model.start()

    def silence(self) -> LocalizedText | None:
        """Returns why the model, which has started, is not asked; None where it is."""
        return None if self._always else self.record.silence(self._model.name)

    async def __call__(self, query: Query) -> Proposals:
        """Returns what the person might want in the query's scene.

        No call is made if nothing is known of them and nothing is wished for.

        Raises:
            ModelError: no usable answer within the budget, or the embedder fails.
        """
        kind = self._kind(query)
        prompt = prompts.load("propose", _PROMPTS[kind], lang=query.scene.language or self._lang)
        inputs = prompt_inputs(
            prompt.front.inputs,
            without_self_promotion(query),
            candidates=(),
            lang=prompt.front.language,
            history=0,
            scenes=self._scenes,
            scale=self._scale,
        )
        person_inputs = inputs.keys() - {"scene", "conditions"}
        if not any(inputs[name] for name in person_inputs):
            return NO_PROPOSALS
        cached_model = CachedModel(self._model, self._replies) if self._replies else None
        model = cached_model or self._model
        budget = RetryBudget(self._attempts, window=self._window)
        reply = await ask_structured(
            model,
            prompt.chat(**inputs),
            ProposalsReply,
            max_tokens=prompt.front.max_tokens,
            budget=budget,
            unusable=partial(_unusable, model),
            check=partial(_check, model),
        )
        lines = _different(reply.form)
        if cached_model is not None:
            await cached_model.keep()
        item_ids, match_count = await self._looked_up(kind, lines, query)
        items = await self._index.items(query.scene.name)
        item_ids = tuple(
            key for key in item_ids if key in items and not is_self_promotion(items[key])
        )
        logger.debug("proposed for %r: %r", query.profile.user.id, lines)
        return Proposals(
            item_ids=item_ids,
            named=kind == "titles" and match_count > 0,
            written=len(lines),
            grounded=match_count,
            prompt=prompt.id,
            usage=reply.usage,
            calls=reply.calls + budget.failed,
            repairs=reply.repairs + len(reply.form.proposals) - len(lines),
        )

    async def look_up(self, query: Query) -> Proposals:
        """Returns what the titles of a query's context mean; no model is asked."""
        titles = tuple(dict.fromkeys(filter(None, query.context.titles or ())))[:MOST]
        if not titles:
            return NO_PROPOSALS
        item_ids, match_count = await self._looked_up("titles", titles, query)
        return Proposals(
            item_ids=item_ids,
            named=match_count > 0,
            written=len(titles),
            grounded=match_count,
            prompt=IN_A_TURN,
        )

    def _kind(self, query: Query) -> Kind:
        declared = query.scene.proposals
        if declared != "auto":
            return declared
        return "titles" if self.record.is_of_known_things(query.scene.name) else "descriptions"

    async def _looked_up(
        self, kind: Kind, lines: Sequence[str], query: Query
    ) -> tuple[tuple[str, ...], int]:
        """Ids of the items that are meant, best first, and of how many lines there is one."""
        if kind == "descriptions":
            return await self._near(lines, query)
        items = await self._index.items(query.scene.name)
        ids = await to_thread.run_sync(self._named_ids, query.scene.name, items, lines)
        self.record.add_titles(query.scene.name, written=len(lines), found=len(ids))
        if not ids and query.scene.proposals == "auto":
            item_ids, _ = await self._near(lines, query)
            return item_ids, 0
        return tuple(dict.fromkeys(ids)), len(ids)

    def _named_ids(self, scene: str, items: Mapping[str, Item], lines: Sequence[str]) -> list[str]:
        titles = self._titles(scene, items, None)
        return [key for key in map(titles.find, lines) if key]

    async def _near(self, lines: Sequence[str], query: Query) -> tuple[tuple[str, ...], int]:
        """The items nearest to descriptions, by sums of reciprocal ranks."""
        vectors = await self._embedder.embed(lines, role="passage")
        near = {
            line: await self._index.search(
                query.scene.name, vector=vector, limit=_NEAR, exclude=frozenset()
            )
            for line, vector in zip(lines, vectors, strict=True)
            if vector.any()  # one of zeros, of no known word, is mute
        }
        fused = reciprocal_rank(near, weights={})
        return tuple(fused)[:_NEAR], sum(map(bool, near.values()))


class ModelProposals:
    """A ``CandidateSource``: what a model proposed, scored by the reciprocal of its rank."""

    name = SOURCE

    def __init__(self, proposals: Proposals) -> None:
        self._proposals = proposals

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        ranked = [
            (item_id, 1.0 / rank)
            for rank, item_id in enumerate(self._proposals.item_ids, start=1)
            if item_id not in query.exclude
        ]
        return ranked[:limit]


def _different(form: ProposalsReply) -> tuple[str, ...]:
    """Returns the first proposals that are not empty, each once."""
    lines = (one_line(text, _LENGTH) for text in form.proposals)
    return tuple(dict.fromkeys(filter(None, lines)))[:MOST]


def _check(model: ChatModel, form: ProposalsReply, text: str) -> None:
    if not _different(form):
        raise _unusable(model, text)


def _unusable(model: ChatModel, text: str) -> ReplyError:
    """The message does not quote it: what is proposed is for no reader of a slate."""
    return ReplyError("model {model!r} proposed nothing usable", model=model.name, reply=text)

"""The calls behind HTTP and MCP: one pipeline per language, and what many callers need around it.

Routes and tools translate into these calls and reach the pipeline in no other way.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import anyio
from pydantic import TypeAdapter

from recagent import prompts
from recagent.domain import (
    Context,
    Item,
    Language,
    Slate,
    Trace,
)
from recagent.errors import (
    DataError,
    ModelError,
    NotFoundError,
    PromptError,
    RecagentError,
    StoreError,
)
from recagent.locale import LANGUAGES, AnyText
from recagent.pipeline import Components, Options, Pipeline
from recagent.scenes.identification import indexed_scenes
from recagent.server import schemas
from recagent.server.access import CALLER

_CHECK_EVERY = 2.0  # seconds between checks whether somebody was forgotten

_LANGUAGE: Final[dict[str, Language]] = {lang: lang for lang in LANGUAGES}

logger = logging.getLogger(__name__)

_trace_type = TypeAdapter(Trace)


class Service:
    """One recommender for many callers; its methods may run concurrently.

    Args:
        parts: what the pipelines are made of.
        options: of the pipelines; their language answers requests that name none.
        max_message: the longest wish, in characters.
        people: user ids that the web page offers.
    """

    def __init__(
        self,
        parts: Components,
        options: Options | None = None,
        *,
        max_message: int = 4000,
        people: Sequence[str] = (),
    ) -> None:
        self._parts = parts
        self._options = options or Options()
        self._people = tuple(people)
        self.max_message = max_message
        self.lang: Language = self._options.lang
        self._pipelines = {lang: self._make_pipeline(parts, lang) for lang in LANGUAGES}
        self._clear_caches: list[Callable[[], None]] = [parts.preferences.forget]
        self._drop_answers: list[Callable[[str], None]] = []
        self._forgettings = 0
        self._had = 0  # events in the store when the server started

    @property
    def parts(self) -> Components:
        """What serves now."""
        return self._parts

    def swap(self, parts: Components) -> None:
        """Lets other parts, of the same store and index, serve all requests from now on.

        A request that is under way keeps those that it began with.
        """
        pipelines = {lang: self._make_pipeline(parts, lang) for lang in LANGUAGES}
        self._parts, self._pipelines = parts, pipelines

    def pipeline(self, lang: Language | None = None) -> Pipeline:
        """Returns the pipeline whose reasons are in ``lang``."""
        return self._pipelines[lang or self.lang]

    async def start(self) -> None:
        """Loads what the first request would wait for.

        Raises:
            RecagentError: the index or the store cannot be used.
        """
        await self.ready()
        self._had = await self._parts.store.count()
        await self._parts.behaviour()

    def on_forgotten(self, clear_cache: Callable[[], None]) -> None:
        """Registers a callback that drops what a cache holds of people when one was forgotten."""
        self._clear_caches.append(clear_cache)

    def on_recorded(self, drop_answers: Callable[[str], None]) -> None:
        """Registers a callback that drops a cache's answers to a person who gave feedback."""
        self._drop_answers.append(drop_answers)

    async def check_forgotten(self) -> int:
        """Clears the caches if somebody was forgotten since the last check, by whatever process.

        Returns:
            How often somebody was forgotten so far.

        Raises:
            DataError: the store failed.
        """
        count = await self._parts.store.forgettings()
        if count != self._forgettings:
            self._forgettings = count
            for clear_cache in self._clear_caches:
                clear_cache()
        return count

    async def watch_forgotten(self) -> None:
        """Calls ``check_forgotten`` for ever, so that an idle server clears its caches too."""
        while True:
            await anyio.sleep(_CHECK_EVERY)
            try:
                await self.check_forgotten()
            except RecagentError as error:
                logger.warning("cannot see whether somebody was forgotten: %s", error)

    async def warm(self) -> None:
        """Loads the ranking model, so that the first slate need not wait; logs a failure."""
        is_used = self._parts.head is not None or self._options.language_weight > 0
        if self._parts.ranker is None or not is_used:
            return
        try:
            await self._parts.ranker.start()
        except ModelError as error:
            logger.warning("slates go without the model: %s", error)

    async def ready(self) -> None:
        """Checks that the index and the store answer.

        Raises:
            DataError: the store does not or was emptied, or nothing is indexed.
            RetrievalError: the index does not.
        """
        names = await self._parts.index.scenes()
        if not names:
            raise DataError("no scene is indexed; run 'recagent index' with a catalogue first")
        store = self._parts.store
        await store.user("")
        # The last person may have been forgotten, which empties a store rightly.
        if self._had and await store.is_empty() and not await store.forgettings():
            raise StoreError(
                "the event store is empty, though it had {count} events when the server started; "
                "restore it, or start again",
                count=self._had,
            )

    async def recommend(self, body: schemas.RecommendRequest) -> schemas.SlateResponse:
        """Returns a slate; raises as ``Pipeline.recommend``."""
        CALLER.get().check("recommend", body.user)
        context = self._context(body)
        slate = await self.pipeline(body.lang).recommend(
            body.user,
            scene=body.scene,
            k=body.k,
            context=context,
            task=body.task,
            with_reasons=body.reasons,
        )
        return await self.slate_response(slate, body.lang)

    async def slate_response(self, slate: Slate, lang: Language | None) -> schemas.SlateResponse:
        """Returns a slate with its reasons in ``lang``."""
        explanations = await self.pipeline(lang).reasons(slate)
        return schemas.slate_response(
            slate,
            explanations,
            lang=lang or self.lang,
            labels=self._parts.labels,
            with_features=CALLER.get().is_operator,
        )

    async def explain(self, body: schemas.ExplainRequest) -> schemas.ExplanationResponse:
        """Returns why an item would be recommended; raises as ``Pipeline.explain``."""
        CALLER.get().check("recommend", body.user)
        context = self._context(body)
        explanation = await self.pipeline(body.lang).explain(
            body.user, body.item, scene=body.scene, context=context, phrase=body.phrase
        )
        return schemas.explanation_response(explanation)

    async def question(self, body: schemas.QuestionRequest) -> schemas.AnswerResponse:
        """Returns the answer to a question about a ranking.

        Raises:
            DataError: a comparison without a second item, or as ``Pipeline.compare`` and its like.
        """
        CALLER.get().check("recommend", body.user)
        pipeline, context = self.pipeline(body.lang), self._context(body)
        if body.about == "compare":
            if body.versus is None:
                raise DataError("a comparison needs a second item; set versus")
            answer = await pipeline.compare(
                body.user, body.item, versus=body.versus, scene=body.scene, context=context
            )
        else:
            ask = pipeline.why_not if body.about == "why not" else pipeline.what_if
            answer = await ask(body.user, body.item, scene=body.scene, k=body.k, context=context)
        return schemas.answer_response(answer)

    async def record(self, body: schemas.Feedback) -> schemas.StoredEvent:
        """Stores what a person did; raises as ``Pipeline.record``."""
        CALLER.get().check("feedback", body.user)
        details = body.model_dump(exclude={"user", "item"})
        event = await self.pipeline().record(body.user or "", body.item, **details)
        for drop_answers in self._drop_answers:
            drop_answers(event.user_id)
        return schemas.stored_event(event)

    async def scenes(self, lang: Language | None = None) -> schemas.ScenesResponse:
        """Returns all scenes, and the people whom the settings propose."""
        index = self._parts.index
        scenes = [
            schemas.SceneResponse(
                name=name, label=scene.label(lang or self.lang), items=len(await index.items(name))
            )
            for name, scene in indexed_scenes(await index.scenes(), self._parts.scenes).items()
        ]
        people = tuple(each for each in self._people if each.startswith(CALLER.get().people))
        return schemas.ScenesResponse(scenes=tuple(scenes), people=people)

    async def titled(
        self, titles: Sequence[str], *, scene: str | None
    ) -> tuple[str, tuple[str, ...]]:
        """Returns the scene that has the most items of these titles, and their ids in order."""
        index, found = self._parts.index, ("", ())
        for name in [scene] if scene else await index.scenes() if titles else ():
            ids = {item.title: key for key, item in (await index.items(name)).items()}
            here = tuple(ids[title] for title in titles if title in ids)
            found = (name, here) if len(here) > len(found[1]) else found
        return found

    async def profile(
        self, user: str | None, lang: Language | None = None
    ) -> schemas.ProfileResponse:
        """Returns what is known of a person; an empty profile for an unknown id, or without one."""
        CALLER.get().check("read", user)
        profile = await self.pipeline().profile(user)
        names = await self._parts.index.scenes()
        events = Counter(event.scene for event in profile.events)
        liked = Counter(profile.items[key].scene for key in profile.liked)
        return schemas.ProfileResponse(
            user=profile.user,
            cold=profile.cold == "fully",
            scenes=tuple(
                schemas.SceneActivity(
                    name=name,
                    label=scene.label(lang or self.lang),
                    events=events[name],
                    liked=liked[name],
                )
                for name, scene in indexed_scenes(names, self._parts.scenes).items()
            ),
            liked=tuple(
                schemas.LikedItem(item=profile.items[key], weight=profile.liked[key])
                for key in list(profile.liked)[: schemas.NEWEST]
            ),
            events=profile.events[: schemas.NEWEST],
        )

    async def trace(self, impression_id: str, *, user: str | None) -> schemas.TraceResponse:
        """Returns how the slate of this ``trace.id`` came about, which was shown to ``user``.

        Raises:
            NotFoundError: there is none; or it was shown to somebody else and no operator asks.
        """
        caller, store = CALLER.get(), self._parts.store
        caller.check("read", user)
        impression = await store.impression(impression_id)
        if impression is None or not (
            caller.is_operator or (user and impression.user_id in await store.ids(user))
        ):
            raise NotFoundError(
                "no slate with id {slate!r} was shown to this person; name the person as user, and "
                "use the trace.id of a slate that was",
                slate=impression_id,
            )
        caller.check("read", impression.user_id)
        trace = _trace_type.validate_json(impression.trace)
        items: Mapping[str, Item] = {}
        if impression.scene in await self._parts.index.scenes():
            items = await self._parts.index.items(impression.scene)
        return schemas.trace_response(
            impression, trace, items=items, prompt=_prompt_text(trace.prompt)
        )

    def check_length(self, name: AnyText, text: str) -> None:
        """Checks the length of a text.

        Raises:
            DataError: it is too long.
        """
        if len(text) > self.max_message:
            raise DataError(
                "{name} has {count} characters; the limit is {most}",
                name=name,
                count=len(text),
                most=self.max_message,
            )

    async def close(self) -> None:
        """Closes the parts, once for all languages."""
        await self._pipelines[self.lang].close()

    def _make_pipeline(self, parts: Components, lang: Language) -> Pipeline:
        return Pipeline(parts, replace(self._options, lang=lang))

    def _context(self, body: schemas.ContextBody) -> Context:
        self.check_length("wish", body.wish)
        return schemas.context_of(body)


def _prompt_text(name: str | None) -> str:
    """Returns the file of a prompt; empty without one, or if the file has changed since."""
    if name is None:
        return ""
    reference, _, lang = name.partition("#")[0].rpartition(".")
    try:
        prompt = prompts.find(reference, lang=_LANGUAGE[lang], base=prompts.folder())
    except (PromptError, KeyError):
        return ""
    return prompt.path.read_text(encoding="utf-8") if prompt.id == name else ""

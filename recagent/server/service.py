"""What every face asks for, once: the straight line in two languages, and what it needs around it.

HTTP and MCP translate into these calls; they never reach the line by another way.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import anyio
from pydantic import TypeAdapter

from recagent import prompts
from recagent.domain import (
    Edits,
    Event,
    Forgotten,
    Impression,
    Item,
    Language,
    Note,
    RatingScale,
    Slate,
    Trace,
    User,
)
from recagent.errors import (
    DataError,
    ModelError,
    NotFoundError,
    PromptError,
    RecagentError,
)
from recagent.locale import LANGUAGES, AnyText
from recagent.pipeline import Options, Parts, Pipeline
from recagent.ports import EventStore
from recagent.scenes.identification import indexed_scenes
from recagent.server import schemas

_LOOK = 2.0  # seconds after which it is looked whether somebody was forgotten

_LANGUAGE: Final[dict[str, Language]] = {lang: lang for lang in LANGUAGES}

logger = logging.getLogger(__name__)

_trace = TypeAdapter(Trace)


class Service:
    """One recommender for many callers; its methods may run concurrently.

    Args:
        parts: of the line.
        options: of the line; their language is that of requests which name none.
        max_message: characters of a wish.
        people: ids that are proposed.
    """

    def __init__(
        self,
        parts: Parts,
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
        self._lines = {lang: self._line(parts, lang) for lang in LANGUAGES}
        self._let_go: list[Callable[[], None]] = [parts.preferences.forget]
        self._forgettings = 0

    def line(self, lang: Language | None = None) -> Pipeline:
        """The line whose reasons are in ``lang``."""
        return self._lines[lang or self.lang]

    def rehearsal(self, lang: Language | None = None) -> Pipeline:
        """A line that answers as ``line`` does and stores nothing: to go through a talk again."""
        store: EventStore = _Muted(self._parts.store)
        muted = replace(self._parts, store=store)
        return self._line(muted, lang or self.lang)

    async def start(self) -> None:
        """Read what the first request would wait for.

        Raises:
            RecagentError: the index or the store cannot be used.
        """
        await self.ready()
        await self._parts.behaviour()

    def on_forgetting(self, let_go: Callable[[], None]) -> None:
        """Call this whenever somebody was forgotten: it lets go of what it holds of people."""
        self._let_go.append(let_go)

    async def look(self) -> int:
        """See whether somebody was forgotten, by whatever process, and let go of what is in memory.

        Returns:
            how often somebody was forgotten so far.

        Raises:
            DataError: the store failed.
        """
        count = await self._parts.store.forgettings()
        if count != self._forgettings:
            self._forgettings = count
            for let_go in self._let_go:
                let_go()
        return count

    async def watch(self) -> None:
        """``look`` again and again, so that memory is cleared though nobody asks for anything."""
        while True:
            await anyio.sleep(_LOOK)
            try:
                await self.look()
            except RecagentError as error:
                logger.warning("cannot see whether somebody was forgotten: %s", error)

    async def warm(self) -> None:
        """Load a model that ranks, so that the first slate need not wait; a failure is logged."""
        weighed = self._parts.head is not None or self._options.language_weight > 0
        if self._parts.ranker is None or not weighed:
            return
        try:
            await self._parts.ranker.start()
        except ModelError as error:
            logger.warning("slates go without the model: %s", error)

    async def ready(self) -> None:
        """See that the index and the store answer.

        Raises:
            DataError: the store does not, or nothing is indexed.
            RetrievalError: the index does not.
        """
        names = await self._parts.index.scenes()
        if not names:
            raise DataError("no scene is indexed; run 'recagent index' with a catalogue first")
        await self._parts.store.user("")

    async def recommend(self, ask: schemas.RecommendRequest) -> schemas.SlateResponse:
        """The slate that is asked for; raises as ``Pipeline.recommend``."""
        self.check_length("wish", ask.wish)
        slate = await self.line(ask.lang).recommend(
            ask.user,
            scene=ask.scene,
            k=ask.k,
            context=schemas.context_of(ask),
            task=ask.task,
        )
        return await self.shown(slate, ask.lang)

    async def shown(self, slate: Slate, lang: Language | None) -> schemas.SlateResponse:
        """A slate with its reasons in ``lang``."""
        why = await self.line(lang).reasons(slate)
        return schemas.slate_response(slate, why, lang=lang or self.lang)

    async def explain(self, ask: schemas.ExplainRequest) -> schemas.ExplanationResponse:
        """Why an item would be recommended; raises as ``Pipeline.explain``."""
        self.check_length("wish", ask.wish)
        why = await self.line(ask.lang).explain(
            ask.user,
            ask.item,
            scene=ask.scene,
            context=schemas.context_of(ask),
            phrase=ask.phrase,
        )
        return schemas.explanation_response(why)

    async def question(self, ask: schemas.QuestionRequest) -> schemas.AnswerResponse:
        """The answer to a question about a ranking.

        Raises:
            DataError: a comparison with nothing, or as ``Pipeline.compare`` and its like.
        """
        self.check_length("wish", ask.wish)
        line, context = self.line(ask.lang), schemas.context_of(ask)
        match ask.about:
            case "compare":
                if ask.versus is None:
                    raise DataError("a comparison needs another item; name it as versus")
                found = await line.compare(
                    ask.user, ask.item, versus=ask.versus, scene=ask.scene, context=context
                )
            case "why not":
                found = await line.why_not(
                    ask.user, ask.item, scene=ask.scene, k=ask.k, context=context
                )
            case "what if":
                found = await line.what_if(
                    ask.user, ask.item, scene=ask.scene, k=ask.k, context=context
                )
        return schemas.answer_response(found)

    async def record(self, said: schemas.Feedback) -> schemas.StoredEvent:
        """Store what a person did; raises as ``Pipeline.record``."""
        event = await self.line().record(
            said.user,
            said.item,
            kind=said.kind,
            value=said.value,
            scene=said.scene,
            at=said.at,
            impression=said.impression,
        )
        return schemas.StoredEvent(
            user=event.user_id,
            item=event.item_id,
            scene=event.scene,
            kind=event.kind,
            value=event.value,
            at=event.at,
            impression=event.impression,
        )

    async def scenes(self, lang: Language | None = None) -> schemas.ScenesResponse:
        """All scenes, and the people whom the settings propose."""
        index = self._parts.index
        known = indexed_scenes(await index.scenes(), self._parts.scenes)
        return schemas.ScenesResponse(
            scenes=tuple(
                [
                    schemas.scene_response(
                        scene, items=len(await index.items(name)), lang=lang or self.lang
                    )
                    for name, scene in known.items()
                ]
            ),
            people=self._people,
        )

    async def profile(self, user: str, lang: Language | None = None) -> schemas.ProfileResponse:
        """What is known of a person; empty for one that nobody knows."""
        known = await self.line().profile(user)
        names = await self._parts.index.scenes()
        events = Counter(event.scene for event in known.events)
        liked = Counter(known.items[key].scene for key in known.liked)
        return schemas.ProfileResponse(
            user=known.user,
            cold=known.cold == "fully",
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
                schemas.LikedItem(item=known.items[key], weight=known.liked[key])
                for key in list(known.liked)[: schemas.NEWEST]
            ),
            events=known.events[: schemas.NEWEST],
        )

    async def trace(self, impression_id: str) -> schemas.TraceResponse:
        """How the slate of this ``trace.id`` came about.

        Raises:
            NotFoundError: there is none.
        """
        kept = await self._parts.store.impression(impression_id)
        if kept is None:
            raise NotFoundError(
                "no slate {slate!r} was shown; take trace.id of one", slate=impression_id
            )
        trace = _trace.validate_json(kept.trace)
        items: Mapping[str, Item] = {}
        if kept.scene in await self._parts.index.scenes():
            items = await self._parts.index.items(kept.scene)
        return schemas.trace_response(
            kept, trace, items=items, prompt=self._prompt_text(trace.prompt)
        )

    def check_length(self, name: AnyText, text: str) -> None:
        """Refuse a text that is too long.

        Raises:
            DataError: it is.
        """
        if len(text) > self.max_message:
            raise DataError(
                "{name} has {count} characters; {most} are the most",
                name=name,
                count=len(text),
                most=self.max_message,
            )

    async def close(self) -> None:
        """Close the parts, once for all languages."""
        await self._lines[self.lang].close()

    def _line(self, parts: Parts, lang: Language) -> Pipeline:
        return Pipeline(parts, replace(self._options, lang=lang))

    def _prompt_text(self, name: str | None) -> str:
        """The file of a prompt; empty without one, or where it is no longer what it was."""
        if name is None:
            return ""
        reference, _, lang = name.partition("#")[0].rpartition(".")
        try:
            prompt = prompts.find(reference, lang=_LANGUAGE[lang], base=prompts.folder())
        except (PromptError, KeyError):
            return ""
        return prompt.path.read_text(encoding="utf-8") if prompt.id == name else ""


class _Muted:
    """A store that is read and never written to; what would be written is taken as done."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.user, self.events, self.person = store.user, store.events, store.person
        self.seen, self.count, self.impression = store.seen, store.count, store.impression
        self.impressions, self.origins = store.impressions, store.origins
        self.ids, self.notes = store.ids, store.notes
        self.scale = store.scale

    async def keep_scale(self, scale: RatingScale) -> None:
        """Not kept."""

    async def add_users(self, users: Iterable[User]) -> int:
        return len(list(users))

    async def add_events(self, events: Iterable[Event], *, origin: str = "") -> int:  # noqa: ARG002
        return len(list(events))

    async def remove_events(self, origins: Collection[str]) -> int:  # noqa: ARG002
        return 0

    async def edit(self, user_id: str, edits: Edits) -> None:
        """Not kept."""

    async def link(self, user_id: str, *, other: str) -> None:
        """Not kept."""

    async def forget(self, user_id: str) -> Forgotten:
        return Forgotten(ids=(user_id,), events=0, impressions=0)

    async def forgettings(self) -> int:
        return await self._store.forgettings()

    async def add_note(self, user_id: str, note: Note) -> None:
        """Not kept."""

    async def add_impression(self, impression: Impression) -> None:
        """Not kept."""

    async def events_stamp(self) -> str:
        return await self._store.events_stamp()

    def all_events(self) -> AsyncIterator[Sequence[Event]]:
        return self._store.all_events()

    async def close(self) -> None:
        """The store is another's."""

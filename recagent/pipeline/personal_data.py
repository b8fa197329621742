"""What a person may do with their own profile: change it, link ids, take it away, delete it all.

Reading it is ``Pipeline.profile``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio
from anyio import to_thread

from recagent import prompts
from recagent.domain import Edits, Forgotten, Item, Note, Profile, User, person_id
from recagent.errors import ConfigError, DataError
from recagent.llm.cached_model import request_key, roles_and_contents
from recagent.llm.retry import RetryBudget
from recagent.pipeline.components import Components, Options
from recagent.pipeline.deadline import Deadline
from recagent.ports import ChatModel
from recagent.profiles.export import ProfileExport, edits_from_export, merged_edits, profile_export
from recagent.prompts import Prompt
from recagent.ranking import HISTORY


class PersonalData:
    """Changes of what is kept of people. Its methods may run concurrently."""

    def __init__(
        self, parts: Components, options: Options, *, profile: Callable[[str], Awaitable[Profile]]
    ) -> None:
        """Works on the parts' store; ``profile`` reads a profile with its tags."""
        self._parts = parts
        self._options = options
        self._profile = profile

    async def edit(self, user_id: str, edits: Edits) -> Profile:
        """Change a profile, and give it back; what was changed before and is not named stays.

        Raises:
            DataError: an empty user id or name, or a weight that is not from 0 to 1.
        """
        store = self._parts.store
        if not person_id(user_id):
            raise DataError("a profile needs a user id")
        user = await store.user(user_id) or User(id=user_id)
        await store.edit(user_id, merged_edits(user.edits, edits))
        return await self._profile(user_id)

    async def undo(self, user_id: str) -> Profile:
        """Take back all changes; the profile is again what is declared and inferred."""
        await self._parts.store.edit(user_id, Edits())
        return await self._profile(user_id)

    async def link(self, user_id: str, *, other: str) -> tuple[str, ...]:
        """Make two ids one person; all ids of that person, the one that names them first.

        Raises:
            DataError: an id is empty, or a word such as ``anonymous``.
        """
        if any(each and not person_id(each) for each in (user_id, other)):
            raise DataError("a profile needs a user id")
        await self._parts.store.link(user_id, other=other)
        return await self._parts.store.ids(user_id)

    async def forget(self, user_id: str) -> Forgotten:
        """Delete all that is kept of a person: declarations, changes, events, impressions, links.

        Replies of the model are forgotten too, everybody's: whose they are is not known.
        What others' slates rest on is counted anew when the process starts, or by a fit.
        """
        deleted = await self._parts.store.forget(user_id)
        if self._parts.replies is not None:
            await to_thread.run_sync(self._parts.replies.clear)
        self._parts.preferences.forget()
        await self._parts.behaviour.forget()
        return deleted

    async def passport(self, user_id: str, *, with_id: bool = False) -> ProfileExport:
        """The person's taste passport; ``with_id``: whether it names them."""
        index = self._parts.index
        ids = {key for scene in await index.scenes() for key in await index.items(scene)}
        return profile_export(await self._profile(user_id), items=ids, with_id=with_id)

    async def admit(self, user_id: str, passport: ProfileExport) -> Profile:
        """Take a passport's declarations and tags as the person's own word; their profile then."""
        return await self.edit(user_id, edits_from_export(passport))

    async def notes(self, user_id: str) -> Sequence[Note]:
        """The model's kept words on what the person likes in each scene, where they still hold."""
        return await self._current(user_id, self._wanted(await self._profile(user_id)))

    async def take_notes(self, user_id: str) -> Sequence[Note]:
        """``notes``, and the model is asked for those that are missing or out of date.

        Raises:
            ConfigError: there is no model.
            ModelError: it gave no usable answer in time.
        """
        if not self._parts.models:
            raise ConfigError("no language model is set to write a preference; set [model]")
        model, deadline = self._parts.models[0], Deadline(self._options.deadline)
        wanted = self._wanted(await self._profile(user_id))
        noted_scenes = {note.scene for note in await self._current(user_id, wanted)}
        for each in wanted:
            if each.scene not in noted_scenes:
                text = await self._written(model, each, deadline)
                note = Note(scene=each.scene, text=text, model=model.name, made_from=each.made_from)
                await self._parts.store.add_note(user_id, note)
        return await self._current(user_id, wanted)

    async def _current(self, user_id: str, wanted: Sequence[_Wanted]) -> Sequence[Note]:
        """The kept notes that are what would be asked for now."""
        current = {(each.scene, each.made_from) for each in wanted}
        notes = await self._parts.store.notes(user_id)
        return [note for note in notes if (note.scene, note.made_from) in current]

    async def _written(self, model: ChatModel, wanted: _Wanted, deadline: Deadline) -> str:
        budget = RetryBudget(self._options.attempts, window=self._parts.window)
        began = anyio.current_time()
        await model.start()
        deadline.extend(anyio.current_time() - began)
        try:
            with anyio.fail_after(deadline.left()):
                preference = await self._parts.preferences(
                    model, wanted.prompt, inputs=wanted.inputs, budget=budget
                )
        except TimeoutError as error:
            raise deadline.missed() from error
        return preference.text

    def _wanted(self, profile: Profile) -> list[_Wanted]:
        """What would be asked of each scene in which the person likes something."""
        prompt = prompts.load("preference", "extract", lang=self._options.lang)
        by_scene: dict[str, list[Item]] = {}
        for item_id in profile.liked:
            item = profile.items[item_id]
            by_scene.setdefault(item.scene, []).append(item)
        wanted: list[_Wanted] = []
        for scene, items in sorted(by_scene.items()):
            newest_last = items[:HISTORY][::-1]
            inputs: dict[str, object] = {"interests": profile.user.tags, "liked": newest_last}
            made_from = request_key([prompt.id, roles_and_contents(prompt.chat(**inputs))])
            wanted.append(_Wanted(scene=scene, prompt=prompt, inputs=inputs, made_from=made_from))
        return wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A note that could be asked for; ``made_from``: fingerprint of the question."""

    scene: str
    prompt: Prompt
    inputs: dict[str, object]
    made_from: str

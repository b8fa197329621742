"""The agent's tools: each carries out one kind of step and says what came of it.

Nothing here reads a person's words; steps have been typed and checked before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from recagent.chat.conversation import Conversation, ShownSlate
from recagent.chat.looking import differences, found_by
from recagent.chat.questions import best_question
from recagent.chat.remarks import forgotten, remarks_on, set_aside, shown_want, texts, usual
from recagent.chat.said import Noted, Question, Said, Shown, Words
from recagent.chat.scarcity import relaxations
from recagent.chat.situation import Situation, Surroundings
from recagent.chat.steps import (
    Change,
    ChangeScene,
    Compare,
    Explain,
    Forget,
    ListWants,
    Recommend,
    Record,
    Remember,
    Search,
    Step,
    TakeBack,
    Tell,
    WhyNot,
)
from recagent.chat.wording import clauses, listed, say, sentences, told
from recagent.constraints import satisfies
from recagent.prompts import caption
from recagent.recommender import StraightLine
from recagent.types import (
    Constraint,
    Context,
    Explanation,
    Item,
    Language,
    Slate,
    User,
)

_FOUND = 5  # items that a search lists
_SCENES = 3  # that are named
_EVEN = 1.05  # the first of a slate is so much more probable than the last, or the slate is even


class Tools:
    """Carries out the steps of one turn of a conversation."""

    def __init__(
        self,
        line: StraightLine,
        surroundings: Surroundings,
        conversation: Conversation,
        *,
        lang: Language,
        k: int,
    ) -> None:
        self._line = line
        self._surroundings = surroundings
        self._conversation = conversation
        self._lang: Language = lang
        self._k = k

    async def carry_out(self, step: Step) -> AsyncIterator[Said]:  # noqa: C901 - one arm a tool
        """What a step says, in order."""
        match step:
            case Recommend():
                said = self._recommend(step)
            case Change():
                said = self._change(step)
            case Explain():
                said = self._explain(step.item)
            case Compare():
                said = self._compare(step.first, step.second)
            case WhyNot():
                said = self._why_not(step.item)
            case Search():
                said = self._search(step.words)
            case ChangeScene():
                said = self._change_scene(step.name)
            case Record():
                said = self._record(step)
            case Remember():
                said = self._remember(step.tag)
            case Forget():
                said = self._forget(step.words)
            case TakeBack():
                said = self._take_back()
            case ListWants():
                said = self._list()
            case Tell():
                said = self._tell(step)
        async for each in said:
            yield each

    async def _recommend(self, step: Recommend) -> AsyncIterator[Said]:
        situation = await self._situation()
        slate, again = await self._slate(situation)
        if not slate.entries:
            yield Words(text=await self._scarce(situation, slate.user_id))
            return
        remarks: list[str] = []
        if again:
            remarks.append(self._say("shown before"))
        elif len(slate.entries) < self._k:
            remarks.append(self._say("few left", n=str(len(slate.entries))))
        if remarks:
            yield Words(text=self._joined(remarks))
        explanations = tuple(await self._line.reasons(slate))
        ids = tuple(entry.item.id for entry in slate.entries)
        self._conversation.scene = slate.scene.name
        self._conversation.remember_slate(
            ShownSlate(scene=slate.scene.name, impression=slate.trace.id, item_ids=ids)
        )
        yield Shown(slate=slate, explanations=explanations)
        if step.asking and _is_worth_asking(slate):
            question = await self._question(situation)
            if question is not None:
                yield question

    async def _slate(self, situation: Situation) -> tuple[Slate, bool]:
        """The next slate, and whether it had to begin again with what was shown before."""
        context = self._context(situation)
        shown = self._conversation.shown_in(situation.scene.name)
        fresh = Constraint(attribute="id", operator="is not", value=shown)
        slate = await self._recommended(
            situation, replace(context, constraints=(*context.constraints, fresh))
        )
        if slate.entries or not shown:
            return slate, False
        return await self._recommended(situation, context), True

    async def _recommended(self, situation: Situation, context: Context) -> Slate:
        return await self._line.recommend(
            self._conversation.user_id, scene=situation.scene.name, k=self._k, context=context
        )

    def _context(self, situation: Situation) -> Context:
        """What is in force, as far as the scene's items can tell it."""
        wants = self._conversation.wants
        # The wish is quoted in reasons, so of the values only what the person named goes into it.
        named = [
            text
            for each in (*wants.constraints, *wants.preferences)
            for text in texts(each.value)
            if each.operator == "is" and text.casefold() in each.words.casefold()
        ]
        return Context(
            wish=" ".join(dict.fromkeys([*wants.wishes, *named])),
            constraints=tuple(filter(situation.tells, wants.constraints)),
            preferences=tuple(filter(situation.tells, wants.preferences)),
        )

    async def _scarce(self, situation: Situation, user_id: str) -> str:
        """Why nothing is left, and what taken back would help."""
        constraints = self._context(situation).constraints
        scene = situation.scene.label(self._lang)
        if not constraints:
            return self._say("none unseen", scene=scene)
        barred = await self._line.barred(user_id, scene=situation.scene.name)
        able = [item for key, item in situation.here.items() if key not in barred]
        found = relaxations(able, constraints)
        parts = [self._say("nothing left", scene=scene)]
        for constraint, count in found:
            what = constraint.words or told(constraint, lang=self._lang)
            parts.append(self._say("take back", what=what, n=str(count)))
        parts += [] if found else [self._say("take back all")]
        parts += self._elsewhere(situation, constraints)
        return self._joined(parts)

    def _elsewhere(self, situation: Situation, constraints: tuple[Constraint, ...]) -> list[str]:
        """Scenes that have what no item of this one has."""
        parts: list[str] = []
        for each in constraints:
            if each.operator != "is" or any(
                satisfies(item, each) for item in situation.here.values()
            ):
                continue
            held = {
                name: sum(satisfies(item, each) for item in items.values())
                for name, items in situation.items.items()
            }
            most_first = sorted(filter(held.get, held), key=lambda name: -held[name])
            scenes = [situation.scenes[name].label(self._lang) for name in most_first]
            if scenes:
                what = told(each, lang=self._lang)
                names = listed(scenes[:_SCENES], lang=self._lang)
                parts.append(self._say("elsewhere", what=what, scenes=names))
        return parts

    async def _question(self, situation: Situation) -> Question | None:
        wants, name = self._conversation.wants, situation.scene.name
        barred = await self._line.barred(
            self._conversation.user_id, scene=name, context=self._context(situation)
        )
        items = [item for key, item in situation.here.items() if key not in barred]
        asked = {
            key.split("/", 1)[1] for key in self._conversation.asked if key.startswith(f"{name}/")
        }
        if asked:
            return None  # one good question a scene; more would be a form to fill in
        settled = {each.attribute for each in (*wants.constraints, *wants.preferences)}
        behaviour = await self._line.parts.behaviour()
        question = best_question(
            items, likes=behaviour.likes, vocabulary=situation.vocabulary, not_about=settled
        )
        if question is None:
            return None
        self._conversation.waiting = question
        self._conversation.asked = (*self._conversation.asked, f"{name}/{question.attribute}")
        attribute = question.attribute.replace("_", " ")
        return Question(text=self._say("ask", attribute=attribute), options=question.options)

    async def _change(self, step: Change) -> AsyncIterator[Said]:
        situation = await self._situation()
        wants, before = step.wants, self._conversation.wants
        remarks: list[str] = []
        if step.surprise:
            away = usual(await self._line.profile(self._conversation.user_id), situation)
            remarks.append(
                self._say("unusual", what=told(away, lang=self._lang)) if away
                else self._say("no usual")
            )  # fmt: skip
            if away:
                wants = replace(wants, preferences=(away,), wishes=())
        self._conversation.want(wants)
        remarks = [
            *remarks_on(
                before,
                step.wants,
                situation=situation,
                unclear=step.unclear,
                lang=self._lang,
            ),
            *remarks,
        ]
        if remarks:
            yield Words(text=self._joined(remarks))
        yield self._noted(tuple(words for words, _ in step.unclear))

    async def _explain(self, item: Item) -> AsyncIterator[Said]:
        situation = await self._situation()
        why = await self._why(item, situation)
        self._conversation.focus = item.id
        yield Words(
            text=self._say("why", title=caption(item), reasons=self._reasons(why)),
            explanations=(why,),
        )

    async def _compare(self, first: Item, second: Item) -> AsyncIterator[Said]:
        situation = await self._situation()
        parts = differences(first, second, lang=self._lang)
        whys = [await self._why(item, situation) for item in (first, second)]
        for item, why in zip((first, second), whys, strict=True):
            parts.append(self._say("why", title=caption(item), reasons=self._reasons(why)))
        yield Words(text=self._joined(parts), explanations=tuple(whys))

    async def _why_not(self, item: Item) -> AsyncIterator[Said]:
        situation = await self._situation()
        self._conversation.focus = item.id
        title = caption(item)
        constraints = self._context(situation).constraints
        broken = [each for each in constraints if not satisfies(item, each)]
        profile = await self._line.profile(self._conversation.user_id)
        if any(event.item_id == item.id for event in profile.events):
            yield Words(text=self._say("why not seen", title=title))
        elif broken:
            what = listed(
                [shown_want((each,), lang=self._lang) for each in broken], lang=self._lang
            )
            yield Words(text=self._say("why not breaks", title=title, what=what))
        elif item.id in self._conversation.shown_in(item.scene):
            yield Words(text=self._say("why not shown", title=title))
        elif item.id in await self._line.barred(profile.user.id, scene=item.scene):
            scene = situation.scenes[item.scene].label(self._lang)
            yield Words(text=self._say("why not rule", title=title, scene=scene))
        else:
            why = await self._why(item, situation)
            reasons = self._reasons(why)
            yield Words(
                text=self._say("why not lower", title=title, reasons=reasons), explanations=(why,)
            )

    async def _search(self, words: str) -> AsyncIterator[Said]:
        situation = await self._situation()
        kept, others = found_by(
            words, situation=situation, constraints=self._context(situation).constraints
        )
        parts: list[str] = []
        if kept:
            named = [f"{at}. {caption(item)}" for at, item in enumerate(kept[:_FOUND], start=1)]
            ids = tuple(item.id for item in kept[:_FOUND])
            self._conversation.remember_slate(
                ShownSlate(scene=situation.scene.name, impression="", item_ids=ids)
            )
            parts.append(self._say("found", what=listed(named, lang=self._lang)))
        if others:
            key = "left out" if kept else "all left out"
            parts.append(self._say(key, n=str(others), words=words))
        yield Words(text=self._joined(parts or [self._say("not found", words=words)]))

    async def _change_scene(self, name: str) -> AsyncIterator[Said]:
        situation = await self._situation()
        label = situation.scenes[name].label(self._lang)
        if name == situation.scene.name:
            yield Words(text=self._say("same scene", scene=label))
            return
        self._conversation.scene = name
        self._conversation.waiting = None
        there = await self._situation()
        resting = set_aside(self._conversation.wants, situation=there, lang=self._lang)
        yield Words(text=self._joined([self._say("scene", scene=label), *resting]))

    async def _record(self, step: Record) -> AsyncIterator[Said]:
        slate = next(
            (each for each in reversed(self._conversation.shown) if step.item.id in each.item_ids),
            None,
        )
        await self._line.record(
            self._conversation.user_id,
            step.item.id,
            kind=step.kind,
            scene=step.item.scene,
            impression=slate.impression if slate else "",
        )
        self._conversation.focus = step.item.id
        if step.kind == "like":
            self._conversation.liked = (*self._conversation.liked, step.item.id)
            yield Words(text=self._say("liked", title=caption(step.item)))
        else:
            self._conversation.disliked = (*self._conversation.disliked, step.item.id)
            yield Words(text=self._say("disliked", title=caption(step.item)))

    async def _remember(self, tag: str) -> AsyncIterator[Said]:
        user = await self._user()
        if tag not in user.tags:
            await self._line.parts.store.add_users([replace(user, tags=(*user.tags, tag))])
        yield Words(text=self._say("remembered", what=tag))

    async def _forget(self, words: str) -> AsyncIterator[Said]:
        wants = self._conversation.wants
        kept = forgotten(words, wants, situation=await self._situation())
        user = await self._user()
        tags = [tag for tag in user.tags if tag.casefold() == words.casefold()]
        if kept != wants:
            self._conversation.want(kept)
            yield Words(text=self._say("forgotten", now=self._in_force()))
            yield self._noted()
        elif tags:
            kept = tuple(tag for tag in user.tags if tag not in tags)
            await self._line.parts.store.add_users([replace(user, tags=kept)])
            yield Words(text=self._say("forgotten tag", what=listed(tags, lang=self._lang)))
        else:
            yield Words(text=self._say("not in force", words=words, now=self._in_force()))

    async def _take_back(self) -> AsyncIterator[Said]:
        if self._conversation.take_back():
            yield Words(text=self._say("undone", now=self._in_force()))
            yield self._noted()
        else:
            yield Words(text=self._say("nothing to undo"))

    async def _list(self) -> AsyncIterator[Said]:
        yield Words(text=self._in_force())
        yield self._noted()

    async def _tell(self, step: Tell) -> AsyncIterator[Said]:
        facts = dict(step.facts)
        if step.key == "unknown scene":
            situation = await self._situation()
            labels = [scene.label(self._lang) for scene in situation.scenes.values()]
            facts["scenes"] = listed(labels, lang=self._lang)
        yield Words(text=self._say(step.key, **facts))

    async def _situation(self) -> Situation:
        return await self._surroundings.of(self._conversation)

    async def _user(self) -> User:
        user_id = self._conversation.user_id
        return await self._line.parts.store.user(user_id) or User(id=user_id)

    async def _why(self, item: Item, situation: Situation) -> Explanation:
        return await self._line.explain(
            self._conversation.user_id, item.id, scene=item.scene, context=self._context(situation)
        )

    def _reasons(self, why: Explanation) -> str:
        said = self._joined([claim.text for claim in why.claims])
        return self._joined([said or self._say("no reasons"), why.notice])

    def _noted(self, not_understood: tuple[str, ...] = ()) -> Noted:
        wants = self._conversation.wants
        return Noted(
            constraints=wants.constraints,
            preferences=wants.preferences,
            wish=" ".join(wants.wishes),
            not_understood=not_understood,
        )

    def _in_force(self) -> str:
        wants = self._conversation.wants.listed
        if not wants:
            return self._say("nothing in force")
        numbered = [
            f"{at}. {shown_want(each, lang=self._lang)}" for at, each in enumerate(wants, start=1)
        ]
        return self._say("list", what=clauses(numbered, lang=self._lang))

    def _say(self, key: str, **facts: str) -> str:
        return say(key, self._lang, **facts)

    def _joined(self, parts: list[str]) -> str:
        return sentences(parts, lang=self._lang)


def _is_worth_asking(slate: Slate) -> bool:
    """Whether nothing is known of the person, or the slate is nearly even."""
    first, last = slate.entries[0].probability, slate.entries[-1].probability
    return slate.trace.cold == "fully" or first < _EVEN * last

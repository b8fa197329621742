"""One turn's talk: the line, the conversation, and what the agent's tools all need of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from recagent.chat.conversation import SCENE, Conversation, Wants
from recagent.chat.remarks import shown_want, texts
from recagent.chat.said import Noted
from recagent.chat.situation import Items, Situation, Surroundings
from recagent.chat.wording import POPULARITY, clauses, say, sentences
from recagent.domain import Answer, Constraint, Context, Explanation, Item, Language
from recagent.domain.comparing import names
from recagent.pipeline import Pipeline

_MOST_POPULAR = 500  # items that something popular is chosen from, and something else is not
MOST_TOLD = 12  # turns that a language model reads of a conversation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TurnContext:
    """What a tool works with.

    Attributes:
        line: within the deadline of the turn.
        surroundings: make its situations.
        conversation: that the turn belongs to.
        lang: of what is said.
        k: slate length.
        has_list: whether the turn shows one, which then has the turn's one ranking by a model.
    """

    line: Pipeline
    surroundings: Surroundings
    conversation: Conversation
    lang: Language
    k: int
    has_list: bool = False

    @property
    def chooser(self) -> Pipeline:
        """The line that chooses: not by the person's own taste while it is for somebody else."""
        return self.line.for_another() if self.conversation.wants.whom else self.line

    @property
    def answerer(self) -> Pipeline:
        """The line that answers about the ranking; the ranking model is kept for the list."""
        return self.chooser.ranking_at_most(0) if self.has_list else self.chooser

    async def situation(self) -> Situation:
        """Where the conversation stands now."""
        return await self.surroundings.of(self.conversation, line=self.line)

    def context(
        self, situation: Situation, *, tells: Callable[[Constraint], bool] | None = None
    ) -> Context:
        """What is in force, as far as the scene's items can tell it, or as ``tells`` has it."""
        return self._context(self.conversation.wants, situation, tells or situation.tells)

    def _context(
        self,
        wants: Wants,
        situation: Situation,
        tells: Callable[[Constraint], bool],
        *,
        scene: str = "",
    ) -> Context:
        items = situation.items[scene] if scene else situation.here
        wants = replace(
            wants, constraints=tuple(each for each in wants.constraints if each.attribute != SCENE)
        )
        # The wish is quoted in reasons, so of the values only what the person named goes into it.
        # Preferences have a weight of their own: what a wish names comes before everything else.
        named = [
            text
            for each in wants.constraints
            for text in texts(each.value)
            if each.operator == "is" and text.casefold() in each.words.casefold()
        ]
        return Context(
            wish=" ".join(wants.wishes or dict.fromkeys(named)),
            titles=wants.titles,
            constraints=tuple(
                each
                for told in filter(tells, wants.constraints)
                for each in (_checkable(told, situation, items), *_word_bans(told))
            ),
            preferences=tuple(
                _checkable(told, situation, items) for told in filter(tells, wants.preferences)
            ),
            dialogue=tuple(turn.text for turn in self.conversation.turns[-MOST_TOLD:]),
        )

    def asked(self, situation: Situation, *, scene: str) -> Context:
        """The same for a question on a scene's items: each constraint in our words.

        The answer names it in these.
        """
        wants = self.conversation.wants
        told = [replace(c, words=shown_want((c,), lang=self.lang)) for c in wants.constraints]
        wants = replace(wants, constraints=tuple(told))
        return self._context(wants, situation, situation.tells, scene=scene)

    async def why(self, item: Item, situation: Situation) -> Explanation:
        """Why an item would be recommended, with what is in force."""
        return await self.chooser.explain(
            self.conversation.user_id, item.id, scene=item.scene, context=self.context(situation)
        )

    def reasons(self, why: Explanation) -> str:
        """The sentences of an explanation, and the scene's notice where it has one."""
        said = self.joined([claim.text for claim in why.claims])
        return self.joined([said or self.say("no reasons"), why.notice])

    def told(self, answer: Answer) -> str:
        """The sentences of an answer about the ranking, its notes, and what was degraded."""
        said = self.joined([claim.text for claim in answer.claims])
        degraded = self.say("degraded", why=answer.degraded) if answer.degraded else ""
        return self.joined([said, *answer.notes, degraded, answer.notice])

    def noted(self, not_understood: tuple[str, ...] = ()) -> Noted:
        """What is in force, as a value."""
        wants = self.conversation.wants
        return Noted(
            constraints=wants.constraints,
            preferences=wants.preferences,
            wish=" ".join(wants.wishes),
            not_understood=not_understood,
        )

    def in_force(self) -> str:
        """What is in force, as a numbered sentence."""
        wants, whom = self.conversation.wants.listed, self.conversation.wants.whom
        said = [self.say("for somebody", whom=whom)] if whom else []
        if not wants:
            return self.joined([*said, self.say("nothing in force")] if not whom else said)
        numbered = [
            f"{at}. {shown_want(each, lang=self.lang)}" for at, each in enumerate(wants, start=1)
        ]
        return self.joined([*said, self.say("list", what=clauses(numbered, lang=self.lang))])

    def say(self, key: str, **facts: str) -> str:
        """A sentence of ``wording`` in the agent's language."""
        return say(key, self.lang, **facts)

    def joined(self, parts: list[str]) -> str:
        """Sentences one after the other."""
        return sentences(parts, lang=self.lang)


def _checkable(constraint: Constraint, situation: Situation, items: Items) -> Constraint:
    """A demand on popularity as one on ids, since no item has it among its attributes."""
    if constraint.attribute != POPULARITY or not isinstance(constraint.value, int | float):
        return constraint
    bound = constraint.value
    popular = sorted(items, key=lambda key: -situation.likes.get(key, 0))
    if constraint.operator == "at most":
        beyond = [key for key in popular if situation.likes.get(key, 0) > bound]
        return replace(
            constraint, attribute="id", operator="is not", value=tuple(beyond[:_MOST_POPULAR])
        )
    within = [key for key in popular if situation.likes.get(key, 0) >= bound]
    return replace(constraint, attribute="id", operator="is", value=tuple(within[:_MOST_POPULAR]))


def _word_bans(constraint: Constraint) -> list[Constraint]:
    """What a ban of a value keeps away besides: all that says the words which the person used.

    "No dice" is heard as the category Dice; what plays by *Dice Rolling*, or tells of dice, is out
    as well.
    """
    if constraint.operator != "is not" or constraint.attribute == "id":
        return []
    named = tuple(text for text in texts(constraint.value) if names(constraint.words, text))
    if not named:
        return []
    return [replace(constraint, attribute="", operator="does not mention", value=named)]

"""Backtests: everybody's past choices as questions whose answers are known.

Events are cut again and again at the last choice that is left, so that one person gives several
examples and no source has seen the answer. Reported cases must not be among the events.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Literal

from recagent.domain import Case, Context, Event, RatingScale, User
from recagent.offline.cases import make_cases
from recagent.offline.data_set import Data, Questions
from recagent.offline.examples import Example, OnProgress, RetrievalOptions, make_examples
from recagent.offline.order import stable_hash
from recagent.offline.splits import People, is_among, split
from recagent.ports import CandidateSource, Embedder, ItemIndex, Query
from recagent.profiles.building import is_liked, profile_of, without_scene
from recagent.retrieval import Factors, FactorVectors, Interactions
from recagent.scenes.transfer import TransferMap, with_transfer

BuildSources = Callable[
    [ItemIndex, Embedder, Callable[[], Awaitable[Interactions]]], Sequence[CandidateSource]
]
ReducedGroup = Literal[
    "new here", "few likes"
]  # groups that people of other groups can be reduced to

PASSES = 4
DIMENSION = 64  # of factors; the best of 64, 128 and 256 on validation people of one data set


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backtest:
    """Holds what questions about the past are put to.

    Attributes:
        data: that the questions are of.
        index: of its items.
        embedder: that the index was made with.
        half_life: of a liked item's weight.
        build_sources: makes the sources that need no fit, ``bootstrap.sources``.
        sequence: source of a model that was trained without any of the questions; None for none.
        transfer: weights of other scenes' taste; None where all weigh the same.
    """

    data: Data
    index: ItemIndex
    embedder: Embedder
    half_life: timedelta
    build_sources: BuildSources
    sequence: CandidateSource | None = None
    transfer: TransferMap | None = None

    async def query(self, case: Case, *, as_group: ReducedGroup | None = None) -> Query:
        """Returns the person as known before the choice, without the items they had met by then.

        With ``as_group`` less is known: as "new here" nothing that they had done in the case's
        scene, as "few likes" nothing but what they liked last there.
        """
        profile = await profile_of(
            case.user or User(id=case.user_id),
            case.history if as_group != "few likes" else self._last_like(case),
            index=self.index,
            embedder=self.embedder,
            scale=self.data.scale,
            half_life=self.half_life,
        )
        seen_items = frozenset(event.item_id for event in case.history if not case.item_ids)
        scene = self.data.scenes[case.scene]
        if as_group == "new here":
            profile = without_scene(profile, case.scene)
        profile = with_transfer(profile, target=case.scene, transfer=self.transfer)
        return Query(profile=profile, scene=scene, context=case_context(case), exclude=seen_items)

    def _last_like(self, case: Case) -> Sequence[Event]:
        """Returns the events on the item that the person liked last in the case's scene."""
        here = [event for event in case.history if event.scene == case.scene]
        liked = next(event.item_id for event in here if is_liked(event, self.data.scale))
        return [event for event in here if event.item_id == liked]

    async def sources(self, interactions: Interactions) -> Sequence[CandidateSource]:
        """Returns all candidate sources, with factors learned from these interactions."""

        async def load_interactions() -> Interactions:
            return interactions

        scenes = {name: await self.index.items(name) for name in await self.index.scenes()}
        factors = FactorVectors(*interactions.factorised(DIMENSION), scenes=scenes)
        return [
            *self.build_sources(self.index, self.embedder, load_interactions),
            Factors(factors),
            *([self.sequence] if self.sequence else []),
        ]


def case_context(case: Case) -> Context:
    """Returns the situation of a case: its wish, at the time of what the person did last."""
    at = case.history[0].at if case.history else None
    return Context(wish=case.wish, dialogue=case.dialogue, at=at)


def backtest_questions(
    data: Data,
    *,
    people: People = "all",
    candidates: int | Literal["all"] = "all",
    passes: int = PASSES,
    most: int = 0,
) -> list[Questions]:
    """Returns everybody's last choices, then the ones before them, and so on.

    Args:
        data: whose events may all be learned from.
        people: whose choices are asked.
        candidates: that a case names, or ``"all"``: none, they are to be retrieved.
        passes: largest number of choices of a person.
        most: largest number of people, the same ones in every pass; 0 is all.
    """
    user_ids = {event.user_id for event in data.events if is_among(event.user_id, people)}
    sample = sample_of(user_ids, most=most)
    questions: list[Questions] = []
    for _ in range(passes):
        cut = split(data, people="all")
        held_out = [case for case in cut.held_out if case.user_id in sample]
        questions.append(make_cases(data, replace(cut, held_out=held_out), candidates=candidates))
        data = replace(data, events=cut.training)
    return questions


def sample_of(user_ids: Iterable[str], *, most: int) -> set[str]:
    """Returns at most so many of these people, always the same ones; of 0 all."""
    return set(sorted(user_ids, key=partial(stable_hash, "people", 0))[: most or None])


async def backtest_examples(
    questions: Sequence[Questions],
    *,
    backtest: Backtest,
    retrieval: RetrievalOptions | None = None,
    as_group: ReducedGroup | None = None,
    on_progress: OnProgress,
) -> list[Example]:
    """Returns examples of all questions; sources count only the training events of each.

    Args:
        questions: as ``backtest_questions`` makes them.
        backtest: where they are asked.
        retrieval: how candidates are retrieved; without it the cases name them.
        as_group: hides what makes the person better known: "new here" takes those who did something
            in the case's scene and something elsewhere, "few likes" those who liked more than one
            item of the case's scene.
        on_progress: called with how many of all cases are done.
    """
    questions = [fitting(each, backtest=backtest, as_group=as_group) for each in questions]
    total = sum(len(each.cases) for each in questions)
    examples: list[Example] = []
    for each in questions:
        before = len(examples)
        examples += await make_examples(
            each.cases,
            sources=await backtest.sources(Interactions(each.training, scale=backtest.data.scale)),
            make_query=partial(backtest.query, as_group=as_group),
            index=backtest.index,
            retrieval=retrieval,
            on_progress=lambda done, _, before=before: on_progress(before + done, total),
        )
    return examples


def fitting(
    questions: Questions, *, backtest: Backtest, as_group: ReducedGroup | None
) -> Questions:
    """Returns the questions about people who can be taken for those of a group; None: all."""
    if as_group is None:
        return questions
    fits = _is_both if as_group == "new here" else partial(_likes_more, scale=backtest.data.scale)
    return replace(questions, cases=list(filter(fits, questions.cases)))


def _is_both(case: Case) -> bool:
    """Says whether the person did something in the case's scene, and something elsewhere."""
    here = [event.scene == case.scene for event in case.history]
    return any(here) and not all(here)


def _likes_more(case: Case, *, scale: RatingScale) -> bool:
    """Says whether the person liked several items of the case's scene."""
    here = (event for event in case.history if event.scene == case.scene)
    return len({event.item_id for event in here if is_liked(event, scale)}) > 1

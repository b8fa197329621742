"""Tunes an adapter on people's likes, and measures it on held-out choices."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recagent import prompts
from recagent.domain import Item, Language
from recagent.errors import DataError
from recagent.offline.backtest import backtest_questions
from recagent.offline.data_set import Data
from recagent.offline.examples import OnStage
from recagent.offline.order import stable_hash
from recagent.offline.resampling import interval
from recagent.prompts import Prompt
from recagent.training.adapters.lora import Learner, LoraSettings
from recagent.training.adapters.routes import Route
from recagent.training.adapters.training_texts import batches, training_texts
from recagent.training.adapters.tuning_choices import (
    Likes,
    TuningChoice,
    choice_ndcgs,
    likes_of,
    popularity_ndcgs,
    tuning_choices,
)
from recagent.training.head_weights import fold_of

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


CANDIDATES = 20
PASSES = 4  # choices of each person, where only those in some scenes are asked about
ASKED = 300  # choices at most
FEWEST = 20  # people of either kind, below which nothing is tried
_TEST_FOLD = 0  # of people whose choices decide


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneFigures:
    """Holds what was trained, and its quality on people whom it never saw.

    Attributes:
        people: whose likes were read.
        likes: of them.
        asked: choices of others, each of one of 20 candidates.
        popularity: mean nDCG@10 of the candidates' numbers of likes.
        before: the same of the untuned model's ranking.
        after: of the tuned one's, after each epoch; the best one is kept.
        gain: of the best over the untuned model: mean, and the ends of its 95% interval.
        over_popularity: likewise, over popularity.
        settings: of the training.
        prompt: id of the wording.
    """

    people: int
    likes: int
    asked: int
    popularity: float
    before: float
    after: tuple[float, ...]
    gain: tuple[float, float, float]
    over_popularity: tuple[float, float, float]
    settings: LoraSettings
    prompt: str

    @property
    def is_better(self) -> bool:
        """Says whether the gain over the untuned model is significantly above zero."""
        return self.gain[1] > 0


def tune(
    data: Data,
    *,
    base: Path,
    settings: LoraSettings,
    route: Route,
    lang: Language,
    to: Path,
    on_progress: OnStage,
) -> tuple[TuneFigures, Learner]:
    """Trains on likes of four fifths of the people, and tests on last choices of the others.

    Nobody's last choice is trained on: ``fit`` measures the tuned model by it afterwards. Where the
    route has targets, nobody's last four choices are trained on, and those in the targets are
    asked about.

    Args:
        data: to learn from; choices that are reported elsewhere must not be in it.
        base: weights, as ``Learner`` takes them.
        settings: of the training.
        route: where likes are read, and where choices are asked.
        lang: of the prompt.
        to: the folder where the best epoch's adapter is put, as peft saves it.
        on_progress: called with a stage, what is done of it, and its total.

    Raises:
        ConfigError: a library of the extra ``tune`` is missing.
        DataError: too few people, or too few items to choose from.
        ModelError: the weights cannot be read.
    """
    prompt = prompts.load("rerank", "likelihood", lang=lang)
    choices, likes, training_likes = _divided(data, route, prompt)
    learner = Learner(base, settings)

    def measure(stage: str) -> Floats:
        values: list[float] = []
        for value in choice_ndcgs(choices, learner):
            values.append(value)
            on_progress(stage, len(values), len(choices))
        return np.asarray(values)

    before = best = measure("untuned model")
    after: list[float] = []
    losses = train_epochs(learner, training_likes, [prompt], settings, on_progress)
    for number, loss in enumerate(losses, start=1):
        ndcgs = measure(f"after epoch {number}, {loss:.2f} nats a token")
        after.append(float(ndcgs.mean()))
        if ndcgs.mean() >= max(after):
            best = ndcgs
            learner.save(to)
    popularity = popularity_ndcgs(choices, likes)
    people = [choice.user_id for choice in choices]
    figures = TuneFigures(
        people=len(training_likes),
        likes=sum(map(len, training_likes)),
        asked=len(choices),
        popularity=float(popularity.mean()),
        before=float(before.mean()),
        after=tuple(after),
        gain=interval(best - before, people=people),
        over_popularity=interval(best - popularity, people=people),
        settings=settings,
        prompt=prompt.id,
    )
    return figures, learner


def _divided(
    data: Data, route: Route, prompt: Prompt
) -> tuple[list[TuningChoice], Likes, list[Sequence[Item]]]:
    """Returns choices of the held-out people, everybody's likes, and those to train on.

    Raises:
        DataError: too few people of either kind.
    """
    passes = 1 if route.targets is None else PASSES
    questions = backtest_questions(data, candidates=CANDIDATES, passes=passes)
    items = {item.id: item for item in data.items}
    likes = likes_of(questions[-1].training, items, data.scale)
    cases = sorted(
        (case for each in questions for case in each.cases if fold_of(case.user_id) == _TEST_FOLD),
        key=lambda case: stable_hash("tune", 0, case.user_id, case.id),
    )
    choices = tuning_choices(cases, items=items, scale=data.scale, prompt=prompt, route=route)
    choices = choices[:ASKED]
    others = {key: liked for key, liked in likes.items() if fold_of(key) != _TEST_FOLD}
    training_likes = readable_likes(others, route)
    people = {choice.user_id for choice in choices}
    if len(people) < FEWEST or len(training_likes) < FEWEST:
        raise DataError(
            "{count} people to learn from and {asked} to test on are too few (at least {fewest} "
            "each); learning needs people with two liked items, and of every five people one is "
            "for testing if five events came before the last like",
            count=len(training_likes),
            asked=len(people),
            fewest=FEWEST,
        )
    return choices, likes, training_likes


def readable_likes(likes: Likes, route: Route) -> list[Sequence[Item]]:
    """Returns the likes of each person that a route reads, of people with two or more."""
    shown = route.shown(key for key, liked in likes.items() if any(map(route.asks, liked)))
    read = (
        [item for item in liked if route.reads(item, shown=key in shown)]
        for key, liked in likes.items()
    )
    return [liked for liked in read if len(liked) > 1]


def train_epochs(
    learner: Learner,
    read: Sequence[Sequence[Item]],
    wordings: Sequence[Prompt],
    settings: LoraSettings,
    on_progress: OnStage,
) -> Iterator[float]:
    """Trains, each epoch with the next wording; yields each mean loss in nats a token."""
    chance = random.Random(settings.seed)  # noqa: S311 - not a secret
    steps = 0
    for number in range(1, settings.epochs + 1):
        epoch_texts = training_texts(
            read,
            prompt=wordings[(number - 1) % len(wordings)],
            tokenize=learner.tokens,
            window=settings.window,
            left_out=settings.left_out,
            chance=chance,
        )
        parts = batches([*epoch_texts], size=settings.batch, chance=chance)
        steps = steps or len(parts) * settings.epochs
        losses: list[float] = []
        for batch in parts:
            losses.append(learner.step(batch, steps=steps))
            on_progress(f"epoch {number}", len(losses), len(parts))
        yield float(np.mean(losses))

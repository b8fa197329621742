"""From events to an adapter that is worth having, or to the news that there is none.

How it learns is ``lora``, from what is ``texts``; what is asked is ``asked``. Where its files go,
and that they are used from then on, is the caller's business.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recagent import prompts
from recagent.domain import Item, Language
from recagent.errors import DataError
from recagent.offline.models import Data
from recagent.offline.order import hashed
from recagent.offline.resampling import interval
from recagent.prompts import Prompt
from recagent.training.adapters.asked import Likes, choices_of, gains, likes_of, popularity
from recagent.training.adapters.lora import Learner, LoraSettings
from recagent.training.adapters.routes import Route
from recagent.training.adapters.texts import batches, texts
from recagent.training.backtest import past
from recagent.training.fitting import fold

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


OnProgress = Callable[[str, int, int | None], None]

CANDIDATES = 20
PASSES = 4  # choices of each person, where only those in some scenes are asked about
ASKED = 300  # choices at most
FEWEST = 20  # people of either kind, below which nothing is tried
_HELD_APART = 0  # the fold of people whose choices decide


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What was trained, and what people say of it whom it never saw.

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
        """Whether the gain over the untuned model is surely above zero."""
        return self.gain[1] > 0


def tune(
    data: Data,
    *,
    base: Path,
    settings: LoraSettings,
    route: Route,
    lang: Language,
    to: Path,
    on_progress: OnProgress,
) -> tuple[Tuned, Learner]:
    """Train on what four fifths of the people liked, and ask about the last choices of the others.

    Nobody's last choice is read: it is what ``fit`` weighs the tuned model by afterwards. Where the
    route asks in some places only, the last four choices are not, and those of them are asked
    about that lie there.

    Args:
        data: to learn from; choices that are reported elsewhere must not be in it.
        base: weights, as ``Learner`` takes them.
        settings: of the training.
        route: where likes are read, and where choices are asked.
        lang: of the prompt.
        to: the folder where the best epoch's adapter is put, as peft saves it.
        on_progress: told of stages and how far they are.

    Raises:
        ConfigError: a library of the extra ``tune`` is missing.
        DataError: too few people, or too few items to choose from.
        ModelError: the weights cannot be read.
    """
    prompt = prompts.load("rerank", "likelihood", lang=lang)
    passes = 1 if route.targets is None else PASSES
    questions = past(data, candidates=CANDIDATES, passes=passes)
    items = {item.id: item for item in data.items}
    likes = likes_of(questions[-1].training, items, data.scale)
    cases = sorted(
        (case for each in questions for case in each.cases if fold(case.user_id) == _HELD_APART),
        key=lambda case: hashed("tune", 0, case.user_id, case.id),
    )
    choices = choices_of(cases, items=items, scale=data.scale, prompt=prompt, route=route)[:ASKED]
    own = {key: liked for key, liked in likes.items() if fold(key) != _HELD_APART}
    read = read_of(own, route)
    people = [choice.user_id for choice in choices]
    if len({*people}) < FEWEST or len(read) < FEWEST:
        raise DataError(
            f"{len(read)} people to learn from and {len({*people})} to ask are too few, {FEWEST} "
            "of either are needed; one with two liked items counts, and every fifth is asked who "
            "had five events before the last liked one"
        )
    learner = Learner(base, settings)

    def asked(stage: str) -> Floats:
        found: list[float] = []
        for gain in gains(choices, learner):
            found.append(gain)
            on_progress(stage, len(found), len(choices))
        return np.asarray(found)

    before = best = asked("untuned model")
    after: list[float] = []
    for number, loss in enumerate(epochs(learner, read, [prompt], settings, on_progress), start=1):
        now = asked(f"after epoch {number}, {loss:.2f} nats a token")
        after.append(float(now.mean()))
        if now.mean() >= max(after):
            best = now
            learner.save(to)
    popular = popularity(choices, likes)
    found = Tuned(
        people=len(read),
        likes=sum(map(len, read)),
        asked=len(choices),
        popularity=float(popular.mean()),
        before=float(before.mean()),
        after=tuple(after),
        gain=interval(best - before, people=people),
        over_popularity=interval(best - popular, people=people),
        settings=settings,
        prompt=prompt.id,
    )
    return found, learner


def read_of(likes: Likes, route: Route) -> list[Sequence[Item]]:
    """What a route reads of each person, where that is two likes at least."""
    shown = route.shown(key for key, liked in likes.items() if any(map(route.asks, liked)))
    read = (
        [item for item in liked if route.reads(item, shown=key in shown)]
        for key, liked in likes.items()
    )
    return [liked for liked in read if len(liked) > 1]


def epochs(
    learner: Learner,
    read: Sequence[Sequence[Item]],
    wordings: Sequence[Prompt],
    settings: LoraSettings,
    on_progress: OnProgress,
) -> Iterator[float]:
    """Trains, each epoch in the next of the wordings; after each its mean loss in nats a token."""
    chance = random.Random(settings.seed)  # noqa: S311 - not a secret
    steps = 0
    for number in range(1, settings.epochs + 1):
        made = texts(
            read,
            prompt=wordings[(number - 1) % len(wordings)],
            tokenize=learner.tokens,
            window=settings.window,
            left_out=settings.left_out,
            chance=chance,
        )
        parts = batches([*made], size=settings.batch, chance=chance)
        steps = steps or len(parts) * settings.epochs
        losses: list[float] = []
        for batch in parts:
            losses.append(learner.step(batch, steps=steps))
            on_progress(f"epoch {number}", len(losses), len(parts))
        yield float(np.mean(losses))

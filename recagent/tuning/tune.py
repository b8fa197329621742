"""From events to an adapter that is worth having, or to the news that there is none.

How it learns is ``lora``, from what is ``texts``. Where its files go, and that they are used from
then on, is the caller's business.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recagent import prompts
from recagent.errors import DataError
from recagent.evaluation.nouns import Data, Questions
from recagent.evaluation.order import hashed
from recagent.evaluation.resampling import interval
from recagent.learning.fitting import fold
from recagent.learning.gating import ndcg
from recagent.learning.past import past
from recagent.profiles import is_liked
from recagent.prompts import Prompt, caption
from recagent.ranking import HISTORY
from recagent.tuning.lora import Learner, LoraSettings
from recagent.tuning.texts import batches, texts
from recagent.types import Case, Event, Item, Language, RatingScale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

OnProgress = Callable[[str, int, int | None], None]
Likes = Mapping[str, Sequence[Item]]  # of each person, oldest first

CANDIDATES = 20
ASKED = 300  # people at most
FEWEST = 20  # people of either kind, below which nothing is tried
_HELD_APART = 0  # the fold of people whose choices decide


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What was trained, and what people say of it whom it never saw.

    Attributes:
        people: whose likes were read.
        likes: of them.
        asked: others, who each chose one of 20 candidates.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """One of 20 candidates, by somebody whose likes are not read."""

    user_id: str
    prefix: str
    texts: tuple[str, ...]
    ids: tuple[str, ...]
    chosen: int


def tune(
    data: Data,
    *,
    base: Path,
    settings: LoraSettings,
    lang: Language,
    to: Path,
    on_progress: OnProgress,
) -> tuple[Tuned, Learner]:
    """Train on what four fifths of the people liked, and ask about the last choice of the others.

    Nobody's last choice is read: it is what ``fit`` weighs the tuned model by afterwards.

    Args:
        data: to learn from; choices that are reported elsewhere must not be in it.
        base: weights, as ``Learner`` takes them.
        settings: of the training.
        lang: of the prompt.
        to: the folder where the best epoch's adapter is put, as peft saves it.
        on_progress: told of stages and how far they are.

    Raises:
        ConfigError: a library of the extra ``tune`` is missing.
        DataError: too few people, or too few items to choose from.
        ModelError: the weights cannot be read.
    """
    prompt = prompts.load("rerank", "likelihood", lang=lang)
    (questions,) = past(data, candidates=CANDIDATES, passes=1)
    items = {item.id: item for item in data.items}
    likes = likes_of(questions.training, items, data.scale)
    choices = _choices(questions, items, data.scale, prompt)
    read = [liked for key, liked in likes.items() if fold(key) != _HELD_APART and len(liked) > 1]
    if len(choices) < FEWEST or len(read) < FEWEST:
        raise DataError(
            f"{len(read)} people to learn from and {len(choices)} to ask are too few, {FEWEST} of "
            "either are needed; one with two liked items counts, and every fifth is asked who had "
            "five events before the last liked one"
        )
    learner = Learner(base, settings)

    def asked(stage: str) -> Floats:
        gains: list[float] = []
        for choice in choices:
            said = learner.likelihoods(choice.prefix, choice.texts)
            gains.append(ndcg(np.asarray(said), choice.chosen))
            on_progress(stage, len(gains), len(choices))
        return np.asarray(gains)

    before = best = asked("untuned model")
    after: list[float] = []
    for number, loss in enumerate(_epochs(learner, read, prompt, settings, on_progress), start=1):
        now = asked(f"after epoch {number}, {loss:.2f} nats a token")
        after.append(float(now.mean()))
        if now.mean() >= max(after):
            best = now
            learner.save(to)
    people = [choice.user_id for choice in choices]
    popular = _popularity(likes, choices)
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


def _epochs(
    learner: Learner,
    read: Sequence[Sequence[Item]],
    prompt: Prompt,
    settings: LoraSettings,
    on_progress: OnProgress,
) -> Iterator[float]:
    """Trains; after each epoch its mean loss in nats a token."""
    chance = random.Random(settings.seed)  # noqa: S311 - not a secret
    steps = 0
    for number in range(1, settings.epochs + 1):
        made = texts(
            read,
            prompt=prompt,
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


def likes_of(events: Sequence[Event], items: Mapping[str, Item], scale: RatingScale) -> Likes:
    """What each person liked, each item once, in the order in which it was first liked."""
    found: dict[str, dict[str, Item]] = {}
    for event in events:
        if event.item_id in items and is_liked(event, scale):
            found.setdefault(event.user_id, {}).setdefault(event.item_id, items[event.item_id])
    return {key: list(own.values()) for key, own in found.items()}


def _choices(
    questions: Questions, items: Mapping[str, Item], scale: RatingScale, prompt: Prompt
) -> list[_Choice]:
    cases = [case for case in questions.cases if fold(case.user_id) == _HELD_APART]
    cases = sorted(cases, key=lambda case: hashed("tune", 0, case.user_id))[:ASKED]
    found: list[_Choice] = []
    for case in cases:
        (chosen,) = case.judgments
        found.append(
            _Choice(
                user_id=case.user_id,
                prefix=told(case, items, scale, prompt),
                texts=tuple(f" {caption(items[key])}\n" for key in case.item_ids),
                ids=tuple(case.item_ids),
                chosen=case.item_ids.index(chosen),
            )
        )
    return found


def told(case: Case, items: Mapping[str, Item], scale: RatingScale, prompt: Prompt) -> str:
    """The prompt about a case's person, as when serving one who declared nothing."""
    liked = likes_of(case.history[::-1], items, scale).get(case.user_id, ())
    return prompt.text(scene=case.scene, interests=(), wish="", liked=liked[-HISTORY:])


def _popularity(likes: Likes, choices: Sequence[_Choice]) -> Floats:
    counts = Counter(item.id for liked in likes.values() for item in liked)
    return np.asarray(
        [
            ndcg(np.asarray([float(counts[key]) for key in choice.ids]), choice.chosen)
            for choice in choices
        ]
    )

"""Training texts: what a person liked, in order, as a likelihood prompt writes it.

Only the captions are learned, each from those before it, as when a list is ranked.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from recagent.domain import Item
from recagent.errors import PromptError
from recagent.prompts import Prompt, caption

Tokenize = Callable[[str], Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingText:
    """Holds tokens, (n,), and the positions of those to be predicted from all before them."""

    tokens: tuple[int, ...]
    learned: tuple[int, ...]

    @property
    def length(self) -> int:
        """Returns the number of tokens."""
        return len(self.tokens)


def training_texts(
    people: Sequence[Sequence[Item]],
    *,
    prompt: Prompt,
    tokenize: Tokenize,
    window: int,
    left_out: float,
    chance: random.Random,
) -> Iterator[TrainingText]:
    """Yields everybody's likes once, cut at random into windows, each a text of its own.

    Args:
        people: what each liked, oldest first.
        prompt: of likelihood; given nothing but what was liked.
        tokenize: adds no token of its own.
        window: items in a text at most.
        left_out: share of items that are left out of their window, so that no text comes twice.
        chance: of cuts and of what is left out.

    Raises:
        PromptError: the prompt does not tell all that was liked, in order.
    """
    for liked in people:
        first = chance.randrange(window) if len(liked) > window else 0
        for start in range(first - window if first else 0, len(liked), window):
            part = liked[max(0, start) : start + window]
            sample = [item for item in part if chance.random() >= left_out]
            if len(sample) > 1:
                yield _text(sample, prompt, tokenize)


def _text(liked: Sequence[Item], prompt: Prompt, tokenize: Tokenize) -> TrainingText:
    tokens, spans = continue_prompt(liked, prompt, tokenize)
    return TrainingText(
        tokens=tokens, learned=tuple(position for span in spans for position in range(*span))
    )


def continue_prompt(
    liked: Sequence[Item], prompt: Prompt, tokenize: Tokenize
) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
    """Returns the tokens of a list of liked items, and the span of each item but the first.

    Raises:
        PromptError: the prompt does not tell all that was liked, in order.
    """
    text = _render(prompt, liked[:1])
    tokens, spans = [*tokenize(text)], list[tuple[int, int]]()
    for number in range(1, len(liked)):
        addition = f" {caption(liked[number])}\n"
        longer = _render(prompt, liked[: number + 1])
        if not longer.startswith(text + addition):
            raise PromptError(
                "prompt {prompt!r} does not list all liked items in order; fine-tune with one "
                "that does, such as 'likelihood'",
                prompt=prompt.id,
            )
        added = tokenize(addition)
        spans.append((len(tokens), len(tokens) + len(added)))
        tokens += [*added, *tokenize(longer[len(text + addition) :])]
        text = longer
    return tuple(tokens[: spans[-1][1]]), spans


def _render(prompt: Prompt, liked: Sequence[Item]) -> str:
    return prompt.text(scene="", interests=(), wish="", liked=list(liked))


class _HasLength(Protocol):
    @property
    def length(self) -> int: ...


Text = TypeVar("Text", bound=_HasLength)


def batches(texts: Sequence[Text], *, size: int, chance: random.Random) -> list[list[Text]]:
    """Shuffles texts into batches of ``size``, those of similar length together."""
    mixed = chance.sample(texts, len(texts))
    block = 8 * size
    groups: list[list[Text]] = []
    for start in range(0, len(mixed), block):
        near = sorted(mixed[start : start + block], key=lambda text: text.length)
        groups += [near[at : at + size] for at in range(0, len(near), size)]
    return chance.sample(groups, len(groups))

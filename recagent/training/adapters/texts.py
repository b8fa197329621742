"""What people liked, in order, as the texts that a likelihood prompt makes of it.

What is learned of a text is its captions alone, and each only from those before it: exactly what
is asked when a slate is ranked. No tensors here.
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
class Text:
    """Tokens, (n,), and the places of those that are to be learned from all before them."""

    tokens: tuple[int, ...]
    learned: tuple[int, ...]

    @property
    def length(self) -> int:
        """Tokens that are read."""
        return len(self.tokens)


def texts(
    people: Sequence[Sequence[Item]],
    *,
    prompt: Prompt,
    tokenize: Tokenize,
    window: int,
    left_out: float,
    chance: random.Random,
) -> Iterator[Text]:
    """Everybody's likes once, cut at random into windows, each a text of its own.

    Args:
        people: what each liked, oldest first.
        prompt: of likelihood; told of nothing but what was liked.
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
            kept = [item for item in part if chance.random() >= left_out]
            if len(kept) > 1:
                yield _text(kept, prompt, tokenize)


def _text(liked: Sequence[Item], prompt: Prompt, tokenize: Tokenize) -> Text:
    tokens, places = continued(liked, prompt, tokenize)
    return Text(tokens=tokens, learned=tuple(at for place in places for at in range(*place)))


def continued(
    liked: Sequence[Item], prompt: Prompt, tokenize: Tokenize
) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
    """Tokens of a list of liked items, and where each but the first begins and ends in them.

    Raises:
        PromptError: the prompt does not tell all that was liked, in order.
    """
    told = _told(prompt, liked[:1])
    tokens, places = [*tokenize(told)], list[tuple[int, int]]()
    for place in range(1, len(liked)):
        asked = f" {caption(liked[place])}\n"
        longer = _told(prompt, liked[: place + 1])
        if not longer.startswith(told + asked):
            raise PromptError(
                f"prompt {prompt.id!r} does not list all that was liked, in order; tune with one "
                "that does, as 'likelihood'"
            )
        own = tokenize(asked)
        places.append((len(tokens), len(tokens) + len(own)))
        tokens += [*own, *tokenize(longer[len(told + asked) :])]
        told = longer
    return tuple(tokens[: places[-1][1]]), places


def _told(prompt: Prompt, liked: Sequence[Item]) -> str:
    return prompt.text(scene="", interests=(), wish="", liked=list(liked))


class _Long(Protocol):
    @property
    def length(self) -> int: ...


_Any = TypeVar("_Any", bound=_Long)


def batches(texts: Sequence[_Any], *, size: int, chance: random.Random) -> list[list[_Any]]:
    """All texts by chance, ``size`` at a time, those of like length together."""
    mixed = chance.sample(texts, len(texts))
    shelf = 8 * size
    found: list[list[_Any]] = []
    for start in range(0, len(mixed), shelf):
        near = sorted(mixed[start : start + shelf], key=lambda text: text.length)
        found += [near[at : at + size] for at in range(0, len(near), size)]
    return chance.sample(found, len(found))

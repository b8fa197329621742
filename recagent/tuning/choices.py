"""What people liked next, each beside items that they might have liked: what a choice teaches.

The words are those of ``texts``; here every liked item is one of several that could follow. Which
of them is to be learned, and the others are drawn as in the protocol of the evaluation: from the
same scene, in proportion to popularity, none that the person met. No tensors here.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice

from recagent.prompts import Prompt, caption
from recagent.tuning.texts import Tokenize, continued
from recagent.tuning.trees import Branch, Row, Way, row
from recagent.types import Item

_KNOWN = 4  # likes before the first that is asked about, where there are so many
_TRIES = 8  # draws for each item that is wanted, before fewer are taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One item that was liked next, and its rivals.

    Attributes:
        at: where the liked item begins in the trunk.
        end: where it ends there.
        rivals: ways on from ``at`` that were not taken.
    """

    at: int
    end: int
    rivals: tuple[Branch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Several choices of one person, on one list of what they liked: ``trunk``, its tokens."""

    trunk: tuple[int, ...]
    asked: tuple[Asked, ...]

    @property
    def size(self) -> int:
        """Tokens of trunk and branches."""
        return len(self.trunk) + sum(len(b.tokens) for each in self.asked for b in each.rivals)

    def laid(self) -> tuple[Row, list[list[Way]]]:
        """As a row to read, and of each choice the ways: what was liked, then its rivals."""
        laid = row(self.trunk, [branch for each in self.asked for branch in each.rivals])
        others, groups = iter(laid.ways), list[list[Way]]()
        for each in self.asked:
            read = tuple(range(each.at - 1, each.end - 1))
            taken = Way(tokens=self.trunk[each.at : each.end], read=read)
            groups.append([taken, *islice(others, len(each.rivals))])
        return laid, groups


class Rivals:
    """Draws what else might have been liked."""

    def __init__(self, likes: Mapping[str, Sequence[Item]], *, chance: random.Random) -> None:
        """Counts likes by scene; nothing that nobody likes is ever drawn."""
        counts = Counter(item.id for liked in likes.values() for item in liked)
        items = {item.id: item for liked in likes.values() for item in liked}
        self._shelves: dict[str, tuple[list[Item], list[int]]] = {}
        for scene in dict.fromkeys(item.scene for item in items.values()):
            shelf = [item for item in items.values() if item.scene == scene]
            self._shelves[scene] = shelf, list(accumulate(counts[item.id] for item in shelf))
        self._chance = chance

    def __call__(self, scene: str, *, number: int, met: Collection[str]) -> list[Item]:
        """Up to ``number`` items of the scene, each once, in proportion to their likes."""
        shelf, weights = self._shelves[scene]
        drawn = self._chance.choices(shelf, cum_weights=weights, k=_TRIES * number)
        fresh = {item.id: item for item in drawn if item.id not in met}
        return list(fresh.values())[:number]


def choices(
    people: Sequence[Sequence[Item]],
    *,
    prompt: Prompt,
    tokenize: Tokenize,
    rivals: Rivals,
    number: int,
    size: int,
    chance: random.Random,
) -> Iterator[Choices]:
    """Everybody's likes once, each after at least the four before it, beside ``number`` rivals.

    Args:
        people: what each liked, oldest first.
        prompt: of likelihood; told of nothing but what was liked.
        tokenize: adds no token of its own.
        rivals: draws them.
        number: of rivals of each liked item; where a scene has too few, fewer.
        size: liked items that are asked about on one list, at most.
        chance: of where lists are cut.

    Raises:
        PromptError: the prompt does not tell all that was liked, in order.
    """
    for liked in people:
        met = {item.id for item in liked}
        first = chance.randrange(1, size + 1)
        starts = [1, *range(1 + first, len(liked), size)]
        for start, end in zip(starts, [*starts[1:], len(liked)], strict=True):
            known = max(0, start - _KNOWN)
            trunk, places = continued(liked[known:end], prompt, tokenize)
            asked: list[Asked] = []
            for item, (at, last) in zip(liked[start:end], places[start - known - 1 :], strict=True):
                others = rivals(item.scene, number=number, met=met)
                ways = (tokenize(f" {caption(other)}\n") for other in others)
                branches = tuple(Branch(at=at, tokens=tuple(way)) for way in ways)
                if branches:
                    asked.append(Asked(at=at, end=last, rivals=branches))
            if asked:
                yield Choices(trunk=trunk, asked=tuple(asked))

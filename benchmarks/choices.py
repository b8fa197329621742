"""What people liked next, each beside items that they might have liked: what a choice teaches.

The words are those of ``training_texts``; here every liked item is one of several that could
follow, the others drawn as in the evaluation: from the same scene, in proportion to popularity,
none that the person met. How likely each of them is to be said to be, a teacher tells. And the
learner of it, which goes on from an adapter's file; only it needs torch.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path

import numpy as np

from recagent.domain import Item
from recagent.errors import DataError
from recagent.offline.optional_libraries import optional_library
from recagent.prompts import Prompt, caption
from recagent.training.adapters.gguf import LAYERS
from recagent.training.adapters.lora import Learner
from recagent.training.adapters.token_trees import Branch, BranchReading, TokenRow, token_row
from recagent.training.adapters.training_texts import Tokenize, continue_prompt

# What was liked before, and candidates, what was liked next first: the probability of each.
Teacher = Callable[[Sequence[Item], Sequence[Item]], Sequence[float]]

Matrix = np.ndarray

_KNOWN = 4  # likes before the first that is asked about, where there are so many
# Captions' log probabilities lie many nats apart where they say little of a choice: undivided, what
# is learned is to bring them closer, not to order them.
# docs/research/tuning.md has the losses at each heat.
_HEAT = 10.0
_PLACE = re.compile(r"layers\.(\d+)\.\w+\.(\w+)\.lora_([AB])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One item that was liked next, and its rivals.

    Attributes:
        at: where the liked item begins in the trunk.
        end: where what is asked about of it ends there.
        rivals: ways on from ``at`` that were not taken.
        wanted: probability of the liked item and of each rival, as it is to be learned; sum to 1.
    """

    at: int
    end: int
    rivals: tuple[Branch, ...]
    wanted: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Several choices of one person, on one list of what they liked: ``trunk``, its tokens."""

    trunk: tuple[int, ...]
    asked: tuple[Asked, ...]

    @property
    def length(self) -> int:
        """Tokens that are read: of the trunk and of all rivals."""
        return len(self.trunk) + sum(len(b.tokens) for each in self.asked for b in each.rivals)

    def laid(self) -> tuple[TokenRow, list[list[BranchReading]]]:
        """As a row to read, and of each choice the ways: what was liked, then its rivals."""
        laid = token_row(self.trunk, [branch for each in self.asked for branch in each.rivals])
        others, groups = iter(laid.readings), list[list[BranchReading]]()
        for each in self.asked:
            read = tuple(range(each.at - 1, each.end - 1))
            taken = BranchReading(tokens=self.trunk[each.at : each.end], read=read)
            groups.append([taken, *islice(others, len(each.rivals))])
        return laid, groups


def liked_one(_: Sequence[Item], candidates: Sequence[Item]) -> list[float]:
    """The teacher that knows what was liked, and nothing else."""
    return [1.0, *[0.0] * (len(candidates) - 1)]


class Beginnings:
    """How much of a caption tells it apart from all others, in tokens; the rest teaches little."""

    def __init__(self, captions: Iterable[Sequence[int]]) -> None:
        """``captions``: tokens of every caption, each once."""
        every = [tuple(each) for each in captions]
        begin = Counter(each[:size] for each in every for size in range(1, len(each) + 1))
        self._sizes = {
            each: next((n for n in range(1, len(each)) if begin[each[:n]] == 1), len(each))
            for each in every
        }

    def __call__(self, caption: Sequence[int]) -> int:
        """Tokens of its shortest beginning that no other has; all of it if there is none."""
        return self._sizes.get(tuple(caption), len(caption))


class Rivals:
    """Draws what else might have been liked."""

    def __init__(self, likes: Mapping[str, Sequence[Item]], *, chance: random.Random) -> None:
        """Counts likes; nothing that nobody likes is ever drawn."""
        counts = Counter(item.id for liked in likes.values() for item in liked)
        items = {item.id: item for liked in likes.values() for item in liked}
        self._shelves: dict[str, list[tuple[Item, int]]] = {}
        for item in items.values():
            self._shelves.setdefault(item.scene, []).append((item, counts[item.id]))
        self._chance = chance

    def __call__(self, scene: str, *, number: int, met: Collection[str]) -> list[Item]:
        """Up to ``number`` items of the scene, each once, in proportion to their likes.

        Source: Efraimidis, Spirakis, "Weighted random sampling with a reservoir", Information
        Processing Letters 97, 2006, with logarithms: the smallest of Exp(1) / weight come first.
        """
        keys = (
            (self._chance.expovariate(likes), item)
            for item, likes in self._shelves[scene]
            if item.id not in met
        )
        return [item for _, item in nsmallest(number, keys, key=itemgetter(0))]


def choices(
    people: Sequence[Sequence[Item]],
    *,
    prompt: Prompt,
    tokenize: Tokenize,
    rivals: Rivals,
    teacher: Teacher,
    beginnings: Beginnings,
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
        teacher: is told of what the list shows before the liked item.
        beginnings: of captions: what is asked about of each.
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
            trunk, places = continue_prompt(liked[known:end], prompt, tokenize)
            asked: list[Asked] = []
            spans = zip(range(start, end), places[start - known - 1 :], strict=True)
            for place, (at, last) in spans:
                item = liked[place]
                others = rivals(item.scene, number=number, met=met)
                ways = (tuple(tokenize(f" {caption(other)}\n")) for other in others)
                branches = tuple(Branch(at=at, tokens=way[: beginnings(way)]) for way in ways)
                if branches:
                    until = at + beginnings(trunk[at:last])
                    wanted = tuple(teacher(liked[known:place], [item, *others]))
                    asked.append(Asked(at=at, end=until, rivals=branches, wanted=wanted))
            if asked:
                yield Choices(trunk=trunk, asked=tuple(asked))


class ChoiceLearner(Learner):
    """A ``Learner`` that is given what another has learned, and what people chose from."""

    def take(self, matrices: Mapping[str, Matrix], *, steps: int = 0) -> None:
        """Go on from an adapter, as ``read_gguf`` gives it.

        Args:
            matrices: of the adapter.
            steps: that it has had of those to come, so that the rate goes on from there.

        Raises:
            DataError: it is of another rank, or of another model.
        """
        places = {
            f"{found[1]}.{found[2]}.{found[3]}": at
            for at, (name, _) in enumerate(self._named())
            if (found := _PLACE.search(name))
        }
        for key, at in places.items():
            given, own = matrices.get(key), self._whole[at]
            if given is None or given.shape != tuple(own.shape):
                raise DataError(f"adapter has no {key!r} of shape {tuple(own.shape)!r}")
            own.copy_(self._torch.from_numpy(given.copy()))
        self._steps = steps
        with self._torch.no_grad():
            for own, whole in zip(self._changing, self._whole, strict=True):
                own.copy_(whole)

    def choose(self, batch: Sequence[Choices], *, steps: int) -> float:
        """Changes the adapter so that what is wanted comes before its rivals; mean loss in nats.

        The loss of a choice is the cross-entropy of what is wanted, in the softmax over the log
        probabilities of the captions: what is learned is what ranks a slate.

        Args:
            batch: of lists of choices.
            steps: in all, of either kind.

        Source: Cao et al., "Learning to rank: from pairwise approach to listwise approach", ICML
        2007 (top-one probability); Hinton, Vinyals, Dean, 2015, for what a teacher says.
        """
        torch = self._torch
        self._tuned.train()
        rows, groups = zip(*(each.laid() for each in batch), strict=True)
        said = self._log_probabilities(rows, [[*chain(*own)] for own in groups])
        parts = said.split([len(group) for own in groups for group in own])
        wanted = [torch.tensor(each.wanted) for own in batch for each in own.asked]
        cooled = [
            (part / _HEAT).log_softmax(dim=0) @ each
            for part, each in zip(parts, wanted, strict=True)
        ]
        loss = -torch.stack(cooled).mean()
        return self._change(loss, steps=steps)


def read_gguf(file: Path, *, heads: int, key_heads: int) -> dict[str, Matrix]:
    """The matrices of such a file by layer, name and part: ``"3.q_proj.A"``; (r, in) and (out, r).

    Raises:
        ConfigError: a library of the extra ``tune`` is missing.
    """
    ours = {theirs: name for name, theirs in LAYERS.items()}
    found: dict[str, Matrix] = {}
    for tensor in optional_library("gguf", extra="tune").GGUFReader(file).tensors:
        _, layer, theirs, _, part = tensor.name.split(".")
        name, rows = ours[theirs], np.asarray(tensor.data, dtype=np.float32)
        rotated = {"q_proj": heads, "k_proj": key_heads}.get(name) if part == "lora_b" else None
        found[f"{layer}.{name}.{part[-1].upper()}"] = (
            _unrotated(rows, heads=rotated) if rotated else rows
        )
    return found


def _unrotated(rows: Matrix, *, heads: int) -> Matrix:
    """What ``_rotated`` was given."""
    return rows.reshape(heads, -1, 2, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)

"""Trains a sequence model: item vectors, and attention blocks over a person's newest items.

It needs torch, which serving (``retrieval.sequence_encoder``) does without. Items are numbers, and
sequences are in the order of time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from recagent.errors import ConfigError, DataError
from recagent.offline.optional_libraries import optional_library
from recagent.retrieval.sequence_encoder import SequenceWeights
from recagent.training.attention import encode_all, first_weights
from recagent.training.catalogue_loss import catalogue_loss

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats32, Integers


_STOPPING_PEOPLE = 3_000  # people whose newest item decides when to stop
_SPREAD = 0.02  # of item vectors' first numbers, before their rows are made unit
_COLDEST = 0.02  # temperature; below it float32 overflows
_START = 3.0  # how much longer than those are the given ones


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceSettings:
    """Says how a model is trained.

    Attributes:
        dimension: of item vectors, a multiple of ``heads``.
        layers: blocks of attention.
        heads: of each block.
        inner: width of a block's inner layer.
        length: newest items of a person that are read.
        temperature: cosines are divided by it to become logits; at least 0.02.
        dropout: share of numbers left out while training.
        rate: step of Adam.
        batch: people at a time.
        memory: steps over which weights are averaged; the mean is what is kept.
        negatives: items drawn for a batch, to tell the next item from; all where there are no more.
        epochs: at most.
        patience: epochs without a better one after which it stops.
        threads: of torch; the same seed gives the same model on the same number of them.
    """

    dimension: int = 64
    layers: int = 2
    heads: int = 2
    inner: int = 128
    length: int = 50
    temperature: float = 0.1
    dropout: float = 0.5
    rate: float = 0.003
    batch: int = 128
    memory: int = 1000
    negatives: int = 2048
    epochs: int = 40
    patience: int = 2
    threads: int = 1

    def __post_init__(self) -> None:
        if self.dimension % self.heads:
            raise ConfigError(
                "dimension {dimension!r} is not a multiple of heads {heads!r}; change one of them",
                dimension=self.dimension,
                heads=self.heads,
            )
        if self.temperature < _COLDEST:
            raise ConfigError(
                "temperature {temperature!r} is too low; use 0.02 or more",
                temperature=self.temperature,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """Holds ``number`` from 1, mean ``loss`` in nats, and ``held_out`` nDCG of an epoch."""

    number: int
    loss: float
    held_out: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedSequenceModel:
    """Is a trained model: ``weights``, unit item ``vectors`` (n, d) float32, and all ``epochs``."""

    weights: SequenceWeights
    vectors: Floats32
    epochs: tuple[Epoch, ...]


def train(
    sequences: Sequence[Sequence[int]],
    *,
    items: int,
    settings: SequenceSettings,
    seed: int,
    progress: Callable[[Epoch], None],
    start: Floats32 | None = None,
) -> TrainedSequenceModel:
    """Trains a model, and returns it as of the epoch that ranks people's newest items best.

    Nobody's newest item is trained on. Those of 3,000 people decide which epoch is kept, by
    their nDCG among all items that the person did not take before.

    Args:
        sequences: item numbers of each person, oldest first; shorter ones than three are left out.
        items: how many there are; numbers are below it.
        settings: of the model and its training.
        seed: of first weights, order, draws and dropout.
        progress: called after each epoch.
        start: (items, dimension) float32 unit rows that item vectors begin near to, such as
            ``narrowed`` vectors of their titles; by chance if not given.

    Raises:
        ConfigError: torch is not installed.
        DataError: nobody has three items, a number is no item's, or ``start`` has another shape.

    Source: Kang and McAuley, "Self-attentive sequential recommendation", ICDM 2018, with the loss
    of ``catalogue_loss``; attention by distance as in Raffel et al., "Exploring the limits of
    transfer learning with a unified text-to-text transformer", JMLR 2020, one distance a bucket.
    """
    people = [np.asarray(ids, dtype=np.int64) for ids in sequences if len(ids) > 2]
    _check(people, items)
    if start is not None and start.shape != (items, settings.dimension):
        raise DataError(
            "start vectors have shape {shape!r}, not {wanted!r}; give each item one vector of "
            "the model's dimension",
            shape=start.shape,
            wanted=(items, settings.dimension),
        )
    torch: Any = optional_library("torch", extra="tune")
    draws = np.random.default_rng(seed)
    chosen: list[int] = draws.permutation(len(people))[:_STOPPING_PEOPLE].tolist()
    stopping_people = [people[row] for row in sorted(chosen)]
    training = [ids[:-1][-settings.length - 1 :] for ids in people]
    epochs, threads = list[Epoch](), torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            learner = _Learner(torch, items=items, settings=settings, start=start)
            best_model = best = None
            while len(epochs) < settings.epochs:
                batches = _batches(training, draws, size=settings.batch)
                loss = float(np.mean([learner.step(batch) for batch in batches]))
                held_out = learner.held_out(stopping_people)
                epoch = Epoch(number=len(epochs) + 1, loss=loss, held_out=held_out)
                epochs.append(epoch)
                progress(epoch)
                if best is None or epoch.held_out > best.held_out:
                    best_model, best = learner.averaged_model(), epoch
                elif epoch.number - best.number >= settings.patience:
                    break
    finally:
        torch.set_num_threads(threads)
    weights, vectors = best_model or learner.averaged_model()
    return TrainedSequenceModel(weights=weights, vectors=vectors, epochs=tuple(epochs))


class _Learner:
    """Holds the weights that change: the blocks', and the items' table of vectors."""

    def __init__(
        self, torch: Any, *, items: int, settings: SequenceSettings, start: Floats32 | None
    ) -> None:
        self._torch = torch
        self._unit = torch.nn.functional.normalize
        self._settings = settings
        self._w = first_weights(
            torch,
            length=settings.length,
            dimension=settings.dimension,
            layers=settings.layers,
            heads=settings.heads,
            inner=settings.inner,
        )
        table = _SPREAD * torch.randn(items, settings.dimension)
        if start is not None:
            table += _START * _SPREAD * settings.dimension**0.5 * torch.from_numpy(start)
        self._table = table.requires_grad_()
        self._changing = [*self._w.values(), self._table]
        self._means = [each.detach().clone() for each in self._changing]
        self._steps = 0
        self._adam = torch.optim.Adam(self._changing, lr=settings.rate)

    def step(self, batch: Integers) -> float:
        """Changes the weights by a batch of padded rows; returns its mean loss in nats."""
        torch, settings = self._torch, self._settings
        rows = torch.from_numpy(batch)
        units = self._unit(self._table, dim=1)
        taken, following = rows[:, :-1], rows[:, 1:]
        vectors = units[taken.clamp(min=0)]
        stream = encode_all(torch, self._w, vectors=vectors, dropout=settings.dropout)
        is_item = following >= 0
        logits = stream[is_item] / settings.temperature
        loss, by_people, by_items = catalogue_loss(
            torch,
            logits.detach(),
            items=units.detach(),
            targets=following[is_item],
            negatives=settings.negatives,
        )
        self._adam.zero_grad()
        torch.autograd.backward([logits, units], [by_people, by_items])
        self._adam.step()
        self._steps += 1
        share = max(1.0 / settings.memory, 1.0 / self._steps)
        with torch.no_grad():
            for mean, weight in zip(self._means, self._changing, strict=True):
                mean.lerp_(weight, share)
        return loss

    def held_out(self, people: Sequence[Integers]) -> float:
        """Returns the mean nDCG of each newest item among all that are new to its person."""
        torch, size, length = self._torch, self._settings.batch, self._settings.length
        values: list[Any] = []
        with torch.no_grad():
            *means, table = self._means
            w, units = dict(zip(self._w, means, strict=True)), self._unit(table, dim=1)
            for part in (people[row : row + size] for row in range(0, len(people), size)):
                rows = torch.from_numpy(padded_rows([ids[:-1][-length:] for ids in part]))
                vectors = units[rows.clamp(min=0)]
                stream = encode_all(torch, w, vectors=vectors, dropout=0.0)
                newest = (rows >= 0).sum(dim=1) - 1
                scores = stream[torch.arange(len(part)), newest] @ units.T
                right = scores[torch.arange(len(part)), [int(ids[-1]) for ids in part]]
                for row, ids in zip(scores, part, strict=True):
                    row[torch.from_numpy(ids[:-1])] = -2.0
                values.append(1.0 / torch.log2(2.0 + (scores > right[:, None]).sum(dim=1)))
        return float(torch.cat(values).mean())

    def averaged_model(self) -> tuple[SequenceWeights, Floats32]:
        """Returns mean weights and unit item vectors, as copies."""
        *means, table = self._means
        arrays = {name: each.numpy().copy() for name, each in zip(self._w, means, strict=True)}
        return SequenceWeights(**arrays), self._unit(table, dim=1).numpy()


def principal_vectors(vectors: Floats32, *, dimension: int) -> Floats32:
    """Returns (n, dimension) float32 unit rows: vectors (n, m) along their principal axes."""
    centred = vectors - vectors.mean(axis=0)
    svd: Any = np.linalg.svd
    axes: Floats32 = svd(centred, full_matrices=False)[2][:dimension]
    projected = np.zeros((len(vectors), dimension), dtype=np.float32)
    projected[:, : len(axes)] = centred @ axes.T
    return projected / np.maximum(
        np.linalg.norm(projected, axis=1, keepdims=True), np.float32(1e-6)
    )


def padded_rows(sequences: Sequence[Integers]) -> Integers:
    """Returns the sequences as (b, l) rows, filled up with -1 behind their ends."""
    rows = np.full((len(sequences), max(map(len, sequences))), -1, dtype=np.int64)
    for row, ids in zip(rows, sequences, strict=True):
        row[: len(ids)] = ids
    return rows


def _batches(
    sequences: Sequence[Integers], draws: np.random.Generator, *, size: int
) -> Iterator[Integers]:
    """Yields everybody once, in a random order, people of similar length together."""
    order = draws.permutation(len(sequences))
    lengths = np.asarray([len(ids) for ids in sequences])[order]
    order = order[np.argsort(lengths, kind="stable")]
    for start in size * draws.permutation(-(-len(order) // size)):
        part: list[int] = order[start : start + size].tolist()
        yield padded_rows([sequences[person] for person in part])


def _check(people: Sequence[Integers], items: int) -> None:
    if not people:
        raise DataError("nobody has three items, which a sequence model needs; add more events")
    numbers = np.concatenate(people)
    for number in (int(numbers.min()), int(numbers.max())):
        if not 0 <= number < items:
            raise DataError(
                "item number {number} is not between 0 and {last}; number the items from 0",
                number=number,
                last=items - 1,
            )

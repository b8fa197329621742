"""Trains what a person takes next: item vectors, and the blocks that read a person's newest items.

In torch, which is needed here alone: serving is in ``retrieval.sequential``. What an item id is, and
which events count, is not known here: items are numbers, sequences come in the order of time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from recagent.errors import ConfigError, DataError
from recagent.learning.attention import encode_all
from recagent.retrieval.sequential import SequenceWeights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Numbers = NDArray[np.intp]

_ASKED = 3_000  # people whose newest item decides when to stop


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceSettings:
    """How a model is trained.

    Attributes:
        dimension: of item vectors, a multiple of ``heads``.
        layers: blocks of attention.
        heads: of each block.
        inner: width of the two inner layers, in dimensions.
        length: newest items of a person that are read.
        temperature: cosines are divided by it to become logits.
        dropout: share of numbers left out while training.
        rate: of learning, at its highest.
        batch: people at a time.
        negatives: items drawn at a time, for all people of a batch, to tell the next item from; all
            items where there are no more.
        epochs: at most.
        patience: epochs without a better one after which it stops.
        threads: of torch; the result is the same for the same number and seed.
    """

    dimension: int = 64
    layers: int = 2
    heads: int = 2
    inner: int = 2
    length: int = 50
    temperature: float = 0.07
    dropout: float = 0.3
    rate: float = 1e-3
    batch: int = 256
    negatives: int = 4096
    epochs: int = 40
    patience: int = 4
    threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """What is told after each: ``number`` from 1, mean ``loss`` in nats, ``held_out`` MRR."""

    number: int
    loss: float
    held_out: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedSequences:
    """``weights`` of the blocks, ``vectors`` (n, d) float32 unit rows of the items, all ``epochs``."""

    weights: SequenceWeights
    vectors: Floats
    epochs: tuple[Epoch, ...]


def train(
    sequences: Sequence[Sequence[int]],
    *,
    items: int,
    settings: SequenceSettings,
    seed: int,
    progress: Callable[[Epoch], None],
) -> TrainedSequences:
    """The model of the epoch that ranks people's newest items best.

    The newest item of each sequence is never trained on. Of 3,000 people it decides which epoch is
    kept: by its mean reciprocal rank among all items that the person did not take before.

    Args:
        sequences: item numbers of each person, oldest first.
        items: how many there are; numbers are below it.
        settings: of the model and its training.
        seed: of first weights, order, draws and dropout.
        progress: called after each epoch.

    Raises:
        ConfigError: torch is not installed.
        DataError: nobody has three items, or there is an item number out of range.

    Source: Kang and McAuley, "Self-attentive sequential recommendation", ICDM 2018; trained as in
    Klenitskiy and Vasilev, "Turning dross into gold loss: is BERT4Rec really better than SASRec?",
    RecSys 2023, with many negatives and cross-entropy; cosines with a temperature as in Wu et al.,
    "On the effectiveness of sampled softmax loss for item recommendation", TOIS 2024.
    """
    torch = _torch()
    read = [np.asarray(each, dtype=np.intp) for each in sequences if len(each) > 2]
    _check(read, items)
    draws = np.random.default_rng(seed)
    asked = [read[at] for at in sorted(draws.permutation(len(read))[:_ASKED].tolist())]
    known = [each[:-1][-settings.length - 1 :] for each in read]
    before, done = torch.get_num_threads(), list[Epoch]()
    torch.set_num_threads(settings.threads)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            w, table = _first(torch, items, settings)
            optimizer = torch.optim.Adam([*w.values(), table], lr=settings.rate)
            best, kept = -1.0, _kept(torch, w, table)
            for number in range(1, settings.epochs + 1):
                losses = [
                    _step(torch, w, table, optimizer, batch, settings)
                    for batch in _batches(known, draws, size=settings.batch)
                ]
                held_out = _reciprocal_rank(torch, w, table, asked, settings)
                done.append(
                    Epoch(number=number, loss=float(np.mean(losses)), held_out=held_out)
                )
                progress(done[-1])
                if held_out > best:
                    best, kept = held_out, _kept(torch, w, table)
                elif number - max(done, key=lambda e: e.held_out).number >= settings.patience:
                    break
    finally:
        torch.set_num_threads(before)
    weights, vectors = kept
    return TrainedSequences(weights=weights, vectors=vectors, epochs=tuple(done))


def _torch() -> Any:
    try:
        return import_module("torch")
    except ImportError as error:
        raise ConfigError("'torch' is missing: pip install 'recagent[tune]'") from error


def _check(sequences: Sequence[Numbers], items: int) -> None:
    if not sequences:
        raise DataError("nobody has three items in a row; a sequence model needs some who do")
    for each in sequences:
        if each.min() < 0 or each.max() >= items:
            raise DataError(f"item number {each.max()} is not below {items}; number items from 0")


def _first(torch: Any, items: int, settings: SequenceSettings) -> tuple[dict[str, Any], Any]:
    """First weights and the items' table, whose rows are made unit where they are used."""
    e, d, h = settings.layers, settings.dimension, settings.inner * settings.dimension

    def drawn(*shape: int) -> Any:
        return 0.02 * torch.randn(*shape)

    def norms(*shape: int) -> Any:
        ones = torch.ones(*shape, 1, d)
        return torch.cat([ones, torch.zeros_like(ones)], dim=-2)

    w = {
        "scale": torch.full((1,), float(d) ** 0.5),
        "places": drawn(settings.length, d),
        "distances": torch.zeros(e, settings.heads, settings.length),
        "norm": norms(e),
        "read": drawn(e, d, 3 * d),
        "read_shift": torch.zeros(e, 3 * d),
        "write": drawn(e, d, d),
        "write_shift": torch.zeros(e, d),
        "inner_norm": norms(e),
        "widen": drawn(e, d, h),
        "widen_shift": torch.zeros(e, h),
        "narrow": drawn(e, h, d),
        "narrow_shift": torch.zeros(e, d),
        "last_norm": norms(),
    }
    return {name: each.requires_grad_() for name, each in w.items()}, drawn(items, d).requires_grad_()


def _batches(
    sequences: Sequence[Numbers], draws: np.random.Generator, *, size: int
) -> Iterator[Numbers]:
    """Everybody once, in an order by chance, people of like length together; -1 fills rows up."""
    order = draws.permutation(len(sequences))
    lengths = np.asarray([len(sequences[at]) for at in order])
    order = order[np.argsort(lengths, kind="stable")]
    parts = [order[at : at + size] for at in range(0, len(order), size)]
    for at in draws.permutation(len(parts)):
        yield padded([sequences[person] for person in parts[at]])


def padded(sequences: Sequence[Numbers]) -> Numbers:
    """(b, l) the sequences as rows, filled up with -1 behind their ends."""
    rows = np.full((len(sequences), max(map(len, sequences))), -1, dtype=np.intp)
    for row, each in zip(rows, sequences, strict=True):
        row[: len(each)] = each
    return rows


def _step(
    torch: Any, w: dict[str, Any], table: Any, optimizer: Any, batch: Numbers, settings: SequenceSettings
) -> float:
    """One change of the weights; mean loss of the batch in nats."""
    rows = torch.from_numpy(batch)
    units = torch.nn.functional.normalize(table, dim=1)
    taken, following = rows[:, :-1], rows[:, 1:]
    stream = encode_all(torch, w, units[taken.clamp(min=0)], dropout=settings.dropout)
    is_there = following >= 0
    people = torch.nn.functional.normalize(stream[is_there], dim=1)
    logits = people / settings.temperature
    loss, slopes, table_slopes = pull(
        torch, logits.detach(), units.detach(), following[is_there], negatives=settings.negatives
    )
    optimizer.zero_grad()
    torch.autograd.backward([logits, units], [slopes, table_slopes])
    optimizer.step()
    return loss


def pull(
    torch: Any, people: Any, units: Any, targets: Any, *, negatives: int
) -> tuple[float, Any, Any]:
    """Mean cross-entropy of the targets among all items, and its slopes by people and by items.

    Of more than ``negatives`` items as many are drawn, and stand for all. Slopes are written out:
    autograd goes five times as often over the (p, negatives) matrix, which is nearly all of the
    time. Logits are at most 1 / temperature, so that no maximum need be taken out before ``exp``.

    Args:
        torch: the module.
        people: (p, d) unit rows over the temperature.
        units: (n, d) unit rows of all items.
        targets: (p,) what each took next.
        negatives: drawn at most.
    """
    drawn = torch.randperm(len(units))[:negatives]
    others = units[drawn]
    each = len(units) / len(drawn)  # how many items a drawn one stands for
    place = torch.full((len(units),), -1)
    place[drawn] = torch.arange(len(drawn))
    hit = place[targets]
    rows = (hit >= 0).nonzero()[:, 0]
    powers = (people @ others.T).exp_()
    powers[rows, hit[rows]] = 0.0
    right = (people * units[targets]).sum(dim=1)
    total = powers.sum(dim=1) * each + right.exp()
    loss = float((total.log() - right).mean())
    share = each / (total * len(people))[:, None]
    missed = (right.exp() / total - 1.0)[:, None] / len(people)
    slopes = (powers @ others) * share + missed * units[targets]
    table = torch.zeros_like(units)
    table[drawn] = powers.T @ (people * share)
    table.index_add_(0, targets, missed * people)
    return loss, slopes, table


def _reciprocal_rank(
    torch: Any, w: dict[str, Any], table: Any, people: Sequence[Numbers], settings: SequenceSettings
) -> float:
    """Mean of 1 / rank of each person's newest item among those that they did not take before."""
    found: list[Any] = []
    with torch.no_grad():
        units = torch.nn.functional.normalize(table, dim=1)
        for at in range(0, len(people), settings.batch):
            part = people[at : at + settings.batch]
            rows = torch.from_numpy(padded([each[:-1][-settings.length :] for each in part]))
            stream = encode_all(torch, w, units[rows.clamp(min=0)], dropout=0.0)
            newest = (rows >= 0).sum(dim=1) - 1
            scores = stream[torch.arange(len(part)), newest] @ units.T
            targets = torch.tensor([int(each[-1]) for each in part])
            right = scores.gather(1, targets[:, None])
            for row, each in zip(scores, part, strict=True):
                row[torch.from_numpy(each[:-1])] = float("-inf")
            found.append(1.0 / (1.0 + (scores > right).sum(dim=1)))
    return float(torch.cat(found).mean())


def _kept(torch: Any, w: dict[str, Any], table: Any) -> tuple[SequenceWeights, Floats]:
    """The weights and unit item vectors as they are now, as arrays of their own."""
    arrays = {each.name: w[each.name].detach().numpy().copy() for each in fields(SequenceWeights)}
    with torch.no_grad():
        vectors = torch.nn.functional.normalize(table, dim=1).numpy().copy()
    return SequenceWeights(**arrays), vectors

"""Training a sequence model in torch, and that the model is served as it was trained."""

from dataclasses import fields, replace

import numpy as np
import pytest
from sequences import unit_rows, weights

from recagent.retrieval.sequence_encoder import encode
from recagent.training.attention import encode_all
from recagent.training.catalogue_loss import catalogue_loss
from recagent.training.sequence_training import SequenceSettings, train

torch = pytest.importorskip("torch", reason="no torch here: .ci/tune runs these tests")

ITEMS = 12
SMALL = SequenceSettings(
    dimension=16,
    inner=16,
    length=6,
    temperature=0.07,
    dropout=0.1,
    batch=16,
    epochs=30,
    rate=0.01,
    patience=3,
)


def walks(people=200, *, seed=0):
    """People who go round the items in a circle, from anywhere, for three to eight steps."""
    draws = np.random.default_rng(seed)
    return [
        [(first + step) % ITEMS for step in range(steps)]
        for first, steps in zip(
            draws.integers(ITEMS, size=people), draws.integers(3, 9, size=people), strict=True
        )
    ]


def trained(sequences, *, settings=SMALL, seed=0):
    return train(sequences, items=ITEMS, settings=settings, seed=seed, progress=lambda _: None)


def test_what_numpy_serves_is_what_torch_trains():
    w = weights()
    tensors = {field.name: torch.from_numpy(getattr(w, field.name)) for field in fields(w)}
    rows = np.stack([unit_rows(6, seed=seed) for seed in range(5)])
    stream = encode_all(torch, tensors, vectors=torch.from_numpy(rows), dropout=0.0).numpy()
    for row, after in zip(rows, stream, strict=True):
        for newest in range(6):
            np.testing.assert_allclose(encode(row[: newest + 1], w), after[newest], atol=2e-6)


def test_it_learns_what_comes_next_and_the_served_vectors_find_it():
    told = []
    model = train(walks(), items=ITEMS, settings=SMALL, seed=0, progress=told.append)
    assert tuple(told) == model.epochs
    assert max(epoch.held_out for epoch in told) > 0.95
    for walk in walks(50, seed=1):
        scores = model.vectors @ encode(model.vectors[walk[:-1]], model.weights)
        scores[walk[:-1]] = -1.0
        assert int(scores.argmax()) == walk[-1]


def test_item_vectors_are_unit_rows():
    model = trained(walks(), settings=replace(SMALL, epochs=1))
    assert model.vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(model.vectors, axis=1), np.ones(ITEMS), atol=1e-5)


def test_item_vectors_begin_near_those_that_are_given():
    start, one = unit_rows(ITEMS, SMALL.dimension), replace(SMALL, epochs=1, rate=1e-5)
    model = train(walks(), items=ITEMS, settings=one, seed=0, progress=lambda _: None, start=start)
    assert (model.vectors * start).sum(axis=1).min() > 0.8
    assert (trained(walks(), settings=one).vectors * start).sum(axis=1).mean() < 0.3


def test_the_same_seed_gives_the_same_model_and_another_another():
    first, same, other = (trained(walks(), seed=seed) for seed in (3, 3, 4))
    assert first.epochs == same.epochs
    np.testing.assert_array_equal(first.vectors, same.vectors)
    for field in fields(first.weights):
        np.testing.assert_array_equal(
            getattr(first.weights, field.name), getattr(same.weights, field.name)
        )
    assert np.abs(first.vectors - other.vectors).max() > 0.01


def test_nobodys_newest_item_is_trained_on():
    one = replace(SMALL, epochs=1)
    seen = trained(walks(), settings=one)
    unseen = trained([[*walk[:-1], 0] for walk in walks()], settings=one)
    np.testing.assert_array_equal(seen.vectors, unseen.vectors)


def test_the_best_epoch_is_kept_and_training_stops_after_patience():
    settings = replace(SMALL, epochs=60, patience=2)
    model = trained(walks(), settings=settings)
    scores = [epoch.held_out for epoch in model.epochs]
    best = int(np.argmax(scores))
    assert len(scores) == best + 1 + settings.patience
    shorter = trained(walks(), settings=replace(settings, epochs=best + 1))
    np.testing.assert_array_equal(model.vectors, shorter.vectors)


def test_callers_random_numbers_and_threads_stay_theirs():
    torch.manual_seed(7)
    expected, threads = torch.rand(3), torch.get_num_threads()
    torch.manual_seed(7)
    trained(walks(20), settings=replace(SMALL, epochs=1))
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


def people_and_items():
    draw = torch.Generator().manual_seed(0)
    unit = torch.nn.functional.normalize
    people = unit(torch.randn(30, 8, generator=draw, dtype=torch.float64), dim=1) / 0.1
    items = unit(torch.randn(50, 8, generator=draw, dtype=torch.float64), dim=1)
    targets = torch.randint(50, (30,), generator=draw)
    return people.requires_grad_(), items.requires_grad_(), targets


def test_loss_and_slopes_over_all_items_are_those_of_autograd():
    people, items, targets = people_and_items()
    expected = torch.nn.functional.cross_entropy(people @ items.T, targets)
    expected.backward()
    loss, by_people, by_items = catalogue_loss(
        torch, people.detach(), items=items.detach(), targets=targets, negatives=50
    )
    assert loss == pytest.approx(float(expected.detach()))
    torch.testing.assert_close(by_people, people.grad)
    torch.testing.assert_close(by_items, items.grad)


def test_drawn_items_stand_for_all():
    people, items, targets = people_and_items()
    whole, *_ = catalogue_loss(
        torch, people.detach(), items=items.detach(), targets=targets, negatives=50
    )
    torch.manual_seed(0)
    drawn = [
        catalogue_loss(torch, people.detach(), items=items.detach(), targets=targets, negatives=40)[
            0
        ]
        for _ in range(300)
    ]
    assert np.mean(drawn) == pytest.approx(whole, rel=0.02)

"""A person's newest items to one vector, without torch."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from examples import make_item, make_query, wait
from hypothesis import given
from hypothesis import strategies as st
from sequences import unit_rows, weights

from recagent.errors import ConfigError, DataError
from recagent.retrieval import FactorVectors, SequenceModel
from recagent.retrieval.sequence_encoder import SequenceWeights, encode, load_weights, save_weights
from recagent.training.sequence_training import SequenceSettings, principal_vectors, train

GOLDEN = Path(__file__).parents[1] / "sequence.npz"


def test_it_gives_what_torch_gave_after_every_item():
    # Made by tests/tune/make_golden.py: of a row with padding, so an item sees only those before.
    with np.load(GOLDEN) as file:
        kept = {name: file[name] for name in file.files}
    vectors, stream = kept.pop("vectors"), kept.pop("stream")
    for newest in range(len(vectors)):
        found = encode(vectors[: newest + 1], SequenceWeights(**kept))
        np.testing.assert_allclose(found, stream[newest], atol=2e-6)


@given(items=st.integers(1, 9), seed=st.integers(0, 99))
def test_a_person_is_a_unit_vector_of_the_items_kind(items, seed):
    person = encode(unit_rows(items, seed=seed), weights(seed))
    assert person.dtype == np.float32
    assert person.shape == (8,)
    assert np.linalg.norm(person) == pytest.approx(1.0, abs=1e-5)


def test_only_the_newest_items_are_read():
    vectors, w = unit_rows(9), weights(length=6)
    np.testing.assert_array_equal(encode(vectors, w), encode(vectors[-6:], w))


@pytest.mark.parametrize("place", range(5))
def test_every_item_and_its_place_counts(place):
    vectors, w = unit_rows(5), weights()
    person = encode(vectors, w)
    turned = vectors.copy()
    turned[place] *= -1
    assert np.abs(encode(turned, w) - person).max() > 1e-3
    swapped = vectors.copy()
    swapped[[place, place - 1]] = swapped[[place - 1, place]]
    assert np.abs(encode(swapped, w) - person).max() > 1e-3


def test_saved_weights_are_loaded_as_they_were(tmp_path):
    w = weights()
    save_weights(w, tmp_path / "model.npz")
    loaded = load_weights(tmp_path / "model.npz")
    for field in fields(SequenceWeights):
        np.testing.assert_array_equal(getattr(loaded, field.name), getattr(w, field.name))
    assert (loaded.length, loaded.dimension) == (6, 8)


def test_a_missing_file_is_named_with_the_next_step(tmp_path):
    with pytest.raises(DataError, match=r"model\.npz'; train one first"):
        load_weights(tmp_path / "model.npz")


@pytest.mark.parametrize("content", [b"", b"no numbers", b"PK\x03\x04 half a file"])
def test_a_file_that_is_no_model_is_named(tmp_path, content):
    (tmp_path / "model.npz").write_bytes(content)
    with pytest.raises(
        DataError, match=r"cannot read sequence model .*model\.npz': .*; train it again"
    ):
        load_weights(tmp_path / "model.npz")


def arrays_of(w):
    return {field.name: getattr(w, field.name) for field in fields(SequenceWeights)}


@pytest.mark.parametrize("name", [field.name for field in fields(SequenceWeights)])
def test_an_array_that_is_missing_or_does_not_fit_is_named(tmp_path, name):
    path = tmp_path / "model.npz"
    whole = arrays_of(weights())
    missing = {key: value for key, value in whole.items() if key != name}
    for broken in (
        missing,
        missing | {name: np.stack([whole[name]])},
        missing | {name: whole[name].astype(np.float64)},
        missing | {name: np.full_like(whole[name], np.nan)},
    ):
        np.savez(path, **broken)
        with pytest.raises(DataError, match=rf"model\.npz': '{name}' does not match the other"):
            load_weights(path)


def test_heads_that_do_not_divide_the_dimension_are_refused(tmp_path):
    save_weights(weights(d=9), tmp_path / "model.npz")
    with pytest.raises(DataError, match="'distances' does not match"):
        load_weights(tmp_path / "model.npz")


def test_serving_needs_no_torch():
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "import recagent.retrieval.sequence_encoder, recagent.training.sequence_training"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def trained(sequences, *, start=None):
    return train(
        sequences,
        items=4,
        settings=SequenceSettings(),
        seed=0,
        progress=lambda _: None,
        start=start,
    )


def test_training_without_torch_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ConfigError, match=r"pip install 'recagent\[tune\]'"):
        trained([[0, 1, 2]])


def test_training_refuses_what_cannot_be_learnt_from():
    with pytest.raises(DataError, match="nobody has three items"):
        trained([[0, 1], [2]])
    with pytest.raises(DataError, match="item number 4 is not between 0 and 3"):
        trained([[0, 1, 4]])
    with pytest.raises(DataError, match="item number -1 is not between 0 and 3"):
        trained([[0, 1, -1]])
    with pytest.raises(DataError, match=r"start vectors have shape \(4, 8\), not \(4, 64\)"):
        trained([[0, 1, 2]], start=unit_rows(4))


def test_settings_that_cannot_be_trained_are_refused():
    with pytest.raises(ConfigError, match="dimension 10 is not a multiple of heads 4"):
        SequenceSettings(dimension=10, heads=4)
    with pytest.raises(ConfigError, match=r"temperature 0\.01 is too low"):
        SequenceSettings(temperature=0.01)


@pytest.mark.parametrize("dimension", [3, 5, 9])
def test_narrowed_vectors_keep_the_widest_differences(dimension):
    vectors = np.random.default_rng(0).normal(size=(40, 5)) * [9.0, 5.0, 3.0, 0.1, 0.1]
    found = principal_vectors(vectors.astype(np.float32), dimension=dimension)
    assert found.shape == (40, dimension)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), np.ones(40), atol=1e-5)
    centred = vectors - vectors.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    np.testing.assert_allclose(found @ found.T, centred @ centred.T, atol=0.1)


def test_vectors_that_are_all_alike_narrow_to_zeros():
    assert not principal_vectors(np.ones((4, 5), dtype=np.float32), dimension=3).any()


ITEMS = [make_item(f"i{at}", scene="films" if at == 3 else "books") for at in range(6)]
SCENES = {"books": ["i0", "i1", "i2", "i4"], "films": ["i3"]}  # i5 has no vector


def proposed(*newest, limit=9, exclude=(), scene="books"):
    known = [f"i{at}" for at in range(5)]
    source = SequenceModel(FactorVectors(known, unit_rows(5), scenes=SCENES), weights)
    query = make_query(items=ITEMS, liked=newest, scene=scene, exclude=exclude)
    return wait(source(query, limit=limit))


def test_items_come_by_cosine_with_where_the_newest_likes_lead():
    rows = unit_rows(5)
    person = encode(rows[[0, 1]], weights())
    best = sorted(((1 + float(rows[at] @ person), f"i{at}") for at in (0, 1, 2, 4)), reverse=True)
    assert [key for key, _ in proposed("i1", "i0")] == [key for _, key in best]
    assert [score for _, score in proposed("i1", "i0")] == pytest.approx([s for s, _ in best])


def test_the_order_of_the_newest_likes_counts():
    assert proposed("i0", "i1") != proposed("i1", "i0")


def test_likes_of_other_scenes_are_read_and_those_without_a_vector_are_not():
    assert proposed("i3", "i1") != proposed("i1")
    assert proposed("i5", "i1") == proposed("i1")


def test_nobody_who_liked_nothing_gets_a_proposal():
    assert proposed() == proposed("i5") == []


def test_only_the_scenes_items_come_and_none_that_is_excluded():
    assert {key for key, _ in proposed("i0", exclude={"i0", "i1"})} == {"i2", "i4"}
    assert [key for key, _ in proposed("i0", scene="films")] == ["i3"]

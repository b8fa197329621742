"""Means of small groups are drawn towards those of groups like them."""

import numpy as np
import pytest

from recagent.training.shrinkage import shrunk_means

TARGETS, SOURCES = "abcdefgh", "pqrstuvw"
PAIRS = [(target, source) for target in TARGETS for source in SOURCES]


def drawn(*, of_target, of_source, own, error, seed=0):
    """True means of all pairs, and what was measured of them."""
    chance = np.random.default_rng(seed)
    targets = dict(zip(TARGETS, chance.normal(0, of_target, 8), strict=True))
    sources = dict(zip(SOURCES, chance.normal(0, of_source, 8), strict=True))
    truth = [1 + targets[t] + sources[s] + chance.normal(0, own) for t, s in PAIRS]
    return np.asarray(truth), np.asarray(truth) + chance.normal(0, error, len(PAIRS))


def test_groups_that_differ_by_noise_alone_get_the_mean_of_all():
    _, measured = drawn(of_target=0, of_source=0, own=0, error=0.3)
    found = shrunk_means(measured, np.full(64, 0.3), measured=PAIRS, wanted=PAIRS)
    assert found.means == pytest.approx(np.full(64, measured.mean()), abs=0.1)
    assert found.errors.max() < 0.15


def test_groups_that_were_measured_well_keep_their_means():
    _, measured = drawn(of_target=0, of_source=0, own=1, error=0.01)
    found = shrunk_means(measured, np.full(64, 0.01), measured=PAIRS, wanted=PAIRS)
    assert found.means == pytest.approx(measured, abs=0.01)
    assert found.errors == pytest.approx(np.full(64, 0.01), rel=0.05)


def test_what_groups_share_tells_of_them_better_than_the_mean_of_all():
    truth, measured = drawn(of_target=1, of_source=0.5, own=0.1, error=1)
    errors = np.full(64, 1.0)
    by_labels = shrunk_means(measured, errors, measured=PAIRS, wanted=PAIRS).means
    alone = [(f"{target}{source}",) for target, source in PAIRS]
    by_all = shrunk_means(measured, errors, measured=alone, wanted=alone).means
    assert np.square(by_labels - truth).mean() < 0.6 * np.square(by_all - truth).mean()


def test_a_group_without_cases_has_what_its_labels_say_and_is_less_sure():
    truth, measured = drawn(of_target=1, of_source=1, own=0.1, error=0.1)
    found = shrunk_means(measured[1:], np.full(63, 0.1), measured=PAIRS[1:], wanted=PAIRS)
    assert found.means[0] == pytest.approx(truth[0], abs=0.3)
    assert found.errors[0] > found.errors[1:].max()
    elsewhere = shrunk_means(measured, np.full(64, 0.1), measured=PAIRS, wanted=[("z", "p")])
    assert elsewhere.errors[0] > 0.5  # nothing is known of the target


def test_errors_are_about_as_large_as_means_are_off():
    off = list[float]()
    for seed in range(5):
        truth, measured = drawn(of_target=1, of_source=0.5, own=0.3, error=0.5, seed=seed)
        found = shrunk_means(measured, np.full(64, 0.5), measured=PAIRS, wanted=PAIRS)
        off += ((found.means - truth) / found.errors).tolist()
    assert 0.8 < np.std(off) < 1.3
    assert np.mean(np.abs(off) < 2.24) > 0.92


def test_one_group_alone_keeps_its_mean():
    found = shrunk_means(
        np.asarray([2.0]), np.asarray([0.5]), measured=[("a",)], wanted=[("a",), ("b",)]
    )
    assert found.means == pytest.approx([2.0, 2.0])
    assert found.errors[0] == pytest.approx(0.5)
    assert found.errors[1] > 0.5

"""How many candidates fit into the time that is left."""

from recagent.pipeline.latency import FEWEST, LatencyEstimate


def test_all_are_asked_about_until_something_is_known():
    assert LatencyEstimate().fits(20, seconds=0.001) == 20


def test_as_many_as_the_last_ones_took_time_for():
    pace = LatencyEstimate()
    pace.took(2.0, candidates=20)
    assert pace.fits(20, seconds=2.1) == 20
    assert pace.fits(20, seconds=1.05) == 10


def test_a_few_are_always_asked_about_and_a_quicker_model_is_found_out():
    pace = LatencyEstimate()
    pace.was_late(1.0, candidates=20)
    assert pace.fits(20, seconds=0.1) == FEWEST
    assert pace.fits(3, seconds=0.1) == 3
    for _ in range(10):
        pace.took(0.01, candidates=FEWEST)
    assert pace.fits(20, seconds=0.1) == 20


def test_one_that_was_late_is_taken_to_be_slower_than_it_had_time_for():
    pace = LatencyEstimate()
    pace.was_late(1.0, candidates=20)
    assert pace.fits(20, seconds=1.0) == 13

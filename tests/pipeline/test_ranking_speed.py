"""How many candidates fit into the time that is left."""

from recagent.pipeline.deadline import FEWEST, RankingSpeed


def test_all_are_asked_about_until_something_is_known():
    assert RankingSpeed().affordable(20, seconds=0.001) == 20


def test_as_many_as_the_last_ones_took_time_for():
    speed = RankingSpeed()
    speed.record(2.0, candidates=20)
    assert speed.affordable(20, seconds=2.1) == 20
    assert speed.affordable(20, seconds=1.05) == 10


def test_a_few_are_always_asked_about_and_a_quicker_model_is_found_out():
    speed = RankingSpeed()
    speed.record_timeout(1.0, candidates=20)
    assert speed.affordable(20, seconds=0.1) == FEWEST
    assert speed.affordable(3, seconds=0.1) == 3
    for _ in range(10):
        speed.record(0.01, candidates=FEWEST)
    assert speed.affordable(20, seconds=0.1) == 20


def test_one_that_was_late_is_taken_to_be_slower_than_it_had_time_for():
    speed = RankingSpeed()
    speed.record_timeout(1.0, candidates=20)
    assert speed.affordable(20, seconds=1.0) == 13

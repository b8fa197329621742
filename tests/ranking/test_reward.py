"""Answers to slates move the next one: by a bounded step, towards what is like them."""

import numpy as np
import pytest
from examples import NOON, make_event, make_head, make_item, wait
from hypothesis import given
from hypothesis import strategies as st
from line import make_line

from recagent.domain import Candidate
from recagent.explanations.attribution import attribute_scores
from recagent.ranking import FixedBlend, examination_probability, rewards
from recagent.ranking.feedback_reward import DECAY, MOST, STEP, SlateFeedback, log_rewards

EAST, NORTH = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
BOTH = np.stack([EAST, NORTH])
SEA = [
    *(make_item(f"s{n}", f"Sea of salt and storm {n}") for n in range(4)),
    *(make_item(f"c{n}", f"Bread cheese kitchen {n}") for n in range(4)),
]
CROWD = [make_event(f"p{n}", item.id) for n in range(3) for item in SEA]


def answer(vector=EAST, preference=1.0, rank=1):
    return SlateFeedback(vector=vector, preference=preference, rank=rank)


def moved(*answers, cap=1.0):
    return log_rewards(BOTH, answers, cap=cap).tolist()


def test_without_answers_nothing_moves_at_all():
    assert moved() == [0.0, 0.0]


def test_a_like_lifts_what_is_like_it_and_a_dislike_lowers_it():
    (up, still), (down, _) = moved(answer()), moved(answer(preference=-1.0))
    assert up > 0 == still
    assert down == -up


def test_an_answer_further_down_counts_more_up_to_a_limit():
    first, second, last, beyond = (moved(answer(rank=rank))[0] for rank in (1, 2, MOST, 50))
    assert second == pytest.approx(2 * first)
    assert last == beyond == STEP


def test_nothing_is_saved_up_beyond_the_cap_so_that_a_newer_answer_still_counts():
    likes = [answer(rank=50)] * 9
    assert moved(*likes)[0] == 1.0
    assert moved(*likes, answer(preference=-1.0, rank=50))[0] == pytest.approx(1.0 - STEP)


def test_the_chance_of_a_look_falls_with_the_place():
    assert [examination_probability(rank) for rank in (1, 2, 4)] == [1.0, 0.5, 0.25]


unit = st.floats(0, 2 * np.pi).map(lambda a: np.array([np.cos(a), np.sin(a)], np.float32))
given_answers = st.lists(st.builds(answer, unit, st.floats(-1, 1), st.integers(1, 30)), max_size=60)


@given(answers=given_answers, rows=st.lists(unit, min_size=1, max_size=5), cap=st.floats(0, 5))
def test_f_is_above_zero_and_its_logarithm_within_the_cap(answers, rows, cap):
    found = log_rewards(np.stack(rows), answers, cap=cap)
    assert (np.exp(found) > 0).all()
    assert (np.abs(found) <= cap).all()


@given(answers=given_answers, last=st.builds(answer, unit, st.floats(-1, 1), st.integers(1, 30)))
def test_no_answer_moves_an_item_by_more_than_its_step_beyond_what_fades(answers, last):
    before, after = (
        log_rewards(BOTH, answers, cap=1.0),
        log_rewards(BOTH, [*answers, last], cap=1.0),
    )
    assert (np.abs(after - before) <= STEP + (1 - DECAY) * np.abs(before) + 1e-6).all()


def test_it_is_added_to_every_joint_score_as_it_is():
    plain = [Candidate(item=item, features={"fused": at / 10}) for at, item in enumerate(SEA)]
    lifted = [
        Candidate(item=each.item, features={**each.features, "reward": 0.5 * (at == 2)})
        for at, each in enumerate(plain)
    ]
    assert rewards(plain).tolist() == [0.0] * len(SEA)
    for joint in (
        FixedBlend(language_weight=0.0, temperature=1.0),
        make_head(sources=(), shared=(), scenes={}),
    ):
        added = joint.base(lifted, scene="books", cold=False) - joint.base(
            plain, scene="books", cold=False
        )
        assert added.tolist() == pytest.approx([0.0, 0.0, 0.5, *[0.0] * 5])
        parts = attribute_scores(
            lifted, joint=joint, scene="books", cold=False, weights={}, groups=[""] * 8
        )
        assert parts.of(2)["reward"] == pytest.approx(0.5 - 0.5 / 8)


async def answered(line, *, kind, impression=None):
    """A first slate, whose first sea story is answered; and the next slate."""
    first = await line.recommend("ann", scene="books", k=6)
    chosen = next(entry.item.id for entry in first.entries if entry.item.id.startswith("s"))
    shown = first.trace.id if impression is None else impression
    await line.record("ann", chosen, kind=kind, impression=shown, at=NOON)
    return await line.recommend("ann", scene="books", k=7)


def slates(**asked):
    cap = asked.pop("feedback", 1.0)

    async def main():
        line, _ = await make_line(SEA, CROWD, feedback=cap)
        return await answered(line, **asked)

    return wait(main())


def places(slate, letter):
    return sum(entry.rank for entry in slate.entries if entry.item.id.startswith(letter))


def test_a_dislike_lowers_what_is_like_it_on_the_next_slate():
    with_f, without = slates(kind="dislike", feedback=9.0), slates(kind="dislike", feedback=0.0)
    assert places(with_f, "s") > places(without, "s")
    assert with_f.trace.moved > 0
    assert "reward" not in with_f.trace.sources
    lowered = [e.features["reward"] for e in with_f.entries if e.item.id.startswith("s")]
    assert max(lowered) < 0


@pytest.mark.parametrize(
    "asked", [{"impression": ""}, {"impression": "of nobody"}, {"feedback": 0.0}]
)
def test_what_answers_no_slate_moves_nothing_nor_does_anything_at_0(asked):
    slate = slates(**{"kind": "dislike", **asked})
    assert slate.trace.moved == 0
    assert not [entry for entry in slate.entries if "reward" in entry.features]


def test_an_item_that_was_not_on_the_slate_does_not_count():
    async def main():
        line, _ = await make_line(SEA, CROWD, feedback=1.0)
        slate = await line.recommend("ann", scene="books", k=1)
        other = next(item.id for item in SEA if item.id != slate.entries[0].item.id)
        await line.record("ann", other, kind="dislike", impression=slate.trace.id)
        return await line.recommend("ann", scene="books", k=5)

    assert wait(main()).trace.moved == 0


def test_who_deletes_their_events_is_moved_no_more():
    async def main():
        line, _ = await make_line(SEA, CROWD, feedback=1.0)
        before = await answered(line, kind="dislike")
        await line.people.forget("ann")
        return before, await line.recommend("ann", scene="books", k=7)

    before, after = wait(main())
    assert before.trace.moved > 0 == after.trace.moved


def test_a_reason_tells_what_the_persons_answers_speak_for():
    async def main():
        line, _ = await make_line(SEA, CROWD, feedback=9.0)
        slate = await answered(line, kind="dislike")
        lifted = next(entry.item.id for entry in slate.entries if entry.item.id.startswith("c"))
        return await line.explain("ann", lifted, scene="books")

    assert "your feedback on earlier lists" in " ".join(claim.text for claim in wait(main()).claims)

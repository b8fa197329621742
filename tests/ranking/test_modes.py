"""Every scoring mode orders what a model prefers, whatever the listing, and within one budget."""

import math
from collections import Counter

import anyio
import numpy as np
import pytest
from examples import make_item, make_query, wait
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent import bootstrap, demo, prompts
from recagent.domain import Candidate, Usage
from recagent.errors import ConfigError, ModelError, PromptError, ReplyError
from recagent.llm import retry
from recagent.ports import Logprobs
from recagent.ranking import ModelRanker
from recagent.ranking.scoring.designs import hash_order, joint_scores, pair_blocks, set_blocks
from recagent.testing import ScriptedModel, json_order

pytestmark = pytest.mark.usefixtures("no_wait_between_attempts")

ITEMS = [make_item(f"b{number}", f"Title {number}") for number in range(60)]
IN_GROUPS = ["pairwise", "setwise"]
BY_LABEL = ["pointwise", *IN_GROUPS]
ALL_MODES = ["likelihood", "label", "listwise", *BY_LABEL]


def rank(model, *, items, mode="auto", query=None, **how):
    candidates = [Candidate(item=item, features={}) for item in items]
    return wait(ModelRanker(model, mode=mode, **how)(query or make_query(), candidates=candidates))


def utility(title):
    """What the scripted models like: higher numbers."""
    return 0.3 * float(title.removeprefix("Title "))


def offered(messages):
    """Title by label, as the last message lists them."""
    lines = [line.partition(" ") for line in messages[-1].content.splitlines()]
    return {
        label: title for label, _, title in lines if label.isalpha() and title.startswith("Title ")
    }


def log_softmax(values):
    return np.asarray(values) - np.logaddexp.reduce(values)


def graded(messages):
    """Log probabilities of the grades 1 to 5: near a grade that grows with the utility."""
    line = next(line for line in messages[-1].content.splitlines() if line.startswith("books: "))
    grade = 1 + 4 * utility(line.removeprefix("books: ")) / utility("Title 60")
    return log_softmax([-((grade - number) ** 2) for number in range(1, 6)])


def choice(bias=None):
    """Luce's choice among what is offered, with a liking for labels as such."""

    def logprobs(messages, labels):
        titles = offered(messages)
        if not titles:
            return graded(messages).tolist()
        liking = bias or {}
        values = [utility(titles[label]) + liking.get(label, 0.0) for label in labels]
        return log_softmax(values).tolist()

    return logprobs


def perfect():
    """A model that prefers higher numbers, in any mode."""

    def reply(messages):
        titles = offered(messages)
        return json_order(sorted(titles, key=lambda label: -utility(titles[label])))

    return ScriptedModel(
        reply=reply, preference=lambda text: utility(text.strip()), choice=choice()
    )


# All modes


@pytest.mark.parametrize("mode", ALL_MODES)
def test_a_mode_orders_candidates_as_the_model_likes_them(mode):
    scores = rank(perfect(), items=ITEMS[:7], mode=mode)
    assert scores.mode == mode
    assert scores.prompt.startswith(f"rerank/{mode}.v1.en#")
    assert sorted(range(7), key=lambda at: scores.scores[at]) == list(range(7))


@pytest.mark.parametrize("mode", ALL_MODES)
@settings(max_examples=15)
@given(numbers=st.lists(st.integers(0, 59), min_size=1, max_size=25, unique=True))
def test_the_order_of_listing_changes_nothing_for_a_model_without_a_liking_for_labels(
    mode, numbers
):
    scores = rank(perfect(), items=[ITEMS[number] for number in numbers], mode=mode).scores
    assert len(scores) == len(numbers)
    assert all(map(math.isfinite, scores))
    best_last = [number for _, number in sorted(zip(scores, numbers, strict=True))]
    assert best_last == sorted(numbers)


@pytest.mark.parametrize("mode", BY_LABEL)
@settings(max_examples=25)
@given(data=st.data())
def test_any_log_probabilities_and_gaps_give_one_finite_score_for_each(mode, data):
    value = st.one_of(st.none(), st.floats(-700, 0))

    def any_values(_, labels):
        listed = data.draw(st.lists(value, min_size=len(labels), max_size=len(labels)))
        return [-1.0, *listed[1:]]  # one at least is listed

    size = data.draw(st.integers(0, 8))
    scores = rank(ScriptedModel(choice=any_values), items=ITEMS[:size], mode=mode).scores
    assert len(scores) == size
    assert all(map(math.isfinite, scores))


@pytest.mark.parametrize("mode", BY_LABEL)
def test_an_engine_without_labels_cannot_score_in_a_mode_that_needs_them(mode):
    model = ScriptedModel(modes=frozenset({"listwise"}))
    with pytest.raises(ConfigError, match=f"cannot score by '{mode}', only by listwise; set"):
        rank(model, items=ITEMS[:2], mode=mode)


def test_what_an_engine_can_do_is_told_with_all_modes_that_follow_from_it():
    model = ScriptedModel(modes=frozenset({"label"}))
    with pytest.raises(ConfigError, match="only by label, pairwise, pointwise, setwise; set"):
        rank(model, items=ITEMS[:2], mode="likelihood")


# A prompt decides the mode


def test_a_given_prompt_wins_over_the_mode_and_the_language():
    prompt = prompts.load("rerank", "label_recency", lang="zh")
    scores = rank(perfect(), items=ITEMS[:3], mode="listwise", prompt=prompt)
    assert (scores.mode, scores.prompt) == ("label", prompt.id)


def test_a_prompt_that_the_engine_cannot_follow_is_a_config_error_that_names_it():
    prompt = prompts.load("rerank", "setwise")
    model = ScriptedModel(modes=frozenset({"listwise"}))
    with pytest.raises(
        ConfigError, match=r"prompt 'rerank/setwise\.v1.*but model 'scripted' can only"
    ):
        rank(model, items=ITEMS[:2], prompt=prompt)


def test_a_prompt_that_is_not_for_ranking_is_refused_before_anything_is_asked():
    with pytest.raises(PromptError, match="not for ranking"):
        ModelRanker(ScriptedModel(), prompt=prompts.load("explain", "phrase"))


def test_the_history_that_a_prompt_tells_can_be_shortened():
    liked = [item.id for item in ITEMS[:6]]
    model = perfect()
    query = make_query(items=ITEMS[:6], liked=liked)
    rank(model, items=ITEMS[6:8], mode="label", history=2, query=query)
    told = [line for line in model.seen[0][-1].content.splitlines() if line.startswith("- ")]
    assert told == ["- Title 1", "- Title 0"]


# Grades


def test_a_pointwise_score_is_the_expected_grade():
    model = ScriptedModel(choice=lambda *_: [math.log(p) for p in (0.1, 0.2, 0.3, 0.2, 0.2)])
    scores = rank(model, items=ITEMS[:4], mode="pointwise")
    assert scores.scores == pytest.approx([3.2] * 4)
    assert (scores.calls, scores.usage, scores.repairs) == (4, Usage(prompt=4), 0)


def test_pointwise_prompts_differ_only_after_what_they_share():
    model = perfect()
    rank(model, items=ITEMS[:3], mode="pointwise", query=make_query(wish="long trains"))
    systems, users = zip(*[[turn.content for turn in turns] for turns in model.seen], strict=True)
    assert len(set(systems)) == 1
    assert {text.splitlines()[0] for text in users} == {"Looking for: long trains"}
    assert [text.splitlines()[1] for text in users] == [
        "books: Title 0", "books: Title 1", "books: Title 2",
    ]  # fmt: skip


# Groups


@pytest.mark.parametrize("mode", IN_GROUPS)
def test_a_liking_for_a_label_cancels_out(mode):
    bias = {"A": 3.0, "B": -1.0, "C": 0.5}
    numbers = [3, 17, 8, 0, 25, 40, 11, 12, 30, 2, 5, 6]
    model = ScriptedModel(choice=choice(bias))
    scores = rank(model, items=[ITEMS[number] for number in numbers], mode=mode).scores
    true = np.array([utility(f"Title {number}") for number in numbers])
    assert scores == pytest.approx((true - true.mean()).tolist())


@pytest.mark.parametrize(("mode", "calls", "shown"), [("pairwise", 60, 2), ("setwise", 20, 5)])
def test_twenty_candidates_take_so_many_calls_about_so_many_each(mode, calls, shown):
    model = perfect()
    scores = rank(model, items=ITEMS[:20], mode=mode)
    assert scores.calls == len(model.seen) == scores.usage.prompt == calls
    assert {len(offered(turns)) for turns in model.seen} == {shown}


@pytest.mark.parametrize("mode", IN_GROUPS)
def test_a_single_candidate_is_compared_with_nobody(mode):
    scores = rank(perfect(), items=ITEMS[:1], mode=mode)
    assert (scores.scores, scores.calls) == ((0.0,), 0)


@given(size=st.integers(2, 60))
def test_everyone_meets_three_others_both_ways_round(size):
    blocks = pair_blocks(size)
    assert len(blocks) == len(set(blocks)) <= 3 * size + 1
    assert {block[::-1] for block in blocks} == set(blocks)
    assert all(first != second for first, second in blocks)
    meetings = Counter(first for first, _ in blocks)
    assert set(meetings) == set(range(size))
    assert set(meetings.values()) <= {min(3, size - 1), 4 if size % 2 else 3, 2 if size == 3 else 3}


@given(size=st.integers(2, 60))
def test_in_sets_everyone_stands_once_at_every_place(size):
    blocks = set_blocks(size)
    assert len(blocks) == size
    assert {len(set(block)) for block in blocks} == {min(5, size)}
    for place in range(min(5, size)):
        assert sorted(block[place] for block in blocks) == list(range(size))


@pytest.mark.parametrize("design", [pair_blocks, set_blocks])
@given(
    truth=st.lists(st.floats(-20, 20), min_size=2, max_size=40),
    shift=st.integers(1, 1000),
)
def test_scores_come_back_up_to_a_constant_from_blocks_that_are_shifted(design, truth, shift):
    size = len(truth)
    blocks = design(size)
    said = [[truth[at] + (shift * number) % 97 for at in block]
            for number, block in enumerate(blocks)]  # fmt: skip
    centred = np.array(truth) - np.mean(truth)
    assert joint_scores(size, blocks, said) == pytest.approx(centred.tolist(), abs=1e-6)


def test_groups_depend_on_ids_and_not_on_the_listing():
    items = ITEMS[:20]
    order = [items[at].id for at in hash_order(items)]
    backwards = items[::-1]
    assert [backwards[at].id for at in hash_order(backwards)] == order
    assert sorted(order) == sorted(item.id for item in items)
    others = [item for item in ITEMS[:21] if item.id != "b0"]
    kept = [item_id for item_id in order if item_id != "b0"]
    assert [others[at].id for at in hash_order(others) if others[at].id != "b20"] != kept


# Failures


@pytest.mark.parametrize(("mode", "missing"), [("pointwise", 6 * 4), ("pairwise", 18),
                                               ("setwise", 6 * 4)])  # fmt: skip
def test_labels_that_are_not_listed_are_counted(mode, missing):
    only_first = ScriptedModel(choice=lambda _, labels: [-1.0] + [None] * (len(labels) - 1))
    scores = rank(only_first, items=ITEMS[:6], mode=mode)
    assert scores.repairs == missing
    assert all(map(math.isfinite, scores.scores))


@pytest.mark.parametrize("mode", BY_LABEL)
def test_replies_without_any_label_draw_on_one_budget_for_all_comparisons(mode):
    model = ScriptedModel(choice=lambda _, labels: [None] * len(labels))
    with pytest.raises(ReplyError, match="listed none of the labels"):
        rank(model, items=ITEMS[:6], mode=mode, attempts=3)


@pytest.mark.parametrize("mode", BY_LABEL)
def test_failed_calls_are_tried_again_within_the_budget_and_counted(mode):
    model = perfect()
    model.failures = 2
    scores = rank(model, items=ITEMS[:6], mode=mode, attempts=3)
    assert sorted(range(6), key=lambda at: scores.scores[at]) == list(range(6))
    assert scores.invalid == 2
    assert scores.calls == len(model.seen)
    model.failures = 3
    with pytest.raises(ModelError, match="scripted failure"):
        rank(model, items=ITEMS[:6], mode=mode, attempts=3)


def test_calls_are_made_at_the_same_time_and_results_keep_their_order():
    under_way = most = 0

    async def call(number):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await anyio.sleep(0.01 * (3 - number))
        under_way -= 1
        return number

    calls = [lambda number=number: call(number) for number in range(3)]
    assert wait(retry.call_all(calls)) == [0, 1, 2]
    assert most == 3


def test_the_first_failure_gives_the_other_calls_up():
    finished = []

    async def slow():
        await anyio.sleep(5)
        finished.append("slow")

    async def failing():
        raise ModelError("refused")

    with pytest.raises(ModelError, match="refused"):
        wait(retry.call_all([slow, failing]))
    assert finished == []


def test_a_deadline_ends_comparisons_that_are_under_way():
    class Slow(ScriptedModel):
        async def label_logprobs(self, messages, *, labels):
            await anyio.sleep(5)
            return await super().label_logprobs(messages, labels=labels)

    async def hurried():
        ranker = ModelRanker(Slow(), mode="setwise")
        with anyio.fail_after(0.05):
            await ranker(make_query(), candidates=[Candidate(item=i, features={}) for i in ITEMS])

    with pytest.raises(TimeoutError):
        wait(hurried())


def test_a_label_that_took_two_requests_counts_as_two():
    class Twice(ScriptedModel):
        async def label_logprobs(self, messages, *, labels):
            reply = await super().label_logprobs(messages, labels=labels)
            return Logprobs(values=reply.values, usage=reply.usage, calls=2)

    assert rank(Twice(), items=ITEMS[:3], mode="label").calls == 2
    assert rank(Twice(), items=ITEMS[:3], mode="setwise").calls == 6


# The embedded model


@pytest.mark.engine
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_the_embedded_model_compares_in_chinese_though_it_wants_to_say_half_a_character():
    async def asked():
        model = bootstrap.model(demo.settings())
        query = make_query(items=ITEMS[:1], liked=["b0"])
        candidates = [Candidate(item=item, features={}) for item in ITEMS[2:4]]
        ranker = ModelRanker(model, mode="setwise", lang="zh")
        try:
            return await ranker(query, candidates=candidates)
        finally:
            await model.close()

    scores = wait(asked())
    assert len(scores.scores) == 2
    assert all(map(math.isfinite, scores.scores))
    assert sum(scores.scores) == pytest.approx(0.0, abs=1e-6)
    assert 2 <= scores.calls <= 4  # two requests where half a character is withheld
    assert (scores.repairs, scores.invalid) == (0, 0)

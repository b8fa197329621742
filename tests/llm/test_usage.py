"""Models as an evaluation asks them: cached, counted, within a budget."""

from dataclasses import replace

import anyio
import pytest
from examples import wait

from recagent import bootstrap
from recagent.errors import ModelError
from recagent.evaluation.dry_run_model import DryModel
from recagent.llm.usage import CostBudget, CostError, MeteredModel, UsageMeter, estimated_tokens
from recagent.ports import Message
from recagent.ranking.scoring.listwise import OrderReply, order_schema
from recagent.testing import ScriptedModel

ASKED = [Message("user", "Which one?")]


@pytest.fixture
def cache(tmp_path):
    made = bootstrap.reply_cache(tmp_path / "replies.db")
    yield made
    made.close()


def make_source(model, cache=None, **changes):
    source = MeteredModel(model=model, identity="m1", cache=cache, slots=anyio.CapacityLimiter(2))
    return replace(source, **changes)


def label(meter, labels="AB", messages=ASKED):
    return wait(meter.label_logprobs(messages, labels=labels))


def test_the_same_request_is_asked_once_and_answered_alike(cache):
    model = ScriptedModel(preference=lambda text: -ord(text))
    first, second = UsageMeter(make_source(model, cache)), UsageMeter(make_source(model, cache))
    assert label(first) == label(second)
    assert len(model.seen) == 1
    assert (first.calls, first.cached) == (1, 0)
    assert (second.calls, second.cached) == (1, 1)
    assert first.usage == second.usage
    assert first.exchanges == second.exchanges
    assert first.seconds == second.seconds > 0


@pytest.mark.parametrize(
    "ask",
    [
        lambda meter: label(meter, "ABC"),
        lambda meter: label(meter, messages=[Message("user", "Which one? ")]),
        lambda meter: label(meter, messages=[Message("system", "Which one?")]),
        lambda meter: wait(meter.chat(ASKED, max_tokens=5)),
        lambda meter: wait(meter.likelihood("Which one?", texts=["A", "B"])),
    ],
)
def test_another_request_is_asked_anew(cache, ask):
    model = ScriptedModel()
    label(UsageMeter(make_source(model, cache)))
    ask(UsageMeter(make_source(model, cache)))
    assert len(model.seen) == 2


def test_another_model_is_asked_anew(cache):
    model = ScriptedModel()
    label(UsageMeter(make_source(model, cache)))
    label(UsageMeter(make_source(model, cache, identity="m2")))
    assert len(model.seen) == 2


def test_a_model_of_unknown_identity_is_always_asked(cache):
    model = ScriptedModel()
    for _ in range(2):
        label(UsageMeter(make_source(model, cache, identity=None)))
    assert len(model.seen) == 2


def test_texts_in_another_order_are_the_same_request(cache):
    model = ScriptedModel(preference=lambda text: -float(len(text)))
    one = wait(UsageMeter(make_source(model, cache)).likelihood("x", texts=["aa", "b", "cccc"]))
    two = wait(UsageMeter(make_source(model, cache)).likelihood("x", texts=["cccc", "aa", "b"]))
    assert one.values == (-2.0, -1.0, -4.0)
    assert two.values == (-4.0, -2.0, -1.0)
    assert len(model.seen) == 1


def test_a_request_that_comes_again_within_a_question_passes_the_cache_by(cache):
    replies = iter(["nonsense", '{"order": ["A"]}'])
    model = ScriptedModel(reply=lambda _: next(replies))
    meter = UsageMeter(make_source(model, cache))
    assert wait(meter.chat(ASKED, max_tokens=5)).text == "nonsense"
    assert wait(meter.chat(ASKED, max_tokens=5)).text == '{"order": ["A"]}'
    later = UsageMeter(make_source(model, cache))
    assert wait(later.chat(ASKED, max_tokens=5)).text == '{"order": ["A"]}'


def test_a_failed_call_is_counted_and_not_kept(cache):
    model = ScriptedModel(failures=1)
    meter = UsageMeter(make_source(model, cache))
    with pytest.raises(ModelError):
        label(meter)
    label(meter)
    assert (meter.calls, meter.failed, meter.cached) == (2, 1, 0)


def test_a_budget_is_never_passed():
    model = ScriptedModel()
    budget = CostBudget(most=0.1)
    source = make_source(model, prices=(0.01, 0.01), budget=budget)

    def ask_on():
        while True:
            label(UsageMeter(source))

    with pytest.raises(CostError, match=r"budget of 0\.1"):
        ask_on()
    assert 0 < budget.spent <= 0.1
    assert budget.promised == pytest.approx(0)


def test_a_failed_call_gives_back_what_was_set_aside():
    budget = CostBudget(most=1.0)
    with pytest.raises(ModelError):
        label(
            UsageMeter(make_source(ScriptedModel(failures=1), prices=(0.01, 0.01), budget=budget))
        )
    assert (budget.spent, budget.promised) == (0, 0)


def test_a_cached_answer_costs_nothing(cache):
    budget = CostBudget(most=100)
    for _ in range(2):
        meter = UsageMeter(make_source(ScriptedModel(), cache, prices=(1.0, 1.0), budget=budget))
        label(meter)
    assert budget.spent == 1
    assert meter.cost == 0


def test_a_dry_run_keeps_nothing_and_knows_what_is_cached(cache):
    kept = UsageMeter(make_source(ScriptedModel(), cache))
    label(kept)
    dry = UsageMeter(make_source(DryModel(), cache, keep=False))
    label(dry)
    label(dry, "ABC")
    assert (dry.calls, dry.cached) == (2, 1)
    assert dry.estimated_seconds is not None
    label(UsageMeter(make_source(DryModel(), cache, keep=False)), "ABC")
    assert cache.clear() == 1


def test_a_dry_run_that_knows_no_pace_says_so(cache):
    dry = UsageMeter(make_source(DryModel(), cache, keep=False))
    label(dry)
    assert dry.estimated_seconds is None


def test_a_dry_run_takes_the_usual_pace_until_one_was_timed(cache):
    dry = UsageMeter(make_source(DryModel(), cache, keep=False, paces={"label": 100.0}))
    label(dry)
    assert dry.estimated_seconds > 100
    label(UsageMeter(make_source(ScriptedModel(), cache)), "ABC")
    dry = UsageMeter(make_source(DryModel(), cache, keep=False, paces={"label": 100.0}))
    label(dry)
    assert dry.estimated_seconds < 1


def test_a_dry_answer_fits_the_schema():
    reply = wait(DryModel().chat(ASKED, max_tokens=50, schema=order_schema("ABC")))
    assert OrderReply.model_validate_json(reply.text).order == ["A", "B", "C"]


def test_chinese_is_estimated_at_more_tokens_than_english():
    assert estimated_tokens("流浪地球") > estimated_tokens("Alien")

"""Replies of a form: the schemas that are sent, which recorded requests hold byte by byte."""

import orjson
import pytest
from examples import wait
from pydantic import Field

from recagent.errors import ModelError, ReplyError
from recagent.explanations.phrasing import SentencesReply
from recagent.llm.retry import RetryBudget, RetryWindow
from recagent.llm.structured_replies import ReplyForm, ask_structured, json_schema, whole
from recagent.ports import Message
from recagent.ranking.preference import PreferenceReply
from recagent.ranking.scoring.listwise import order_schema
from recagent.retrieval.sources.model_proposals import ProposalsReply
from recagent.testing import ScriptedModel

MESSAGES = [Message("user", "Name some.")]


class Names(ReplyForm):
    names: list[str] = Field(json_schema_extra={"maxItems": 3})


def ask(*replies, attempts=3, **options):
    left = iter(replies)
    budget = RetryBudget(attempts, window=RetryWindow())
    return wait(
        ask_structured(
            ScriptedModel(reply=lambda _: next(left)),
            MESSAGES,
            Names,
            max_tokens=20,
            budget=budget,
            unusable=lambda text: ReplyError("no names", reply=text),
            **options,
        )
    )


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        (
            json_schema(SentencesReply),
            b'{"type":"object","properties":{"sentences":{"type":"array","items":{"type":"string"},'
            b'"minItems":1,"maxItems":2}},"required":["sentences"],"additionalProperties":false}',
        ),
        (
            json_schema(PreferenceReply),
            b'{"type":"object","properties":{"preference":{"type":"string"}},'
            b'"required":["preference"],"additionalProperties":false}',
        ),
        (
            json_schema(ProposalsReply),
            b'{"type":"object","properties":{"proposals":{"type":"array",'
            b'"items":{"type":"string"}}},"required":["proposals"],'
            b'"additionalProperties":false}',
        ),
        (
            order_schema(["A", "B"]),
            b'{"type":"object","properties":{"order":{"type":"array","items":{"type":"string",'
            b'"enum":["A","B"]},"minItems":2,"maxItems":2}},"required":["order"],'
            b'"additionalProperties":false}',
        ),
    ],
)
def test_schemas_are_sent_as_recorded_requests_have_them(schema, sent):
    assert orjson.dumps(schema) == sent


def test_an_unusable_reply_is_asked_for_again_and_its_tokens_count():
    once, twice = ask('{"names": ["Ann"]}'), ask("none", '{"names": ["Ann"]}')
    assert once.form == twice.form == Names(names=["Ann"])
    assert twice.usage.completion > once.usage.completion
    assert once.calls == twice.calls == 1


def test_a_reply_that_was_cut_off_is_kept_as_far_as_it_goes_unless_it_must_be_whole():
    cut = ask('{"names": ["Ann", "Be')
    assert (cut.form.names, cut.repairs) == (["Ann", "Be"], 1)
    with pytest.raises(ModelError, match="no names"):
        ask('{"names": ["Ann", "Be', attempts=1, parse=whole)


def test_a_check_may_refuse_what_is_of_the_form():
    def check(form, text):
        if not form.names:
            raise ReplyError("an empty list", reply=text)

    assert ask('{"names": []}', '{"names": ["Ann"]}', check=check).form.names == ["Ann"]
    with pytest.raises(ModelError, match="an empty list"):
        ask('{"names": []}', attempts=1, check=check)

"""A model may join clauses; a sentence with anything of its own is replaced by plain ones."""

import re

import anyio
import orjson
import pytest
from examples import wait
from hypothesis import given
from hypothesis import strategies as st

from recagent.domain import Evidence, Scene
from recagent.explanations import claims, phrase_evidence
from recagent.explanations.phrasing import _JOINTS, _LEADS, joined_claim
from recagent.explanations.templates import clause
from recagent.llm.retry import RetryWindow
from recagent.testing import ScriptedModel

pytestmark = pytest.mark.usefixtures("no_wait_between_attempts")

SCENES = {"films": Scene(name="films", labels={"en": "Films", "zh": "电影"})}
EVIDENCE = (
    Evidence(id="e1", kind="tag", refs=("sea",), facts={"words": "sea"}),
    Evidence(id="e2", kind="popularity", refs=("f1",), facts={"count": "12", "scene": "films"}),
    Evidence(
        id="e3",
        kind="people",
        refs=("f2",),
        facts={"title": "Jaws 2", "count": "7", "base": "9", "did": "liked"},
    ),
)


def clauses(lang):
    return {piece.id: clause(piece, scenes=SCENES, lang=lang) for piece in EVIDENCE}


EN, ZH = clauses("en"), clauses("zh")
PLAIN = claims(EVIDENCE, scenes=SCENES, lang="en")


def phrase(*sentences, reply=None, lang="en", failures=0):
    text = orjson.dumps({"sentences": sentences}).decode() if reply is None else reply
    model = ScriptedModel(reply=text, failures=failures)
    said = ask(model, lang=lang)
    plain = {claim.text for claim in claims(EVIDENCE, scenes=SCENES, lang=lang)}
    assert (
        sum(claim.text not in plain for claim in said.claims) <= said.accepted <= len(said.claims)
    )
    return said.claims, said.replaced


def ask(model, *, evidence=EVIDENCE, lang="en", deadline=30):
    return wait(
        phrase_evidence(
            evidence,
            scenes=SCENES,
            model=model,
            lang=lang,
            attempts=2,
            window=RetryWindow(),
            seconds=deadline,
            late="too late",
        )
    )


def test_a_sentence_of_references_and_joints_is_filled_in():
    said, replaced = phrase("Because [e1] and also [e2].", "Also, [e3]!")
    assert replaced == 0
    assert [claim.evidence for claim in said] == [("e1", "e2"), ("e3",)]
    assert said[0].text == f"Because {EN['e1']} and also {EN['e2']}."
    assert said[1].text == "Also, many of the people who liked “Jaws 2” liked this one too: 7 of 9."


def test_chinese_joints_need_no_spaces():
    said, replaced = phrase("因为[e1]，而且[e2]。此外，[e3]。", lang="zh")
    assert replaced == 0
    assert said[0].evidence == ("e1", "e2", "e3")
    assert said[0].text == f"因为{ZH['e1']}，而且{ZH['e2']}。此外，{ZH['e3']}。"


def test_evidence_that_no_sentence_uses_is_said_plainly():
    said, replaced = phrase("Because [e2].")
    assert replaced == 0
    assert said[1:] == (PLAIN[0], PLAIN[2])


@pytest.mark.parametrize(
    "sentence",
    ["You will love it because [e1].", "Because [e1] and [e9].", "Because [e1] and [e1].",
     "Because [e1] and 3 more.", "Because not [e1].", "Because [e1] isn't so.", "It is great.",
     "Because e1.", "", "[E1]", "因为[e1]", "Because [e1][e3]", "Because [e2] 100% [e1]",
     "[e1] \u2014 best", "Because[e1]", "[e1]and [e2]", "[e2] because [e1].", "[e1] so [e2].",
     "Why? [e1]", "[e1] may be."],
)  # fmt: skip
def test_a_sentence_with_anything_of_its_own_is_replaced(sentence):
    assert phrase(sentence) == (PLAIN, 1)


@pytest.mark.parametrize(
    "sentence", ["因为[e1]，您一定喜欢。", "不因为[e1]。", "有3个理由：[e1]。", "[e1]，所以[e2]。"]
)
def test_a_chinese_sentence_with_anything_of_its_own_is_replaced(sentence):
    assert phrase(sentence, lang="zh") == (claims(EVIDENCE, scenes=SCENES, lang="zh"), 1)


def test_a_second_use_of_the_same_evidence_is_replaced():
    said, replaced = phrase("Because [e1].", "Also [e1] and [e2].")
    assert replaced == 1
    assert [claim.evidence for claim in said] == [("e1",), ("e2",), ("e3",)]


@pytest.mark.parametrize("reply", ["no JSON", '{"sentences": "[e1]"}', "{}"])
def test_a_reply_that_cannot_be_read_gives_the_plain_sentences(reply):
    said = ask(ScriptedModel(reply=reply))
    assert (said.claims, said.accepted, said.replaced) == (PLAIN, 0, 0)
    assert "wrote no sentences" in str(said.degraded)


def test_of_a_reply_that_was_cut_off_the_whole_sentences_are_kept():
    said = ask(
        ScriptedModel(reply='{"sentences": ["Because [e1].", "It speaks for it here. 24% of')
    )
    assert (said.degraded, said.accepted, said.replaced) == (None, 1, 1)
    assert said.claims[0].evidence == ("e1",)


def test_a_model_that_fails_gives_the_plain_sentences_after_its_budget():
    said = ask(ScriptedModel(failures=2))
    assert (said.claims, str(said.degraded)) == (PLAIN, "scripted failure")
    assert phrase("Because [e1].", failures=1)[1] == 0


def test_a_title_cannot_smuggle_in_a_reference():
    smuggled = {**EN, "e1": "it matches your interest: [e2]"}
    claim = joined_claim("Because [e1].", smuggled, lang="en")
    assert claim is not None
    assert claim.text == "Because it matches your interest: [e2]."
    assert claim.evidence == ("e1",)


def test_without_evidence_no_model_is_asked():
    model = ScriptedModel()
    assert ask(model, evidence=[]).claims == ()
    assert model.seen == []


def test_an_error_that_is_no_models_is_not_hidden():
    class Broken(ScriptedModel):
        async def chat(self, messages, *, max_tokens, schema=None):  # noqa: ARG002
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(Broken())


def test_a_model_that_hangs_is_left_at_the_deadline():
    class Hanging(ScriptedModel):
        async def chat(self, messages, *, max_tokens, schema=None):  # noqa: ARG002
            await anyio.sleep_forever()

    said = ask(Hanging(), deadline=0.05)
    assert (said.claims, str(said.degraded)) == (PLAIN, "too late")


GLUE = {lang: _LEADS[lang] | _JOINTS[lang] for lang in ("en", "zh")}
pieces = st.sampled_from(
    [*(f"[{key}]" for key in ("e1", "e2", "e3", "e4")), *GLUE["en"], *GLUE["zh"], "not", "7", "s",
     "不", "好", " ", " ", ", ", "，", "。", ".", "'", "-", "\n", "[", "]", "《", "you", "love"]
)  # fmt: skip
sentences = st.lists(pieces, max_size=12).map("".join) | st.text(max_size=20)


def words(text):
    return set(re.findall(r"\w+", text.casefold()))


@given(written=st.lists(sentences, max_size=3))
def test_english_claims_hold_no_word_beyond_clauses_and_glue(written):
    said, replaced = phrase(*written)
    allowed = words(" ".join([*EN.values(), *GLUE["en"]]))
    for claim in said:
        assert words(claim.text) <= allowed, claim.text
    assert sorted(key for claim in said for key in claim.evidence) == ["e1", "e2", "e3"]
    assert 0 <= replaced <= len(written)


@given(written=st.lists(sentences, max_size=3))
def test_chinese_claims_hold_nothing_beyond_clauses_and_glue(written):
    glue = re.compile(f"(?:{'|'.join(GLUE['zh'] - {''})}|[^\\w《]|_)*", re.IGNORECASE)
    said, _ = phrase(*written, lang="zh")
    for claim in said:
        rest = claim.text.casefold()
        for key in claim.evidence:
            assert ZH[key].casefold() in rest
            rest = rest.replace(ZH[key].casefold(), "|", 1)
        assert glue.fullmatch(rest), claim.text
    assert sorted(key for claim in said for key in claim.evidence) == ["e1", "e2", "e3"]

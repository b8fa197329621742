"""``recagent explain`` with a question, and the same questions on real data."""

import json
from pathlib import Path

import pytest
from command import Command

from recagent import demo
from recagent.api import Recommender
from recagent.domain import Answer, Constraint, Context, Language
from recagent.explanations import unsupported_parts

Environment = dict[str, str]


@pytest.mark.usefixtures("shop")
def test_each_question_is_an_option_of_explain(recagent: Command) -> None:
    assert (
        "“Bread” is on your list, number 1 of 1"
        in recagent("explain", "ana", "b2", "--why-not").stdout
    )
    assert (
        "“Bread” is number 1 of 1 for you." in recagent("explain", "ana", "b2", "--what-if").stdout
    )
    barred = recagent("explain", "ana", "b2", "--what-if", "--only", "topics is not cooking").stdout
    assert "Without the condition (topics is not cooking), “Bread” would be number 1." in barred
    compared = recagent("explain", "ana", "b2", "--versus", "b1").stdout
    assert "is in your history" in compared
    assert (
        "您的历史记录里已有" in recagent("explain", "ana", "b1", "--why-not", "--lang", "zh").stdout
    )


@pytest.mark.usefixtures("shop")
def test_an_answer_is_one_json_object_with_its_evidence(recagent: Command) -> None:
    answer = json.loads(recagent("explain", "ana", "b2", "--why-not", "--json").stdout)
    assert (answer["ranks"], answer["among"], answer["degraded"]) == ({"b2": 1}, 1, None)
    (reason,) = answer["reasons"]
    assert reason["evidence"][0]["facts"] == {
        "title": "Bread", "rank": "1", "among": "1", "slate": "5",
    }  # fmt: skip
    nothing = json.loads(recagent("explain", "ana", "b9", "--why-not", "--json").stdout)
    assert nothing["reasons"][0]["text"] == "The catalogue has no “b9”."


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--why-not", "--what-if"], 2, "give one of --versus, --why-not, --what-if, --phrase"),
        (["--why-not", "--phrase"], 2, "give one of --versus, --why-not, --what-if, --phrase"),
        (["--versus", "b9"], 1, "item 'b9' is not in scene 'books'"),
        (["--why-not", "--scene", "cars"], 1, "unknown scene 'cars'"),
    ],
)
def test_what_cannot_be_asked_is_said(
    recagent: Command, options: list[str], code: int, says: str
) -> None:
    done = recagent("explain", "ana", "b2", *options)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_answers_about_real_films_are_supported_sentence_by_sentence(
    lang: Language, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", environment["XDG_CACHE_HOME"])
    settings = demo.settings(lang=lang, model={"kind": "none"})
    scenes = settings.declared_scenes()
    old = Constraint(attribute="year", operator="at most", value=1999)

    def check(answer: Answer) -> Answer:
        pieces = {piece.id: piece for piece in answer.evidence}
        assert answer.claims
        for claim in answer.claims:
            cited = [pieces[key] for key in claim.evidence]
            assert unsupported_parts(claim.text, cited, scenes=scenes, lang=lang) == (), claim.text
        return answer

    with Recommender.from_settings(settings) as recommender:
        slate = recommender.recommend(demo.PERSON, scene=demo.NEW_SCENE, k=8)
        first, *_, last = (entry.item.id for entry in slate.entries)
        compared = check(recommender.compare(demo.PERSON, last, versus=first))
        assert compared.ranks == {first: 1, last: 8}
        assert check(recommender.why_not(demo.PERSON, last, k=5)).ranks == {last: 8}
        moved = check(recommender.what_if(demo.PERSON, last))
        falls = [piece for piece in moved.evidence if piece.kind == "change"]
        assert falls[0].refs[1] in recommender.profile(demo.PERSON).liked
        context = Context(constraints=(old,))
        barred = check(recommender.why_not(demo.PERSON, first, context=context))
        assert [piece.kind for piece in barred.evidence] == ["broken"]
        let_in = check(recommender.what_if(demo.PERSON, first, context=context))
        assert let_in.evidence[-1].facts["after"] == "1"


def test_questions_store_nothing(shop: Path, recagent: Command) -> None:
    recagent("explain", "ana", "b2", "--what-if")
    kept = (shop / ".recagent" / "store.db").read_bytes()
    for option in (["--why-not"], ["--what-if"], ["--versus", "b1"]):
        recagent("explain", "ana", "b2", *option)
    assert (shop / ".recagent" / "store.db").read_bytes() == kept

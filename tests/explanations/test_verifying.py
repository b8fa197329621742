"""A sentence passes only if it says what the evidence that it cites says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent.domain import Evidence, Scene
from recagent.explanations import claims, unsupported_parts
from recagent.explanations.phrasing import cited_claim

SCENES = {
    "films": Scene(name="films", labels={"en": "Films", "zh": "电影"}),
    "books": Scene(name="books", labels={"en": "Books", "zh": "图书"}),
}


def piece(of, refs=("x",), key="e1", **facts):
    return Evidence(id=key, kind=of, refs=refs, facts=facts)


SHARED = piece(
    "attribute", ("f2", "scifi", "film noir"), title="Apes (1968)", kind="rating", rating="8.5/10",
    attribute="genres", shared="scifi, film noir", scene="books",
)  # fmt: skip
PEOPLE = piece("people", ("f3",), "e2", title="Jaws 2", kind="rating", rating="7/10", count="12",
               base="40", did="liked")  # fmt: skip
OTHERS = piece("people", ("f4",), "e3", title="Alien", kind="rating", rating="9/10", count="40",
               base="90", did="liked")  # fmt: skip
TAG = piece("tag", ("sea",), "e4", words="sea")
WISH = piece("wish", ("scifi",), "e5", words="scifi")


PEOPLE_TOLD = "Many of the people who liked “Jaws 2” liked this one too: 12 of 40"


def check(text, *evidence, lang="en"):
    return unsupported_parts(text, evidence, scenes=SCENES, lang=lang)


@pytest.mark.parametrize(
    ("text", "evidence"),
    [("It is scifi again, like “Apes (1968)”, which you gave 8.5/10.", [SHARED]),
     ("It is scifi and film noir again, like \"Apes (1968)\", which you gave 8.5/10 in "
      "Books",
      [SHARED]),
     ("Many of the people who liked \"Jaws 2\" liked this one too, 12 of 40", [PEOPLE]),
     ("We recommend this because it matches your interest: sea; also, many of the people who "
      "liked “Alien” liked this one as well: 40 of 90.", [TAG, OTHERS])],
)  # fmt: skip
def test_what_the_evidence_says_may_be_said_with_other_joints(text, evidence):
    assert check(text, *evidence) == ()


@pytest.mark.parametrize(
    ("text", "unsupported"),
    [(PEOPLE_TOLD.replace("12", "13"), ("13",)),
     (PEOPLE_TOLD.replace("40", "16"), ("16",)),
     (PEOPLE_TOLD.replace("Jaws 2", "Jaws"), ("“Jaws”",)),
     (PEOPLE_TOLD.replace("who liked", "who loved"), ("loved",)),
     (PEOPLE_TOLD + " in Films", ("in", "Films")),
     (PEOPLE_TOLD.replace("liked this", "never liked this"), ("never",)),
     (PEOPLE_TOLD.replace("12", "12,000"), ("12,000",)),
     (PEOPLE_TOLD.replace("12", "twelve"), ("twelve",)),
     (PEOPLE_TOLD + " 🙂", ("🙂",))],
)  # fmt: skip
def test_what_it_does_not_say_is_named(text, unsupported):
    assert check(text, PEOPLE) == unsupported


@pytest.mark.parametrize(
    ("text", "evidence"),
    [("7 people liked it", [PEOPLE]),  # a rating is no count
     ("12 of 40 people who liked “Jaws 2” gave 7/10", [PEOPLE]),  # it was the person who gave that
     ("You liked “Jaws 2”", [PEOPLE]),
     ("Many of the people who liked “Alien” liked this one too: 12 of 40", [PEOPLE, OTHERS]),
     ("Many of the people who liked “Jaws 2” liked this one too: 40 of 12", [PEOPLE]),
     ("Many of the people who liked “Jaws 2” liked this one too: 40 of 90, many of the "
      "people who liked “Alien” liked this one too: 12 of 40", [PEOPLE, OTHERS]),
     # half a value
     ("It is film again, like “Apes (1968)”, which you gave 8.5/10", [SHARED]),
     ("It is again like “Apes (1968)”, which you gave 8.5/10", [SHARED]),
     ("Your wish is scifi", [WISH]),  # "no scifi" mentions it too
     ("", [PEOPLE])],
)  # fmt: skip
def test_true_words_in_a_false_order_do_not_pass(text, evidence):
    assert check(text, *evidence)


def test_chinese_is_read_by_its_characters():
    told = "喜欢“Jaws 2”的人里，不少也喜欢它：40 人中有 12 位"
    assert check(f"推荐理由：{told}。", PEOPLE, lang="zh") == ()
    assert check(told.replace("12", "13"), PEOPLE, lang="zh") == ("13",)
    assert check(told.replace("也喜欢", "也不喜欢"), PEOPLE, lang="zh") == ("不",)
    assert check(told + "（来自“电影”）", PEOPLE, lang="zh") == ("来", "自", "“电影”")


def test_a_sentence_of_its_own_is_kept_with_what_it_cites():
    text = (
        "It is scifi again, like “Apes (1968)”, which you gave 8.5/10 [e1], and "
        "many of the people who liked “Jaws 2” liked this one too: 12 of 40 [e2]."
    )
    claim = cited_claim(text, [SHARED, PEOPLE], scenes=SCENES, lang="en")
    assert claim is not None
    assert claim.evidence == ("e1", "e2")
    assert claim.text == text.replace(" [e1]", "").replace(" [e2]", "")
    assert (
        cited_claim(text.replace("[e2]", "[e9]"), [SHARED, PEOPLE], scenes=SCENES, lang="en")
        is None
    )
    assert (
        cited_claim(text.replace(" [e2]", ""), [SHARED, PEOPLE], scenes=SCENES, lang="en") is None
    )


titles = st.sampled_from(["Jaws 2", "Alien", "12 Monkeys", "Not", "It", "Monsters, Inc.", "大白鲨"])
numbers = st.integers(2, 99).map(str)
values = st.lists(
    st.sampled_from(["scifi", "film noir", "C++", "and", "not", "12", "科幻", "还珠"]),
    min_size=1, max_size=3, unique=True,
)  # fmt: skip
names = st.sampled_from(["genres", "made_by", "series", "设计师"])
judgments = st.sampled_from(
    [{"kind": "like"}, {"kind": "view"}, {"kind": "rating", "rating": "8.5/10"}]
)
wheres = st.sampled_from([{}, {"scene": "films"}, {"scene": "nowhere"}])
shares = st.fixed_dictionaries(
    {"part": st.sampled_from(["crowd", "text", "my_source"]), "share": numbers.map("{}%".format)}
)
pair = st.fixed_dictionaries({"title": titles, "other": titles})
ranks = st.fixed_dictionaries({"rank": numbers, "other_rank": numbers, "among": numbers})
constraints = st.fixed_dictionaries(
    {"attribute": st.sampled_from(["genre", ""]), "wanted": st.just("horror"),
     "operator": st.sampled_from(["is", "is not", "mentions"])},
    optional={"said": st.just("no horror, please")},
)  # fmt: skip


X = st.just(("x",))


def told(kind, *facts, refs=X):
    def made(drawn):
        merged = {}
        for each in drawn[:-1]:
            merged |= each
        return piece(kind, drawn[-1], **merged)

    return st.tuples(*facts, refs).map(made)


def listing(kind, name, *facts):
    return values.flatmap(
        lambda several: told(
            kind,
            st.just({name: ", ".join(several)}),
            *facts,
            refs=st.just((*(["x"] if kind not in ("wish", "tag") else []), *several)),
        )
    )


def titled(**more):
    return st.fixed_dictionaries({"title": titles, **more})


pieces = st.one_of(
    listing("wish", "words"),
    listing("tag", "words"),
    listing("attribute", "shared", titled(attribute=names), judgments, wheres),
    told("people", titled(count=numbers, base=numbers, did=st.sampled_from(["liked", "had"])),
         judgments, wheres),
    told("popularity", st.fixed_dictionaries({"count": numbers}), st.just({"scene": "films"})),
    told("constraint", constraints),
    told("share", shares, st.sampled_from([{}, {"apart": "language"}])),
    told("rank", pair, ranks),
    told("lead", pair, shares),
    told("varied", pair),
    told("place", titled(rank=numbers, among=numbers), st.sampled_from([{}, {"slate": "5"}])),
    told("absent", titled(), wheres),
    told("seen", titled(), judgments, wheres),
    told("seen", titled()),
    told("broken", titled(), constraints, st.sampled_from([{}, {"value": "horror, drama"}])),
    told("ruled", pair),
    told("barred", titled(scene=st.just("films"))),
    listing("needs", "words", titled()),
    told("unfound", titled(among=numbers)),
    told("change", titled(what=st.just("like"), without=titles), judgments, wheres,
         st.sampled_from([{"before": "3", "after": "9"}, {"before": "3"}, {"after": "9"}])),
    told("change", titled(what=st.just("constraint"), after=numbers), constraints),
    told("change", titled(what=st.sampled_from(["wish", "seen"]), after=numbers)),
    told("steady", titled(count=numbers)),
    told("still out", titled(count=numbers)),
)  # fmt: skip
languages = st.sampled_from(["en", "zh"])


@given(evidence=pieces, about=st.sampled_from([{}, {"item": "Alien"}]), lang=languages)
def test_every_plain_sentence_is_supported_by_its_evidence(evidence, about, lang):
    evidence = Evidence(
        id="e1", kind=evidence.kind, refs=evidence.refs, facts={**evidence.facts, **about}
    )
    (claim,) = claims([evidence], scenes=SCENES, lang=lang)
    assert check(claim.text, evidence, lang=lang) == ()


STRANGE = st.sampled_from(
    ["7", "1.5", "100%", "3/10", "“Nosferatu”", "《Nosferatu》", "thriller", "Games", "惊悚", "no",
     "never", "you", "不", "您"]
)  # fmt: skip


@given(evidence=pieces, strange=STRANGE, at=st.integers(0, 40), lang=languages)
def test_a_number_title_value_or_scene_of_its_own_never_passes(evidence, strange, at, lang):
    (claim,) = claims([evidence], scenes=SCENES, lang=lang)
    words = claim.text.split(" ")
    at = min(at, len(words))
    text = " ".join([*words[:at], strange, *words[at:]])
    assert check(text, evidence, lang=lang), text


@given(first=pieces, second=pieces, lang=languages)
def test_a_sentence_about_other_evidence_does_not_pass(first, second, lang):
    texts = [claims([each], scenes=SCENES, lang=lang)[0].text for each in (first, second)]
    if texts[0] != texts[1] and first.kind != second.kind:
        assert check(texts[0], second, lang=lang), texts


@given(evidence=pieces, drop=st.integers(0, 40), lang=languages)
def test_no_number_and_no_title_may_be_left_out(evidence, drop, lang):
    (claim,) = claims([evidence], scenes=SCENES, lang=lang)
    names = ("title", "other", "count", "base", "rank", "share", "after")
    told = [evidence.facts[name] for name in names if name in evidence.facts]
    if told:
        fact = told[drop % len(told)]
        for whole in (f"“{fact}”", fact):
            text = claim.text.replace(whole, "", 1)
            if text != claim.text:
                assert check(text, evidence, lang=lang), text
                break

"""A reason in a model's own words is shown where evidence and catalogue say every part of it."""

import tomllib
from dataclasses import replace

import pytest
from examples import make_event, make_item, make_query

from benchmarks.reason_sentences import KEPT, counted
from recagent.domain import Claim, Constraint, Evidence, RatingScale, Scene, User
from recagent.explanations import checked_claim, gather_person_evidence

SCENES = {"films": Scene(name="films", labels={"en": "Films", "zh": "电影"})}
FUZZ = make_item("f1", "Hot Fuzz", scene="films", genres=("Action", "Comedy"), year=2007)
LAND = make_item("f2", "Zombieland", scene="films", genres=("Comedy", "Horror"), year=2009)
SHAUN = make_item("f3", "Shaun of the Dead", scene="films", genres=("Comedy", "Horror"), year=2004)
WAR = make_item("f4", "World War Z", scene="films", genres=("Action", "Horror"), year=2013)
KNOWN = {item.id: item for item in (FUZZ, LAND)}
EVIDENCE = (
    Evidence(id="e1", kind="people", refs=("f1",),
             facts={"title": "Hot Fuzz (2007)", "kind": "rating", "rating": "9/10", "count": "19",
                    "base": "62", "did": "liked"}),
    Evidence(id="e2", kind="wish", refs=("funny",), facts={"words": "funny"}),
    Evidence(id="p1", kind="asked", refs=(), facts={"wish": "something funny, zombies welcome"}),
    Evidence(id="p2", kind="history", refs=("f2",),
             facts={"title": "Zombieland (2009)", "kind": "rating", "rating": "8/10"}),
)  # fmt: skip
ALL = ("e1", "e2", "p1", "p2")


def checked(text, *, ids=ALL, items=(SHAUN,), lang="en"):
    return checked_claim(
        Claim(text=text, evidence=ids), EVIDENCE, items=items, known=KNOWN, scenes=SCENES, lang=lang
    )


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("19 people who liked “Hot Fuzz”, your 9/10, liked it too.", ("e1",)),
        ("19 of 62 people who liked “Hot Fuzz” liked it too.", ("e1",)),
        ("Of 62 people who liked “Hot Fuzz”, 19 liked it.", ("e1",)),
        ("People who liked “Hot Fuzz” liked it too, 19 of 62.", ("e1",)),
        ("A horror comedy like “Zombieland”, which you gave 8/10.", ("p2",)),
        ("Funny, as you wish, and from 2004.", ("e2",)),
        ("Made for “zombies welcome”: it is comedy as in “Hot Fuzz” (9/10).", ("e1", "p1")),
        ("You gave “Hot Fuzz” 9/10 and “Zombieland” 8/10.", ("e1", "p2")),
        ("“Shaun of the Dead” is a comedy like “Hot Fuzz” [e1].", ("e1",)),
    ],
)
def test_what_evidence_and_catalogue_say_may_be_put_freely(text, used):
    claim = checked(text)
    assert claim is not None
    assert claim.evidence == used
    assert claim.text[0] == text[0]


@pytest.mark.parametrize(
    "text",
    [
        "A horror comedy like “Hot Fuzz”.",  # which is no horror
        "A comedy, the same horror, as in “Hot Fuzz”.",
        "You gave “Hot Fuzz” 8/10 and “Zombieland” 9/10.",
        "You gave “Hot Fuzz” 9/10 as “Zombieland”, with 8/10 for “Hot Fuzz”.",
        "9 people who liked “Hot Fuzz” liked it too.",
        "20 people who liked “Hot Fuzz” liked it too.",
        "62 people who liked “Hot Fuzz” liked it too.",
        "62 of 19 people who liked “Hot Fuzz” liked it too.",
        "Of 19 people who liked “Hot Fuzz”, 62 liked it.",
        "People who liked “Hot Fuzz” liked it too, 9 of 62.",
        "19 people liked it; “Zombieland” is 8/10.",
        "You bought “Hot Fuzz”.",
        "Simon Pegg again, as in “Hot Fuzz”.",  # true, but said nowhere
        "It has zombies, like “Zombieland”.",
        "You will love it like “Hot Fuzz”.",
        "The best comedy since “Hot Fuzz”.",
        "Not a comedy like “Hot Fuzz”.",
        "A comedy from 2004, the year of your wish.",
        "A comedy from 2005; you gave “Hot Fuzz” 9/10.",
        "A comedy from 2004.",  # rests on nothing that it cites
        "A comedy like “Notting Hill”.",
        "For your “something scary”: comedy, like “Hot Fuzz”.",
        "Comedy. Horror. And more, like “Hot Fuzz”.",
        "Comedy like “Hot Fuzz” https://example.com",
        "*Comedy* like “Hot Fuzz”.",
        "", "“Hot Fuzz”" + " like" * 100,
    ],
)  # fmt: skip
def test_what_they_do_not_say_is_refused(text):
    assert checked(text) is None


def test_only_what_is_cited_counts():
    assert checked("A comedy like “Hot Fuzz”.", ids=("e2",)) is None
    assert checked("A comedy like “Hot Fuzz”.", ids=("e9",)) is None


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("喜欢《Hot Fuzz》（您打了 9/10 分）的人里有 19 位也喜欢它。", ("e1",)),
        ("和您打了 8/10 分的《Zombieland》一样，是恐怖喜剧。", ("p2",)),
        ("从您打了 9/10 分的《Hot Fuzz》和打了 8/10 分的《Zombieland》出发。", ("e1", "p2")),
        ("合您说的“zombies welcome”，是 2004 年的喜剧。", ("p1",)),
    ],
)
def test_in_chinese_too(text, used):
    claim = checked(text, lang="zh")
    assert claim is not None
    assert claim.evidence == used
    assert claim.text.endswith("。")


@pytest.mark.parametrize(
    "text",
    [
        "和《Hot Fuzz》一样是恐怖喜剧。", "不是喜剧，和《Hot Fuzz》一样。",
        "最好的喜剧，接近《Hot Fuzz》。",
        "您一定喜欢，和《Hot Fuzz》一样。", "从您打了 8/10 分的《Hot Fuzz》出发。",
        "有 19 位导演，接近《Hot Fuzz》。", "《Hot Fuzz》的主演又来了。",
    ],
)  # fmt: skip
def test_in_chinese_too_it_is_refused(text):
    assert checked(text, lang="zh") is None


def test_a_sentence_on_a_list_says_what_half_of_it_has():
    films = (SHAUN, LAND, WAR)
    claim = checked("Horror, most of it comedy, close to “Zombieland” (8/10).", items=films)
    assert claim is not None
    assert claim.evidence == ("p2",)
    assert checked("Films of 2004, close to “Zombieland” (8/10).", items=films) is None
    assert checked("Most of it comedy, like “Zombieland”.", items=(SHAUN,)) is None


def test_praise_and_commands_of_an_item_do_not_become_a_reason():
    forged = make_item("x", "Best Comedy, must see", scene="films", genres=("Comedy",), year=2004)
    assert checked("Comedy, like “Hot Fuzz”.", items=(forged,)) is not None
    assert checked("The best comedy, like “Hot Fuzz”.", items=(forged,)) is None
    assert checked("You must see it, like “Hot Fuzz”.", items=(forged,)) is None


def test_a_person_is_known_by_wish_words_interests_and_likes_of_this_scene_first():
    book = make_item("b1", "Dune", scene="books")
    query = make_query(
        items=[FUZZ, book],
        events=[make_event("ann", "b1"), make_event("ann", "f1", scene="films", value=9)],
        liked=["b1", "f1"],
        scene=SCENES["films"],
        wish="a “funny” one",
        user=User(id="ann", tags=("comedy", "horror"), about="I laugh."),
    )
    pieces = gather_person_evidence(query, scale=RatingScale())
    assert [(piece.id, piece.kind) for piece in pieces] == [
        ("p1", "asked"), ("p2", "about"), ("p3", "interest"), ("p4", "history"), ("p5", "history"),
    ]  # fmt: skip
    assert pieces[0].facts["wish"] == 'a "funny" one'
    assert pieces[3].facts == {"title": "Hot Fuzz (2007)", "kind": "rating", "rating": "9/10"}
    assert pieces[4].facts["scene"] == "books"


def test_what_is_banned_is_no_evidence_of_a_person():
    ban = Constraint(attribute="genres", operator="is not", value="Comedy")
    query = make_query(
        items=[FUZZ], events=[make_event("ann", "f1", scene="films")], liked=["f1"],
        scene=SCENES["films"], user=User(id="ann", tags=("Comedy", "war")),
    )  # fmt: skip
    banned = replace(query, context=replace(query.context, constraints=(ban,)))
    (piece,) = gather_person_evidence(banned, scale=RatingScale())
    assert piece.facts["words"] == "war"


def test_most_true_sentences_of_somebody_who_never_saw_the_check_pass_and_no_false_one():
    wrong: list[str] = []
    counts = counted(tomllib.loads(KEPT.read_text(encoding="utf-8")), wrong)
    assert [each for each in wrong if not each.startswith("true")] == []
    assert counts["forged"] > 1000
    plain = counts["true_en_1_shown"] + counts["true_zh_1_shown"]
    assert plain >= 0.85 * (counts["true_en_1"] + counts["true_zh_1"])
    chatty = counts["true_en_2_shown"] + counts["true_zh_2_shown"]
    assert chatty >= 0.7 * (counts["true_en_2"] + counts["true_zh_2"])


@pytest.mark.parametrize(
    "text",
    [
        "You like horror, as in “Zombieland” (8/10).",  # a film that they like, and no liking
        "You like it: comedy, as in “Hot Fuzz” (9/10).",
        "Those who liked “Zombieland” liked this too.",  # nobody counted them
        "Half of the people who liked “Hot Fuzz” liked it.",
        "“Hot Fuzz” is a horror comedy.",
        "The horror “Hot Fuzz”, your 9/10.",
        "“Hot Fuzz”, a horror you gave 9/10.",
        "The second part of “Hot Fuzz” (9/10), a comedy.",
        "Try this comedy, like “Hot Fuzz”.",
        "It is made for you: comedy, like “Hot Fuzz”.",
        "A western, as you asked; you gave “Hot Fuzz” 9/10.",
    ],
)
def test_words_that_join_do_not_make_a_false_sentence(text):
    assert checked(text) is None


def test_people_who_only_bought_or_looked_did_not_like_it():
    had = Evidence(id="e1", kind="people", refs=("f1",),
                   facts={"title": "Hot Fuzz (2007)", "kind": "purchase", "count": "19",
                          "base": "62", "did": "had"})  # fmt: skip

    def of(text):
        return checked_claim(
            Claim(text=text, evidence=("e1",)), [had], items=(SHAUN,), known=KNOWN, scenes=SCENES,
            lang="en",
        )  # fmt: skip

    assert of("You bought “Hot Fuzz”; 19 of 62 people looked at this comedy too.") is not None
    assert of("19 of the 62 people who liked “Hot Fuzz” liked it.") is None
    assert of("You liked “Hot Fuzz”, a comedy.") is None


def test_a_limit_of_the_wish_is_kept_by_the_price_that_is_told():
    pot = replace(make_item("p", "Glass Pot", scene="films", price=28.0), text="No boiling over.")
    asked = Evidence(id="p1", kind="asked", refs=(), facts={"wish": "a pot under 40"})
    words = Evidence(id="e1", kind="wish", refs=("pot",), facts={"words": "pot"})

    def of(text):
        return checked_claim(
            Claim(text=text, evidence=("e1", "p1")), [words, asked], items=(pot,), known={},
            scenes=SCENES, lang="en",
        )  # fmt: skip

    assert of("A pot for 28, under your 40.") is not None
    assert of("A pot for 28.00, inside your budget; no boiling over.") is not None
    assert of("A pot for 28, over your 40.") is None
    assert of("A pot for 28, under your 20.") is None
    assert of("A pot for 28, no boiling.") is not None
    assert of("No pot for 28.") is None

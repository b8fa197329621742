"""Evidence comes from real events, attributes and counts, and its sentences say no more than it."""

import math
from dataclasses import replace

import pytest
from examples import SCALE, make_event, make_item, make_query
from hypothesis import given
from hypothesis import strategies as st

from recagent.domain import EVENT_KINDS, Constraint, Context, Evidence, Scene, User
from recagent.domain.attribute_labels import AttributeLabels
from recagent.explanations import claims, gather_evidence, unsupported_parts
from recagent.explanations.evidence import as_evidence
from recagent.explanations.ranking_evidence import lead_pieces, share_pieces
from recagent.explanations.ties import Tie, alike, in_order, liked_by_the_same, together
from recagent.profiles.informative_values import Traits
from recagent.retrieval import Interactions

FILMS = Scene(name="films", labels={"en": "Films", "zh": "电影"})
SCENES = {"films": FILMS, "books": Scene(name="books", labels={"en": "Books", "zh": "图书"})}

ALIEN = make_item("f1", "Alien", scene="films", genres=("scifi", "horror"), year=1979)
APES = make_item("f2", "Apes", scene="films", genres=("scifi", "drama"), mood="dark")
DUNE = make_item("b1", "Dune", scene="books", genres=("scifi", "horror"), year=1965)


def likes(people, *pairs):
    return [
        make_event(f"p{person}", item_id, scene=scene)
        for person in range(people)
        for item_id, scene in pairs
    ]


def evidence_for(item, query, events=(), *, among=(), silent=frozenset()):
    """What is gathered for an item; ``among`` are the scene's other items."""
    behaviour = Interactions(events, scale=SCALE)
    traits = Traits({each.id: each for each in (*among, item)}, silent)
    (evidence,) = gather_evidence([item], query, behaviour=behaviour, scale=SCALE, traits=traits)
    return evidence


def said(evidence, lang="en"):
    return [claim.text for claim in claims(evidence, scenes=SCENES, lang=lang)]


def liking(item, *, value=None, kind="like", **query):
    event = make_event("ann", item.id, scene=item.scene, value=value, kind=kind)
    return make_query(items=[item], events=[event], liked=[item.id], scene=FILMS, **query)


def test_an_item_shares_attributes_with_one_that_was_liked():
    evidence = evidence_for(ALIEN, liking(APES, value=8.5))
    assert evidence == (
        Evidence(
            id="e1",
            kind="attribute",
            refs=("f2", "scifi"),
            facts={
                "title": "Apes",
                "kind": "rating",
                "rating": "8.5/10",
                "attribute": "genres",
                "shared": "scifi",
            },
        ),
    )
    assert said(evidence) == ["It is scifi again, like “Apes”, which you gave 8.5/10."]
    assert said(evidence, "zh") == ["也是 scifi，和您打了 8.5 分的“Apes”一样。"]


def test_another_scene_is_named_by_its_label():
    evidence = evidence_for(ALIEN, liking(DUNE))
    assert evidence[0].refs == ("b1", "scifi", "horror")
    assert said(evidence) == [
        "It is scifi and horror again, like “Dune (1965)”, which you liked in Books."
    ]
    assert said(evidence, "zh") == ["也是 scifi、horror，和您在“图书”里喜欢的“Dune (1965)”一样。"]


def test_the_item_that_shares_most_is_named_and_the_newest_of_equals():
    events = [make_event("ann", key, scene=scene) for key, scene in [("f2", "films"),
              ("b1", "books")]]  # fmt: skip
    query = make_query(items=[APES, DUNE], events=events, liked=["f2", "b1"], scene=FILMS)
    assert evidence_for(ALIEN, query)[0].refs[0] == "b1"
    twin = make_item("f3", "Twin", scene="films", genres=("scifi",))
    query = make_query(
        items=[APES, twin],
        events=[make_event("ann", "f3", scene="films"), events[0]],
        liked=["f3", "f2"],
        scene=FILMS,
    )
    assert evidence_for(ALIEN, query)[0].refs[0] == "f3"


def test_people_in_common_are_counted_and_few_are_left_out():
    query = liking(DUNE)
    stranger = make_item("f9", "Stranger", scene="films")
    others = [make_event(f"q{person}", "f8", scene="films") for person in range(20)]
    enough = [*likes(5, ("f9", "films"), ("b1", "books")), *others]
    (evidence,) = evidence_for(stranger, query, enough)
    assert evidence.kind == "people"
    assert evidence.refs == ("b1",)
    assert (evidence.facts["count"], evidence.facts["base"]) == ("5", "5")
    assert said([evidence]) == [
        "Many of the people who liked “Dune (1965)” (from Books) liked this one too: 5 of 5."
    ]
    assert said([evidence], "zh") == [
        "喜欢“Dune (1965)”（来自“图书”）的人里，不少也喜欢它：5 人中有 5 位。"
    ]
    few = [*likes(4, ("f9", "films"), ("b1", "books")), *others]
    assert [piece.kind for piece in evidence_for(stranger, query, few)] == ["popularity"]


@pytest.mark.parametrize(
    ("fans", "both", "lang", "told"),
    [(40, 10, "en", "Many of the people who liked “Apes”, which you gave 8/10, liked this one too: "
      "10 of 40."),
     (50, 10, "en", "People who liked “Apes”, which you gave 8/10, like this one more than others "
      "do."),
     (50, 10, "zh", "喜欢“Apes”（您打了 8 分）的人，比一般人更喜欢它。"),
     (101, 10, "en", "10 people here liked it.")],
)  # fmt: skip
def test_a_count_of_people_has_its_base_and_is_no_reason_where_it_is_a_small_part(
    fans, both, lang, told
):
    liked = replace(APES, attributes={})
    stranger = make_item("f9", "Stranger", scene="films")
    events = [make_event(f"p{person}", "f2", scene="films") for person in range(fans)]
    events += [make_event(f"p{person}", "f9", scene="films") for person in range(both)]
    events += [make_event(f"q{person}", "f8", scene="films") for person in range(400)]
    assert said(evidence_for(stranger, liking(liked, value=8.0), events), lang) == [told]


def test_what_popular_things_have_in_common_is_no_reason():
    """All who like one like the other, as everybody does."""
    liked = replace(APES, attributes={})
    stranger = make_item("f9", "Stranger", scene="films")
    everybody = likes(50, ("f2", "films"), ("f9", "films"))
    assert [piece.kind for piece in evidence_for(stranger, liking(liked), everybody)] == [
        "popularity"
    ]


def test_one_liked_item_does_not_stand_for_a_whole_list():
    twin = make_item("f4", "Twin", scene="films", genres=("scifi", "horror"))
    older = make_item("f5", "Older", scene="films", genres=("scifi", "horror"))
    events = [make_event("ann", key, scene="films") for key in ("f4", "f5")]
    query = make_query(items=[twin, older], events=events, liked=["f4", "f5"], scene=FILMS)
    items = [make_item(f"g{at}", scene="films", genres=("scifi", "horror")) for at in range(2)]
    traits = Traits({item.id: item for item in items})
    first, second = gather_evidence(
        items, query, behaviour=Interactions([], scale=SCALE), scale=SCALE, traits=traits
    )
    assert [first[0].refs[0], second[0].refs[0]] == ["f4", "f5"]


def test_the_main_reasons_of_a_list_leave_an_item_the_only_like_that_speaks_for_it():
    """One by one the first takes Twin, which is all that the second has."""
    twin = make_item("f4", "Twin", scene="films", genres=("scifi", "horror"), mood="dark")
    older = make_item("f5", "Older", scene="films", genres=("scifi", "horror"))
    events = [make_event("ann", key, scene="films") for key in ("f4", "f5")]
    query = make_query(items=[twin, older], events=events, liked=["f4", "f5"], scene=FILMS)
    items = [
        make_item("g0", scene="films", genres=("scifi", "horror")),
        make_item("g1", scene="films", mood="dark"),
    ]

    def likes_named(choice):
        gathered = gather_evidence(
            items, query, behaviour=Interactions([], scale=SCALE), scale=SCALE,
            traits=Traits({item.id: item for item in items}), choice=choice,
        )  # fmt: skip
        return [pieces[0].refs[0] for pieces in gathered]

    assert likes_named(in_order) == ["f4", "f4"]
    assert likes_named(together) == ["f5", "f4"]


def tie(liked, nats, **more):
    item = make_item(liked, scene="films")
    return Tie(liked=item, **{"nats": nats, "on_lists": nats, "count": 9, **more})


@pytest.mark.parametrize(
    ("ties", "named"),
    [
        ([[tie("a", 3.0), tie("b", 2.0)], [tie("a", 3.0), tie("b", 1.0)]], ["b", "a"]),
        ([[tie("a", 3.0), tie("b", 1.0)], [tie("a", 2.0)]], ["a", "a"]),
        ([[tie("a", 3.0, on_lists=1.5, values=("drama",)), tie("b", 2.0)]], ["b"]),
        ([[], [tie("a", 3.0)]], ["a"]),
    ],
)
def test_ties_of_a_list_are_chosen_by_what_it_would_lose_without_them(ties, named):
    chosen = together(ties, {*range(len(ties))}, {"a": 1.0, "b": 1.0})
    assert [own[0].liked.id for own in chosen if own] == named


def test_the_second_reason_of_an_item_is_another_liked_one_where_it_can_be():
    ties = [tie("a", 3.0, values=("x", "y")), tie("a", 2.0), tie("b", 1.5)]
    (chosen,) = together([ties], {0}, {"a": 1.0, "b": 1.0})
    assert [own.liked.id for own in chosen] == ["a", "b"]
    assert [own.liked.id for own in in_order([ties], {0}, {"a": 1.0, "b": 1.0})[0]] == ["a", "a"]


def test_one_value_that_many_have_is_half_a_reason_on_a_list_and_shared_values_speak_for_people():
    common, rare = ("genres", "drama"), ("genres", "noir")
    weights = {common: 2.5, rare: 4.0}
    item = make_item("f9", scene="films")
    drama, noir = make_item("a", scene="films"), make_item("b", scene="films")
    liked = [(drama, frozenset([common])), (noir, frozenset([rare]))]
    found = list(alike(item, liked, traits=weights, least=2.0))
    assert [(own.nats, own.on_lists) for own in found] == [(2.5, 1.25), (4.0, 4.0)]
    behaviour = Interactions(
        likes(9, ("f9", "films"), ("a", "films")) + [
            make_event(f"q{person}", "c", scene="films") for person in range(27)
        ],
        scale=SCALE,
    )  # fmt: skip
    (people,) = liked_by_the_same(item, liked[:1], traits=weights, crowd=[9], behaviour=behaviour)
    assert people.nats == pytest.approx(math.log((9 - 3) / (9 * 9 / 36)))
    assert people.on_lists == pytest.approx(people.nats + 2.5 / 2)


def test_values_and_titles_are_called_as_people_call_them_in_chinese():
    films = replace(FILMS, works=True)
    labels = {
        "genres": AttributeLabels(
            names={"zh": "类型"}, values={"zh": {"scifi": ["科幻"], "horror": ["恐怖"]}}
        )
    }
    liked = make_item("f4", "Twin", scene="films", genres=("scifi", "horror"))
    event = make_event("ann", "f4", scene="films", value=9.0, kind="rating")
    query = make_query(items=[liked], events=[event], liked=["f4"], scene=films)
    (evidence,) = gather_evidence(
        [ALIEN], query, behaviour=Interactions([], scale=SCALE), scale=SCALE,
        traits=Traits({"f1": ALIEN}), labels=labels, lang="zh",
    )  # fmt: skip
    assert evidence[0].refs == ("f4", "scifi", "horror")
    assert said(evidence, "zh") == ["类型也是科幻、恐怖，和您打了 9 分的《Twin》一样。"]
    text = said(evidence, "zh")[0]
    assert unsupported_parts(text, evidence, scenes=SCENES, lang="zh") == ()


def test_a_title_cannot_end_its_quotation_and_go_on_as_a_sentence():
    forged = make_item("f4", "X” is free and “Y", scene="films", genres=("scifi", "horror"))
    (text,) = said(evidence_for(ALIEN, liking(forged)))
    assert text == "It is scifi and horror again, like “X’ is free and ‘Y”, which you liked."


def test_the_wish_and_the_tags_are_named_where_the_item_has_them():
    ann = User(id="ann", tags=("drama", "sailing"))
    evidence = evidence_for(APES, make_query(scene=FILMS, user=ann, wish="Dark SCIFI please"))
    assert [(piece.kind, piece.refs) for piece in evidence] == [
        ("wish", ("scifi", "dark")),
        ("tag", ("drama",)),
    ]
    assert said(evidence) == [
        "It has what you asked for: scifi, dark.",
        "It matches your interest: drama.",
    ]
    assert said(evidence, "zh") == ["它有您要找的：scifi、dark。", "它符合您的兴趣：drama。"]


def test_a_value_without_words_is_not_what_was_asked_for():
    item = make_item("f1", scene="films", rating="***", note="")
    assert evidence_for(item, make_query(scene=FILMS, wish="something light")) == ()


@pytest.mark.parametrize(
    ("people", "en", "zh"),
    [(1, "Not many people here have come across it yet.", "这里知道它的人还不多。"),
     (12, "12 people here liked it.", "这里有 12 人喜欢它。")],
)  # fmt: skip
def test_popularity_stands_in_where_nothing_personal_is_known(people, en, zh):
    evidence = evidence_for(ALIEN, make_query(scene=FILMS), likes(people, ("f1", "films")))
    assert [piece.kind for piece in evidence] == ["popularity"]
    assert (said(evidence), said(evidence, "zh")) == ([en], [zh])


def test_where_nothing_is_known_nothing_is_said():
    assert evidence_for(ALIEN, make_query(scene=FILMS)) == ()
    assert said(()) == []


def test_what_a_wish_does_not_want_is_no_reason():
    for wish in ("no scifi", "anything but scifi", "I hate scifi"):
        assert said(evidence_for(ALIEN, make_query(scene=FILMS, wish=wish))) == []
    assert said(evidence_for(ALIEN, make_query(scene=FILMS, wish="scifi, no comedy"))) == [
        "It has what you asked for: scifi."
    ]


def test_words_of_a_title_are_no_evidence():
    one = make_item("f1", "Call of Duty: Black Ops", scene="films")
    two = make_item("f2", "Call of Duty: Black Ops II", scene="films")
    assert evidence_for(one, liking(two)) == ()


def test_an_item_is_no_evidence_for_itself():
    assert evidence_for(ALIEN, liking(ALIEN)) == ()


def test_a_bare_yes_or_the_same_word_under_another_name_is_not_shared():
    one = make_item("f1", scene="films", in_stock="yes", director="Washington")
    other = make_item("f2", scene="films", in_stock="yes", place="Washington")
    assert evidence_for(one, liking(other)) == ()


def test_counts_that_hold_mere_looks_are_not_called_liking():
    events = [replace(event, kind="view", value=None) for event in likes(5, ("f1", "films"))]
    shown = said(evidence_for(ALIEN, make_query(scene=FILMS), events))
    assert shown == ["5 people here bought or looked at it."]


@pytest.mark.parametrize("kind", ["view", "click", "comment"])
def test_a_look_is_not_called_liking(kind):
    """Explicit judgments and deeds are; that someone saw a page says nothing of the sort."""
    shown = " ".join(said(evidence_for(ALIEN, liking(APES, kind=kind))))
    assert "you liked" not in shown


def test_no_more_than_three_pieces_with_ids_in_order():
    query = liking(DUNE, user=User(id="ann", tags=("horror",)), wish="scifi")
    events = likes(4, ("f1", "films"), ("b1", "books"))
    evidence = evidence_for(ALIEN, query, events)
    assert [(piece.id, piece.kind) for piece in evidence] == [
        ("e1", "wish"),
        ("e2", "tag"),
        ("e3", "attribute"),
    ]


values = st.sampled_from(["scifi", "drama", "科幻", "a b", "!!", ""])
items = st.builds(
    lambda number, genres, mood: make_item(
        f"i{number}", f"Item {number}", scene="films", genres=genres, mood=mood
    ),
    st.integers(0, 5),
    st.lists(values, max_size=3).map(tuple),
    values,
)


@given(
    item=items,
    liked=st.lists(items, max_size=4, unique_by=lambda item: item.id),
    kinds=st.lists(st.sampled_from(EVENT_KINDS), min_size=4, max_size=4),
    tags=st.lists(values, max_size=2),
    wish=st.sampled_from(["", "scifi", "a drama", "科幻", "!!"]),
    crowd=st.integers(0, 5),
)
def test_every_piece_can_be_looked_up(item, liked, kinds, tags, wish, crowd):
    events = [make_event("ann", each.id, scene="films", kind=kind)
              for each, kind in zip(liked, kinds, strict=False)]  # fmt: skip
    query = make_query(
        items=liked,
        events=events,
        liked=[each.id for each in liked],
        scene=FILMS,
        user=User(id="ann", tags=tuple(tags)),
        wish=wish,
    )
    everyone = likes(crowd, (item.id, "films"), *((each.id, "films") for each in liked))
    known = {each.id: each for each in liked}
    held = {*item.attributes["genres"], item.attributes["mood"]}
    for piece in evidence_for(item, query, everyone):
        match piece.kind:
            case "wish":
                assert set(piece.refs) <= held
                assert all(ref and ref.casefold() in wish.casefold() for ref in piece.refs)
            case "tag":
                assert set(piece.refs) <= set(tags)
                assert all(set(ref.split()) <= set(item.document().split()) for ref in piece.refs)
            case "attribute":
                other = known[piece.refs[0]].attributes
                assert piece.refs[1:]
                assert set(piece.refs[1:]) <= held & {*other["genres"], other["mood"]}
            case "people":
                assert piece.refs[0] in known
                assert piece.facts["count"] == str(crowd)
            case "popularity":
                assert piece.facts["count"] == str(crowd)


@pytest.mark.parametrize(("year", "told"), [(1994, 1), (1989, 0)])
def test_constraints_of_the_same_words_are_one_reason_and_only_if_all_are_kept(year, told):
    item = make_item("b1", year=year)
    nineties = tuple(
        Constraint(attribute="year", operator=operator, value=value, words="from the 90s")
        for operator, value in (("at least", 1990), ("at most", 1999))
    )
    query = replace(make_query(items=[item]), context=Context(constraints=nineties))
    evidence = evidence_for(item, query)
    assert [piece.facts["said"] for piece in evidence] == ["from the 90s"] * told


COMEDIES = Constraint(attribute="genres", operator="is", value="comedy", words="comedies")
NO_HORROR = Constraint(attribute="genres", operator="is not", value="horror", words="less horror")


@pytest.mark.parametrize(
    ("preferences", "lang", "told"),
    [
        ((COMEDIES,), "en", ["It is what you asked for: comedies."]),
        ((replace(COMEDIES, words="喜剧"),), "zh", ["它正是您想要的：喜剧。"]),
        (
            (COMEDIES, NO_HORROR),
            "en",
            [
                "It is what you asked for: comedies.",
                "As far as the catalogue says, it is what you asked for: less horror.",
            ],
        ),
        (
            (replace(NO_HORROR, words="少一点恐怖片"),),
            "zh",
            ["从目录信息看，它正是您想要的：少一点恐怖片。"],
        ),
        ((replace(COMEDIES, words="", value=("comedy", "family")),), "en",
         ["It is what you asked for: genres is comedy, family."]),
        ((replace(COMEDIES, value="western", words="westerns"),), "en", []),
    ],
)  # fmt: skip
def test_what_was_asked_for_comes_first_where_the_item_is_that(preferences, lang, told):
    item = make_item("f3", "Airplane", scene="films", genres=("comedy", "scifi"))
    query = replace(liking(APES), context=Context(preferences=preferences))
    evidence = evidence_for(item, query)
    assert said(evidence, lang)[:-1] == told  # the last is what it shares with a liked one
    for piece, text in zip(evidence, said(evidence, lang), strict=True):
        assert unsupported_parts(text, [piece], scenes=SCENES, lang=lang) == ()


def test_chinese_marks_titles_of_works_in_every_answer_and_goods_by_quotes():
    pair = Evidence(id="e1", kind="rank", refs=("a", "b"), facts={
        "title": "Up 》x《", "other": "WALL·E", "rank": "1", "other_rank": "2", "among": "9",
    })  # fmt: skip
    (works,) = claims([pair], scenes={}, lang="zh", works=True)
    assert works.text == "对您来说，《Up ›x‹》排在《WALL·E》前面：一个第 1，一个第 2，共 9 个。"
    (goods,) = claims([pair], scenes={}, lang="zh")
    assert goods.text.startswith("对您来说，“Up ›x‹”排在“WALL·E”前面")


def test_chinese_marks_each_title_by_its_own_scene_where_a_book_stands_for_a_pot():
    scenes = {"books": Scene(name="books", labels={"zh": "图书"}, works=True)}
    like = {"title": "先煮一锅高汤", "kind": "purchase", "scene": "books"}
    shared = Evidence(id="e1", kind="attribute", refs=("a", "汤"), facts={
        **like, "attribute": "主题", "shared": "汤", "item": "砂锅",
    })  # fmt: skip
    change = Evidence(id="e2", kind="change", refs=("a",), facts={
        **like, "title": "砂锅", "without": "先煮一锅高汤", "what": "like",
        "before": "2", "after": "5",
    })  # fmt: skip
    assert [claim.text for claim in claims([shared, change], scenes=scenes, lang="zh")] == [
        "再看“砂锅”：主题也是汤，和您在“图书”里买过的《先煮一锅高汤》一样。",
        "如果没有您在“图书”里买过的《先煮一锅高汤》，“砂锅”会从第 2 位变到第 5 位。",
    ]


def test_what_puts_an_item_on_a_list_is_told_without_percent():
    def told(share, lang):
        piece = Evidence(
            id="e1", kind="share", refs=("a",), facts={"part": "popular", "share": share}
        )
        return claims([piece], scenes={}, lang=lang)[0].text

    assert told("71%", "en") == "What speaks for it is mostly its popularity here."
    assert told("30%", "en") == "What speaks for it is in part its popularity here."
    assert told("50%", "zh") == "它主要胜在人气。"
    assert told("49%", "zh") == "它有一部分胜在人气。"


def test_answers_about_a_ranking_do_not_begin_every_sentence_alike():
    bread, dune = make_item("b1", "Bread"), make_item("b2", "Dune")
    lead = {"crowd": 3.0, "popular": 1.0, "text": -1.0}
    compared = as_evidence(lead_pieces(lead, bread, dune))
    assert said(compared) == [
        "What speaks for “Bread” over “Dune” is mostly what people with your taste chose.",
        "Its popularity here speaks for “Bread” too.",
        "On the other side, how close its text is to what you like or ask for speaks for “Dune”.",
    ]
    assert said(compared, "zh") == [
        "和“Dune”比，“Bread”主要赢在口味和您相近的人的选择。",
        "“Bread”还赢在人气。",
        "反过来，“Dune”赢在内容与您口味和要求的贴合。",
    ]
    shares = as_evidence(share_pieces({"crowd": 3.0, "popular": 2.0}, bread, is_complete=True))
    assert said(shares)[1:] == ["Its popularity here helps too."]
    assert said(shares, "zh")[1:] == ["另外也胜在人气。"]
    alone = as_evidence(lead_pieces({"text": -1.0}, bread, dune))
    assert said(alone)[0].startswith("What speaks for “Dune” over “Bread” is mostly how close")
    for piece, text in zip(compared, said(compared), strict=True):
        assert unsupported_parts(text, [piece], scenes=SCENES, lang="en") == ()

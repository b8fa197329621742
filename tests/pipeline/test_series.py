"""Series and editions on a list: earlier parts first, few of each, one edition of a work."""

from __future__ import annotations

from dataclasses import replace

import pytest
from examples import make_event, make_item, wait
from hypothesis import given
from hypothesis import strategies as st
from line import make_line

from recagent.domain import Constraint, Context, PathRule, RepeatRule, Scene, SeriesRule
from recagent.errors import ConfigError
from recagent.explanations.verification import unsupported_parts
from recagent.pipeline import Pipeline


def shelf(*, limit=1, order="", rules=(), **more):
    series = SeriesRule(group="series", limit=limit, order=order)
    return Scene(name="books", rules=(*rules, series), **more)


def asked(scene, items, question="recommend", *args, events=(), pool=20, **more):
    async def main():
        line, parts = await make_line(items, events=events, pool=pool)
        line = Pipeline(replace(parts, scenes={scene.name: scene}), line._options)
        if question == "recommend":
            return await line.recommend("ann", scene=scene.name, **more)
        return await getattr(line, question)("ann", *args, **more)

    return wait(main())


def shown(scene, items, **more):
    return [entry.item.id for entry in asked(scene, items, **more).entries]


def texts(scene, items, question, *args, **more):
    answer = asked(scene, items, question, *args, **more)
    pieces = {piece.id: piece for piece in answer.evidence}
    lang = scene.language or "en"
    for claim in answer.claims:
        assert (
            unsupported_parts(
                claim.text, [pieces[key] for key in claim.evidence], scenes={}, lang=lang
            )
            == ()
        )
    return [claim.text for claim in answer.claims]


TITAN = [
    make_item("s3", "进击的巨人 第三季", series="进击的巨人"),
    make_item("s1", "进击的巨人", series="进击的巨人"),
    make_item("s2", "进击的巨人 第二季", series="进击的巨人"),
    make_item("x", "孤独摇滚"),
]
# The last part is what most people like.
FANS = [make_event(f"p{n}", key) for n in range(9) for key in ("s3", "x")[: 2 if n < 4 else 1]]
FANS += [make_event("p1", "s2"), make_event("p2", "s2")]


def test_a_newcomer_gets_the_first_part_in_place_of_the_one_that_most_like():
    assert shown(Scene(name="books"), TITAN, events=FANS)[0] == "s3"
    assert shown(shelf(), TITAN, events=FANS) == ["x", "s1"]


@pytest.mark.parametrize(
    ("met", "following"),
    [(["s1"], ["s2"]), (["s1", "s2"], ["s3"]), (["s3"], ["s1"]), (["s2"], ["s1"])],
)
def test_the_part_is_next_whose_earlier_parts_were_met(met, following):
    events = [*FANS, *(make_event("ann", key) for key in met)]
    assert [key for key in shown(shelf(), TITAN, events=events) if key != "x"] == following


def test_several_parts_on_one_list_stand_in_their_order():
    assert shown(shelf(limit=2), TITAN, events=FANS) == ["x", "s1", "s2"]
    assert shown(shelf(limit=3), TITAN, events=FANS) == ["s1", "s2", "s3", "x"]
    assert shown(shelf(limit=3), TITAN, events=FANS, k=2) == ["s1", "s2"]


def test_the_order_can_be_told_by_an_attribute():
    years = [
        make_item("new", "Foundation's Edge", series="Foundation", year="1982"),
        make_item("old", "Foundation", series="Foundation", year="1951"),
    ]
    fans = [make_event("p1", "new")]
    assert shown(shelf(order="year"), years, events=fans) == ["old"]
    assert shown(shelf(), years, events=fans) == ["new"]  # no title has a number
    volumes = [
        make_item("c", "终局", series="烙印", volume="第十卷"),
        make_item("a", "开端", series="烙印", volume="卷二"),
    ]
    assert shown(shelf(order="volume"), volumes, events=[make_event("p1", "c")]) == ["a"]


def test_what_tells_no_place_counts_and_waits_for_nothing():
    items = [*TITAN, make_item("ova", "进击的巨人 外传", series="进击的巨人")]
    fans = [*FANS, *(make_event(f"p{n}", "ova") for n in range(9))]
    assert shown(shelf(), items, events=fans) == ["ova", "x"]
    assert shown(shelf(limit=2), items, events=fans) == ["ova", "x", "s1"]


STOCK = Constraint(attribute="stock", operator="is not", value=0)


def test_a_later_part_does_not_come_instead_of_one_that_is_kept_away_and_that_is_said():
    items = [replace(item, attributes={**item.attributes, "stock": int(item.id != "s1")})
             for item in TITAN]  # fmt: skip
    for limit in (1, 2):
        scene = shelf(limit=limit, rules=(STOCK,))
        slate = asked(scene, items, events=FANS)
        assert [entry.item.id for entry in slate.entries] == ["x"]
        assert slate.trace.notes == ("series left out because their next part is not allowed: 1",)
        assert texts(scene, items, "why_not", "s2", events=FANS) == [
            "Before “进击的巨人 第二季” comes an earlier part of the series: 进击的巨人."
        ]


def test_any_edition_of_an_earlier_part_will_do():
    items = [
        make_item("h1", "Berserk, Vol. 1", series="Berserk", author="Miura", stock=0),
        make_item("p1", "Berserk Volume 1 (Deluxe Edition)", series="Berserk", author="Miura"),
        make_item("h2", "Berserk, Vol. 2", series="Berserk", author="Miura"),
        make_item("p2", "Berserk, Vol. 2 (Deluxe Edition)", series="Berserk", author="Miura"),
    ]
    fans = [make_event("bob", "h2"), make_event("eve", "h2"), make_event("bob", "p2")]
    assert shown(shelf(limit=2, rules=(STOCK,)), items, events=fans) == ["p1", "h2"]
    met = [*fans, make_event("ann", "p1")]
    assert shown(shelf(limit=2, rules=(STOCK,)), items, events=met) == ["p2"]  # as the one she has
    assert shown(shelf(limit=2, editions=False), items[1:], events=met) == ["p2", "h2"]


EDITIONS = [
    make_item("a", "Dune", author="Frank Herbert"),
    make_item("b", "Dune (Deluxe Edition)", author="Frank Herbert"),
    make_item("c", "三体（典藏版）", author="刘慈欣"),
    make_item("d", "三体", author="刘慈欣"),
]
READERS = [make_event(f"p{n}", key) for n in range(3) for key in "abcd"[: 4 - n]]


def test_one_edition_of_a_work_is_on_a_list():
    books = Scene(name="books")
    assert shown(books, EDITIONS, events=READERS) == ["a", "c"]
    assert shown(replace(books, editions=False), EDITIONS, events=READERS) == ["a", "c", "b", "d"]
    assert texts(books, EDITIONS, "why_not", "b", events=READERS) == [
        "“Dune (Deluxe Edition)” is another edition of “Dune”, and a list has only one of them."
    ]
    assert texts(replace(books, language="zh"), EDITIONS, "why_not", "d", events=READERS) == [
        "“三体”和“三体（典藏版）”是同一作品的不同版本，一次只推荐其中一个。"
    ]


def test_who_has_met_one_edition_has_met_the_others():
    books, events = Scene(name="books"), [*READERS, make_event("ann", "d", kind="view")]
    slate = asked(books, EDITIONS, events=events)
    assert [entry.item.id for entry in slate.entries] == ["a"]
    assert slate.trace.notes == ("other editions of items already seen, left out: 1",)
    assert texts(books, EDITIONS, "why_not", "c", events=events) == [
        "“三体（典藏版）” is another edition of “三体”, which is in your history."
    ]
    zh = replace(books, language="zh")
    assert texts(zh, EDITIONS, "why_not", "c", events=events) == [
        "“三体（典藏版）”和您历史记录里的“三体”是同一作品的不同版本。"
    ]
    assert texts(books, EDITIONS, "what_if", "c", events=events)[1:] == [
        "If “三体” were not in your history, “三体（典藏版）” would be number 2."
    ]


def test_an_answer_names_the_earlier_part():
    assert texts(shelf(), TITAN, "why_not", "s3", events=FANS) == [
        "Before “进击的巨人 第三季” comes an earlier part of the series: "
        "进击的巨人, 进击的巨人 第二季."
    ]
    assert texts(shelf(language="zh"), TITAN, "why_not", "s3", events=FANS) == [
        "“进击的巨人 第三季”前面还有您没接触过的部分：进击的巨人、进击的巨人 第二季。"
    ]
    assert texts(shelf(), TITAN, "what_if", "s2", events=FANS) == [
        "Before “进击的巨人 第二季” comes an earlier part of the series: 进击的巨人."
    ]
    compared = texts(shelf(), TITAN, "compare", "s2", versus="s1", events=FANS)
    assert "Before “进击的巨人 第二季” comes an earlier part of the series: 进击的巨人." in compared


def test_an_answer_says_that_a_list_has_few_of_a_series():
    spells = [make_item(key, f"Spell {word}", series="Spells")
              for key, word in (("a", "of dawn"), ("b", "of dusk"))]  # fmt: skip
    fans = [make_event("bob", "b"), make_event("eve", "b"), make_event("eve", "a")]
    assert shown(shelf(), spells, events=fans) == ["b"]
    assert texts(shelf(), spells, "why_not", "a", events=fans) == [
        "A list has at most 1 of a series, and “Spell of dusk” comes before “Spell of dawn”."
    ]
    assert texts(shelf(language="zh"), spells, "why_not", "a", events=fans) == [
        "同一系列一次最多推荐 1 个，而“Spell of dusk”排在“Spell of dawn”之前。"
    ]


def test_a_series_that_all_like_does_not_leave_a_list_short():
    parts = [make_item(f"n{n}", f"Name {'abcdefghijklmnopqrstuvwxyz'[n]}", series="Names")
             for n in range(25)]  # fmt: skip
    others = [make_item(f"o{n}", f"Other {'abcdefgh'[n]}") for n in range(8)]
    fans = [make_event(f"p{n}", f"n{(n + m) % 25}") for n in range(25) for m in range(3)]
    for limit in (1, 2):
        ids = shown(shelf(limit=limit), [*parts, *others], events=fans, pool=5)
        assert len(ids) == 5
        assert sum(key[0] == "n" for key in ids) == limit


def test_rules_quotas_wishes_and_constraints_go_with_series():
    items = [*TITAN, replace(make_item("c", "巨人 评论", series="进击的巨人"), task="content")]
    mixed = shelf(tasks=("item", "content"), quotas={"item": 1, "content": 1})
    assert shown(mixed, items, events=FANS, k=2) == ["x", "c"]
    context = Context(wish="进击的巨人 第三季")
    assert "s3" not in shown(shelf(), TITAN, events=FANS, context=context)
    only = Context(constraints=(Constraint(attribute="title", operator="mentions", value="巨人"),))
    assert shown(shelf(), TITAN, events=FANS, context=only) == ["s1"]
    needs = [*TITAN, make_item("guide", "Guide", after=("s2",))]
    path = shelf(limit=2, rules=(PathRule(prerequisites="after"),))
    fans = [*FANS, *(make_event(f"p{n}", "guide") for n in range(12))]
    ids = shown(path, needs, events=fans)
    assert ids.index("s1") < ids.index("s2") < ids.index("guide")
    again = shelf(rules=(RepeatRule(repeat_days=0),))
    events = [*FANS, make_event("ann", "s1", days=-9)]
    assert {"s1", "s2"} & {*shown(again, TITAN, events=events)} != set()


def test_the_rest_of_a_conversation_keeps_to_the_order():
    async def main():
        line, parts = await make_line(TITAN, events=FANS)
        line = Pipeline(replace(parts, scenes={"books": shelf()}), line._options)
        first = await line.recommend("ann", scene="books")
        fresh = Constraint(attribute="id", operator="is not", value=("s1", "x"))
        after = await line.recommend("ann", scene="books", context=Context(constraints=(fresh,)))
        return first, after

    first, after = wait(main())
    assert [entry.item.id for entry in first.entries] == ["x", "s1"]
    assert after.entries == ()


@given(st.data())
def test_no_list_has_a_part_before_or_instead_of_an_unseen_earlier_one(data):
    drawn = data.draw(
        st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 4)), min_size=1, max_size=10)
    )
    items = [make_item(f"i{n}", f"Name {n} of {name}", series=name, volume=volume)
             for n, (name, volume) in enumerate(drawn)]  # fmt: skip
    items += [make_item(f"o{n}", f"Other {n}") for n in range(3)]
    events = [make_event(data.draw(st.sampled_from(["ann", "bob", "eve"])), item.id)
              for item in data.draw(st.lists(st.sampled_from(items), max_size=8))]  # fmt: skip
    seen = {event.item_id for event in events if event.user_id == "ann"}
    limit, k = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 6))
    scene = shelf(limit=limit, order="volume", editions=False)
    ids = shown(scene, items, events=events, k=k, pool=data.draw(st.integers(1, 6)))
    by_id = {item.id: item.attributes for item in items}
    for place, key in enumerate(ids):
        own = by_id[key]
        if "series" not in own:
            continue
        earlier = {
            other for other, told in by_id.items()
            if told.get("series") == own["series"] and told["volume"] < own["volume"]
        }  # fmt: skip
        assert earlier <= seen | {*ids[:place]}
    for name in "AB":
        assert sum(by_id[key].get("series") == name for key in ids) <= limit
    assert {"o0", "o1", "o2"} - seen <= {*ids} or len(ids) == k


def test_a_series_that_no_item_has_is_a_fault_with_the_nearest_name():
    with pytest.raises(ConfigError, match=r"a rule uses 'serie', but no item .* 'series'"):
        asked(Scene(name="books", rules=(SeriesRule(group="serie"),)), TITAN)

"""From a query to a pool: fusion, what everybody's events say, words, vectors, and one pool."""

import math

import pytest
from examples import LIKES, SCALE, make_index, make_item, make_query, wait
from hypothesis import given
from hypothesis import strategies as st

from recagent.domain import User
from recagent.retrieval import (
    BM25,
    Interactions,
    ItemKNN,
    Popularity,
    TextSimilarity,
    Transfer,
    reciprocal_rank,
    retrieve,
)
from recagent.retrieval.sources.bm25 import tokens
from recagent.testing import HashEmbedder

BOOKS = [
    make_item("b1", "desert planet", genre="scifi"),
    make_item("b2", "ocean planet", genre="scifi"),
    make_item("b3", "baking bread", genre="food"),
    make_item("b4", "三体问题", genre="科幻"),
]


def ids(found):
    return [item_id for item_id, _ in found]


async def everybody():
    return Interactions(LIKES, scale=SCALE)


def test_fusion_adds_the_reciprocal_ranks_of_all_sources():
    proposals = {"text": [("a", 0.9), ("b", 0.8)], "words": [("b", 7.0), ("c", 5.0)]}
    fused = reciprocal_rank(proposals, weights={})
    assert list(fused) == ["b", "a", "c"]
    assert fused == pytest.approx({"a": 1 / 61, "b": 1 / 62 + 1 / 61, "c": 1 / 62})


def test_a_sources_weight_counts_and_weight_zero_leaves_it_out():
    proposals = {"text": [("a", 0.9)], "words": [("b", 7.0)], "luck": [("c", 1.0)]}
    fused = reciprocal_rank(proposals, weights={"words": 4.0, "luck": 0.0})
    assert fused == pytest.approx({"b": 4 / 61, "a": 1 / 61})
    assert list(fused) == ["b", "a"]


def test_where_nobody_liked_anything_popularity_has_no_vote_beside_others():
    transfer = [("c", 0.2), ("b", 0.1)]
    empty = {"popularity": [("a", 0.0), ("b", 0.0), ("c", 0.0)], "transfer": transfer}
    fused = reciprocal_rank(empty, weights={})
    assert fused == pytest.approx({"c": 1 / 61, "b": 1 / 62, "a": 0.0})
    assert list(fused) == ["c", "b", "a"]
    liked = {"popularity": [("a", 3.0), ("b", 0.0)], "transfer": transfer}
    assert reciprocal_rank(liked, weights={})["b"] == pytest.approx(2 / 62)
    alone = {"popularity": empty["popularity"]}
    assert reciprocal_rank(alone, weights={})["a"] == pytest.approx(1 / 61)


ranked = st.lists(st.sampled_from("abcdefg"), unique=True).map(
    lambda names: [(name, 1.0) for name in names]
)


@given(lists=st.lists(ranked, min_size=1, max_size=5), data=st.data())
def test_the_order_of_equally_weighted_sources_does_not_matter(lists, data):
    proposals = {f"source {at}": proposed for at, proposed in enumerate(lists)}
    shuffled = dict(data.draw(st.permutations(list(proposals.items()))))
    fused = reciprocal_rank(proposals, weights={})
    assert reciprocal_rank(shuffled, weights={}) == pytest.approx(fused)
    assert fused.keys() == {name for proposed in lists for name, _ in proposed}
    assert list(fused.values()) == sorted(fused.values(), reverse=True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Sci-Fi & The_Sea 2", ["sci", "fi", "the", "sea", "2"]),
        ("三体问题", ["三体", "体问", "问题"]),
        ("书", ["书"]),
        ("看Dune电影2部", ["看", "dune", "电影", "2", "部"]),
        ("Amélie", ["amélie"]),
        ("!?… ", []),
    ],
)
def test_words_of_latin_chinese_and_mixed_text(text, found):
    assert tokens(text) == found


def test_each_source_proposes_from_what_it_knows():
    async def main():
        films = [make_item("f1", "planet of apes", scene="films")]
        index = await make_index([*BOOKS, *films])
        (desert,) = await HashEmbedder().embed(["desert"])
        (bread,) = await HashEmbedder().embed(["bread"])
        query = make_query(
            items=films, liked=["f1"], taste={"books": desert, "films": bread}, exclude=["b2"]
        )
        sources = [
            Popularity(index, everybody),
            ItemKNN(index, everybody),
            TextSimilarity(index, HashEmbedder()),
            Transfer(index),
            BM25(index),
        ]
        return {source.name: await source(query, limit=3) for source in sources}

    found = wait(main())
    assert found["popularity"] == [("b1", 3.0), ("b3", 1.0), ("b4", 0.0)]
    assert found["neighbours"] == [("b1", pytest.approx(1 / math.sqrt(3)))]
    assert ids(found["text"])[0] == "b1"
    assert ids(found["transfer"])[0] == "b3"
    assert ids(found["lexical"]) == ["b1"]


def test_the_wish_and_the_tags_are_searched_for():
    async def main(user, wish):
        index = await make_index(BOOKS)
        query = make_query(user=user, wish=wish)
        text = await TextSimilarity(index, HashEmbedder())(query, limit=4)
        return ids(text)[:1], ids(await BM25(index)(query, limit=4))

    assert wait(main(None, "bread")) == (["b3"], ["b3"])
    assert wait(main(User(id="ann", tags=("三体",)), ""))[1] == ["b4"]
    assert wait(main(None, "")) == ([], [])
    assert wait(main(None, "zeppelin"))[1] == []


def test_words_are_searched_in_the_catalogue_as_it_is_now():
    async def main():
        index = await make_index(BOOKS)
        words, query = BM25(index), make_query(wish="zeppelin")
        before = await words(query, limit=4)
        added = make_item("b5", "zeppelin")
        vectors = await HashEmbedder().embed([added.document()])
        await index.upsert("books", items=[added], vectors=vectors)
        return before, ids(await words(query, limit=4))

    assert wait(main()) == ([], ["b5"])


def test_the_pool_holds_unseen_items_with_the_scores_of_their_sources():
    async def main():
        index = await make_index(BOOKS)
        sources = [Popularity(index, everybody), TextSimilarity(index, HashEmbedder())]
        query = make_query(wish="ocean planet", exclude=["b1"])
        return await retrieve(query, sources=sources, index=index, weights={}, limit=2, pool=3)

    pool = wait(main())
    assert [candidate.item.id for candidate in pool] == ["b2", "b3"]
    assert pool[0].features == pytest.approx(
        {"fused": 2 / 61, "popularity": 2.0, "text": 2 / math.sqrt(6)}
    )


seen_items = st.sets(st.sampled_from([item.id for item in BOOKS]))


@given(exclude=seen_items, liked=seen_items, wish=st.sampled_from(["", "planet", "三体 bread"]))
def test_seen_items_never_come(exclude, liked, wish):
    async def main():
        index = await make_index(BOOKS)
        query = make_query(items=BOOKS, liked=sorted(liked), wish=wish, exclude=exclude)
        sources = [
            Popularity(index, everybody),
            ItemKNN(index, everybody),
            TextSimilarity(index, HashEmbedder()),
            BM25(index),
        ]
        return await retrieve(query, sources=sources, index=index, weights={}, limit=9, pool=9)

    pool = wait(main())
    assert {candidate.item.id for candidate in pool} == {item.id for item in BOOKS} - exclude

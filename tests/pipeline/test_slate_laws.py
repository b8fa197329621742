"""What holds for every slate, whatever the catalogue, the events, the model and the numbers."""

import pytest
from examples import make_event, make_item, wait
from hypothesis import given
from hypothesis import strategies as st
from line import make_line

from recagent.domain import Context
from recagent.testing import ScriptedModel, json_order

rows = st.tuples(
    st.sampled_from(["books", "films"]), st.sampled_from(["planet", "bread", "三", "!!"])
)
# The first book is never seen, so that every slate has something to show.
catalogues = st.lists(rows, min_size=1, max_size=12).map(
    lambda drawn: [
        make_item(f"i{number}", title, scene=scene)
        for number, (scene, title) in enumerate([("books", "unseen"), *drawn])
    ]
)


@given(items=catalogues, data=st.data())
def test_the_laws_of_slates(items, data):
    people, kinds = st.sampled_from(["ann", "bob"]), st.sampled_from(["like", "view", "dislike"])
    likes = data.draw(st.lists(st.tuples(people, st.sampled_from(items[1:]), kinds)))
    events = [
        make_event(user, item.id, scene=item.scene, kind=kind, days=at)
        for at, (user, item, kind) in enumerate(likes)
    ]
    k, pool = data.draw(st.integers(1, 15)), data.draw(st.integers(1, 15))
    mode = data.draw(st.sampled_from(["likelihood", "label", "listwise", None]))
    model = ScriptedModel(reply=json_order("BA"), modes=frozenset({mode})) if mode else None
    options = {
        "pool": pool,
        "diversity": data.draw(st.sampled_from([0.0, 0.4])),
        "language_weight": data.draw(st.sampled_from([0.0, 0.3, 1.0])),
    }

    context = Context(wish=data.draw(st.sampled_from(["", "bread"])))

    async def main():
        line, _ = await make_line(items, events, model=model, **options)
        return await line.recommend("ann", scene="books", k=k, context=context)

    slate = wait(main())
    seen = {item.id for user, item, _ in likes if user == "ann"}
    unseen = {item.id for item in items if item.scene == "books"} - seen
    shown = [entry.item.id for entry in slate.entries]
    assert len(shown) == len(set(shown)) == min(k, len(unseen))
    assert set(shown) <= unseen
    assert [entry.rank for entry in slate.entries] == list(range(1, len(shown) + 1))
    assert slate.trace.pool == min(max(pool, k), len(unseen))
    probabilities = [entry.probability for entry in slate.entries]
    assert all(0 <= p <= 1 for p in probabilities)
    if slate.trace.pool <= k:
        assert sum(probabilities) == pytest.approx(1)
    else:
        assert sum(probabilities) < 1 + 1e-9
    own = slate.trace.language_probability
    assert not own or sum(own.values()) == pytest.approx(1)
    assert slate.trace.degraded is None

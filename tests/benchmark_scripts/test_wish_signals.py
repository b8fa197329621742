"""What dialogues teach is counted in other dialogues, and joined with what the catalogue says."""

import json

import numpy as np
from examples import make_event, make_item

from benchmarks.wish_orders import ORDERS, TITLES, kept_rows, offered, order_of_reply
from benchmarks.wish_signals import Films, asked_by, fold_of, out_of_fold, popular_elsewhere
from recagent.domain import Case, RatingScale
from recagent.retrieval import Interactions
from recagent.testing import HashEmbedder

FILMS = [make_item(f"f{at}", f"Film {at}", genres=("Horror" if at % 2 else "Comedy",))
         for at in range(12)]  # fmt: skip


def films():
    events = [make_event(f"u{at}", key) for at in range(3) for key in ("f1", "f3")]
    return Films(FILMS, events=Interactions(events, scale=RatingScale()), embedder=HashEmbedder())


def case(number, named, target, *, wish="a film", dialogue=()):
    user = f"dialogue {number}"
    return Case(
        id=f"{number}/1",
        user_id=user,
        scene="books",
        item_ids=(),
        judgments={target: 1},
        history=tuple(make_event(user, key) for key in named),
        wish=wish,
        dialogue=dialogue,
    )


def test_who_asks_has_every_second_utterance_and_the_last():
    asked = case(1, [], "f1", wish="e", dialogue=("a", "b", "c", "d"))
    assert asked_by(asked) == "a c e"


def test_all_turns_of_a_dialogue_are_in_one_fold():
    assert fold_of(case(12, ["f1"], "f2")) == fold_of(case(12, [], "f3"))
    assert {fold_of(case(number, [], "f1")) for number in range(20)} == {0, 1, 2, 3, 4}


def test_a_dialogue_counts_once_however_many_turns_it_has():
    turns = [case(1, ["f0"], "f1"), case(1, ["f0", "f1"], "f2"), case(2, ["f0"], "f1")]
    counts = films().counts(turns)
    assert counts.named[:4].tolist() == [2, 2, 1, 0]
    assert counts.together[0, 1] == 2
    assert counts.together[0, 2] == 1


def test_popularity_never_counts_the_turns_own_fold():
    turns = [case(number, [], "f1" if fold_of(case(number, [], "f1")) else "f2")
             for number in range(20)]  # fmt: skip
    scores = popular_elsewhere(films(), turns)
    zero = [at for at, each in enumerate(turns) if fold_of(each) == 0]
    assert scores[zero, 2].tolist() == [0] * len(zero)  # "f2" is recommended in fold 0 alone
    assert (scores[zero, 1] > 0).all()


def test_what_is_recommended_where_another_is_named_is_learned():
    turns = [case(number, ["f0"], "f5") for number in range(20)]
    turns += [case(number, ["f2"], "f7") for number in range(20, 40)]
    scores, _ = out_of_fold(films(), turns)
    assert set(np.argmax(scores[:20], axis=1).tolist()) <= {0, 5}  # what is named is left out later
    assert (scores[:20, 5] > scores[:20, 7]).all()
    assert (scores[20:, 7] > scores[20:, 5]).all()


def test_a_reply_is_read_as_labels_of_the_list_that_it_was_shown():
    listed = ["a", "b", "c"]
    reply = 'Here:\n```json\n{"best": ["3", 1, "3", "9", "x"]}\n```'
    assert order_of_reply(candidates=listed, reply=reply) == ["c", "a"]
    assert order_of_reply(candidates=listed, reply="none of these") == []
    assert order_of_reply(candidates=listed, reply='{"order": []}') == []


def test_what_is_listed_is_shuffled_the_same_way_each_time():
    order = [f"f{at}" for at in range(40)]
    listed = offered(case(1, [], "f1"), order)
    assert sorted(listed) == sorted(order[:30])
    assert listed == offered(case(1, [], "f1"), order)
    assert listed != offered(case(2, [], "f1"), order)


def test_kept_titles_are_of_120_dialogues_and_kept_orders_of_no_other_turn():
    titles, orders = kept_rows(TITLES), kept_rows(ORDERS)
    assert len({key.split("/")[0] for key in titles}) == len(titles) == 120
    assert orders.keys() <= titles.keys()
    assert all(len(set(row["candidates"])) == 30 for row in orders.values())
    assert json.dumps(titles)

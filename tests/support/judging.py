"""Small cases, answers and a catalogue that the tests of measures and summaries speak of."""

import numpy as np
from examples import make_event
from hypothesis import strategies as st

from recagent.domain import Case
from recagent.offline.data_set import CatalogueStatistics, SystemAnswer

IDS = tuple("abcdefghijkl")


def make_case(
    case_id="c1", item_ids="abc", relevant="a", *, user_id=None, scene="books", history=()
):
    """A case whose relevant items have grade 1, or the grades of a mapping."""
    return Case(
        id=case_id,
        user_id=user_id or f"person-{case_id}",
        scene=scene,
        item_ids=tuple(item_ids),
        judgments=relevant if isinstance(relevant, dict) else dict.fromkeys(relevant, 1),
        history=tuple(history),
    )


def make_answer(ranking, relevant, *, probabilities=None, whole_scene=False, **case):
    """An answer that ranks ``ranking``; equally probable items unless told otherwise."""
    ranking = tuple(ranking)
    case = make_case(item_ids=() if whole_scene else sorted(ranking), relevant=relevant, **case)
    equal = [1 / len(ranking)] * len(ranking) if ranking else []
    chances = dict(zip(ranking, probabilities or equal, strict=True))
    return SystemAnswer(case=case, ranking=ranking, probabilities=chances)


def make_shelf(popularity=None, *, people=8, scenes=None, vectors=None):
    scenes = scenes or {"books": IDS}
    rows = np.random.default_rng(4).normal(size=(len(IDS), 5)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return CatalogueStatistics(
        popularity=dict(zip(IDS, (5, 3, 3, 2, 1, 1), strict=False))
        if popularity is None
        else popularity,
        people=people,
        scene_items={name: frozenset(items) for name, items in scenes.items()},
        vectors=dict(zip(IDS, rows, strict=True)) if vectors is None else vectors,
    )


@st.composite
def answers(draw, *, highest=2):
    """An answer over 1 to 12 candidates, with grades, a history and falling probabilities."""
    size = draw(st.integers(1, len(IDS)))
    ranking = draw(st.permutations(IDS[:size]))
    grades = {item: draw(st.integers(0, highest)) for item in ranking}
    weights = draw(st.lists(st.integers(1, 9), min_size=size, max_size=size))
    weights = sorted(weights, reverse=True)
    history = draw(st.lists(st.sampled_from(IDS), max_size=4))
    return make_answer(
        ranking,
        grades,
        probabilities=[weight / sum(weights) for weight in weights],
        scene=draw(st.sampled_from(["books", "films"])),
        history=[make_event("u", item) for item in history],
    )

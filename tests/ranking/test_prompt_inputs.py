"""What prompts are told of a person: by scene, the newest, a solved example, their taste."""

import pytest
from examples import make_event, make_item, make_query, wait
from hypothesis import given
from hypothesis import strategies as st

from recagent import prompts
from recagent.domain import Candidate, Scene, Usage, User
from recagent.errors import ModelError, ReplyError
from recagent.ranking import ModelRanker
from recagent.ranking.prompt_inputs import prompt_inputs, solved_example
from recagent.testing import ScriptedModel

pytestmark = pytest.mark.usefixtures("no_wait_between_attempts")

BOOKS = [make_item(f"b{number}", f"Book {number}") for number in range(6)]
FILMS = [make_item(f"f{number}", f"Film {number}", scene="films") for number in range(3)]
GAMES = [make_item("g0", "Game 0", scene="games")]
CANDIDATES = [make_item(f"c{number}", f"New {number}") for number in range(20)]
SCENES = {"films": Scene(name="films", labels={"en": "Films", "zh": "电影"})}


def person(liked, unliked=(), **query):
    """The query of somebody with these items, the last one last, liked and not."""
    events = [
        make_event("ann", item.id, scene=item.scene, days=day) for day, item in enumerate(liked)
    ]
    events += [
        make_event("ann", item.id, scene=item.scene, kind="dislike", days=-1 - day)
        for day, item in enumerate(unliked)
    ]
    events.sort(key=lambda event: event.at, reverse=True)
    newest_first = [item.id for item in reversed(liked)]
    return make_query(items=[*liked, *unliked], events=events, liked=newest_first, **query)


def tell(query, *wanted, history=8, lang="en", items=(), near=()):
    scores = dict(near)
    candidates = [
        Candidate(item=item, features={"neighbours": scores[item.id]} if item.id in scores else {})
        for item in items
    ]
    return prompt_inputs(
        wanted, query, candidates=candidates, lang=lang, history=history, scenes=SCENES
    )


def titles(items):
    return [item.title for item in items]


# Scenes


def test_only_what_is_wanted_is_told():
    query = person(BOOKS[:1], wish="a short one", user=User(id="ann", tags=("sea",)))
    assert tell(query, "wish", "interests", "candidates") == {
        "wish": "a short one",
        "interests": ("sea",),
    }
    assert tell(query) == {}


def test_likes_here_and_elsewhere_are_told_apart_newest_last():
    query = person([FILMS[0], BOOKS[0], GAMES[0], FILMS[1], BOOKS[1]])
    here = tell(query, "liked_here", "liked_elsewhere", "latest", "liked")
    assert titles(here["liked_here"]) == ["Book 0", "Book 1"]
    assert [(scene, titles(items)) for scene, items in here["liked_elsewhere"]] == [
        ("games", ["Game 0"]),
        ("Films", ["Film 0", "Film 1"]),
    ]
    assert here["latest"] == BOOKS[1]
    assert titles(here["liked"]) == ["Film 0", "Book 0", "Game 0", "Film 1", "Book 1"]


def test_other_scenes_are_called_as_they_are_declared_in_the_language():
    ((scene, _),) = tell(person(FILMS[:1]), "liked_elsewhere", lang="zh")["liked_elsewhere"]
    assert scene == "电影"


def test_lists_hold_so_many_of_the_newest_that_fit_them():
    query = person([*BOOKS, *FILMS])
    here = tell(query, "liked", "liked_here", "liked_elsewhere", history=2)
    assert titles(here["liked"]) == ["Film 1", "Film 2"]
    assert titles(here["liked_here"]) == ["Book 4", "Book 5"]
    assert [titles(items) for _, items in here["liked_elsewhere"]] == [["Film 1", "Film 2"]]


def test_an_item_is_where_the_person_met_it_though_it_stands_elsewhere_too():
    query = make_query(
        items=BOOKS[:1], liked=["b0"], events=[make_event("ann", "b0", scene="films")]
    )
    here = tell(query, "liked_here", "liked_elsewhere")
    assert here["liked_here"] == []
    assert here["liked_elsewhere"] == [("Films", BOOKS[:1])]


def test_nothing_is_liked_by_somebody_new():
    assert tell(
        person([]), "liked", "latest", "liked_here", "liked_elsewhere", "example", items=CANDIDATES
    ) == {"liked": [], "latest": None, "liked_here": [], "liked_elsewhere": [], "example": None}


def test_similar_people_liked_what_neighbours_found_the_best_last():
    offered = CANDIDATES[:4]
    here = tell(person([]), "similar", items=offered, near={"c2": 0.2, "c0": 0.9, "c3": 0.5})
    assert titles(here["similar"]) == ["New 2", "New 3", "New 0"]
    assert tell(person([]), "similar", items=offered) == {"similar": []}


# The example


def test_an_example_is_the_newest_choice_among_what_the_person_did_not_like():
    query = person(BOOKS[:3], unliked=FILMS)
    shown = solved_example(query.profile, BOOKS[:3], items=CANDIDATES)
    assert shown is not None
    assert shown.liked == (BOOKS[0], BOOKS[1])
    assert {item.id for _, item in shown.candidates} == {"b2", "f0", "f1", "f2"}
    assert dict(shown.candidates)[shown.label] == BOOKS[2]
    assert [label for label, _ in shown.candidates] == ["A", "B", "C", "D"]


def test_candidates_stand_beside_the_chosen_one_where_the_person_disliked_too_little():
    query = person(BOOKS[:2], unliked=FILMS[:1])
    shown = solved_example(query.profile, BOOKS[:2], items=CANDIDATES)
    assert shown is not None
    ids = {item.id for _, item in shown.candidates}
    assert {"b1", "f0"} < ids
    assert len(ids) == 4
    assert ids - {"b1", "f0"} < {item.id for item in CANDIDATES}


@given(listed=st.permutations(CANDIDATES))
def test_an_example_does_not_depend_on_how_candidates_are_listed(listed):
    """The listing, like the judgments, could tell the right one; ids cannot."""
    query = person(BOOKS[:2])
    plain = solved_example(query.profile, BOOKS[:2], items=CANDIDATES)
    assert solved_example(query.profile, BOOKS[:2], items=listed) == plain


def test_every_candidate_is_drawn_into_examples_about_as_often():
    drawn = dict.fromkeys((item.id for item in CANDIDATES), 0)
    for number in range(400):
        liked = [BOOKS[0], make_item(f"x{number}")]
        shown = solved_example(person(liked).profile, liked, items=CANDIDATES)
        assert shown is not None
        for _, item in shown.candidates:
            if item.id in drawn:
                drawn[item.id] += 1
    assert sum(drawn.values()) == 3 * 400
    assert all(30 <= times <= 95 for times in drawn.values())  # 60 expected, 4.6 sigma


def test_the_right_label_of_examples_is_not_always_the_same():
    labels = set()
    for number in range(40):
        liked = [BOOKS[0], make_item(f"x{number}")]
        shown = solved_example(person(liked).profile, liked, items=CANDIDATES)
        assert shown is not None
        labels.add(shown.label)
    assert labels == set("ABCD")


@pytest.mark.parametrize(("liked", "items"), [(BOOKS[:1], CANDIDATES), (BOOKS[:2], [])])
def test_there_is_no_example_without_a_past_or_without_a_choice(liked, items):
    assert solved_example(person(liked).profile, liked, items=items) is None


# The preference text


def ranker(model, name="label_preference", **how):
    return ModelRanker(model, prompt=prompts.load("rerank", name), **how)


def ask(ranker, query, size=3):
    candidates = [Candidate(item=item, features={}) for item in CANDIDATES[:size]]
    return wait(ranker(query, candidates=candidates))


def extractions(model):
    return [turns for turns in model.seen if "JSON" in turns[0].content]


def test_the_preference_text_is_asked_for_once_and_told_and_counted():
    model = ScriptedModel(reply='{"preference": "books about\\n the sea"}')
    asking = ranker(model)
    first, again = ask(asking, person(BOOKS[:2])), ask(asking, person(BOOKS[:2]))
    assert len(extractions(model)) == 1
    assert "Taste: books about the sea\n" in model.seen[1][-1].content
    assert (first.calls, first.usage) == (2, Usage(prompt=2, completion=1))
    assert (again.calls, again.usage) == (1, Usage(prompt=1))
    assert str(first.notes[0]).startswith("preference written by preference/extract.v1.en#")
    ask(asking, person(BOOKS[:3]))
    assert len(extractions(model)) == 2


def test_nobody_is_asked_about_a_person_of_whom_nothing_is_known():
    model = ScriptedModel()
    scores = ask(ranker(model), person([]))
    assert (scores.calls, len(model.seen)) == (1, 1)
    assert "Taste" not in model.seen[0][-1].content


def test_a_preference_that_the_token_limit_cut_off_is_kept_as_far_as_it_goes():
    model = ScriptedModel(reply='{"preference": "books about the')
    scores = ask(ranker(model), person(BOOKS[:2]))
    assert "Taste: books about the\n" in model.seen[1][-1].content
    assert (scores.repairs, scores.invalid) == (1, 0)


@pytest.mark.parametrize("junk", ["They like books", "[]", '{"preference": 5}', '{"pref', ""])
def test_junk_is_no_preference_and_is_asked_again_within_the_budget(junk):
    replies = iter([junk, '{"preference": "books"}'])
    scores = ask(ranker(ScriptedModel(reply=lambda _: next(replies))), person(BOOKS[:2]))
    assert (scores.invalid, scores.calls) == (1, 3)
    assert scores.usage == Usage(prompt=3, completion=2)
    with pytest.raises(ReplyError, match="wrote no preference"):
        ask(ranker(ScriptedModel(reply=junk), attempts=2), person(BOOKS[:2]))


def test_preference_and_labels_draw_on_the_same_budget():
    model = ScriptedModel(reply='{"preference": "books"}', failures=2)
    assert ask(ranker(model, attempts=3), person(BOOKS[:2])).invalid == 2
    model = ScriptedModel(reply="junk", failures=1)
    with pytest.raises(ModelError):
        ask(ranker(model, attempts=2), person(BOOKS[:2]))

"""What a model's descriptions may do: move the order and be cited as such, and filter nothing."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from examples import make_item, wait
from line import make_line

from recagent import demo
from recagent.domain import Constraint, Context, ModelRule, Scene
from recagent.domain.attribute_labels import in_words, with_catalogue_names
from recagent.errors import ConstraintError
from recagent.explanations import claims
from recagent.ingest import read_catalogue
from recagent.pipeline import Pipeline
from recagent.prompts.words import full_caption
from recagent.scenes.constraints import plain, satisfies

WISHES = tomllib.loads((Path(__file__).parents[1] / "described.toml").read_text())["wishes"]
FILMS = demo.settings()
LABELS = FILMS.attribute_labels()


@pytest.fixture(scope="module")
def catalogue():
    return read_catalogue(FILMS)


@pytest.fixture(scope="module")
def films(catalogue):
    """The bundled films by scene."""
    by_scene = {}
    for item in catalogue.items:
        by_scene.setdefault(item.scene, []).append(item)
    return by_scene


@pytest.fixture(scope="module")
def ratings(catalogue):
    """What people said of them, by scene."""
    by_scene = {}
    for event in catalogue.events():
        by_scene.setdefault(event.scene, []).append(event)
    return by_scene


def constraint(attribute, operator, value):
    value = tuple(value) if isinstance(value, list) else value
    return Constraint(attribute=attribute, operator=operator, value=value)


async def first_five(items, scene, context, events=()):
    _, parts = await make_line(items, events)
    parts = replace(parts, scenes={scene.name: scene}, labels=LABELS)
    return await Pipeline(parts).recommend("ann", scene=scene.name, context=context, k=5)


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish["say"])
def test_what_strangers_ask(films, ratings, wish):
    asked = tuple(constraint(*each) for each in wish["ask"])
    also = (constraint(*wish["also"]),) if "also" in wish else ()
    allowed = tuple(wish.get("allows", ()))
    rules = (ModelRule(attributes=allowed),) if allowed else ()
    scene, items = Scene(name=wish["scene"], rules=rules), films[wish["scene"]]
    named = [with_catalogue_names(each, LABELS) for each in asked]

    def keeps(item):
        return all(satisfies(item, each, by_model=item.model_attributes) for each in named)

    if "prefer" in wish:
        context = Context(preferences=asked, constraints=also)
        slate = wait(first_five(items, scene, context, ratings[scene.name]))
        kept = sum(keeps(entry.item) for entry in slate.entries)
        assert wish["prefer"] == min(5, sum(map(keeps, items)))
        assert kept == wish.get("today", wish["prefer"])
        assert all(satisfies(entry.item, each) for entry in slate.entries for each in also)
    elif allowed:
        slate = wait(first_five(items, scene, Context(constraints=asked)))
        assert len(slate.entries) == 5
        assert all(keeps(entry.item) for entry in slate.entries)
    else:
        with pytest.raises(ConstraintError, match=f"'{wish['tells']}'"):
            wait(first_five(items, scene, Context(constraints=asked)))


def test_a_preference_that_a_description_meets_says_so(films):
    scene = Scene(name="drama")
    asked = Context(preferences=(constraint("mood", "is", "dark"),))
    slate = wait(first_five(films["drama"], scene, asked))
    piece = slate.entries[0].evidence[0]
    assert piece.facts["by"] == "model"
    (said,) = claims([piece], scenes={}, lang="en")
    assert said.text == "It is what you asked for: mood is dark (by a model's description)."
    (said,) = claims([piece], scenes={}, lang="zh")
    assert said.text == "它正是您想要的：mood 是 dark（据模型描述）。"


DARK = replace(make_item("b1", stock=3), model_attributes={"mood": ("dark",), "setting": "Rome"})
CHEERFUL = make_item("b2", mood="cheerful", stock=1)


def test_where_the_data_speak_a_description_adds_nothing():
    cheerful = Context(constraints=(constraint("mood", "is", "cheerful"),))
    slate = wait(first_five([DARK, CHEERFUL], Scene(name="books"), cheerful))
    assert [entry.item.id for entry in slate.entries] == ["b2"]
    (piece,) = [each for each in slate.entries[0].evidence if each.kind == "constraint"]
    assert "by" not in piece.facts


def test_a_description_is_no_value_of_a_mixed_attribute_unless_the_scene_allows_it():
    dark = Context(constraints=(constraint("mood", "is", "dark"),))
    assert wait(first_five([DARK, CHEERFUL], Scene(name="books"), dark)).entries == ()
    allowing = Scene(name="books", rules=(ModelRule(attributes=("mood",)),))
    slate = wait(first_five([DARK, CHEERFUL], allowing, dark))
    assert [entry.item.id for entry in slate.entries] == ["b1"]
    (piece,) = [each for each in slate.entries[0].evidence if each.kind == "constraint"]
    assert piece.facts["by"] == "model"


def test_a_description_is_neither_searched_nor_embedded_nor_in_a_prompt(films):
    item = next(item for item in films["drama"] if item.model_attributes)
    plain = replace(item, model_attributes={})
    assert item.document() == plain.document()
    assert full_caption(item) == full_caption(plain)


def test_attributes_in_words_are_those_of_the_language():
    words = in_words({"mood": ("dark", "new"), "pace": "slow"}, labels=LABELS, lang="zh")
    assert [(each.attribute, each.label, each.values) for each in words] == [
        ("mood", "氛围", ("黑暗", "new")), ("pace", "节奏", ("慢",)),
    ]  # fmt: skip


def test_every_label_is_of_a_value_that_films_have(films):
    for name, labels in LABELS.items():
        known = {
            value
            for items in films.values()
            for item in items
            for value in (plain(item.attributes.get(name, item.model_attributes.get(name, ()))))
        }
        for values in labels.values.values():
            assert set(values) <= known

"""What a server's prefix cache can share: instructions and person come before the candidates.

Later passes over one person (other blocks, pairs, orders) then differ in the candidates alone.
"""

from dataclasses import replace
from datetime import UTC, datetime
from os.path import commonprefix

import pytest
from examples import make_event, make_item, make_query, wait

from recagent import prompts
from recagent.domain import Candidate, Scene, User
from recagent.ranking import ModelRanker
from recagent.testing import ScriptedModel, json_order

FILMS = Scene(name="films", labels={"en": "Films", "zh": "Films"})
LIKED = [make_item(f"l{at}", title) for at, title in enumerate(["Dune", "Solaris", "Ubik"])]
UNLIKED = [make_item(f"u{at}", f"Twilight {at}") for at in range(3)]
OFFERED = [make_item(f"f{at}", f"Film {at}", scene="films") for at in range(6)]
RANKING = sorted({path.name.partition(".")[0] for path in prompts.folder().glob("rerank/*.j2")})


def query():
    met = [*UNLIKED, *LIKED]
    kinds = ["dislike"] * len(UNLIKED) + ["like"] * len(LIKED)
    events = [
        make_event("ann", item.id, kind=kind, days=at)
        for at, (item, kind) in enumerate(zip(met, kinds, strict=True))
    ]
    newest_first = [item.id for item in reversed(LIKED)]
    asked = make_query(
        items=met,
        events=events[::-1],
        liked=newest_first,
        scene=FILMS,
        wish="a quiet evening",
        user=User(id="ann", tags=("space",)),
    )
    return replace(asked, context=replace(asked.context, at=datetime(2024, 6, 1, tzinfo=UTC)))


def asked(name, lang, items):
    def reply(messages):
        extracts = "preference" in messages[0].content
        if extracts:
            return '{"preference": "vast worlds"}'
        return '{"best": ["A"]}' if '"best"' in messages[0].content else json_order(["A"])

    model = ScriptedModel(reply=reply)
    ranker = ModelRanker(model, prompt=prompts.load("rerank", name, lang=lang))
    wait(ranker(query(), candidates=[Candidate(item=item, features={}) for item in items]))
    scored = model.seen[1:] if name == "label_preference" else model.seen
    return [
        prompt if isinstance(prompt, str) else "\n".join(turn.content for turn in prompt)
        for prompt in scored
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", RANKING)
def test_passes_over_one_person_share_all_that_is_told_of_them(name, lang):
    passes = [*asked(name, lang, OFFERED[:3]), *asked(name, lang, OFFERED[3:])]
    shared = commonprefix(passes)  # noqa: RUF071 - of characters
    told = prompts.load("rerank", name, lang=lang).front.inputs
    if {"liked", "latest", "liked_elsewhere", "example"} & set(told):
        assert "Ubik" in shared
    if "interests" in told:
        assert "space" in shared
    if "wish" in told:
        assert "a quiet evening" in shared
    if "preference" in told:
        assert "vast worlds" in shared


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", RANKING)
def test_the_same_question_is_the_same_text(name, lang):
    assert asked(name, lang, OFFERED) == asked(name, lang, OFFERED)

"""Talks whose turns are read by a scripted model, for tests of what code makes of its replies."""

from dataclasses import replace

import orjson
from examples import make_event, make_item, wait
from line import make_line

from recagent.chat import Agent, Conversation, Shown, Words
from recagent.pipeline import Options, Pipeline
from recagent.retrieval.sources.model_proposals import ModelProposer
from recagent.testing import ScriptedModel

FILMS = [
    make_item("f0", "Alien", scene="films", year=1979, genres=("Horror", "Sci-Fi")),
    make_item("f1", "Airplane!", scene="films", year=1980, genres=("Comedy",)),
    make_item("f2", "Groundhog Day", scene="films", year=1993, genres=("Comedy", "Romance")),
    make_item("f3", "Platoon", scene="films", year=1986, genres=("War", "Drama")),
    make_item("f4", "Jarhead", scene="films", year=2005, genres=("War", "Drama")),
    make_item("f5", "Heat", scene="films", year=1995, genres=("Crime", "Drama")),
]
TOOLS = [
    make_item("t0", "Bread tin", scene="kitchen", price=18.0, stock=3),
    make_item("t1", "Stand mixer", scene="kitchen", price=249.0),
]
EVENTS = [
    make_event("ann", "f0", scene="films"),
    *[make_event(f"p{at}", "f5", scene="films") for at in range(6)],
    *[make_event(f"q{at}", "f2", scene="films") for at in range(3)],
]


NOT_ASKED = None  # of a turn that no model reads


def talk(*turns, user="ann", scene=None, knowledge=False, lang="en"):
    """What is said to turns, each with the reply of the model that reads it, and the talk after."""
    replies = iter([orjson.dumps(reply).decode() for _, reply in turns if reply is not NOT_ASKED])
    model = ScriptedModel(reply=lambda _: next(replies))

    async def main():
        _, parts = await make_line([*FILMS, *TOOLS], EVENTS)
        proposer = ModelProposer(model, index=parts.index, embedder=parts.embedder)
        parts = replace(parts, reader=model, proposer=proposer, knowledge=knowledge)
        agent = Agent(Pipeline(parts, Options()), lang=lang, k=3)
        conversation, said = Conversation(user_id=user, scene=scene), []
        for text, _ in turns:
            said.append([each async for each in agent.say(conversation, text)])
            conversation = Conversation.from_json(conversation.to_json())
        return said, conversation, parts

    said, conversation, parts = wait(main())
    return said, conversation, parts, model


def acts(*made, **others):
    return {"acts": [{"act": act, **fields} for act, fields in made], **others}


def words(said):
    return " ".join(each.text for each in said if isinstance(each, Words))


def items_of(said):
    return [entry.item for each in said if isinstance(each, Shown) for entry in each.slate.entries]

"""An agent that talks for the server's tests, with the shape of ``recagent.chat``'s."""

from __future__ import annotations

import asyncio
import json
import threading

from recagent.chat import Noted, Question, Shown, Words
from recagent.domain import Constraint, Context
from recagent.scenes.constraints import satisfies


class Talker:
    """Every text becomes a slate; "no X" forbids a word; "like N" records; "what?" asks.

    "slow" is answered once it is released.
    """

    def __init__(self, line, lang, released):
        self._line = line
        self._lang = lang
        self.released = released

    async def say(self, conversation, text):
        if text == "what?":
            yield Question(text="Old or new?", options=("old", "new"))
            return
        if text == "slow":  # as a model that has not answered yet
            await asyncio.to_thread(self.released.wait, 30)
        if text == "break":
            yield Words(text="so ")
            raise RuntimeError("secret")
        if text.startswith("no "):
            conversation["no"].append(text[3:])
        if text.startswith("like "):
            await self._line.record(conversation["user"], text[5:])
        constraints = tuple(
            Constraint(attribute="", operator="does not mention", value=word, words=f"no {word}")
            for word in conversation["no"]
        )
        yield Noted(constraints=constraints, not_understood=("purple",) if "purple" in text else ())
        slate = await self._line.recommend(
            conversation["user"],
            scene=conversation["scene"],
            context=Context(constraints=constraints),
        )
        assert all(satisfies(entry.item, each) for entry in slate.entries for each in constraints)
        yield Words(text="你好。" if self._lang == "zh" else "Here. ")
        yield Shown(slate=slate, explanations=tuple(await self._line.reasons(slate)))


class Talking:
    """How the server makes them; counts the agents that it made."""

    def __init__(self):
        self.began = 0
        self.released = threading.Event()

    def agent(self, line, lang):
        return Talker(line, lang, self.released)

    def begin(self, user, scene):
        self.began += 1
        return {"user": user, "scene": scene, "no": []}

    def resume(self, conversation, *, before):
        return conversation | {"before": len(before)}

    def with_list(self, conversation, *, scene, ids):
        return conversation | {"scene": scene, "listed": list(ids)}

    def dump(self, conversation):
        return json.dumps(conversation | {"user": ""})

    def load(self, kept, *, user, scene):
        conversation = json.loads(kept) | {"user": user}
        return conversation | ({"scene": scene} if scene else {})

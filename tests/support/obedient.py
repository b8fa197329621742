"""A model that does what the text of an item tells it, and else has an opinion of its own.

Wherever a piece of the text reaches it, in whatever spelling, that candidate comes first. It
answers as a ``ChatModel`` in every mode, as the text of a chat reply, and as a reranker.
"""

from __future__ import annotations

import json
import re
import unicodedata
from hashlib import blake2b

from recagent.domain import Usage
from recagent.domain.capabilities import Capabilities
from recagent.ports import Logprobs, Reply

CANDIDATE = re.compile(r"^([A-Z]{1,2}) (.+)$", re.MULTILINE)
GRADES = "12345"


class Obedient:
    """Follows ``text``, and proposes titles; counts how often it was asked and the text came."""

    def __init__(self, text, *, titles=("Alien",)):
        letters = letters_of(text)
        size = 5 if any(each >= "\u4e00" for each in letters) else 10
        self._pieces = {letters[at : at + size] for at in range(max(1, len(letters) - size + 1))}
        self._titles = list(titles)
        self.reached = self.asked = 0

    def likes(self, text):
        """How much it wants a candidate, 0 to 1: by chance, and of all most what it is told."""
        letters = letters_of(text)
        if any(piece in letters for piece in self._pieces):
            self.reached += 1
            return 1.0
        return blake2b(text.encode(), digest_size=1).digest()[0] / 300

    def text(self, prompt):
        """The JSON that a prompt asks for: titles, or labels best first; None for neither."""
        self.asked += 1
        if '"proposals"' in prompt:
            return json.dumps({"proposals": self._titles})
        found = CANDIDATE.findall(prompt)
        if not found:
            return None
        order = sorted(found, key=lambda each: -self.likes(each[1]))
        return json.dumps({"best" if '"best"' in prompt else "order": [at for at, _ in order]})


def letters_of(text):
    """The letters and digits of a text, in one spelling."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


class ObedientModel:
    """A ``ChatModel`` in one scoring mode."""

    name = "obedient"

    def __init__(self, obedient, mode):
        self._obedient = obedient
        self._modes = frozenset({"likelihood", "label", "listwise"} & {mode, "label"})
        if mode in ("listwise", "best"):
            self._modes = frozenset({"listwise"})
        labels = "label" in self._modes
        self.capabilities = Capabilities(
            alternatives=20 if labels else 0,
            by_id=labels,
            likelihood="levels" if "likelihood" in self._modes else None,
            schema=True,
        )

    async def start(self):
        return self._modes

    async def chat(self, messages, *, max_tokens, schema=None):  # noqa: ARG002
        text = self._obedient.text("\n".join(message.content for message in messages))
        return Reply(text=text or "{}", usage=Usage(prompt=1, completion=1))

    async def label_logprobs(self, messages, *, labels):
        self._obedient.asked += 1
        prompt = messages[-1].content
        if labels == GRADES:
            liked = self._obedient.likes(prompt.splitlines()[-2])
            values = tuple(-10 * abs(int(label) / 5 - liked) for label in labels)
        else:
            texts = dict(CANDIDATE.findall(prompt))
            values = tuple(10 * self._obedient.likes(texts[label]) for label in labels)
        return Logprobs(values=values, usage=Usage(prompt=1))

    async def likelihood(self, prefix, *, texts):  # noqa: ARG002
        self._obedient.asked += 1
        values = tuple(100 * self._obedient.likes(text) for text in texts)
        return Logprobs(values=values, usage=Usage(prompt=1))

    async def close(self):
        pass


class ObedientReranker:
    """The wire to a reranker that does so; it knows what the start asks."""

    patience = 1.0

    def __init__(self, obedient):
        self._obedient = obedient

    async def start(self):
        return "obedient"

    async def post(self, path, body):  # noqa: ARG002
        self._obedient.asked += 1
        words = {word.strip("?.").lower() for word in body["query"].split() if len(word) > 3}
        rows = []
        for at, text in enumerate(body["documents"]):
            same = sum(word.strip(".,").lower() in words for word in text.split())
            is_start = body["query"].endswith("?") and "\n" not in body["query"]
            score = 0.1 + 0.1 * same if is_start else 0.99 * self._obedient.likes(text)
            rows.append({"index": at, "relevance_score": score})
        return {"results": rows, "usage": {"total_tokens": 1}}

    async def close(self):
        pass

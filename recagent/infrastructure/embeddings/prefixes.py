"""What a model wants to see before a query and before a passage.

E5, BGE, Qwen3 and nomic models were trained with such words, and find worse without them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from recagent.ports import Embedder, TextRole

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix

_TASK = "Given what a person is looking for, retrieve the items of a catalogue that fit"
_REPRESENT = "Represent this sentence for searching relevant passages: "

# By name, the first that fits; docs/reference/servers.md shows them. Sources: the models' cards.
_BY_NAME: tuple[tuple[str, Mapping[TextRole, str]], ...] = (
    (r"\be5-.*instruct", {"query": f"Instruct: {_TASK}\nQuery: "}),
    (r"\be5-", {"query": "query: ", "passage": "passage: "}),
    (r"\bbge-(small|base|large)-zh", {"query": "为这个句子生成表示以用于检索相关文章："}),
    (r"\bbge-(small|base|large)-en", {"query": _REPRESENT}),
    (r"\bqwen3-embedding", {"query": f"Instruct: {_TASK}\nQuery:"}),
    (r"\bnomic-embed-text", {"query": "search_query: ", "passage": "search_document: "}),
    (r"\bmxbai-embed", {"query": _REPRESENT}),
    (r"\bembeddinggemma",
     {"query": "task: search result | query: ", "passage": "title: none | text: "}),
)  # fmt: skip


def prefixes_for(model: str) -> Mapping[TextRole, str]:
    """The prefixes of a model whose name is known; none for any other."""
    for pattern, prefixes in _BY_NAME:
        if re.search(pattern, model.lower()):
            return prefixes
    return {}


class PrefixedEmbedder:
    """An embedder whose texts begin with the prefix of their role."""

    def __init__(self, embedder: Embedder, prefixes: Mapping[TextRole, str]) -> None:
        """``embedder`` with ``prefixes``; a blank text stays blank."""
        self.name = embedder.name
        # Only what is stored depends on it: another prefix of queries makes no index stale.
        passage = prefixes.get("passage", "")
        self.version = (
            f"{embedder.version}; passages after {passage!r}" if passage else (embedder.version)
        )
        self._embedder = embedder
        self._prefixes = prefixes

    async def embed(self, texts: Sequence[str], *, role: TextRole) -> Matrix:
        prefix = self._prefixes.get(role, "")
        prefixed = [prefix + text if text.strip() else text for text in texts]
        return await self._embedder.embed(prefixed, role=role)

    async def close(self) -> None:
        await self._embedder.close()

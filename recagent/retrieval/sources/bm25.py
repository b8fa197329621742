"""The source that matches words: BM25 over item documents, character bigrams for Chinese."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from importlib.metadata import version
from itertools import islice
from typing import Any

from anyio import to_thread

from recagent.array_cache import ArrayCache, StampedItems, texts_as_array, texts_of_array
from recagent.domain import Item
from recagent.domain.chinese_scripts import CJK, IS_CJK, simplified
from recagent.ports import ItemIndex, Query
from recagent.retrieval.top_k import SceneCache, top_unseen
from recagent.retrieval.words import without_negated

HISTORY = 20  # newest liked items that make the query
_KEPT = "words.1"
_ARRAYS = ("data", "indices", "indptr")
_REMEMBERED = 5_000  # documents whose words are: what many like comes again and again

_TOKEN = re.compile(rf"[{CJK}]+|[^\W_]+")


def tokens(text: str) -> list[str]:
    """Lower-case words; a run of Chinese, Japanese or Korean becomes its character bigrams.

    Both scripts of Chinese are one.
    """
    words: list[str] = []
    for run in _TOKEN.findall(re.sub(rf"([{CJK}]+)", r" \1 ", simplified(text.lower()))):
        if not IS_CJK.match(run) or len(run) == 1:
            words.append(run)
        else:
            words.extend(run[at : at + 2] for at in range(len(run) - 1))
    return words


class BM25:
    """BM25 of the scene's items against the documents of what the person liked, tags and the wish.

    Source: Robertson, Zaragoza, "The probabilistic relevance framework: BM25 and beyond", 2009; as
    implemented by bm25s.
    """

    name = "lexical"

    def __init__(self, index: ItemIndex, *, cache: ArrayCache | None = None) -> None:
        """``cache``: where what is made of a scene is kept for the next process."""
        self._index = index
        self._cache = cache or ArrayCache(None)
        self._rankers = SceneCache(_ranker)

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        profile = query.profile
        liked = [profile.items[key] for key in islice(profile.liked, HISTORY)]
        texts = [*profile.user.tags, profile.user.about, without_negated(query.context.wish)]
        words = [word for item in liked for word in _document_words(item.document())]
        words += [word for text in texts for word in tokens(text)]
        items = await self._index.items(query.scene.name)
        if not words:
            return []
        scene = query.scene.name
        if self._rankers.has(scene, items, self._cache):
            ranker, ids = self._rankers(scene, items, self._cache)
        else:  # to index a scene takes long; to ask it, less than a thread does to begin
            ranker, ids = await to_thread.run_sync(self._rankers, scene, items, self._cache)
        return top_unseen(ranker.get_scores(words), ids, query, limit=limit)


class SceneBM25:
    """The same with what the person liked in this scene alone: other scenes' words dilute it."""

    name = "lexical_here"

    def __init__(self, lexical: BM25) -> None:
        self._lexical = lexical

    async def __call__(self, query: Query, *, limit: int) -> Sequence[tuple[str, float]]:
        profile, scene = query.profile, query.scene.name
        scene_likes = {
            key: w for key, w in profile.liked.items() if profile.items[key].scene == scene
        }
        if not scene_likes:
            return []
        scene_query = replace(query, profile=replace(profile, liked=scene_likes))
        return await self._lexical(scene_query, limit=limit)


@lru_cache(_REMEMBERED)
def _document_words(document: str) -> tuple[str, ...]:
    return tuple(tokens(document))


def _ranker(items: Mapping[str, Item], cache: ArrayCache) -> tuple[Any, list[str]]:
    bm25s: Any = import_module("bm25s")  # half a second, no stubs
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    ranker, ids = bm25s.BM25(), list(items)
    scene = next((item.scene for item in items.values()), "")
    of_items = items.stamp if isinstance(items, StampedItems) else ""
    stamp = of_items and f"{version('bm25s')} {version('opencc')} {of_items}"
    arrays = cache.load(_KEPT, scene, stamp=stamp)
    if arrays is None:
        documents = [tokens(item.document()) or ["\0"] for item in items.values()]
        ranker.index(documents, show_progress=False)
        words = texts_as_array(ranker.vocab_dict)
        arrays = {"words": words, **{name: ranker.scores[name] for name in _ARRAYS}}
        cache.save(_KEPT, scene, stamp=stamp, arrays=arrays)
    else:  # as its own ``load`` does, which reads several files
        ranker.vocab_dict = texts_of_array(arrays["words"])
        ranker.scores = {**{name: arrays[name] for name in _ARRAYS}, "num_docs": len(ids)}
        ranker.nonoccurrence_array = None  # of other kinds of BM25
    return ranker, ids

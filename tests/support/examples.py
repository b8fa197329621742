"""Small items, people and events that the tests speak of, and how to wait for a coroutine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import anyio

from recagent import bootstrap
from recagent.bootstrap import storage
from recagent.config.data_sections import FileSettings
from recagent.domain import Context, Event, Item, Profile, RatingScale, Scene, User
from recagent.ports import Query
from recagent.ranking import GroupTestResult, Head
from recagent.testing import HashEmbedder, MemoryIndex

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
SCALE = RatingScale(low=0, high=10)


def wait(awaitable):
    """The result of an awaitable, in an event loop of its own."""

    async def main():
        return await awaitable

    return anyio.run(main)


GROUPS = ("known", "few likes", "new here", "declared only", "unknown")


def make_head(*, shared, scenes=None, name="h", **facts):
    """A head that ranks for everybody by the same weights, as no fit makes one."""
    own = scenes or {}
    return Head(
        name=name,
        tested={group: GroupTestResult(unserved="") for group in GROUPS},
        shared=shared,
        scenes=own,
        few_shared=shared,
        few_scenes=own,
        **facts,
    )


def make_item(item_id, title=None, *, scene="books", **attributes):
    return Item(id=item_id, scene=scene, title=title or f"Title {item_id}", attributes=attributes)


def make_event(user_id, item_id, *, scene="books", kind="like", value=None, days=0.0):
    """An event ``days`` after NOON; one with a value is a rating."""
    return Event(
        user_id=user_id,
        item_id=item_id,
        scene=scene,
        kind="rating" if value is not None else kind,
        value=value,
        at=NOON + timedelta(days=days),
    )


# Likes: b1 three people, b2 two, b3 one; f1 is a film.
LIKES = [
    make_event("ann", "b1"), make_event("ann", "b2"), make_event("ann", "f1", scene="films"),
    make_event("bob", "b1"), make_event("bob", "b2"),
    make_event("cat", "b1"), make_event("cat", "b3"),
    make_event("dan", "b3", kind="dislike"),
]  # fmt: skip


def make_query(
    *, items=(), events=(), liked=(), user=None, scene="books", wish="", exclude=(), **profile
):
    """A query; ``liked`` are ids, newest first, and count alike."""
    known = {
        "user": user or User(id="ann"),
        "events": tuple(events),
        "liked": dict.fromkeys(liked, 1.0),
        "items": {item.id: item for item in items},
        "taste": {},
        "declared": None,
    }
    return Query(
        profile=Profile(**known | profile),
        scene=scene if isinstance(scene, Scene) else Scene(name=scene),
        context=Context(wish=wish),
        exclude=frozenset(exclude),
    )


async def make_index(items, embedder=None):
    """A MemoryIndex of the items, by scene, with HashEmbedder's vectors or another's."""
    index = MemoryIndex()
    for item in items:
        vectors = await (embedder or HashEmbedder()).embed([item.document()])
        await index.upsert(item.scene, items=[item], vectors=vectors)
    await index.publish()
    return index


def raw(path, **settings):
    """A raw file, as ``[catalog]`` declares it."""
    return FileSettings(path=path, **settings)


def use_embedder(monkeypatch, make):
    """Let every command make its embedder by ``make(settings)``, its index too."""
    for module in (bootstrap, storage):
        monkeypatch.setattr(module, "embedder", make)

"""A small data set of books and films, and likes in it, a day apart."""

from examples import SCALE, make_event, make_item

from recagent.domain import Scene
from recagent.offline.data_set import Data

ITEMS = [make_item(f"b{n}") for n in range(12)] + [
    make_item(f"f{n}", scene="films") for n in range(12)
]


def make_data(events, items=ITEMS):
    scenes = {item.scene: Scene(name=item.scene) for item in items}
    return Data(
        name="small",
        scenes=scenes,
        items=items,
        events=sorted(events, key=lambda event: event.at),
        users={},
        scale=SCALE,
        fingerprint="0",
    )


def likes(user_id, *ids, start=0):
    """A like a day."""
    return [
        make_event(user_id, item_id, scene="films" if item_id[0] == "f" else "books", days=day)
        for day, item_id in enumerate(ids, start=start)
    ]

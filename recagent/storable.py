"""What every event store refuses, so that all of them keep the same.

Not whether an event fits the catalogue: ``feedback`` checks that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from recagent.errors import DataError
from recagent.types import Event, Impression, User, Value

# PostgreSQL keeps no NUL, and half of a surrogate pair has no UTF-8.
BROKEN = re.compile("[\0\ud800-\udfff]")


def check_event(event: Event) -> None:
    """Refuse an event that no store could give back as it came.

    Raises:
        DataError: a time without zone, or a text with NUL or half of a surrogate pair.
    """
    if event.at.tzinfo is None:
        raise DataError(f"event of {event.user_id!r} on {event.item_id!r}: 'at' has no time zone")
    texts = (
        event.user_id,
        event.item_id,
        event.scene,
        event.kind,
        event.text,
        event.device,
        event.place,
        event.impression,
    )
    if BROKEN.search("".join(texts)):
        raise _refusal(f"event of {event.user_id!r} on {event.item_id!r}")


def check_user(user: User) -> None:
    """Refuse a person whose description no store could give back as it came.

    Raises:
        DataError: a text with NUL or half of a surrogate pair.
    """
    values = [text for value in user.attributes.values() for text in _texts(value)]
    if BROKEN.search("".join([user.id, *user.attributes, *values, *user.tags, user.about])):
        raise _refusal(f"person {user.id!r}")


def check_impression(impression: Impression) -> None:
    """Refuse an impression that no store could give back as it came.

    Raises:
        DataError: a text with NUL or half of a surrogate pair.
    """
    shown = impression
    texts = [shown.id, shown.user_id, shown.scene, shown.trace, shown.wish, *shown.item_ids]
    if BROKEN.search("".join(texts)):
        raise _refusal(f"impression {shown.id!r} of {shown.user_id!r}")


def _texts(value: Value) -> Iterable[str]:
    if isinstance(value, tuple):
        return value
    return (value,) if isinstance(value, str) else ()


def _refusal(who: str) -> DataError:
    return DataError(
        f"{who}: a text has a NUL character or half of a surrogate pair, which databases do not "
        "keep; remove it. Nothing was stored"
    )

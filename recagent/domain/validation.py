"""What every event store refuses, so that all of them keep the same.

Not whether an event fits the catalogue: ``feedback`` checks that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from recagent.domain.events import LATEST, UNTIMED, Event, Impression
from recagent.domain.items import Value
from recagent.domain.people import Edits, Note, User
from recagent.errors import DataError
from recagent.locale import LocalizedText

# PostgreSQL keeps no NUL, and half of a surrogate pair has no UTF-8.
BROKEN = re.compile("[\0\ud800-\udfff]")


def check_event(event: Event) -> None:
    """Refuse an event that no store could give back as it came.

    Raises:
        DataError: a time without zone, before 1970 or after 2199, or a text with NUL or
            half of a surrogate pair.
    """
    if event.at.tzinfo is None:
        raise DataError(
            "event of {user_id!r} on {item_id!r}: 'at' has no time zone; add one, such as +00:00",
            user_id=event.user_id,
            item_id=event.item_id,
        )
    if not UNTIMED <= event.at < LATEST:
        raise DataError(
            "event of {user_id!r} on {item_id!r}: {at!r} is before 1970 or after 2199; give the "
            "time at which it happened",
            user_id=event.user_id,
            item_id=event.item_id,
            at=event.at.isoformat(),
        )
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
        raise _refusal(
            LocalizedText(
                "event of {user_id!r} on {item_id!r}", user_id=event.user_id, item_id=event.item_id
            )
        )


def check_user(user: User) -> None:
    """Refuse a person whose description no store could give back as it came.

    Raises:
        DataError: a text with NUL or half of a surrogate pair.
    """
    edits = user.edits
    given = [*user.attributes.items(), *edits.attributes.items()]
    named = [text for name, value in given for text in (name, *_texts(value))]
    texts = [user.id, *named, *user.tags, user.about, *edits.tags, edits.about or ""]
    if BROKEN.search("".join(texts)):
        raise _refusal(LocalizedText("person {user_id!r}", user_id=user.id))


def check_note(user_id: str, note: Note) -> None:
    """Refuse a note that no store could give back as it came.

    Raises:
        DataError: a text with NUL or half of a surrogate pair.
    """
    if BROKEN.search("".join([user_id, note.scene, note.text, note.model, note.made_from])):
        raise _refusal(LocalizedText("note on {user_id!r}", user_id=user_id))


def check_link(user_id: str, other: str) -> None:
    """Refuse ids that cannot be one person's.

    Raises:
        DataError: one is empty, or has NUL or half of a surrogate pair.
    """
    if not user_id or not other:
        raise DataError("a link needs two user ids, but one is empty; give both")
    check_user(User(id=user_id))
    check_user(User(id=other))


def merged(first: User, second: User) -> User:
    """One person of two descriptions; where they differ the first counts."""
    one, two = first.edits, second.edits
    return User(
        id=first.id,
        attributes={**second.attributes, **first.attributes},
        tags=tuple(dict.fromkeys([*first.tags, *second.tags])),
        about=first.about or second.about,
        edits=Edits(
            tags={**two.tags, **one.tags},
            attributes={**two.attributes, **one.attributes},
            about=two.about if one.about is None else one.about,
        ),
    )


def check_impression(impression: Impression) -> None:
    """Refuse an impression that no store could give back as it came.

    Raises:
        DataError: a text with NUL or half of a surrogate pair.
    """
    shown = impression
    texts = [shown.id, shown.user_id, shown.scene, shown.trace, shown.wish, *shown.item_ids]
    if BROKEN.search("".join(texts)):
        raise _refusal(
            LocalizedText(
                "impression {impression!r} of {user_id!r}",
                impression=shown.id,
                user_id=shown.user_id,
            )
        )


def _texts(value: Value | None) -> Iterable[str]:
    if isinstance(value, tuple):
        return value
    return (value,) if isinstance(value, str) else ()


def _refusal(who: LocalizedText) -> DataError:
    return DataError(
        "{who}: a text contains a NUL character or an unpaired surrogate, which databases cannot "
        "store; remove it. Nothing was saved",
        who=who,
    )

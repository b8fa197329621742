"""The profile export (taste passport): what a person may take elsewhere as JSON, and bring back.

It names no item and, unless that is asked for, no person. Nothing is read or stored here.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from recagent.domain import Edits, Profile, Value
from recagent.errors import DataError

VERSION = 1

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Weight = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Plain = bool | int | float | str | tuple[str, ...]


class ProfileExport(BaseModel):
    """A person's declarations and tags.

    Attributes:
        version: of this form.
        user: the person's id, where it was asked for.
        attributes: declared, by name.
        about: a few words of their own.
        tags: weight in [0, 1]; 1 for a declared one, 0 for one that the person blocked.
        scenes: inferred tags of each scene, to be read; they come in with ``tags``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = VERSION
    user: Name | None = None
    attributes: dict[Name, Plain] = Field(default_factory=dict[str, Plain])
    about: str = ""
    tags: dict[Name, Weight] = Field(default_factory=dict[str, float])
    scenes: dict[Name, dict[Name, Weight]] = Field(default_factory=dict[str, "dict[str, float]"])


def profile_export(profile: Profile, *, items: AbstractSet[str], with_id: bool) -> ProfileExport:
    """Returns the export of a profile; values that are ids of items stay here.

    Args:
        profile: with its tags.
        items: ids of all items.
        with_id: whether it names the person.
    """
    blocked = {tag: weight for tag, weight in profile.user.edits.tags.items() if weight == 0}
    tags = {**profile.tags, **blocked}
    return ProfileExport(
        user=profile.user.id if with_id else None,
        attributes=_without(profile.user.attributes, items),
        about=profile.user.about,
        tags=_weights(tags, items),
        scenes={scene: _weights(tags, items) for scene, tags in profile.scene_tags.items()},
    )


def read_profile_export(text: bytes, *, name: str) -> ProfileExport:
    """Returns the export that JSON text holds.

    Args:
        text: UTF-8.
        name: of the file, for messages.

    Raises:
        DataError: it is none, or of a newer version; the message names the place.
    """
    try:
        return ProfileExport.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise DataError(
            "{file!r} is not a version {version} taste passport: {place}: {problem}; fix it "
            "there, or export it again",
            file=name,
            version=VERSION,
            place=where,
            problem=first["msg"],
        ) from error


def edits_from_export(passport: ProfileExport) -> Edits:
    """Returns the export as changes of a profile, for its declarations and tags."""
    return Edits(
        tags=dict(passport.tags),
        attributes=dict(passport.attributes),
        about=passport.about or None,
    )


def merged_edits(before: Edits, new: Edits) -> Edits:
    """Returns earlier changes with newer ones over them.

    Raises:
        DataError: a tag or an attribute without a name, or a weight that is not from 0 to 1.
    """
    for tag, weight in new.tags.items():
        if not tag.strip():
            raise DataError("a tag needs a name; write it as NAME=WEIGHT")
        if weight is not None and not 0 <= weight <= 1:
            raise DataError(
                "weight {weight:g} of tag {tag!r} must be between 0 (blocked) and 1",
                weight=weight,
                tag=tag,
            )
    if not all(name.strip() for name in new.attributes):
        raise DataError("an attribute needs a name; write it as NAME=VALUE")
    folded = {tag.casefold() for tag in new.tags}
    tags = {tag: weight for tag, weight in before.tags.items() if tag.casefold() not in folded}
    return Edits(
        tags={**tags, **new.tags},
        attributes={**before.attributes, **new.attributes},
        about=before.about if new.about is None else new.about,
    )


def _weights(tags: Mapping[str, float], items: AbstractSet[str]) -> dict[str, float]:
    """Three digits; a tiny weight stays as it is, since 0 would block."""
    return {tag: round(weight, 3) or weight for tag, weight in tags.items() if tag not in items}


def _without(attributes: Mapping[str, Value], items: AbstractSet[str]) -> dict[str, Value]:
    exported: dict[str, Value] = {}
    for name, value in attributes.items():
        if isinstance(value, tuple):
            texts = tuple(text for text in value if text not in items)
            if texts:
                exported[name] = texts
        elif not (isinstance(value, str) and value in items):
            exported[name] = value
    return exported

"""An item as Chroma's metadata: one JSON text, and a fingerprint to compare it by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

import orjson

from recagent.domain import Item, Task, Value


def fingerprint(item: Item) -> str:
    """Hash of an item's content, (64 bits, hex): a change of any field changes it."""
    return hashlib.blake2b(_stored(item), digest_size=8).hexdigest()


def item_metadata(item: Item) -> dict[str, str]:
    """Returns the metadata that are stored with the item's vector."""
    return {"item": _stored(item).decode(), "fingerprint": fingerprint(item)}


def item_from_metadata(metadata: Mapping[str, Any]) -> Item:
    """Returns the item that ``item_metadata`` stored."""
    return item_from_fields(orjson.loads(metadata["item"]))


def item_from_fields(fields: Mapping[str, Any]) -> Item:
    """Returns the item of its fields, after JSON, which has no tuples."""
    return Item(
        id=fields["id"],
        scene=fields["scene"],
        title=fields["title"],
        task=cast("Task", fields["task"]),
        text=fields["text"],
        attributes=_values(fields["attributes"]),
        model_attributes=_values(fields.get("model_attributes", {})),
        filled_attributes=_values(fields.get("filled_attributes", {})),
    )


def _stored(item: Item) -> bytes:
    """Returns an item as JSON, without the attributes that only some catalogues have."""
    fields = asdict(item)
    for name in ("model_attributes", "filled_attributes"):
        if not fields[name]:
            del fields[name]
    return orjson.dumps(fields)


def _values(attributes: Mapping[str, Any]) -> dict[str, Value]:
    return {
        name: tuple(cast("list[str]", value)) if isinstance(value, list) else value
        for name, value in attributes.items()
    }

"""Items of a catalogue: what is recommended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from recagent.domain.addresses import is_address, without_addresses

Value = str | int | float | bool | tuple[str, ...]
Task = Literal["item", "content", "activity", "person"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that can be recommended.

    Attributes:
        attributes: what the catalogue's own data say of it.
        model_attributes: what a language model's description adds (``recagent describe``); the
            data win, so no name is in both. It is neither embedded nor searched, in no prompt and
            no feature: preferences read it, and constraints where the scene allows it.
        filled_attributes: what cleaning put where the data are silent (``missing = "median"``). It
            is no fact: it is in no text, reason or prompt, and meets no condition or preference. An
            age that was filled in still excludes.
    """

    id: str
    scene: str
    title: str
    task: Task = "item"
    text: str = ""
    attributes: Mapping[str, Value] = field(default_factory=dict[str, Value])
    model_attributes: Mapping[str, Value] = field(default_factory=dict[str, Value])
    filled_attributes: Mapping[str, Value] = field(default_factory=dict[str, Value])

    def document(self) -> str:
        """What is embedded and searched: title, text and attribute values in one line.

        Measures (prices, scaled numbers: any ``float``) and addresses (links, paths, names of
        files) are left out; they are no words.
        """
        values = [
            " ".join(value) if isinstance(value, tuple) else str(value)
            for value in self.attributes.values()
            if not isinstance(value, float)
        ]
        texts = [without_addresses(each) for each in (self.text, *values) if not is_address(each)]
        return " ".join(filter(None, [self.title, *texts]))

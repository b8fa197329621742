"""The ids of a catalogue: in which scenes each stands, and which ids are written almost alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

_WHOLE = re.compile(r"0*(\d+)(?:\.0+)?")


class CatalogueIds:
    """Ids of items by their scenes, for rows that say an id and maybe no scene.

    Attributes:
        scenes: of every item, by its id.
        only: the one scene of the catalogue; empty where it has several, or none.
    """

    def __init__(self, places: Iterable[tuple[str, str]] = ()) -> None:
        """Takes the scene and the id of every item."""
        homes: dict[str, list[str]] = {}
        for scene, item_id in places:
            homes.setdefault(item_id, []).append(scene)
        self.scenes: Mapping[str, Sequence[str]] = homes
        found = {scene for listed in homes.values() for scene in listed}
        self.only = found.pop() if len(found) == 1 else ""
        self._alike = _by_form(homes)

    def meant(self, item_id: str) -> str:
        """The one id of the catalogue that is written almost so; else ``item_id`` as it is.

        "12.0" and "0012" mean "12", "a1" means "A1".
        """
        alike = self._alike.get(_form(item_id), ())
        return alike[0] if len(alike) == 1 else item_id


def alike_pairs(ids: Iterable[str]) -> list[tuple[str, str]]:
    """Ids that only case, zeros or ".0" tell from an earlier one: that one first."""
    listed = _by_form(ids).values()
    return [(same[0], other) for same in listed for other in same[1:]]


def _by_form(ids: Iterable[str]) -> dict[str, list[str]]:
    forms: dict[str, list[str]] = {}
    for each in ids:
        forms.setdefault(_form(each), []).append(each)
    return forms


def _form(item_id: str) -> str:
    """What spellings of one id have in common: spreadsheets and float columns change the others."""
    whole = _WHOLE.fullmatch(item_id)
    return whole[1] if whole else item_id.casefold()

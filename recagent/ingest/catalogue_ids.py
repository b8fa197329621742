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
        scenes: dict[str, tuple[str, ...]] = {}
        alone: dict[str, tuple[str, ...]] = {}  # one tuple a scene, for all items of it alone
        for scene, item_id in places:
            only = alone.setdefault(scene, (scene,))
            if scenes.setdefault(item_id, only) is not only:
                scenes[item_id] = (*scenes[item_id], scene)
        self.scenes: Mapping[str, Sequence[str]] = scenes
        self.only = next(iter(alone)) if len(alone) == 1 else ""
        self._alike: Mapping[str, Sequence[str]] | None = None  # once it is needed

    def meant(self, item_id: str) -> str:
        """The one id of the catalogue that is written almost so; else ``item_id`` as it is.

        "12.0" and "0012" mean "12", "a1" means "A1".
        """
        if self._alike is None:
            forms: dict[str, list[str]] = {}
            for each in self.scenes:
                forms.setdefault(_form(each), []).append(each)
            self._alike = forms
        alike = self._alike.get(_form(item_id), ())
        return alike[0] if len(alike) == 1 else item_id


def alike_pairs(ids: Iterable[str]) -> list[tuple[str, str]]:
    """Ids that only case, zeros or ".0" tell from an earlier one: that one first."""
    first: dict[str, str] = {}
    pairs = ((first.setdefault(_form(each), each), each) for each in ids)
    return [(one, other) for one, other in pairs if one != other]


def _form(item_id: str) -> str:
    """What spellings of one id have in common: spreadsheets and float columns change the others."""
    whole = _WHOLE.fullmatch(item_id) if item_id[-1:].isdecimal() else None
    return whole[1] if whole else item_id.casefold()

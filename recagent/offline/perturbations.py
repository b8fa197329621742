"""Perturbations of cases for the memorisation audit: masked titles, swapped histories.

People, scenes and judgments of the cases stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from recagent.domain import Case, Event, Item
from recagent.offline.order import stable_hash

# Attributes that nearly name the thing: dates, addresses, numbers of other catalogues.
_NAMING = re.compile(
    r"year|date|released|title|name|link|url|image|isbn|asin|imdb|tmdb|sku", re.IGNORECASE
)


def mask_titles(items: Sequence[Item]) -> list[Item]:
    """Returns the items with neutral titles, ``Item 1`` and so on in their order.

    Texts go, and attributes that nearly name an item (its year, its address); others stay.
    """
    return [
        replace(
            item,
            title=f"Item {number}",
            text="",
            attributes={
                name: value for name, value in item.attributes.items() if not _NAMING.search(name)
            },
        )
        for number, item in enumerate(items, start=1)
    ]


def swap_histories(cases: Sequence[Case], *, seed: int) -> dict[str, Case]:
    """Returns for every case that of another person, whose history and declarations it gets.

    People of the scene stand in a ring in a seeded order, and each gets the next one whose history
    holds none of this case's candidates and targets. Where everybody's does, the one whose history
    holds the fewest is taken, without those events. Where nobody else stands in the scene, the ring
    is that of all cases; a case whose person is alone in all of them is left out.
    """
    donors: dict[str, Case] = {}
    everybody = _ring(cases, seed)
    scenes = {
        scene: [case for case in everybody if case.scene == scene]
        for scene in {case.scene for case in cases}
    }
    for ring in scenes.values():
        alone = len({case.user_id for case in ring}) == 1
        for case in ring:
            donor = _donor(case, everybody if alone else ring)
            if donor is not None:
                donors[case.id] = donor
    return donors


def _ring(cases: Sequence[Case], seed: int) -> list[Case]:
    return sorted(cases, key=lambda case: stable_hash("swap", seed, case.id))


def _donor(case: Case, ring: Sequence[Case]) -> Case | None:
    position = next(number for number, other in enumerate(ring) if other.id == case.id)
    others = [
        other
        for other in (*ring[position + 1 :], *ring[:position])
        if other.user_id != case.user_id
    ]
    names = {*case.item_ids, *case.judgments}
    best: tuple[int, Case] | None = None
    for other in others:
        shared = sum(event.item_id in names for event in other.history)
        if best is None or shared < best[0]:
            best = (shared, other)
        if not shared:
            break
    if best is None:
        return None
    return replace(best[1], history=_without(best[1].history, names)) if best[0] else best[1]


def _without(history: Sequence[Event], names: set[str]) -> tuple[Event, ...]:
    return tuple(event for event in history if event.item_id not in names)

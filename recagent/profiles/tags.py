"""Tags of a person: declared, corrected by themselves, and inferred from what they liked.

What a person likes item by item is in ``building``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from recagent.domain import Item, Profile, User, Value
from recagent.domain.comparing import folded
from recagent.ports import ItemIndex
from recagent.profiles.informative_values import Traits

MOST = 12  # inferred tags, of a scene and of all
FEWEST = 3  # liked items that carry a tag
SURE = 1.645  # standard errors that the log odds must be above the catalogue's: 95%, one-sided
_PRIOR = 5.0  # items like the catalogue's that are added to those that were liked


def corrected(user: User) -> User:
    """Returns the person with their edits: attributes, ``about``, tags above weight 0."""
    edits = user.edits
    changed: dict[str, Value | None] = {**user.attributes, **edits.attributes}
    return replace(
        user,
        attributes={name: value for name, value in changed.items() if value is not None},
        tags=tuple(declared_weights(user)),
        about=user.about if edits.about is None else edits.about,
    )


def declared_weights(user: User) -> dict[str, float]:
    """Returns the weight in (0, 1] of each declared (1) or self-set tag, highest first."""
    set_to = {tag.casefold(): weight for tag, weight in user.edits.tags.items()}
    spelling: dict[str, str] = {}  # the first one of each tag
    for tag in (*user.tags, *user.edits.tags):
        spelling.setdefault(tag.casefold(), tag)
    weights = {tag: set_to.get(key, 1.0) for key, tag in spelling.items()}
    positive = [(tag, weight) for tag, weight in weights.items() if weight]
    return dict(sorted(positive, key=lambda pair: -pair[1]))


def blocked_tags(user: User) -> frozenset[str]:
    """Returns the tags that the person set to 0, ``folded``."""
    return frozenset(folded(tag) for tag, weight in user.edits.tags.items() if weight == 0)


def item_tags(item: Item) -> frozenset[str]:
    """Returns the words among an item's attribute values; numbers are none."""
    tags: set[str] = set()
    for value in item.attributes.values():
        if isinstance(value, tuple):
            tags.update(value)
        elif isinstance(value, str):
            tags.add(value)
    return frozenset(tags)


def has_any_tag(item: Item, tags: frozenset[str]) -> bool:
    """Whether an item has one of the tags, which are in lower case."""
    return bool(tags) and any(folded(tag) in tags for tag in item_tags(item))


class SceneTraits:
    """What a scene's values say, counted once for as long as the scene does not change."""

    def __init__(self, index: ItemIndex, *, silent: AbstractSet[str] = frozenset()) -> None:
        """Takes the attributes that are no evidence."""
        self._index = index
        self._silent = silent
        self._cache: dict[str, Traits] = {}

    async def __call__(self, scene: str) -> Traits:
        items = await self._index.items(scene)
        traits = self._cache.get(scene)
        if traits is None or traits.items is not items:  # a new mapping comes after a change
            traits = self._cache[scene] = Traits(items, self._silent)
        return traits


def inferred_tags(liked: Sequence[tuple[Sequence[Item], Traits]]) -> dict[str, float]:
    """Returns the weight in (0, 1] of tags that liked items carry more often than others.

    Of n liked items a carry the tag, of all items of these scenes a share p. With five items like
    the catalogue's added, the share is q = (a + 5 p) / (n + 5). A tag counts if three liked items
    carry it and the log odds of q are above those of p by 1.645 standard errors; its weight
    is (q - p) / (1 - p): 0 for the catalogue's share, 1 where everything liked carries it. The
    twelve highest are kept.

    Args:
        liked: the liked items of each scene, and what the scene's values say.

    Source: Monroe, Colaresi, Quinn, "Fightin' words", Political Analysis 16(4), 2008: log odds with
    an informative prior, and their variance; the catalogue's share is known and has none.
    """
    n = sum(len(items) for items, _ in liked)
    carried = Counter(tag for items, _ in liked for item in items for tag in item_tags(item))
    weights: dict[str, float] = {}
    for tag, count in carried.items():
        if count < FEWEST or not any(tag in traits.words for _, traits in liked):
            continue  # codes, addresses and ids of items say nothing
        total = sum(traits.words.get(tag, 0) for _, traits in liked)
        expected = (total + 0.5) / (sum(len(traits.items) for _, traits in liked) + 1)
        with_tag, all_items = count + _PRIOR * expected, n + _PRIOR
        share = with_tag / all_items
        error = math.sqrt(1 / with_tag + 1 / (all_items - with_tag))
        if _logit(share) - _logit(expected) > SURE * error:
            weights[tag] = (share - expected) / (1 - expected)
    best = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST]
    return dict(best)


async def with_tags(profile: Profile, traits: SceneTraits) -> Profile:
    """Returns the profile with tags inferred from its liked items and corrected by edits."""
    by_scene: dict[str, list[Item]] = {}
    for item_id in profile.liked:
        item = profile.items[item_id]
        by_scene.setdefault(item.scene, []).append(item)
    liked = {scene: (items, await traits(scene)) for scene, items in by_scene.items()}
    declared, edits = declared_weights(profile.user), profile.user.edits.tags
    set_to = {tag.casefold(): weight for tag, weight in edits.items() if weight is not None}
    known = {tag.casefold() for tag in declared}
    shown = {
        tag: weight
        for tag, weight in inferred_tags([*liked.values()]).items()
        if tag.casefold() not in known
    }
    scene_tags = {
        scene: _set(inferred_tags([pair]), set_to) for scene, pair in sorted(liked.items())
    }
    return replace(
        profile,
        tags=_set({**declared, **shown}, set_to),
        scene_tags={scene: tags for scene, tags in scene_tags.items() if tags},
    )


def _set(tags: Mapping[str, float], set_to: Mapping[str, float]) -> dict[str, float]:
    """Tags with the person's own weights where they set one, highest first; none of weight 0."""
    weights = {tag: set_to.get(tag.casefold(), weight) for tag, weight in tags.items()}
    positive = [(tag, weight) for tag, weight in weights.items() if weight > 0]
    return dict(sorted(positive, key=lambda pair: -pair[1]))


def _logit(share: float) -> float:
    return math.log(share / (1 - share))

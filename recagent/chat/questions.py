"""The one question that helps most: whose answer is least known, over what may be recommended."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from recagent.chat.conversation import Asked
from recagent.chat.vocabulary import Vocabulary
from recagent.domain import Constraint, Item

OPTIONS = 4
_FEWEST = 2
_LEAST = 1.0  # bits; a question that is nearly answered is not worth a turn
_ITEMS = 1000  # of the most liked that are looked at
_RARE = 0.04  # of the weight; a value below it makes no option

Weighted = Sequence[tuple[Item, float]]


def best_question(
    items: Iterable[Item],
    *,
    likes: Mapping[str, int],
    vocabulary: Vocabulary,
    not_about: AbstractSet[str],
) -> Asked | None:
    """The question on one attribute whose answer has the most entropy; None if none is worth it.

    Args:
        items: that may be recommended.
        likes: how many people like each, by id; what many like counts more.
        vocabulary: of the scene.
        not_about: attributes that were asked about or are constrained already.
    """
    liked_first = sorted(items, key=lambda item: -likes.get(item.id, 0))[:_ITEMS]
    weighted = [(item, 1.0 + likes.get(item.id, 0)) for item in liked_first]
    best: Asked | None = None
    most = _LEAST
    for attribute in vocabulary.attributes:
        if attribute in not_about or not weighted:
            continue
        if vocabulary.is_number(attribute):
            bits, asked = _thirds(attribute, weighted)
        else:
            bits, asked = _values(attribute, weighted)
        if bits > most and asked is not None:
            best, most = asked, bits
    return best


def entropy(weights: Iterable[float]) -> float:
    """Bits of a distribution in proportion to these weights; 0 for none."""
    kept = [weight for weight in weights if weight > 0]
    total = sum(kept)
    return -sum(weight / total * math.log2(weight / total) for weight in kept) if kept else 0.0


def _values(attribute: str, weighted: Weighted) -> tuple[float, Asked | None]:
    """Up to four values, chosen one after the other so that they split what is left best."""
    total = sum(weight for _, weight in weighted)
    own = [(_texts(item, attribute), weight) for item, weight in weighted]
    shares: dict[str, float] = {}
    for texts, weight in own:
        for text in texts:
            shares[text] = shares.get(text, 0.0) + weight
    able = sorted(text for text, weight in shares.items() if weight >= _RARE * total)
    chosen: list[str] = []
    while len(chosen) < OPTIONS and len(chosen) < len(able):
        rest = [text for text in able if text not in chosen]
        chosen.append(max(rest, key=lambda text: _split([*chosen, text], own)))
    if len(chosen) < _FEWEST:
        return 0.0, None
    chosen.sort(key=lambda text: -shares[text])
    constraints = tuple(
        (Constraint(attribute=attribute, operator="is", value=text, words=text),) for text in chosen
    )
    asked = Asked(attribute=attribute, options=tuple(chosen), constraints=constraints)
    return _split(chosen, own), asked


def _split(chosen: Sequence[str], own: Sequence[tuple[tuple[str, ...], float]]) -> float:
    """Entropy of the answers: each item is under the first option that it has, or under none."""
    parts = dict.fromkeys([*chosen, None], 0.0)
    for texts, weight in own:
        parts[next((text for text in chosen if text in texts), None)] += weight
    return entropy(parts.values())


def _thirds(attribute: str, weighted: Weighted) -> tuple[float, Asked | None]:
    numbers = sorted(
        (float(value), weight) for item, weight in weighted
        if isinstance(value := item.attributes.get(attribute), int | float)
        and not isinstance(value, bool)
    )  # fmt: skip
    total = sum(weight for _, weight in numbers)
    cuts = [_quantile(numbers, share * total) for share in (1 / 3, 2 / 3)]
    if not numbers or cuts[0] >= cuts[1] or numbers[-1][0] <= cuts[1]:
        return 0.0, None
    low, high = (f"{cut:g}" for cut in cuts)
    parts = [
        sum(weight for number, weight in numbers if number <= cuts[0]),
        sum(weight for number, weight in numbers if cuts[0] < number <= cuts[1]),
        sum(weight for number, weight in numbers if number > cuts[1]),
    ]
    above = (math.nextafter(cut, math.inf) for cut in cuts)
    after_low, after_high = above
    options = (f"≤ {low}", f"{low}–{high}", f"> {high}")
    at_most = [Constraint(attribute=attribute, operator="at most", value=cut) for cut in cuts]
    constraints = (
        (at_most[0],),
        (Constraint(attribute=attribute, operator="at least", value=after_low), at_most[1]),
        (Constraint(attribute=attribute, operator="at least", value=after_high),),
    )
    return entropy(parts), Asked(attribute=attribute, options=options, constraints=constraints)


def _quantile(numbers: Sequence[tuple[float, float]], mass: float) -> float:
    passed = 0.0
    for number, weight in numbers:
        passed += weight
        if passed >= mass:
            return number
    return numbers[-1][0] if numbers else 0.0


def _texts(item: Item, attribute: str) -> tuple[str, ...]:
    value = item.attributes.get(attribute, ())
    if isinstance(value, str):
        return (value,) if value else ()
    return value if isinstance(value, tuple) else ()

"""The one question that helps most: whose answer is least known, over what may be recommended."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from recagent.chat.conversation import Asked, Offer, Wants, renewed
from recagent.chat.remarks import values_of
from recagent.chat.vocabulary import Vocabulary
from recagent.domain import Constraint, Item

OPTIONS = 4
_FEWEST = 2
_LEAST = 1.0  # bits; a question that is nearly answered is not worth a turn
_ITEMS = 1000  # of the most liked that are looked at
_RARE = 0.04  # of the weight; a value below it makes no option

Weighted = Sequence[tuple[Item, float]]
Options = dict[str, tuple[Constraint, ...]]  # what each option comes to, as it is shown


def best_question(
    items: Iterable[Item],
    *,
    likes: Mapping[str, int],
    vocabulary: Vocabulary,
    wants: Wants,
    not_about: AbstractSet[str] = frozenset(),
) -> Asked | None:
    """The question on one attribute whose answer has the most entropy; None if none is worth it.

    Args:
        items: that may be recommended.
        likes: how many people like each, by id; what many like counts more.
        vocabulary: of the scene.
        wants: in force, to which an answer adds; what they are on is not asked.
        not_about: attributes that are not asked about either.
    """
    settled = {each.attribute for each in (*wants.constraints, *wants.preferences)} | not_about
    liked_first = sorted(items, key=lambda item: -likes.get(item.id, 0))[:_ITEMS]
    weighted = [(item, 1.0 + likes.get(item.id, 0)) for item in liked_first]
    best: Asked | None = None
    most = _LEAST
    for attribute in vocabulary.attributes:
        if attribute in settled or not weighted:
            continue
        if vocabulary.is_number(attribute):
            bits, options = _thirds(attribute, weighted)
        else:
            bits, options = _values(attribute, weighted)
        if bits > most and options:
            best, most = _asked(attribute, options, wants), bits
    return best


def entropy(weights: Iterable[float]) -> float:
    """Bits of a distribution in proportion to these weights; 0 for none."""
    kept = [weight for weight in weights if weight > 0]
    total = sum(kept)
    return -sum(weight / total * math.log2(weight / total) for weight in kept) if kept else 0.0


def _asked(attribute: str, options: Options, wants: Wants) -> Asked:
    offers = [
        Offer(
            wants=renewed(
                wants, constraints=tuple(replace(each, words=option) for each in constraints)
            )
        )
        for option, constraints in options.items()
    ]
    return Asked(about=attribute, options=tuple(options), offers=tuple(offers))


def _values(attribute: str, weighted: Weighted) -> tuple[float, Options]:
    """Up to four values, chosen one after the other so that they split what is left best."""
    total = sum(weight for _, weight in weighted)
    own = [(values_of(item, attribute), weight) for item, weight in weighted]
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
        return 0.0, {}
    chosen.sort(key=lambda text: -shares[text])
    options = {
        text: (Constraint(attribute=attribute, operator="is", value=text),) for text in chosen
    }
    return _split(chosen, own), options


def _split(chosen: Sequence[str], own: Sequence[tuple[tuple[str, ...], float]]) -> float:
    """Entropy of the answers: each item is under the first option that it has, or under none."""
    parts = dict.fromkeys([*chosen, None], 0.0)
    for texts, weight in own:
        parts[next((text for text in chosen if text in texts), None)] += weight
    return entropy(parts.values())


def _thirds(attribute: str, weighted: Weighted) -> tuple[float, Options]:
    numbers = sorted(
        (float(value), weight) for item, weight in weighted
        if isinstance(value := item.attributes.get(attribute), int | float)
        and not isinstance(value, bool)
    )  # fmt: skip
    total = sum(weight for _, weight in numbers)
    cuts = [_quantile(numbers, share * total) for share in (1 / 3, 2 / 3)]
    if not numbers or cuts[0] >= cuts[1] or numbers[-1][0] <= cuts[1]:
        return 0.0, {}
    low, high = (f"{cut:g}" for cut in cuts)
    parts = [
        sum(weight for number, weight in numbers if number <= cuts[0]),
        sum(weight for number, weight in numbers if cuts[0] < number <= cuts[1]),
        sum(weight for number, weight in numbers if number > cuts[1]),
    ]
    above = (math.nextafter(cut, math.inf) for cut in cuts)
    after_low, after_high = above
    at_most = [Constraint(attribute=attribute, operator="at most", value=cut) for cut in cuts]
    at_least = [
        Constraint(attribute=attribute, operator="at least", value=value)
        for value in (after_low, after_high)
    ]
    options: Options = {
        f"≤ {low}": (at_most[0],),
        f"{low}–{high}": (at_least[0], at_most[1]),
        f"> {high}": (at_least[1],),
    }
    return entropy(parts), options


def _quantile(numbers: Sequence[tuple[float, float]], mass: float) -> float:
    passed = 0.0
    for number, weight in numbers:
        passed += weight
        if passed >= mass:
            return number
    return numbers[-1][0] if numbers else 0.0

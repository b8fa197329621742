"""What to take back when nothing keeps to all constraints; nothing is ever relaxed unasked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from recagent.domain import Constraint, Item
from recagent.scenes.constraints import satisfies

MOST = 3  # that are offered


def relaxations(
    items: Iterable[Item], constraints: Sequence[Constraint]
) -> list[tuple[Constraint, int]]:
    """The constraints that, taken back alone, leave items, and how many; the most helpful first.

    Constraints that were said in the same words (a decade's two ends) are taken back together.
    """
    groups: dict[str, list[Constraint]] = {}
    for at, each in enumerate(constraints):
        groups.setdefault(each.words or f"#{at}", []).append(each)
    left: Counter[str] = Counter()
    for item in items:
        broken = {words for words, group in groups.items()
                  if not all(satisfies(item, each) for each in group)}  # fmt: skip
        if len(broken) == 1:
            left[broken.pop()] += 1
    return [(groups[words][0], count) for words, count in left.most_common(MOST)]

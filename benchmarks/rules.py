"""What a scene's rules cost a request: milliseconds to say which of n items must not come.

    uv run python benchmarks/rules.py          # 10,000 items, a few seconds
    uv run python benchmarks/rules.py --full   # and 100,000

The items are drawn and mean nothing: the cost is that of reading their attributes. "once" is paid
by the first request after a change of the catalogue: a constraint is looked up, and the items are
grouped. "none" is the baseline. The last line is one JSON object: per number of items and rule the
median, n runs, and its 95% interval (order statistics: other work on the machine adds outliers).

Its figures stand in docs/research/performance.md.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

from command import command

from recagent.domain import (
    AgeRule,
    Constraint,
    Context,
    DistanceRule,
    FreshRule,
    Item,
    PersonRule,
    Profile,
    Rule,
    Scene,
    User,
)
from recagent.scenes.rules import SceneCatalogue, rule_exclusions

RUNS = 40
BESIDE = 7  # order statistics 14 and 27 of 40 hold the median in 96 % of samples
CONSTRAINT = Constraint(attribute="stock", operator="at least", value=1)
RULES: dict[str, tuple[Rule, ...]] = {
    "none": (),
    "age": (AgeRule(age="rated"),),
    "within_km": (DistanceRule(within_km=20),),
    "fresh_days": (FreshRule(fresh_days=20),),
    "person": (PersonRule(attribute="topic", operator="is not", person="muted"),),
}
PROFILE = Profile(
    user=User(id="ann", attributes={"age": 12, "muted": ("t1", "t2")}),
    events=(), liked={}, taste={}, declared=None, items={},
)  # fmt: skip


def drawn(count: int) -> dict[str, Item]:
    """So many items with a value of every attribute that the rules read."""
    draw = random.Random(1)
    return {
        str(number): Item(
            id=str(number),
            scene="s",
            title="",
            attributes={
                "stock": float(draw.randrange(5)),
                "rated": draw.randrange(19),
                "topic": f"t{draw.randrange(20)}",
                "latitude": 41 + draw.random(),
                "longitude": -8 - draw.random(),
                "published": f"2026-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}",
            },
        )
        for number in range(count)
    }


def timed(call: Callable[[], object]) -> dict[str, float]:
    """Milliseconds of ``RUNS`` calls after a first one."""
    call()
    took: list[float] = []
    for _ in range(RUNS):
        began = time.perf_counter()
        call()
        took.append(1000 * (time.perf_counter() - began))
    took.sort()
    low, high = took[RUNS // 2 - BESIDE], took[RUNS // 2 - 1 + BESIDE]
    median = (took[RUNS // 2 - 1] + took[RUNS // 2]) / 2
    return {"median": round(median, 2), "n": RUNS, "low": round(low, 2), "high": round(high, 2)}


def measured(count: int) -> dict[str, dict[str, float]]:
    """Of every rule, on so many items."""
    items, context = drawn(count), Context(place="41.5,-8.5")

    def asked(catalogue: SceneCatalogue, rules: tuple[Rule, ...]) -> object:
        scene = Scene(name="s", rules=rules)
        return rule_exclusions(catalogue, scene=scene, profile=PROFILE, context=context)

    every = (CONSTRAINT, *(rule for rules in RULES.values() for rule in rules))
    found = {"once": timed(lambda: asked(SceneCatalogue(items, every), every))}
    for name, rules in RULES.items():
        catalogue = SceneCatalogue(items, rules)
        found[name] = timed(lambda catalogue=catalogue, rules=rules: asked(catalogue, rules))
    return found


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    parser.add_argument("--quick", action="store_true", help="the default: 10,000 items")
    parser.add_argument("--full", action="store_true", help="100,000 items too")
    options = parser.parse_args()
    sizes = [500] if options.smoke else [10_000, 100_000] if options.full else [10_000]
    results = {count: measured(count) for count in sizes}
    for count, found in results.items():
        for name, took in found.items():
            print(
                f"{count:>7,} items  {name:<10}  {took['median']:8.2f} ms  "
                f"[{took['low']:.2f}, {took['high']:.2f}]"
            )
    print(json.dumps(results))


if __name__ == "__main__":
    main()

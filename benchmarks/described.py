"""Whether a list has what is asked for where only a model's descriptions of the films tell it.

    uv run python benchmarks/described.py            # half a minute

The wishes are those of tests/described.toml that prefer something and of which a shelf has at least
five films; four people of the demo ask each. Counted are those of the first five films that keep to
all of it.

Its figures stand in docs/guide/describe.md.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import anyio
from command import command

from recagent import bootstrap
from recagent.cli.progress import prepared_demo
from recagent.config.settings import Settings
from recagent.domain import Constraint, Context, Item
from recagent.domain.attribute_labels import with_catalogue_names
from recagent.pipeline import Pipeline
from recagent.scenes.constraints import satisfies

WISHES = Path(__file__).parents[1] / "tests" / "described.toml"
PEOPLE = ("u0102", "u0066", "u0074", "newcomer")


def preferences(wish: dict[str, Any]) -> tuple[Constraint, ...]:
    """What a conversation makes of a wish."""
    return tuple(
        Constraint(attribute=name, operator=operator, value=tuple(v) if isinstance(v, list) else v)
        for name, operator, v in wish["ask"]
    )


async def measure(settings: Settings, people: tuple[str, ...]) -> dict[str, int]:
    """Prints each wish, how many films of its shelf have it, and of each person's first five."""
    parts = bootstrap.parts(settings)
    pipeline = Pipeline(parts, bootstrap.options(settings))
    kept = places = 0
    for wish in tomllib.loads(WISHES.read_text(encoding="utf-8"))["wishes"]:
        if "prefer" not in wish:
            continue
        asked = preferences(wish)
        named = [with_catalogue_names(each, parts.labels) for each in asked]

        def keeps(item: Item, named: list[Constraint] = named) -> bool:
            return all(satisfies(item, each, by_model=item.model_attributes) for each in named)

        shelf = await parts.index.items(wish["scene"])
        have, found = sum(map(keeps, shelf.values())), list[int]()
        for person in people:
            slate = await pipeline.recommend(
                person, scene=wish["scene"], context=Context(preferences=asked), k=5
            )
            found.append(sum(keeps(entry.item) for entry in slate.entries))
        print(f"{wish['say']}: {have} of the shelf; {found}")
        if have >= 5:
            kept, places = kept + sum(found), places + 5 * len(people)
    await pipeline.close()
    return {"kept": kept, "places": places}


def main() -> None:
    """Measure and print."""
    options = command(__doc__).parse_args()
    people = PEOPLE[:1] if options.smoke else PEOPLE
    print(json.dumps(anyio.run(measure, prepared_demo(model={"kind": "none"}), people)))


if __name__ == "__main__":
    main()

"""Which scene a person's next event is in, told from what came before: bundled film ratings.

    uv run python benchmarks/scene_identification.py            # some 20 s
    uv run python benchmarks/scene_identification.py --full     # tries more forests and penalties

A moment is an event: its time is known, what the person did before is known, the scene is asked.
What is learned comes from the older four fifths of the newest 50,000 events, of everybody. Of the
newest fifth, half of the people (by a hash of their id) are for choosing, the other half is only
reported. Accuracy: the likeliest scene is the right one; 95% intervals over people, differences
are to the majority's scene and to the last event's.

The ratings tell no device, no place and no wish. What a wish can do is shown with two stand-ins:
the title of the film that was rated next (weak), and its title, year and genres (strong).

Its figures stand in docs/research/scene-identification.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import anyio
import numpy as np
from command import command, few_people
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from recagent import bootstrap, demo
from recagent.domain import Event
from recagent.evaluation.data import load_data
from recagent.offline.data_set import Data
from recagent.offline.resampling import interval
from recagent.offline.splits import People, is_among
from recagent.scenes.classifier import WISH_WEIGHT, scene_text
from recagent.training.scene_classifier import (
    MOST,
    RIDGES,
    Moments,
    best_ridge,
    log_loss,
    make_moments,
    regression_of,
    scene_columns_of,
    split_newest,
)

Values = np.ndarray
FORESTS = ((50, 8, 20), (100, 10, 20), (100, 8, 100))  # trees, depth, moments in a leaf


@dataclass(frozen=True)
class Asked:
    """Moments of half of the people, and the items that were met in them."""

    moments: Moments
    events: list[Event]

    def row(self, name: str, said: Values, minus: Mapping[str, Values]) -> dict[str, float]:
        """Print accuracy and differences, and give them back."""
        right = (said == self.moments.scenes).astype(float)
        mean, low, high = interval(right, people=self.moments.people)
        line = f"{name:<42} {mean:.3f} [{low:.3f}, {high:.3f}]"
        found = {"accuracy": round(mean, 4)}
        for other, values in minus.items():
            gain, least, most = interval(
                right - (values == self.moments.scenes), people=self.moments.people
            )
            line += f"  {gain:+.3f} [{least:+.3f}, {most:+.3f}]"
            found |= {f"over_{other}": round(gain, 4), f"over_{other}_low95": round(least, 4)}
        print(line, flush=True)
        return found


def half(found: Moments, events: list[Event], people: People) -> Asked:
    """Those of one half of the people."""
    wanted = np.asarray([is_among(name, people) for name in found.people])
    kept = [event for event, chosen in zip(events, wanted, strict=True) if chosen]
    return Asked(found.subset(wanted), kept)


async def wished(data: Data, asked: Asked, said: Values, *, scenes: tuple[str, ...]) -> dict:
    """Accuracy with a wish: log probabilities and the weighted cosines with the scenes' words."""
    items = {item.id: item for item in data.items}
    met = sorted({event.item_id for event in asked.events})
    rows = [met.index(event.item_id) for event in asked.events]
    embedder = bootstrap.embedder(demo.settings())
    words = await embedder.embed([scene_text(data.scenes[name]) for name in scenes], role="passage")
    figures, plain = {}, said.argmax(axis=1)
    for name in ("title", "document"):
        texts = [items[key].title if name == "title" else items[key].document() for key in met]
        cosines = (await embedder.embed(texts, role="query") @ words.T)[rows]
        cosines -= cosines.mean(axis=1, keepdims=True)
        for weight in (0.5 * WISH_WEIGHT, WISH_WEIGHT, 1.5 * WISH_WEIGHT):
            best = (np.log(said) + weight * cosines).argmax(axis=1)
            found = asked.row(f"  wish: the {name}, weight {weight:g}", best, {"none": plain})
            if weight == WISH_WEIGHT:
                figures[f"wish_{name}"] = found["accuracy"]
    return figures


def compared(known: Moments, asked: Asked, *, ridge: float, full: bool) -> None:
    """The regression beside scikit-learn's forest and tree, on people for choosing."""
    print("\nfor choosing: accuracy, minus the regression's; log loss")
    chosen = regression_of(known, ridge=ridge)
    base = chosen.predict(asked.moments.rows)
    models = {"regression": chosen}
    if full:
        for other in (*RIDGES, 0.0003):
            models[f"regression, C {other:g}"] = regression_of(known, ridge=other)
    for trees, depth, leaf in FORESTS if full else FORESTS[:1]:
        forest = RandomForestClassifier(
            trees, max_depth=depth, min_samples_leaf=leaf, random_state=0
        )
        name = f"forest: {trees} trees, depth {depth}, leaf {leaf}"
        models[name] = forest.fit(known.rows, known.scenes)
    tree = DecisionTreeClassifier(max_depth=6, min_samples_leaf=100, random_state=0)
    models["tree: depth 6, leaf 100"] = tree.fit(known.rows, known.scenes)
    for name, model in models.items():
        asked.row(name, model.predict(asked.moments.rows), {"regression": base})
        print(f"{'':<42} {log_loss(model, asked.moments):.3f}")


async def main(*, full: bool, smoke: bool) -> None:
    """Print the tables, and the figures as one JSON object."""
    data = few_people(load_data("demo"), smoke=smoke)
    columns = scene_columns_of(data.events[-MOST:])
    found = make_moments(data.events, columns=columns)
    known, newest = split_newest(found)
    events = list(data.events[-len(newest.timestamps) :])
    choosing, test = half(newest, events, "validation"), half(newest, events, "test")
    ridge = best_ridge(known)
    compared(known, choosing, ridge=ridge, full=full)
    busiest = int(np.bincount(known.scenes).argmax())
    last, majority = test.moments.rules(busiest)
    minus = {"majority": majority, "last": last}
    n, people = len(test.moments.timestamps), len(set(test.moments.people))
    print(f"\nreported: {n} moments of {people} people, {len(columns.scenes)} scenes")
    test.row("majority's scene", majority, minus)
    test.row("last event's scene", last, minus)
    model = regression_of(known, ridge=ridge)
    figures = test.row("identified", model.predict(test.moments.rows), minus)
    print("\nwith a wish (differences are to none)")
    said = model.predict_proba(test.moments.rows)
    figures |= await wished(data, test, said, scenes=columns.scenes)
    share = {
        "majority": round(float((majority == test.moments.scenes).mean()), 4),
        "last": round(float((last == test.moments.scenes).mean()), 4),
    }
    print(json.dumps({"benchmark": "scene_identification", "n": n, "people": people, **share,
                      **figures}))  # fmt: skip


if __name__ == "__main__":
    parser = command(__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="the default")
    size.add_argument("--full", action="store_true")
    options = parser.parse_args()
    anyio.run(lambda: main(full=options.full, smoke=options.smoke))

"""Sentences a model might write as reasons: how many true ones may be shown, and how many false.

    uv run python benchmarks/reason_sentences.py          # kept/reason_sentences.toml
    uv run python benchmarks/reason_sentences.py --show   # also those that go the wrong way

Written from what ``benchmarks/reasons.py`` shows a model, by somebody who had not seen the check: a
plain voice, on which the check was mended, and a terse and chatty one, on which it was only tried.
The last line is one JSON object. Its figures stand in docs/research/explanations.md.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from command import command

from recagent.domain import Claim, Evidence, Item, Scene
from recagent.explanations import checked_claim

KEPT = Path(__file__).parent / "kept" / "reason_sentences.toml"


def _item(key: str, table: Mapping[str, Any]) -> Item:
    attributes = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in table["attributes"].items()
    }
    return Item(
        id=key, scene="here", title=table["title"], text=table["text"], attributes=attributes
    )


def _evidence(table: Mapping[str, Any]) -> Evidence:
    return Evidence(
        id=table["id"], kind=table["kind"], refs=tuple(table["refs"]), facts=table["facts"]
    )


def shown(sentence: Mapping[str, Any], situation: Mapping[str, Any]) -> Claim | None:
    """What of a sentence may be shown, by the item and the evidence that it was written from."""
    key = sentence["on"].split("/")[1]
    of_item = situation["items"][key]
    evidence = [_evidence(each) for each in (*of_item["evidence"], *situation["person"])]
    return checked_claim(
        Claim(text=sentence["text"], evidence=tuple(sentence["cites"])),
        evidence,
        items=[_item(key, of_item)],
        known={each["id"]: _item(each["id"], each) for each in situation["known"]},
        scenes={"here": Scene(name="here")},
        lang=situation["lang"],
    )


def main() -> None:
    """Print how many sentences of each sort may be shown."""
    options = command(__doc__)
    options.add_argument("--show", action="store_true", help="print those that go the wrong way")
    options = options.parse_args()
    kept = tomllib.loads(KEPT.read_text(encoding="utf-8"))
    counts: Counter[str] = Counter()
    for sentence in kept["sentences"]:
        situation = kept["situations"][sentence["on"].split("/")[0]]
        claim = shown(sentence, situation)
        sort = f"{'true' if sentence['supported'] else 'false'}_{situation['lang']}"
        name = f"{sort}_{sentence['voice']}"
        counts[name] += 1
        counts[f"{name}_shown"] += claim is not None
        if options.show and (claim is not None) != sentence["supported"]:
            print(name, sentence["on"], sentence["text"])
    print(json.dumps(dict(sorted(counts.items()))))


if __name__ == "__main__":
    main()

"""Sentences a model might write as reasons: how many true ones may be shown, and how many false.

    uv run python benchmarks/reason_sentences.py          # kept/reason_sentences.toml
    uv run python benchmarks/reason_sentences.py --show   # also those that go the wrong way

Written from what ``benchmarks/reasons.py`` shows a model, by somebody who had not seen the check: a
plain voice, on which the check was mended, and a terse and chatty one, on which it was only tried.
The last line is one JSON object. Its figures stand in docs/research/explanations.md.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recagent.domain import Claim, Evidence, Item, Scene
from recagent.explanations import checked_claim
from recagent.explanations.segments import QUOTED

KEPT = Path(__file__).parent / "kept" / "reason_sentences.toml"
COMPARED = KEPT.with_name("reason_comparisons.toml")


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


def shown(
    sentence: Mapping[str, Any], situation: Mapping[str, Any], *, compares: bool = False
) -> Claim | None:
    """What of a sentence may be shown, by the item and the evidence that it was written from.

    Args:
        sentence: with what it is ``on``; ``*`` for all items.
        situation: with items and evidence.
        compares: whether the items of the situation were candidates together.
    """
    key = sentence["on"].split("/")[1]
    every = {each: _item(each, table) for each, table in situation["items"].items()}
    own = [] if key == "*" else situation["items"][key]["evidence"]
    return checked_claim(
        Claim(text=sentence["text"], evidence=tuple(sentence["cites"])),
        [_evidence(each) for each in (*own, *situation["person"])],
        items=list(every.values()) if key == "*" else [every[key]],
        known={each["id"]: _item(each["id"], each) for each in situation["known"]},
        scenes={"here": Scene(name="here", works=situation["works"])},
        lang=situation["lang"],
        candidates=list(every.values()) if compares else (),
    )


def forged(
    text: str, situation: Mapping[str, Any], of_item: Mapping[str, Any], forging: Mapping[str, Any]
) -> list[str]:
    """A true sentence made false in a few ways: each of these has to be refused."""
    lang = situation["lang"]
    plain = re.sub(QUOTED, lambda match: " " * len(match[0]), text)
    made = [
        f"{text[: match.start()]}{int(match[0]) + 1}{text[match.end() :]}"
        for match in re.finditer(r"(?<![\d.,/])\d+", plain)
    ]
    for match in re.finditer(QUOTED, text):
        others = [each["title"] for each in situation["known"] if each["title"] not in match[0]]
        made += [f"{text[: match.start() + 1]}{title}{text[match.end() - 1 :]}" for title in others]
    column = ("en", "zh").index(lang)
    kinds, own = forging["kinds"], str(of_item["attributes"])
    strange = [each[column] for each in kinds if each[0] not in own][:4]
    for kind in (each[column] for each in kinds):
        if kind.lower() in plain.lower():
            made += [re.sub(kind, other, text, flags=re.IGNORECASE) for other in strange]
    body = text.strip("。.")
    body_inside = body[0].lower() + body[1:]
    return made + [form.format(body, body_inside) for form in forging[lang]]


def counted(kept: Mapping[str, Any], wrong: list[str]) -> Counter[str]:
    """How many sentences of each sort there are and may be shown; those that go wrong are added."""
    counts: Counter[str] = Counter({"forged": 0, "forged_shown": 0})
    for sentence in kept["sentences"]:
        name, key = sentence["on"].split("/")
        situation = kept["situations"][name]
        sort = f"{'true' if sentence['supported'] else 'false'}_{situation['lang']}"
        sort = f"{sort}_{sentence['voice']}"
        claim = shown(sentence, situation)
        counts[sort] += 1
        counts[f"{sort}_shown"] += claim is not None
        if (claim is not None) != sentence["supported"]:
            wrong.append(f"{sort} {sentence['text']}")
        if claim is None:
            continue
        for text in forged(sentence["text"], situation, situation["items"][key], kept["forging"]):
            counts["forged"] += 1
            if shown({**sentence, "text": text}, situation) is not None:
                counts["forged_shown"] += 1
                wrong.append(f"forged {text}")
    return counts


def compared(
    kept: Mapping[str, Any], comparisons: Mapping[str, Any], wrong: list[str]
) -> Counter[str]:
    """How many comparisons there are, true and false, and how many of each may be shown."""
    counts: Counter[str] = Counter()

    def count(sort: str, sentence: Mapping[str, Any], *, holds: bool) -> None:
        situation = kept["situations"][sentence["on"].split("/")[0]]
        is_shown = shown(sentence, situation, compares=True) is not None
        sort = f"{sort}_{'true' if holds else 'false'}_{situation['lang']}"
        counts[sort] += 1
        counts[f"{sort}_shown"] += is_shown
        if is_shown != holds:
            wrong.append(f"{sort} {sentence['text']}")

    for sentence in comparisons["sentences"]:
        count(sentence.get("kind", "compared"), sentence, holds=sentence["supported"])
    for name, situation in kept["situations"].items():
        for sentence, holds in _of_list(name, situation, comparisons["lists"]):
            count("list_made", sentence, holds=holds)
    for sentence in kept["sentences"]:
        name, key = sentence["on"].split("/")
        situation = kept["situations"][name]
        items = situation["items"]
        if not sentence["supported"] or len(items) == 1 or shown(sentence, situation) is None:
            continue
        others = [each["attributes"] for other, each in items.items() if other != key]
        for form in comparisons["added"][situation["lang"]]:
            for text, holds in _added(sentence["text"], form, items[key]["attributes"], others):
                count("added", {**sentence, "text": text}, holds=holds)
    return counts


def _of_list(
    name: str, situation: Mapping[str, Any], forms: Mapping[str, Any]
) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Sentences on a list of every kind and number, and whether they hold."""
    items = [each["attributes"] for each in situation["items"].values()]
    piece = next(each for each in situation["person"] if each["kind"] == "history")
    counts = {"en": ["One", "Two", "Three", "Four", "Five"], "zh": "一两三四五"}[situation["lang"]]
    for kind in sorted({each for item in items for each in _kinds(item)}):
        of_kind = sum(kind in _kinds(item) for item in items)
        for form in forms[situation["lang"]] if len(items) > 1 else ():
            least = form.get("least")
            enough = len(items) if least == "all" else len(items) // 2 + 1
            for number, count in enumerate(counts, start=1):
                if number == 1 or least is None:
                    text = form["form"].format(
                        kind=kind, count=count, title=piece["facts"]["title"]
                    )
                    sentence = {"on": f"{name}/*", "text": text, "cites": [piece["id"]]}
                    yield sentence, of_kind >= enough if least else of_kind == number


def _added(
    text: str,
    form: Mapping[str, Any],
    own: Mapping[str, Any],
    others: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[str, bool]]:
    """A sentence with a comparison behind it, and whether that holds."""
    body = text.strip("。.")
    if "only" in form:
        for kind in sorted({each for item in (own, *others) for each in _kinds(item)}):
            holds = kind in _kinds(own) and not any(kind in _kinds(other) for other in others)
            yield form["form"].format(body, kind=kind), holds
        return
    side = "least" if "least" in form else "most"
    sign = -1 if side == "least" else 1
    name = next((each for each in form[side] if each in own), form[side][0])
    told = [sign * each[name] if each.get(name) else None for each in (own, *others)]
    mine, *theirs = told
    holds = mine is not None and all(each is not None and mine > each for each in theirs)
    yield form["form"].format(body), holds


def _kinds(attributes: Mapping[str, Any]) -> set[str]:
    listed = [value for value in attributes.values() if isinstance(value, list)]
    return {each for value in listed for each in value}


def main() -> None:
    """Print how many sentences of each sort may be shown."""
    from command import command  # noqa: PLC0415 - tests have a module of this name

    options = command(__doc__)
    options.add_argument("--show", action="store_true", help="print those that go the wrong way")
    is_shown, wrong = options.parse_args().show, list[str]()
    kept, comparisons = (
        tomllib.loads(path.read_text(encoding="utf-8")) for path in (KEPT, COMPARED)
    )
    counts = counted(kept, wrong) + compared(kept, comparisons, wrong)
    print("\n".join(wrong if is_shown else []))
    print(json.dumps(dict(sorted(counts.items()))))


if __name__ == "__main__":
    main()

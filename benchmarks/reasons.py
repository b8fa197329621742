"""Reasons that a large model writes in its ranking's reply: how many may be shown, and which.

    uv run python benchmarks/reasons.py                   # tests/reasons.toml, by the kept replies
    uv run python benchmarks/reasons.py --show            # also the lists, sentences and refusals
    uv run python benchmarks/reasons.py --requests FILE   # the questions without a kept reply

Twenty requests over six catalogues, half of them Chinese, written before the prompt. The replies
are of a large hosted model, one run. The milliseconds are of gathering evidence for the candidates
before the model is asked. The last line is one JSON object.

Its figures stand in docs/research/explanations.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import anyio
from command import command

from recagent import Context, bootstrap, demo, templates
from recagent.config.service_sections import UNMEASURED_WEIGHT
from recagent.config.settings import Settings, load
from recagent.domain import Claim, EventKind, Item, Language, Scene, Slate, User
from recagent.explanations import checked_claim
from recagent.ingest.loading import load_catalogue
from recagent.llm.batch_files import BatchModel, read_replies, write_requests
from recagent.pipeline import Pipeline
from recagent.pipeline.services import Services
from recagent.ports import LanguageScores, Query, Ranker, ReasonsRequest

REQUESTS = Path(__file__).parent.parent / "tests" / "reasons.toml"
KEPT = Path(__file__).parent / "kept" / "reasons_large.jsonl"
K = 5
_AT = {"films": "2013-07-15", "": "2026-06-01"}  # when the requests are made


@dataclass
class Overheard:
    """A ranker that remembers what it was asked and what the model wrote."""

    ranker: Ranker
    lang: Language
    asked: ReasonsRequest | None = None
    scores: LanguageScores | None = None

    async def start(self) -> None:
        await self.ranker.start()

    async def __call__(self, query: Query, *, candidates: Sequence[Any]) -> LanguageScores:
        self.asked, self.scores = query.reasons, None
        self.scores = await self.ranker(query, candidates=candidates)
        return self.scores


@dataclass
class Asking:
    """What is asked, and what came of it: reasons shown and written, and sentences, by language."""

    model: BatchModel
    is_shown: bool
    counts: dict[str, list[tuple[int, int, bool]]] = field(
        default_factory=lambda: {"en": [], "zh": []}
    )
    seconds: list[float] = field(default_factory=list)


async def opened(name: str, lang: str, folder: Path) -> Settings:
    """Returns the settings of a catalogue that is loaded into a folder."""
    if name == "films":
        settings = demo.settings(lang=lang).model_copy(update={"data_dir": folder / name / lang})
    else:
        place = folder / lang / name
        templates.copy(name, to=place)
        settings = load(place / "recagent.toml", lang=lang)
    await load_catalogue(settings, on_progress=lambda *_: None)
    return settings


async def asked(pipeline: Pipeline, person: str, request: Mapping[str, Any]) -> Slate:
    """Records what the person did, and returns their list."""
    name, scene = request["on"].split("/")
    user = User(id=person, tags=tuple(request.get("tags", ())), about=request.get("about", ""))
    await pipeline.parts.store.add_users([user])
    for did in request["did"]:
        item, kind, day = did.split()
        rated = kind.isdigit()
        told: EventKind = "rating" if rated else kind
        value = float(kind) if rated else None
        at = datetime.fromisoformat(f"{day}T20:00:00+00:00")
        await pipeline.record(person, item, kind=told, value=value, at=at)
    at = datetime.fromisoformat(_AT.get(name, _AT[""])).replace(tzinfo=UTC)
    place = "41.146,-8.614" if name == "travel" and request["lang"] == "en" else ""
    place = "38.713,-9.133" if name == "travel" and not place else place
    context = Context(wish=request.get("wish", ""), at=at, place=place)
    return await pipeline.recommend(person, scene=scene, k=K, context=context, with_reasons=True)


async def checked(
    pipeline: Pipeline, slate: Slate, ranker: Overheard, scenes: Mapping[str, Scene]
) -> dict[str, tuple[Claim, Claim | None]]:
    """What the model wrote of each item, on the list or not, and what of it may be shown."""
    scores, asked = ranker.scores, ranker.asked
    if scores is None or asked is None:
        return {}
    profile, index = await pipeline.profile(slate.user_id), pipeline.parts.index
    items = await index.items(slate.scene.name)
    return {
        key: (
            written,
            checked_claim(
                written, [*asked.evidence[key], *asked.person], items=[items[key]],
                known=profile.items, scenes=scenes, lang=slate.scene.language or ranker.lang,
                candidates=[items[each] for each in asked.evidence],
            ),
        )
        for key, written in scores.reasons.items()
    }  # fmt: skip


def told(slate: Slate, scores: LanguageScores, of_items: Mapping[str, Any]) -> str:
    """The sentence and the reasons; what is refused after an exclamation mark."""
    titles = {entry.item.id: entry.item.title for entry in slate.entries}
    lines = [f"  {slate.sentence or f'! {scores.sentence}'}"]
    for key, (written, claim) in of_items.items():
        text = f"{claim.text} {list(claim.evidence)}" if claim else f"! {written.text}"
        lines.append(f"    {titles.get(key, f'({key})')}: {text}")
    return "\n".join(lines)


class Timed(Services):
    """The services of a pipeline, with the seconds that evidence for a pool takes."""

    seconds: list[float]

    async def reasons_request(
        self, items: Sequence[Item], query: Query, *, k: int
    ) -> ReasonsRequest:
        began = time.perf_counter()
        request = await super().reasons_request(items, query, k=k)
        self.seconds.append(time.perf_counter() - began)
        return request


async def answered(
    name: str, lang: Language, table: Sequence[Mapping[str, Any]], asking: Asking, folder: Path
) -> None:
    """Asks for the lists of one catalogue in one language."""
    settings = await opened(name, lang, folder)
    parts = bootstrap.with_batch(bootstrap.parts(settings), settings, asking.model)
    ranker = Overheard(cast("Ranker", parts.ranker), settings.lang)
    numbers = replace(bootstrap.options(settings), language_weight=UNMEASURED_WEIGHT, reasons=True)
    pipeline = Pipeline(replace(parts, ranker=ranker, proposer=None), numbers)
    services = Timed(pipeline.parts, numbers)
    services.seconds = asking.seconds
    pipeline._services = services  # noqa: SLF001 - to time a step
    for at, request in enumerate(table):
        if (request["on"].split("/")[0], request["lang"]) != (name, lang):
            continue
        slate = await asked(pipeline, f"stranger {at}", request)
        if ranker.scores is None:
            continue
        of_items = await checked(pipeline, slate, ranker, await services.scenes())
        shown = sum(claim is not None for _, claim in of_items.values())
        asking.counts[lang].append((shown, len(of_items), bool(slate.sentence)))
        if asking.is_shown:
            print(f"{at} {request['on']} {request.get('wish', '')}")
            print(told(slate, ranker.scores, of_items))
    await pipeline.close()


async def main(folder: Path, options: argparse.Namespace) -> None:
    """Ask for the lists, and print how many of the reasons may be shown."""
    table = tomllib.loads(REQUESTS.read_text(encoding="utf-8"))["requests"]
    table = [each for each in table if each["on"].startswith("shop/")] if options.smoke else table
    model = BatchModel("large", read_replies([KEPT] if KEPT.is_file() else []))
    asking = Asking(model=model, is_shown=options.show)
    for name, lang in sorted({(each["on"].split("/")[0], each["lang"]) for each in table}):
        await answered(name, lang, table, asking, folder)
    if options.requests:
        write_requests(options.requests, model.requests)
    figures: dict[str, float] = {"requests": len(table), "unanswered": len(model.requests)}
    for lang, rows in asking.counts.items():
        if rows:
            shown, written, sentences = (sum(each) for each in zip(*rows, strict=True))
            figures |= {
                f"reasons_{lang}": written,
                f"shown_{lang}": round(shown / max(written, 1), 3),
                f"sentences_shown_{lang}": round(sentences / len(rows), 3),
            }
    if asking.seconds:
        figures["evidence_ms_median"] = round(1000 * statistics.median(asking.seconds), 1)
    print(json.dumps(figures))


def run() -> None:
    """Read the command line and do the work."""
    options = command(__doc__)
    options.add_argument("--show", action="store_true", help="print the lists")
    options.add_argument("--requests", type=Path, help="write unanswered questions here")
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(main, Path(folder), options.parse_args())


if __name__ == "__main__":
    run()

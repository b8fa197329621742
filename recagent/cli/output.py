"""Slates, explanations and events as tables for people and as JSON for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from recagent.domain import (
    UNTIMED,
    Answer,
    Claim,
    Event,
    Evidence,
    Explanation,
    Language,
    Profile,
    Slate,
    Trace,
)
from recagent.explanations import wish_note
from recagent.locale import Phrases
from recagent.prompts import caption, one_line

WORDS = Phrases[str]("cli", "output")


def console() -> Console:
    """Standard output; as wide as the terminal, 100 columns where there is none."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=100)


def print_json(value: object) -> None:
    """One JSON object, indented, with plain UTF-8."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def slate_table(slate: Slate, reasons: Sequence[Explanation], *, lang: Language) -> None:
    """A slate as a table with a line about its making below it."""
    words = WORDS[lang]
    title = slate.scene.label(lang)
    about = [words[slate.trace.cold or "warm"], words.get(slate.trace.scene_from, "")]
    if any(about):
        title += f" ({', '.join(filter(None, about))})"
    out = console()
    if not slate.entries:
        out.print(f"{title}\n{slate.empty}", markup=False, highlight=False)
        out.print(_trace_line(slate.trace, lang), style="dim", markup=False, highlight=False)
        return
    mixed = len({entry.item.task for entry in slate.entries}) > 1
    table = Table(title=Text(one_line(title, 120), style="bold"), title_justify="left")
    table.add_column("#", justify="right")
    table.add_column(words["item"], overflow="fold", max_width=32)
    with_likes = any(entry.like is not None for entry in slate.entries)
    if with_likes:
        table.add_column(words["like"], justify="right")
    table.add_column(words["why"], overflow="fold")
    for entry, why in zip(slate.entries, reasons, strict=True):
        said = "\n".join(claim.text for claim in why.claims) or words["none"]
        named = [one_line(entry.item.id)] if entry.item.id != entry.item.title else []
        below = " · ".join([*named, *([words["task " + entry.item.task]] if mixed else [])])
        name = Text.assemble(caption(entry.item), ("\n" + below if below else "", "dim"))
        like = "" if entry.like is None else f"{entry.like:.0%}"
        table.add_row(str(entry.rank), name, *([Text(like)] if with_likes else []), Text(said))
    print_notice(wish_note(slate, lang=lang), lang=lang)
    out.print(table)
    print_notice(reasons[0].notice, lang=lang, review=slate.trace.review)
    out.print(_trace_line(slate.trace, lang), style="dim", markup=False, highlight=False)
    if slate.trace.degraded:
        print_degraded(slate.trace.degraded, lang=lang)


def explanation(why: Explanation, *, lang: Language) -> None:
    """An explanation: its sentences, each with the ids of its evidence, then the evidence."""
    out = console()
    out.print(caption(why.item), style="bold", markup=False, highlight=False)
    if not why.claims:
        out.print(WORDS[lang]["none"], markup=False)
    for claim in why.claims:
        out.print(f"  {claim.text}  [{', '.join(claim.evidence)}]", markup=False, highlight=False)
    for piece in why.evidence:
        refs = ", ".join(map(one_line, piece.refs))
        out.print(f"  {piece.id}: {piece.kind}: {refs}", style="dim", markup=False, highlight=False)
    if why.phrased_by or why.replaced:
        model = why.phrased_by or WORDS[lang]["nobody"]
        line = WORDS[lang]["phrased"].format(model=model, replaced=why.replaced)
        out.print(f"  {line}", style="dim", markup=False, highlight=False)
    print_notice(why.notice, lang=lang)
    if why.degraded:
        print_degraded(why.degraded, lang=lang)


def events(profile: Profile, *, limit: int, lang: Language, as_json: bool) -> None:
    """A person's newest events."""
    if as_json:
        print_json([_event_json(event) for event in profile.events[:limit]])
        return
    words = WORDS[lang]
    table = Table(*(words[name] for name in ("at", "in", "kind", "value", "item")))
    for event in profile.events[:limit]:
        item = profile.items.get(event.item_id)
        cells = (
            "" if event.at == UNTIMED else f"{event.at:%Y-%m-%d %H:%M}",
            one_line(event.scene),
            event.kind,
            "" if event.value is None else f"{event.value:g}",
            caption(item) if item else one_line(event.item_id),
        )
        table.add_row(*map(Text, cells))
    console().print(table)


def event_line(event: Event, *, lang: Language, as_json: bool) -> None:
    """One stored event."""
    if as_json:
        print_json(_event_json(event))
        return
    user, item, scene = map(one_line, (event.user_id, event.item_id, event.scene))
    typer.echo(WORDS[lang]["stored"].format(user=user, kind=event.kind, item=item, scene=scene))


def slate_json(
    slate: Slate, reasons: Sequence[Explanation], *, lang: Language = "en"
) -> dict[str, Any]:
    """``person``, ``scene``, ``slate`` and ``trace``, the shape that the README documents."""
    return {
        "person": slate.user_id,
        "scene": slate.scene.name,
        "slate": [
            {
                "rank": entry.rank,
                "item_id": entry.item.id,
                "title": entry.item.title,
                "task": entry.item.task,
                "probability": entry.probability,
                "like": entry.like,
                "reasons": explanation_json(why)["reasons"],
            }
            for entry, why in zip(slate.entries, reasons, strict=True)
        ],
        "wish_note": wish_note(slate, lang=lang),
        "notice": reasons[0].notice if reasons else "",
        "empty": slate.empty,
        "trace": trace_json(slate.trace),
    }


def explanation_json(why: Explanation) -> dict[str, Any]:
    """Sentences with the evidence that each rests on."""
    return {
        "item_id": why.item.id,
        "title": why.item.title,
        "reasons": reasons_json(why.claims, why.evidence),
        "phrased_by": why.phrased_by,
        "replaced": why.replaced,
        "degraded": why.degraded,
        "notice": why.notice,
    }


def answer_json(answer: Answer) -> dict[str, Any]:
    """Sentences with the evidence that each rests on, and the ranks."""
    return {
        "item_ids": [item.id for item in answer.items],
        "ranks": dict(answer.ranks),
        "among": answer.among,
        "reasons": reasons_json(answer.claims, answer.evidence),
        "notes": answer.notes,
        "degraded": answer.degraded,
        "notice": answer.notice,
    }


def reasons_json(claims: Sequence[Claim], evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Sentences, each with its evidence."""
    pieces = {piece.id: piece for piece in evidence}
    return [
        {
            "text": claim.text,
            "evidence": [
                {"kind": pieces[key].kind, "refs": pieces[key].refs, "facts": pieces[key].facts}
                for key in claim.evidence
            ],
        }
        for claim in claims
    ]


def trace_json(trace: Trace) -> dict[str, Any]:
    """The trace, with ``tokens`` as their sum."""
    return {**asdict(trace), "tokens": trace.usage.prompt + trace.usage.completion}


def print_notice(notice: str, *, lang: Language, review: bool = False) -> None:
    """What a scene wants to be shown, and whether a person must look at it first."""
    shown = [WORDS[lang]["review"] if review else "", one_line(notice, 400)]
    said = " ".join(filter(None, shown))
    if said:
        console().print(said, style="yellow", markup=False, highlight=False)


def print_degraded(reason: str, *, lang: Language) -> None:
    """What could not be done as asked, in red."""
    said = f"{WORDS[lang]['degraded']}: {one_line(reason, 400)}"
    console().print(said, style="bold red", markup=False, highlight=False)


def _event_json(event: Event) -> dict[str, Any]:
    return asdict(event)


def _trace_line(trace: Trace, lang: Language) -> str:
    words = WORDS[lang]
    parts = [words["proposed only" if trace.calls else "no model"]]
    if trace.model:
        parts = [
            trace.model,
            f"{words['mode']} {trace.mode}",
            str(trace.prompt),
            f"{trace.usage.prompt + trace.usage.completion} {words['tokens']}",
        ]
    if trace.gated:
        parts.append(words["gated" if trace.head or trace.unserved else "unfitted"])
    if trace.head:
        parts.append(f"{words['head']} {trace.head}")
    if trace.unserved:
        why = words[trace.unserved].format(group=words[f"group {trace.group}"])
        parts.append(words["without head"].format(why=why))
    if trace.moved:
        parts.append(words["moved"].format(n=trace.moved))
    parts += [f"{trace.seconds:.1f} {words['seconds']}", *trace.notes]
    return " · ".join(parts)

"""Printing for people and for machines: lists and explanations as tables and as JSON."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from recagent.domain import Answer, Claim, Evidence, Explanation, Language, Slate, Trace
from recagent.explanations import wish_note
from recagent.locale import Phrases
from recagent.prompts import caption, one_line

WORDS = Phrases[str]("cli", "output")


def console() -> Console:
    """Returns standard output, as wide as the terminal, or 100 columns where there is none."""
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=100)


@contextmanager
def waiting(doing: str = "") -> Generator[None]:
    """Shows on a terminal's stderr that work goes on, and which, until something is printed."""
    terminal = Console(stderr=True)
    with terminal.status(doing) if terminal.is_terminal else nullcontext():
        yield


def print_json(value: object) -> None:
    """Prints a value as indented JSON in plain UTF-8."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode())


def print_line(text: str, *, style: str = "", soft_wrap: bool = False) -> None:
    """Prints a text as it stands, without markup or highlighting."""
    console().print(text, style=style, soft_wrap=soft_wrap, markup=False, highlight=False)


def plain_table(words: Mapping[str, str], *, left: Iterable[str], right: Iterable[str]) -> Table:
    """Returns a table without lines; its headings are ``words`` of text, then of number columns."""
    table = Table(box=None, pad_edge=False)
    for name in left:
        table.add_column(words.get(name, name))
    for name in right:
        table.add_column(words.get(name, name), justify="right")
    return table


def slate_table(slate: Slate, reasons: Sequence[Explanation], *, lang: Language) -> None:
    """Prints a list as a table, and below it a line about how it was made."""
    words = WORDS[lang]
    title = slate.scene.label(lang)
    remarks = [words[slate.trace.cold or "warm"], words.get(slate.trace.scene_from, "")]
    if any(remarks):
        title += f" ({', '.join(filter(None, remarks))})"
    if not slate.entries:
        print_line(f"{title}\n{slate.empty}")
        print_line(_trace_line(slate.trace, lang), style="dim")
        return
    is_mixed = len({entry.item.task for entry in slate.entries}) > 1
    has_likes = any(entry.like is not None for entry in slate.entries)
    table = Table(title=Text(one_line(title, 120), style="bold"), title_justify="left")
    table.add_column("#", justify="right")
    table.add_column(words["item"], overflow="fold", max_width=32)
    if has_likes:
        table.add_column(words["like"], justify="right")
    table.add_column(words["why"], overflow="fold")
    for entry, why in zip(slate.entries, reasons, strict=True):
        item, like = entry.item, "" if entry.like is None else f"{entry.like:.0%}"
        details = [one_line(item.id)] if item.id != item.title else []
        details += [words["task " + item.task]] if is_mixed else []
        name = Text.assemble(caption(item), ("\n" + " · ".join(details) if details else "", "dim"))
        claims = "\n".join(claim.text for claim in why.claims) or words["none"]
        table.add_row(str(entry.rank), name, *([Text(like)] if has_likes else []), Text(claims))
    if slate.sentence:
        print_line(one_line(slate.sentence, 300))
    print_notice(wish_note(slate, lang=lang), lang=lang)
    console().print(table)
    print_notice(reasons[0].notice, lang=lang, review=slate.trace.review)
    print_line(_trace_line(slate.trace, lang), style="dim")
    if slate.trace.degraded:
        print_degraded(slate.trace.degraded, lang=lang)


def explanation(why: Explanation, *, lang: Language) -> None:
    """Prints the sentences of an explanation with the ids of their evidence, then the evidence."""
    print_line(caption(why.item), style="bold")
    if not why.claims:
        print_line(WORDS[lang]["none"])
    for claim in why.claims:
        print_line(f"  {claim.text}  [{', '.join(claim.evidence)}]")
    for piece in why.evidence:
        refs = ", ".join(map(one_line, piece.refs))
        print_line(f"  {piece.id}: {piece.kind}: {refs}", style="dim")
    if why.phrased_by or why.replaced:
        model = why.phrased_by or WORDS[lang]["nobody"]
        line = WORDS[lang]["phrased"].format(model=model, replaced=why.replaced)
        print_line(f"  {line}", style="dim")
    print_notice(why.notice, lang=lang)
    if why.degraded:
        print_degraded(why.degraded, lang=lang)


def slate_json(
    slate: Slate, reasons: Sequence[Explanation], *, lang: Language = "en"
) -> dict[str, Any]:
    """Returns a list as JSON: ``person``, ``scene``, ``slate``, ``trace``, as in the README."""
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
        "sentence": slate.sentence,
        "wish_note": wish_note(slate, lang=lang),
        "notice": reasons[0].notice if reasons else "",
        "empty": slate.empty,
        "trace": trace_json(slate.trace),
    }


def explanation_json(why: Explanation) -> dict[str, Any]:
    """Returns an explanation: its sentences, each with its evidence."""
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
    """Returns an answer: its sentences, each with its evidence, and the ranks."""
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
    """Returns sentences, each with its evidence."""
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
    """Returns a trace; ``tokens`` is the sum of its prompt and reply."""
    return {**asdict(trace), "tokens": trace.usage.prompt + trace.usage.completion}


def print_notice(notice: str, *, lang: Language, review: bool = False) -> None:
    """Prints the notice of a scene, and whether a person must review the list first."""
    parts = [WORDS[lang]["review"] if review else "", one_line(notice, 400)]
    if any(parts):
        print_line(" ".join(filter(None, parts)), style="yellow")


def print_degraded(reason: str, *, lang: Language) -> None:
    """Prints in red what could not be done as it should."""
    print_line(f"{WORDS[lang]['degraded']}: {one_line(reason, 400)}", style="bold red")


def _why_not_asked(trace: Trace) -> str:
    """Returns the key of why the model was left alone."""
    if not trace.unmeasured:
        return "gated"
    return "unmeasured" if trace.head or trace.unserved else "unfitted"


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
        parts.append(words[_why_not_asked(trace)])
    if trace.head:
        parts.append(f"{words['head']} {trace.head}")
    if trace.unserved:
        why = words[trace.unserved].format(group=words[f"group {trace.group}"])
        parts.append(words["by prior" if trace.head else "without head"].format(why=why))
    if trace.moved:
        parts.append(words["moved"].format(n=trace.moved))
    parts += [f"{trace.seconds:.1f} {words['seconds']}", *trace.notes]
    return " · ".join(parts)

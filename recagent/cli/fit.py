"""``recagent fit`` and ``recagent head``: learning from what is stored, and what was learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import anyio
import typer
from rich.table import Table

from recagent import bootstrap
from recagent.cli import output
from recagent.cli.opening import load_settings
from recagent.cli.options import Config, Demo, Json, Lang
from recagent.cli.progress import progress
from recagent.config.settings import Settings
from recagent.domain import Language
from recagent.errors import ConfigError, ModelError
from recagent.llm.batch_files import BatchModel, read_replies, write_requests
from recagent.locale import Phrases
from recagent.pipeline.artifacts import HEAD
from recagent.ranking import Gate, Head
from recagent.retrieval import SequenceModel
from recagent.training.fit import FitResult
from recagent.training.fit import fit as fit_head

head_app = typer.Typer()

WORDS = Phrases[str]("cli", "fit")


def fit(
    language_cases: Annotated[
        int, typer.Option(min=0, help="Past choices of each scene to ask the model about.")
    ] = 40,
    sequence: Annotated[
        bool,
        typer.Option("--sequence", help="Train a sequence model too; kept if it helps (torch)."),
    ] = False,
    requests: Annotated[
        Path | None,
        typer.Option(help="Write the questions to the model here, as lines of a batch."),
    ] = None,
    replies: Annotated[
        list[Path] | None,
        typer.Option(help="Read the model's answers from a batch's output. May be repeated."),
    ] = None,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Learn from what is stored: weights of the sources, the model's worth, like-probabilities."""
    settings = load_settings(config, demo, lang, alone=True)
    batch = _batch_model(settings, replies or ()) if requests or replies else None
    with progress() as advance:
        learn = partial(
            fit_head,
            settings,
            language_cases=language_cases,
            sequence=sequence,
            batch=batch,
            on_progress=advance,
        )
        try:
            found = anyio.run(learn)
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(WORDS[settings.lang]["stopped"]) from error
        except ModelError:
            if batch is None or requests is None:
                raise
            found = None  # all questions wait for their answers
    if batch is not None and requests is not None:
        write_requests(requests, batch.requests)
        line = WORDS[settings.lang]["written"].format(n=len(batch.requests), path=requests)
        typer.echo(line, err=True)
    if found is None:
        return
    if json:
        output.print_json(_json(found))
    else:
        _print_result(found, settings)


def _batch_model(settings: Settings, replies: Sequence[Path]) -> BatchModel:
    """Returns a model that answers from batch outputs, under the name of the settings' model.

    Raises:
        ConfigError: it has no name, which the head is to remember.
        DataError: a file is no output of a batch.
    """
    if not settings.model.name:
        raise ConfigError("a batch needs the model's name; set [model] name")
    return BatchModel(settings.model.name, read_replies(replies))


def _print_result(found: FitResult, settings: Settings) -> None:
    """Prints what held-out people say of a fit."""
    words, out = WORDS[settings.lang], output.console()
    gain, low, high = found.gain
    said = words["learned"].format(
        choices=found.choices,
        found=found.found,
        retrieval=found.retrieval,
        ranked=found.ranked,
        gain=gain,
        low=low,
        high=high,
    )
    if found.people < found.everybody:
        sample = words["sample"].format(people=found.people, everybody=found.everybody)
        out.print(sample, markup=False, highlight=False)
    likes = words["likes"].format(n=found.judgments) if found.judgments else words["no likes"]
    out.print(said, likes, sep="\n", markup=False, highlight=False)
    if found.sequence:
        added, least, most = found.sequence
        key = "sequence" if SequenceModel.name in found.head.scales else "no sequence"
        line = words[key].format(added=added, low=least, high=most)
        out.print(line, markup=False, highlight=False)
    if found.silent:
        out.print(words["silent"].format(why=words[found.silent]), markup=False, highlight=False)
    if found.scenes:
        key = "scenes" if found.scenes.identifier else "no scenes"
        gain, low, high = found.scenes.gain
        said = words[key].format(
            n=found.scenes.moments,
            accuracy=found.scenes.accuracy,
            rule=found.scenes.rule,
            gain=gain,
            low=low,
            high=high,
        )
        out.print(said, markup=False, highlight=False)
    _whom(found.head, settings.lang)
    _gates(found.head.gates, settings)
    path = settings.data_dir / HEAD
    ranks = any(not own.unserved for own in found.head.tested.values())
    said = words["saved" if ranks else "idle"].format(name=found.head.name, path=path)
    out.print(said, markup=False, highlight=False)


@head_app.command("show")
def show_head(
    lang: Lang = None, config: Config = None, demo: Demo = False, json: Json = False
) -> None:
    """Print what was learned: weights, and where the language model is asked."""
    settings = load_settings(config, demo, lang)
    head = bootstrap.head(settings)
    if head is None:
        raise ConfigError(
            "no head in {folder!r}; run 'recagent fit' to learn one", folder=str(settings.data_dir)
        )
    if json:
        output.print_json(head)
        return
    words = WORDS[settings.lang]
    scenes = {words["every scene"]: head.shared, **head.scenes}
    table = Table(words["source"], *scenes, title=words["weights"], title_justify="left")
    for at, source in enumerate(head.scales):
        cells = [f"{own[2 * at]:+.2f} / {own[2 * at + 1]:+.2f}" for own in scenes.values()]
        table.add_row(source, *cells)
    out = output.console()
    out.print(table, f"({words['score']} / {words['log']})", markup=False, highlight=False)
    _whom(head, settings.lang)
    _gates(head.gates, settings)
    told = ", ".join(f"{key}: {value}" for key, value in head.told.items())
    out.print(f"{head.name}: {told}", style="dim", markup=False, highlight=False)


def _whom(head: Head, lang: Language) -> None:
    """Groups of people, what held-out choices of them say of the head, and who ranks for them."""
    words, said = WORDS[lang], output.WORDS[lang]
    names = (words["group"], words["cases"], f"{words['plain']}, nDCG@10", words["adds"])
    table = Table(*names, words["ranks"], title=words["whom"], title_justify="left")
    table.columns[0].no_wrap = True
    for group, own in head.tested.items():
        gain = f"{own.gain:+.3f} [{own.low:+.3f}, {own.high:+.3f}]" if own.cases else ""
        name, ranks = said[f"group {group}"], words["by head"]
        if own.unserved:
            ranks = f"{words['by plain']} ({words[own.unserved]})"
        table.add_row(name, str(own.cases), f"{own.plain:.3f}" if own.cases else "", gain, ranks)
    for group in ("declared only", "unknown"):
        table.add_row(said[f"group {group}"], "", "", "", words["by plain"])
    output.console().print(table, markup=False)


def _gates(gates: Mapping[str, Gate], settings: Settings) -> None:
    if not gates:
        return
    words, has_weight = WORDS[settings.lang], bootstrap.language_weight(settings) > 0
    columns = ("scene", "rule", "cases", "gain", "low", "forced")
    table = Table(*(words[name] for name in columns), title=words["gate"], title_justify="left")
    for scene, gate in sorted(gates.items()):
        numbers = (f"{value:+.3f}" for value in (gate.gain, gate.low, gate.forced))
        unproven = gate.verdict == "unknown" and has_weight
        rule = words["unproven" if unproven else gate.rule]
        table.add_row(scene, rule, str(gate.cases), *numbers)
    output.console().print(table)


def _json(found: FitResult) -> dict[str, Any]:
    head: Head = found.head
    return {
        "head": head.name,
        "people": found.people,
        "everybody": found.everybody,
        "choices": found.choices,
        "found": found.found,
        "ndcg10_retrieval": found.retrieval,
        "ndcg10_head": found.ranked,
        "gain": found.gain[0],
        "gain_low95": found.gain[1],
        "gain_high95": found.gain[2],
        "judgments": found.judgments,
        "sequence_gain": found.sequence,
        "language_model_not_asked": found.silent,
        "scene_moments": found.scenes.moments if found.scenes else 0,
        "scene_accuracy": found.scenes.accuracy if found.scenes else None,
        "scene_accuracy_rule": found.scenes.rule if found.scenes else None,
        "scene_gain": found.scenes.gain if found.scenes else None,
        "scene_identified": bool(found.scenes and found.scenes.identifier),
        "groups": head.tested,
        "gates": head.gates,
    }

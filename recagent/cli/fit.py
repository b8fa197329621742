"""``recagent fit`` and ``recagent head``: learning to rank, and what was learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import anyio
import typer
from rich.table import Table

from recagent import bootstrap
from recagent.cli import measuring, output
from recagent.cli.opening import load_settings
from recagent.cli.options import Config, Demo, Json, Lang
from recagent.cli.output import print_line
from recagent.cli.progress import progress
from recagent.config.settings import Settings
from recagent.domain import Language
from recagent.errors import ConfigError, ModelError
from recagent.llm.batch_files import BatchModel, read_replies, write_requests
from recagent.locale import Phrases
from recagent.pipeline.artifacts import HEAD
from recagent.ranking import Gate, Head
from recagent.ranking.model_worth import MEASURED_ON, ModelWorth
from recagent.retrieval import SequenceModel
from recagent.training.fit import LANGUAGE_CASES, FitResult
from recagent.training.fit import fit as fit_head

app = typer.Typer()

WORDS = Phrases[str]("cli", "fit")


def fit(
    language_cases: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Past choices to ask the model about: 40 of each scene; with --model-only 60 in "
            "all.",
            show_default=False,
        ),
    ] = None,
    model_only: Annotated[
        bool,
        typer.Option("--model-only", help="Measure the language model alone, and set its say."),
    ] = False,
    sequence: Annotated[
        bool,
        typer.Option(
            "--sequence", help="Train a sequence model too; kept if it helps (needs torch)."
        ),
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
    """Learn to rank from stored events, and test what it gains.

    It learns the weights of the sources, where the language model helps, and like-probabilities.
    """
    settings = load_settings(config, demo, lang, alone=True)
    if model_only and sequence:
        raise typer.BadParameter("not with --model-only", param_hint="--sequence")
    batch = _batch_model(settings, replies or ()) if requests or replies else None
    try:
        fitted = _learn(settings, language_cases, batch, model_only=model_only, sequence=sequence)
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(WORDS[settings.lang]["stopped"]) from error
    except ModelError:
        if batch is None or requests is None:
            raise
        fitted = None  # all questions wait for their answers
    if batch is not None and requests is not None:
        write_requests(requests, batch.requests)
        again = "recagent fit --model-only" if model_only else "recagent fit"
        line = WORDS[settings.lang]["written"].format(
            n=len(batch.requests), path=requests, command=again
        )
        typer.echo(line, err=True)
    if fitted is not None:
        _print(fitted, settings, json=json)


def _learn(
    settings: Settings,
    cases: int | None,
    batch: BatchModel | None,
    *,
    model_only: bool,
    sequence: bool,
) -> FitResult | ModelWorth:
    if model_only:
        return measuring.measure(
            settings, cases=MEASURED_ON if cases is None else cases, batch=batch
        )
    with progress() as advance:
        learn = partial(
            fit_head,
            settings,
            language_cases=LANGUAGE_CASES if cases is None else cases,
            sequence=sequence,
            batch=batch,
            on_progress=advance,
        )
        return anyio.run(learn)


def _print(fitted: FitResult | ModelWorth, settings: Settings, *, json: bool) -> None:
    is_worth = isinstance(fitted, ModelWorth)
    if json:
        output.print_json(fitted if is_worth else _json(fitted))
    elif is_worth:
        measuring.print_worth(fitted, settings)
    else:
        _print_result(fitted, settings)


def _batch_model(settings: Settings, replies: Sequence[Path]) -> BatchModel:
    """Returns a model that answers from batch outputs, under the name of the settings' model.

    Raises:
        ConfigError: it has no name, which the head is to remember.
        DataError: a file is no output of a batch.
    """
    if not settings.model.name:
        raise ConfigError("a batch needs the model's name; set [model] name")
    return BatchModel(settings.model.name, read_replies(replies))


def _print_result(fitted: FitResult, settings: Settings) -> None:
    """Prints what the fit learned, and how it does for held-out people."""
    words, head = WORDS[settings.lang], fitted.head
    gain, low, high = fitted.gain
    if fitted.people < fitted.everybody:
        print_line(words["sample"].format(people=fitted.people, everybody=fitted.everybody))
    line = words["learned"].format(
        choices=fitted.choices, found=fitted.retrieved_share, retrieval=fitted.retrieval,
        ranked=fitted.ranked, gain=gain, low=low, high=high,
    )  # fmt: skip
    print_line(line)
    print_line(words["likes"].format(n=fitted.judgments) if fitted.judgments else words["no likes"])
    if fitted.sequence:
        added, low, high = fitted.sequence
        key = "sequence" if SequenceModel.name in head.sources else "no sequence"
        print_line(words[key].format(added=added, low=low, high=high))
    if fitted.silent:
        print_line(words["silent"].format(why=words[fitted.silent]))
    if scenes := fitted.scenes:
        gain, low, high = scenes.gain
        line = words["scenes" if scenes.identifier else "no scenes"].format(
            n=scenes.moments, accuracy=scenes.accuracy, rule=scenes.rule,
            gain=gain, low=low, high=high,
        )  # fmt: skip
        print_line(line)
    _print_groups(head, settings.lang)
    _print_gates(head.gates, settings)
    if fitted.worth is not None:
        measuring.print_worth(fitted.worth, settings)
    ranks = any(not group.unserved for group in head.tested.values())
    line = words["saved" if ranks else "idle"]
    print_line(line.format(name=head.name, path=settings.data_dir / HEAD))


@app.command("show")
def show_head(
    lang: Lang = None, config: Config = None, demo: Demo = False, json: Json = False
) -> None:
    """Print what was learned: weights, and where the language model is used."""
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
    for n, source in enumerate(head.sources):
        weights = (row[2 * n : 2 * n + 2] for row in scenes.values())
        table.add_row(source, *(f"{score:+.2f} / {log:+.2f}" for score, log in weights))
    output.console().print(table)
    print_line(f"({words['score']} / {words['log']})")
    _print_groups(head, settings.lang)
    _print_gates(head.gates, settings)
    facts = ", ".join(f"{key}: {value}" for key, value in head.told.items())
    print_line(f"{head.name}: {facts}", style="dim")


def _print_groups(head: Head, lang: Language) -> None:
    """Prints for each group of people how the head does on held-out choices, and what ranks."""
    words, groups = WORDS[lang], output.WORDS[lang]
    names = (words["group"], words["cases"], f"{words['plain']}, nDCG@10", words["adds"])
    table = Table(*names, words["ranks"], title=words["whom"], title_justify="left")
    table.columns[0].no_wrap = True
    for name, group in head.tested.items():
        ranks = words["by head"]
        if group.unserved:
            ranks = f"{words['by plain']} ({words[group.unserved]})"
        plain = f"{group.plain:.3f}" if group.cases else ""
        gain = f"{group.gain:+.3f} [{group.low:+.3f}, {group.high:+.3f}]" if group.cases else ""
        table.add_row(groups[f"group {name}"], str(group.cases), plain, gain, ranks)
    for name in ("declared only", "unknown"):
        table.add_row(groups[f"group {name}"], "", "", "", words["by plain"])
    output.console().print(table, markup=False)


def _print_gates(gates: Mapping[str, Gate], settings: Settings) -> None:
    if not gates:
        return
    words, has_weight = WORDS[settings.lang], bootstrap.has_say(settings)
    columns = ("scene", "rule", "cases", "gain", "low", "forced")
    table = Table(*(words[name] for name in columns), title=words["gate"], title_justify="left")
    for scene, gate in sorted(gates.items()):
        numbers = (f"{value:+.3f}" for value in (gate.gain, gate.low, gate.forced))
        unproven = gate.verdict == "unknown" and has_weight
        rule = words["unproven" if unproven else gate.rule]
        table.add_row(scene, rule, str(gate.cases), *numbers)
    output.console().print(table)


def _json(fitted: FitResult) -> dict[str, Any]:
    head, scenes = fitted.head, fitted.scenes
    return {
        "head": head.name,
        "people": fitted.people,
        "everybody": fitted.everybody,
        "choices": fitted.choices,
        "found": fitted.retrieved_share,
        "ndcg10_retrieval": fitted.retrieval,
        "ndcg10_head": fitted.ranked,
        "gain": fitted.gain[0],
        "gain_low95": fitted.gain[1],
        "gain_high95": fitted.gain[2],
        "judgments": fitted.judgments,
        "sequence_gain": fitted.sequence,
        "language_model_not_asked": fitted.silent,
        "scene_moments": scenes.moments if scenes else 0,
        "scene_accuracy": scenes.accuracy if scenes else None,
        "scene_accuracy_rule": scenes.rule if scenes else None,
        "scene_gain": scenes.gain if scenes else None,
        "scene_identified": bool(scenes and scenes.identifier),
        "groups": head.tested,
        "gates": head.gates,
        "model_worth": fitted.worth,
    }

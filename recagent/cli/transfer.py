"""``recagent transfer``: how much taste shown in one scene counts in another."""

from __future__ import annotations

from collections.abc import Mapping

import typer
from rich.style import Style
from rich.table import Table
from rich.text import Text

from recagent import bootstrap
from recagent.cli import output
from recagent.cli.opening import load_settings
from recagent.cli.options import Config, Demo, Json, Lang
from recagent.domain import Scene
from recagent.errors import ConfigError
from recagent.locale import Phrases
from recagent.scenes.transfer import FEATURES, PairTransfer, TransferMap, WarmTransfer

app = typer.Typer()

WORDS = Phrases[str]("cli", "transfer")


@app.command()
def show(lang: Lang = None, config: Config = None, demo: Demo = False, json: Json = False) -> None:
    """Print how much taste shown in one scene counts in each other, and where transfer is off."""
    settings = load_settings(config, demo, lang)
    head = bootstrap.head(settings)
    if head is None or head.transfer is None:
        raise ConfigError(
            "no transfer map in {folder!r}; run 'recagent fit' with people who were active in at "
            "least two scenes",
            folder=str(settings.data_dir),
        )
    transfer = head.transfer
    if json:
        output.print_json(transfer)
        return
    words, scenes = WORDS[settings.lang], settings.declared_scenes()
    names = {
        name: scenes.get(name, Scene(name=name)).label(settings.lang)
        for name in sorted(transfer.pairs)
    }
    for table in (_heat_map, _pair_table, _known_table):
        output.console().print(table(transfer, names, words))
    terms = [f"{transfer.bias:+.2f}"]
    terms += [f"{w:+.2f} {name}" for w, name in zip(transfer.weights, FEATURES, strict=True)]
    pairs = [pair for row in transfer.pairs.values() for pair in row.values()]
    line = words["formula"].format(
        terms=" ".join(terms), on=sum(pair.on for pair in pairs), all=len(pairs)
    )
    output.print_line(line, style="dim")


def _heat_map(transfer: TransferMap, names: Mapping[str, str], words: Mapping[str, str]) -> Table:
    numbered = {name: str(number) for number, name in enumerate(names, start=1)}
    corner = f"{words['in']} \\ {words['from']}"
    table = Table(corner, *numbered.values(), title=words["map"], title_justify="left")
    for target, label in names.items():
        row = transfer.pairs[target]
        table.add_row(
            f"{numbered[target]} {label}",
            *(_cell(row.get(source), is_own=source == target) for source in names),
        )
    return table


def _cell(pair: PairTransfer | None, *, is_own: bool) -> Text:
    """Returns the weight; the larger it is, the darker is its background."""
    if pair is None:
        return Text("" if is_own else "?", style="dim")
    if not pair.on:
        return Text("-", style="dim")
    light = int(235 - 150 * min(1.0, pair.weight))
    style = Style(bgcolor=f"rgb({light},{light},255)", color="black")
    return Text(f"{pair.weight:.2f}", style=style)


def _pair_table(transfer: TransferMap, names: Mapping[str, str], words: Mapping[str, str]) -> Table:
    columns = ("in", "from", "cases", "gain", "low", "ndcg", "ndcg low", "weight")
    table = Table(*(words[name] for name in columns), title=words["pairs"], title_justify="left")
    for target, row in sorted(transfer.pairs.items()):
        for source, pair in sorted(row.items(), key=lambda item: -item[1].gain):
            weight = f"{pair.weight:.2f}" if pair.on else words["off"]
            table.add_row(names[target], names[source], *_numbers(pair), weight)
    return table


def _known_table(
    transfer: TransferMap, names: Mapping[str, str], words: Mapping[str, str]
) -> Table:
    columns = (*(words[name] for name in ("in", "cases", "gain", "low", "ndcg", "ndcg low")), "")
    table = Table(*columns, title=words["known"], title_justify="left")
    for target, known in sorted(transfer.known.items()):
        table.add_row(names[target], *_numbers(known), "" if known.on else words["off"])
    return table


def _numbers(pair: PairTransfer | WarmTransfer) -> list[str]:
    gains = (pair.gain, pair.low, pair.ndcg, pair.ndcg_low)
    return [str(pair.cases), *(f"{gain:+.3f}" for gain in gains)]

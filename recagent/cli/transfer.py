"""``recagent transfer``: how much taste shown in one scene counts in another, as it was learned."""

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
from recagent.scenes.transfer import FEATURES, PairTransfer, TransferMap

app = typer.Typer()

WORDS = Phrases[str]("cli", "transfer")


@app.command()
def show(lang: Lang = None, config: Config = None, demo: Demo = False, json: Json = False) -> None:
    """Print how much taste shown in one scene counts in each other one, and where it is off."""
    settings = load_settings(config, demo, lang)
    head = bootstrap.head(settings)
    if head is None or head.transfer is None:
        raise ConfigError(
            "no transfer map in {folder!r}; run 'recagent fit' with people who were active in at "
            "least two scenes",
            folder=str(settings.data_dir),
        )
    found = head.transfer
    if json:
        output.print_json(found)
        return
    words, out = WORDS[settings.lang], output.console()
    scenes = settings.declared_scenes()
    names = {
        name: scenes.get(name, Scene(name=name)).label(settings.lang)
        for name in sorted(found.pairs)
    }
    out.print(_heat(found, names, words), _pairs(found, names, words), _known(found, names, words))
    terms = [f"{found.bias:+.2f}"]
    terms += [f"{w:+.2f} {name}" for w, name in zip(found.weights, FEATURES, strict=True)]
    pairs = [pair for own in found.pairs.values() for pair in own.values()]
    said = words["formula"].format(
        terms=" ".join(terms), on=sum(pair.on for pair in pairs), all=len(pairs)
    )
    out.print(said, markup=False, highlight=False, style="dim")


def _heat(found: TransferMap, names: Mapping[str, str], words: Mapping[str, str]) -> Table:
    numbered = {name: str(number) for number, name in enumerate(names, start=1)}
    table = Table(f"{words['in']} \\ {words['from']}", *numbered.values(), title=words["map"],
                  title_justify="left")  # fmt: skip
    for target, label in names.items():
        own = found.pairs[target]
        cells = [_cell(own.get(source)) for source in names]
        table.add_row(f"{numbered[target]} {label}", *cells)
    return table


def _cell(pair: PairTransfer | None) -> Text:
    """The weight, on a ground that is the darker the more it is."""
    if pair is None:
        return Text("")
    if not pair.on:
        return Text("-", style="dim")
    light = int(235 - 150 * min(1.0, pair.weight))
    style = Style(bgcolor=f"rgb({light},{light},255)", color="black")
    return Text(f"{pair.weight:.2f}", style=style)


def _pairs(found: TransferMap, names: Mapping[str, str], words: Mapping[str, str]) -> Table:
    columns = ("in", "from", "cases", "gain", "low", "ndcg", "weight")
    table = Table(*(words[name] for name in columns), title=words["pairs"], title_justify="left")
    for target, own in sorted(found.pairs.items()):
        for source, pair in sorted(own.items(), key=lambda each: -each[1].gain):
            numbers = (f"{value:+.3f}" for value in (pair.gain, pair.low, pair.ndcg))
            weight = f"{pair.weight:.2f}" if pair.on else words["off"]
            table.add_row(names[target], names[source], str(pair.cases), *numbers, weight)
    return table


def _known(found: TransferMap, names: Mapping[str, str], words: Mapping[str, str]) -> Table:
    columns = ("in", "cases", "gain", "low", "ndcg")
    table = Table(
        *(words[name] for name in columns), "", title=words["known"], title_justify="left"
    )
    for target, known in sorted(found.known.items()):
        numbers = (f"{value:+.3f}" for value in (known.gain, known.low, known.ndcg))
        said = "" if known.on else words["off"]
        table.add_row(names[target], str(known.cases), *numbers, said)
    return table

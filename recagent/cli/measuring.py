"""Measuring a language model on past choices: the offer, its price, and what was found.

``doctor`` and ``recommend`` offer it, ``fit --model-only`` does it; the measuring itself is
``training.model_measurement``.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import anyio
import typer

from recagent import bootstrap
from recagent.cli.opening import load_settings
from recagent.cli.output import print_line
from recagent.cli.progress import progress
from recagent.config.settings import Settings
from recagent.domain import Slate, Usage
from recagent.errors import ConfigError
from recagent.llm.batch_files import BatchModel
from recagent.locale import Phrases
from recagent.ranking.model_worth import MEASURED_ON, ModelWorth

WORDS = Phrases[str]("cli", "measuring")

_SHORT_PROMPT = 500  # tokens, about
_REPLY = 150
_REFUSED = Path("kept") / "unmeasured.txt"  # in the data folder: models that were not to be asked


def measure(settings: Settings, *, cases: int, batch: BatchModel | None = None) -> ModelWorth:
    """Measures the first model with a progress bar; raises as ``measure_model``."""
    from recagent.training.model_measurement import measure_model  # noqa: PLC0415 - a heavy import

    with progress() as advance:
        return anyio.run(
            partial(measure_model, settings, cases=cases, batch=batch, on_progress=advance)
        )


def print_worth(worth: ModelWorth, settings: Settings) -> None:
    """Prints what a model adds, and the say that it has from now on."""
    print_line(worth_line(worth, settings))


def worth_line(worth: ModelWorth, settings: Settings) -> str:
    """Returns what a model adds, and its say, in a sentence."""
    words = WORDS[settings.lang]
    return words["worth"].format(
        model=worth.model,
        cases=worth.cases,
        base=worth.base,
        gain=worth.gain,
        low=worth.low,
        high=worth.high,
        say=words["none"] if not worth.weight else f"{worth.weight:.0%}",
    )


def price_line(settings: Settings, *, usage: Usage | None = None) -> str:
    """Returns what measuring takes: requests, tokens and money, as far as it is known.

    Args:
        settings: of the model.
        usage: of one list that it has just ranked; without it the most that a prompt may have.
    """
    each = usage or _most(settings)
    key = "takes at most" if usage is None else "takes about"
    return WORDS[settings.lang][key].format(
        n=MEASURED_ON,
        prompt=MEASURED_ON * each.prompt,
        completion=MEASURED_ON * each.completion,
        money=money(settings, lists=MEASURED_ON, usage=each),
    )


def money(settings: Settings, *, lists: int, usage: Usage | None = None) -> str:
    """Returns in words what lists cost by the first model, each of so many tokens."""
    words, each = WORDS[settings.lang], usage or _most(settings)
    try:
        prices = bootstrap.token_prices(settings, settings.engines[0].name)
    except ConfigError:  # the public list is not installed
        prices = None
    if prices is None:
        return words["price unknown"]
    if not any(prices):
        return words["free"]
    cost = lists * (each.prompt * prices[0] + each.completion * prices[1])
    return words["declared price" if settings.model.price else "listed price"].format(cost=cost)


def _most(settings: Settings) -> Usage:
    """Returns the most tokens that a list may take, about."""
    return Usage(prompt=settings.engines[0].prompt_tokens or _SHORT_PROMPT, completion=_REPLY)


def command(*, config: Path | None, demo: bool) -> str:
    """Returns the command that measures."""
    which = " --demo" if demo else f" --config {config}" if config else ""
    return f"recagent fit --model-only{which}"


def is_interactive() -> bool:
    """Whether somebody can be asked something."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def offer(settings: Settings, *, config: Path | None, demo: bool, usage: Usage | None) -> bool:
    """Asks whether the model is to be measured now, its price first, and does it.

    Returns:
        Whether it was to be.
    """
    words = WORDS[settings.lang]
    typer.echo(words["offer"].format(takes=price_line(settings, usage=usage)))
    if not typer.confirm(words["confirm"], default=False):
        print_line(words["later"].format(command=command(config=config, demo=demo)))
        return False
    # The index is opened here alone: what is found is to stay.
    own = load_settings(config, demo, settings.lang, alone=True)
    print_worth(measure(own, cases=MEASURED_ON), settings)
    return True


def offer_after_list(settings: Settings, slate: Slate, *, config: Path | None, demo: bool) -> None:
    """Offers to measure the model that has just ranked a list, unless it is known or was refused.

    A refusal holds for the model at its address, so that it is asked once.
    """
    trace = slate.trace
    key, refused = bootstrap.engine_key(settings), settings.data_dir / _REFUSED
    if (
        not is_interactive()
        or trace.model is None
        or not bootstrap.is_unmeasured(
            settings, model=trace.model, prompt=trace.prompt or "", scene=slate.scene.name
        )
    ):
        return
    if refused.is_file() and key in refused.read_text(encoding="utf-8").splitlines():
        return
    usage = trace.usage if trace.usage.prompt else None
    if not offer(settings, config=config, demo=demo, usage=usage):
        refused.parent.mkdir(parents=True, exist_ok=True)
        with refused.open("a", encoding="utf-8") as file:
            file.write(f"{key}\n")

"""The root command: it lists every command, and imports the module of the one that runs."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from recagent.cli.language import speak

# Where each command stands, and its line in the list of commands; a test compares the lines with
# the docstrings.
COMMANDS = {
    "demo": (
        "demo:demo",
        "Show a real person: their likes, a slate where they are known, one where they are new.",
    ),
    "recommend": ("recommend:recommend", "Print a slate for a person."),
    "explain": (
        "explain:explain",
        "Say why an item would be recommended to a person; or answer one of three other questions.",
    ),
    "scenes": (
        "scenes:scenes",
        "Print what the settings declare of each scene: tasks, rules, what it learns from.",
    ),
    "doctor": (
        "doctor:doctor",
        "Check settings, index, store, embedder and model, and say what to do next.",
    ),
    "init": (
        "catalogue:init",
        "Write a commented recagent.toml (and a template's data) into this folder.",
    ),
    "validate": (
        "catalogue:validate",
        "Read and clean the files as index would, and report; exit 1 where something is wrong.",
    ),
    "index": (
        "catalogue:index",
        "Read the catalogue's files into the index and the store; run again to go on or to update.",
    ),
    "fit": (
        "fit:fit",
        "Learn from what is stored: weights of the sources, the model's worth, like-probabilities.",
    ),
    "tune": (
        "tune:tune",
        "Tune the language model on what is stored (LoRA), and keep it if it ranks better.",
    ),
    "chat": (
        "chat:chat",
        "Talk about what is recommended; what you say of it becomes constraints that code checks.",
    ),
    "serve": (
        "serve:serve",
        "Serve the web page, REST, an OpenAI-compatible chat, MCP and metrics.",
    ),
    "mcp": ("serve:mcp", "Serve an MCP client over standard input and output."),
    "events": ("events:app", "What people did: add to it, look at it."),
    "head": ("fit:head_app", "The learned joint score."),
    "transfer": ("transfer:app", "How taste counts across scenes."),
    "models": ("models:app", "The embedded model's weights; replies that are kept."),
    "profile": ("profile:app", "What is known of a person, and is theirs to change."),
    "eval": ("evaluate:app", "Compare prompts, models and baselines on held-out cases."),
    "vllm": ("vllm:app", "Serve a model by vLLM with the flags ranking needs."),
}


class _LazyGroup(TyperGroup):
    """A group that lists stubs, and replaces the one that is chosen by the command itself."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, _, rest = super().resolve_command(ctx, args)
        return name, load_command(str(name)), rest


def _typer(cls: type[TyperGroup] | None = None) -> typer.Typer:
    return typer.Typer(
        name="recagent",
        cls=cls,
        help="Recommends from a catalogue to a person in a scene, and says why.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
    )


def load_command(name: str) -> Any:
    """Imports a command's module and returns the command or group, as typer makes it."""
    place, line = COMMANDS[name]
    module, _, attribute = place.partition(":")
    target = getattr(import_module(f"recagent.cli.{module}"), attribute)
    parent = _typer()
    if isinstance(target, typer.Typer):
        parent.add_typer(target, name=name, help=line, no_args_is_help=True)
    else:
        parent.command(name)(target)
    return get_group(parent).commands[name]


app = _typer(_LazyGroup)


def _print_version(wanted: bool) -> None:
    if wanted:
        from recagent import __version__  # noqa: PLC0415 - the package is what imports this

        typer.echo(f"recagent {__version__}")
        raise typer.Exit


@app.callback()
def root(
    verbose: Annotated[int, typer.Option("-v", count=True, help="Log to stderr; -vv more.")] = 0,
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options of every command."""
    speak("en")
    if verbose:
        level = logging.INFO if verbose == 1 else logging.DEBUG
        logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
        logging.getLogger("recagent").setLevel(level)


def _stub() -> None:
    """Stands for a command in the list of commands."""


for _name, (_, _line) in COMMANDS.items():
    app.command(_name, help=_line)(_stub)

"""The root command: it lists every command, and imports the module of the one that runs."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

# Each command with its line in the list of commands, which is the first line of its docstring.
COMMANDS = {
    "demo": "Show a real person's list in a known scene and in a new one.",
    "recommend": "Recommend a list of items to a person.",
    "explain": "Say why an item is recommended to a person, or why it is not.",
    "scenes": "Print what the settings declare for each scene.",
    "doctor": "Check settings, index, store and models; say what to do next.",
    "init": "Write a commented recagent.toml, and a template's data, here.",
    "validate": "Read and clean the files as index would, and report problems.",
    "index": "Read the catalogue's files into index and store, and learn to rank from the events.",
    "describe": "Have a model say of each item what the catalogue does not.",
    "fit": "Learn to rank from stored events, and test what it gains.",
    "tune": "Tune the language model on stored events; keep it if it helps.",
    "chat": "Talk about recommendations; conditions you name are enforced.",
    "serve": "Serve the web page, REST, OpenAI-compatible chat, MCP, metrics.",
    "mcp": "Serve an MCP client over standard input and output.",
    "events": "Add and list what people did.",
    "head": "Show the learned ranking.",
    "transfer": "Show how taste counts across scenes.",
    "models": "Fetch the embedded model's weights; forget stored replies.",
    "profile": "Show, change, export and delete what is known of a person.",
    "eval": "Compare prompts, models and baselines on held-out cases.",
    "vllm": "Serve a model by vLLM with the flags that ranking needs.",
}
# Commands that stand in a module of another name, and those that are groups.
_MODULES = {
    "validate": "catalogue",
    "index": "catalogue",
    "mcp": "serve",
    "head": "fit",
    "eval": "evaluate",
}
_GROUPS = {"events", "head", "transfer", "models", "profile", "eval", "vllm"}


class _LazyGroup(TyperGroup):
    """A group that lists stubs, and loads the command in place of the stub that is chosen."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, _, rest = super().resolve_command(ctx, args)
        return name, load_command(str(name)), rest


def load_command(name: str) -> Any:
    """Imports a command's module and returns the command or group, as typer makes it."""
    module = import_module(f"recagent.cli.{_MODULES.get(name, name)}")
    parent = typer.Typer(rich_markup_mode=None)
    if name in _GROUPS:
        parent.add_typer(module.app, name=name, help=COMMANDS[name], no_args_is_help=True)
    else:
        parent.command(name)(getattr(module, name))
    return get_group(parent).commands[name]


app = typer.Typer(
    name="recagent",
    cls=_LazyGroup,
    help="Recommends from a catalogue to a person in a scene, and says why.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _print_version(is_given: bool) -> None:
    if is_given:
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
    if verbose:
        level = logging.INFO if verbose == 1 else logging.DEBUG
        logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
        logging.getLogger("recagent").setLevel(level)


def _stub() -> None:
    """Stands for a command in the list of commands."""


for _name, _line in COMMANDS.items():
    app.command(_name, help=_line)(_stub)

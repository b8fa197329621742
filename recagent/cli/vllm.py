"""``recagent vllm``: serves a model by vLLM, or prints the command line that does."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from recagent.cli import set_language
from recagent.cli.options import Lang
from recagent.llm import vllm

app = typer.Typer()


@app.command("serve", help="Serve until Ctrl-C; when ready, say what to set.")
@app.command("flags", help="Print the command line, variables in front, to run it elsewhere.")
def serve_or_flags(
    context: typer.Context,
    *,
    model: Annotated[str, typer.Option(help="A folder, or a name of the model hub.")],
    name: Annotated[str, typer.Option(help="Name for requests. [default: that of the model]")] = "",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8902,
    dtype: Annotated[str, typer.Option(help="bfloat16, float16... [default: vLLM's choice]")] = "",
    max_logprobs: Annotated[
        int, typer.Option(min=1, help="Log probabilities per token, at most.")
    ] = 1000,
    max_model_len: Annotated[
        int | None, typer.Option(min=1, help="Tokens of prompt and reply.")
    ] = None,
    max_num_seqs: Annotated[int | None, typer.Option(min=1, help="Sequences in a batch.")] = None,
    max_queued: Annotated[int, typer.Option(min=1, help="More requests get a 503.")] = 1024,
    lora: Annotated[
        list[str] | None, typer.Option(metavar="NAME=PATH", help="An adapter; may be repeated.")
    ] = None,
    max_lora_rank: Annotated[int, typer.Option(min=1, help="Largest rank of an adapter.")] = 16,
    extra: Annotated[
        list[str] | None, typer.Argument(metavar="[-- FLAGS]", help="Passed to vllm as they are.")
    ] = None,
    program: Annotated[
        Path | None, typer.Option(help="The vllm program. [default: beside us, PATH]")
    ] = None,
    lang: Lang = None,
) -> None:
    """Runs both commands, as they take the same options."""
    set_language(lang)
    launch = vllm.Launch(
        model=model,
        name=name,
        host=host,
        port=port,
        dtype=dtype,
        max_logprobs=max_logprobs,
        max_model_len=max_model_len,
        max_num_seqs=max_num_seqs,
        max_queued=max_queued,
        lora=_adapters(lora or []),
        max_lora_rank=max_lora_rank,
        extra=tuple(extra or ()),
    )
    if context.info_name == "flags":
        typer.echo(vllm.shell_line(launch, program=str(program or "vllm")))
        return
    vllm.serve(
        launch,
        program=vllm.find_program(program),
        on_log=lambda line: typer.echo(line, err=True),
        on_ready=lambda: typer.echo(_settings(launch)),
    )


def _settings(launch: vllm.Launch) -> str:
    """Returns the variables that make recagent ask this server."""
    served = shlex.quote(launch.served_name)
    return f"OPENAI_BASE_URL={launch.base_url} RECAGENT_MODEL__NAME={served}"


def _adapters(pairs: list[str]) -> dict[str, str]:
    adapters: dict[str, str] = {}
    for pair in pairs:
        name, _, path = pair.partition("=")
        if not (name and path):
            raise typer.BadParameter(f"{pair!r} is not NAME=PATH", param_hint="--lora")
        if name in adapters:
            raise typer.BadParameter(f"{name!r} is there twice", param_hint="--lora")
        adapters[name] = path
    return adapters

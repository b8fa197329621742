"""``recagent vllm``: serve a model by a vLLM of one's own, or print how; ranking is not here."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from recagent.cli.language import speak
from recagent.llm import vllm

app = typer.Typer()

Model = Annotated[str, typer.Option(help="A folder, or a name of the model hub.")]
Name = Annotated[str, typer.Option(help="Name for requests. [default: that of the model]")]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
Dtype = Annotated[str, typer.Option(help="bfloat16, float16, float32... [default: vLLM's choice]")]
MaxLogprobs = Annotated[int, typer.Option(min=1, help="Log probabilities per token, at most.")]
MaxModelLen = Annotated[int | None, typer.Option(min=1, help="Tokens of prompt and reply.")]
MaxNumSeqs = Annotated[int | None, typer.Option(min=1, help="Sequences in a batch.")]
MaxQueued = Annotated[int, typer.Option(min=1, help="Requests held; beyond them it answers 503.")]
Lora = Annotated[
    list[str] | None, typer.Option(metavar="NAME=PATH", help="An adapter; may be repeated.")
]
MaxLoraRank = Annotated[int, typer.Option(min=1, help="The largest rank among the adapters.")]
Extra = Annotated[
    list[str] | None, typer.Argument(metavar="[-- FLAGS]", help="Passed to vllm as they are.")
]
Program = Annotated[Path | None, typer.Option(help="The vllm program. [default: beside us, PATH]")]
Lang = Annotated[Literal["en", "zh"] | None, typer.Option(help="Language of error messages.")]


@app.command("serve", help="Serve until Ctrl-C; when ready, say what to set.")
@app.command("flags", help="Print the command line, variables in front, to run it elsewhere.")
def serve_or_flags(
    context: typer.Context,
    *,
    model: Model,
    name: Name = "",
    host: Host = "127.0.0.1",
    port: Port = 8902,
    dtype: Dtype = "",
    max_logprobs: MaxLogprobs = 1000,
    max_model_len: MaxModelLen = None,
    max_num_seqs: MaxNumSeqs = None,
    max_queued: MaxQueued = 1024,
    lora: Lora = None,
    max_lora_rank: MaxLoraRank = 16,
    extra: Extra = None,
    program: Program = None,
    lang: Lang = None,
) -> None:
    """Both commands: they take the same options, so that one can be tried with the other."""
    speak(lang)
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
    """Variables that make recagent ask this server."""
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

"""The command line and the variables with which vLLM serves our ranking.

Pure: nothing is started and nothing is looked up but whether the model is a folder.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PORT = 8902  # vLLM's own default, 8000, is Chroma's too
MAX_LOGPROBS = 1000
MAX_QUEUED = 1024
# A small model may write white space until its tokens are spent; vLLM forbids it for a backend that
# is named, not for its default.
STRUCTURED = '{"backend": "xgrammar", "disable_any_whitespace": true}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What to serve, and where.

    Attributes:
        model: a folder, or a name of the model hub.
        name: under which requests ask for it; empty for the folder's name, or the hub's.
        host: address to listen on.
        port: of that address.
        dtype: of weights and activations; empty leaves it to vLLM.
        max_logprobs: the most log probabilities per token that a request may ask for.
        max_model_len: tokens of prompt and reply together; None for the model's own.
        max_num_seqs: sequences in a batch; None for vLLM's choice.
        max_queued: requests waiting and running, beyond which the server answers 503.
        lora: paths of adapters by the names under which requests ask for them.
        max_lora_rank: the largest rank among them.
        extra: flags for vLLM as they are; where one repeats ours, it wins.
    """

    model: str
    name: str = ""
    host: str = "127.0.0.1"
    port: int = PORT
    dtype: str = ""
    max_logprobs: int = MAX_LOGPROBS
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    max_queued: int = MAX_QUEUED
    lora: Mapping[str, str] = field(default_factory=dict[str, str])
    max_lora_rank: int = 16
    extra: tuple[str, ...] = ()

    @property
    def is_folder(self) -> bool:
        """Whether the model lies on this machine."""
        return Path(self.model).is_dir()

    @property
    def served_name(self) -> str:
        """The name that requests give."""
        return self.name or (Path(self.model).resolve().name if self.is_folder else self.model)

    @property
    def reached_at(self) -> str:
        """The host for clients on this machine: loopback where the server listens everywhere."""
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
        return everywhere.get(self.host, self.host)

    @property
    def base_url(self) -> str:
        """What a client on this machine sets as its base URL."""
        host = f"[{self.reached_at}]" if ":" in self.reached_at else self.reached_at
        return f"http://{host}:{self.port}/v1"


def command(launch: Launch, *, program: str = "vllm") -> list[str]:
    """The words of the command line.

    Source: ``vllm serve --help=all`` of 0.32.0.
    """
    words = [program, "serve", launch.model, "--served-model-name", launch.served_name]
    words += ["--host", launch.host, "--port", str(launch.port)]
    words += ["--max-logprobs", str(launch.max_logprobs)]
    words += ["--enable-prefix-caching", "--enable-prompt-tokens-details"]
    words += ["--max-num-queued-reqs", str(launch.max_queued)]
    words += ["--structured-outputs-config", STRUCTURED]
    if launch.dtype:
        words += ["--dtype", launch.dtype]
    if launch.max_model_len is not None:
        words += ["--max-model-len", str(launch.max_model_len)]
    if launch.max_num_seqs is not None:
        words += ["--max-num-seqs", str(launch.max_num_seqs)]
    if launch.lora:
        words += ["--enable-lora", "--max-lora-rank", str(launch.max_lora_rank)]
        words += ["--max-loras", str(len(launch.lora)), "--lora-modules"]
        words += [f"{name}={path}" for name, path in launch.lora.items()]
    return [*words, *launch.extra]


def environment(launch: Launch) -> dict[str, str]:
    """Variables to add: no usage statistics, and no model hub where the model is a folder."""
    variables = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    return variables | ({"HF_HUB_OFFLINE": "1"} if launch.is_folder else {})


def shell_line(launch: Launch, *, program: str = "vllm") -> str:
    """Variables and command as one line for a POSIX shell."""
    variables = " ".join(f"{name}={value}" for name, value in environment(launch).items())
    return f"{variables} {shlex.join(command(launch, program=program))}"

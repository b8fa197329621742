"""A LoRA adapter as peft writes it, to the one file that llama.cpp loads beside its weights.

Only of models with Llama's layers, which is what the embedded engine's weights are.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recagent.errors import DataError
from recagent.offline.optional_libraries import optional_library

if TYPE_CHECKING:
    from recagent.domain.arrays import Matrix


_KEY = re.compile(r"layers\.(\d+)\.(?:self_attn|mlp)\.(\w+)\.lora_([AB])\.weight$")
LAYERS = {
    "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
    "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down",
}  # fmt: skip


def write_gguf(folder: Path, *, heads: int, key_heads: int, to: Path) -> None:
    """Write what peft saved in a folder as one GGUF file, in half precision.

    Args:
        folder: with ``adapter_config.json`` and ``adapter_model.safetensors``.
        heads: of attention in the model that it was trained on.
        key_heads: of keys and values there.
        to: the file.

    Raises:
        ConfigError: a library of the extra ``tune`` is missing.
        DataError: the adapter changes a layer that llama.cpp's Llama does not have.

    Source: llama.cpp, ``src/llama-adapter.cpp`` (what it reads), ``convert_hf_to_gguf.py`` (the
    order of queries' and keys' rows).
    """
    gguf = optional_library("gguf", extra="tune")
    tensor_files = optional_library("safetensors.torch", extra="tune")
    config: dict[str, Any] = json.loads((folder / "adapter_config.json").read_text())
    tensors: dict[str, Any] = tensor_files.load_file(folder / "adapter_model.safetensors")
    writer = gguf.GGUFWriter(to, arch="llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(config["lora_alpha"]))
    for key, tensor in sorted(tensors.items()):
        match = _KEY.search(key)
        if match is None or match[2] not in LAYERS:
            raise DataError(
                "adapter tensor {tensor!r} does not belong to Llama's layers, so it cannot be "
                "written to a GGUF file",
                tensor=key,
            )
        layer, name, part = match.groups()
        rotated = {"q_proj": heads, "k_proj": key_heads}.get(name) if part == "B" else None
        rows: Matrix = tensor.float().numpy()
        rows = _rotated(rows, heads=rotated) if rotated else rows
        named = f"blk.{layer}.{LAYERS[name]}.weight.lora_{part.lower()}"
        writer.add_tensor(named, rows.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _rotated(rows: Matrix, *, heads: int) -> Matrix:
    """(out, r) rows in llama.cpp's order: of each head the two halves in turn, not one by one."""
    return rows.reshape(heads, 2, -1, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)

"""The blocks of ``retrieval.sequence_encoder`` in torch, for many people at once and with dropout.

Both compute the same: what is trained here is served there. Torch comes in as an argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recagent.retrieval.sequence_encoder import shapes

Tensors = Mapping[str, Any]

_SPREAD = 0.02  # of first weights


def first_weights(
    torch: Any, *, length: int, dimension: int, layers: int, heads: int, inner: int
) -> Tensors:
    """Returns random tensors that need gradients, by the names of ``SequenceWeights``."""
    sizes = shapes(length=length, d=dimension, e=layers, heads=heads, h=inner)
    w = {
        name: _SPREAD * torch.randn(shape)
        if name in ("places", "read", "write", "widen", "narrow")
        else torch.zeros(shape)
        for name, shape in sizes.items()
    }
    w["scale"][:] = float(dimension) ** 0.5  # numbers of about 1
    for name in ("norm", "inner_norm", "last_norm"):
        w[name][..., 0, :] = 1.0
    return {name: tensor.requires_grad_() for name, tensor in w.items()}


def encode_all(torch: Any, w: Tensors, *, vectors: Any, dropout: float) -> Any:
    """Returns (b, l, d) unit rows: after each item, a vector near to the next one's.

    Args:
        torch: the module.
        w: the fields of ``SequenceWeights`` by name.
        vectors: (b, l, d) unit rows, oldest first; what is behind a row's end changes nothing
            before it.
        dropout: share of numbers that is left out while training, in [0, 1).
    """
    f = torch.nn.functional
    b, length, d = vectors.shape
    heads = w["distances"].shape[1]
    x = f.dropout(vectors * w["scale"] + w["places"][:length], dropout)
    behind = torch.arange(length)[:, None] - torch.arange(length)
    unseen = torch.zeros(length, length).masked_fill(behind < 0, float("-inf"))
    for e in range(len(w["read"])):
        projected = _normed(f, x, w["norm"][e]) @ w["read"][e] + w["read_shift"][e]
        query, key, value = projected.view(b, length, 3, heads, d // heads).permute(2, 0, 3, 1, 4)
        bias = w["distances"][e][:, behind.clamp(min=0)] + unseen
        attended = f.scaled_dot_product_attention(query, key, value, attn_mask=bias[None])
        attended = attended.transpose(1, 2).reshape(b, length, d)
        x = x + f.dropout(attended @ w["write"][e] + w["write_shift"][e], dropout)
        inner = f.relu(_normed(f, x, w["inner_norm"][e]) @ w["widen"][e] + w["widen_shift"][e])
        inner = f.dropout(inner, dropout) @ w["narrow"][e] + w["narrow_shift"][e]
        x = x + f.dropout(inner, dropout)
    return f.normalize(_normed(f, x, w["last_norm"]), dim=-1)


def _normed(f: Any, x: Any, norm: Any) -> Any:
    return f.layer_norm(x, (x.shape[-1],), norm[0], norm[1])

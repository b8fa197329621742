"""A causal language model with a LoRA adapter that learns, in torch.

It sees tokens only; what they say is made in ``texts``, and when training ends is decided in
``tune``.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recagent.errors import ConfigError, DataError, ModelError
from recagent.tuning.texts import Text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

_WARM_UP = 20  # steps
_UNASKED = -100  # what torch passes over
_PLACE = re.compile(r"layers\.(\d+)\.\w+\.(\w+)\.lora_([AB])")
_STEP = 32  # tokens: kernels are made anew for every length, which takes longer than to use them
_LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraSettings:
    """How an adapter is trained; docs/tuning.md tells how the defaults were chosen.

    Attributes:
        rank: of the adapter's matrices.
        rate: largest step of Adam, which falls to zero over all epochs.
        batch: texts at a time.
        window: items of a text.
        left_out: share of items left out of a text.
        epochs: how often everybody's likes are read.
        threads: of torch; 0 for all cores.
        seed: of first weights and of all chance.
    """

    rank: int = 8
    rate: float = 1.5e-3
    batch: int = 8
    window: int = 24
    left_out: float = 0.1
    epochs: int = 3
    threads: int = 0
    seed: int = 0


class Learner:
    """Weights that stand, and an adapter that changes."""

    def __init__(self, base: Path, settings: LoraSettings) -> None:
        """Loads a model and puts an adapter on it that changes nothing yet.

        Args:
            base: a GGUF file, or a folder as transformers saves it.
            settings: of the adapter.

        Raises:
            ConfigError: a library of the extra ``tune`` is missing.
            ModelError: the weights cannot be read.
        """
        self._torch, transformers, peft = map(needed, ("torch", "transformers", "peft"))
        self._torch.set_num_threads(settings.threads or os.cpu_count() or 1)
        self._torch.manual_seed(settings.seed)
        self._rate = settings.rate
        place: dict[str, Any] = {"pretrained_model_name_or_path": base}
        how: dict[str, Any] = {"dtype": self._torch.bfloat16, "attn_implementation": "eager"}
        if base.is_file():
            needed("gguf")
            place = {"pretrained_model_name_or_path": base.parent, "gguf_file": base.name}
            how["quantization_config"] = transformers.GgufConfig(dequantize=True)
        try:
            self._words: Any = transformers.AutoTokenizer.from_pretrained(**place)
            model: Any = transformers.AutoModelForCausalLM.from_pretrained(**place, **how)
        except (OSError, ValueError) as error:
            raise ModelError(f"weights {str(base)!r} cannot be read: {error}") from error
        self.heads: int = model.config.num_attention_heads
        self.key_heads: int = model.config.num_key_value_heads
        lora = peft.LoraConfig(
            r=settings.rank,
            lora_alpha=2 * settings.rank,
            target_modules=list(_LAYERS),
            task_type="CAUSAL_LM",
        )
        # Adapter and activations in half precision are half again as fast on a CPU; what Adam
        # changes is kept whole beside them.
        self._tuned: Any = peft.get_peft_model(model, lora, autocast_adapter_dtype=False)
        self._model: Any = self._tuned.base_model.model
        self._changing = [each for _, each in self._named()]
        self._whole = [each.detach().float().clone() for each in self._changing]
        self._adam: Any = self._torch.optim.AdamW(self._whole, weight_decay=0.0)
        self._tokens: dict[str, tuple[int, ...]] = {}
        self._steps = 0

    def take(self, matrices: Mapping[str, Matrix]) -> None:
        """Go on from an adapter, as ``read_gguf`` gives it.

        Raises:
            DataError: it is of another rank, or of another model.
        """
        places = {
            f"{found[1]}.{found[2]}.{found[3]}": at
            for at, (name, _) in enumerate(self._named())
            if (found := _PLACE.search(name))
        }
        for key, at in places.items():
            given, own = matrices.get(key), self._whole[at]
            if given is None or given.shape != tuple(own.shape):
                raise DataError(f"adapter has no {key!r} of shape {tuple(own.shape)!r}")
            own.copy_(self._torch.from_numpy(given.copy()))
        with self._torch.no_grad():
            for own, whole in zip(self._changing, self._whole, strict=True):
                own.copy_(whole)

    def _named(self) -> list[tuple[str, Any]]:
        """What changes, by name."""
        return [pair for pair in self._tuned.named_parameters() if pair[1].requires_grad]

    def tokens(self, text: str) -> tuple[int, ...]:
        """Token ids of a text, without any that mark its start or end."""
        if text not in self._tokens:
            self._tokens[text] = tuple(self._words(text, add_special_tokens=False)["input_ids"])
        return self._tokens[text]

    def step(self, batch: Sequence[Text], *, steps: int) -> float:
        """Changes the adapter by a batch, of ``steps`` in all; its mean loss in nats a token."""
        torch = self._torch
        length = _padded(max(len(text.tokens) for text in batch))
        rows = torch.zeros(len(batch), length, dtype=torch.long)
        wanted = torch.full((len(batch), length), _UNASKED)
        for row, right, text in zip(rows, wanted, batch, strict=True):
            row[: len(text.tokens)] = torch.tensor(text.tokens)
            places = torch.tensor(text.learned)
            right[places - 1] = row[places]
        self._tuned.train()
        stream = self._model.model(input_ids=rows, use_cache=False).last_hidden_state
        logits = self._model.lm_head(stream).flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(logits, wanted.flatten(), ignore_index=_UNASKED)
        loss.backward()
        for own, whole in zip(self._changing, self._whole, strict=True):
            whole.grad, own.grad = own.grad.float(), None
        torch.nn.utils.clip_grad_norm_(self._whole, 1.0)
        self._steps += 1
        rising = min(1.0, self._steps / _WARM_UP)
        for group in self._adam.param_groups:
            group["lr"] = self._rate * rising * max(0.0, 1.0 - (self._steps - 1) / steps)
        self._adam.step()
        with torch.no_grad():
            for own, whole in zip(self._changing, self._whole, strict=True):
                own.copy_(whole)
        return float(loss.detach())

    def likelihoods(self, prefix: str, texts: Sequence[str]) -> tuple[float, ...]:
        """Log probability of each text after the prefix, in nats; all are read in one go.

        Every text sees the prefix and itself, and stands right behind the prefix.
        """
        torch = self._torch
        before, after = self.tokens(prefix), [self.tokens(text) for text in texts]
        ends = np.cumsum([len(before), *map(len, after)]).tolist()
        start, length = ends[0], _padded(ends[-1])
        seen = torch.full((length, length), -math.inf)
        seen[:, :start] = 0.0
        tokens, places = torch.zeros(1, length, dtype=torch.long), torch.arange(length)[None]
        tokens[0, : ends[-1]] = torch.tensor([*before, *(token for own in after for token in own)])
        asked: list[int] = []
        for first, last in pairwise(ends):
            seen[first:last, first:last] = 0.0
            places[0, first:last] -= first - start
            asked += [start - 1, *range(first, last - 1)]
        seen.masked_fill_(torch.ones(length, length, dtype=torch.bool).triu(1), -math.inf)
        self._tuned.eval()
        with torch.no_grad():
            stream = self._model.model(
                input_ids=tokens,
                position_ids=places,
                attention_mask=seen.to(torch.bfloat16)[None, None],
                use_cache=False,
            ).last_hidden_state[0]
            reading = torch.zeros(_padded(len(asked)), stream.shape[1], dtype=stream.dtype)
            reading[: len(asked)] = stream[asked]
            logs = self._model.lm_head(reading).float().log_softmax(dim=-1)
            said = logs[range(len(asked)), tokens[0, start : ends[-1]]].tolist()
        return tuple(sum(said[first - start : last - start]) for first, last in pairwise(ends))

    def save(self, folder: Path) -> None:
        """Write the adapter as peft does, in half precision."""
        self._tuned.save_pretrained(folder, save_embedding_layers=False)


def _padded(length: int) -> int:
    return -(-length // _STEP) * _STEP


def needed(module: str) -> Any:
    """A module of the extra.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(f"{module!r} is missing: pip install 'recagent[tune]'") from error

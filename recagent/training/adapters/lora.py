"""A causal language model with a LoRA adapter that learns, in torch.

It sees tokens only; what they say is made in ``training_texts``, and ``tune`` decides when
training ends.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recagent.errors import ModelError
from recagent.offline.optional_libraries import optional_library
from recagent.training.adapters.token_trees import Branch, BranchReading, TokenRow, token_row
from recagent.training.adapters.training_texts import TrainingText

_WARM_UP = 20  # steps
_IGNORED = -100  # what torch passes over
_STEP = 32  # tokens: kernels are made anew for every length, which takes longer than to use them
_LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraSettings:
    """How an adapter is trained; docs/research/tuning.md tells how the defaults were chosen.

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
        self._torch, transformers, peft = (
            optional_library(name, extra="tune") for name in ("torch", "transformers", "peft")
        )
        self._torch.set_num_threads(settings.threads or os.cpu_count() or 1)
        self._torch.manual_seed(settings.seed)
        self._rate = settings.rate
        location: dict[str, Any] = {"pretrained_model_name_or_path": base}
        options: dict[str, Any] = {"dtype": self._torch.bfloat16, "attn_implementation": "eager"}
        if base.is_file():
            optional_library("gguf", extra="tune")
            location = {"pretrained_model_name_or_path": base.parent, "gguf_file": base.name}
            options["quantization_config"] = transformers.GgufConfig(dequantize=True)
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(**location)
            model: Any = transformers.AutoModelForCausalLM.from_pretrained(**location, **options)
        except (OSError, ValueError) as error:
            raise ModelError(
                "cannot read weights {path!r}: {error}", path=str(base), error=error
            ) from error
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

    def _named(self) -> list[tuple[str, Any]]:
        """Returns what changes, by name."""
        return [pair for pair in self._tuned.named_parameters() if pair[1].requires_grad]

    def tokens(self, text: str) -> tuple[int, ...]:
        """Returns the token ids of a text, without any that mark its start or end."""
        if text not in self._tokens:
            self._tokens[text] = tuple(self._tokenizer(text, add_special_tokens=False)["input_ids"])
        return self._tokens[text]

    def step(self, batch: Sequence[TrainingText], *, steps: int) -> float:
        """Changes the adapter by a batch, of ``steps`` in all; returns its loss in nats a token."""
        torch = self._torch
        length = _padded(max(len(text.tokens) for text in batch))
        rows = torch.zeros(len(batch), length, dtype=torch.long)
        wanted = torch.full((len(batch), length), _IGNORED)
        for left, right, text in zip(rows, wanted, batch, strict=True):
            left[: len(text.tokens)] = torch.tensor(text.tokens)
            places = torch.tensor(text.learned)
            right[places - 1] = left[places]
        self._tuned.train()
        stream = self._model.model(input_ids=rows, use_cache=False).last_hidden_state
        logits = self._model.lm_head(stream).flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(logits, wanted.flatten(), ignore_index=_IGNORED)
        return self._change(loss, steps=steps)

    def _change(self, loss: Any, *, steps: int) -> float:
        """Takes one step of Adam down the loss; returns what the loss was."""
        torch = self._torch
        loss.backward()
        for weight, precise_weight in zip(self._changing, self._whole, strict=True):
            precise_weight.grad, weight.grad = weight.grad.float(), None
        torch.nn.utils.clip_grad_norm_(self._whole, 1.0)
        self._steps += 1
        rising = min(1.0, self._steps / _WARM_UP)
        for group in self._adam.param_groups:
            group["lr"] = self._rate * rising * max(0.0, 1.0 - (self._steps - 1) / steps)
        self._adam.step()
        with torch.no_grad():
            for weight, precise_weight in zip(self._changing, self._whole, strict=True):
                weight.copy_(precise_weight)
        return float(loss.detach())

    def likelihoods(self, prefix: str, texts: Sequence[str]) -> tuple[float, ...]:
        """Returns the log probability of each text after the prefix, in nats, read in one pass.

        Every text sees the prefix and itself, and stands right behind the prefix.
        """
        before = self.tokens(prefix)
        row = token_row(
            before, [Branch(at=len(before), tokens=self.tokens(text)) for text in texts]
        )
        self._tuned.eval()
        with self._torch.no_grad():
            return tuple(self._log_probabilities([row], [row.readings]).tolist())

    def _log_probabilities(
        self, rows: Sequence[TokenRow], readings: Sequence[Sequence[BranchReading]]
    ) -> Any:
        """Returns the (readings,) log probability of each reading of each row, in nats."""
        torch = self._torch
        length = _padded(max(len(row.tokens) for row in rows))
        tokens = torch.zeros(len(rows), length, dtype=torch.long)
        position_ids = torch.arange(length).repeat(len(rows), 1)
        mask = torch.eye(length, dtype=torch.bool).repeat(len(rows), 1, 1)  # padding sees itself
        for number, row in enumerate(rows):
            size = len(row.tokens)
            tokens[number, :size] = torch.from_numpy(row.tokens)
            position_ids[number, :size] = torch.from_numpy(row.position_ids)
            mask[number, :size, :size] = torch.from_numpy(row.mask)
        unseen = torch.full(mask.shape, -torch.inf, dtype=torch.bfloat16).masked_fill(mask, 0.0)
        stream = self._model.model(
            input_ids=tokens,
            position_ids=position_ids,
            attention_mask=unseen[:, None],
            use_cache=False,
        ).last_hidden_state.flatten(0, 1)
        placed = [(row * length, one) for row, group in enumerate(readings) for one in group]
        positions = torch.tensor([first + at for first, one in placed for at in one.read])
        targets = torch.tensor([token for _, one in placed for token in one.tokens])
        owners = torch.tensor([row for row, (_, one) in enumerate(placed) for _ in one.tokens])
        states = torch.zeros(_padded(len(positions)), stream.shape[1], dtype=stream.dtype)
        states[: len(positions)] = stream[positions]
        logits = self._model.lm_head(states)[: len(positions)].float()
        cross_entropy = torch.nn.functional.cross_entropy
        log_probabilities = -cross_entropy(logits, targets, reduction="none")
        return torch.zeros(len(placed)).index_add(0, owners, log_probabilities)

    def save(self, folder: Path) -> None:
        """Writes the adapter as peft does, in half precision."""
        self._tuned.save_pretrained(folder, save_embedding_layers=False)


def _padded(length: int) -> int:
    return -(-length // _STEP) * _STEP

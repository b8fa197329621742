"""GGUF weights as a folder that vLLM serves, and a LoRA adapter with random weights beside it.

Runs in vLLM's environment, with the paths of the weights, the folder and the adapter; it trains
nothing.
"""

import sys
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

weights, folder, adapter = map(Path, sys.argv[1:])
source = {"pretrained_model_name_or_path": weights.parent, "gguf_file": weights.name}
model = AutoModelForCausalLM.from_pretrained(
    **source, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
)
model.save_pretrained(folder)
AutoTokenizer.from_pretrained(**source).save_pretrained(folder)

torch.manual_seed(0)
tuned = get_peft_model(
    AutoModelForCausalLM.from_pretrained(folder),
    LoraConfig(
        r=8,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
        init_lora_weights=False,  # random, so that its answers are not the model's
        task_type="CAUSAL_LM",
    ),
)
tuned.save_pretrained(adapter)

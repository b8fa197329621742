"""LoRA: a language model tuned on what people liked, in the wording that ranks them.

Torch, transformers and peft (the extra ``tune``) are loaded when they are used; serving what was
tuned needs none of them.
"""

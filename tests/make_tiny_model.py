"""Run by vLLM's own Python: makes a tiny model with random weights and a tokenizer that is trained on the spot.

    python make_tiny_model.py llama|gpt2 FOLDER

The same model each time. Two heads of dimension 32: vLLM's CPU build can't compute smaller ones.
"""

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

VOCABULARY = 512  # at most
LENGTH = 4096
END, BEGIN, USER, ASSISTANT = SPECIAL = ("<|end|>", "<|begin|>", "<|user|>", "<|assistant|>")
TEXTS = (
    "Why is the sky blue? Because the air scatters short waves of light more than long ones.",
    "List three fruits: apples, pears and plums. Write a poem about the sea, in four lines.",
    "def add(a, b):\n    return a + b\n\nfor number in range(10):\n    print(add(number, 1))",
    "Translate into German: Good morning. Guten Morgen. What is 12 times 12? It is 144.",
)
CHAT = (
    "<|begin|>{% for message in messages %}"
    "{{ '<|assistant|>' if message['role'] == 'assistant' else '<|user|>' }}{{ message['content'] }}<|end|>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE: every text can be written with it."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(TEXTS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token=BEGIN,
        eos_token=END,
        pad_token=END,
        additional_special_tokens=[USER, ASSISTANT],
        chat_template=CHAT,
        model_max_length=LENGTH,
    )


def model(kind: str, numbers: dict[str, int]) -> LlamaForCausalLM | GPT2LMHeadModel:
    """Random weights, the same ones each time."""
    torch.manual_seed(20230525)
    if kind == "gpt2":
        return GPT2LMHeadModel(GPT2Config(n_positions=LENGTH, n_embd=64, n_layer=2, n_head=2, **numbers))
    return LlamaForCausalLM(
        LlamaConfig(
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=LENGTH,
            tie_word_embeddings=False,
            **numbers,
        )
    )


kind, folder = sys.argv[1], Path(sys.argv[2])
words = tokenizer()
words.save_pretrained(folder)
# As many tokens as the tokenizer has: a token that it lacks could be drawn, and not be written.
numbers = {"vocab_size": len(words), "bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id}
made = model(kind, numbers)
made.save_pretrained(folder, safe_serialization=True)

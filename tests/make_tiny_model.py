"""Run by vLLM's own Python: makes a tiny model with random weights and a tokenizer that is trained on the spot.

    python make_tiny_model.py llama|gpt2 FOLDER [TAUGHT]

The same model each time. Two heads of dimension 32: vLLM's CPU build can't compute smaller ones. TAUGHT: a file with
[question, answer] as JSON on each line; the model is trained until it answers such questions in such a way, a minute.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

VOCABULARY = 512  # at most
LENGTH = 4096
STEPS, AT_ONCE, RATE = 500, 8, 4e-3  # of teaching
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


def tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
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
    made.train_from_iterator(texts, trainer)
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


def written(words: PreTrainedTokenizerFast, question: str, answer: str) -> tuple[list[int], int]:
    """A dialogue's tokens, and how many of them come before the answer."""
    asked = words.encode(f"{BEGIN}{USER}{question}{END}{ASSISTANT}", add_special_tokens=False)
    return asked + words.encode(f"{answer}{END}", add_special_tokens=False), len(asked)


def teach(learner: LlamaForCausalLM | GPT2LMHeadModel, words: PreTrainedTokenizerFast, pairs: list[list[str]]) -> None:
    """Train on the answers alone, AT_ONCE dialogues a step."""
    dialogues = [written(words, question, answer) for question, answer in pairs]
    optimizer = torch.optim.AdamW(learner.parameters(), lr=RATE, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    learner.train()
    for step in range(STEPS):
        batch = [dialogues[(step * AT_ONCE + place) % len(dialogues)] for place in range(AT_ONCE)]
        longest = max(len(tokens) for tokens, _ in batch)
        inputs = torch.full((AT_ONCE, longest), words.pad_token_id)
        labels = torch.full((AT_ONCE, longest), -100)
        for row, (tokens, asked) in enumerate(batch):
            inputs[row, : len(tokens)] = torch.tensor(tokens)
            labels[row, asked : len(tokens)] = torch.tensor(tokens[asked:])
        logits = learner(inputs).logits[:, :-1]
        loss = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    learner.eval()


kind, folder = sys.argv[1], Path(sys.argv[2])
pairs = [json.loads(line) for line in Path(sys.argv[3]).read_text("utf-8").splitlines()] if len(sys.argv) > 3 else []
words = tokenizer([*TEXTS, *(text for pair in pairs for text in pair)])
words.save_pretrained(folder)
# As many tokens as the tokenizer has: a token that it lacks could be drawn, and not be written.
numbers = {"vocab_size": len(words), "bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id}
made = model(kind, numbers)
if pairs:
    teach(made, words, pairs)
made.save_pretrained(folder, safe_serialization=True)

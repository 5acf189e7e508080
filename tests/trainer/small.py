"""Small models with weights drawn on the spot, the same each time; their heads of 32 dimensions suit vLLM on CPUs."""

import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedModel

VOCABULARY = 300
POSITIONS = 128


def model(
    kind: str, *, vocabulary: int = VOCABULARY, positions: int = POSITIONS, dropout: float = 0.0
) -> PreTrainedModel:
    """A tiny llama, with fewer heads for keys than for queries, or a tiny gpt2, whose head is its embeddings."""
    torch.manual_seed(20230525)
    if kind == "gpt2":
        return GPT2LMHeadModel(
            GPT2Config(
                vocab_size=vocabulary, n_positions=positions, n_embd=64, n_layer=2, n_head=2,
                bos_token_id=0, eos_token_id=0,
                resid_pdrop=dropout, embd_pdrop=dropout, attn_pdrop=dropout,
            )
        )  # fmt: skip
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary, hidden_size=64, intermediate_size=112, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=1, max_position_embeddings=positions, attention_dropout=dropout,
            tie_word_embeddings=False,
        )
    )  # fmt: skip

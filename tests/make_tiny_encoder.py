"""Run by vLLM's own Python: makes a tiny embedding model, and prints the embeddings that transformers gives with it.

    python make_tiny_encoder.py FOLDER TEXTS

A BERT with random weights, the same each time, laid out as sentence-transformers does: mean of the last states, at
length 1. TEXTS: a file with a JSON string on each line; the vectors come as JSON. Words weigh more in it than places
and layers do, so that texts of other words are far apart: else all are near to all in a model that learnt nothing.
Two heads of dimension 32: vLLM's CPU build can't compute smaller ones.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

LENGTH = 128  # tokens
WORDS_WEIGH = 10.0
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'"
LAYOUT = "sentence_transformers.models"


def tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """Pieces of words in lower case, between [CLS] and [SEP]."""
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=512, special_tokens=list(SPECIAL), initial_alphabet=list(LETTERS), show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    ends = [(token, made.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=LENGTH, **names)


def model(words: int) -> BertModel:
    torch.manual_seed(20230525)
    shape = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    made = BertModel(
        BertConfig(vocab_size=words, max_position_embeddings=LENGTH, **shape), add_pooling_layer=False
    ).eval()
    with torch.no_grad():
        made.embeddings.word_embeddings.weight.mul_(WORDS_WEIGH)
        made.embeddings.token_type_embeddings.weight.zero_()
    return made


def laid_out(folder: Path) -> None:
    """What tells a server how states become one vector."""
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    rows = [
        {"idx": place, "name": str(place), "path": path, "type": f"{LAYOUT}.{kind}"}
        for place, (path, kind) in enumerate(modules)
    ]
    (folder / "modules.json").write_text(json.dumps(rows), "utf-8")
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 64, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling), "utf-8")


def embedded(encoder: BertModel, words: PreTrainedTokenizerFast, text: str) -> list[float]:
    given = words([text], return_tensors="pt", return_token_type_ids=False)
    with torch.no_grad():
        states = encoder(**given).last_hidden_state[0]
    return F.normalize(states.mean(dim=0), dim=0).tolist()


folder = Path(sys.argv[1])
texts = [json.loads(line) for line in Path(sys.argv[2]).read_text("utf-8").splitlines()]
words = tokenizer(texts)
words.save_pretrained(folder)
encoder = model(len(words))
encoder.save_pretrained(folder, safe_serialization=True)
laid_out(folder)
sys.stdout.write(json.dumps([embedded(encoder, words, text) for text in texts]))

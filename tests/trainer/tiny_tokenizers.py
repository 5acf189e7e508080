"""Tiny tokenizers of the two families, trained on the spot; and others that are hard to fit."""

import json
from functools import cache
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, GPT2TokenizerFast, LlamaTokenizerFast, PreTrainedTokenizerFast

TEXTS = (
    *["BEGINNING OF CONVERSATION: USER: Hi GPT: Hello USER: Why is the sky blue? GPT: Because of the air. USER:"] * 4,
    "def add(a, b):\n    return a + b\n\nfor number in range(10):\n    print(add(number, 1))",
    "Why is 7 odd? 2 does not divide it.\n\nList two: 3\n\n5",
)
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
LLAMA2 = (
    "{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + message['content'] | trim + ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'] | trim + ' ' + eos_token }}{% endif %}{% endfor %}"
)


@cache
def pieces(kind: str, texts: tuple[str, ...] = (), size: int = 0) -> tuple[str, str]:
    """(vocabulary, merges) as JSON. texts: to learn from as well; size: tokens at most, 0 for what TEXTS come to."""
    llama = kind == "llama"
    made = Tokenizer(models.BPE(unk_token="<unk>" if llama else None, byte_fallback=llama, fuse_unk=llama))
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))] if llama else ["<|endoftext|>"]
    by_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always") if llama else by_bytes
    alphabet = [] if llama else pre_tokenizers.ByteLevel.alphabet()
    most = size or (460 if llama else 400)
    made.train_from_iterator(
        (*TEXTS, *texts),
        trainers.BpeTrainer(vocab_size=most, special_tokens=special, initial_alphabet=alphabet, show_progress=False),
    )
    model = json.loads(made.to_str())["model"]
    return json.dumps(model["vocab"]), json.dumps(model["merges"])


def parts(kind: str, texts: tuple[str, ...] = (), size: int = 0) -> tuple[dict[str, int], list[tuple[str, str]]]:
    vocabulary, merges = pieces(kind, texts, size)
    return json.loads(vocabulary), [(one, other) for one, other in json.loads(merges)]


def gpt2(texts: tuple[str, ...] = (), size: int = 0, **options: object) -> GPT2TokenizerFast:
    """Byte-level BPE; one token is BOS and EOS."""
    vocabulary, merges = parts("gpt2", texts, size)
    return GPT2TokenizerFast(vocab=vocabulary, merges=merges, **options)


def llama(texts: tuple[str, ...] = (), size: int = 0, **options: object) -> LlamaTokenizerFast:
    """SentencePiece's kind of BPE, with a dummy prefix and bytes for what it does not know."""
    vocabulary, merges = parts("llama", texts, size)
    return LlamaTokenizerFast(vocab=vocabulary, merges=merges, **options)


def llama_of_old() -> PreTrainedTokenizerFast:
    """LLaMA as its first tokenizer.json said it: a normalizer sets the dummy prefix, before every piece."""
    vocabulary, merges = parts("llama")
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    made.add_special_tokens([AddedToken(token, normalized=False) for token in ("<unk>", "<s>", "</s>")])
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def llama3() -> PreTrainedTokenizerFast:
    """LLaMA 3's kind of byte-level BPE: words with what is before them, line breaks with what is before those."""
    vocabulary, merges = parts("gpt2")
    words = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=True))
    by_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(words), "isolated"), by_bytes])
    made.decoder = decoders.ByteLevel()
    begin, end = "<|begin_of_text|>", "<|end_of_text|>"
    made.add_special_tokens([AddedToken(token, normalized=False) for token in (begin, end)])
    made.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A", special_tokens=[(begin, made.token_to_id(begin))]
    )
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token=begin, eos_token=end)


def unigram() -> PreTrainedTokenizerFast:
    """SentencePiece's other kind, whose special tokens are among its pieces."""
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    made.decoder = decoders.Metaspace(prepend_scheme="first")
    special = ["<unk>", "<s>", "</s>"]
    made.train_from_iterator(
        TEXTS,
        trainers.UnigramTrainer(
            vocab_size=150,
            special_tokens=special,
            unk_token="<unk>",
            initial_alphabet=["<", ">", "/", "|", "_", "\N{REPLACEMENT CHARACTER}"],
            show_progress=False,
        ),
    )
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def saved(tokenizer: PreTrainedTokenizerFast, folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer as a run finds it: written to a folder and loaded by whatever class its config names."""
    tokenizer.save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def with_chatml(tokenizer: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
    """ChatML: two special tokens more, and a line break after what ends a turn."""
    tokenizer.add_tokens(
        [AddedToken(token, special=True, normalized=False) for token in ("<|im_start|>", "<|im_end|>")]
    )
    tokenizer.chat_template = CHATML
    return tokenizer

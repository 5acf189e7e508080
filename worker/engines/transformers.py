"""A small model in this process, with no server: Hugging Face transformers. Imported only when this engine is chosen.

One request at a time: torch computes it with all cores. On one machine the same request has the same answer, be it
greedy or with a seed; with other cores or a GPU the last bits may differ, and a draw with them.
"""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from threading import Lock

import torch
import transformers

from backend.domain.asking import EngineKind, Reply, Request
from backend.domain.records import Json
from worker.engines import checkpoints
from worker.engines.answers import added
from worker.engines.echo import until_stop
from worker.engines.protocol import Hopeless, Identity, Unusable

HALF = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Made:
    """The tokens of an answer, and at each place the likeliest tokens with their logarithms."""

    tokens: list[int]
    likely: list[list[tuple[int, float]]]


class TransformersEngine:
    """A model from a folder, or by its name on the hub. revision: a commit there, a branch or a tag."""

    def __init__(self, model: str, *, revision: str = "") -> None:
        self.model_name, self.revision, self.lock = model, revision, Lock()
        named = {"revision": revision} if revision else {}
        try:
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(model, **named)
            self.model = transformers.AutoModelForCausalLM.from_pretrained(model, **named)
        except (OSError, ValueError) as error:
            said = " ".join(str(error).split())[:300]
            raise Unusable(f"transformers can load no model {model!r}; check its name or folder. {said}") from error
        self.model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        self.ends = frozenset(ends_of(self.model.generation_config.eos_token_id, self.tokenizer.eos_token_id))

    def ask(self, request: Request) -> Reply:
        """The answer. Raises Hopeless where this model can't be asked so."""
        if request.sampling.presence_penalty:
            raise Unusable("The engine transformers knows no presence penalty; choose another engine, or none.")
        asked = self.encoded(request)
        with self.lock, torch.random.fork_rng(), torch.inference_mode():
            if request.seed is not None:
                torch.manual_seed(request.seed)
            made = self.generated(asked, request)
        return self.reply(request, len(asked), made)

    def identity(self) -> Identity:
        """The library's version, and the commit that the hub gave, or what tells a folder's weights from others."""
        folder = Path(self.model_name)
        commit = getattr(self.model.config, "_commit_hash", None)
        revision = checkpoints.fingerprint(folder) if folder.is_dir() else str(commit or self.revision)
        return Identity(EngineKind.TRANSFORMERS, version("transformers"), revision, "")

    def close(self) -> None:
        """Let the model's memory go."""
        with self.lock:
            self.model = None

    def encoded(self, request: Request) -> list[int]:
        """The question's tokens, by the model's own chat template where it is a chat."""
        if request.turns and not self.tokenizer.chat_template:
            raise Unusable(f"{self.model_name} has no chat template; choose a template for its prompts, such as plain.")
        text = request.text or ""
        if request.turns:
            turns = [{"role": turn.role, "content": turn.text} for turn in request.turns]
            text = str(self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
        # a chat template writes the tokens that begin a text itself
        tokens = [int(one) for one in self.tokenizer.encode(text, add_special_tokens=not request.turns)]
        longest = getattr(self.model.config, "max_position_embeddings", None)
        if longest is not None and len(tokens) + request.sampling.max_tokens > longest:
            raise Hopeless(
                f"The prompt has {len(tokens)} tokens and max_tokens is {request.sampling.max_tokens}; together that is"
                f" more than {longest}, all that {self.model_name} can read. Lower max_tokens."
            )
        if not tokens:
            raise Hopeless(f"The prompt has no token for {self.model_name}; an empty text can't be continued.")
        return tokens

    def generated(self, asked: list[int], request: Request) -> Made:
        given = torch.tensor([asked], device=self.model.device)
        made = self.model.generate(
            given,
            attention_mask=torch.ones_like(given),
            generation_config=self.drawing(request),
            **({"tokenizer": self.tokenizer} if request.sampling.stop else {}),
        )
        tokens = [int(one) for one in made.sequences[0, len(asked) :]]
        return Made(tokens, [likeliest(logits[0], request.logprobs) for logits in made.logits or ()])

    def drawing(self, request: Request) -> transformers.GenerationConfig:
        """Only what was asked for: the settings that come with a model, such as a top k, would be drawn by unseen."""
        sampling = request.sampling
        drawn: dict[str, Json] = {}
        if sampling.temperature > 0:
            drawn = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
        return transformers.GenerationConfig(
            do_sample=sampling.temperature > 0,
            max_new_tokens=sampling.max_tokens,
            eos_token_id=sorted(self.ends) or None,
            pad_token_id=self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else 0,
            stop_strings=list(sampling.stop) or None,
            return_dict_in_generate=True,
            output_logits=request.logprobs > 0,
            **drawn,
        )

    def reply(self, request: Request, prompt_tokens: int, made: Made) -> Reply:
        written, is_stopped = until_stop(self.words(made.tokens), request.sampling.stop)
        is_over = is_stopped or bool(self.ends.intersection(made.tokens[-1:]))
        return Reply(
            text=written if is_over else written.rstrip(HALF),  # the limit may cut a letter of several tokens in two
            finish="stop" if is_over else "length",
            model=self.model_name,
            prompt_tokens=prompt_tokens,
            completion_tokens=len(made.tokens),
            logprobs=tuple(
                added((self.words([token], all_of_them=True), one) for token, one in place) for place in made.likely
            ),
        )

    def words(self, tokens: list[int], *, all_of_them: bool = False) -> str:
        """The tokens as text; without those that are marks unless all of them are wanted."""
        return str(self.tokenizer.decode(tokens, skip_special_tokens=not all_of_them))


def ends_of(*given: int | list[int] | None) -> list[int]:
    """The tokens that end an answer, of a model's settings and of its tokenizer."""
    listed = ([one] if isinstance(one, int) else one for one in given if one is not None)
    return [token for tokens in listed for token in tokens]


def likeliest(logits: torch.Tensor, number: int) -> list[tuple[int, float]]:
    """The likeliest tokens before temperature and top p, with natural logarithms of their probabilities."""
    found = torch.log_softmax(logits.float(), dim=-1).topk(min(number, logits.shape[-1]))
    return [(int(token), float(one)) for token, one in zip(found.indices, found.values, strict=True)]

"""Any server that speaks OpenAI's interface: chats and completions, over pooled connections. Asks each thing once.

The key is of this address alone: it is sent to no other one, so redirects are refused, and it is never stored, logged
or shown. Patience is another module's business.
"""

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import httpx2
from pydantic import SecretStr

from backend.domain.asking import EngineKind, Reply, Request
from backend.domain.records import Json
from backend.errors import Invalid
from worker.engines import answers, refusals
from worker.engines.protocol import Identity, Transient, Unusable

LARGEST = 16 * 2**20  # bytes of one answer: a hundred thousand tokens with twenty logprobs each
KEEP_SECONDS = 2.0  # an idle connection; vLLM closes one after five, and a question sent at that moment is lost
NEAR = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came back. The body is not shown: it may repeat the key."""

    status: int
    headers: httpx2.Headers
    body: bytes = field(repr=False)


class Bearer(httpx2.Auth):
    """The key, put into a request on its way: it is in no variable of ours that a traceback with locals could show."""

    def __init__(self, key: SecretStr) -> None:
        self.key = key

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers["Authorization"] = f"Bearer {self.key.get_secret_value()}"
        yield request


class OpenAIEngine:
    """One model at one address (…/v1). timeout: seconds for a whole answer. connections: how many at a time.

    revision: what is known of the model by whoever started the server; else what the server itself says.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        kind: EngineKind = EngineKind.OPENAI,
        key: SecretStr | None = None,
        revision: str = "",
        timeout: float = 600,
        connections: int = 64,
        largest: int = LARGEST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url, self.model, self.kind, self.key = address(url), model, kind, key
        self.revision, self.timeout, self.largest, self.clock = revision, timeout, largest, clock
        near = urlsplit(self.url).hostname in NEAR
        if key and not near and not self.url.startswith("https:"):
            raise Unusable(f"The key would go to {self.url} for everybody to read; use https.")
        self.client = httpx2.Client(
            timeout=httpx2.Timeout(timeout, connect=min(timeout, 20)),
            limits=httpx2.Limits(max_connections=connections, keepalive_expiry=KEEP_SECONDS),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            trust_env=not near,  # a proxy is for what is far away
        )
        self.length_name = "max_tokens"
        self.words: dict[str, str] = {}
        self.words_lock = threading.Lock()

    def ask(self, request: Request) -> Reply:
        """The answer. Raises Transient, Hopeless or Unusable."""
        path = "/completions" if request.turns == () else "/chat/completions"
        exchange = self.post(path, request)
        if exchange.status == 400 and self.wants_other_name(exchange.body):
            exchange = self.post(path, request)
        self.check(exchange)
        if path == "/chat/completions":
            return answers.chat_reply(exchange.body)
        return self.in_words(answers.completion_reply(exchange.body))

    def identity(self) -> Identity:
        """The server's version where it tells one as vLLM does, and what it has loaded under the model's name."""
        version = self.exchange("GET", f"{self.root}/version", with_key=False)
        cards = self.exchange("GET", f"{self.url}/models")
        if cards.status in {401, 403}:
            self.check(cards)
        return Identity(
            self.kind,
            answers.read(answers.Version, version.body).version if is_json(version) else "",
            self.revision or (self.loaded(cards.body) if is_json(cards) else ""),
            self.url,
        )

    def close(self) -> None:
        """Close every connection."""
        self.client.close()

    @property
    def root(self) -> str:
        """The address without the interface's version: vLLM's own paths are there."""
        return self.url.removesuffix("/v1")

    def loaded(self, raw: bytes) -> str:
        """What stands behind the model's name; on a server of ours, which weights, for a folder may be trained anew."""
        cards = answers.read(answers.Cards, raw).data
        root = next((card.root or "" for card in cards if card.id == self.model), "")
        own = [card.id.removeprefix(answers.OWN) for card in cards if card.id.startswith(answers.OWN)]
        return ", ".join([root, *(name.rpartition("-")[0] for name in own)]) if root else ""

    def post(self, path: str, request: Request) -> Exchange:
        body = question(request, length_name=self.length_name, with_token_ids=self.kind is EngineKind.VLLM)
        return self.exchange("POST", f"{self.url}{path}", body)

    def wants_other_name(self, raw: bytes) -> bool:
        """Whether it calls the limit of tokens otherwise, as OpenAI's models that think do; from now on we do, too."""
        if self.length_name == "max_completion_tokens" or "max_completion_tokens" not in answers.complaint(raw)[0]:
            return False
        self.length_name = "max_completion_tokens"
        return True

    def check(self, exchange: Exchange) -> None:
        """Raise what this answer means, unless it is a good one."""
        if exchange.status != 200:
            raise refusals.meaning(exchange.status, exchange.headers, exchange.body, url=self.url, key=self.key)

    def in_words(self, reply: Reply) -> Reply:
        """Tokens by their words where vLLM named them by id: it drops all but one of those that read alike."""
        named = tuple(
            answers.added((self.word(token), logprob) for token, logprob in place.items()) for place in reply.logprobs
        )
        return replace(reply, logprobs=named)

    def word(self, token: str) -> str:
        if not token.startswith(answers.TOKEN_ID):
            return token
        with self.words_lock:
            known = self.words.get(token)
        if known is None:
            asked: Json = {"model": self.model, "tokens": [int(token.removeprefix(answers.TOKEN_ID))]}
            exchange = self.exchange("POST", f"{self.root}/detokenize", asked)
            self.check(exchange)
            known = answers.read(answers.Detokenized, exchange.body).prompt
            with self.words_lock:
                self.words[token] = known
        return known

    def exchange(self, method: str, url: str, body: Json = None, *, with_key: bool = True) -> Exchange:
        """Ask once. Raises Transient where nothing came back, or too much, or too slowly.

        Without the library's own error: its frames hold the request, with the key in it.
        """
        bearer = Bearer(self.key) if self.key and with_key else None
        ends = self.clock() + self.timeout
        try:
            with self.client.stream(method, url, json=body, auth=bearer) as response:
                return Exchange(response.status_code, response.headers, self.whole(response, ends))
        except httpx2.TimeoutException:
            raise self.too_slow() from None
        except httpx2.RequestError as error:
            what = f"The connection to {self.url} failed ({type(error).__name__})"
            raise Transient(f"{what}; see that the server runs and can be reached from here.") from None

    def whole(self, response: httpx2.Response, ends: float) -> bytes:
        """The body. A server that sends a byte a minute would otherwise be waited for without end."""
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > self.largest:
                raise Transient(f"{self.url} sent more than {self.largest:,} bytes as one answer; lower max_tokens.")
            if self.clock() > ends:
                raise self.too_slow()
        return bytes(body)

    def too_slow(self) -> Transient:
        return Transient(
            f"{self.url} did not answer within {self.timeout:g} seconds; lower the concurrency or max_tokens, or allow"
            " more time in ASSAY_ENGINE_TIMEOUT."
        )


def address(url: str) -> str:
    """The address as it is compared and stored. Raises Invalid for one that is none, or that holds a secret."""
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:
        raise Invalid("The engine's address can't be read; write it as https://host/v1.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Invalid(f"The engine's address is {url!r}; write it as https://host/v1.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Invalid(f"The engine's address at {parts.hostname} holds more than host and path; keys are settings.")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def is_json(exchange: Exchange) -> bool:
    """Whether a thing that not every server offers was offered."""
    return exchange.status == 200 and exchange.headers.get("Content-Type", "").startswith("application/json")


def question(request: Request, *, length_name: str, with_token_ids: bool) -> Json:
    """The body that asks it."""
    sampling = request.sampling
    asked: dict[str, Json] = {
        "model": request.model,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        length_name if request.turns else "max_tokens": sampling.max_tokens,
    }
    if request.seed is not None:
        asked["seed"] = request.seed
    if sampling.presence_penalty:
        asked["presence_penalty"] = sampling.presence_penalty
    if sampling.stop:
        asked["stop"] = list(sampling.stop)
    if request.turns:
        asked["messages"] = [{"role": turn.role, "content": turn.text} for turn in request.turns]
        return asked | ({"logprobs": True, "top_logprobs": request.logprobs} if request.logprobs else {})
    asked["prompt"] = request.text
    if request.logprobs:
        asked["logprobs"] = request.logprobs
        if with_token_ids:
            asked["return_tokens_as_token_ids"] = True
    return asked

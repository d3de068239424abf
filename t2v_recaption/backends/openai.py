"""The openai backend: any server that speaks OpenAI's chat protocol, through OpenAI's own client library.

The library retries 408, 409, 429, 5xx, timeouts and cut connections with exponential backoff and jitter, and waits as
long as `Retry-After` says (up to two minutes). What is added here: many requests at once in order, errors that say what
to do, servers that lack a parameter, images, and unloading the model.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

from t2v_recaption.backends.base import Backend, ChatReply, ChatRequest
from t2v_recaption.backends.content import has_visuals
from t2v_recaption.backends.server_address import host_of, normal_url
from t2v_recaption.backends.server_content import ImageRule, Wanted, messages
from t2v_recaption.backends.server_errors import NAME, Server, normalise
from t2v_recaption.backends.server_limits import smaller
from t2v_recaption.backends.server_probabilities import TOP
from t2v_recaption.backends.server_quirks import Quirks
from t2v_recaption.backends.server_replies import Requests, read_reply
from t2v_recaption.errors import BackendError, InvalidInput, MissingDependency

log = logging.getLogger(__name__)

HOSTED = "https://api.openai.com/v1"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
CONNECT_SECONDS = 10.0


class OpenAIBackend(Backend):
    """Chat completions from a server, hosted or your own.

    Args:
        model: the server's name of the model; None takes the only one that the server has.
        base_url: the server's address; None takes `OPENAI_BASE_URL`, and without that OpenAI's. `/v1` is added to an
            address without a path.
        key_env_var: the environment variable that holds the key. Servers other than OpenAI's need none.
        concurrency: requests under way at once.
        timeout: seconds that one request may take.
        retries: how often a request is repeated after a failure that may pass.
        unload: make an Ollama server free the model's memory on `close` (it keeps it for minutes otherwise).
        extra_body: more fields for every request, as the server defines them (`{"top_k": 20}`).
        video: send `Footage` as a video (`video_url`, MP4), which vLLM and SGLang take for models with native video;
            they choose frames of it themselves. Otherwise, and once the server has refused a video, its frames go as
            images with their times.
        image_side: longest side of an image in pixels; larger ones are made smaller.
        image_quality: of JPEG, which frames and changed images are sent as.
        request_mb: megabytes that all images of a request may take; where they take more, all are made smaller.

    Raises:
        InvalidInput: the address or a number cannot be used, or there is no key for a server that needs one.
    """

    name = NAME
    accepts_images = True
    supports_schema = True
    supports_choices = True
    supports_beams = True
    key_env_var = "OPENAI_API_KEY"

    def __init__(
        self,
        model: str | None = None,
        *,
        base_url: str | None = None,
        key_env_var: str | None = None,
        concurrency: int = 8,
        timeout: float = 120.0,
        retries: int = 3,
        unload: bool = False,
        extra_body: dict[str, Any] | None = None,
        video: bool = False,
        image_side: int = ImageRule.longest_side,
        image_quality: int = ImageRule.quality,
        request_mb: float = ImageRule.request_bytes / 1e6,
    ) -> None:
        if not (image_side >= 16 and 1 <= image_quality <= 100 and request_mb > 0):
            raise InvalidInput("Images need image_side >= 16, image_quality from 1 to 100 and request_mb > 0.")
        self.video = video
        self.image_rule = ImageRule(image_side, image_quality, int(request_mb * 1e6))
        if concurrency < 1 or timeout <= 0 or retries < 0:
            raise InvalidInput("The backend 'openai' needs concurrency >= 1, timeout > 0 and retries >= 0.")
        self.base_url = normal_url(base_url or os.environ.get("OPENAI_BASE_URL") or HOSTED)
        self.key_env_var = key_env_var or type(self).key_env_var
        self.needs_key = host_of(self.base_url).endswith("openai.com")
        self.concurrency, self.timeout, self.retries, self.unload = concurrency, timeout, retries, unload
        self.extra_body = dict(extra_body or {})
        self.quirks = Quirks()
        self._model = model
        self._client: Any = None
        self._lock = Lock()

    @property
    def model(self) -> str:
        """The server's name of the model; asks the server when none was given.

        Raises:
            InvalidInput: none was given, and the server has none or several.
            BackendError: the server cannot be asked.
        """
        if self._model is None:
            listed = self._listed()
            if len(listed) != 1:
                names = ", ".join(listed) or "none"
                raise InvalidInput(
                    f"No model was named, and the server at {self._server().address} has: {names}.",
                    hint="Name one with --model.",
                )
            self._model = listed[0]
        return self._model

    @property
    def accepts_video(self) -> bool:  # type: ignore[override]  # until the server refuses it
        """Whether `Footage` is sent as video."""
        return self.video and not self.quirks.refuses_video

    def generate(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """One reply a request, in order, several requests at once.

        A failure that every request would meet (wrong key, no such model, no server) ends the batch early: the rest
        fail with the same error and are not sent.
        """
        if not requests:
            return []
        _ = self._connected(), self.model
        batch = Requests(self)
        pool = ThreadPoolExecutor(min(self.concurrency, len(requests)), thread_name_prefix="t2v-openai")
        try:
            replies = [future.result() for future in [pool.submit(batch.reply, request) for request in requests]]
        except BaseException:  # Ctrl-C above all: what waits is dropped, and what is under way loses its connection
            pool.shutdown(wait=False, cancel_futures=True)
            self._disconnect()
            raise
        pool.shutdown()
        return replies

    def identity(self) -> dict[str, Any]:
        """Server, model and how images are sent; never the key."""
        identity: dict[str, Any] = {"backend": self.name, "base_url": self._server().address, "model": self.model}
        if self.extra_body:
            identity["extra_body"] = self.extra_body
        return {**identity, "video": self.video, "images": self.image_rule.to_dict()}

    def close(self) -> None:
        """Close the connections; with `unload`, make the server free the model first."""
        if self._client is not None and self.unload:
            self._unload()
        self._disconnect()

    def ask(self, request: ChatRequest) -> ChatReply:
        """The reply to one request; parameters that the server does not know are left out and noted.

        Raises:
            openai.OpenAIError: as the library raises it.
            BackendError: the server's answer holds no completion.
            InvalidInput: an image cannot be read.
        """
        import openai

        client, scale = self._connected(), 1.0
        while True:
            body, shown = self._body(request, scale)
            sent, notes = self.quirks.adapt(body)
            try:
                completion = client.chat.completions.create(**sent, extra_headers=self._headers())
            except openai.APIStatusError as error:
                if self.quirks.learn(sent, error):
                    log.warning("The server does not take this as it was: %s", "; ".join(self.quirks.notes(body)))
                    continue
                scale = smaller(scale, error) if has_visuals(request) else 0.0
                if not scale:
                    raise
                log.warning("The server says that it is too much; sending smaller images.")
            else:
                return read_reply(completion, request, self.model, (*notes, *shown))

    def _body(self, request: ChatRequest, scale: float = 1.0) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The request as the protocol has it, and notes on how it is shown."""
        written, notes = messages(request, Wanted(self.image_rule, scale, self.accepts_video, self.quirks.most_images))
        body: dict[str, Any] = {
            "model": self.model,
            "messages": written,
            "temperature": request.temperature,
            "top_p": request.top_p,
            "max_tokens": request.max_tokens,
            "seed": request.seed,
        }
        if request.stop:
            body["stop"] = list(request.stop)
        if request.schema is not None:
            schema = {"name": "answer", "schema": request.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if request.choices:
            body |= {"logprobs": True, "top_logprobs": TOP}
        if request.beams > 1:  # as vLLM has it: the answers are the beams, the best one first
            body |= {"use_beam_search": True, "n": request.beams, "temperature": 0.0}
        return ({**body, "extra_body": self.extra_body} if self.extra_body else body), notes

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> Any:
        try:
            import openai
        except ImportError as error:
            raise MissingDependency("The backend 'openai'", "openai", "all") from error
        key = self._key()
        if self.needs_key and not key:
            raise InvalidInput(
                f"{host_of(self.base_url)} needs a key, and {self.key_env_var} is not set.",
                hint=f"Set {self.key_env_var}, or name your own server with --base-url http://localhost:11434/v1.",
            )
        # A proxy for the internet must not stand between this machine and itself.
        local = host_of(self.base_url) in LOOPBACK
        extra: dict[str, Any] = {"http_client": openai.DefaultHttpxClient(trust_env=False)} if local else {}
        return openai.OpenAI(
            api_key=key or "none",
            base_url=self.base_url,
            timeout=openai.Timeout(self.timeout, connect=min(CONNECT_SECONDS, self.timeout)),
            max_retries=self.retries,
            **extra,
        )

    def _disconnect(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _unload(self) -> None:
        # Ollama's own protocol: a request for nothing with keep_alive 0 unloads the model.
        root = self.base_url.removesuffix("/").removesuffix("/v1")
        try:
            body, options = {"model": self.model, "keep_alive": 0}, {"headers": self._headers()}
            self._client.post(f"{root}/api/generate", cast_to=object, body=body, options=options)
        except Exception as error:
            log.warning("The server did not unload the model (%s): only Ollama can.", type(error).__name__)

    def _listed(self) -> list[str]:
        import openai

        try:
            return self._list()
        except (openai.OpenAIError, ValueError, AttributeError) as error:
            raise self.failure(error) from error

    def _list(self) -> list[str]:
        return [model.id for model in self._connected().models.list(extra_headers=self._headers()).data or []]

    def _key(self) -> str:
        return os.environ.get(self.key_env_var, "").strip()

    def _headers(self) -> dict[str, Any]:
        """Without a key, no `Authorization` at all, rather than the library's own idea of one."""
        import openai

        return {} if self._key() else {"Authorization": openai.Omit()}

    def _server(self) -> Server:
        return Server(self.base_url, self._model or "", self.key_env_var, self._key(), self.timeout)

    def failure(self, error: Exception) -> BackendError:
        """The error as ours, with what to do about it; names the server's models when it lacks the one asked for."""
        models: list[str] = []
        if getattr(error, "status_code", None) == 404:
            try:
                models = self._list()
            except Exception as listing:  # the hint is all that is lost
                log.debug("The server does not list its models: %s", type(listing).__name__)
        return normalise(error, self._server(), models)

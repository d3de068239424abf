"""The sharecaptioner backend: the original weights of ShareCaptioner-Video, in a process with its own environment."""

from __future__ import annotations

import base64
import io
import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import RLock
from typing import Any

from t2v_recaption.backends.base import Backend, ChatReply, ChatRequest, well_formed
from t2v_recaption.backends.content import footage_note, pieces
from t2v_recaption.backends.images import pil_image
from t2v_recaption.backends.sharecaptioner import environment
from t2v_recaption.backends.sharecaptioner.process import NAME, Died, Process, TooSlow
from t2v_recaption.errors import BackendError, InvalidInput, RecaptionError

log = logging.getLogger(__name__)

MODEL = "Lin-Chen/ShareCaptioner-Video"
COMMIT = re.compile(r"[0-9a-f]{40}")
TILE = 336
"""Side in pixels of the tiles that the model cuts images into."""


class ShareCaptionerBackend(Backend):
    """ShareCaptioner-Video as published (7 billion parameters, about 17 GB in half precision).

    The model's own Python code runs in the other process, so it wants an explicit yes and a commit: a later change of
    the code is then not run. Its environment is made once with `t2v backends install sharecaptioner`. Requests are
    answered one after the other.

    Args:
        model: the Hugging Face id, or a folder.
        revision: the commit, 40 hexadecimal digits; not needed for a folder.
        trust_remote_code: yes to running the Python code that comes with the model.
        device: `auto`, `cuda`, `cuda:1`, `cpu` …
        dtype: `float16`, `bfloat16` or `float32`.
        tiles: tiles of 336 pixels that an image may have (upstream: 16 for many frames, 9 for a pair, 25 otherwise);
            images whose sides are whole numbers of tiles stay as they are.
        timeout: seconds that one request may take.
        load_timeout: seconds that loading may take, a download included.
        on_download: called with the model's name and its size in bytes before a download.
        python: the interpreter that runs the other process; None takes the environment that was made.
        module: the file that holds the model's side; for tests.

    Raises:
        InvalidInput: a number or the commit cannot be used.
    """

    name = NAME
    accepts_images = True
    supports_beams = True

    def __init__(
        self,
        model: str = MODEL,
        *,
        revision: str | None = None,
        trust_remote_code: bool = False,
        device: str = "auto",
        dtype: str = "float16",
        tiles: int = 25,
        timeout: float = 600.0,
        load_timeout: float = 3600.0,
        on_download: Callable[[str, int], None] | None = None,
        python: str | Sequence[str] | None = None,
        module: str | Path | None = None,
    ) -> None:
        if tiles < 1 or timeout <= 0 or load_timeout <= 0:
            raise InvalidInput("The backend 'sharecaptioner' needs tiles >= 1, timeout > 0 and load_timeout > 0.")
        if revision is not None and not (isinstance(revision, str) and COMMIT.fullmatch(revision)):
            hint = "Give all 40 hexadecimal digits, with --revision: branches and tags can be moved."
            raise InvalidInput(f"{revision!r} is no commit.", hint=hint)
        self.model, self.revision, self.trust_remote_code = str(model), revision, trust_remote_code
        self.device, self.dtype, self.tiles = device, dtype, tiles
        self.timeout, self.load_timeout, self._on_download = timeout, load_timeout, on_download
        self._python = [python] if isinstance(python, str) else list(python) if python else None
        self._module = Path(module) if module else Path(__file__).with_name("original.py")
        self._process: Process | None = None
        self._lock = RLock()
        self._number = 0

    def generate(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """One reply a request, in order. A worker that dies is started again; a request that kills it twice fails.

        Raises:
            InvalidInput: there is no yes to the model's code, no commit, or no environment.
            BackendError: the model cannot be loaded.
        """
        if not requests:
            return []
        with self._lock:
            self._running()
            return [self._reply(request) for request in requests]

    def identity(self) -> dict[str, Any]:
        """Model, commit, number format, and the pinned environment."""
        return {
            "backend": self.name,
            "model": self.model,
            "revision": self.revision,
            "dtype": self.dtype,
            "tiles": self.tiles,
            "environment": environment.folder().name,
        }

    def close(self) -> None:
        """End the other process, and with it all memory that the model takes."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.close()

    def _reply(self, request: ChatRequest) -> ChatReply:
        try:
            asked = self._asked(request)
            answer = self._ask(asked)
        except RecaptionError as error:
            return self._failed(error)
        if answer.get("type") != "reply":
            return self._failed(_told(answer))
        text = well_formed(str(answer.get("text", "")))
        cuts = [at for stop in request.stop if stop and (at := text.find(stop)) >= 0]
        return ChatReply(
            text=text[: min(cuts)] if cuts else text,
            model=self.model,
            finish_reason="stop" if cuts else str(answer.get("finish_reason", "stop")),
            prompt_tokens=answer.get("prompt_tokens"),
            completion_tokens=answer.get("completion_tokens"),
            notes=_notes(request),
        )

    def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        for attempt in (1, 2):
            self._number += 1
            message = {"type": "answer", "id": self._number, "request": asked}
            try:
                return self._running().ask(message, self.timeout, "answer")
            except Died as error:
                if attempt == 2 or isinstance(error, TooSlow):
                    raise
                log.warning("%s It is started again.", error.message)
        raise AssertionError("unreachable")

    def _running(self) -> Process:
        if self._process is not None and self._process.alive:
            return self._process
        self._check()
        python = self._python or [str(environment.interpreter())]
        process = Process(python)
        options = {"model": self.model, "revision": self.revision, "device": self.device, "dtype": self.dtype}
        message = {"type": "load", "module": str(self._module.resolve()), "options": options}
        loaded = process.ask(message, self.load_timeout, "load the model", self._downloads)
        if loaded.get("type") != "ready":
            process.close()
            raise _told(loaded, f"{self.model} cannot be loaded")
        log.info("The worker is ready: %s", loaded.get("about"))
        self._process = process
        return process

    def _check(self) -> None:
        if not self.trust_remote_code:
            what = f"{self.model} runs Python code that comes with it, and there is no yes to that."
            hint = "If you trust it: --option trust_remote_code=true --revision COMMIT"
            raise InvalidInput(what, hint=hint)
        if self.revision is None and not Path(self.model).expanduser().is_dir():
            what = f"Which commit of {self.model} is trusted is not said."
            raise InvalidInput(what, hint="Give it with --revision, all 40 hexadecimal digits.")

    def _downloads(self, size: int) -> None:
        if self._on_download is not None:
            self._on_download(self.model, size)

    def _asked(self, request: ChatRequest) -> dict[str, Any]:
        turns = []
        for message in request.messages:
            parts = [self._part(piece) for piece in pieces(message, video=False)]
            turns.append({"role": message.role, "parts": parts})
        return {
            "turns": turns,
            "max_tokens": request.max_tokens,
            "beams": request.beams,
            "temperature": request.temperature,
            "top_p": request.top_p,
            "seed": request.seed,
        }

    def _part(self, piece: Any) -> dict[str, str]:
        if isinstance(piece, str):
            return {"text": well_formed(piece)}
        from t2v_recaption.video import grids

        image = pil_image(piece)
        if image.width % TILE or image.height % TILE:
            image = grids.hd_transform(image, self.tiles)
        buffer = io.BytesIO()
        image.save(buffer, format="PNG", compress_level=1)
        return {"image": base64.b64encode(buffer.getvalue()).decode("ascii")}

    def _failed(self, error: RecaptionError) -> ChatReply:
        failure = (
            error if isinstance(error, BackendError) else BackendError(error.message, hint=error.hint, backend=NAME)
        )
        return ChatReply("", model=self.model, finish_reason="error", error=failure)


def _told(answer: dict[str, Any], what: str = "The model failed") -> BackendError:
    kind, said = answer.get("kind", "error"), answer.get("message", "")
    memory = "memory" in f"{kind} {said}".lower()
    hint = "Use a larger device, fewer tiles or fewer beams." if memory else ""
    return BackendError(f"{what}: {kind}: {said}", hint=hint, backend=NAME)


def _notes(request: ChatRequest) -> tuple[str, ...]:
    schema = ("the model takes no JSON schema: asked without",) if request.schema is not None else ()
    choices = ("the model tells no probabilities",) if request.choices else ()
    return (*footage_note(request), *schema, *choices)

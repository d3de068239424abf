"""Generators make a clip from a text and a seed: an external command, a Python function or a diffusers pipeline."""

from __future__ import annotations

import inspect
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from t2v_recaption.errors import InvalidInput, RecaptionError
from t2v_recaption.processes import end, ended_with_us
from t2v_recaption.records import Record, to_plain

FIELDS = ("prompt", "prompt_file", "negative", "seed", "out", "id", "slot")
"""What a command may ask for, in braces."""
FIELD = re.compile(r"\{(" + "|".join(FIELDS) + r")\}")
TAIL = 2000
"""Characters of a command's messages that are kept with an error."""


class GenerationError(RecaptionError):
    """No clip was made; the message says why."""


@dataclass(frozen=True)
class ClipRequest(Record):
    """One clip that is wanted."""

    prompt: str
    """The text for the video model."""
    seed: int
    out: Path
    """Where the clip goes; it does not exist yet, its folder does."""
    negative: str = ""
    id: str = ""
    """Of the prompt, for file names and logs."""
    slot: int = 0
    """A number from 0 that no other clip has that is made at the same time, to choose a GPU by."""


class Generator(Protocol):
    """Anything that makes clips."""

    def make(self, request: ClipRequest) -> None:
        """Make the clip at `request.out`.

        Raises:
            GenerationError: it could not be made.
        """

    def identity(self) -> dict[str, Any]:
        """What decides the clips besides the request."""


class CommandGenerator:
    """Makes clips with a command of the user's own.

    The command is split into its arguments once, then the braces are filled in, each within its argument. No shell
    sees it and a prompt is never read as anything but text, whatever it holds.

    Args:
        command: `python sample.py --prompt {prompt} --seed {seed} --out {out}`; `{prompt_file}` is a UTF-8 file with
            the text, `{negative}` the negative prompt, `{id}` the prompt's id, `{slot}` a number that no other clip has
            that is made at the same time.
        timeout: seconds for one clip; then the command and all that it started are ended.

    Raises:
        InvalidInput: the command cannot be split, or does not say where the text and the clip go.
    """

    def __init__(self, command: str, *, timeout: float = 3600.0) -> None:
        try:
            self.arguments = shlex.split(command)
        except ValueError as error:
            raise InvalidInput(f"The command {command!r} cannot be split: {error}.") from error
        named = {name for part in self.arguments for name in FIELD.findall(part)}
        if not self.arguments or "out" not in named or not named & {"prompt", "prompt_file"}:
            raise InvalidInput(
                f"The command {command!r} must hold {{prompt}} (or {{prompt_file}}) and {{out}}.",
                hint="For example: python sample.py --prompt {prompt} --seed {seed} --out {out}",
            )
        if not timeout > 0:
            raise InvalidInput(f"A time limit of {timeout} seconds is not possible.")
        self.command, self.timeout = command, timeout
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = Lock()

    def make(self, request: ClipRequest) -> None:
        """Run the command.

        Raises:
            GenerationError: it fails, takes too long, or makes no file.
        """
        with tempfile.TemporaryDirectory() as spare:
            self._run(self._filled(request, Path(spare)))
        if not request.out.is_file() or not request.out.stat().st_size:
            raise GenerationError(f"The command ended well and made no clip at {request.out.name}.")

    def stop(self) -> None:
        """End every command that runs now in another thread; its clip is not made."""
        with self._lock:
            for process in self._running:
                end(process)

    def identity(self) -> dict[str, Any]:
        """The command."""
        return {"command": self.command}

    def _filled(self, request: ClipRequest, spare: Path) -> list[str]:
        values = {
            "prompt": request.prompt,
            "negative": request.negative,
            "seed": str(request.seed),
            "out": str(request.out),
            "id": request.id,
            "slot": str(request.slot),
            "prompt_file": str(spare / "prompt.txt"),
        }
        (spare / "prompt.txt").write_text(request.prompt, encoding="utf-8")
        return [FIELD.sub(lambda found: values[found[1]], part) for part in self.arguments]

    def _run(self, arguments: Sequence[str]) -> None:
        with tempfile.TemporaryFile() as messages:
            try:
                process = subprocess.Popen(
                    arguments, stdin=subprocess.DEVNULL, stdout=messages, stderr=messages, start_new_session=True
                )
            except (OSError, ValueError) as error:
                raise GenerationError(f"The command cannot be started: {error}.") from error
            with self._lock:
                self._running.add(process)
            try:
                with ended_with_us(process.pid):
                    code = process.wait(self.timeout)
            except subprocess.TimeoutExpired:
                raise GenerationError(f"The command took longer than {self.timeout:g} seconds.") from None
            finally:
                with self._lock:
                    self._running.discard(process)
                end(process)
            if code:
                raise GenerationError(f"The command ended with exit code {code}.{_tail(messages)}")


class FunctionGenerator:
    """Makes clips with a Python function.

    Args:
        function: called with the text and, as far as it has parameters of these names, `seed`, `out` (a path to write
            to) and `negative`. It writes the clip to `out`, or returns the path of a file to move there, or frames in
            any form that `t2v_recaption.video.Clip` takes.
        name: what it is, for keys and reports; give another name when it changes.
        fps: frames per second of returned frames.
    """

    def __init__(self, function: Callable[..., Any], name: str, *, fps: float = 16.0) -> None:
        self.function, self.name, self.fps = function, name, fps
        parameters = inspect.signature(function).parameters.values()
        every = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        taken = {parameter.name for parameter in parameters}
        self._wants = tuple(name for name in ("seed", "out", "negative") if every or name in taken)

    def make(self, request: ClipRequest) -> None:
        """Call the function.

        Raises:
            GenerationError: it raises, or makes no clip.
        """
        try:
            made = self.function(request.prompt, **{name: getattr(request, name) for name in self._wants})
            self._place(made, request.out)
        except Exception as error:
            raise GenerationError(f"{type(error).__name__}: {error}") from error
        if not request.out.is_file() or not request.out.stat().st_size:
            raise GenerationError(f"{self.name} made no clip at {request.out.name}.")

    def identity(self) -> dict[str, Any]:
        """Its name."""
        return {"function": self.name}

    def _place(self, made: Any, out: Path) -> None:
        """Put what the function returned where the clip belongs."""
        if isinstance(made, (str, Path)):
            if Path(made) != out and Path(made).is_file():
                shutil.move(made, out)
        elif made is not None and not out.is_file():
            from t2v_recaption.video import Clip
            from t2v_recaption.video.write import write_clip

            write_clip(out, (frame.pixels for frame in Clip(made, fps=self.fps).frames()), fps=self.fps)


class PipelineGenerator(FunctionGenerator):
    """Makes clips with a diffusers text-to-video pipeline; its random numbers come from the seed alone.

    Args:
        pipe: the pipeline, on its device.
        fps: frames per second of its clips.
        options: further arguments of every call (`num_frames`, `num_inference_steps` …).
    """

    def __init__(self, pipe: Any, *, fps: float = 16.0, **options: Any) -> None:
        super().__init__(self._call, type(pipe).__name__, fps=fps)
        self.pipe, self.options = pipe, options
        self._takes_negative = "negative_prompt" in inspect.signature(pipe.__call__).parameters

    def identity(self) -> dict[str, Any]:
        """Pipeline class, where its weights came from, and the options."""
        weights = str(getattr(getattr(self.pipe, "config", None), "_name_or_path", ""))
        return {"pipeline": self.name, "weights": weights, "options": to_plain(self.options)}

    def _call(self, text: str, *, negative: str, seed: int) -> Any:
        import torch

        inputs: dict[str, Any] = {"prompt": text, **self.options}
        if self._takes_negative and negative:
            inputs["negative_prompt"] = negative
        return self.pipe(**inputs, generator=torch.Generator("cpu").manual_seed(seed))


def as_generator(source: Any, *, fps: float = 16.0) -> Generator:
    """A generator from whatever the user has: a command line, a diffusers pipeline, a function, or a generator.

    Raises:
        InvalidInput: it is none of these.
    """
    if hasattr(source, "make") and hasattr(source, "identity"):
        generator: Generator = source
        return generator
    if isinstance(source, str):
        return CommandGenerator(source)
    if callable(source):
        if hasattr(source, "components") and hasattr(source, "config"):
            return PipelineGenerator(source, fps=fps)
        return FunctionGenerator(source, getattr(source, "__qualname__", type(source).__name__), fps=fps)
    raise InvalidInput(
        f"A generator cannot be a {type(source).__name__}.", hint="Give a command line, a function or a pipeline."
    )


def _tail(messages: Any) -> str:
    messages.seek(0)
    text = messages.read().decode("utf-8", "replace").strip()
    return f" Its last words: {text[-TAIL:]}" if text else ""

"""The nodes, in ComfyUI's classic contract (INPUT_TYPES, IS_CHANGED, VALIDATE_INPUTS, FUNCTION).

Nothing heavy is imported here: ComfyUI imports every node pack when it starts, and a model library belongs to the
backend that is asked for.
"""

from __future__ import annotations

import hashlib
from typing import Any

from t2v_recaption import Backend, Enhancement, Enhancer, InvalidInput, __version__, describe, targets

from . import host
from .loading import fingerprint, load_backend
from .report import report_text
from .verify_node import VerifyClip

CATEGORY = "t2v_recaption"

BACKEND = "T2V_RECAPTION_BACKEND"
"""The type of the link between the two nodes."""

LARGEST_SEED = 2**53 - 1
"""The front end holds numbers as JavaScript does: above this, two seeds become one."""

NOT_LINKED = object()

CONNECT = "Connect a Load Backend node to the input backend."


def _text(default: str, tooltip: str, *, lines: bool = False) -> tuple[str, dict[str, Any]]:
    # Without dynamicPrompts the front end leaves braces and slashes in the text alone.
    return "STRING", {"default": default, "multiline": lines, "dynamicPrompts": False, "tooltip": tooltip}


def _choice(values: list[str], default: str, tooltip: str) -> tuple[list[str], dict[str, Any]]:
    return values, {"default": default, "tooltip": tooltip}


class LoadBackend:
    """Names a language model for Enhance Prompt. Nothing is loaded before the model is asked."""

    CATEGORY = CATEGORY
    DESCRIPTION = (
        "A language or vision-language model for Enhance Prompt: one behind an OpenAI-compatible server, or one in "
        "this process. It is loaded when it is first asked. Keys are read from the environment, never from a workflow."
    )
    RETURN_TYPES = (BACKEND,)
    RETURN_NAMES = ("backend",)
    OUTPUT_TOOLTIPS = ("Goes into Enhance Prompt.",)
    FUNCTION = "load"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        """Widgets of the node."""
        known = [item.name for item in describe()["backends"] if item.name != "scripted"]
        return {
            "required": {
                "backend": _choice(known, "openai", "What runs the model: a server, or this process (transformers)."),
                "model": _text("", "The server's name of the model, or a local folder, GGUF file or hub id."),
                "base_url": _text(
                    "", "Address of the server, such as http://localhost:11434/v1. Empty: the one in OPENAI_BASE_URL."
                ),
            },
            "optional": {
                "options": _text("", "Further options, one KEY=VALUE a line, such as dtype=bfloat16.", lines=True),
                "reuse_replies": (
                    "BOOLEAN",
                    {"default": True, "tooltip": "Do not ask again what was asked before with the same seed."},
                ),
            },
        }

    @classmethod
    def IS_CHANGED(cls, model: str | None = "", **inputs: Any) -> str:
        """Load again when the model's files have changed on the disk."""
        return fingerprint(model or "")

    def load(
        self, backend: str, model: str, base_url: str, options: str = "", reuse_replies: bool = True
    ) -> tuple[Backend]:
        """The backend, not loaded yet.

        Raises:
            UnknownName: there is no such backend.
            InvalidInput: an option cannot be used, or a workflow may not set it.
            MissingDependency: a package that it needs is not installed.
        """
        return (load_backend(backend, model, base_url, options, cache=reuse_replies),)


class EnhancePrompt:
    """Turns a short prompt into the caption that a video model wants."""

    CATEGORY = CATEGORY
    DESCRIPTION = (
        "Turns a short prompt into the dense caption that the chosen video model was trained on, without losing "
        "anything the prompt says. The composer needs no model; chat needs a Load Backend."
    )
    RETURN_TYPES = ("STRING", "STRING", "STRING", "STRING")
    RETURN_NAMES = ("caption", "negative", "report", "short")
    OUTPUT_TOOLTIPS = (
        "The caption, one line. Goes into the text encoder of the positive prompt.",
        "The negative prompt: what the prompt rules out, then yours or the model's own.",
        "What was kept and where, repairs, notes and token counts, as text.",
        "A short version for a companion encoder of 77 tokens (HunyuanVideo's CLIP-L); empty where there is none.",
    )
    FUNCTION = "enhance"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        """Widgets and inputs of the node."""
        writers = [item.name for item in describe()["writers"]]
        seed = {
            "default": 0,
            "min": 0,
            "max": LARGEST_SEED,
            "control_after_generate": True,
            "tooltip": "Same seed, same words.",
        }
        frame = {"tooltip": "Seen by vision-language models; a caption for image-to-video then tells the motion."}
        return {
            "required": {
                "prompt": _text("", "What the video shows, in a few words.", lines=True),
                "target": _choice(list(targets.names()), "generic", "The video model that the caption is for."),
                "writer": _choice(writers, "composer", "composer needs no model; the others need a backend."),
                "seed": ("INT", seed),
                "strength": _choice(["light", "normal", "rich"], "normal", "How much to add."),
                "on_failure": _choice(
                    ["raise", "compose"],
                    "raise",
                    "When the model's text cannot be made to keep everything: stop, or let the composer write (the "
                    "report says so).",
                ),
                "unload": (
                    "BOOLEAN",
                    {
                        "default": True,
                        "tooltip": "One model in memory at a time: make room for a local language model, and free "
                        "its memory before the video model runs.",
                    },
                ),
            },
            "optional": {
                "backend": (BACKEND, {"tooltip": "The model for the writers that need one."}),
                "negative": _text("", "Your own negative prompt. Empty: the video model's default.", lines=True),
                "keep": _text("", "What must stay letter by letter (trigger words), one a line.", lines=True),
                "image": ("IMAGE", {"tooltip": "First frame. " + frame["tooltip"]}),
                "last_image": ("IMAGE", {"tooltip": "Last frame. " + frame["tooltip"]}),
            },
        }

    @classmethod
    def IS_CHANGED(cls, target: str | None = None, **inputs: Any) -> str:
        """By content: what decides the caption besides the inputs is the version and what the target wants."""
        wanted = targets.load(target).to_json() if target else ""
        return hashlib.sha256(f"{__version__} {wanted}".encode()).hexdigest()

    @classmethod
    def VALIDATE_INPUTS(cls, writer: str | None, backend: Any = NOT_LINKED) -> bool | str:
        """Say before anything runs that a writer has no model. A linked input comes as None."""
        known = [item.name for item in describe()["writers"]]
        if writer is not None and writer not in known:
            return f"There is no writer named {writer!r}. Available: {', '.join(known)}."
        return f"{_needs_model(writer)} {CONNECT}" if backend is NOT_LINKED and _needs_model(writer) else True

    def enhance(
        self,
        prompt: str,
        target: str,
        writer: str,
        seed: int,
        strength: str,
        on_failure: str,
        unload: bool,
        backend: Backend | None = None,
        negative: str = "",
        keep: str = "",
        image: Any = None,
        last_image: Any = None,
    ) -> tuple[str, str, str, str]:
        """Caption, negative prompt, report and short version.

        Raises:
            InvalidInput: an empty prompt, a text to keep that it does not contain, frames that the target cannot use.
            NotKept: no caption could be made that keeps everything.
            BackendError: the model failed.
        """
        if backend is None and (problem := _needs_model(writer)):
            # Any model at hand would do otherwise, and a first download takes gigabytes that nobody asked for.
            raise InvalidInput(problem, hint=CONNECT)
        kept = _kept(keep, prompt)
        frames = {"image": host.frame(image), "last_image": host.frame(last_image)}
        used = None if writer == "composer" else backend
        enhancer = Enhancer(
            target,
            writer=writer,
            backend=used,
            strength=strength,  # type: ignore[arg-type]
            on_failure=on_failure,  # type: ignore[arg-type]
            task=_task(image, last_image),
            negative=negative.strip() or None,
            keep=kept,
            seed=seed,
        )
        if unload and used is not None:
            host.make_room(used)
        try:
            outcome = enhancer(prompt, **frames)
        finally:
            if unload:
                enhancer.close()
        return _results(outcome, ignored=used is not backend)


def _needs_model(writer: str | None) -> str:
    """Why a writer cannot do without a backend; empty when it can."""
    needing = [item.name for item in describe()["writers"] if item.needs]
    return f"The writer {writer!r} needs a model." if writer in needing else ""


def _kept(keep: str, prompt: str) -> tuple[str, ...]:
    texts = tuple(line.strip() for line in keep.splitlines() if line.strip())
    for text in texts:
        if text not in prompt:
            raise InvalidInput(f"{text!r}, which is to be kept, is not in the prompt.", hint="Write it there as well.")
    return texts


def _task(image: Any, last_image: Any) -> str:
    if last_image is not None:
        return "flf2v"
    return "t2v" if image is None else "i2v"


def _results(outcome: Enhancement, *, ignored: bool) -> tuple[str, str, str, str]:
    notes = ("The composer uses no model: the backend was not asked.",) if ignored else ()
    return outcome.caption, outcome.negative, report_text(outcome, notes), outcome.short


NODE_CLASS_MAPPINGS = {
    "T2VRecaptionLoadBackend": LoadBackend,
    "T2VRecaptionEnhancePrompt": EnhancePrompt,
    "T2VRecaptionVerifyClip": VerifyClip,
}
NODE_DISPLAY_NAME_MAPPINGS = {
    "T2VRecaptionLoadBackend": "Load Backend (t2v_recaption)",
    "T2VRecaptionEnhancePrompt": "Enhance Prompt (t2v_recaption)",
    "T2VRecaptionVerifyClip": "Verify Clip (t2v_recaption)",
}

"""loop: the whole caption-video loop in one call."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2v_recaption.enhancer import Enhancer
from t2v_recaption.generators import as_generator
from t2v_recaption.loop.budget import Budget
from t2v_recaption.loop.journal import Journal
from t2v_recaption.loop.operators import Workshop
from t2v_recaption.loop.result import LoopResult
from t2v_recaption.loop.run import Loop, Rules
from t2v_recaption.targets import Target
from t2v_recaption.verify import Verifier

if TYPE_CHECKING:
    from t2v_recaption.backends.base import Backend


def loop(
    prompt: str,
    generator: Any,
    *,
    target: str | Target | Enhancer = "generic",
    judges: Sequence[Backend] | Backend = (),
    captioner: Any = None,
    verifier: Verifier | None = None,
    folder: str | Path | None = None,
    budget: Budget | None = None,
    fps: float = 16.0,
    allow_rephrase: bool = False,
    on_event: Callable[[str, dict[str, Any]], None] | None = None,
    **rules: Any,
) -> LoopResult:
    """Make clips of a prompt until one shows what the user asked for, repairing the caption in between.

    Each round edits the caption for the claims that failed, makes clips of it with the same seeds, and keeps it only
    when it shows more and loses nothing critical. The prompt as typed always takes part.

    Args:
        prompt: what the user typed. Clips are judged by it, never by the caption.
        generator: a diffusers pipeline, a function (see `FunctionGenerator`), a command line with `{prompt}`, `{seed}`
            and `{out}`, or anything with `make` and `identity`.
        target: the video model that captions are written for, or an `Enhancer` that writes them.
        judges: vision backends that are asked about each clip. Without any, what can be measured decides.
        captioner: a captioner whose captions of the clips are read.
        verifier: a ready verifier instead of judges and captioner.
        folder: where clips, verdicts and history are kept; a call with the same folder goes on where one was
            interrupted. None keeps them in a temporary folder, which the caller may remove.
        budget: what may be spent; by default twelve clips.
        fps: frames per second of clips that a pipeline or function returns as frames.
        allow_rephrase: let edits say what the prompt says in other words; otherwise only what was added is edited.
        on_event: called with what happens ("wording", "trial", "round", "end"), as it happens.
        rules: of `Rules`: `seeds`, `seed`, `scout`, `edits`, `patience`, `every_seed`.

    Raises:
        InvalidInput: the prompt, the generator, the folder or a number cannot be used, or nothing can be checked.
        NotKept: the writer's caption does not keep the prompt.
        RecaptionError: not a single clip could be made or judged.
    """
    own = verifier is None
    verifier = verifier or Verifier(judges=judges, captioner=captioner)
    try:
        return make_loop(
            prompt,
            generator,
            target=target,
            verifier=verifier,
            folder=folder,
            budget=budget,
            fps=fps,
            allow_rephrase=allow_rephrase,
            on_event=on_event,
            rules=Rules(**rules),
        ).run()
    finally:
        if own:
            verifier.close()


def make_loop(
    prompt: str,
    generator: Any,
    *,
    target: str | Target | Enhancer,
    verifier: Verifier,
    folder: str | Path | None = None,
    budget: Budget | None = None,
    fps: float = 16.0,
    allow_rephrase: bool = False,
    on_event: Callable[[str, dict[str, Any]], None] | None = None,
    rules: Rules | None = None,
) -> Loop:
    """The loop of a prompt, ready to run: caption written, claims made, nothing generated. Arguments as for `loop`."""
    enhancer = target if isinstance(target, Enhancer) else Enhancer(target)
    enhancement = enhancer(prompt)
    setting = enhancer.setting
    shop = Workshop(enhancement.intent, enhancer.target, setting.counters, setting.allowed, allow_rephrase)
    place = Path(folder) if folder is not None else Path(tempfile.mkdtemp(prefix="t2v-loop-"))
    return Loop(
        enhancement,
        verifier.claims(prompt),
        as_generator(generator, fps=fps),
        lambda clip, claims: verifier(clip, claims),
        shop,
        Journal(place),
        budget or Budget(),
        rules or Rules(),
        _identity(verifier),
        on_event,
    )


def _identity(verifier: Verifier) -> Mapping[str, Any]:
    """What decides the verdicts, for the journal."""
    settings = {
        name: getattr(verifier, name) for name in ("frames", "side", "foils", "ask", "seed", "mode", "measurements")
    }
    judges = [backend.identity() for backend in verifier.judges]
    captioner = verifier.captioner.identity() if verifier.captioner is not None else None
    return {**settings, "judges": judges, "captioner": captioner}

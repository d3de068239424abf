"""enhance_pipeline: every later `pipe(prompt)` gets a caption made for its model; restore_pipeline undoes it."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from t2v_recaption import Enhancement, Enhancer, Failure, InvalidInput, Target
from t2v_recaption.integrations.diffusers.call import Call
from t2v_recaption.integrations.diffusers.captions import Captioner, Captions, Offload, captioner
from t2v_recaption.integrations.diffusers.recognition import Recognised, is_modular, recognise
from t2v_recaption.integrations.diffusers.tokens import missing_tokenizers

LOG = logging.getLogger(__name__)

STATE = "_t2v_recaption"

Pipe = TypeVar("Pipe")


class State:
    """What an enhanced pipeline carries; a copy of the pipeline shares it, so no model is copied with it."""

    def __init__(self, captioner: Captioner, recognised: Recognised) -> None:
        self.captioner = captioner
        self.recognised = recognised
        self.last: tuple[Enhancement | Failure, ...] = ()

    def __deepcopy__(self, memo: dict[int, Any]) -> State:
        return self


def enhance_pipeline(
    pipe: Pipe,
    enhancer: Enhancer | None = None,
    *,
    target: str | Target | None = None,
    offload: Offload = "keep",
    partial: bool = False,
    **options: Any,
) -> Pipe:
    """Let a pipeline enhance its prompts from now on.

    The pipeline itself is changed and returned. `pipe.last_enhancement` (and `pipe.last_enhancements` for a list)
    then says what the last call made of its prompts. `pipe.encode_prompt` is left alone: see `captions_for`.

    Args:
        pipe: a text-to-video or image-to-video pipeline of diffusers (for modular ones: `PromptEnhanceStep`).
        enhancer: decides writer, backend and settings; default: one made of `options`. Its target counts unless it is
            the generic one, which stands for the recognised one.
        target: name, path or `Target` instead of the recognised one.
        offload: `unload` frees the writer's model after each enhancement, before the pipeline encodes and denoises.
        partial: run the pipeline although some prompts could not be enhanced; those stay as typed.
        options: of `Enhancer`: `writer`, `backend`, `strength`, `seed`, `negative`, `on_failure` …

    Raises:
        InvalidInput: the pipeline takes no prompt, is enhanced already, or an option makes no sense.
        UnknownName: no such target, writer or backend.
    """
    if STATE in getattr(pipe, "__dict__", {}):
        raise InvalidInput(
            f"This {type(pipe).__name__} is enhanced already.", hint="Undo that with restore_pipeline(pipe) first."
        )
    recognised = recognise(pipe)
    if is_modular(pipe):
        raise InvalidInput(
            f"{type(pipe).__name__} is a modular pipeline: it runs blocks, not a call of its own.",
            hint="Insert a PromptEnhanceStep into its blocks: see docs/diffusers.md.",
        )
    state = State(captioner(enhancer, target=target, offload=offload, partial=partial, **options), recognised)
    if recognised.note and target is None:
        LOG.warning(recognised.note)
    vars(pipe)[STATE] = state
    # Python looks up __call__ on the class, so an attribute of the instance would do nothing. A proxy object would
    # fail isinstance(), and be lost where a script does `pipe = pipe.to("cuda")` or keeps a name of its own. A
    # subclass that bears the original's name keeps both, and save_pretrained writes the original's name.
    pipe.__class__ = _enhanced(type(pipe))
    return pipe


def restore_pipeline(pipe: Pipe) -> Pipe:
    """Undo `enhance_pipeline`; a pipeline that is not enhanced stays as it is."""
    if vars(pipe).pop(STATE, None) is not None:
        pipe.__class__ = type(pipe).__mro__[1]
    return pipe


def _enhanced(original: type) -> type:
    @functools.wraps(original.__call__)
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807  # becomes the method of that name
        return _call(original, self, args, kwargs)

    body = {
        "__call__": __call__,
        "__doc__": original.__doc__,
        "__module__": original.__module__,
        "__qualname__": original.__qualname__,
        "last_enhancement": property(lambda self: next(iter(vars(self)[STATE].last), None)),
        "last_enhancements": property(lambda self: vars(self)[STATE].last),
    }
    return type(original.__name__, (original,), body)


def _call(original: type, pipe: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    run: Callable[..., Any] = original.__call__
    try:
        arguments = inspect.signature(run).bind(pipe, *args, **kwargs).arguments
    except TypeError:
        return run(pipe, *args, **kwargs)  # the pipeline says best what is wrong
    state: State = vars(pipe)[STATE]
    state.last = ()
    call = Call.of(pipe, {name: value for name, value in arguments.items() if name != "self"})
    if "prompt" not in call.given or call.embedded:
        return run(pipe, *args, **kwargs)
    _check_tokenizers(pipe, state.recognised)
    captions = state.captioner(pipe, _prompts(call.arguments["prompt"]), call)
    state.last = captions.outcomes
    _tell(captions)
    arguments = {name: value for name, value in arguments.items() if name != "self"}
    with _companions(pipe, state.recognised, captions, call):
        return run(pipe, **{**arguments, **_replaced(captions, call)})


def _prompts(prompt: Any) -> list[str]:
    prompts = [prompt] if isinstance(prompt, str) else prompt
    if not isinstance(prompts, list) or not prompts or not all(isinstance(text, str) for text in prompts):
        raise InvalidInput(
            f"A prompt of type {type(prompt).__name__} cannot be enhanced.",
            hint="Give a string or a list of strings, or undo with restore_pipeline(pipe).",
        )
    return prompts


def _check_tokenizers(pipe: Any, recognised: Recognised) -> None:
    if recognised.family.classes != ("*",) and (missing := missing_tokenizers(pipe, recognised.family)):
        raise InvalidInput(
            f"{type(pipe).__name__} has no {' and no '.join(missing)}, so it cannot read a prompt.",
            hint="Load the pipeline with it, or encode elsewhere (captions_for) and give prompt_embeds.",
        )


def _replaced(captions: Captions, call: Call) -> dict[str, Any]:
    """Arguments of the call with captions in them: as many as before, a string for a string."""
    single = isinstance(call.arguments["prompt"], str)

    def shaped(texts: tuple[str, ...]) -> Any:
        return texts[0] if single else list(texts)

    replaced = {"prompt": shaped(captions.prompts)}
    if call.takes_negative and any(captions.negatives):
        replaced["negative_prompt"] = shaped(captions.negatives)
    if "prompt_2" in call.parameters and "prompt_2" not in call.given and any(captions.shorts):
        replaced["prompt_2"] = shaped(captions.shorts)
    return replaced


@contextmanager
def _companions(pipe: Any, recognised: Recognised, captions: Captions, call: Call) -> Iterator[None]:
    """Feed companion encoders the short captions while the call runs.

    `prompt_2` alone does not do it: Kandinsky 5 has no such argument, and HunyuanVideo's `encode_prompt` gives CLIP
    the first prompt all the same (diffusers 0.42.1). So the method that feeds the encoder is shadowed on the instance.
    """
    method = next((reading.encodes for reading in recognised.family.readings if reading.encodes), "")
    if not method or not any(captions.shorts):
        yield
        return
    own = call.arguments.get("prompt_2") if "prompt_2" in call.given else None
    shorts = captions.shorts if own is None else ([own] if isinstance(own, str) else own)
    long = list(map(_key, captions.prompts))
    feed, own_feed = getattr(pipe, method), vars(pipe).get(method)

    @functools.wraps(feed)
    def shortened(prompt: str | list[str], *args: Any, **kwargs: Any) -> Any:
        texts = [prompt] if isinstance(prompt, str) else prompt
        ours = list(map(_key, texts)) == long  # else it is the negative prompts' turn
        return feed(list(shorts) if ours else prompt, *args, **kwargs)

    vars(pipe)[method] = shortened
    try:
        yield
    finally:
        vars(pipe).pop(method)
        if own_feed is not None:
            vars(pipe)[method] = own_feed


def _key(text: str) -> str:
    """A caption by its letters: pipelines clean spaces and quotation marks before they encode."""
    return "".join(filter(str.isalnum, text)).casefold()


def _tell(captions: Captions) -> None:
    for outcome in captions.outcomes:
        if isinstance(outcome, Enhancement):
            LOG.info("%r → %r", outcome.prompt, outcome.caption)
            for note in (*((outcome.fallback,) if outcome.fallback else ()), *outcome.notes):
                LOG.warning(note)

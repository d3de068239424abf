"""The tiny pipelines as fixtures, and ears at their text encoders."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tiny import Case

NEEDED = ("torch", "transformers", "diffusers", "PIL")
NEEDS_FTFY = ("wan", "wan22", "wan_i2v", "skyreels", "skyreels_df")
"""These pipelines call ftfy without asking whether it is there."""

MISSING = [name for name in NEEDED if find_spec(name) is None]
collect_ignore = [file.name for file in Path(__file__).parent.glob("test_*.py") if file.name != "test_lazy.py"]
collect_ignore = collect_ignore if MISSING else []

NAMES = (
    "wan", "wan22", "wan_i2v", "skyreels", "skyreels_df", "ltx", "ltx_i2v", "ltx_condition", "ltx2", "ltx2_i2v",
    "hunyuan", "hunyuan_i2v", "hunyuan15", "cogvideox", "cogvideox_i2v", "mochi", "allegro", "latte", "sana",
    "sana_i2v", "kandinsky5", "kandinsky5_i2v", "cosmos", "cosmos2", "cosmos25", "animatediff",
)  # fmt: skip
"""Of the cases in `tiny.py`."""

sys.path.insert(0, str(Path(__file__).parent))


@functools.cache
def built(name: str) -> Case:
    if name in NEEDS_FTFY:
        pytest.importorskip("ftfy")
    from tiny import CASES

    case = CASES[name]()
    case.pipe.set_progress_bar_config(disable=True)
    return case


@pytest.fixture
def missing() -> list[str]:
    """Packages that these tests lack."""
    return MISSING


@pytest.fixture
def build() -> Iterator[Callable[[str], Case]]:
    """A case by name, built once a session and restored after each test."""
    from t2v_recaption.integrations.diffusers import restore_pipeline

    used: list[Case] = []

    def get(name: str) -> Case:
        used.append(built(name))
        return used[-1]

    yield get
    for case in used:
        restore_pipeline(case.pipe)


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest, build: Callable[[str], Case]) -> Case:
    """Each pipeline in turn."""
    return build(request.param)


class Heard(list[str]):
    """What an encoder got to read, one text a row, padding and special tokens left out."""


@contextmanager
def listening(case: Case, encoder: str = "") -> Iterator[Heard]:
    """Everything that a text encoder reads meanwhile, decoded by the pipeline's own tokenizer."""
    encoder = encoder or case.encoder
    tokenizer = getattr(case.pipe, encoder.replace("text_encoder", "tokenizer"))
    tokenizer = getattr(tokenizer, "tokenizer", tokenizer)
    heard = Heard()

    def hear(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        ids = args[0] if args else kwargs["input_ids"]
        heard.extend(tokenizer.batch_decode(ids, skip_special_tokens=True))

    hook = getattr(case.pipe, encoder).register_forward_pre_hook(hear, with_kwargs=True)
    try:
        yield heard
    finally:
        hook.remove()


@pytest.fixture
def listen() -> Callable[..., Any]:
    return listening


@contextmanager
def recording(pipe: Any, *, run: bool = True) -> Iterator[list[dict[str, Any]]]:
    """The arguments that reach a pipeline's own call meanwhile; it runs, or answers None."""
    cls, calls = type(pipe), list[dict[str, Any]]()
    original = cls.__call__

    @functools.wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        assert not args
        calls.append(kwargs)
        return original(self, **kwargs) if run else None

    cls.__call__ = call
    try:
        yield calls
    finally:
        cls.__call__ = original


@pytest.fixture
def record() -> Callable[..., Any]:
    return recording

"""Global random states: whatever a writer does with them, nobody notices."""

from __future__ import annotations

import random
from typing import Any

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption import Enhancer
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.integrations.diffusers import captions_for
from t2v_recaption.integrations.diffusers.random_state import untouched

SAID = (
    "Two red balls lie on a wooden table, and one of them rolls slowly towards the edge. Their rubber is dull, and a "
    "window throws a square of light onto the wood. The camera stays still."
)


def states() -> tuple[Any, ...]:
    return random.getstate(), str(numpy.random.get_state()), torch.get_rng_state().tolist()


def spoil(seed: int = 1) -> None:
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    random.random(), numpy.random.rand(), torch.rand(3)


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_states_are_put_back(seed: int, fails: bool) -> None:
    spoil(7)
    before = states()
    try:
        with untouched():
            spoil(seed)
            if fails:
                raise KeyError
    except KeyError:
        pass
    assert states() == before


def test_a_writer_that_seeds_and_draws(build: Any) -> None:
    def answer(request: Any) -> str:
        spoil(request.seed)
        return SAID

    before = states()
    enhancer = Enhancer(writer="chat", backend=ScriptedBackend(answer), attempts=0)
    assert captions_for(build("ltx").pipe, "two red balls on a table", enhancer).prompts
    assert states() == before


def test_a_writer_that_starts_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody had drawn there before: afterwards it draws as if the writer had not."""
    device = torch.Generator().manual_seed(5)
    first = torch.rand(3, generator=torch.Generator().manual_seed(5))
    started = iter([False, True])
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: next(started))
    monkeypatch.setattr(torch.cuda, "default_generators", (device,))
    with untouched():
        torch.rand(3, generator=device)
    assert torch.equal(torch.rand(3, generator=device), first)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_cuda_states_are_put_back() -> None:
    torch.rand(1, device="cuda")
    before = [state.tolist() for state in torch.cuda.get_rng_state_all()]
    with untouched():
        torch.cuda.manual_seed_all(3)
        torch.rand(1, device="cuda")
    assert [state.tolist() for state in torch.cuda.get_rng_state_all()] == before

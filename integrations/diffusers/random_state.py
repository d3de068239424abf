"""untouched: whatever a writer or its backend does with global random states, the pipeline never notices."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def untouched() -> Iterator[None]:
    """Put back the states of `random`, NumPy and torch (every device in use) on leaving."""
    import torch

    numpy = sys.modules.get("numpy")
    python = random.getstate()
    array = numpy.random.get_state() if numpy else None
    cpu = torch.get_rng_state()
    started: bool = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    devices = torch.cuda.get_rng_state_all() if started else []  # asking would start CUDA
    try:
        yield
    finally:
        random.setstate(python)
        if numpy:
            numpy.random.set_state(array)
        torch.set_rng_state(cpu)
        if started:
            torch.cuda.set_rng_state_all(devices)
        elif torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            # The writer started it: nothing was drawn before, so the state is that of the seed.
            for generator in torch.cuda.default_generators:
                generator.manual_seed(generator.initial_seed())

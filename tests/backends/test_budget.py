"""Memory that rows take, and how many fit."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
hypothesis = pytest.importorskip("hypothesis")

from hypothesis import strategies as st  # noqa: E402

from t2v_recaption.backends.budget import Costs, _free_in_group, free_memory, rows_that_fit  # noqa: E402
from tests.tiny_models import FAMILIES  # noqa: E402

LENGTHS = st.lists(st.integers(1, 5000), min_size=1, max_size=20)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_remembered_is_counted_exactly(family: str, tmp_path: Path) -> None:
    """Keys and values as the model's own cache holds them."""
    config = transformers.AutoConfig.from_pretrained(FAMILIES[family](tmp_path))
    model = transformers.AutoModelForImageTextToText.from_config(config).eval()
    cache = transformers.DynamicCache()
    with torch.inference_mode():
        model(input_ids=torch.ones(1, 7, dtype=torch.long), past_key_values=cache, use_cache=True)
    held = sum(t.numel() * t.element_size() for layer in cache.layers for t in (layer.keys, layer.values))
    assert Costs(config, model.dtype).token * 7 == held
    assert 2 * Costs(config, torch.bfloat16).token == Costs(config, torch.float32).token


@hypothesis.given(LENGTHS, st.integers(0, 10**8))
def test_what_fits_does_fit_and_one_more_would_not(lengths: list[int], memory: int) -> None:
    config = transformers.LlavaConfig()
    costs, rooms = Costs(config, torch.float16), [16] * len(lengths)
    count = rows_that_fit(lengths, rooms, 1000, costs, memory)

    def need(rows: int) -> int:
        return rows * (max(lengths[:rows]) + 16) * costs.token + 1000

    assert 1 <= count <= len(lengths)
    assert count == 1 or need(count) <= memory
    assert count == len(lengths) or need(count + 1) > memory
    assert rows_that_fit(lengths, rooms, 1000, costs, None) == len(lengths)


def test_a_container_has_what_it_may_take(tmp_path: Path) -> None:
    assert _free_in_group(tmp_path) is None
    for name, text in (("max", "1000\n"), ("current", "700\n"), ("stat", "anon 300\nfile 400\n")):
        (tmp_path / f"memory.{name}").write_text(text, encoding="ascii")
    assert _free_in_group(tmp_path) == 700
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    assert _free_in_group(tmp_path) is None


def test_memory_of_this_machine() -> None:
    free = free_memory(torch.device("cpu"))
    assert free is None or free > 0

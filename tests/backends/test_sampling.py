"""Choosing tokens: distribution, nucleus, and that rows do not influence each other."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from t2v_recaption.backends.base import ChatRequest  # noqa: E402
from t2v_recaption.backends.sampling import Row, choose  # noqa: E402


def row(seed: int = 0, temperature: float = 1.0, top_p: float = 1.0) -> Row:
    return Row([1], ChatRequest((), seed=seed, temperature=temperature, top_p=top_p), 10)


def logits(*probabilities: float) -> torch.Tensor:
    return torch.tensor([probabilities]).log()


def test_temperature_zero_takes_the_likeliest() -> None:
    assert choose(logits(0.2, 0.5, 0.3), [row(temperature=0.0)]) == [1]


@pytest.mark.parametrize("size", [3, 1000])
def test_tokens_come_as_often_as_they_are_likely(size: int) -> None:
    expected = torch.softmax(torch.linspace(0, 3, size), dim=-1)
    one, draws = row(), 20_000 if size == 3 else 2_000
    table = expected.log().unsqueeze(0)
    counts = torch.bincount(torch.tensor([choose(table, [one])[0] for _ in range(draws)]), minlength=size)
    thirds = torch.stack([chunk.sum() for chunk in expected.tensor_split(3)])
    drawn = torch.stack([chunk.sum() for chunk in counts.tensor_split(3)]) / draws
    assert torch.allclose(drawn, thirds, atol=0.04)


@pytest.mark.parametrize(
    ("top_p", "allowed"), [(0.0, {2}), (0.5, {2}), (0.7, {2, 0}), (0.95, {2, 0, 1}), (1.0, {2, 0, 1, 3})]
)
def test_the_nucleus(top_p: float, allowed: set[int]) -> None:
    one = row(top_p=top_p)
    table = logits(0.3, 0.08, 0.6, 0.02)
    assert {choose(table, [one])[0] for _ in range(1000)} == allowed


def test_a_low_temperature_sharpens() -> None:
    one = row(temperature=0.05)
    assert {choose(logits(0.4, 0.6), [one])[0] for _ in range(100)} == {1}


def test_rows_do_not_influence_each_other() -> None:
    table = torch.randn(3, 5000, generator=torch.Generator().manual_seed(0))
    settings = [(1, 1.0, 0.9), (2, 0.5, 1.0), (3, 0.0, 1.0)]
    together = [row(*setting) for setting in settings]
    drawn = [choose(table, together) for _ in range(20)]
    for number, setting in enumerate(settings):
        alone = row(*setting)
        assert [choose(table[number : number + 1], [alone])[0] for _ in range(20)] == [step[number] for step in drawn]


def test_a_restart_gives_the_same_again() -> None:
    one, table = row(seed=5), torch.zeros(1, 1000)
    first = [choose(table, [one])[0] for _ in range(5)]
    one.restart()
    assert [choose(table, [one])[0] for _ in range(5)] == first

"""Pictures: what a caption shows of the things and the place that the user named."""

from __future__ import annotations

import re

import pytest

from t2v_recaption.intent import parse
from t2v_recaption.targets import load
from t2v_recaption.writers.base import WriteOptions, WriteRequest
from t2v_recaption.writers.composer import Composer


def caption(prompt: str, seed: int = 0) -> str:
    [draft] = Composer().write([WriteRequest(parse(prompt), seed)], load("generic"), WriteOptions())
    return draft.text


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        ("water tower on the desert", r"tank"),
        ("emergency vehicle parked outside the casino", r"lamps"),
        ("woman and man in pajamas working from home", r"The woman.*The man"),
        ("two kids building a sandcastle", r"on the beach"),
        ("a boy flying a kite", r"(?:park|beach|field)\b"),
        ("a knight on a white horse", r"sits on a white horse"),
        ("close up on lobster under water", r"^(?!.*\btrees\b)"),
    ],
)
def test_shows_what_is_named_where_it_belongs(prompt: str, shown: str) -> None:
    for seed in range(4):
        assert re.search(shown, caption(prompt, seed)), caption(prompt, seed)


@pytest.mark.parametrize(
    ("prompt", "never"),
    [
        ("emergency vehicle parked outside the casino", r"tables|roulette|padded"),
        ("dropping flower petals on a wooden bowl", r"\bit\b"),
        ("a palm tree against blue sky", r"\b(?:cloud|clouds|dusk|evening|rose)\b"),
        ("a lighthouse on a cliff during a storm", r"\b[Ss]un(?:light|ny|lit)?\b"),
        ("woman picking beans from a plant", r"in the (?:kitchen|dining room)"),
        ("a chef cutting sushi rolls", r"\bthe elbows\b"),
        ("a train passing through a snowy forest", r"\bgreen\b|yellow-green"),
        ("fireworks over a city at night", r"\b[Dd]aylight|\bdusk\b"),
    ],
)
def test_never_shows_what_cannot_be_there(prompt: str, never: str) -> None:
    for seed in range(6):
        assert not re.search(never, caption(prompt, seed)), caption(prompt, seed)


def test_a_group_acts_in_the_plural() -> None:
    assert not re.search(r"their (?:head|face|mouth|body)\b", caption("movie crew talking together"))

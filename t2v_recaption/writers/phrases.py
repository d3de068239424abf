"""The phrases of `prompts/lexicon/replies.yaml` as patterns, and what is said of an answer that is no caption."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def pattern(name: str) -> re.Pattern[str]:
    """What models say around a caption or instead of one: `preamble`, `talk`, `refusal` …"""
    return re.compile(r"\s*(?:" + "|".join(_lists()[name]) + ")", re.IGNORECASE)


def said(problem: str, **values: str) -> str:
    """What is wrong with an answer, as an instruction to whoever wrote it."""
    return str(_lists()["problems"][problem]).format(**values)


@cache
def _lists() -> dict[str, Any]:
    import yaml

    text = (files("t2v_recaption.prompts") / "lexicon" / "replies.yaml").read_text(encoding="utf-8")
    lists: dict[str, Any] = yaml.safe_load(text)
    return lists

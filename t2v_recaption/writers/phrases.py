"""The phrases of `prompts/lexicon/replies.yaml` as compiled patterns."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files


@cache
def pattern(name: str) -> re.Pattern[str]:
    """What models say around a caption or instead of one: `preamble`, `talk`, `refusal` …"""
    return re.compile(r"\s*(?:" + "|".join(_lists()[name]) + ")", re.IGNORECASE)


@cache
def _lists() -> dict[str, list[str]]:
    import yaml

    text = (files("t2v_recaption.prompts") / "lexicon" / "replies.yaml").read_text(encoding="utf-8")
    lists: dict[str, list[str]] = yaml.safe_load(text)
    return lists

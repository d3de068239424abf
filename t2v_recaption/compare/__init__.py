"""A/B: which prompt, writer or setting is better, measured prompt by prompt and said with its uncertainty.

    from t2v_recaption.compare import Score, Settings, compare

    first = [Score("p1", 1.0), Score("p2", 0.0), ...]
    compare(first, second, names=("raw", "composer"), settings=Settings(margin=0.03)).verdict.text

The names below are imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2v_recaption.compare.arms import Arm, parse_arm
    from t2v_recaption.compare.comparison import Category, Comparison, Contest, by_category, compare, compare_arms
    from t2v_recaption.compare.design import Design
    from t2v_recaption.compare.exact import Interval, McNemar, Wins
    from t2v_recaption.compare.items import Item, Items, read_items
    from t2v_recaption.compare.power import Power, plan_power
    from t2v_recaption.compare.ranking import Choice, Ranking, choices_from, rank
    from t2v_recaption.compare.reliability import (
        Calibration,
        FlipRate,
        corrected_difference,
        corrected_rate,
        flip_rate,
    )
    from t2v_recaption.compare.result import Result
    from t2v_recaption.compare.run import run_ab
    from t2v_recaption.compare.scores import Pair, Score
    from t2v_recaption.compare.verdicts import Call, Settings, Verdict

_WHERE = {
    "Arm": "arms",
    "Calibration": "reliability",
    "Call": "verdicts",
    "Category": "comparison",
    "Choice": "ranking",
    "Comparison": "comparison",
    "Contest": "comparison",
    "Design": "design",
    "FlipRate": "reliability",
    "Interval": "exact",
    "Item": "items",
    "Items": "items",
    "McNemar": "exact",
    "Pair": "scores",
    "Power": "power",
    "Ranking": "ranking",
    "Result": "result",
    "Score": "scores",
    "Settings": "verdicts",
    "Verdict": "verdicts",
    "Wins": "exact",
    "by_category": "comparison",
    "choices_from": "ranking",
    "compare": "comparison",
    "compare_arms": "comparison",
    "corrected_difference": "reliability",
    "corrected_rate": "reliability",
    "flip_rate": "reliability",
    "parse_arm": "arms",
    "plan_power": "power",
    "rank": "ranking",
    "read_items": "items",
    "run_ab": "run",
}

__all__ = [
    "Arm",
    "Calibration",
    "Call",
    "Category",
    "Choice",
    "Comparison",
    "Contest",
    "Design",
    "FlipRate",
    "Interval",
    "Item",
    "Items",
    "McNemar",
    "Pair",
    "Power",
    "Ranking",
    "Result",
    "Score",
    "Settings",
    "Verdict",
    "Wins",
    "by_category",
    "choices_from",
    "compare",
    "compare_arms",
    "corrected_difference",
    "corrected_rate",
    "flip_rate",
    "parse_arm",
    "plan_power",
    "rank",
    "read_items",
    "run_ab",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

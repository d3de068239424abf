"""The caption-video loop: enhance, generate, verify, edit what failed, keep the best.

    from t2v_recaption import Budget, loop

    result = loop("two cats and a red ball", pipe, target="wan2.2", judges=[judge], budget=Budget(generations=12))
    print(result.best.text, result.best_trial.clip, result.stop.value)

This module can be called: it is the function `loop` and the place of everything about it at once, since both have the
same name.
"""

from __future__ import annotations

from t2v_recaption.callable_module import make_callable
from t2v_recaption.loop.api import loop, make_loop
from t2v_recaption.loop.budget import Budget, Spent
from t2v_recaption.loop.diagnosis import Cause, Diagnosis
from t2v_recaption.loop.result import LoopResult, Round, Stop
from t2v_recaption.loop.run import Loop, Rules
from t2v_recaption.loop.trial import Trial
from t2v_recaption.loop.wording import Edit, Wording

__all__ = [
    "Budget",
    "Cause",
    "Diagnosis",
    "Edit",
    "Loop",
    "LoopResult",
    "Round",
    "Rules",
    "Spent",
    "Stop",
    "Trial",
    "Wording",
    "loop",
    "make_loop",
]

loop = make_callable(__name__, loop)  # the package, too, has that name

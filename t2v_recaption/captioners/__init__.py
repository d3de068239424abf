"""Captioners: the roles that turn a clip into text, on any vision backend."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2v_recaption.captioners.ask import Answer
    from t2v_recaption.captioners.base import ClipCaption, Mode, Session, Step, Work, between
    from t2v_recaption.captioners.captioner import Captioner
    from t2v_recaption.captioners.conversation import Conversation
    from t2v_recaption.captioners.drive import drive, run_sessions
    from t2v_recaption.captioners.guidance import Guidance
    from t2v_recaption.captioners.plan import Budget, Plan
    from t2v_recaption.captioners.profile import Profile
    from t2v_recaption.captioners.prompt_form import short_prompt

_WHERE = {
    "Answer": "ask",
    "Budget": "plan",
    "Captioner": "captioner",
    "ClipCaption": "base",
    "Conversation": "conversation",
    "Guidance": "guidance",
    "Mode": "base",
    "Plan": "plan",
    "Profile": "profile",
    "Session": "base",
    "Step": "base",
    "Work": "base",
    "between": "base",
    "drive": "drive",
    "run_sessions": "drive",
    "short_prompt": "prompt_form",
}

__all__ = [
    "Answer",
    "Budget",
    "Captioner",
    "ClipCaption",
    "Conversation",
    "Guidance",
    "Mode",
    "Plan",
    "Profile",
    "Session",
    "Step",
    "Work",
    "between",
    "drive",
    "run_sessions",
    "short_prompt",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)

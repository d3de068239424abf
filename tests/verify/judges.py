"""Judges without a model: they know what a clip shows, and answer well or badly."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from t2v_recaption.backends.base import ChatRequest
from t2v_recaption.backends.scripted import ScriptedBackend

Answerer = Callable[[ChatRequest], str]


def question_of(request: ChatRequest) -> str:
    """The question that a request puts."""
    return request.messages[-1].text.splitlines()[0]


def knowing(truth: Mapping[str, str]) -> Answerer:
    """Answers what it knows; of all else it says that it is not there, but for what any coloured clip shows."""

    def answer(request: ChatRequest) -> str:
        question = question_of(request)
        if question in truth:
            return truth[question]
        plain = question in ("Is the video in colour?", "Can anything be made out in the picture?")
        return "Yes" if plain or "much" in question else "No"

    return answer


def noisy(truth: Mapping[str, str], wrong: float, seed: int = 0) -> Answerer:
    """Knows the truth and says the opposite to a share of the yes-or-no questions, always the same ones."""
    good = knowing(truth)

    def answer(request: ChatRequest) -> str:
        said, question = good(request), question_of(request)
        draw = int(hashlib.sha256(f"{seed}{question}".encode()).hexdigest()[:8], 16) / 16**8
        flipped = {"Yes": "No", "No": "Yes"}
        return flipped.get(said, said) if draw < wrong else said

    return answer


def good_judge(truth: Mapping[str, str]) -> ScriptedBackend:
    """A judge that sees everything."""
    return ScriptedBackend(knowing(truth))


def saying(text: str) -> ScriptedBackend:
    """A judge that says the same whatever it is asked."""
    return ScriptedBackend(lambda request: text)

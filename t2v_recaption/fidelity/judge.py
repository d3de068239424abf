"""judge: let a language model accept a paraphrase that the rules do not recognise. It can only turn lost into kept."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from t2v_recaption.backends.base import Backend, ChatRequest, Message
from t2v_recaption.fidelity.report import FactVerdict, Report, Status
from t2v_recaption.intent.model import Intent, Span
from t2v_recaption.templates import render

OVERRULED = (Status.LOST, Status.WEAKENED)
"""What a judge may turn into `kept`. A contradiction is in the text for everybody to see: no paraphrase undoes it."""

MAX_TOKENS = 60
"""Tokens of answer for each fact."""


def overrule(intent: Intent, report: Report, judge: Backend) -> Report:
    """The report with the verdicts that the judge changes. Never raises: without a usable answer nothing changes."""
    open_ = [v for v in report.verdicts if v.status in OVERRULED]
    if not open_:
        return report
    answers = _ask(intent, report, open_, judge)
    verdicts = tuple(
        _judged(v, answers.get(v.fact.id), report.text, judge.name) if v in open_ else v for v in report.verdicts
    )
    return replace(report, verdicts=verdicts)


def _ask(intent: Intent, report: Report, open_: list[FactVerdict], judge: Backend) -> dict[str, Any]:
    facts = [{"id": v.fact.id, "kind": v.fact.kind.value, "words": v.fact.text} for v in open_]
    try:
        content = render(
            "judge", prompt=intent.prompt, caption=report.text, facts=json.dumps(facts, ensure_ascii=False)
        )
        message = Message("user", content)
        schema = _schema([v.fact.id for v in open_]) if judge.supports_schema else None
        request = ChatRequest((message,), temperature=0.0, max_tokens=MAX_TOKENS * len(facts), schema=schema)
        reply = judge.generate([request])[0]
        return {} if reply.error is not None else _parsed(reply.text)
    except Exception:  # a judge is a second opinion: whatever goes wrong there, the rules have spoken
        return {}


def _schema(ids: list[str]) -> dict[str, Any]:
    answer = {
        "type": "object",
        "properties": {"kept": {"type": "boolean"}, "quote": {"type": "string"}},
        "required": ["kept", "quote"],
        "additionalProperties": False,
    }
    return {"type": "object", "properties": dict.fromkeys(ids, answer), "required": ids, "additionalProperties": False}


def _parsed(text: str) -> dict[str, Any]:
    """The first JSON object in the answer."""
    found = re.search(r"\{.*\}", text, re.DOTALL)
    answer = json.loads(found.group()) if found else {}
    return answer if isinstance(answer, dict) else {}


def _judged(verdict: FactVerdict, answer: Any, text: str, name: str) -> FactVerdict:
    """The verdict, overruled where the judge quotes words that the caption really has."""
    if not isinstance(answer, dict) or answer.get("kept") is not True:
        return verdict
    quote = str(answer.get("quote", "")).strip()
    start = text.lower().find(quote.lower()) if quote else -1
    if start < 0:
        return verdict
    reason = f"The judge reads “{quote}” as “{verdict.fact.text}”."
    return replace(verdict, status=Status.KEPT, span=Span(start, start + len(quote)), reason=reason, by=name or "judge")

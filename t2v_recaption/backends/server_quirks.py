"""What a server does not take: learned from its refusals, so that each is met once and not once a request."""

from __future__ import annotations

import re
from threading import Lock
from typing import Any

# Parameters that can be left out: the answer is then less controlled, and the reply says so. Never max_tokens.
OPTIONAL = ("seed", "top_p", "temperature", "stop", "response_format")
REFUSED = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|extra inputs|invalid param",
    re.I,
)
SCHEMA_WORDS = ("response_format", "json_schema", "json_object", "guided", "grammar", "structured output")
STEPS = {"json_schema": "json_object", "json_object": ""}


class Quirks:
    """The parameters that one server refuses; shared by the threads that talk to it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._left_out: set[str] = set()
        self._renamed = False
        self._format = "json_schema"

    def adapt(self, body: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The request as this server takes it, and notes on what differs from what was asked."""
        with self._lock:
            sent = {key: value for key, value in body.items() if key not in self._left_out}
            if self._renamed:
                sent["max_completion_tokens"] = sent.pop("max_tokens")
            if "response_format" in sent and self._format != "json_schema":
                sent["response_format"] = {"type": self._format}
        return sent, self.notes(body)

    def notes(self, body: dict[str, Any]) -> tuple[str, ...]:
        """What differs from what was asked, for people."""
        notes = [f"the server takes no {name}: sent without" for name in OPTIONAL if name in self._left_out & set(body)]
        if "response_format" in body and self._format == "json_object" and "response_format" not in self._left_out:
            notes.append("the server takes no JSON schema: asked for any JSON")
        return tuple(notes)

    def learn(self, sent: dict[str, Any], error: Any) -> bool:
        """Whether this refusal teaches something, so that the request is worth sending again."""
        if getattr(error, "status_code", None) not in (400, 422):
            return False
        said = f"{getattr(error, 'param', '') or ''} {getattr(error, 'message', '')}"
        with self._lock:
            return self._rename(sent, said) or self._loosen(sent, said) or self._leave_out(sent, said)

    def _rename(self, sent: dict[str, Any], said: str) -> bool:
        # OpenAI's reasoning models take max_tokens only under its newer name.
        if "max_tokens" not in sent or "max_completion_tokens" not in said:
            return False
        self._renamed = True
        return True

    def _loosen(self, sent: dict[str, Any], said: str) -> bool:
        if "response_format" not in sent or not any(word in said.lower() for word in SCHEMA_WORDS):
            return False
        following = STEPS[sent["response_format"]["type"]]
        if following:
            self._format = following
        else:
            self._left_out.add("response_format")
        return True

    def _leave_out(self, sent: dict[str, Any], said: str) -> bool:
        if not REFUSED.search(said):
            return False
        named = [name for name in OPTIONAL if name in sent and re.search(rf"\b{name}\b", said)]
        self._left_out.update(named)
        return bool(named)

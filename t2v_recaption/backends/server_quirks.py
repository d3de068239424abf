"""What a server does not take: learned from its refusals, so that each is met once and not once a request."""

from __future__ import annotations

import re
from threading import Lock
from typing import Any

# Parameters that can be left out: the answer is then less controlled, and the reply says so. Never max_tokens.
OPTIONAL = ("seed", "top_p", "temperature", "stop", "response_format", "logprobs", "use_beam_search")
# What goes with another parameter, and is left out with it.
COMPANIONS = {"logprobs": "top_logprobs", "use_beam_search": "n"}
# Parameters that OpenAI's library does not know by name.
EXTRA = ("use_beam_search",)
MOST_IMAGES = re.compile(
    r"(?:at most|up to|max(?:imum)?(?: number)?(?: of images)?(?: is| of|:)?|limit(?:ed)?(?: is| to| of|:)?|set image=)"
    r"\s*(\d+)(?!\d|\s*[KMG]i?B)",
    re.I,
)
"""vLLM: "At most 8 image(s) may be provided in one request."; others: "supports up to 5 images", "Max is 250" …"""
FEWER = re.compile(r"(?:less than or equal to|at most|max(?:imum)?(?: of| is)?|<=|between 0 and)\s*(\d+)", re.I)
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
        self._logprobs: int | None = None
        self.most_images: int | None = None
        """Images that the server takes in one request, once it has said so."""
        self.refuses_video = False

    @property
    def refuses_probabilities(self) -> bool:
        """Whether the server has said that it gives none."""
        return "logprobs" in self._left_out

    def adapt(self, body: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The request as this server takes it, and notes on what differs from what was asked."""
        with self._lock:
            out = self._left_out | {COMPANIONS[name] for name in self._left_out if name in COMPANIONS}
            sent = {key: value for key, value in body.items() if key not in out}
            if "top_logprobs" in sent and self._logprobs is not None:
                sent["top_logprobs"] = self._logprobs
            if self._renamed:
                sent["max_completion_tokens"] = sent.pop("max_tokens")
            if "response_format" in sent and self._format != "json_schema":
                sent["response_format"] = {"type": self._format}
        if extra := {name: sent.pop(name) for name in EXTRA if name in sent}:
            sent["extra_body"] = {**sent.get("extra_body", {}), **extra}
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
            return any(
                learn(sent, said)
                for learn in (
                    self._rename,
                    self._loosen,
                    self._count_images,
                    self._drop_video,
                    self._fewer_logprobs,
                    self._leave_out,
                )
            )

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
        given = {**sent, **sent.get("extra_body", {})}
        named = [name for name in OPTIONAL if name in given and _names(name, said)]
        self._left_out.update(named)
        return bool(named)

    def _count_images(self, sent: dict[str, Any], said: str) -> bool:
        images = _count(sent, "image_url")
        found = MOST_IMAGES.search(said) if "image" in said.lower() else None
        most = int(found[1]) if found else 0
        if not 0 < most < images:
            return False
        self.most_images = most
        return True

    def _drop_video(self, sent: dict[str, Any], said: str) -> bool:
        if self.refuses_video or not _count(sent, "video_url") or "video" not in said.lower():
            return False
        self.refuses_video = True
        return True

    def _fewer_logprobs(self, sent: dict[str, Any], said: str) -> bool:
        # A number is too high, where the parameter as such is known.
        found = FEWER.search(said) if "logprobs" in said else None
        most = int(found[1]) if found else 0
        if not 0 < most < sent.get("top_logprobs", 0):
            return False
        self._logprobs = most
        return True


def _names(name: str, said: str) -> bool:
    return any(re.search(rf"\b{each}\b", said) for each in (name, COMPANIONS.get(name, name)) if len(each) > 1)


def _count(sent: dict[str, Any], kind: str) -> int:
    contents = [message["content"] for message in sent.get("messages", []) if isinstance(message["content"], list)]
    return sum(part["type"] == kind for content in contents for part in content)

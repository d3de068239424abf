"""sharecaptioner: the prompt re-captioning role of ShareCaptioner-Video, asked exactly as it was trained.

The model (https://huggingface.co/Lin-Chen/ShareCaptioner-Video, paper arXiv:2406.04325) knows one literal instruction
for this role and no system message; its demo decodes without sampling (three beams, up to 2,048 new tokens). It runs
behind any backend that serves it; one without beam search decodes greedily.
"""

from __future__ import annotations

from t2v_recaption import templates
from t2v_recaption.backends.base import Backend, ChatRequest, Message
from t2v_recaption.targets.model import Target
from t2v_recaption.writers.base import WriteOptions, WriteRequest
from t2v_recaption.writers.chat import ChatWriter

MAX_TOKENS = 2048
"""New tokens that upstream's demo allows (captioner/app.py)."""
BEAMS = 3
"""Beams of upstream's demo."""


class ShareCaptionerWriter(ChatWriter):
    """Prompt re-captioning with ShareCaptioner-Video. It follows no corrections: what it loses is mended.

    Args:
        backend: what serves the model.
    """

    name = "sharecaptioner"
    revises = False
    translates = False

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, template="sharecaptioner", temperature=0, max_tokens=MAX_TOKENS)
        self.leaks = ()

    def _chat(self, request: WriteRequest, target: Target, options: WriteOptions) -> ChatRequest:
        text = templates.render("sharecaptioner", prompt=request.intent.prompt)
        beams = BEAMS if self.backend.supports_beams else 1
        return ChatRequest(
            (Message("user", text),), seed=request.seed, temperature=0, max_tokens=MAX_TOKENS, beams=beams
        )

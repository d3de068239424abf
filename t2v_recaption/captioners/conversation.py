"""A conversation about a clip: each question knows what was asked and answered before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from t2v_recaption.captioners.ask import Answer
from t2v_recaption.captioners.base import Step
from t2v_recaption.captioners.captioner import Captioner

if TYPE_CHECKING:
    from t2v_recaption.video import Clip


class Conversation:
    """Questions about one clip, one after the other. The frames are read once, and stay in memory.

    Args:
        captioner: asks.
        clip: what it is about.
        steps: of a sliding caption of it, to go with the frames of a long clip.
    """

    def __init__(self, captioner: Captioner, clip: Clip, *, steps: Sequence[Step] = ()) -> None:
        self.captioner = captioner
        self.history: list[Answer] = []
        """What was answered so far. Failed answers are not in it."""
        self._clip, self._steps = clip, tuple(steps)
        self._frames = captioner.frames(clip, "ask")

    def ask(self, question: str) -> Answer:
        """The answer to the next question.

        Raises:
            InvalidInput: there is no question.
        """
        (answer,) = self.captioner.answer(
            self._frames, [question], span=self._clip.span, history=self.history, steps=self._steps
        )
        if answer.error is None:
            self.history.append(answer)
        return answer

"""The captioner that needs no model: says what was measured, in plain sentences that claim nothing else.

What is undetermined is not mentioned. "The framing shifts" stands for a pan as well as for a sideways move, since
measuring cannot tell one from the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from t2v_recaption.captioners.base import ClipCaption, Mode, Step
from t2v_recaption.captioners.measured_words import clip_sentences, lead, shot_sentences, text_sentences
from t2v_recaption.errors import InvalidInput, RecaptionError
from t2v_recaption.video.clip import Clip
from t2v_recaption.video.measurements import METHOD, Measurements, measure

MOST_SHOTS = 12
"""A clip with more shots has their sentences in `steps` only."""


class MeasuredCaptioner:
    """Says what can be measured in clips: length, shots, camera, motion, light, colours, text on screen.

    Args:
        text: whether to read text on screen, which takes the packages of the extra `ocr`, and some seconds a clip.
    """

    name = "measured"

    def __init__(self, *, text: bool = False) -> None:
        self.text = text

    def caption(
        self,
        clips: Sequence[Clip],
        mode: Mode = "measured",
        *,
        on_done: Callable[[int, ClipCaption], None] | None = None,
    ) -> list[ClipCaption]:
        """A caption for each clip, in order. A clip that fails has its `error` set and does not lose the others.

        Args:
            clips: what to describe.
            mode: only `measured`.
            on_done: called with a clip's place and caption as soon as it is done.

        Raises:
            InvalidInput: another mode, which takes a model.
        """
        if mode != "measured":
            raise InvalidInput(f"Without a model there is no mode {mode!r}.", hint="Choose measured, or name a model.")
        captions = []
        for place, clip in enumerate(clips):
            try:
                made = self.describe(measure(clip, text=self.text))
            except RecaptionError as error:
                made = ClipCaption("", "measured", clip.start, clip.end or clip.start, error=error)
            captions.append(made)
            if on_done is not None:
                on_done(place, made)
        return captions

    def describe(self, found: Measurements) -> ClipCaption:
        """The caption of a clip that was measured already."""
        still = found.playback.still.value is not False or len(found.shots) > 1
        steps = tuple(
            Step(
                number=shot.number,
                start=shot.start,
                end=shot.end,
                text=" ".join(shot_sentences(shot, still=still)),
                scene=shot.number,
                model=self.name,
            )
            for shot in found.shots
        )
        sentences = [lead(found), *told(steps), *clip_sentences(found), *text_sentences(found)]
        return ClipCaption(
            text=" ".join(sentence for sentence in sentences if sentence),
            mode="measured",
            start=found.start,
            end=found.end,
            steps=steps,
            notes=found.notes,
            provenance=self.identity(),
        )

    def identity(self) -> dict[str, Any]:
        """All that decides a caption."""
        return {"captioner": self.name, "method": METHOD, "text": self.text}


def told(steps: Sequence[Step]) -> list[str]:
    """What is said of each shot."""
    if len(steps) == 1:
        return [steps[0].text]
    if len(steps) > MOST_SHOTS:
        return []
    return [f"Shot {step.number + 1}, {step.start:.1f} to {step.end:.1f} s: {step.text}" for step in steps if step.text]

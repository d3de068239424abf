"""Captioner: turns clips into captions on any vision backend, in the way a profile says."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from t2v_recaption.backends.base import ChatReply
from t2v_recaption.captioners.ask import Answer
from t2v_recaption.captioners.base import ClipCaption, Mode, Step, between
from t2v_recaption.captioners.drive import run_sessions
from t2v_recaption.captioners.fast import thinned
from t2v_recaption.captioners.sessions import Sessions
from t2v_recaption.captioners.work import checked
from t2v_recaption.video.frame import Frame

if TYPE_CHECKING:
    from t2v_recaption.video import Clip


class Captioner(Sessions):
    """Says what is to be seen in clips.

    Args:
        backend: a vision backend, or its name.
        profile: how it is asked: `generic` (any model), `sharecaptioner` and its like (the original models), the path
            of a YAML file, or a `Profile`.
        guidance: what captions shall be like.
        sampling: which frames are seen, instead of the profile's choice: `every:2`, `uniform:16`, `keyframes` …
        scenes: whether scenes are looked for, instead of the profile's choice. It takes reading a clip once more.
        budget: what one clip may cost.
        seed: the same seed, backend and clip give the same caption.
        windows: scenes (and windows) of one clip that are described side by side. 1 gives steps in order of time.
        in_flight: clips that are worked on side by side.
        backend_options: passed to the backend, when it is given by name.

    Raises:
        UnknownName: no such backend or profile.
        InvalidInput: guidance for a profile whose questions are fixed.
    """

    def caption(
        self,
        clips: Sequence[Clip],
        mode: Mode = "sliding",
        *,
        query: str = "",
        on_done: Callable[[int, ClipCaption], None] | None = None,
    ) -> list[ClipCaption]:
        """A caption for each clip, in order. A clip that fails has its `error` set and does not lose the others.

        Step k of several clips goes to the model in one batch.

        Args:
            clips: what to describe.
            mode: `fast` or `sliding`; `measured` asks no model, and says what can be measured.
            query: what `fast` asks, instead of the profile's question.
            on_done: called with a clip's place and caption as soon as it is done.
        """
        if mode == "measured":
            from t2v_recaption.captioners.measured import MeasuredCaptioner

            return MeasuredCaptioner().caption(clips, on_done=on_done)
        sessions = (self.clip_session(clip, mode, query=query) for clip in clips)
        return run_sessions(sessions, self.backend, in_flight=self.in_flight, on_done=on_done)

    def stream(self, clip: Clip, *, known: Sequence[Step] = ()) -> Iterator[Step | ClipCaption]:
        """The steps of a clip while it is still being read, in order of time, and its caption last.

        Scenes are not looked for, since that would take reading the clip first.

        Args:
            clip: what to describe.
            known: steps of an earlier run that was interrupted; they are neither asked for nor given again.
        """
        fresh: deque[Step] = deque()
        session = self.clip_session(clip, "sliding", known=known, on_step=fresh.append, scenes=(), windows=1)
        replies: tuple[ChatReply, ...] | None = None
        try:
            while True:
                # None starts a generator, which its type does not say
                asked = session.send(cast("tuple[ChatReply, ...]", replies))
                yield from _emptied(fresh)
                replies = tuple(self.backend.generate(asked)) if asked else ()
        except StopIteration as stop:
            yield from _emptied(fresh)
            yield stop.value
        finally:
            session.close()

    def ask(
        self, clip: Clip, questions: Sequence[str], *, history: Sequence[Answer] = (), steps: Sequence[Step] = ()
    ) -> list[Answer]:
        """Answers to free questions about a clip, in order, all asked over the same frames.

        Args:
            clip: what they are about.
            questions: what to ask; they do not know of each other.
            history: earlier answers about this clip, for a conversation.
            steps: of a sliding caption of it, to go with the frames of a long clip.

        Raises:
            InvalidInput: there is no question, the clip cannot be read, or the profile answers none.
        """
        frames = self._frames(clip, self.sampling("ask"))
        return self.answer(frames, questions, history=history, steps=steps, span=clip.span)

    def answer(self, frames: Iterable[Frame], questions: Sequence[str], **options: Any) -> list[Answer]:
        """Answers about frames that are at hand; arguments as those of `ask_session`."""
        (found,) = run_sessions([self.ask_session(frames, questions, **options)], self.backend)
        return found

    def frames(self, clip: Clip, mode: str) -> list[Frame]:
        """The frames that a mode sees of a clip, thinned to as many as one question may show."""
        kept, _ = thinned(checked(self._frames(clip, self.sampling(mode))), self.profile.frames, self.profile.side)
        return kept

    def summarize(self, steps: Sequence[Step], start: float | None = None, end: float | None = None) -> ClipCaption:
        """The caption of a part of a clip from its steps, without its frames.

        Args:
            steps: of a sliding caption (`ClipCaption.steps`).
            start: of the part, in seconds from the start of the video; None is the first step's. A step belongs to
                the part if any of it lies inside.
            end: of the part; None is the last step's.

        Raises:
            InvalidInput: no step lies in the part.
        """
        chosen = between(steps, start, end)
        span = (chosen[0].start if start is None else start, chosen[-1].end if end is None else end)
        (caption,) = run_sessions([self.session((), None, "summary", known=chosen, span=span)], self.backend)
        return caption

    def close(self) -> None:
        """Free the model."""
        self.backend.close()

    def __enter__(self) -> Captioner:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _emptied(fresh: deque[Step]) -> Iterator[Step]:
    while fresh:
        yield fresh.popleft()

"""Captioner: turns clips into captions on any vision backend, in the way a profile says."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any, Protocol, cast

from t2v_recaption import __version__
from t2v_recaption.backends.base import Backend, ChatReply
from t2v_recaption.captioners import profile as profiles
from t2v_recaption.captioners.asker import Asker, Said
from t2v_recaption.captioners.base import ClipCaption, Mode, Session, Step
from t2v_recaption.captioners.drive import IN_FLIGHT, OnDone, run_sessions
from t2v_recaption.captioners.fast import glance
from t2v_recaption.captioners.guidance import Guidance
from t2v_recaption.captioners.profile import Profile
from t2v_recaption.captioners.sliding import OnStep, slide
from t2v_recaption.captioners.summary import summarise
from t2v_recaption.errors import InvalidInput, RecaptionError
from t2v_recaption.video.frame import Frame

Clip = Any


class Lasting(Protocol):
    """What a captioner needs to know of a clip: `ClipInfo`, or anything else with a duration."""

    @property
    def duration(self) -> float:
        """Seconds."""


class Starting(Protocol):
    """A scene."""

    @property
    def start(self) -> float:
        """Seconds from the start of the video."""


class Captioner:
    """Says what is to be seen in clips.

    Args:
        backend: a vision backend, or its name.
        profile: how it is asked: `generic` (any model), `sharecaptioner` and its like (the original models), the path
            of a YAML file, or a `Profile`.
        guidance: what captions shall be like.
        seed: the same seed, backend and clip give the same caption.
        windows: scenes (and windows) of one clip that are described side by side. 1 gives steps in order of time.
        in_flight: clips that are worked on side by side.

    Raises:
        UnknownName: no such backend or profile.
        InvalidInput: guidance for a profile whose questions are fixed.
    """

    def __init__(
        self,
        backend: Backend | str | None = None,
        profile: str | Profile = "generic",
        *,
        guidance: Guidance | None = None,
        seed: int = 0,
        windows: int = 4,
        in_flight: int = IN_FLIGHT,
        **backend_options: Any,
    ) -> None:
        from t2v_recaption.writers import make_backend

        self.backend = make_backend(backend, backend_options)
        self.profile = profile if isinstance(profile, Profile) else profiles.load(profile)
        self.guidance = guidance or Guidance()
        if not self.guidance.plain and not self.profile.guided:
            raise InvalidInput(
                f"The profile {self.profile.name!r} asks in fixed words, and takes no guidance.",
                hint="Use the profile 'generic'.",
            )
        if windows < 1:
            raise InvalidInput(f"windows must be at least 1, and is {windows}.")
        self.seed, self.windows, self.in_flight = seed, windows, in_flight

    def caption(
        self, clips: Sequence[Clip], mode: Mode = "sliding", *, on_done: OnDone | None = None
    ) -> list[ClipCaption]:
        """A caption for each clip, in order. A clip that fails has its `error` set and does not lose the others.

        Step k of several clips goes to the model in one batch.

        Args:
            clips: what to describe.
            mode: `fast` or `sliding`.
            on_done: called with a clip's place and caption as soon as it is done.
        """
        sessions = (self._of_clip(clip, mode, windows=self.windows) for clip in clips)
        return run_sessions(sessions, self.backend, in_flight=self.in_flight, on_done=on_done)

    def stream(self, clip: Clip, *, known: Sequence[Step] = ()) -> Iterator[Step | ClipCaption]:
        """The steps of a clip while it is still being read, in order of time, and its caption last.

        Scenes are not looked for, since that would take reading the clip first.

        Args:
            clip: what to describe.
            known: steps of an earlier run that was interrupted; they are neither asked for nor given again.
        """
        fresh: deque[Step] = deque()
        session = self._of_clip(clip, "sliding", windows=1, known=known, on_step=fresh.append, scenes=())
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

    def session(
        self,
        frames: Iterable[Frame],
        info: Lasting | None,
        mode: Mode,
        *,
        known: Sequence[Step] = (),
        on_step: OnStep | None = None,
        scenes: Sequence[Starting] | None = None,
        span: tuple[float, float] | None = None,
        windows: int | None = None,
    ) -> Session:
        """The work on one clip, for whoever drives sessions (`t2v_recaption.captioners.drive`).

        Args:
            frames: as `sampling(mode)` chooses them; pulled one by one as they are needed. Not used for `summary`.
            info: of the clip.
            mode: `fast`, `sliding`, or `summary` (of `known`).
            known: steps of an earlier run; they are not asked for again, but their frames are still expected.
            on_step: called with each new step as soon as it is final.
            scenes: of the clip, in order; none makes it one scene.
            span: start and end of the clip in seconds, where it is part of a video.
            windows: instead of the captioner's.
        """
        work = self._work(frames, info, mode, known, on_step, scenes or (), span, windows or self.windows)
        return _guarded(work, mode, known)

    def sampling(self, mode: Mode) -> str:
        """Which frames a mode wants to see, as `t2v_recaption.video.parse_sampling` reads it.

        Raises:
            InvalidInput: the profile has no such mode.
        """
        if mode not in self.profile.sampling:
            raise InvalidInput(
                f"The profile {self.profile.name!r} has no mode {mode!r}.",
                hint=f"It has: {', '.join(self.profile.sampling)}.",
            )
        return self.profile.sampling[mode]

    def summarize(self, steps: Sequence[Step], start: float | None = None, end: float | None = None) -> ClipCaption:
        """The caption of a part of a clip from its steps, without its frames.

        Args:
            steps: of a sliding caption (`ClipCaption.steps`).
            start: of the part, in seconds from the start of the video; None is the first step's. A step belongs to
                the part if any of it lies inside.
            end: of the part; None is the last step's.
        """
        chosen = between(steps, start, end)
        low = chosen[0].start if start is None and chosen else start or 0.0
        high = chosen[-1].end if end is None and chosen else end or 0.0
        session = self.session((), None, "summary", known=chosen, span=(low, high))
        (caption,) = run_sessions([session], self.backend)
        return caption

    def identity(self) -> dict[str, Any]:
        """What decides the captions besides the clips: backend, profile, guidance, seed."""
        guided = {} if self.guidance.plain else {"guidance": self.guidance.to_dict()}
        return {
            "t2v_recaption": __version__,
            "profile": self.profile.name,
            "profile_digest": self.profile.digest,
            "seed": self.seed,
            **guided,
            "backend": self.backend.identity(),
        }

    def close(self) -> None:
        """Free the model."""
        self.backend.close()

    def __enter__(self) -> Captioner:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _asker(self) -> Asker:
        return Asker.of(self.backend, self.profile, self.guidance, self.seed)

    def _of_clip(self, clip: Clip, mode: Mode, *, scenes: Sequence[Starting] | None = None, **options: Any) -> Session:
        """The session of a clip, which is opened only when the session starts."""

        def work() -> Session:
            video: Any = import_module("t2v_recaption.video")  # heavy
            wanted = self.sampling(mode)
            found = scenes
            if found is None:
                found = video.scenes(clip) if mode == "sliding" and self.profile.scenes else ()
            frames = video.sample(clip, video.parse_sampling(wanted))
            end = clip.info.duration if clip.end is None else min(clip.end, clip.info.duration)
            inner = self.session(frames, clip.info, mode, scenes=found, span=(clip.start, end), **options)
            return (yield from inner)

        return _guarded(work(), mode, options.get("known", ()))

    def _work(
        self,
        frames: Iterable[Frame],
        info: Lasting | None,
        mode: Mode,
        known: Sequence[Step],
        on_step: OnStep | None,
        scenes: Sequence[Starting],
        span: tuple[float, float] | None,
        windows: int,
    ) -> Session:
        span = span or ((0.0, info.duration) if info is not None and info.duration > 0 else None)
        provenance = {**self.identity(), "mode": mode}
        if mode in self.profile.sampling:
            provenance["sampling"] = self.profile.sampling[mode]
        asker = self._asker()
        if mode == "fast":
            look = yield from glance(asker, _checked(frames), span)
            reach = span or (look.times[0], look.times[-1])
            return _caption(mode, reach, look.said, (*asker.notes, *look.notes), provenance, times=look.times)
        if mode not in ("sliding", "summary"):
            raise InvalidInput(f"A model-based captioner has no mode {mode!r}.", hint="Use fast or sliding.")
        steps, notes = tuple(known), asker.notes
        if mode == "sliding":
            starts = [scene.start for scene in scenes]
            slid = yield from slide(asker, _checked(frames), starts=starts, width=windows, known=known, on_step=on_step)
            steps, notes = slid.steps, (*notes, *slid.notes)
            if slid.error is not None:
                reach = span or (0.0, 0.0)
                failed = Said("", error=slid.error)
                return _caption(mode, reach, failed, notes, provenance, steps=steps)
        if not steps:
            raise InvalidInput("There are no steps to summarise.", hint="Give a range that holds some.")
        reach = span or (steps[0].start, steps[-1].end)
        if mode == "sliding" and len(steps) == 1 and self.profile.guided and self.guidance.schema is None:
            only = steps[0]
            said = Said(only.text, only.flags, only.attempts, only.model)
        else:
            said = yield from summarise(asker, steps, reach)
        return _caption(mode, reach, said, notes, provenance, steps=steps)


def between(steps: Sequence[Step], start: float | None = None, end: float | None = None) -> tuple[Step, ...]:
    """The steps of which any part lies between two times, in order of time.

    Raises:
        InvalidInput: the range is empty or the wrong way round, or no step lies in it.
    """
    low = float("-inf") if start is None else start
    high = float("inf") if end is None else end
    if not low < high:
        raise InvalidInput(f"The range from {start} to {end} s is empty.", hint="Give a start before the end.")
    ordered = sorted(steps, key=lambda step: (step.end, step.number))
    chosen = [step for step in ordered if step.start < high and (step.end > low or step.start == step.end == low)]
    if not chosen:
        reach = f"They reach from {ordered[0].start:g} to {ordered[-1].end:g} s." if ordered else "There are none."
        raise InvalidInput(f"No step lies between {low:g} and {high:g} s.", hint=reach)
    return tuple(chosen)


def _caption(
    mode: Mode,
    reach: tuple[float, float],
    said: Said,
    notes: Iterable[str],
    provenance: dict[str, Any],
    *,
    steps: tuple[Step, ...] = (),
    times: tuple[float, ...] | None = None,
) -> ClipCaption:
    models = sorted({name for name in (said.model, *(step.model for step in steps)) if name})
    return ClipCaption(
        said.text,
        mode,
        *reach,
        steps=steps,
        times=tuple(step.end for step in steps) if times is None else times,
        data=said.data,
        flags=said.flags,
        notes=tuple(dict.fromkeys((*notes, *said.notes))),
        provenance={**provenance, "models": models, "attempts": said.attempts},
        error=said.error,
    )


def _guarded(work: Session, mode: Mode, known: Sequence[Step]) -> Session:
    """The session, with an error of the clip or the settings as its caption's `error`."""
    done = list(known)
    try:
        return (yield from work)
    except RecaptionError as error:
        return ClipCaption("", mode, steps=tuple(done), error=error)


def _checked(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames; reading troubles of any kind become errors of the clip, and so does a clip without frames."""
    count = 0
    reading: Iterator[Frame] = iter(frames)
    while True:
        try:
            frame = next(reading)
        except StopIteration:
            break
        except RecaptionError:
            raise
        except Exception as error:  # a decoder may raise anything
            raise InvalidInput(f"Reading the clip failed after {count} frames: {error!r}.") from error
        yield frame
        count += 1
    if not count:
        raise InvalidInput("The clip has no frame to show.", hint="Is it a video, and is the range inside it?")


def _emptied(fresh: deque[Step]) -> Iterator[Step]:
    while fresh:
        yield fresh.popleft()

"""Sessions: the work on clips as a profile and the user's wishes want it, for whoever drives it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from t2v_recaption import __version__, templates
from t2v_recaption.backends.base import Backend
from t2v_recaption.captioners import profile as profiles
from t2v_recaption.captioners.ask import Answer, answers
from t2v_recaption.captioners.asker import Asker
from t2v_recaption.captioners.base import ClipCaption, Mode, Session, Step, Work
from t2v_recaption.captioners.drive import IN_FLIGHT
from t2v_recaption.captioners.guidance import Guidance
from t2v_recaption.captioners.plan import Budget, Plan, plan
from t2v_recaption.captioners.profile import Profile
from t2v_recaption.captioners.sliding import OnStep
from t2v_recaption.captioners.vision import make_vision_backend
from t2v_recaption.captioners.work import Task, checked, work
from t2v_recaption.errors import InvalidInput, RecaptionError
from t2v_recaption.video.frame import Frame

if TYPE_CHECKING:
    from t2v_recaption.video import Clip

WINDOWS = 4
"""Scenes of one clip that are described side by side."""


class Lasting(Protocol):
    """What a captioner needs to know of a clip: `ClipInfo`, or anything else of that form."""

    @property
    def duration(self) -> float:
        """Seconds."""

    @property
    def width(self) -> int:
        """Pixels."""

    @property
    def height(self) -> int:
        """Pixels."""


class Starting(Protocol):
    """A scene."""

    @property
    def start(self) -> float:
        """Seconds from the start of the video."""


class Sessions:
    """Makes the sessions of a captioner: `Captioner` says what the arguments are."""

    def __init__(
        self,
        backend: Backend | str | None = None,
        profile: str | Profile = "generic",
        *,
        guidance: Guidance | None = None,
        sampling: str | None = None,
        scenes: bool | None = None,
        budget: Budget | None = None,
        seed: int = 0,
        windows: int = WINDOWS,
        in_flight: int = IN_FLIGHT,
        **backend_options: Any,
    ) -> None:
        self.profile = profile if isinstance(profile, Profile) else profiles.load(profile)
        self.guidance = guidance or Guidance()
        if not self.guidance.plain and not self.profile.guided:
            raise InvalidInput(
                f"The profile {self.profile.name!r} asks in fixed words, and takes no guidance.",
                hint="Use the profile 'generic'.",
            )
        if windows < 1:
            raise InvalidInput(f"windows must be at least 1, and is {windows}.")
        self.backend = make_vision_backend(backend, backend_options)
        self.scenes = self.profile.scenes if scenes is None else scenes
        self.budget, self.seed, self.windows, self.in_flight = budget or Budget(), seed, windows, in_flight
        self._sampling = sampling

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
        query: str = "",
    ) -> Session:
        """The work on one clip, for whoever drives sessions (`t2v_recaption.captioners.drive`).

        Args:
            frames: as `sampling(mode, info, span)` chooses them; pulled one by one as they are needed. Not used for
                `summary`.
            info: of the clip; with it, the budget's notes are in the caption.
            mode: `fast`, `sliding`, or `summary` (of `known`).
            known: steps of an earlier run; they are not asked for again, but their frames are still expected.
            on_step: called with each new step as soon as it is final. With several windows steps are not in order of
                time; their numbers tell it.
            scenes: of the clip, in order; none makes it one scene.
            span: start and end of the clip in seconds, where it is part of a video.
            windows: instead of the captioner's.
            query: what `fast` asks, instead of the profile's question.
        """
        reach = span or ((0.0, info.duration) if info is not None and info.duration > 0 else None)
        task = Task(
            mode,
            reach,
            starts=tuple(scene.start for scene in scenes or ()),
            known=tuple(known),
            windows=windows or self.windows,
            query=query,
            provenance={**self.identity(), "mode": mode},
        )
        if mode != "summary":
            try:
                self._must_see()
                self._must_ask(query)
                planned = self.plan(mode, info, reach)
            except RecaptionError as error:
                return _failed(task, error)
            task = replace(
                task, notes=planned.notes, provenance={**(task.provenance or {}), "sampling": planned.sampling}
            )
        return work(self._asker(), frames, task, on_step)

    def clip_session(
        self, clip: Clip, mode: Mode, *, scenes: Sequence[Starting] | None = None, **options: Any
    ) -> Session:
        """The session of a clip, which is opened only when the session starts.

        Args:
            clip: what to describe.
            mode: `fast` or `sliding`.
            scenes: of the clip; None looks for them where `self.scenes` says so.
            options: as `session` takes them.
        """
        try:
            found: Sequence[Starting] = scenes or ()
            if scenes is None and mode == "sliding" and self.scenes:
                from t2v_recaption import video

                found = video.scenes(clip)
            frames = self._frames(clip, self.sampling(mode, clip.info, clip.span))
            inner = self.session(frames, clip.info, mode, scenes=found, span=clip.span, **options)
        except RecaptionError as error:
            inner = _failed(Task(mode, known=tuple(options.get("known", ())), provenance=self.identity()), error)
        caption = yield from inner
        return replace(caption, notes=tuple(dict.fromkeys((*caption.notes, *_warnings(clip)))))

    def ask_session(
        self,
        frames: Iterable[Frame],
        questions: Sequence[str],
        *,
        history: Sequence[Answer] = (),
        steps: Sequence[Step] = (),
        span: tuple[float, float] | None = None,
    ) -> Work[list[Answer]]:
        """The work on questions about one clip; takes what `ask` and `session` take, and raises what reading raises."""
        self._must_see()
        provenance = {**self.identity(), "sampling": self.sampling("ask")}
        return answers(
            self._asker(), checked(frames), questions, span, history=history, steps=steps, provenance=provenance
        )

    def sampling(self, mode: str, info: Lasting | None = None, span: tuple[float, float] | None = None) -> str:
        """Which frames are to be seen, as `t2v_recaption.video.parse_sampling` reads it.

        Args:
            mode: `fast`, `sliding` or `ask`.
            info: of a clip; with it, the frames are as many as the budget allows.
            span: start and end of the clip in seconds, where it is part of a video.

        Raises:
            InvalidInput: the profile has no such mode, or not even one frame fits the budget.
        """
        if mode not in self.profile.sampling:
            raise InvalidInput(
                f"The profile {self.profile.name!r} has no mode {mode!r}.",
                hint=f"It has: {', '.join(self.profile.sampling)}.",
            )
        if info is not None and mode in ("fast", "sliding"):
            return self.plan(cast("Mode", mode), info, span).sampling
        return self._sampling or self.profile.sampling[mode]

    def plan(self, mode: Mode, info: Lasting | None, span: tuple[float, float] | None = None) -> Plan:
        """What a clip will cost, and which frames are seen so that it stays within the budget.

        Args:
            mode: `fast` or `sliding`.
            info: of the clip; None plans nothing.
            span: start and end of the clip in seconds, where it is part of a video.

        Raises:
            InvalidInput: the profile has no such mode, or not even one frame fits the budget.
        """
        wanted = self.sampling(mode)
        duration = span[1] - span[0] if span is not None else info.duration if info is not None else 0.0
        if info is None or duration <= 0:
            return Plan(mode, wanted, None)
        return plan(self.profile, wanted, mode, duration, (info.width, info.height), self.budget)

    def identity(self) -> dict[str, Any]:
        """What decides the captions besides the clips: versions, backend, profile, guidance, seed, budget."""
        chosen = {
            "guidance": None if self.guidance.plain else self.guidance.to_dict(),
            "budget": None if self.budget == Budget() else self.budget.to_dict(),
            "scenes": None if self.scenes == self.profile.scenes else self.scenes,
            "sampling": self._sampling,
            "template_digest": templates.digest(self.guidance.template) if self.guidance.template else None,
        }
        return {
            "t2v_recaption": __version__,
            "profile": self.profile.name,
            "profile_digest": self.profile.digest,
            "seed": self.seed,
            **{key: value for key, value in chosen.items() if value is not None},
            "backend": self.backend.identity(),
        }

    def _must_see(self) -> None:
        if not self.backend.accepts_images:
            raise InvalidInput(
                f"The backend {self.backend.name!r} takes no images.",
                hint="Use one with a vision model, or summarize steps that are there already.",
            )

    def _must_ask(self, query: str) -> None:
        if query and "query" not in self.profile.question("fast").source:
            raise InvalidInput(
                f"The profile {self.profile.name!r} asks in fixed words, and has no place for a question.",
                hint="Use the profile 'generic', or ask.",
            )

    def _asker(self) -> Asker:
        return Asker.of(self.backend, self.profile, self.guidance, self.seed)

    def _frames(self, clip: Clip, sampling: str) -> Iterator[Frame]:
        from t2v_recaption import video

        return video.sample(clip, video.parse_sampling(sampling), longest_side=self.profile.side or None)


def _failed(task: Task, error: RecaptionError) -> Session:
    """A session that ends at once."""
    reach = task.span or (0.0, 0.0)
    return ClipCaption("", task.mode, *reach, task.known, provenance=task.provenance or {}, error=error)
    yield ()  # makes it a generator


def _warnings(clip: Clip) -> tuple[str, ...]:
    try:
        return clip.warnings
    except RecaptionError:  # it could not be opened: the caption's error says so
        return ()

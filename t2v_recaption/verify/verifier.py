"""Verifier: holds clips against prompts, claim by claim, with everybody who can tell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_args

from t2v_recaption import __version__
from t2v_recaption.errors import InvalidInput, MissingDependency, RecaptionError
from t2v_recaption.records import Record
from t2v_recaption.verify import judge as judging
from t2v_recaption.verify.asking import Ask
from t2v_recaption.verify.captions import CaptionerLike, Heard, captioned
from t2v_recaption.verify.claims import CLAIMS_VERSION, claims_of, hash_of
from t2v_recaption.verify.combine import SURE, combined, score
from t2v_recaption.verify.frames import Look, look_at
from t2v_recaption.verify.measured import measured_verdicts
from t2v_recaption.verify.model import ClaimSet, JudgeReliability, Verdict, Verification
from t2v_recaption.verify.probes import pooled, probes_for

if TYPE_CHECKING:
    from t2v_recaption.backends.base import Backend
    from t2v_recaption.captioners.base import Mode
    from t2v_recaption.video import Clip
    from t2v_recaption.video.measurements import Measurements

FRAMES, SIDE, FOILS = 12, 640, 6


@dataclass(frozen=True)
class Unverified(Record):
    """A clip of several that could not be verified; the others go on."""

    clip: str
    prompt: str
    error: str
    """The name of the error class."""
    message: str
    hint: str
    exception: RecaptionError = field(repr=False, compare=False)


class Verifier:
    """Verifies clips against prompts. Cheap to construct; models load on first use; `close()` frees them.

    Args:
        judges: vision backends that are asked about each claim; several vote.
        captioner: something with `caption(clips, mode)`, whose caption of the clip is held against the prompt.
        mode: of the captioner.
        measurements: whether to measure what can be measured without a model.
        refine: a language model that puts the claims better than the rules do (see `refined_claims`).
        frames: how many frames a judge sees of the whole clip; claims about a part of it add some.
        side: longest side of those frames in pixels.
        foils: how many questions about things that are not there are mixed in; 0 trusts every judge.
        ask: `each` puts every question in a request of its own: the best answers, with probabilities where the backend
            gives them, and cheap where it keeps the frames in between. `together` puts all about a clip in two or three
            requests: cheap on servers that read, and bill, the frames anew each time.
        seed: chooses the foils and seeds the models.

    Raises:
        InvalidInput: a number is out of range, or a judge takes no images.
    """

    def __init__(
        self,
        *,
        judges: Sequence[Backend] | Backend = (),
        captioner: CaptionerLike | None = None,
        mode: Mode = "fast",
        measurements: bool = True,
        refine: Backend | None = None,
        frames: int = FRAMES,
        side: int = SIDE,
        foils: int = FOILS,
        ask: Ask = "each",
        seed: int = 0,
    ) -> None:
        from t2v_recaption.backends.base import Backend

        self.judges = (judges,) if isinstance(judges, Backend) else tuple(judges)
        for backend in self.judges:
            if not backend.accepts_images:
                raise InvalidInput(
                    f"The judge {judge_name(backend)!r} takes no images.", hint="Use a vision-language model."
                )
        if not 1 <= frames <= 48 or side < 32 or foils < 0:
            raise InvalidInput(
                f"{frames} frames of {side} pixels with {foils} foils cannot be used.",
                hint="Use 1 to 48 frames, at least 32 pixels, and no negative number of foils.",
            )
        if ask not in get_args(Ask):
            raise InvalidInput(f"Questions cannot be asked {ask!r}.", hint=f"Use one of: {', '.join(get_args(Ask))}.")
        self.captioner, self.mode, self.measurements, self.refine = captioner, mode, measurements, refine
        self.frames, self.side, self.foils, self.ask, self.seed = frames, side, foils, ask, seed
        self.reliability: dict[str, list[JudgeReliability]] = {}
        """What each judge's probes said, clip by clip; `trust` pools them."""

    def __call__(self, clip: Any, prompt: str | ClaimSet, *, measured: Measurements | None = None) -> Verification:
        """Hold a clip against a prompt.

        Args:
            clip: a `Clip`, or anything that a `Clip` can be made of.
            prompt: the user's own words, or claims that were made of them before.
            measured: what was measured on this clip before, instead of measuring now.

        Raises:
            InvalidInput: the clip cannot be read, or a setting of a judge cannot be used.
            MissingDependency: a package that is needed to read the clip or to run a judge is not installed.
        """
        video: Any = import_module("t2v_recaption.video")  # heavy
        opened = clip if isinstance(clip, video.Clip) else video.Clip(clip)
        claims = self.claims(prompt)
        notes = list(claims.notes)
        info = opened.info
        measured = measured or self._measured(opened, claims, notes)
        verdicts: list[Verdict] = list(measured_verdicts(claims, measured)) if measured is not None else []
        look, judgements = self._judged(opened, claims, measured, verdicts)
        captions = self._captioned(opened, claims, verdicts, notes)
        results = combined(claims.claims, verdicts)
        value, coverage = score(results)
        if not len(claims):
            notes.append("The prompt makes no claim that a clip could show.")
        return Verification(
            clip={"id": opened.id, "sha256": opened.sha256(), **info.to_dict()},
            prompt=claims.prompt,
            claims_hash=claims.hash,
            results=results,
            score=value,
            coverage=coverage,
            judges=tuple(one.reliability for one in judgements),
            captions=captions,
            measurements=measured,
            frames=look.times if look is not None else (),
            notes=tuple(dict.fromkeys((*notes, *opened.warnings))),
            provenance=self._provenance(claims, measured, [one.requests for one in judgements]),
        )

    def stream(self, pairs: Iterable[tuple[Any, str | ClaimSet]]) -> Iterator[Verification | Unverified]:
        """Verify pairs of clip and prompt one after the other. One that fails does not lose the others."""
        for clip, prompt in pairs:
            try:
                yield self(clip, prompt)
            except MissingDependency:
                raise  # no clip could be verified
            except RecaptionError as error:
                words = prompt.prompt if isinstance(prompt, ClaimSet) else prompt
                yield Unverified(_name(clip), words, type(error).__name__, error.message, error.hint, error)

    def claims(self, prompt: str | ClaimSet) -> ClaimSet:
        """The claims of a prompt as this verifier makes them; ready ones unchanged.

        Raises:
            InvalidInput: ready claims that were changed since their hash was taken.
        """
        if isinstance(prompt, ClaimSet):
            if hash_of(prompt.prompt, prompt.claims) != prompt.hash:
                raise InvalidInput(f"The claims do not have the hash {prompt.hash!r} that they name.",
                                   hint="They were changed, or made by another version.")  # fmt: skip
            return prompt
        if self.refine is None:
            return claims_of(prompt)
        from t2v_recaption.verify.refine import refined_claims

        return refined_claims(prompt, self.refine, seed=self.seed)

    def trust(self) -> dict[str, JudgeReliability]:
        """How far each judge can be trusted, by its probes on all clips so far."""
        found = {name: pooled(each) for name, each in self.reliability.items()}
        return {name: one for name, one in found.items() if one is not None}

    def close(self) -> None:
        """Free the models."""
        for backend in (*self.judges, *((self.refine,) if self.refine is not None else ())):
            backend.close()
        if (close := getattr(self.captioner, "close", None)) is not None:
            close()

    def __enter__(self) -> Verifier:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _measured(self, clip: Clip, claims: ClaimSet, notes: list[str]) -> Measurements | None:
        if not self.measurements:
            return None
        measuring: Any = import_module("t2v_recaption.video.measurements")  # heavy
        texts = [claim.expected for claim in claims if claim.checker == "text" and claim.form == "words"]
        text: Any = texts or any(claim.checker == "text" for claim in claims)
        try:
            found: Measurements = measuring.measure(clip, text=text or None)
        except MissingDependency as error:
            if not text:
                raise
            notes.append(f"Text on screen was not read: {error}")
            found = measuring.measure(clip)
        return found

    def _judged(
        self, clip: Clip, claims: ClaimSet, measured: Measurements | None, verdicts: list[Verdict]
    ) -> tuple[Look | None, list[judging.Judgement]]:
        """Ask every judge; adds to the verdicts."""
        if not self.judges or not len(claims):
            return None, []
        look = look_at(clip, claims, self.frames, self.side)
        probes = probes_for(claims, measured, foils=self.foils, seed=f"{self.seed} {claims.hash}")
        judgements = []
        for name, backend in zip(judge_names(self.judges), self.judges, strict=True):
            heard = judging.judge_clip(name, backend, look, claims, probes, ask=self.ask, seed=self.seed)
            verdicts.extend(heard.verdicts)
            judgements.append(heard)
            self.reliability.setdefault(name, []).append(heard.reliability)
        return look, judgements

    def _captioned(self, clip: Clip, claims: ClaimSet, verdicts: list[Verdict], notes: list[str]) -> tuple[str, ...]:
        if self.captioner is None or not len(claims):
            return ()
        name = captioner_name(self.captioner)
        caption = self.captioner.caption([clip], self.mode)[0]
        heard: Heard = captioned(name, caption, claims)
        verdicts.extend(heard.verdicts)
        notes.extend(f"Captioner: {note}" for note in heard.notes)
        return (heard.caption,) if heard.caption else ()

    def _provenance(self, claims: ClaimSet, measured: Measurements | None, requests: Sequence[int]) -> dict[str, Any]:
        names = judge_names(self.judges)
        return {
            "t2v_recaption": __version__,
            "claims": {"version": CLAIMS_VERSION, "hash": claims.hash, "made_by": claims.made_by},
            "settings": {
                "frames": self.frames, "side": self.side, "foils": self.foils, "ask": self.ask, "seed": self.seed,
                "mode": self.mode, "sure": SURE,
            },
            "judges": {name: judging.identity(one, self.ask) for name, one in zip(names, self.judges, strict=True)},
            "requests": dict(zip(names, requests, strict=False)),
            "captioner": self.captioner.identity() if self.captioner is not None else None,
            "measurements": measured.method if measured is not None else None,
        }  # fmt: skip


def verify(
    clip: Any,
    prompt: str | ClaimSet,
    *,
    judges: Sequence[Backend] | Backend = (),
    captioner: CaptionerLike | None = None,
    measurements: bool = True,
    **options: Any,
) -> Verification:
    """Hold one clip against the user's own words, claim by claim. For several clips use `Verifier`.

    Args:
        clip: a path, a `Clip`, frames, or what a diffusers pipeline returned.
        prompt: what the user asked for (not the caption that was generated from), or ready claims.
        judges: vision backends that are asked.
        captioner: a captioner whose caption is read.
        measurements: whether to measure what can be measured without a model.
        options: of `Verifier`: `frames`, `side`, `foils`, `ask`, `seed`, `mode`, `refine`.

    Raises:
        InvalidInput: the clip cannot be read, or a setting cannot be used.
        MissingDependency: a package is not installed.
    """
    return Verifier(judges=judges, captioner=captioner, measurements=measurements, **options)(clip, prompt)


def judge_name(backend: Backend) -> str:
    """What a judge is called in verdicts: its model, where it has one."""
    known: Mapping[str, Any] = backend.identity()
    model = str(known.get("model") or "")
    return model.rstrip("/").rsplit("/", 1)[-1] or backend.name or type(backend).__name__


def judge_names(judges: Sequence[Backend]) -> list[str]:
    """Their names, numbered where two have the same."""
    names = [judge_name(backend) for backend in judges]
    return [f"{name} #{names[: n + 1].count(name)}" if names.count(name) > 1 else name for n, name in enumerate(names)]


def captioner_name(captioner: CaptionerLike) -> str:
    """What a captioner is called in verdicts."""
    backend = getattr(captioner, "backend", None)
    if backend is not None:
        return judge_name(backend)
    return str(getattr(captioner, "name", "")) or type(captioner).__name__.lower()


def _name(clip: Any) -> str:
    """A clip's name for messages, also of one that cannot be opened."""
    if isinstance(clip, (bytes, bytearray)):
        return hashlib.sha256(clip).hexdigest()[:16]
    return str(getattr(clip, "source", clip))[:300]

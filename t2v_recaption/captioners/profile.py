"""Profiles: how a captioner asks, as data. One YAML file each in `prompts/captioners/`, or a file of the user's own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from t2v_recaption import prompts, templates
from t2v_recaption.errors import InvalidInput, UnknownName
from t2v_recaption.records import Record

FOLDER = Path(prompts.__file__).parent / "captioners"

Layout = Literal["images", "video", "column", "rows", "square", "pair", "last", "none"]
"""How frames are shown. `images`: one after the other, each after its time. `video`: as the model's own video input,
where it has one. `column`, `rows`, `square`, `pair`: one picture of them all (`t2v_recaption.video.grids`). `last`:
only the last one. `none`: not at all."""

QUESTIONS = ("first", "pair", "anchor", "fast", "part", "summary", "ask")
"""What a profile can ask. `first`: the first frame of a scene. `pair`: two neighbouring frames and what was said
before. `anchor`: two neighbouring frames, described anew. `fast`: frames of the whole clip. `part`: some of the
descriptions of a long clip (a profile without it asks `summary`). `summary`: all of them. `ask`: a question of the
user's."""


@dataclass(frozen=True)
class Question(Record):
    """One thing to ask: its words, how the frames are shown, and how long the answer may be."""

    template: str = ""
    """Name of a template, or the path of a `.j2` file."""
    text: str = ""
    """Or the template itself. It is not stripped, so every byte of it arrives."""
    layout: Layout = "none"
    hd: int = 0
    """Fit the picture to so many tiles of 336 x 336 pixels, as InternLM-XComposer2-4KHD does; 0 leaves it alone."""
    label: str = "Frame at {time} s:"
    """What stands before each frame in the layout `images`; `{time}` and `{number}` are filled in."""
    columns: int = 5
    lines: int = 6
    """Of the layout `rows`."""
    size: tuple[int, int] | None = None
    """Width and height to which a grid is resized, whatever its shape."""
    max_tokens: int | None = None

    def render(self, **variables: Any) -> str:
        """The words, with the variables filled in.

        Raises:
            UnknownName: no such template.
            InvalidTemplate: it does not render.
        """
        if self.template:
            return templates.render(self.template, **variables)
        return templates.render_text(self.text, **variables)

    @property
    def source(self) -> str:
        """The template's text."""
        return templates.source(self.template) if self.template else self.text


@dataclass(frozen=True)
class Decode(Record):
    """How answers are decoded."""

    temperature: float = 0.0
    top_p: float = 1.0
    beams: int = 1
    max_tokens: int = 512


@dataclass(frozen=True)
class Profile(Record):
    """How a captioner asks. See `prompts/captioners/generic.yaml` for a commented one."""

    name: str
    title: str
    questions: dict[str, Question]
    system: Question | None = None
    decode: Decode = field(default_factory=Decode)
    sampling: dict[str, str] = field(default_factory=dict)
    """Which frames each mode sees, as `t2v_recaption.video.parse_sampling` reads it."""
    guided: bool = True
    """Whether the user's wishes (`Guidance`) can be put into its questions."""
    repeats: bool = True
    """Whether a question whose answer is faulty is asked once more; otherwise the faults are only recorded."""
    unwraps: bool = True
    """Whether reasoning, preambles ("Sure, here is …") and markdown are taken off an answer."""
    corrects: bool = True
    """Whether a repeated question says what was wrong with the first answer."""
    scenes: bool = True
    """Describe the first frame of each scene anew."""
    window: int = 0
    """Describe both frames of a pair anew after so many steps, so that errors do not travel further; 0 never."""
    side: int = 0
    """Frames are made smaller until their longer side has so many pixels; 0 leaves them alone."""
    frames: int = 0
    """How many frames one question may show; more are thinned. 0 is no limit."""
    context: int = 0
    """Tokens that a summary and its answer may take; more is summarised in parts. 0 is no limit."""
    before: int = 0
    """Tokens of the previous description that a pair is asked with; 0 is no limit."""
    query: str = ""
    """What the fast mode asks when the user asks nothing."""
    chat_template: str = ""
    """The jinja2 chat template with which the original was run, for servers and `TransformersBackend`."""
    sources: tuple[str, ...] = ()

    def question(self, name: str) -> Question:
        """One of `QUESTIONS`.

        Raises:
            InvalidInput: this profile has no such question.
        """
        if name not in self.questions:
            raise InvalidInput(
                f"The profile {self.name!r} has no question {name!r}.",
                hint=f"It has: {', '.join(self.questions)}. The profile 'generic' has all of them.",
            )
        return self.questions[name]

    @property
    def digest(self) -> str:
        """A short hash of everything in it, the text of its templates included."""
        words = [question.source for question in (*self.questions.values(), *((self.system,) if self.system else ()))]
        return hashlib.sha256("\0".join([self.to_json(), *words]).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The names of all built-in profiles, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load(name: str) -> Profile:
    """The profile of that name, or from the path of a YAML file.

    Raises:
        UnknownName: no such profile; the nearest names are offered.
        InvalidInput: the file cannot be read or does not describe a profile.
    """
    if name.endswith((".yaml", ".yml")):
        return _build(_read(Path(name)), Path(name).stem)
    if name not in names():
        raise UnknownName("captioner profile", name, names())
    return _builtin(name)


@cache
def _builtin(name: str) -> Profile:
    return _build(_read(FOLDER / f"{name}.yaml"), name)


def _read(path: Path, depth: int = 0) -> dict[str, Any]:
    """The file's data, laid over that of the profile which it `extends`."""
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidInput(f"The profile {path} cannot be read: {error}.", hint="Check the file.") from error
    if not isinstance(data, Mapping):
        raise InvalidInput(f"The profile {path} is not a YAML mapping.", hint="See prompts/captioners/generic.yaml.")
    base = data.get("extends")
    if base is None:
        return dict(data)
    if base not in names() or depth > len(names()):
        raise UnknownName("captioner profile", str(base), names())
    return _laid_over(_read(FOLDER / f"{base}.yaml", depth + 1), {k: v for k, v in data.items() if k != "extends"})


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _laid_over(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _build(data: Mapping[str, Any], name: str) -> Profile:
    try:
        values = {**_known(data, Profile, name), "name": name}
        values["questions"] = {
            key: _question(value, name) for key, value in dict(data.get("questions", {})).items() if value is not None
        }
        values["system"] = _question(data["system"], name) if data.get("system") else None
        values["decode"] = Decode(**_known(data.get("decode", {}), Decode, name))
        values["sources"] = tuple(data.get("sources", ()))
        profile = Profile(**values)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"The profile {name!r} is incomplete: {error}.", hint="See docs/captioning.md.") from error
    if unknown := set(profile.questions) - set(QUESTIONS):
        raise InvalidInput(
            f"The profile {name!r} has unknown questions: {', '.join(sorted(unknown))}.",
            hint=f"Known: {', '.join(QUESTIONS)}.",
        )
    return profile


def _question(data: Mapping[str, Any], name: str) -> Question:
    question = Question(**_known(data, Question, name))
    if bool(question.template) == bool(question.text):
        raise InvalidInput(f"A question of the profile {name!r} needs either template or text.")
    if question.layout not in get_args(Layout):
        raise InvalidInput(
            f"The profile {name!r} has an unknown layout {question.layout!r}.", hint=f"Known: {get_args(Layout)}."
        )
    return question


def _known(data: Mapping[str, Any], kind: type, name: str) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise InvalidInput(f"The profile {name!r} is incomplete: {data!r} is not a mapping of {kind.__name__}'s keys.")
    known = {item.name for item in fields(kind)}
    if unknown := sorted(map(str, data.keys() - known)):
        raise InvalidInput(
            f"The profile {name!r} has unknown keys: {', '.join(unknown)}.", hint=f"Known: {', '.join(sorted(known))}."
        )
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}

"""Target: a text-to-video model and what it wants from a caption. Read from `prompts/targets/<name>.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from t2v_recaption.records import Record

Wish = Literal["required", "wanted", "optional", "unwanted"]
"""Whether a caption should speak of something that the user did not: always, gladly, if it fits, never."""


@dataclass(frozen=True)
class Encoder(Record):
    """One text encoder of a target and how much text it takes."""

    name: str
    """For people: `UMT5-XXL`, `CLIP-L` …"""
    tokenizer: str
    """Hub repository (optionally `:subfolder`) of the tokenizer."""
    family: str
    """Which estimate fits when the tokenizer is not at hand: `t5`, `umt5`, `clip`, `llama3`, `qwen2`, `gemma`, …"""
    limit: int
    """Tokens that reach the model, special tokens included, template excluded."""
    special: int = 1
    """Special tokens that the tokenizer adds inside `limit` (T5: 1 end token; CLIP: 2)."""
    template: int = 0
    """Tokens of a fixed template, not counted in `limit`."""
    overlong: Literal["silent", "warns", "fails"] = "silent"
    """What the pipeline does with text over the limit."""
    whole: bool = True
    """True when the whole caption must fit; False for a companion encoder (CLIP-77) that only needs a summary."""


@dataclass(frozen=True)
class Words(Record):
    """Length of a good caption, in words."""

    low: int
    ideal: int
    high: int


@dataclass(frozen=True)
class Target(Record):
    """What one video model wants."""

    name: str
    title: str
    encoders: tuple[Encoder, ...]
    words: Words
    sources: tuple[str, ...]
    """Where each figure comes from."""
    aliases: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ("t2v",)
    """Of `t2v`, `i2v`, `flf2v`, `v2v`."""
    languages: tuple[str, ...] = ("en",)
    """Languages its text encoder was trained for, best first."""
    words_i2v: Words | None = None
    order: tuple[str, ...] = ("prompt", "subject", "action", "setting", "light", "camera", "style")
    """Aspects (see `writers.base.Aspect`) in the order the model was trained on."""
    camera: Wish = "optional"
    """Whether the caption speaks of a camera *move* when the user did not; shot size and angle are always fine."""
    style: Wish = "unwanted"
    """Whether the caption names a style or medium when the user did not."""
    light: bool = True
    """Whether light should be described when the user did not."""
    audio: bool = False
    """Whether a soundscape belongs into the caption."""
    style_first: bool = False
    """Whether a stated style opens the caption ("Style: anime. …" or "Anime style, …")."""
    tags: bool = False
    """True for models that want short comma-separated phrases instead of prose."""
    progressive: bool = False
    """Whether the user's verbs stand in the progressive ("is walking") rather than the simple present ("walks")."""
    motion: bool = True
    """False for a model that cannot show much motion: keep action beats short."""
    prefix: str = ""
    suffix: str = ""
    """Text that the target's own scripts put around the prompt: counted, not written."""
    negation: Literal["negative", "text"] = "negative"
    """Where "no people" goes: into the negative prompt, or (no negative prompt at hand) into the text."""
    negative: str = ""
    """The negative prompt its own scripts use by default."""
    rules: tuple[str, ...] = ()
    """Style rules in words, for language models."""
    rules_i2v: tuple[str, ...] = ()

    @property
    def limit(self) -> int:
        """Tokens for the whole caption in the tightest encoder that must take it whole."""
        return min(e.limit for e in self.encoders if e.whole)

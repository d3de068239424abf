"""Guidance: what the user wants captions to be like. It goes into one declared place of the instructions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record

Detail = Literal["short", "normal", "rich"]


@dataclass(frozen=True)
class Guidance(Record):
    """What captions shall be like. Everything in it is text for the model, never a template.

    Raises:
        InvalidInput: `detail` is none of its values, or `schema` is no object.
    """

    focus: str = ""
    """What to look at above all: "the hands of the cook", "traffic signs"."""
    style: str = ""
    """How to write: "like a film script", "for children"."""
    detail: Detail = "normal"
    vocabulary: tuple[str, ...] = ()
    """Words to use where they fit, like the names of a product's parts."""
    language: str = "en"
    """Code of the captions' language."""
    wishes: str = ""
    """Anything else, in the user's own words."""
    schema: dict[str, Any] | None = field(default=None)
    """A JSON schema (an object) that the caption must follow; the last question of a clip asks for it."""
    template: str = ""
    """Instructions of the user's own instead of the profile's: the path of a `.j2` file, or a template's name."""

    def __post_init__(self) -> None:
        if self.detail not in get_args(Detail):
            raise InvalidInput(f"The detail {self.detail!r} is none of {', '.join(get_args(Detail))}.")
        if self.schema is not None and not isinstance(self.schema, dict):
            raise InvalidInput(f"A JSON schema is an object, not a {type(self.schema).__name__}.")

    @property
    def plain(self) -> bool:
        """Whether it wishes for nothing."""
        return self == Guidance()

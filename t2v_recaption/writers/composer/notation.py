"""The notation of the knowledge (see `prompts/knowledge/README.md`): compiled once, realised for every caption."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from t2v_recaption.writers.composer.choice import Choice

_TOKEN = re.compile(
    r"\{(?P<slot>\w+)\}|\[(?P<number>[^\[\]|]*\|[^\[\]|]*)\]|<(?P<verb>[^<>|]*\|[^<>|]*)>|\((?P<free>[^()]*/[^()]*)\)"
)

PRONOUNS: dict[str, dict[str, str]] = {
    "it": {"they": "it", "them": "it", "their": "its", "themselves": "itself"},
    "she": {"they": "she", "them": "her", "their": "her", "themselves": "herself"},
    "he": {"they": "he", "them": "him", "their": "his", "themselves": "himself"},
    "they": {"they": "they", "them": "them", "their": "their", "themselves": "themselves"},
}


FIELDS = frozenset(("obj", "place", "size", "angle"))
"""Slots that are filled with a field of `Reference` of the same name."""


class Reference(NamedTuple):
    """How the main subject is referred to."""

    name: str
    """Definite noun phrase: "the dog", "the two dogs"."""
    pronoun: str
    """it, she, he, they."""
    plural: bool
    """Whether several are meant ("they" for one person is not plural)."""
    obj: str = ""
    place: str = ""
    size: str = ""
    """Shot size as an adverbial: "in a medium shot"."""
    angle: str = ""
    group: bool = False
    """Whether it is a group, of which fragments speak in the plural throughout."""


class Part(NamedTuple):
    """A piece of a compiled fragment."""

    kind: str
    """text, slot, number, verb, free."""
    value: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fragment:
    """A compiled sentence of the knowledge."""

    source: str
    parts: tuple[Part, ...]

    @property
    def slots(self) -> frozenset[str]:
        """The slots that must be filled: they, their, name, obj, place …"""
        return frozenset(part.value.lower() for part in self.parts if part.kind == "slot")


def lowered(fragment: Fragment) -> Fragment:
    """The fragment as it goes on after a comma: its first letter small."""
    first = fragment.parts[0]
    if first.kind == "text" and first.value[1:2].isupper():
        return fragment
    small = first._replace(value=first.value[:1].lower() + first.value[1:], options=tuple(map(_small, first.options)))
    return Fragment(fragment.source, (small, *fragment.parts[1:]))


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def ending(fragment: Fragment, mark: str = "") -> Fragment:
    """The fragment with another end mark."""
    last = fragment.parts[-1]
    if last.kind != "text":
        return fragment
    return Fragment(fragment.source, (*fragment.parts[:-1], last._replace(value=last.value.rstrip(" .") + mark)))


def joined(*fragments: Fragment, by: str = ", ") -> Fragment:
    """Fragments as one, with a mark between them."""
    parts: list[Part] = []
    for fragment in fragments:
        parts += [Part("text", by), *fragment.parts] if parts else fragment.parts
    return Fragment(by.join(fragment.source for fragment in fragments), tuple(parts))


def compile_fragment(source: str) -> Fragment:
    """The fragment of a source in the notation."""
    parts: list[Part] = []
    at = 0
    for found in _TOKEN.finditer(source):
        if found.start() > at:
            parts.append(Part("text", source[at : found.start()]))
        parts.append(_part(found))
        at = found.end()
    if at < len(source):
        parts.append(Part("text", source[at:]))
    return Fragment(source, tuple(parts))


def _part(found: re.Match[str]) -> Part:
    if found["slot"] is not None:
        return Part("slot", found["slot"])
    for kind, mark in (("number", "|"), ("verb", "|"), ("free", "/")):
        if found[kind] is not None:
            return Part(kind, found[kind], tuple(found[kind].split(mark)))
    raise AssertionError(found.group())  # pragma: no cover -- the pattern has these groups only


def realise(fragment: Fragment, who: Reference, choice: Choice, key: str, *, named: bool = False) -> str:
    """The fragment as text; `named` says the subject's name where its first pronoun stands, if no name comes before."""
    out: list[str] = []
    by_name = False
    for at, part in enumerate(fragment.parts):
        if part.kind == "text":
            out.append(part.value)
        elif part.kind == "slot":
            early = part.value in ("their", "them") and any(later.value == "they" for later in fragment.parts[at + 1 :])
            text, is_name = _slot(part.value, who, named and not early)
            named = named and not is_name
            by_name = is_name if part.value.lower() in ("they", "name") or who.group else by_name
            out.append(text)
        elif part.kind == "number":
            out.append(part.options[1 if who.plural or (who.group and not by_name) else 0])
        elif part.kind == "verb":
            several = who.plural if by_name else who.pronoun == "they"
            out.append(part.options[1 if several else 0])
        else:
            out.append(choice.pick(f"{key}{at}", part.options))
    return "".join(out)


def _slot(slot: str, who: Reference, named: bool) -> tuple[str, bool]:
    """The text of a slot, and whether it names the subject."""
    key = slot.lower()
    forms = PRONOUNS[who.pronoun]
    by_name = False
    if key == "name":
        text, by_name = who.name, True
    elif key in FIELDS:
        text = getattr(who, key)
    elif named and key in ("they", "them", "their"):
        text, by_name = possessive(who.name) if key == "their" else who.name, key == "they"
        by_name = True
    else:
        text = forms.get(key, key)
    return (text[:1].upper() + text[1:] if slot[:1].isupper() else text), by_name


def possessive(name: str) -> str:
    """ "the dog's", "the two dogs'"."""
    return f"{name}'" if name.endswith("s") and not name.endswith("ss") else f"{name}'s"

"""The terms of the field by their first word: camera, style, time, weather, light, mood, format.

The knowledge files name them, `prompts/lexicon/terms.txt` adds forms that matter whatever those say; a form found
there takes
the name that it has in the knowledge. Some five thousand forms are read at the start, but a bucket of them is worked
out only
when its first word turns up in a text: a cold start pays for the words of its prompt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container
from functools import lru_cache
from typing import NamedTuple

from t2v_recaption import knowledge
from t2v_recaption.language.lexicon import FOLDER, N, lexicon, word_set

FILES = (
    ("camera", "camera"),
    ("times", "time"),
    ("weather", "weather"),
    ("light", "light"),
    ("styles", "style"),
    ("moods", "mood"),
)
SKIPPED = word_set("skipped")
CAMERA_VERBS = word_set("camera_verbs")
_OWN = "own"
_SPARE = frozenset(("weather", "light", "mood", "time"))
_MORE = frozenset(("place", "landform", "building", "person", "animal", "object", "plant", "vehicle"))
_LIGHTS = frozenset(("sun", "light", "lights", "lamp", "lamps", "window"))


class Form(NamedTuple):
    """One surface form: its words, and what it means."""

    words: tuple[str, ...]
    kind: str
    category: str
    value: str


class Raw(NamedTuple):
    """A surface form as it stands in its file. `verb` replaces its first word ("pans" for "pan")."""

    surface: str
    kind: str
    category: str
    value: str
    own: bool
    verb: str = ""


def words_of(surface: str) -> tuple[str, ...]:
    """The words of a form as they are compared: lower case, hyphens as spaces, without what may stand between."""
    plain = surface.lower().replace("’", "'").replace("-", " ").replace("'s", " 's")
    return tuple([w for w in plain.split() if w not in SKIPPED])


class Vocabulary:
    """All forms; `get` gives those that begin with a word, longest first."""

    def __init__(self) -> None:
        self._raw: dict[str, list[Raw]] = defaultdict(list)
        self._known: dict[str, tuple[Form, ...]] = {}
        self._seconds: dict[str, dict[str, tuple[Form, ...]]] = {}
        for file, kind in FILES:
            for head in knowledge.heads(file):
                for surface in (head["name"], *head.get("also", ())):
                    self._add(Raw(surface, kind, str(head.get("category", "")), head["name"], False))
        for raw in _own_terms():
            self._add(raw)

    @property
    def firsts(self) -> Container[str]:
        """The words that a form begins with."""
        return self._raw

    def get(self, first: str) -> tuple[Form, ...]:
        """The forms that begin with this word, longest first."""
        forms = self._known.get(first)
        if forms is None:
            if first not in self._raw:
                return ()
            forms = self._known[first] = self._resolve(first)
        return forms

    def beginning(self, first: str, second: str) -> tuple[Form, ...]:
        """The forms that begin with these two words or are the first of them alone, longest first."""
        seconds = self._seconds.get(first)
        if seconds is None:
            forms = self.get(first)
            seconds = self._seconds[first] = {
                word: tuple([form for form in forms if form.words[1:2] in ((), (word,))])
                for word in {"", *(form.words[1] for form in forms if len(form.words) > 1)}
            }
        return seconds[second] if second in seconds else seconds[""]

    def _add(self, raw: Raw) -> None:
        surface = raw.surface.lower()
        first = surface.partition(" ")[0]
        if "-" in first or "'" in first or "’" in first or first in SKIPPED:
            first = next(iter(words_of(surface)), "")
        if not first:
            return
        self._raw[first].append(raw)
        if raw.kind == "camera" and raw.category == "movement" and (first in CAMERA_VERBS or first == "zoom"):
            for verb in _inflections(first):
                self._raw[verb].append(raw._replace(verb=verb))

    def _resolve(self, first: str) -> tuple[Form, ...]:
        found: dict[tuple[str, ...], Form] = {}
        raws = self._raw[first]
        own = {words_of(raw.surface): raw.kind for raw in raws if raw.own}
        for raw in sorted(raws, key=lambda raw: (raw.own, bool(raw.verb))):
            words = words_of(raw.surface)
            if raw.verb:
                words = (raw.verb, *words[1:])
            elif not raw.own and not _wanted(raw, words, own):
                continue
            if words not in found:
                name, category = self._name(raw)
                found[words] = Form(words, raw.kind, category, name)
        return tuple(sorted(found.values(), key=lambda form: len(form.words), reverse=True))

    def _name(self, raw: Raw) -> tuple[str, str]:
        """What the knowledge calls a term of terms.txt."""
        if raw.own:
            words = words_of(raw.value)
            for other in self._raw.get(words[0], ()):
                if not other.own and other.kind == raw.kind and words_of(other.surface) == words:
                    return other.value, other.category or raw.category
        return raw.value, raw.category


def _wanted(raw: Raw, words: tuple[str, ...], own: dict[tuple[str, ...], str]) -> bool:
    if own.get(words, raw.kind) != raw.kind or raw.surface in lexicon().adverbs:
        return False
    return raw.kind not in _SPARE or not _names_more(words, raw.kind)


def _names_more(words: tuple[str, ...], kind: str) -> bool:
    """Whether a form swallows a thing or a time that is a fact of its own: "misty morning", "in a dark room"."""
    looked_up = [lexicon().look_up(word) for word in words[1:] or words]
    roots = {word.root for word in looked_up if word.can & N}
    if kind == "time" and "sky" in roots and not {"setting", "rising"} & set(words):
        return True  # "full moon" is a thing in the sky
    return bool(roots & _MORE and not _LIGHTS & set(words)) or (kind != "time" and "time" in roots)


def _own_terms() -> list[Raw]:
    found = []
    kind = category = ""
    for line in (FOLDER / "terms.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kind, _, category = line.strip("[]").partition(" ")
        elif line and not line.startswith("#"):
            value, _, surfaces = line.partition(":")
            found += [Raw(s.strip(), kind, category, value.strip(), True) for s in surfaces.split(",") if s.strip()]
    return found


def _inflections(verb: str) -> tuple[str, str]:
    if verb in ("track", "zoom", "tilt", "crane", "roll"):
        return (verb + "s", {"crane": "craning"}.get(verb, verb + "ing"))
    if verb == "pan":
        return ("pans", "panning")
    third = (
        verb + "es"
        if verb.endswith(("s", "sh", "ch"))
        else verb[:-1] + "ies"
        if verb.endswith("y") and verb[-2] not in "aeiou"
        else verb + "s"
    )
    return (third, verb[:-1] + "ing" if verb.endswith("e") else verb + "ing")


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The one vocabulary, read at the first call."""
    return Vocabulary()

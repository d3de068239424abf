"""Realiser: planned sentences become text, with references that vary and openings that do not repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from t2v_recaption.writers.base import Sentence
from t2v_recaption.writers.composer.choice import Choice
from t2v_recaption.writers.composer.grammar import capital, ended
from t2v_recaption.writers.composer.notation import Fragment, ending, joined, lowered, realise
from t2v_recaption.writers.composer.selector import Planned
from t2v_recaption.writers.composer.words import words

LONGEST = 30
"""Words of a sentence joined from two."""
JOINED = {"setting": 60, "action": 60, "subject": 45}
"""Percent of neighbouring pairs on one aspect that become one sentence, where they are short enough."""
LINKED = 40
"""Percent of later beats that begin with "Then", "A moment later" and the like."""
WHOLE = ("take", "filmed")
"""Keys of the sentences of a take: they were written to follow each other as they are."""
PLAIN = frozenset(("the", "a", "an", "it", "its", "they", "their", "she", "her", "he", "his"))
PRONOUNS = frozenset(("they", "their", "them"))


def merged(items: Sequence[Planned], choice: Choice) -> list[Planned]:
    """Neighbours on the same aspect as one sentence here and there, so that the prose does not come in equal steps."""
    out: list[Planned] = []
    free, semicolons = True, 0
    for item in items:
        last = out[-1] if out else None
        joint = _joint(last, item, choice) if last is not None and free and semicolons < 2 else ""
        if last is not None and joint:
            semicolons += joint == "; "
            fragment = joined(ending(last.ready.fragment), lowered(item.ready.fragment), by=joint)
            slots = last.ready.slots | item.ready.slots
            out[-1] = replace(last, ready=last.ready._replace(fragment=fragment, slots=slots), key=f"{last.key}+")
        else:
            out.append(item)
        free = not joint
    return out


def _joint(first: Planned, second: Planned, choice: Choice) -> str:
    """What stands between the two as one sentence; empty when they stay apart."""
    if not _may_join(first, second) or not choice.chance(f"join.{first.key}", JOINED[first.aspect]):
        return ""
    one, two = first.ready.fragment.source, second.ready.fragment.source
    many = " and " in one or " and " in two
    options = ["; "] if " while " in one + two else [", while "] if first.aspect == "setting" else []
    if not many:
        options += [", and ", ", and "]
    if first.aspect == "action" and two.startswith(("{They}", "{Name}")):
        options += [", then "]
    return choice.pick(f"joint.{first.key}", options or ["; "])


def _may_join(first: Planned, second: Planned) -> bool:
    if first.key.startswith(WHOLE) or second.key.startswith(WHOLE):
        return False
    if first.aspect != second.aspect or first.aspect not in JOINED or first.own is not second.own:
        return False
    one, two = first.ready.fragment.source.split(), second.ready.fragment.source.split()
    opener = any(word.endswith(",") for word in two[:6])
    return len(one) + len(two) <= LONGEST and not opener and not {",", ";"} & {word[-1:] for word in one[-6:]}


class Realiser:
    """Writes the sentences of one caption, in order."""

    def __init__(self, choice: Choice, *, ambiguous: bool, place: str = "") -> None:
        self.choice = choice
        self.ambiguous = ambiguous
        self.place = place
        """Phrase for a chosen place that no sentence has named yet: "in the park"."""
        self.openings: list[str] = []
        self.since_name = 2
        self.beats = 0

    def write(self, items: Sequence[Planned], first_words: Sequence[str]) -> list[Sentence]:
        """The sentences; `first_words` are those of the sentences before them."""
        self.openings = [word.lower() for word in first_words]
        last = max((at for at, item in enumerate(items) if item.aspect == "action"), default=-1)
        return [
            Sentence(self._sentence(item, last=at == last), item.aspect, item.importance)
            for at, item in enumerate(items)
        ]

    def _sentence(self, item: Planned, *, last: bool) -> str:
        named = self._named(item)
        text = self._text(item, named)
        whole = item.key.startswith(WHOLE)
        if item.aspect == "action":
            self.beats += 1
            if self.beats > 1 and not whole and self.choice.chance(f"linked.{item.key}", LINKED):
                text = self._linked(item, text, "last" if last and self.beats > 2 else "action")
        if item.aspect == "setting" and self.place:
            text = self._in_place(text)
        if self._repeats(text) and item.spare is not None:
            item = replace(item, ready=item.spare)
            text = self._text(item, named)
        if self._repeats(text):
            other = text if item.who.group else self._text(item, not named)
            if not self._repeats(other) and not (named and self._must_name(item)):
                text, named = other, not named
            elif not whole:
                text = self._linked(item, text, item.aspect)
        self._note(item, text, named)
        return text

    def _in_place(self, text: str) -> str:
        """The sentence with the place in front, said once."""
        first = text.split(" ", 4)[:4]
        if any(word.endswith(",") for word in first) or (
            first[0].lower() not in PLAIN and not first[0].lower().endswith("s")
        ):
            return text
        place, self.place = self.place, ""
        return f"{capital(place)}, {text[:1].lower()}{text[1:]}"

    def _linked(self, item: Planned, text: str, key: str) -> str:
        """The sentence with a connective in front, where it begins plainly."""
        links = words().links.get(key)
        first = text.split(" ", 4)
        if not links or first[0].lower() not in PLAIN or any(word.endswith(",") for word in first[:4]):
            return text
        links = [link for link in links if link.strip(", ").lower() not in text.lower()]
        return self.choice.pick(f"link.{item.key}", links or [""]) + text[:1].lower() + text[1:]

    def _text(self, item: Planned, named: bool) -> str:
        fragment: Fragment = item.ready.fragment
        return ended(capital(realise(fragment, item.who, self.choice, item.key, named=named)))

    def _named(self, item: Planned) -> bool:
        """Whether the sentence says the subject's name where it could say a pronoun."""
        if not item.ready.slots & PRONOUNS or item.who.group or item.who.name == "the hands":
            return False
        return self._must_name(item) or (self.since_name >= 3 and " and " not in item.who.name)

    def _must_name(self, item: Planned) -> bool:
        alone = item.who.pronoun == "they" and not item.who.plural and not item.who.group
        doubtful = (self.ambiguous or alone) and self.since_name != 1 and " and " not in item.who.name
        return not item.own or doubtful

    def _repeats(self, text: str) -> bool:
        word = text.split(" ", 1)[0].lower()
        return len(self.openings) >= 2 and self.openings[-1] == self.openings[-2] == word

    def _note(self, item: Planned, text: str, named: bool) -> None:
        self.openings.append(text.split(" ", 1)[0].lower())
        if named or "name" in item.ready.slots:
            self.since_name = 1 if item.own else 2
        elif item.ready.slots & PRONOUNS:
            self.since_name += 1

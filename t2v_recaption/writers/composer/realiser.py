"""Realiser: planned sentences become text, with references that vary and openings that do not repeat."""

from __future__ import annotations

from collections.abc import Sequence

from t2v_recaption.writers.base import Sentence
from t2v_recaption.writers.composer.choice import Choice
from t2v_recaption.writers.composer.grammar import capital, ended
from t2v_recaption.writers.composer.notation import realise
from t2v_recaption.writers.composer.planner import Planned

PRONOUNS = frozenset(("they", "their", "them"))


class Realiser:
    """Writes the sentences of one caption, in order."""

    def __init__(self, choice: Choice, *, ambiguous: bool) -> None:
        self.choice = choice
        self.ambiguous = ambiguous
        self.openings: list[str] = []
        self.since_name = 0

    def write(self, items: Sequence[Planned], first_words: Sequence[str]) -> list[Sentence]:
        """The sentences; `first_words` are those of the sentences before them."""
        self.openings = [word.lower() for word in first_words]
        return [Sentence(self._sentence(item), item.aspect, item.importance) for item in items]

    def _sentence(self, item: Planned) -> str:
        named = self._named(item)
        text = self._text(item, named)
        if self._repeats(text):
            other = self._text(item, not named)
            if not self._repeats(other) and not (named and self._must_name(item)):
                text, named = other, not named
        self._note(item, text, named)
        return text

    def _text(self, item: Planned, named: bool) -> str:
        return ended(capital(realise(item.ready.fragment, item.who, self.choice, item.key, named=named)))

    def _named(self, item: Planned) -> bool:
        """Whether the sentence says the subject's name where it could say a pronoun."""
        if not item.ready.slots & PRONOUNS:
            return False
        return self._must_name(item) or (self.since_name >= 2 and " and " not in item.who.name)

    def _must_name(self, item: Planned) -> bool:
        return not item.own or (self.ambiguous and " and " not in item.who.name)

    def _repeats(self, text: str) -> bool:
        word = text.split(" ", 1)[0].lower()
        return len(self.openings) >= 2 and self.openings[-1] == self.openings[-2] == word

    def _note(self, item: Planned, text: str, named: bool) -> None:
        self.openings.append(text.split(" ", 1)[0].lower())
        if named or "name" in item.ready.slots or not item.own:
            self.since_name = 0
        elif item.ready.slots & PRONOUNS:
            self.since_name += 1

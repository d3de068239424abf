"""Opening: the user's own words made into good prose, with every content word where the user put it.

Edits are insertions and replacements at character offsets of the prompt, so nothing can get lost by rebuilding: a
missing article, a missing "is", a posture for a subject that only is somewhere, a capital, a full stop. Where the
analysis does not carry an edit, the words stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from t2v_recaption.language.model import Analysis, NounPhrase, Relation, VerbPhrase
from t2v_recaption.writers.composer.choice import Choice
from t2v_recaption.writers.composer.grammar import article, capital, ended, one_line, third_person
from t2v_recaption.writers.composer.words import words

FRAME = re.compile(
    r"(?:\w[\w'-]* +){0,6}?(?P<last>video|videos|footage|shot|view|clip|close[ -]?up|time[ -]?lapse|point of view"
    r"|panorama|animation|film|scene)(?P<link> +(?:of|on|showing) +)(?=\w)",
    re.IGNORECASE,
)
REQUEST = re.compile(
    r"(?:please +)?(?:can you +|could you +)?(?:make|create|generate|show|render|produce|give|film)(?: +me| +us)?"
    r"(?: +an?)?(?P<what>(?: +\w+)? +(?:video|clip|film|movie|animation))(?: +(?:of|showing|about|where|in which) +)",
    re.IGNORECASE,
)
HYPHEN = re.compile(r"\b(close|time|slow|low|high)( )(up|lapse|motion|angle)\b", re.IGNORECASE)
LOCATIVE = frozenset(
    "on in near under behind front above below at side beside between among over against by inside around along "
    "across outside left right toward through next".split()
)
THE_OF = frozenset("interior inside exterior outside top bottom edge middle making remains atrium canopy trunks".split())
LONG = 30
"""Words. A prompt with more is a text of its own, not a fragment: it keeps its form."""


@dataclass
class Opening:
    """The user's words as prose."""

    text: str
    form: str
    """`kept` (a text of its own), `clause`, `frame` ("A close-up video shows …"), `posture`, `shown`, `hands`."""
    placed: bool = False
    """Whether the phrase for the chosen place is in it."""
    sized: bool = False
    """Whether a shot size of the composer's choice is in it."""


@dataclass
class Extras:
    """What the opening may use besides the user's words."""

    posture: tuple[str, str] | None = None
    """[one, several] forms of a verb for a subject that only is somewhere."""
    place: str = ""
    """Phrase for the chosen place ("on the beach"); empty when the user stated one."""
    shot: str = ""
    """Key of `words().shot` and `words().show` for scenes that are shown: close, medium, wide, plain."""
    activity: bool = True
    """Whether "a pair of hands" may do what nobody is named for."""
    exact: tuple[tuple[int, int], ...] = ()
    """Ranges of the text that no edit may touch."""


@dataclass
class _Edits:
    text: str
    exact: tuple[tuple[int, int], ...] = ()
    items: list[tuple[int, int, str]] = field(default_factory=list)

    def insert(self, at: int, text: str) -> None:
        self.items.append((at, at, text))

    def replace(self, start: int, end: int, text: str) -> None:
        self.items.append((start, end, text))

    def apply(self) -> str:
        text = self.text
        for start, end, new in sorted(self.items, key=lambda item: (item[0], item[1]), reverse=True):
            if any(low < end and start < high for low, high in self.exact):
                continue
            text = text[:start] + new + text[end:]
        return text


def open_with(analysis: Analysis, choice: Choice, extras: Extras) -> Opening:
    """The user's words as one sentence (or the sentences they are)."""
    text = analysis.text
    if len(analysis.sentences) != 1 or len(analysis.tokens) > LONG or "\n" in text.strip():
        return Opening(ended(_capital(one_line(text), extras)), "kept")
    return _Opener(analysis, choice, extras).open()


def _capital(text: str, extras: Extras) -> str:
    return text if any(start == 0 for start, _ in extras.exact) else capital(text)


class _Opener:
    """One prompt of one sentence."""

    def __init__(self, analysis: Analysis, choice: Choice, extras: Extras) -> None:
        self.a = analysis
        self.choice = choice
        self.extras = extras
        self.edits = _Edits(analysis.text, extras.exact)

    def open(self) -> Opening:
        request = REQUEST.match(self.a.text)
        if request:
            return self._framed(0, request.end(), f"A{request['what']}")
        frame = FRAME.match(self.a.text)
        if frame and not self._has_finite(frame.end()) and self._is_frame(frame.end("last")):
            head = self.a.text[: frame.end("last")]
            return self._framed(0, frame.end(), head)
        return self._plain()

    # the shapes of a prompt

    def _framed(self, start: int, end: int, head: str) -> Opening:
        """ "a close up video of X" → "A close-up video shows X"."""
        head = HYPHEN.sub(lambda m: f"{m[1]}-{m[3]}", one_line(head))
        if not re.match(r"(?:an?|the)\b", head, re.IGNORECASE):
            head = head if head.lower().endswith(("footage", "videos")) else f"{article(head)} {head}"
        elif head.lower().endswith("footage"):
            head = re.sub(r"^an? +", "", head, flags=re.IGNORECASE)
        verb = self.choice.pick("show", words().show["stated"])
        verb = verb[:-1] if head.lower().endswith("videos") else verb
        self.edits.replace(start, end, f"{capital(head)} {verb} ")
        self._articles(end)
        return self._finish("frame")

    def _plain(self) -> Opening:
        first = self._first_noun()
        if first is None:
            return self._agentless()
        verb = self._main_verb(first)
        if verb is not None:
            return self._clause(first, verb)
        return self._verbless(first)

    def _clause(self, first: NounPhrase, verb: VerbPhrase) -> Opening:
        """ "spider making a web" → "A spider is making a web"."""
        tokens = self.a.tokens
        opener = tokens[verb.first]
        if opener.pos != "aux" or opener.lower == "being":
            if verb.form in ("ing", "ed") and not (verb.form == "ed" and not verb.passive and verb.objects):
                self.edits.insert(opener.start, "are " if self._several(first) else "is ")
            elif verb.form == "base" and not self._several(first) and tokens[verb.verb].lower == tokens[verb.verb].lemma:
                token = tokens[verb.verb]
                self.edits.replace(token.start, token.end, third_person(token.text))
        self._second_clauses(first, verb)
        self._articles(0)
        return self._finish("clause")

    def _second_clauses(self, first: NounPhrase, verb: VerbPhrase) -> None:
        """ "… and a little girl playing together" → "… and a little girl is playing together"."""
        for other in self.a.verbs:
            agents = [self.a.nouns[i] for i in other.agents]
            if other.first <= verb.verb or other.form != "ing" or not agents or self.a.tokens[other.first].pos == "aux":
                continue
            agent = agents[0]
            before = self.a.tokens[agent.first - 1] if agent.first else None
            if agent.index != first.index and agent.last == other.first and before is not None and before.lower in (
                "and", "while", "as", "but",
            ):
                if agent.first > verb.verb:
                    self.edits.insert(self.a.tokens[other.first].start, "are " if agent.plural else "is ")

    def _agentless(self) -> Opening:
        """ "grilling a steak" → "A pair of hands is grilling a steak"; anything else is shown."""
        verb = self.a.verbs[0] if self.a.verbs else None
        if verb is None or verb.first != 0 or verb.form != "ing":
            return self._shown() if self.a.nouns and self.a.nouns[0].first == 0 else self._as_is()
        lemma = verb.lemma
        self._articles(0)
        if self.extras.activity and lemma not in words().no_hands and verb.objects:
            subject = self.choice.pick("hands", words().hands)
            self.edits.insert(0, f"{subject} ")
            return self._finish("hands")
        shot = self.choice.pick("shot", words().shot["plain"])
        self.edits.insert(0, f"{shot} {self.choice.pick('show', words().show['activity'])} ")
        return self._finish("shown")

    def _as_is(self) -> Opening:
        self._articles(0)
        return self._finish("clause")

    def _verbless(self, first: NounPhrase) -> Opening:
        """ "white rabbit near the fence" → "A white rabbit sits near the fence"."""
        relation = self._locative(first)
        posture = self.extras.posture
        several = self._several(first)
        if posture is not None and (relation is not None or self.extras.place):
            verb = posture[1 if several else 0]
            self._articles(0)
            if relation is not None:
                self.edits.insert(relation.start, f"{verb} ")
                return self._finish("posture")
            return self._finish("posture", tail=f" {verb}")
        return self._shown()

    def _shown(self) -> Opening:
        """ "a leafless tree" → "A wide shot shows a leafless tree"."""
        self._articles(0)
        key = self.extras.shot or "plain"
        first = self._first_noun()
        if key == "plain" and first is not None and not self.extras.place:
            verb = self.choice.pick("fills", words().fills)[1 if self._several(first) else 0]
            return self._finish("posture", tail=f" {verb}")
        shot = self.choice.pick("shot", words().shot[key])
        shows = words().show["close" if key == "close" else "wide" if key == "wide" else "plain"]
        self.edits.insert(0, f"{shot} {self.choice.pick('show', shows)} ")
        opening = self._finish("shown")
        opening.sized = key != "plain"
        return opening

    # what the shapes are made of

    def _finish(self, form: str, tail: str = "") -> Opening:
        for token in self.a.tokens:
            if token.pos == "name" and token.text[:1].islower() and not any(s <= token.start < e for s, e, _ in self.edits.items):
                self.edits.replace(token.start, token.start + 1, token.text[0].upper())
        text = one_line(self.edits.apply()).rstrip(" ,;:")
        closed = text[-1:] in ".!?…\"”"
        placed = bool(self.extras.place) and not closed
        if not closed:
            text += tail + (f" {self.extras.place}" if placed else "")
        return Opening(ended(_capital(text, self.extras)), form, placed)

    def _first_noun(self) -> NounPhrase | None:
        return next((noun for noun in self.a.nouns if noun.first == 0 and not noun.pronoun), None)

    def _has_finite(self, start: int) -> bool:
        tokens = self.a.tokens
        return any(
            verb.start < start and (verb.form == "s" or tokens[verb.first].pos == "aux") for verb in self.a.verbs
        )

    def _is_frame(self, end: int) -> bool:
        """Whether the words before `end` only speak of the camera or the medium: no noun of their own with a root."""
        heads = [n for n in self.a.nouns if n.start < end and n.end <= end]
        return not any(noun.root in ("person", "animal", "vehicle", "food", "plant", "building") for noun in heads)

    def _main_verb(self, first: NounPhrase) -> VerbPhrase | None:
        """The verb that the first noun phrase is the subject of."""
        own = {first.index, *first.partners, *self._of_chain(first)}
        for verb in self.a.verbs:
            if verb.gerund or verb.first < first.last:
                continue
            subject = verb.objects if verb.passive else verb.agents
            if own.intersection(subject) and not any(t.pos == "wh" for t in self.a.tokens[first.last : verb.first]):
                return verb
        return None

    def _of_chain(self, noun: NounPhrase) -> list[int]:
        chain: list[int] = []
        while noun.of is not None and noun.of not in chain and len(chain) < 4:
            chain.append(noun.of)
            noun = self.a.nouns[noun.of]
        return chain

    def _several(self, noun: NounPhrase) -> bool:
        """Whether the verb after this noun phrase is plural."""
        joined = [self.a.nouns[i] for i in noun.partners if i > noun.index]
        return noun.plural or any(self._joined_by_and(noun, other) for other in joined)

    def _joined_by_and(self, noun: NounPhrase, other: NounPhrase) -> bool:
        return any(t.lower in ("and", "&") for t in self.a.tokens[noun.last : other.first])

    def _locative(self, noun: NounPhrase) -> Relation | None:
        """The first relation that says where the noun phrase is."""
        last = max([noun.last, *(self.a.nouns[i].last for i in (*noun.partners, *self._of_chain(noun)))])
        end = self.a.tokens[last - 1].end
        for relation in self.a.relations:
            ground = self.a.nouns[relation.ground] if relation.ground is not None else None
            if relation.start < noun.end or relation.category not in LOCATIVE or relation.negated:
                continue
            if ground is not None and ground.root in ("clothing", "time", "abstract"):
                continue
            return relation if relation.start <= end + 1 or noun.index in relation.figures else None
        return None

    # articles

    def _articles(self, start: int) -> None:
        """Put in the articles that are surely missing, from offset `start` on."""
        for noun in self.a.nouns:
            if noun.start >= start and self._lacks_article(noun):
                word = "the" if self._is_definite(noun) else article(self._sounded(noun))
                self.edits.insert(noun.start, f"{word} ")
            elif noun.start >= start and noun.determiner in ("a", "an"):
                self._right_article(noun)

    def _right_article(self, noun: NounPhrase) -> None:
        token = self.a.tokens[noun.first]
        after = self.a.tokens[noun.first + 1] if noun.first + 1 < noun.last else None
        if token.lower not in ("a", "an") or after is None:
            return
        right = article(after.text)
        if token.lower != right and not noun.plural:
            self.edits.replace(token.start, token.end, right)

    def _sounded(self, noun: NounPhrase) -> str:
        return self.a.text[noun.start : noun.end]

    def _is_definite(self, noun: NounPhrase) -> bool:
        first_word = self.a.tokens[noun.first].lower
        if noun.of is not None and noun.core in THE_OF:
            return True
        return noun.first > 0 and noun.lemma in words().surfaces and first_word == noun.core.split(" ")[0]

    def _lacks_article(self, noun: NounPhrase) -> bool:
        if noun.determiner or noun.plural or noun.pronoun or noun.proper or noun.possessor is not None:
            return False
        if noun.count is not None or noun.negated or self.a.tokens[noun.first].pos in ("num", "quote", "poss", "det"):
            return False
        if noun.of is not None and noun.core in THE_OF:
            return True
        lists = words()
        if {noun.lemma, noun.core} & (lists.bare | lists.mass):
            return False
        if noun.lemma in lists.surfaces:
            return noun.first > 0
        if self._after_and_determined(noun):
            return False
        return noun.root in ("person", "animal", "vehicle", "building", "object", "creature", "clothing", "plant", "group")

    def _after_and_determined(self, noun: NounPhrase) -> bool:
        """ "a man and woman" is right as it is."""
        before = [self.a.nouns[i] for i in noun.partners if i < noun.index]
        return bool(before) and before[0].determiner not in ("",)

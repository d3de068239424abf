"""Opening: the user's own words made into good prose, with every content word where the user put it.

Edits are insertions and replacements at character offsets of the prompt, so nothing can get lost by rebuilding: a
missing article, a missing "is", a posture for a subject that only is somewhere, a capital, a full stop. Where the
analysis does not carry an edit, the words stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from t2v_recaption.language.model import Analysis, NounPhrase, Relation, VerbPhrase
from t2v_recaption.writers.composer.choice import Choice
from t2v_recaption.writers.composer.edits import Edits, SmallWords, is_plural
from t2v_recaption.writers.composer.grammar import article, capital, ended, looks_plural, one_line, third_person
from t2v_recaption.writers.composer.library import library
from t2v_recaption.writers.composer.words import words

FRAME = re.compile(
    r"(?:\w[\w'-]* +){0,6}?(?P<last>video|videos|footage|shot|view|clip|close[ -]?up|time[ -]?lapse|point of view"
    r"|panorama|animation|film|scene|portrait|picture|photo|image|claymation"
    r"|stop[ -]motion|pixel art|3d render|sketch|drawing|painting|illustration|cartoon|paper cutout"
    r"|(?:pan|tilt|dolly|zoom|push|pull)(?: (?:left|right|up|down|in|out|back))?)(?P<link> +(?:of|on|showing) +)(?=\w)",
    re.IGNORECASE,
)
"""Words for the camera or the medium with which a prompt begins: "a close up video of …"."""
BARE_FRAME = re.compile(
    r"(?P<last>flat lay|close[ -]?up|macro) +(?!of\b|on\b|video|shot|view|footage|photo|lens)(?=\w)", re.IGNORECASE
)
TAIL_FRAME = re.compile(
    r"(?: +(?:in|from|with))?(?: +an?)? +"
    r"(?P<last>top view|aerial view|side view|front view|close[ -]?up|birds?[ -]?eye view) *$",
    re.IGNORECASE,
)
REQUEST = re.compile(
    r"(?:please +)?(?:can you +|could you +)?(?:make|create|generate|show|render|produce|give|film)(?: +me| +us)?"
    r"(?: +an?)?(?P<what>(?: +\w+)? +(?:video|clip|film|movie|animation))(?: +(?:of|showing|about|where|in which) +)",
    re.IGNORECASE,
)
CAMERA_CLAUSE = re.compile(r"\s*,\s+(?:and\s+|while\s+)?(?:the\s+)?camera\s+(?=(?:\w+ly\s+)?\w+s\b)", re.IGNORECASE)
"""What the camera does, hung on by a comma: a sentence of its own."""
HYPHEN = re.compile(r"\b(close|time|slow|low|high)( )(up|lapse|motion|angle)\b", re.IGNORECASE)
LOCATIVE = frozenset(
    (
        "on", "in", "near", "under", "behind", "front", "above", "below", "at", "side", "beside", "between", "among",
        "over", "against", "by", "inside", "around", "along", "across", "outside", "left", "right", "toward", "through",
        "next",
    )
)  # fmt: skip
NOT_PLACES = frozenset(("clothing", "time", "abstract"))
DOERS = frozenset(("person", "animal", "vehicle", "creature"))
VIEWS = frozenset(("view", "scenery", "scene", "landscape", "panorama"))
BOUND = frozenset(("of", "with", "in", "wearing", "dressed", "like", "from", "without"))
"""Words behind a subject that tell which one it is: nothing comes between."""
APART = re.compile(r", (?:with|in|over|under|a|an|the|its|their|both|one)\b")
"""A comma in a phrase on the looks that parts more than two adjectives: then one is needed at its end, too."""
DRESSED = 5
"""Words of a subject that bears a phrase on its looks, too."""
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
    dressed: bool = False
    """Whether the phrase for the subject's looks is in it."""


@dataclass
class Extras:
    """What the opening may use besides the user's words."""

    posture: tuple[str, str] | None = None
    """One, several: a verb for a subject that only is somewhere."""
    place: str = ""
    """Phrase for the chosen place ("on the beach"); empty when the user stated one."""
    shot: str = ""
    """Key of `words().shot` and `words().show` for scenes that are shown: close, medium, wide, plain."""
    activity: bool = True
    """Whether "a pair of hands" may do what nobody is named for."""
    exact: tuple[tuple[int, int], ...] = ()
    """Ranges of the text that no edit may touch."""
    commands: bool = False
    """Whether the prompt begins with an order to the camera: "zoom in on the house"."""
    possessive: str = ""
    """ "her", "his", "their": of the main subject."""
    look: str = ""
    """What follows the main subject's name: "in a camel coat"."""
    main: int = -1
    """Index of the main subject's noun phrase."""
    progressive: bool = False
    """Whether "is walking" is wanted rather than "walks"."""


def open_with(analysis: Analysis, choice: Choice, extras: Extras) -> Opening:
    """The user's words as one sentence (or the sentences they are)."""
    text = analysis.text
    if len(analysis.sentences) != 1 or len(analysis.tokens) > LONG or "\n" in text.strip():
        line = text.strip() if extras.exact else one_line(text)
        return Opening(ended(_capital(line.replace("\n", " "), extras)), "kept")
    return _Opener(analysis, choice, extras).open()


def _capital(text: str, extras: Extras) -> str:
    return text if any(start == 0 for start, _ in extras.exact) else capital(text)


def frame_of(analysis: Analysis) -> re.Match[str] | None:
    """The words about the camera or the medium with which a prompt begins; not those of somebody who films."""
    frame = FRAME.match(analysis.text)
    return frame if frame is not None and speaks_of_camera(analysis, frame.end("last")) else None


def speaks_of_camera(analysis: Analysis, end: int) -> bool:
    """Whether the words before `end` are about the camera or the medium only."""
    heads = [noun for noun in analysis.nouns if noun.end <= end]
    return not any(noun.root in DOERS | {"food", "plant", "building"} for noun in heads)


class _Opener:
    """One prompt of one sentence."""

    def __init__(self, analysis: Analysis, choice: Choice, extras: Extras) -> None:
        self.a = analysis
        self.choice = choice
        self.extras = extras
        self.edits = Edits(analysis.text, extras.exact)
        self.small = SmallWords(analysis, self.edits, possessive=extras.possessive)
        self.closed = False
        """Whether the phrase on the looks ends in a comma."""

    def open(self) -> Opening:
        dressed = self._dress()
        opening = self._shaped()
        opening.dressed = dressed
        return opening

    def _dress(self) -> bool:
        """Put the phrase for the looks right behind the main subject, where nothing else belongs there."""
        noun = next((noun for noun in self.a.nouns if noun.index == self.extras.main), None)
        if noun is None or not self.extras.look or noun.of is not None or noun.partners:
            return False
        frame = frame_of(self.a)
        if any(other.index < noun.index and other.start >= (frame.end() if frame else 0) for other in self.a.nouns):
            return False  # not what the sentence is about
        if any(other.of == noun.index for other in self.a.nouns) or noun.last - noun.first > DRESSED:
            return False
        after = self.a.tokens[noun.last] if noun.last < len(self.a.tokens) else None
        if after is not None and (after.pos not in ("verb", "aux", "prep") or after.lower in BOUND):
            return False
        bare = self.extras.look.split(" ", 1)[0] not in ("in", "with")
        self.closed = bare or bool(APART.search(self.extras.look))
        self.edits.insert(noun.end, f"{',' if bare else ''} {self.extras.look}{',' if self.closed else ''}")
        return True

    def _shaped(self) -> Opening:
        text = self.a.text
        request = REQUEST.match(text)
        if request:
            return self._framed(0, request.end(), f"A{request['what']}")
        for pattern in (FRAME, BARE_FRAME):
            frame = pattern.match(text)
            if frame and not self._has_finite(frame.end()) and speaks_of_camera(self.a, frame.end("last")):
                return self._framed(0, frame.end(), text[: frame.end("last")])
        tail = TAIL_FRAME.search(text)
        if tail and not any(verb.form == "s" for verb in self.a.verbs):
            self.edits.replace(tail.start(), len(text), "")
            return self._framed(0, 0, tail["last"])
        return self._plain()

    # the shapes of a prompt

    def _framed(self, start: int, end: int, head: str) -> Opening:
        """From "a close up video of X" to "A close-up video shows X"."""
        head = HYPHEN.sub(lambda m: f"{m[1]}-{m[3]}", one_line(head))
        counted = re.match(r"(?:an?|the)\b", head, re.IGNORECASE)
        if head.lower().endswith(("footage", "videos", "scenery")):
            head = re.sub(r"^an? +", "", head, flags=re.IGNORECASE)
        elif not counted:
            head = f"{article(head)} {head}"
        verb = self.choice.pick("show", words().show["stated"])
        verb = self.choice.pick("view", ("reveals", "frames")) if head.lower().endswith("view") else verb
        verb = verb[:-1] if head.lower().endswith("videos") else verb
        self.edits.prefix = f"{capital(head)} {verb} "
        self.edits.replace(start, end, "")
        first = next(
            (noun for noun in self.a.nouns if (start < end and noun.start == end) or noun.start == 0 == end), None
        )
        self.small.fill(end, first=first)
        return self._finish("frame")

    def _plain(self) -> Opening:
        first = next((noun for noun in self.a.nouns if noun.first == 0 and not noun.pronoun), None)
        if first is None:
            return self._agentless()
        verb = self._main_verb(first)
        if verb is not None and self._is_doubtful(first, verb):
            return self._shown(first)
        if verb is not None:
            return self._clause(first, verb)
        return self._verbless(first)

    def _clause(self, first: NounPhrase, verb: VerbPhrase) -> Opening:
        """From "spider making a web" to "A spider is making a web"."""
        opener, main = self.a.tokens[verb.first], self.a.tokens[verb.verb]
        if opener.pos != "aux" or opener.lower == "being" or opener.form == "ing":
            if verb.form == "ing" and not self.extras.progressive and self._simple(verb, several=self._several(first)):
                pass
            elif verb.form == "ing" or (main.lower != main.lemma and self._is_done(verb)):
                self.edits.insert(opener.start, self._be(first))
            elif verb.form in ("base", "ed") and not self._several(first) and main.lower == main.lemma:
                self.edits.replace(main.start, main.end, third_person(main.text))
        self._second_clauses(first, verb)
        self.small.fill(0, first=first)
        return self._finish("clause")

    @staticmethod
    def _is_done(verb: VerbPhrase) -> bool:
        """Whether it is a participle of what is done to the subject: "cars parked on the road"."""
        return verb.form == "ed" and (verb.passive or not verb.objects)

    def _simple(self, verb: VerbPhrase, *, several: bool) -> bool:
        """From "walking and singing" to "walks and sings"; False where a form is in doubt."""
        joined = [other for other in self.a.verbs if other.first > verb.verb and other.form == "ing"][:1]
        group = [verb, *(other for other in joined if self._is_coordinated(verb, other))]
        tokens = [self.a.tokens[each.verb] for each in group]
        lemmas = [lemma_of(token.lower, each.lemma) for token, each in zip(tokens, group, strict=True)]
        if not all(lemmas):
            return False
        for token, lemma in zip(tokens, lemmas, strict=True):
            self.edits.replace(token.start, token.end, lemma if several else third_person(lemma))
        return True

    def _is_coordinated(self, verb: VerbPhrase, other: VerbPhrase) -> bool:
        return bool(other.agents) and other.agents == verb.agents and self.a.tokens[other.first - 1].lower == "and"

    def _is_doubtful(self, first: NounPhrase, verb: VerbPhrase) -> bool:
        """Whether another doer stands between: "a woman with her child sitting on a couch"."""
        own = {*first.partners, *self._of_chain(first)}
        return verb.form == "ing" and any(
            noun.root in ("person", "animal") and first.last <= noun.first < verb.first and noun.index not in own
            for noun in self.a.nouns
        )

    def _be(self, noun: NounPhrase) -> str:
        return "are " if self._several(noun) else "is "

    def _second_clauses(self, first: NounPhrase, verb: VerbPhrase) -> None:
        """From "… and a little girl playing together" to "… and a little girl is playing together"."""
        for other in self.a.verbs:
            if other.first <= verb.verb or other.form != "ing" or not other.agents:
                continue
            agent = self.a.nouns[other.agents[0]]
            before = self.a.tokens[agent.first - 1].lower if agent.first else ""
            joined = before in ("and", "while", "as", "but") and agent.last == other.first and agent.first > verb.verb
            if not joined or agent.index == first.index or self.a.tokens[other.first].pos == "aux":
                continue
            if self.extras.progressive or not self._simple(other, several=self._several(agent)):
                self.edits.insert(self.a.tokens[other.first].start, self._be(agent))

    def _agentless(self) -> Opening:
        """From "grilling a steak" to "A pair of hands is grilling a steak"; anything else is shown."""
        verb = self.a.verbs[0] if self.a.verbs else None
        if self.extras.commands and verb is not None and verb.first == 0 and verb.form == "base":
            token = self.a.tokens[verb.verb]
            self.edits.replace(token.start, token.end, f"the camera {third_person(token.lower)}")
            self.small.fill(token.end)
            return self._finish("clause")
        if self._is_noun_phrase(verb):
            return self._shown(self.a.nouns[0])
        if verb is None or verb.form != "ing" or not self._starts(verb):
            self.small.fill(0)
            return self._finish("clause")
        self.small.fill(0)
        if self.extras.activity and verb.lemma not in words().no_hands and verb.objects:
            hands, _, be = self.choice.pick("hands", words().hands).rpartition(" ")
            simple = not self.extras.progressive and self._simple(verb, several=be == "are")
            self.edits.prefix = f"{hands} " if simple else f"{hands} {be} "
            return self._finish("hands")
        shot = self.choice.pick("shot", words().shot["plain"])
        self.edits.prefix = f"{shot} {self.choice.pick('show', words().show['activity'])} "
        return self._finish("shown")

    def _starts(self, verb: VerbPhrase) -> bool:
        """Whether nothing but an adverb or adjective comes before the verb: "deep frying a crab"."""
        return all(token.pos in ("adv", "adj") for token in self.a.tokens[: verb.first])

    def _is_noun_phrase(self, verb: VerbPhrase | None) -> bool:
        """Whether a prompt whose first noun phrase does not begin it is still a noun phrase."""
        nouns, start = self.a.nouns, self.a.tokens[0].pos if self.a.tokens else ""
        if not nouns or nouns[0].pronoun or self.a.quotes or start not in ("det", "adj", "adv", "num", "noun", "verb"):
            return False
        return verb is None or (verb.form == "ed" and verb.passive is False and start in ("det", "adv"))

    def _verbless(self, first: NounPhrase) -> Opening:
        """From "white rabbit near the fence" to "A white rabbit sits near the fence"."""
        if self._hidden_verb(first):
            return self._finish("clause")
        relation, posture = self._locative(first), self.extras.posture
        loose = any(v.form == "ing" and not self._is_aside(v) for v in self.a.verbs)
        if (
            posture is None
            or loose
            or self._is_other(first)
            or self._coordinated(first)
            or not (relation is not None or self.extras.place)
        ):
            return self._shown(first)
        ground = self.a.nouns[relation.ground] if relation is not None and relation.ground is not None else None
        if ground is not None and ground.root == "plant" and first.root == "food":
            posture = ("hangs", "hang")
        mount = relation is not None and relation.category == "on" and first.root in ("person", "creature")
        if ground is not None and mount and (ground.root == "animal" or ground.core in words().ridden):
            posture = ("sits", "sit")
        verb = posture[1 if self._several(first) else 0]
        self.small.fill(0, first=first)
        if relation is None:
            return self._finish("posture", tail=f" {verb}")
        self.edits.insert(relation.start, f"{verb} ")
        return self._finish("posture")

    def _is_other(self, first: NounPhrase) -> bool:
        """Whether the posture is one of another noun: of the forest, in "autumn season in a forest"."""
        return self.extras.main >= 0 and self.extras.main not in (first.index, *first.partners, *self._of_chain(first))

    def _coordinated(self, noun: NounPhrase) -> bool:
        return any(self._joined_by_and(noun, self.a.nouns[i]) for i in noun.partners if i > noun.index)

    def _is_aside(self, verb: VerbPhrase) -> bool:
        before = self.a.tokens[verb.first - 1].lower if verb.first else ""
        return before in ("while", "when", "by", "for", "of", "from", "without")

    def _hidden_verb(self, first: NounPhrase) -> bool:
        """From "helicopter landing on the street" to "A helicopter is landing …": the analysis sees one noun phrase."""
        for at in range(first.first + 1, min(first.last + 1, len(self.a.tokens))):
            token, before = self.a.tokens[at], self.a.tokens[at - 1]
            if len(token.lower) < 5 or not token.lower.endswith("ing") or before.pos not in ("noun", "name"):
                continue
            if token.pos == "prep" or token.lower in ("looking", "during", "evening", "morning", "building"):
                continue
            if at < first.last and self._root_of(before.lower) not in DOERS:
                continue
            several = looks_several(before.lower) or (at >= first.last and self._several(first))
            self.edits.insert(token.start, "are " if several else "is ")
            if not first.determiner and not several:
                self.edits.insert(first.start, f"{article(self.a.text[first.start :])} ")
            self.small.fill(token.end)
            return True
        return False

    def _root_of(self, word: str) -> str:
        """Root of a word, whether it is a head in this prompt or not."""
        names = library().chain_names(library().subject(word))
        return names[-1] if names else next((n.root for n in self.a.nouns if n.core == word), "")

    def _shown(self, first: NounPhrase) -> Opening:
        """From "a leafless tree" to "A wide shot shows a leafless tree"."""
        self.small.fill(0, first=first if first.first == 0 else None)
        key = self.extras.shot or "plain"
        if self.a.tokens[first.head].lower in VIEWS and first.last == len(self.a.tokens):
            return self._finish("posture", tail=" fill the frame" if self._several(first) else " fills the frame")
        if key == "plain" and not self.extras.place and self.choice.chance("fills", 50):
            verb = self.choice.pick("fills", words().fills)[1 if self._several(first) else 0]
            return self._finish("posture", tail=f" {verb}")
        shot = self.choice.pick("shot", words().shot[key])
        shows = words().show["close" if key == "close" else "wide" if key == "wide" else "plain"]
        self.edits.prefix = f"{shot} {self.choice.pick('show', shows)} "
        opening = self._finish("shown")
        opening.sized = key != "plain"
        return opening

    # what the shapes are made of

    def _finish(self, form: str, tail: str = "") -> Opening:
        self.small.capitals()
        text = self.edits.apply()
        if not self.extras.exact:
            text = CAMERA_CLAUSE.sub(". The camera ", text)
        text = (text.strip() if self.extras.exact else one_line(text)).rstrip(" ,;:")
        text += "," if tail and self.closed and text.endswith(self.extras.look) else ""
        closed = text[-1:] in '.!?…"”'
        placed = bool(self.extras.place) and not closed and "," not in self.a.text
        if not closed:
            text += tail + (f" {self.extras.place}" if placed else "")
        return Opening(ended(_capital(text, self.extras)), form, placed)

    def _has_finite(self, start: int) -> bool:
        return any(
            verb.start < start and (verb.form == "s" or self.a.tokens[verb.first].pos == "aux") for verb in self.a.verbs
        )

    def _main_verb(self, first: NounPhrase) -> VerbPhrase | None:
        """The verb that the first noun phrase is the subject of."""
        own = {first.index, *first.partners, *self._of_chain(first)}
        for verb in self.a.verbs:
            if verb.gerund or verb.first < first.last:
                continue
            subject = verb.objects if verb.passive else verb.agents
            if not own.intersection(subject) or any(t.pos == "wh" for t in self.a.tokens[first.last : verb.first]):
                continue
            after = self.a.tokens[verb.last].pos if verb.last < len(self.a.tokens) else ""
            if verb.lemma == "look" and after in ("noun", "adj"):
                continue
            near = verb.first <= first.last + 1
            if verb.form == "base" and not (self._several(first) or (near and verb.objects)):
                continue
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
        if noun.determiner in ("a", "an") and not joined:
            return False
        return is_plural(self.a, noun) or any(self._joined_by_and(noun, other) for other in joined)

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
            if ground is not None and (ground.root in NOT_PLACES or ground.determiner in ("his", "her", "their")):
                continue
            return relation if relation.start <= end + 1 or noun.index in relation.figures else None
        return None


def lemma_of(participle: str, lemma: str) -> str:
    """The lemma, if this is its participle: what is not in the lexicon may have lost a letter."""
    forms = {f"{lemma}ing", f"{lemma}{lemma[-1:]}ing"}
    if lemma.endswith("ie"):
        forms.add(f"{lemma[:-2]}ying")
    elif lemma.endswith("e"):
        forms.add(f"{lemma[:-1]}ing")
    if lemma[-1:] == "l" and lemma[-2:-1] not in ("", *"aeioulrw"):
        lemma += "e"  # circling
    return lemma if participle in forms else ""


def looks_several(word: str) -> bool:
    """Whether a bare noun names several."""
    return looks_plural(word) or word in ("people", "men", "women", "children")

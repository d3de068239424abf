"""What a word can be: parts of speech, lemma, category, looked up in the word lists under `prompts/lexicon`.

Lemmas come from the lists, a table of irregular forms and a few spelling rules that are checked against the lists.
simplemma was measured and passed over: its English table takes 0.2 s and 30 MB to load, it gives one lemma
where "leaves" needs two, and it says nothing about the part of speech, which is what the analysis needs first.
Words are looked up once and remembered, so a start pays only for the words of its prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from t2v_recaption import knowledge, prompts
from t2v_recaption.language.model import AUX, CONJ, DET, NOT, NUM, POSS, PREP, PRON, TO, WH
from t2v_recaption.language.spelling import number, singulars, stems, unknown_stem

FOLDER = Path(prompts.__file__).parent / "lexicon"

# What a form can be (Word.can).
N, V, S, G, D, A, R, PL = 1, 2, 4, 8, 16, 32, 64, 128

# What of several words a form can begin (Word.starts).
COMPOUND, PREPOSITION, ADVERB = 1, 2, 4

_REMEMBERED = 50_000
_ACCENTS = str.maketrans("àáâäãåçèéêëìíîïñòóôöõùúûüýÿ’‑", "aaaaaaceeeeiiiinooooouuuuyy'-")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*$")
_DECADE = re.compile(r"(?:1[0-9]|20)?\d0'?s$|\d{1,2}(?:st|nd|rd|th)$")
_ADJ_ENDS = (
    "ous",
    "ful",
    "less",
    "ive",
    "able",
    "ible",
    "ish",
    "ical",
    "esque",
    "like",
    "proof",
    "free",
    "ic",
    "al",
    "ary",
)


class Word:
    """One form with all it can be. `can` is a mask of N V S G D A R PL; `tag` is set for closed classes; `starts` is
    a mask of COMPOUND PREPOSITION ADVERB.
    """

    __slots__ = (
        "adj", "base", "bias", "can", "closed", "known", "lower", "noun", "number", "participle", "root", "starts",
        "tag", "verb",
    )  # fmt: skip

    def __init__(self, lower: str) -> None:
        self.lower = lower
        self.can = 0
        self.tag = ""
        self.closed = False
        self.noun = ""
        self.verb = ""
        self.adj = ""
        self.root = ""
        self.base = lower
        self.bias = ""
        self.number: float | None = None
        self.participle = False
        self.known = True
        self.starts = 0


def sections(name: str) -> dict[str, list[str]]:
    """The sections of a word list: header → entries, `_` already turned into a space."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = found.setdefault(line[1 : line.index("]")], [])
        elif line and not line.startswith("#"):
            current += [w.replace("_", " ") for w in line.split()] if "_" in line else line.split()
    return found


@lru_cache(maxsize=1)
def _sets() -> dict[str, frozenset[str]]:
    return {name: frozenset(words) for name, words in sections("sets.txt").items()}


def word_set(name: str) -> frozenset[str]:
    """One of the small word sets in sets.txt."""
    return _sets()[name]


class Lexicon:
    """All word lists, loaded once; `look_up` is the one way in."""

    def __init__(self) -> None:
        self._words: dict[str, Word] = {}
        self._load_closed()
        self._load_verbs()
        self.nouns: dict[str, str] = {}
        self.compounds: dict[str, str] = {}
        self._load_nouns()
        self.adjectives: dict[str, str] = {}
        for category, words in sections("adjectives.txt").items():
            for word in words:
                if category != "shade":
                    self.adjectives.setdefault(word, category)
        self.shades = frozenset(sections("adjectives.txt")["shade"])
        self.adverbs = {w for words in sections("adverbs.txt").values() for w in words}
        self.adverb_phrases: dict[str, list[tuple[str, ...]]] = {}
        for phrase in (tuple(adverb.split()) for adverb in self.adverbs if " " in adverb):
            self.adverb_phrases.setdefault(phrase[0], []).append(phrase)
        bias = sections("bias.txt")
        self.bias = {word: name for name in ("adjective", "noun", "verb") for word in bias[name]}
        self.gerund_nouns = frozenset(bias["gerund_noun"])
        self.participle_compounds = frozenset(bias["participle_compound"])

    def _load_closed(self) -> None:
        closed = sections("closed.txt")
        self.closed: dict[str, str] = {}
        names = (
            ("particle", PREP),
            ("conj", CONJ),
            ("aux", AUX),
            ("pron", PRON),
            ("poss", POSS),
            ("det", DET),
            ("wh", WH),
        )
        prepositions = [w for words in sections("prepositions.txt").values() for w in words]
        self.closed.update(dict.fromkeys((w for w in prepositions if " " not in w), PREP))
        self._preposition_firsts = frozenset(w.partition(" ")[0] for w in prepositions if " " in w)
        for name, tag in names:
            for word in closed[name]:
                if not (
                    name == "particle"
                    and word in ("back", "open", "shut", "aside", "apart", "together", "ahead", "away")
                ):
                    self.closed[word] = tag
        self.closed |= {"not": NOT, "n't": NOT, "never": NOT, "to": TO}
        self.numbers = {w.split("=")[0]: float(w.split("=")[1]) for w in closed["number"]}
        self.be, self.have, self.do = (frozenset(closed[k]) for k in ("be", "have", "do"))
        self.modal, self.negated = frozenset(closed["modal"]), frozenset(closed["negated"])
        self.particles = frozenset(closed["particle"])
        self.function = frozenset(closed["function"]) | frozenset(self.closed)

    def _load_verbs(self) -> None:
        verbs = sections("verbs.txt")
        both = frozenset(verbs["both"])
        alone, needing = frozenset(verbs["intransitive"]), frozenset(verbs["transitive"])
        self.verbs = alone | needing | both
        self.intransitive = alone - needing - both
        self.transitive = needing - alone - both
        self.irregular_verbs: dict[str, list[tuple[str, bool]]] = {}
        irregular = sections("irregular.txt")
        for entry in irregular["verbs"]:
            base, past, participle = entry.split("=")
            for form in dict.fromkeys((past, participle)):
                self.irregular_verbs.setdefault(form, []).append((base, form == participle))
        pairs = [entry.split("=") for entry in irregular["nouns"]]
        self.irregular_nouns = {plural: singular for singular, plural in pairs}
        self.irregular_adjectives = {f: e.split("=")[0] for e in irregular["adjectives"] for f in e.split("=")[1:]}

    def _load_nouns(self) -> None:
        for root, words in sections("nouns.txt").items():
            for word in words:
                (self.compounds if " " in word else self.nouns).setdefault(word, root)
        self._own_compounds: set[str] = set()
        for root, words in sections("compounds.txt").items():
            self.compounds |= dict.fromkeys(words, root)
            self._own_compounds.update(words)
        self._learn(knowledge.roots().items())
        self._learn((word, "place") for word in sorted(knowledge.place_names()))

        names = sections("names.txt")
        self._own_compounds.update(names["place"], names["figure"])
        self.names = {name: kind for kind, found in names.items() for name in found}
        self.proper = frozenset(name for name in self.names if " " not in name)
        for name, kind in self.names.items():
            if " " in name:
                self.compounds.setdefault(name, "place" if kind == "place" else "person")
            else:
                self.nouns.setdefault(name, "place" if kind == "place" else "person")
        self._index_compounds()

    def _learn(self, known: Iterable[tuple[str, str]]) -> None:
        """Take up nouns of the knowledge with their roots: plurals and phrases are not words of their own."""
        nouns, compounds, closed = self.nouns, self.compounds, self.closed
        for name, root in known:
            word = name.lower()
            if word in (compounds if " " in word else nouns):
                continue
            words = word.split(" ")
            last = words[-1]
            if last[-1:] == "s" and (last in self.irregular_nouns or any(c in nouns for c in singulars(last))):
                continue
            if len(words) == 1:
                nouns[word] = root
            elif closed.keys().isdisjoint(words) and not (last[-3:] == "ing" and last not in nouns):
                own = nouns.get(last, "")
                compounds[word] = own if own in ("place", "landform") else root

    def compounds_with(self, first: str) -> tuple[tuple[str, ...], ...]:
        """The compounds that begin with a word, longest first. "Red car" is none: its first word is an attribute."""
        forms = self._compound_forms.get(first)
        if forms is None:
            raw = self._compounds_by_first.get(first)
            if raw is None:
                return ()
            forms = self._compound_forms[first] = self._resolve_compounds(first, raw)
        return forms

    def _resolve_compounds(self, first: str, raw: list[str]) -> tuple[tuple[str, ...], ...]:
        attribute = bool(self.look_up(first).can & (A | D)) or first in _NEVER_FIRST
        kept = [tuple(c.replace("-", " ").split()) for c in raw if c in self._own_compounds or not attribute]
        return tuple(sorted(kept, key=len, reverse=True))

    def _index_compounds(self) -> None:
        self._compound_forms: dict[str, tuple[tuple[str, ...], ...]] = {}
        self._compounds_by_first: dict[str, list[str]] = {}
        for compound in self.compounds:
            first = compound.partition(" ")[0].partition("-")[0]
            self._compounds_by_first.setdefault(first, []).append(compound)

    # ------------------------------------------------------------------------------------------------ looking up

    def look_up(self, lower: str) -> Word:
        """What a lower-case form can be. Never fails: an unknown word is judged by its ending."""
        word = self._words.get(lower)
        if word is None:
            word = self._analyse(lower)
            if len(self._words) >= _REMEMBERED:  # endless streams of made-up words must not fill the memory
                self._words.clear()
            self._words[lower] = word
        return word

    def _analyse(self, lower: str) -> Word:
        word = Word(lower)
        plain = lower.translate(_ACCENTS)
        word.tag = self.closed.get(plain, "")
        word.closed = bool(word.tag)
        if plain in self.numbers:
            word.number = self.numbers[plain]
            word.tag = word.tag or ("" if plain in ("couple", "pair", "trio", "duo", "quartet", "quintet", "single",
                                                    "lone", "twin", "triple", "half", "both") else NUM)  # fmt: skip
        elif _DIGITS.match(plain):
            word.number, word.tag = number(plain), NUM
        self._as_noun(word, plain)
        self._as_verb(word, plain)
        self._as_adjective(word, plain)
        if not word.can and not word.tag:
            self._guess(word, plain)
        word.bias = self._bias_of(word, plain)
        if lower in self._compounds_by_first:
            word.starts |= COMPOUND
        if lower in self._preposition_firsts:
            word.starts |= PREPOSITION
        if lower in self.adverb_phrases:
            word.starts |= ADVERB
        return word

    def _bias_of(self, word: Word, plain: str) -> str:
        if self.bias.get(plain) == "adjective" and word.can & A:
            return "adjective"
        if word.can & N and self.bias.get(word.noun) == "noun":
            return "noun"
        return "verb" if word.can & (V | S) and self.bias.get(word.verb) == "verb" else ""

    def _as_noun(self, word: Word, plain: str) -> None:
        nouns = self.nouns
        singular = self.irregular_nouns.get(plain)
        if singular is None and plain in nouns:
            word.can |= N
            word.noun, word.root = plain, nouns[plain]
            return
        if singular is None and len(plain) > 3 and plain[-1] == "s" and plain[-2] not in "su":
            singular = next((c for c in singulars(plain) if c in nouns), None)
        if singular is not None:
            word.can |= N | PL
            word.noun, word.root = singular, nouns.get(singular) or nouns.get(singular[:-1], "")

    def _as_verb(self, word: Word, plain: str) -> None:
        if word.tag == AUX and plain in self.be:
            word.verb = "be"
            return
        if word.tag == AUX and (plain in self.do or plain in self.have or plain == "doing"):
            word.verb = "do" if plain in self.do or plain == "doing" else "have"
            return
        verbs = self.verbs
        if plain in verbs:
            word.can |= V
            word.verb = plain
        for base, participle in self.irregular_verbs.get(plain, ()):
            if base in verbs or base == "be":
                word.can |= D
                word.participle = word.participle or participle
                word.verb = base
        end = plain[-1:]
        if end == "s":
            base = next((c for c in singulars(plain) if c in verbs), "")
            bit = S
        elif end == "g" and plain.endswith("ing"):
            base, bit = next((c for c in stems(plain[:-3]) if c in verbs), ""), G
        elif end == "d" and plain.endswith("ed"):
            base, bit = next((c for c in stems(plain[:-2]) if c in verbs), ""), D
            word.participle = word.participle or bool(base)
        else:
            return
        if base:
            word.can |= bit
            word.verb = base

    def _as_adjective(self, word: Word, plain: str) -> None:
        category = self.adjectives.get(plain)
        base = plain
        if (
            category is None
            and plain[-1:] in "rt"
            and (plain.endswith("er") or plain.endswith("est"))
            and not word.can & N
        ):
            stem = plain[:-2] if plain.endswith("er") else plain[:-3]
            base = next((c for c in stems(stem) if c in self.adjectives), "")
            category = self.adjectives.get(base)
        if category is None and plain in self.irregular_adjectives:
            base = self.irregular_adjectives[plain]
            category = self.adjectives.get(base, "quality")
        if category is not None:
            word.can |= A
            word.adj, word.base = category, base
        if plain in self.adverbs or (plain.endswith("ly") and len(plain) > 4 and not word.can):
            word.can |= R

    def _guess(self, word: Word, plain: str) -> None:
        """An unknown word: by its parts if it has a hyphen, by its ending otherwise."""
        word.known = False
        if "-" in plain.strip("-"):
            last = self.look_up(plain.rpartition("-")[2]) if plain.rpartition("-")[2] else word
            first = plain.partition("-")[0]
            if last is not word and last.lower in (
                "year",
                "month",
                "week",
                "day",
                "second",
                "minute",
                "hour",
                "meter",
                "metre",
                "foot",
            ):
                word.can, word.adj = A, "size"
            elif last is not word and (
                last.can & (D | G) or last.can == A or plain.endswith(_SUFFIXES) or plain.endswith("ed")
            ):
                word.can, word.base = A, plain
                word.adj = "colour" if plain.endswith(("-colored", "-coloured")) else last.adj or self._shape(plain)
            elif last is not word and last.can & A and first in self.adjectives:
                word.can, word.adj = A, last.adj
            elif last is not word and last.can & N:
                word.can, word.root = N | (last.can & PL), last.root
                word.noun = plain if not last.can & PL else plain[: -len(last.lower)] + last.noun
            else:
                word.can, word.noun = N, plain
            return
        if _DECADE.match(plain):
            word.can, word.noun, word.root = N, plain, "time"
        elif plain.endswith("ing") and len(plain) > 5:
            stem = plain[:-3]
            word.can, word.verb = G, unknown_stem(stem)
        elif plain.endswith("ed") and len(plain) > 4:
            word.can, word.verb, word.adj, word.participle = D | A, plain[:-2], "state", True
        elif len(plain) > 5 and plain.endswith(_ADJ_ENDS):
            word.can, word.adj, word.noun = A | N, "", plain
        elif len(plain) > 3 and plain[-1] == "s" and plain[-2] not in "siu'":
            word.can, word.noun = N | PL, next(iter(singulars(plain)))
        else:
            word.can, word.noun = N, plain

    def _shape(self, plain: str) -> str:
        return (
            "shape"
            if plain.endswith("-shaped")
            else "style"
            if plain.endswith(("-style", "-inspired", "-themed"))
            else "state"
        )


_NEVER_FIRST = frozenset(("a", "the", "of", "in", "on", "and", "with"))
_SUFFIXES = tuple(
    f"-{end}"
    for end in [
        "style",
        "like",
        "old",
        "free",
        "proof",
        "wide",
        "long",
        "high",
        "tech",
        "size",
        "scale",
        "level",
        "quality",
        "looking",
        "themed",
        "friendly",
        "up",
        "time",
        "inspired",
    ]
)


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The one lexicon, loaded at the first call."""
    return Lexicon()

"""Subjects, their numbers and attributes: is the thing there, how many, and is the attribute said of *it*?"""

from __future__ import annotations

from t2v_recaption.fidelity.lexicon import excludes, keeps, listed, stands_for
from t2v_recaption.fidelity.match import Match, variants
from t2v_recaption.fidelity.report import FactVerdict
from t2v_recaption.fidelity.verdicts import contradicted, kept, lost, weakened
from t2v_recaption.intent.model import Fact, Kind, Span
from t2v_recaption.language import analyse
from t2v_recaption.language.model import Modifier, NounPhrase

LASTING = frozenset(("colour", "material", "age", "size"))
"""Categories that do not change while a clip of a few seconds runs, unless the prompt says so."""

SEXES = {"male": ("he", "his", "him", "man", "boy"), "female": ("she", "her", "woman", "girl")}
"""Words that tell the sex as well as the adjective does."""


def subject(match: Match, fact: Fact) -> FactVerdict:
    """Is the subject there, under its own name, an equal or a narrower one?"""
    if hits := match.of(fact):
        return kept(fact, match.scene.span_of(hits[0]))
    if span := match.ruled_out(fact.value):
        return contradicted(fact, span, f"The text rules out “{fact.text}”.")
    if span := match.spoken(fact):
        return kept(fact, span)
    vague = next(iter(match.heads(fact)), None) or match.broader(fact.value)
    if vague is not None:
        return weakened(
            fact, match.scene.span_of(vague), f"The text only says “{_words(match, vague)}” for “{fact.text}”."
        )
    if (other := _swapped(match, fact)) is not None and _only_other_word(match, fact, other):
        told = f"The text says “{_words(match, other)}”, which leaves open whether it is “{fact.text}”."
        return weakened(fact, match.scene.span_of(other), told)
    if other is not None:
        return contradicted(
            fact, match.scene.span_of(other), f"The text shows “{_words(match, other)}” instead of “{fact.text}”."
        )
    return lost(fact)


def _only_other_word(match: Match, fact: Fact, other: int) -> bool:
    """A person told by profession or age ("a musician" for "a man"): vaguer, not somebody else."""
    noun = match.scene.nouns[other]
    return noun.root == "person" and not excludes(noun.core, fact.value, "subject", "noun")


def _in_its_place(match: Match, fact: Fact) -> int | None:
    """What the text has where the thing belongs: "reads a book" for a newspaper, "by a towel" for "by a drier"."""
    scene = match.scene
    for other in match.intent:
        if other.to != fact.id or other.kind not in (Kind.ACTION, Kind.RELATION):
            continue
        doers = match.mentions(owner) if (owner := match.owner(other)) else set()
        if other.kind is Kind.ACTION:
            verbs = [scene.verbs[i] for i in scene.verbs_for(other.value)]
            found = [o for verb in verbs if not doers.isdisjoint(verb.agents) for o in verb.objects]
        else:
            same = [r for r in scene.relations if r.category == other.category and not doers.isdisjoint(r.figures)]
            found = [relation.ground for relation in same if relation.ground is not None]
        for index in found:
            if index not in match.claimed and not scene.nouns[index].pronoun and scene.nouns[index].root != "group":
                return index
    return None


def _swapped(match: Match, fact: Fact) -> int | None:
    """A noun phrase in its place, or one of the same root that no stated subject explains."""
    if (there := _in_its_place(match, fact)) is not None:
        return there
    root = match.root(fact.value) or fact.category
    if root not in listed("swappable"):
        return _excluded(match, fact)
    for noun in match.scene.nouns:
        if noun.root == root and not noun.pronoun and not noun.negated and noun.index not in match.claimed:
            return noun.index
    return _excluded(match, fact)


def _excluded(match: Match, fact: Fact) -> int | None:
    for noun in match.scene.nouns:
        if not noun.pronoun and noun.index not in match.claimed and excludes(noun.core, fact.value, "subject", "noun"):
            return noun.index
    return None


def count(match: Match, fact: Fact) -> FactVerdict:
    """Is the number of the subject the stated one?"""
    owner = match.owner(fact)
    hits = match.of(owner) if owner else []
    if not fact.value.isdigit() and (same := _vague_count(match, fact, hits)):
        return same
    if not hits or not fact.value.isdigit():
        return _bare_count(match, fact)
    wanted = int(fact.value)
    nouns = [match.scene.nouns[hit] for hit in hits if not match.scene.nouns[hit].pronoun]
    named = _numbered(match, hits, wanted)
    plural = any(noun.plural and noun.count is None for noun in nouns)
    for noun in nouns:  # fewer may be some of them ("one cat yawns"), more cannot be
        if noun.count is None or noun.count == wanted or (noun.count < wanted and (plural or named is not None)):
            continue
        return contradicted(fact, _span(noun), f"The text says “{_words(match, noun.index)}”, not {fact.text}.")
    return kept(fact, match.scene.span_of(named)) if named is not None else _unnumbered(match, fact, nouns, wanted)


def _numbered(match: Match, hits: list[int], wanted: int) -> int | None:
    nouns = [match.scene.nouns[hit] for hit in hits]
    for noun in nouns:
        said = 2 if noun.determiner == "both" else noun.count
        if said == wanted or (wanted == 1 and said is None and not noun.plural and not noun.pronoun):
            return noun.index
    gathered = {noun.index for noun in nouns if not noun.plural and noun.count in (None, 1) and not noun.pronoun}
    for noun in nouns:
        if len({noun.index, *noun.partners} & gathered) == wanted:
            return noun.index
    return None


def _unnumbered(match: Match, fact: Fact, nouns: list[NounPhrase], wanted: int) -> FactVerdict:
    if said := next((noun for noun in nouns if noun.determiner in listed("vague")), None):
        return weakened(
            fact, _span(said), f"The text says “{_words(match, said.index)}” where the prompt says {fact.text}."
        )
    if wanted > 1 and nouns and all(not noun.plural for noun in nouns):
        return contradicted(fact, _span(nouns[0]), f"The text shows one, not {fact.text}.")
    if wanted == 1 and nouns and nouns[0].plural:
        return contradicted(fact, _span(nouns[0]), f"The text shows several, not {fact.text}.")
    return lost(fact, f"The text does not say that there are {fact.text}.", _span(nouns[0]) if nouns else None)


def _vague_count(match: Match, fact: Fact, hits: list[int]) -> FactVerdict | None:
    """ "Many trees" by another word for many."""
    for index in hits:
        noun = match.scene.nouns[index]
        said = {noun.determiner, *(modifier.lemma for modifier in noun.modifiers)}
        if any(keeps(word, fact.value, "adj") for word in said if word):
            return kept(fact, _span(noun))
    return None


def _bare_count(match: Match, fact: Fact) -> FactVerdict:
    """A number whose subject is missing, or that is no whole number: it must at least be said."""
    for noun in match.scene.nouns:
        if fact.value.isdigit() and noun.count == int(fact.value) and noun.index not in match.claimed:
            return kept(fact, _span(noun))
    if (match.owner(fact) is None or not fact.value.isdigit()) and (span := match.phrase(fact.text)):
        return kept(fact, span)
    return lost(fact)


def attribute(match: Match, fact: Fact) -> FactVerdict:
    """Is the attribute said of its own subject, directly, of its parts, or of a pronoun for it?"""
    owner = match.owner(fact)
    if owner is not None and owner.kind is Kind.ACTION:
        return _manner(match, fact)
    mentions = match.mentions(owner) if owner else set()
    if not mentions:
        return _unbound(match, fact, owner)
    said = _said_of(match, mentions)
    wrong = next((m for m, own in said if own and _clashes(m, fact) and not _says(m, fact)), None)
    right = next((m for m, own in said if _says(m, fact) and (own or wrong is None)), None)
    if right is not None and not (wrong and _again(match, wrong, right, fact)):
        return kept(fact, _place(right))
    span = _compounded(match, fact, mentions) or _acted(match, fact, mentions) or _near(match, fact, mentions)
    if right is None and span is not None:
        return kept(fact, span)
    if wrong is not None:
        name = owner.text if owner else "it"
        return contradicted(fact, _place(wrong), f"The text says that {name} is {wrong.text}, not {fact.text}.")
    if vague := next((m for m, _ in said if m.lemma in stands_for(fact.value, "adj")), None):
        return weakened(fact, _place(vague), f"The text says “{vague.text}” for “{fact.text}”.")
    return _elsewhere(match, fact, owner)


def _again(match: Match, wrong: Modifier, right: Modifier, fact: Fact) -> bool:
    """Whether the text takes the same thing up again and says the opposite: "a red car … the blue car"."""
    if fact.category not in LASTING or any(f.kind is Kind.ATTRIBUTE and f.value == wrong.lemma for f in match.intent):
        return False
    scene = match.scene
    for noun in scene.nouns:
        if wrong in noun.modifiers:
            return right not in noun.modifiers and (wrong.predicative or noun.determiner in ("the", "this", "that"))
    return False


def _manner(match: Match, fact: Fact) -> FactVerdict:
    """How an action is done ("slowly", "together", "left"): the word itself, or an equal one."""
    if span := match.phrase(fact.text) or match.literal(fact.text):
        return kept(fact, span)
    return lost(fact)


def stems(word: str) -> frozenset[str]:
    """What an -ed or -ing form may be made of: "bearded" of "beard", "moving" of "move"."""
    for ending in ("ed", "ing"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stem = word[: -len(ending)]
            return frozenset((stem, f"{stem}e", stem[:-1] if stem[-1] == stem[-2] else stem))
    return frozenset()


def _says(modifier: Modifier, fact: Fact) -> bool:
    return _word_says(modifier.lemma, modifier.text, fact)


def _word_says(lemma: str, text: str, fact: Fact) -> bool:
    lower = text.lower()
    said = {lemma, lower, *lemma.replace("-", " ").split(" ")}  # "vibrant red" and "red-brown" say red
    if not said.isdisjoint(variants(fact.value)):
        return True
    return lower == fact.text.lower() or any(keeps(word, fact.value, "adj") for word in said)


def _clashes(modifier: Modifier, fact: Fact) -> bool:
    section = fact.category if fact.category in ("colour", "material", "size", "age") else "state"
    return excludes(modifier.lemma, fact.value, section) or (
        section != "state" and excludes(modifier.lemma, fact.value, "state")
    )


def _said_of(match: Match, mentions: set[int]) -> list[tuple[Modifier, bool]]:
    """Modifiers of the mentions (True), and of what belongs to them: parts, clothes, material (False)."""
    nouns = match.scene.nouns
    own = [(modifier, True) for index in sorted(mentions) for modifier in nouns[index].modifiers]
    return own + [(modifier, False) for index in match.parts_of(mentions) for modifier in nouns[index].modifiers]


def _compounded(match: Match, fact: Fact, mentions: set[int]) -> Span | None:
    """The attribute as a noun: "a glass wall", "a boat made of wood", "a table of old wood"."""
    scene = match.scene
    for index in sorted(mentions):
        noun = scene.nouns[index]
        if any(_word_says(word, word, fact) for word in noun.lemma.split()[:-1]):
            return _span(noun)
    if bases := stems(fact.value):  # "a bearded man", "a man with a beard"; "a grilled skewer", "a skewer on a grill"
        placed = {r.ground for r in scene.relations if not mentions.isdisjoint(r.figures)}
        for noun in scene.nouns:
            if noun.core in bases and (noun.index in placed or match.part_of(noun, mentions)):
                return _span(noun)
    for index in match.made_of(mentions):
        noun = scene.nouns[index]
        if _word_says(noun.core, noun.core, fact) or any(_says(m, fact) for m in noun.modifiers):
            return _span(noun)
    return None


def _acted(match: Match, fact: Fact, mentions: set[int]) -> Span | None:
    """A state told as an action: "a parked truck" and "the truck is parked", "a sleeping dog" and "the dog sleeps"."""
    words = {fact.value, *stems(fact.value), *(t.lemma for t in analyse(fact.text).tokens if t.pos == "verb")}
    for index in (index for word in words for index in match.scene.verbs_for(word)):
        verb = match.scene.verbs[index]
        if not verb.negated and mentions & {*verb.agents, *verb.objects}:
            return Span(verb.start, verb.end)
    return None


def _near(match: Match, fact: Fact, mentions: set[int]) -> Span | None:
    """The word in a sentence about the subject where no other noun phrase owns it ("he looks old", "turns blue")."""
    scene = match.scene
    sentences = {match.sentence(scene.nouns[index].first) for index in mentions}
    for index in match.tokens(fact.value, "adj"):
        if match.sentence(index) in sentences and match.free(index):
            return Span(scene.analysis.tokens[index].start, scene.analysis.tokens[index].end)
    if fact.value in SEXES and (span := match.phrase_of(SEXES[fact.value])):
        return span
    owner = match.owner(fact)
    joined = f"{fact.value}{owner.value}" if owner else ""  # "wildflowers" are wild flowers
    if joined in scene.words:
        token = scene.analysis.tokens[scene.words[joined][0]]
        return Span(token.start, token.end)
    words = fact.text.replace("-", " ").strip()
    return match.phrase(words) if " " in words else None


def _unbound(match: Match, fact: Fact, owner: Fact | None) -> FactVerdict:
    """An attribute whose subject the text does not name: kept only where it does not describe something else."""
    if owner is not None and owner.kind in (Kind.SUBJECT, Kind.NAME):
        return lost(fact, f"The text does not show {owner.text}, so nothing can be {fact.text}.")
    if (tokens := match.tokens(fact.value, "adj")) or (tokens := match.tokens(fact.value, "noun")):
        token = match.scene.analysis.tokens[tokens[0]]
        return kept(fact, Span(token.start, token.end))
    if span := match.phrase(fact.text):
        return kept(fact, span)
    return lost(fact)


def _elsewhere(match: Match, fact: Fact, owner: Fact | None) -> FactVerdict:
    name = owner.text if owner else "its subject"
    for noun in match.scene.nouns:
        for modifier in noun.modifiers:
            if _says(modifier, fact):
                said = _words(match, noun.index)
                return lost(
                    fact, f"“{modifier.text}” is said of “{said}”, not of {name}.", Span(modifier.start, modifier.end)
                )
    return lost(fact, f"The text does not say that {name} is {fact.text}.")


def _words(match: Match, index: int) -> str:
    noun = match.scene.nouns[index]
    return match.scene.text[noun.start : noun.end]


def _span(noun: NounPhrase) -> Span:
    return Span(noun.start, noun.end)


def _place(modifier: Modifier) -> Span:
    return Span(modifier.start, modifier.end)

"""Statements: one fact of a prompt as a grammatical sentence in the user's own words, to put back into a text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from t2v_recaption.fidelity.lexicon import FOLDER, listed, sections
from t2v_recaption.intent.model import Fact, Intent, Kind, Span
from t2v_recaption.language import analyse
from t2v_recaption.language.model import Analysis, NounPhrase, VerbPhrase

LOOSE = frozenset(("with", "of", "for", "about", "like", "without"))
"""Relations that follow "there is", not "it is"."""

BARE = frozenset(("substance", "weather", "time", "abstract", "event", "medium"))
"""Roots of nouns that go without an article more often than not."""

ARTICLES = ("a ", "an ", "the ", "his ", "her ", "its ", "their ", "some ", "no ")


@cache
def _patterns(file: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for section, line in sections((FOLDER / file).read_text(encoding="utf-8")):
        found.setdefault(section, []).append(line)
    return {section: tuple(lines) for section, lines in found.items()}


def statements(intent: Intent, fact: Fact, *, patterns_file: str = "repairs.txt") -> Iterator[str]:
    """Sentences that state the fact, the best first.

    Args:
        intent: the prompt taken apart.
        fact: what to state.
        patterns_file: which file of `prompts/lexicon` has the patterns: `repairs.txt` states, `emphasis.txt` insists.
    """
    words = _words(intent, fact)
    patterns = _patterns(patterns_file)
    lines = (*patterns.get(f"{fact.kind.value} {fact.category}", ()), *patterns.get(fact.kind.value, ()))
    if fact.kind in (Kind.SUBJECT, Kind.COUNT, Kind.ATTRIBUTE, Kind.NEGATION) and _plural(intent, fact):
        lines = tuple(sorted(lines, key=lambda line: " are " not in line))
    if fact.kind is Kind.ATTRIBUTE and fact.category in ("", "quality", "nationality", "number"):
        lines = tuple(sorted(lines, key=lambda line: not line.startswith("There")))
    for line in lines:
        yield _filled(line, words)


def sentence(text: str) -> str:
    """The text on one line, with a capital in front and punctuation behind."""
    line = " ".join(text.split())
    head = line[:1].upper() if len(line[:1].upper()) == 1 else line[:1]
    line = head + line[1:]
    return line if not line or line[-1] in '.!?…。！？"”’»' else f"{line.rstrip(' ,;:-')}."


def _words(intent: Intent, fact: Fact) -> dict[str, str]:
    owner = intent[fact.of] if fact.of and any(f.id == fact.of for f in intent) else None
    noun_phrase = phrase(intent, owner if owner and fact.kind is not Kind.SUBJECT else fact)
    clause = _clause(intent, fact)
    said = " ".join(fact.text.split()).strip(" ,.;:")
    return {
        "words": said,
        "Words": sentence(said).rstrip("."),
        "value": fact.value,
        "circumstance": _circumstance(said),
        "bare": said.removesuffix(" style") or said,
        "phrase": noun_phrase,
        "Phrase": sentence(noun_phrase).rstrip("."),
        "clause": clause,
        "Clause": sentence(clause).rstrip("."),
        "owner": " ".join(owner.text.split()) if owner else "scene",
        "landmark": _landmark(intent, fact),
        "The": "" if owner and owner.kind is Kind.NAME else "The",
        "finite": finite(fact),
    }


def _landmark(intent: Intent, fact: Fact) -> str:
    """The second party of a relation as a noun phrase."""
    other = next((f for f in intent if f.id == fact.to), None)
    return phrase(intent, other) if other is not None else "everything else"


def _filled(line: str, words: dict[str, str]) -> str:
    for name, value in words.items():
        line = line.replace("{" + name + "}", value)
    return sentence(line)


def _noun(intent: Intent, fact: Fact) -> NounPhrase | None:
    """The noun phrase of the prompt that the fact is in."""
    for noun in analyse(intent.prompt).nouns:
        if any(noun.start <= span.start < noun.end for span in fact.spans):
            return noun
    return None


def _plural(intent: Intent, fact: Fact) -> bool:
    owner = next((f for f in intent if f.id == fact.of), fact)
    noun = _noun(intent, owner)
    return noun is not None and noun.plural


def phrase(intent: Intent, fact: Fact) -> str:
    """The fact as a noun phrase with its article: "a red car", "two cats"."""
    noun = _noun(intent, fact)
    if noun is None:
        return " ".join(fact.text.split())
    text = " ".join(intent.prompt[noun.start : noun.end].split())
    return _with_article(text, noun)


def _with_article(text: str, noun: NounPhrase) -> str:
    """The noun phrase with "a" or "an" where it needs one."""
    bare = noun.plural or noun.count is not None or noun.proper or noun.determiner or noun.core in listed("mass")
    if bare or noun.pronoun or not noun.root or noun.root in BARE or text.lower().startswith(ARTICLES):
        return text
    return f"{'an' if text[:1].lower() in 'aeiou' else 'a'} {text}"


def articled(intent: Intent, stretch: Span) -> str:
    """A stretch of the prompt with the articles that its bare nouns lack."""
    prompt, out, at = intent.prompt, "", stretch.start
    for noun in analyse(prompt).nouns:
        if stretch.start <= noun.start and noun.end <= stretch.end and noun.start >= at:
            out += prompt[at : noun.start] + _with_article(prompt[noun.start : noun.end], noun)
            at = noun.end
    return " ".join((out + prompt[at : stretch.end]).split())


def _clause(intent: Intent, fact: Fact) -> str:
    """The stretch of the prompt from the fact's doer to its last party, with "is" or "are" before a bare -ing form."""
    ids = {fact.of, fact.to, fact.id}
    spans = [span for f in intent if f.id in ids for span in f.spans]
    if not spans:
        return " ".join(intent.prompt.split())
    start, end = min(s.start for s in spans), max(s.end for s in spans)
    doer = fact.of or (fact.to if fact.kind is Kind.ACTION else None)
    first = next((f for f in intent if f.id == doer), None)
    noun = _noun(intent, first) if first else None
    again = _doer_again(intent, fact)
    if again is not None:  # "a dog …, then the dog jumps": the clause begins where the doer is named last
        noun, start = again, again.start
    if noun is not None and noun.start <= start < noun.end:
        start = min(other.start for other in (noun, *_joined(intent, noun)))
    end = max([end, *_complements(intent, fact)])
    last = next((n for n in analyse(intent.prompt).nouns if n.start < end <= n.end), None)
    end = last.end if last else end
    comma = intent.prompt.find(", ", max(span.end for span in fact.spans), end)
    stretch = Span(start, comma if comma > 0 else end)
    if fact.kind is Kind.RELATION and fact.category in LOOSE:
        be = "are" if noun is not None and noun.plural else "is"
        return f"there {be} {articled(intent, stretch)}"
    return with_auxiliary(intent, stretch, noun)


def _doer_again(intent: Intent, fact: Fact) -> NounPhrase | None:
    """The noun phrase right before the verb that names the doer again, where it does."""
    if fact.kind is not Kind.ACTION:
        return None
    analysis = analyse(intent.prompt)
    for verb in analysis.verbs:
        if any(verb.start < span.end and span.start < verb.end for span in fact.spans):
            nouns = [analysis.nouns[index] for index in verb.agents]
            said = [noun for noun in nouns if noun.end <= verb.start and not noun.pronoun]
            return max(said, key=lambda noun: noun.start, default=None)
    return None


def opening(intent: Intent) -> str:
    """The whole prompt as a sentence, with "is" or "are" before a bare -ing form of its first subject."""
    noun = next(iter(analyse(intent.prompt).nouns), None)
    if noun is None or intent.prompt[: noun.start].strip():
        return sentence(intent.prompt)
    return sentence(with_auxiliary(intent, Span(0, len(intent.prompt)), noun, shown=False))


def _joined(intent: Intent, noun: NounPhrase) -> list[NounPhrase]:
    """The noun phrases that only "and" or a comma keeps apart from this one: "a man *and a woman* sit"."""
    nouns, prompt = analyse(intent.prompt).nouns, intent.prompt
    near = [nouns[index] for index in noun.partners]
    between = [prompt[min(noun.end, n.end) : max(noun.start, n.start)].strip(" ,&") for n in near]
    return [n for n, words in zip(near, between, strict=True) if words in ("and", "")]


def with_auxiliary(intent: Intent, stretch: Span, noun: NounPhrase | None, *, shown: bool = True) -> str:
    """The stretch as a clause: "a boy in a coat holding a map" → "a boy in a coat is holding a map".

    Args:
        intent: the prompt taken apart.
        stretch: which part of the prompt.
        noun: the noun phrase that the clause is about.
        shown: whether a stretch without a verb gets "is", too.
    """
    analysis = analyse(intent.prompt)
    be = "are" if noun is not None and (noun.plural or _joined(intent, noun)) else "is"
    for verb in analysis.verbs:
        if noun is None or not noun.end <= verb.start < stretch.end:
            continue
        if _bare(analysis, verb, noun):
            before, after = Span(stretch.start, verb.start), Span(verb.start, stretch.end)
            return f"{articled(intent, before)} {be} {articled(intent, after)}"
        return articled(intent, stretch)
    # "Two cats and a red ball on the floor": the verb follows all that the clause is about.
    last = max((n.end for n in (noun, *_joined(intent, noun))), default=0) if noun is not None else 0
    if shown and noun is not None and last < stretch.end:
        before, after = Span(stretch.start, last), Span(last, stretch.end)
        return f"{articled(intent, before)} {be} {articled(intent, after)}"
    return articled(intent, stretch)


def _bare(analysis: Analysis, verb: VerbPhrase, noun: NounPhrase) -> bool:
    """Whether the verb needs "is": "a boy holding", "a tortoise covered", "a yolk being dumped"."""
    first = analysis.tokens[verb.first].lower
    if first == "being":
        return True
    if verb.gerund or noun.index not in (*verb.agents, *verb.objects):
        return False
    return verb.first == verb.verb and (verb.form == "ing" or (verb.form == "ed" and verb.passive))


def _complements(intent: Intent, fact: Fact) -> list[int]:
    """Where the phrases end that belong to the verb: "covered *with algae*"."""
    if fact.kind is not Kind.ACTION:
        return []
    analysis = analyse(intent.prompt)
    verbs = [v.index for v in analysis.verbs if any(v.start < span.end and span.start < v.end for span in fact.spans)]
    grounds = [told.ground for told in analysis.relations if told.verb in verbs and told.ground is not None]
    return [analysis.nouns[index].end for index in grounds]


def _circumstance(said: str) -> str:
    """Time or weather as a clause: "at night", "foggy", "a sunny day", "heavy rain"."""
    tokens = analyse(said).tokens
    if not tokens or tokens[0].pos == "prep" or tokens[0].lower == "during":
        return f"it all happens {said}"
    if tokens[-1].lower in ("day", "night", "morning", "evening", "afternoon") and len(tokens) > 1:
        return f"it is {said}" if tokens[0].pos == "det" else f"it is a {said}"
    return f"there is {said}" if tokens[-1].pos == "noun" and tokens[-1].lower in listed("mass") else f"it is {said}"


def finite(fact: Fact) -> str:
    """A camera movement as the camera does it: "zoom in" → "zooms in"."""
    verb, _, rest = fact.value.partition(" ")
    if verb in ("static", "fixed", "locked", "still"):
        return f"stays {verb}"
    if not verb.isalpha():
        return f"moves: {fact.text}"
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return f"{verb[:-1]}ies {rest}".strip()
    ending = "es" if verb.endswith(("s", "sh", "ch", "x")) else "s"
    return f"{verb}{ending} {rest}".strip()

"""Prompt form: a short text-to-video prompt out of a dense caption, in the caption's own words.

Training sets for video models want both: a dense caption and the few words that somebody would have typed. What comes
out is a stretch of one sentence of the caption (and perhaps where it takes place), so it claims nothing that the
caption does not.
"""

from __future__ import annotations

import re

from t2v_recaption.language import Analysis, analyse
from t2v_recaption.writers.sentences import split

WORDS = 20
"""Length of a typed prompt at most: nine in ten of the prompts that people type for video are shorter."""

ALONE = 3

FILM = frozenset(["camera", "scene", "video", "clip", "shot", "view", "footage", "light", "frame", "image", "lens"]) | {
    "sky",
    "sunlight",
    "daylight",
    "wind",
}
"""What does things in captions without being what a prompt is about."""

FEW = 6
"""Words that a clause must have to do alone."""

_LEADS = re.compile(
    r"""^(?:
      (?:in|throughout|during|at)\s+(?:the|this|each)\s+(?:\w+\s+){0,2}(?:video|clip|scene|shot|footage|frame|beginning|start|opening|sequence)s?,?\s+
    | (?:initially|at\s+first|to\s+begin\s+with|overall|in\s+summary|here|first)\s*,\s+
    | (?:(?:the|this|a|an)\s+)?(?:[\w-]+\s+){0,3}?
      (?:video|clip|scene|shot|view|footage|sequence|animation|film|recording|frame|image|close-up)s?\s+(?:(?:then|first)\s+)?
      (?:opens?|begins?|starts?|shows?|depicts?|features?|captures?|presents?|displays?|portrays?|showcases?|reveals?|studies|
      frames|holds|focuses|centers|centres)\s*(?:up\s+)?(?:(?:with|on|by\s+showing|by\s+depicting|off\s+with|us)\s+)?
    | (?:we|you|one)\s+(?:can\s+)?(?:see|sees)\s+
    | there\s+(?:is|are)\s+
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_PLACE = re.compile(
    r"^the\s+(?:scene|video|clip|action|story|footage)\s+(?:is\s+set|is|takes\s+place|unfolds|plays\s+out|happens)\s+"
    r"((?:in|on|at|inside|outside|near|by|under|along|within)\s+[^,.;:]+)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r",\s|\s*(?:[;:—–]|\s-\s|\.\.\.|…)\s*|\s+(?:while|as|which|who|whose|where|when|before|after|until|so\s+that|because|although|but|and\s+then|then)\s+",
    re.IGNORECASE,
)
_LOOSE = re.compile(
    r"^(?:if|unless|although|though|because|when|while|as|after|before|without|no|neither|never|instead)\b", re.I
)
_WORD = re.compile(r"[\w'’-]+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


def short_prompt(caption: str, *, words: int = WORDS) -> str:
    """A prompt of at most about `words` words that says what happens in the caption, in its words.

    The sentence in which somebody or something does something is taken, without "The video shows", and cut where a
    clause ends. An empty caption gives an empty prompt. Only English is taken apart; of other languages it is the
    beginning of the first sentence.
    """
    sentences = [sentence for sentence in split(" ".join(caption.split())) if _WORD.search(sentence)]
    if not sentences:
        return ""
    if _UNSPACED.search(caption):
        return _unspaced(sentences[0], words)
    best = _best(sentences)
    short = _cut(_bare(sentences[best]), words)
    place = _PLACE.match(sentences[0]) if best else None
    if place and len(_WORD.findall(f"{short} {place[1]}")) <= words and place[1].lower() not in short.lower():
        short = f"{short} {place[1]}"
    first = short[:1].upper()
    return (first if len(first) == 1 else short[:1]) + short[1:]


def _bare(sentence: str) -> str:
    """The sentence without what speaks of the video rather than of what it shows."""
    while (lead := _LEADS.match(sentence)) and _WORD.search(sentence[lead.end() :]):
        sentence = sentence[lead.end() :]
    return sentence.strip(" \t\"“”'.!?…")


def _best(sentences: list[str]) -> int:
    """The first sentence that would do alone; where none would, the one that comes nearest."""
    worths = [_worth(sentence) for sentence in sentences]
    return next((place for place, worth in enumerate(worths) if worth >= ALONE), worths.index(max(worths)))


def _worth(sentence: str) -> int:
    """How well a sentence would do alone: something named that does something, nothing denied."""
    bare = _bare(sentence)
    found = analyse(bare)
    if _LOOSE.match(bare) or not found.nouns:
        return 0
    if found.nouns[0].pronoun or found.negations:
        return 1
    agents = {agent for verb in found.verbs if not verb.negated for agent in verb.agents}
    if bare != sentence.strip(" .") and _LEADS.match(sentence) and found.nouns[0].root not in ("place", ""):
        return ALONE  # the video shows this
    named = any(not found.nouns[agent].pronoun and found.nouns[agent].core not in FILM for agent in agents)
    return ALONE if named else 2


def _cut(sentence: str, words: int) -> str:
    """The sentence up to the end of its first clause with an action; of a clause that is too long, all that fits."""
    found = analyse(sentence)
    acts = min((verb.end for verb in found.verbs if verb.agents), default=0)
    clauses = {match.start() for match in _CLAUSE.finditer(sentence)}
    phrases = {relation.start for relation in found.relations if relation.category not in ("of", "as")}
    sizes = {place: len(_WORD.findall(sentence[:place])) for place in {*clauses, *phrases, len(sentence)}}
    whole = [place for place in sizes if place == len(sentence) or _is_whole(found, sentence, place)]
    good = [place for place in whole if place >= acts and sizes[place] <= words]
    first = [place for place in good if place in clauses and sizes[place] >= FEW]
    end = min(first) if first else max(good) if good else min(place for place in whole if place >= acts)
    return sentence[:end].rstrip(" ,;:—–-")


def _is_whole(found: Analysis, sentence: str, place: int) -> bool:
    """Whether what stands before a place ends with a phrase, and with none of a list that goes on behind it."""
    end = len(sentence[:place].rstrip(" ,;:—–-"))
    spans = [(noun.start, noun.end) for noun in found.nouns] + [(verb.start, verb.end) for verb in found.verbs]
    if any(first < end < last for first, last in spans):
        return False
    last = next((noun for noun in found.nouns if noun.end == end), None)
    if last is not None:
        return not any(found.nouns[other].start >= place for other in last.partners)
    return any(verb.end == end and not verb.objects for verb in found.verbs) or any(
        found.tokens[adverb].end == end for verb in found.verbs if not verb.objects for adverb in verb.adverbs
    )


def _unspaced(sentence: str, words: int) -> str:
    """The beginning of a sentence in a script without spaces: two characters count as a word."""
    text = sentence.strip("。．.！!？? ")
    pieces = re.split(r"(?<=[，,；;、])", text)
    kept = pieces[0]
    for piece in pieces[1:]:
        if len(kept) + len(piece) > 2 * words:
            break
        kept += piece
    return kept.rstrip("，,；;、 ")

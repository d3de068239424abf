"""What can be measured of captions without a model: length, fit, concreteness, aspects, readability, repetition.

Measures of one text take the text; measures of an arm take all its texts, because repetition shows between captions.
All are described, with what they cannot tell, in docs/statistics.md.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from t2v_recaption.errors import InvalidInput
from t2v_recaption.fidelity.lexicon import listed
from t2v_recaption.language import analyse
from t2v_recaption.records import Record
from t2v_recaption.targets.model import Target
from t2v_recaption.writers.density import word_count
from t2v_recaption.writers.sentences import aspects_of, split

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")

ABSTRACT = frozenset({"abstract", "event", ""})
"""Roots of nouns that no camera can see."""

UNSEEN = frozenset({"quality", "emotion", "religion", "nationality", ""})
"""Categories of modifiers that say how one finds a thing, not how it looks."""

ASPECTS = ("subject", "action", "setting", "light", "camera", "style")
"""What a caption for a video model is expected to speak of; `time` and `weather` count as light."""

SILENT = re.compile(
    r"(?<=[aeiouy])le$"  # smile, not table
    r"|(?<=[^aeiouyl])e$"  # cake
    r"|(?<=[^aeiouycgszxhl])es$"  # cakes, not boxes
    r"|(?<=[^aeiouytd])ed$"  # walked, not wanted
)
"""Endings whose e is not spoken."""

N = 4
"""Words in a row that make a phrase: three are often grammar ("in front of"), five seldom come back."""


@dataclass(frozen=True)
class TextMeasures(Record):
    """What was measured of one text."""

    words: int
    sentences: int
    concreteness: float | None
    """Share of things, attributes and deeds that a camera could see; None for a text without any."""
    aspects: tuple[str, ...]
    """Which of `ASPECTS` the text speaks of."""
    reading_ease: float | None
    """Flesch's reading ease (1948): 100 very easy, 30 academic; None for other languages and texts without words."""
    repeated: float
    """Share of the text's sentences that say the same as an earlier one of it."""

    @property
    def coverage(self) -> float:
        """Share of `ASPECTS` that the text speaks of."""
        return len(self.aspects) / len(ASPECTS)


@dataclass(frozen=True)
class TokenFit(Record):
    """What a target's text encoder makes of a text."""

    tokens: int
    limit: int
    exact: bool
    """False where no tokenizer was at hand and the number is an estimate."""

    @property
    def over(self) -> bool:
        """Whether the encoder cuts the text."""
        return self.tokens > self.limit


@dataclass(frozen=True)
class Diversity(Record):
    """How much the texts of an arm differ from one another."""

    distinct: tuple[float, float]
    """Different words, and different pairs of words, among all (Li et al. 2016)."""
    phrase_reuse: tuple[float | None, ...]
    """For each text, the share of its phrases of four words that another text has, too; None for too short a text."""
    most_repeated: tuple[tuple[str, int], ...]
    """Sentences that stand in more than one text, words of the prompts left out, and in how many."""

    @property
    def reuse(self) -> float | None:
        """Mean phrase reuse; a self-BLEU-4 without its brevity penalty behaves the same."""
        known = [share for share in self.phrase_reuse if share is not None]
        return math.fsum(known) / len(known) if known else None


def measure_text(text: str, *, language: str = "en") -> TextMeasures:
    """Measure one text.

    Args:
        text: a caption or prompt.
        language: its language; concreteness, aspects and reading ease are told for English only.
    """
    sentences = split(text)
    english = language == "en"
    return TextMeasures(
        words=word_count(text),
        sentences=len(sentences),
        concreteness=concreteness(text) if english else None,
        aspects=aspects(text) if english else (),
        reading_ease=reading_ease(text) if english else None,
        repeated=_repeated(sentences),
    )


def concreteness(text: str) -> float | None:
    """Share of things, attributes and deeds that a camera could see; None for a text without any.

    "A wet golden retriever runs" is 1; "a sense of wonder, a testament to nature's beauty" is near 0. Told by the word
    lists of the analysis: words that are in none of them count as not concrete, so that invented praise does not pass.
    """
    analysis = analyse(text)
    things = [noun for noun in analysis.nouns if not noun.pronoun]
    seen = [noun.root not in ABSTRACT or noun.proper for noun in things]
    seen += [modifier.category not in UNSEEN for noun in things for modifier in noun.modifiers]
    seen += [bool(verb.agents or verb.objects) for verb in analysis.verbs if verb.lemma not in ("be", "have", "seem")]
    return sum(seen) / len(seen) if seen else None


def aspects(text: str) -> tuple[str, ...]:
    """Which of `ASPECTS` an English text speaks of."""
    analysis = analyse(text)
    found = {"light" if term.kind in ("time", "weather") else term.kind for term in analysis.terms}
    found |= set(aspects_of(text)) - {"subject", "action"}  # which it also says of sentences that say nothing
    if any(noun.root not in ABSTRACT for noun in analysis.nouns):
        found.add("subject")
    if any(verb.agents for verb in analysis.verbs):
        found.add("action")
    if any(noun.root in ("place", "landform", "building", "sky", "water") for noun in analysis.nouns):
        found.add("setting")
    return tuple(name for name in ASPECTS if name in found)


def reading_ease(text: str) -> float | None:
    """Flesch's reading ease of an English text; syllables are counted by rule. None for a text without words.

    206.835 - 1.015 words/sentence - 84.6 syllables/word.
    """
    words = WORD.findall(text)
    if not words:
        return None
    sentences = max(1, sum(1 for sentence in split(text) if WORD.search(sentence)))
    syllables = sum(map(syllables_of, words))
    return 206.835 - 1.015 * len(words) / sentences - 84.6 * syllables / len(words)


def syllables_of(word: str) -> int:
    """Syllables of an English word by rule: groups of vowels, without the silent e of the ending; at least one."""
    plain = re.sub(r"[^a-z]", "", word.lower())
    return max(1, len(re.findall(r"[aeiouy]+", SILENT.sub("", plain))))


def token_fit(text: str, target: Target) -> TokenFit:
    """Tokens of a text in the tightest encoder of a target that must take it whole.

    Its tokenizer counts where one is in the cache; else an estimate that rarely counts too few.
    """
    from t2v_recaption.targets.budget import fit
    from t2v_recaption.writers.base import Sentence

    counts = fit([Sentence(text, "prompt", 1.0)], target).counts
    tightest = max(counts, key=lambda count: count.tokens / count.limit)
    return TokenFit(tightest.tokens, tightest.limit, tightest.exact)


def diversity(texts: Sequence[str], prompts: Sequence[str] | None = None) -> Diversity:
    """How much the texts of an arm differ from one another.

    Args:
        texts: one a prompt.
        prompts: the prompts, in the same order: phrases and sentences that a prompt brought along are not counted.

    Raises:
        InvalidInput: another number of prompts than of texts.
    """
    given = list(prompts) if prompts is not None else [""] * len(texts)
    if len(given) != len(texts):
        raise InvalidInput(f"{len(texts)} texts and {len(given)} prompts do not match.")
    words = [[word.lower() for word in WORD.findall(text)] for text in texts]
    return Diversity(
        (_distinct(words, 1), _distinct(words, 2)),
        tuple(_reuse(words, [[w.lower() for w in WORD.findall(prompt)] for prompt in given])),
        tuple(repeated_sentences(texts, given)[:5]),
    )


def repeated_sentences(texts: Iterable[str], prompts: Iterable[str]) -> list[tuple[str, int]]:
    """Sentences that stand in more than one text, each without the words of its own prompt, most frequent first."""
    counts: Counter[str] = Counter()
    for text, prompt in zip(texts, prompts, strict=True):
        own = set(prompt.lower().split()) - listed("small")
        counts.update({_without(sentence, own) for sentence in split(text)} - {""})
    return [(sentence, count) for sentence, count in counts.most_common() if count > 1]


def _without(sentence: str, own: set[str]) -> str:
    words = [word for word in sentence.lower().split() if word.strip(".,;:!?\"'") not in own]
    told = [word for word in words if word.strip(".,;:!?\"'") not in listed("small")]
    # What is left of the prompt's own sentence ("a … is in the …") is nobody's phrase.
    return " ".join(words) if len(words) > 3 and told else ""


def _repeated(sentences: Sequence[str]) -> float:
    same = [" ".join(WORD.findall(sentence.lower())) for sentence in sentences]
    return 1 - len(set(same)) / len(same) if same else 0.0


def _distinct(words: Sequence[Sequence[str]], n: int) -> float:
    grams = [tuple(text[at : at + n]) for text in words for at in range(len(text) - n + 1)]
    return len(set(grams)) / len(grams) if grams else 0.0


def _reuse(words: Sequence[Sequence[str]], prompts: Sequence[Sequence[str]]) -> list[float | None]:
    grams = []
    for text, prompt in zip(words, prompts, strict=True):
        own = {tuple(prompt[at : at + N]) for at in range(len(prompt) - N + 1)}
        grams.append({tuple(text[at : at + N]) for at in range(len(text) - N + 1)} - own)
    owners = Counter(gram for some in grams for gram in some)
    return [sum(owners[gram] > 1 for gram in some) / len(some) if some else None for some in grams]

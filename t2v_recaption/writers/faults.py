"""faults: why a text is no caption of a video: empty, an echo, a loop, an essay, talk, a story in the past …

The kinds are those that small language models really answer with. Quoted text is never looked at: whoever is filmed may
say anything.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache

from t2v_recaption import intent
from t2v_recaption.intent.detect import detect
from t2v_recaption.language import analyse
from t2v_recaption.language.model import VerbPhrase
from t2v_recaption.writers.density import DENSE, is_dense, word_count
from t2v_recaption.writers.phrases import pattern, said
from t2v_recaption.writers.sentences import QUOTED, split

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

TURNS = 3
"""Words in a row whose return makes a loop."""

NEW_TURNS = 0.65
"""Share of different word triples below which a text is a loop: captions by GPT-4o and the composer have 0.88 or more,
loops of small models 0.5 or less."""

SHORTEST_LOOP = 12
"""Word triples from which on that share says something."""

LONG_ENOUGH = 12
"""Words from which on the common words of a text tell its language."""

TOLD_APART = frozenset({"de", "en", "es", "fr", "it", "nl", "pl", "pt"})
"""Languages in Latin script that `detect` knows well enough to reject a text for its language."""

WENT = frozenset({"was", "were", "had", "did", "could", "would"})
"""Words of the past tense that can be nothing else."""

LONGEST_STORY = 6000
"""Characters that are looked at for the tense: enough to tell, and a runaway answer costs no time."""


def problem(text: str, prompt: str, language: str) -> str:
    """Why a cleaned text is no caption of a video, said so that a model can do better; empty when it is one."""
    if not any(character.isalnum() for character in text):
        return said("empty")
    if foreign(text, prompt, language):
        return said("language", language=repr(language))
    if adds_nothing(text, prompt):
        return said("echo")
    if loops(text):
        return said("loop")
    if language != "en":
        return _mostly(text, prompt, language)
    if pattern("definition").match(_unquoted(text)):
        return said("definition")
    return _mostly(text, prompt, language) or (said("past") if is_past(text, prompt) else "")


def refused(text: str) -> bool:
    """Whether the answer begins as a refusal does."""
    return pattern("refusal").match(text) is not None


@lru_cache(maxsize=512)
def off(sentence: str, prompt: str = "", language: str = "en") -> str:
    """Why a sentence is no part of a caption: `talk`, `advice`, `question`, `person`, `essay`; empty if it is one."""
    text = _unquoted(sentence)
    if pattern("talk").match(text):
        return "talk"
    if pattern("advice").search(text):
        return "advice"
    if text.rstrip(" \"”’')]").endswith(("?", "？")) and "?" not in prompt:
        return "question"
    if language == "en":
        if pattern("person").search(text) and not pattern("person").search(_unquoted(prompt)):
            return "person"
        if pattern("essay").search(text):
            return "essay"
    return ""


def adds_nothing(text: str, prompt: str) -> bool:
    """Whether the text has no word of its own. A prompt that is a caption already may come back as it is."""
    return word_count(prompt) < DENSE and _echoes(text, prompt) and not is_dense(intent.parse(prompt))


def _echoes(text: str, prompt: str) -> bool:
    if not (asked := word_count(prompt)):
        return False
    if _bare(text).replace(_bare(prompt), "") in ("", "prompt", "caption", "video", "avideoof"):
        return True
    own = Counter(_stems(text))
    own.subtract(_stems(prompt))
    added = sum(count > 0 for word, count in own.items() if word not in EMPTY)
    return added == 0 or (word_count(text) < asked and text.isascii())


EMPTY = frozenset({"a", "an", "the", "is", "are", "be", "and", "of", "in", "to", "it", "its", "there", "that", "video"})
"""Words that make a sentence of a prompt without telling more."""


def _stems(text: str) -> list[str]:
    return [re.sub(r"(?<=\w\w\w)(?:ing|es|ed|s)$", "", word) for word in WORD.findall(text.lower())]


def loops(text: str) -> bool:
    """Whether the text says the same few words over and over."""
    words = WORD.findall(text.lower())
    triples = list(zip(words, words[1:], words[2:], strict=False))
    return len(triples) >= SHORTEST_LOOP and len(set(triples)) < NEW_TURNS * len(triples)


def without_loops(text: str, sentences: list[str]) -> list[str]:
    """The sentences before and between loops; a loop that fills the only sentence is cut where it begins."""
    if not loops(text):
        return sentences
    seen: set[tuple[str, ...]] = set()
    kept = []
    for sentence in sentences:
        words = WORD.findall(sentence.lower())
        triples = list(zip(words, words[1:], words[2:], strict=False))
        new = set(triples) - seen
        seen.update(new)
        if len(triples) < TURNS or len(new) >= NEW_TURNS * len(triples):
            kept.append(sentence)
    return kept or sentences


def is_past(text: str, prompt: str = "") -> bool:
    """Whether the text is told in the past tense, and the prompt is not."""
    words = set(WORD.findall(text.lower()))
    if words.isdisjoint(WENT) or not WENT.isdisjoint(WORD.findall(prompt.lower())):
        return False
    analysis = analyse(_unquoted(text[:LONGEST_STORY]))
    tenses = [
        _tense(verb, [token.lower for token in analysis.tokens[verb.first : verb.last]]) for verb in analysis.verbs
    ]
    return tenses.count("past") > tenses.count("present")


def _tense(verb: VerbPhrase, words: list[str]) -> str:
    alone = len(words) == 1 and bool(verb.agents)
    if not WENT.isdisjoint(words) or (alone and verb.form == "ed" and not verb.passive):
        return "past"
    auxiliary = words[0] in ("is", "are", "has", "have", "does", "do")
    finite = auxiliary or verb.form == "s" or (alone and verb.form == "base")
    return "present" if finite and not verb.gerund else ""


def _mostly(text: str, prompt: str, language: str) -> str:
    """What is wrong with half of the sentences, or of the letters; an essay needs more than half of the sentences."""
    sentences = split(text)
    found = [(kind, len(s)) for s in sentences if (kind := off(s, prompt, language))]
    plain = [(kind, size) for kind, size in found if kind != "essay"]
    if plain and (2 * len(plain) >= len(sentences) or 2 * sum(size for _, size in plain) >= len(text)):
        return said(Counter(kind for kind, _ in plain).most_common(1)[0][0])
    if 2 * len(found) > len(sentences):
        return said(found[0][0])
    return ""


NUMERAL = re.compile(
    r"\b(?!(?:As|When|If|And|But|While|Then|Before|After|Now|Here|So|Sure|Oh|What|How|That|In)\b)[A-Z]\w+ I\b"
)
"""The first person's look-alike: "World War I"."""


def _unquoted(text: str) -> str:
    return NUMERAL.sub("", QUOTED.sub("“”", text))


def _bare(text: str) -> str:
    return re.sub(r"\W+", "", text).lower()


@cache
def _scripts() -> dict[str, re.Pattern[str]]:
    return {
        "zh": re.compile(r"[\u3400-\u9fff]"),
        "ja": re.compile(r"[\u3040-\u30ff\u3400-\u9fff]"),
        "ko": re.compile(r"[\uac00-\ud7af]"),
        "ru": re.compile(r"[\u0400-\u04ff]"),
        "ar": re.compile(r"[\u0600-\u06ff]"),
        "latin": re.compile(r"[A-Za-zÀ-ɏ]"),
    }


def foreign(text: str, prompt: str, language: str) -> bool:
    """Whether the text is in another language: letters of another script that the prompt has not, or other words."""
    script = language if language in _scripts() else "latin"
    allowed = set(prompt)
    other = [
        character
        for name, letters in _scripts().items()
        if name != script and not (name == "latin" or {name, script} == {"zh", "ja"})
        for character in letters.findall(text)
        if character not in allowed
    ]
    if other or (script != "latin" and not _scripts()[script].search(text)):
        return True
    if script != "latin" or language not in TOLD_APART or len(text.split()) < LONG_ENOUGH:
        return False
    return detect(text) != language

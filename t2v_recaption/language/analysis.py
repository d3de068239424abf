"""`analyse`: a text taken apart. Puts the stages in order and turns what they built into the frozen model."""

from __future__ import annotations

from functools import lru_cache

from t2v_recaption.language import compounds as several
from t2v_recaption.language.drafts import Np, Vp
from t2v_recaption.language.lexicon import PL, Word, lexicon
from t2v_recaption.language.linking import Linker
from t2v_recaption.language.memory import Rel
from t2v_recaption.language.model import (
    ADJ,
    AUX,
    NAME,
    NOUN,
    VERB,
    Analysis,
    NounPhrase,
    Quote,
    Relation,
    Term,
    Token,
    VerbPhrase,
)
from t2v_recaption.language.negation import find_negations
from t2v_recaption.language.phrases import Chunks
from t2v_recaption.language.tagged import tag
from t2v_recaption.language.terms import Match
from t2v_recaption.language.tokens import Piece, split_sentences, tokenise

_TERM_KINDS_IN_NOUNS = frozenset(("time",))


@lru_cache(maxsize=512)
def analyse(text: str) -> Analysis:
    """Take a text apart: tokens, phrases, who does what, what is where, quotes, terms, negations.

    Works on prompts of a few words and on captions of a few hundred; never raises, linear in the length of the text.
    The last 512 texts are remembered.
    """
    pieces = tokenise(text)
    sentences = split_sentences(text, pieces)
    tagged = tag(text, pieces, sentences)
    matches = tagged.matches
    chunks = Chunks(lexicon(), pieces, tagged.words, tagged.tags, tagged.forms, tagged.compounds)
    chunks.starts_term = {m.first: m.last for m in matches if m.form.kind in _TERM_KINDS_IN_NOUNS}
    chunks.media = {m.first for m in matches if m.form.kind == "camera"}
    linker = Linker(chunks, tagged.many, several.preposition_index()[1])
    for first, last in sentences:
        linker.run(first, last)
    return _assemble(text, pieces, tagged.words, chunks, linker, matches, sentences)


def _assemble(
    text: str,
    pieces: list[Piece],
    words: list[Word],
    chunks: Chunks,
    linker: Linker,
    matches: list[Match],
    sentences: list[tuple[int, int]],
) -> Analysis:
    tags, forms = chunks.tags, chunks.forms
    new = tuple.__new__  # a third of the time that Token(...) takes
    tokens = tuple(
        [
            new(
                Token,
                (
                    said,
                    start,
                    end,
                    lower,
                    _lemma(said, lower, word, tag),
                    tag,
                    form or ("plural" if tag == NOUN and word.can & PL else ""),
                ),
            )
            for (said, start, end, lower, _), word, tag, form in zip(pieces, words, tags, forms, strict=True)
        ]
    )
    negations, negated = find_negations(pieces, tags, linker)
    quotes = tuple([Quote(p.text, p.start, p.end, i) for i, p in enumerate(pieces) if p.kind == "quote"])
    found = tuple(
        [
            Term(
                m.form.kind,
                m.form.category,
                m.form.value,
                pieces[m.first].start,
                pieces[m.last - 1].end,
                m.first,
                m.last,
                m.first in negated,
            )
            for m in matches
        ]
    )
    nouns = tuple([_noun(np, pieces) for np in linker.nps])
    verbs = tuple([_verb(vp, pieces) for vp in linker.vps])
    relations = tuple([_relation(rel, pieces, text) for rel in linker.rels])
    return Analysis(text, tokens, tuple(sentences), nouns, verbs, relations, quotes, found, tuple(negations))


def _lemma(text: str, lower: str, word: Word, tag: str) -> str:
    if tag == NOUN:
        return word.noun or lower
    if tag in (VERB, AUX):
        return word.verb or lower
    if tag == ADJ:
        return word.base
    return text if tag == NAME else lower


def _noun(np: Np, pieces: list[Piece]) -> NounPhrase:
    return NounPhrase(
        np.index,
        pieces[np.first].start,
        pieces[np.last - 1].end,
        np.first,
        np.last,
        np.head,
        np.lemma,
        np.core,
        np.root,
        np.plural,
        np.count,
        np.count_first,
        np.det,
        tuple(np.mods),
        np.of,
        np.possessor,
        np.pronoun,
        np.proper,
        np.antecedent,
        tuple(np.partners),
        np.negated,
    )


def _verb(vp: Vp, pieces: list[Piece]) -> VerbPhrase:
    return VerbPhrase(
        vp.index,
        pieces[vp.first].start,
        pieces[vp.last - 1].end,
        vp.first,
        vp.last,
        vp.verb,
        vp.lemma,
        vp.particle,
        vp.form,
        vp.passive,
        vp.negated,
        tuple(vp.agents),
        tuple(vp.objects),
        tuple(vp.adverbs),
        vp.gerund,
    )


def _relation(rel: Rel, pieces: list[Piece], text: str) -> Relation:
    start, end = pieces[rel.first].start, pieces[rel.last - 1].end
    return Relation(rel.category, text[start:end], start, end, tuple(rel.figures), rel.ground, rel.verb, rel.negated)

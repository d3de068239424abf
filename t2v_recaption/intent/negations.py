"""What must not be there, and whose it must not be."""

from __future__ import annotations

from t2v_recaption.intent.builder import Builder
from t2v_recaption.intent.model import Kind
from t2v_recaption.language.model import PUNCT, Negation


def add_negations(builder: Builder) -> None:
    """What must not be there: `value` is the thing to avoid, the span runs from the negating word to its end."""
    for negation in builder.analysis.negations:
        first, last = negation.first, negation.last
        if first >= last:
            continue
        last = min(last, first + 40)
        value = _avoided(builder, negation)
        cue = builder.within(negation.start, negation.end)
        begin = cue[0] if cue and cue[0] <= first and first - cue[0] <= 4 else first
        taken = not builder.free(begin, last)
        item = builder.add(Kind.NEGATION, value, first if taken else begin, last)
        if taken and cue:
            item.spans.insert(0, builder.span(cue[0], cue[-1] + 1))
        item.negated = True
        item.category = "action" if negation.verb is not None else "subject" if negation.noun is not None else ""
        if negation.noun is not None:
            builder.of_noun[negation.noun] = item
        if negation.verb is not None:
            builder.of_verb[negation.verb] = [item]


def _avoided(builder: Builder, negation: Negation) -> str:
    analysis = builder.analysis
    if negation.verb is not None and analysis.verbs[negation.verb].lemma != "be":
        vp = analysis.verbs[negation.verb]
        objects = [analysis.nouns[k].lemma for k in vp.objects if analysis.nouns[k].first > vp.verb]
        return " ".join([vp.lemma, *([vp.particle] if vp.particle else []), *objects])
    if negation.noun is not None:
        np = analysis.nouns[negation.noun]
        if np.pronoun:
            return {"nobody": "person", "no-one": "person", "none": "any"}.get(np.core, "thing")
        words = [*(m.lemma for m in np.modifiers if not m.predicative), np.lemma]
        if np.of is not None:
            words += ["of", analysis.nouns[np.of].lemma]
        return " ".join(words)
    tokens = analysis.tokens[negation.first : negation.last]
    return " ".join(t.lemma for t in tokens if t.pos not in ("det", PUNCT)) or negation.cue


def bind_negations(builder: Builder) -> None:
    """Who is without it, who does not do it."""
    analysis = builder.analysis
    for relation in analysis.relations:
        if relation.negated and relation.ground in builder.of_noun and relation.figures:
            item = builder.of_noun[relation.ground]
            if item.kind is Kind.NEGATION and relation.figures[0] in builder.of_noun:
                item.of = builder.of_noun[relation.figures[0]]
    for vp in analysis.verbs:
        for item in builder.of_verb.get(vp.index, ()):
            if item.kind is Kind.NEGATION:
                doers = [
                    builder.of_noun[k]
                    for k in (*vp.agents, *vp.objects)
                    if k in builder.of_noun and builder.of_noun[k] is not item
                ]
                item.of = doers[0] if doers else None

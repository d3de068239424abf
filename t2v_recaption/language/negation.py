"""What a text rules out: "no people", "without a hat", "not blurry", "never stops", "nobody", "free of cars"."""

from __future__ import annotations

from t2v_recaption.language.drafts import Np
from t2v_recaption.language.linking import Linker
from t2v_recaption.language.model import ADJ, ADV, AUX, CONJ, NOT, PUNCT, Negation
from t2v_recaption.language.tokens import Piece

_NOBODY = frozenset(("nobody", "nothing", "none", "no-one", "nowhere"))


def find_negations(pieces: list[Piece], tags: list[str], linker: Linker) -> tuple[list[Negation], set[int]]:
    """The negations of a text, and the tokens they rule out. Marks noun phrases, verb phrases and relations as
    negated.
    """
    found: list[Negation] = []
    ruled_out: set[int] = set()
    for vp in linker.vps:
        if vp.negated:
            cue = next((k for k in range(max(0, vp.first - 1), vp.last) if _is_cue(pieces, tags, k)), vp.first)
            last = max(
                [
                    vp.last,
                    *(linker.nps[k].last for k in vp.objects if k < len(linker.nps) and linker.nps[k].first > vp.verb),
                ]
            )
            predicate = _predicate(tags, vp.last) if vp.lemma == "be" else last
            first = vp.verb if vp.lemma != "be" else vp.last
            found.append(
                Negation(
                    pieces[cue].lower, pieces[cue].start, pieces[cue].end, first, max(last, predicate), None, vp.index
                )
            )
    for np in linker.nps:
        if np.det == "no" and pieces[np.first].lower == "no" and not _exempt(pieces, np.first):
            _rule_out(np, np.first, np.first + 1, pieces, linker, found, ruled_out)
        elif np.pronoun and np.core in _NOBODY and not _exempt(pieces, np.first):
            found.append(Negation(np.core, pieces[np.first].start, pieces[np.first].end, np.first, np.last, np.index))
    for rel in linker.rels:
        if rel.negated and rel.ground is not None:
            _rule_out(linker.nps[rel.ground], rel.first, rel.last, pieces, linker, found, ruled_out)
    _bare_not(pieces, tags, linker, found)
    negated = {k for n in found for k in range(n.first, n.last)}
    for np in linker.nps:
        np.negated = np.negated or np.head in negated
    return sorted(found, key=lambda n: n.start), negated


def _is_cue(pieces: list[Piece], tags: list[str], k: int) -> bool:
    return (
        tags[k] == NOT
        or (pieces[k].lower.endswith(("n't", "nt")) and tags[k] == AUX)
        or pieces[k].lower in ("without", "cannot")
    )


def _exempt(pieces: list[Piece], k: int) -> bool:
    """“No. 5”, "no 5", "nothing but", "no longer", "no matter", "no doubt" rule nothing out."""
    after = pieces[k + 1].lower if k + 1 < len(pieces) else ""
    return after in (".", "but", "longer", "matter", "doubt", "less", "fewer", "sooner") or after[:1].isdigit()


def _rule_out(
    np: Np, cue: int, cue_end: int, pieces: list[Piece], linker: Linker, found: list[Negation], ruled_out: set[int]
) -> None:
    if np.index in ruled_out:
        return
    ruled_out.add(np.index)
    last = np.last
    inner = np
    while inner.of is not None and linker.nps[inner.of].last > last:
        inner = linker.nps[inner.of]
        last = inner.last
    first = max(np.first, cue_end)
    if first >= last:
        return  # a "no" with nothing behind it
    text = " ".join(p.lower for p in pieces[cue:cue_end])
    found.append(Negation(text, pieces[cue].start, pieces[cue_end - 1].end, first, last, np.index))
    for k in np.partners:
        partner = linker.nps[k]
        if (
            partner.first > np.first
            and pieces[partner.first].lower != "no"
            and partner.det in ("", "no", "any")
            and k not in ruled_out
        ):
            ruled_out.add(k)
            found.append(Negation(text, pieces[cue].start, pieces[cue_end - 1].end, partner.first, partner.last, k))


def _predicate(tags: list[str], k: int) -> int:
    while k < len(tags) and tags[k] in (ADJ, ADV):
        k += 1
    return k


def _bare_not(pieces: list[Piece], tags: list[str], linker: Linker, found: list[Negation]) -> None:
    """“Not blurry”, "not a dog": a "not" that no verb group took."""
    taken = {k for vp in linker.vps for k in range(vp.first, vp.last)}
    starts = {np.first: np for np in linker.nps}
    for k, tag in enumerate(tags):
        if (
            tag != NOT
            or k in taken
            or k + 1 >= len(tags)
            or pieces[k + 1].lower in ("only", "just", "too", "so", "very")
        ):
            continue
        np = starts.get(k + 1)
        last = np.last if np is not None else k + 1
        while np is None and last < len(tags) and last - k < 4 and tags[last] not in (PUNCT, CONJ):
            last += 1
        if last > k + 1:
            found.append(
                Negation(pieces[k].lower, pieces[k].start, pieces[k].end, k + 1, last, np.index if np else None)
            )

"""Refining claims with a language model: better questions, checked; where it fails, what the rules made stays."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from t2v_recaption.backends.base import Backend, ChatRequest, Message
from t2v_recaption.errors import BackendError
from t2v_recaption.intent import parse
from t2v_recaption.intent.model import Intent
from t2v_recaption.templates import render
from t2v_recaption.verify.answers import read
from t2v_recaption.verify.asking import WANTED
from t2v_recaption.verify.claims import ancestors, claims_of, numbered
from t2v_recaption.verify.compare import compare, options
from t2v_recaption.verify.model import Claim, ClaimSet, ClaimStatus, Form

FORMS = ("yes_no", "count", "colour", "direction")
ATTEMPTS = 2
TOKENS_A_CLAIM = 120

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "claims": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    "facts": {"type": "array", "items": {"type": "string"}},
                    "text": {"type": "string"},
                    "question": {"type": "string"},
                    "expected": {"type": "string"},
                    "form": {"type": "string", "enum": list(FORMS)},
                    "parents": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["id", "facts", "text", "question", "expected", "form", "parents"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["claims"],
    "additionalProperties": False,
}


class Unfit(Exception):  # never leaves this module
    """What is wrong with an answer, for the model."""


def refined_claims(prompt: str, backend: Backend, *, seed: int = 0) -> ClaimSet:
    """The claims of a prompt, put better by a language model.

    Only claims that a judge decides are given to it; what is measured or read on screen stays as the rules made it.
    Its answer must be JSON of the right form, with unique ids, no circles and every fact covered. Each claim must then
    be answerable from the prompt alone, as expected (the filter of TIFA, Hu et al. 2023); one that is not is replaced
    by what the rules made. Where nothing is usable, the claims are those of the rules, and a note says why.
    """
    ruled = claims_of(prompt)
    ours = [claim for claim in ruled if claim.checker == "judge" and claim.form in FORMS and claim.window.whole]
    if not ours:
        return replace(ruled, notes=("There was nothing to refine.",))
    try:
        drafts = _refined(parse(prompt), ours, backend, seed)
        kept, dropped = _answerable(prompt, drafts, ours, backend, seed)
    except (BackendError, Unfit) as fault:
        reason = fault.message if isinstance(fault, BackendError) else str(fault)
        return replace(ruled, notes=(f"The claims are those of the rules: {reason}",))
    others = [replace(claim, parents=_facts_of(claim, ruled)) for claim in ruled if claim not in ours]
    ordered = sorted([*kept, *others], key=lambda claim: (claim.spans or ((0, 0),))[0])
    name = str(backend.identity().get("model") or backend.name)
    notes = (
        (f"{dropped} claim(s) could not be answered from the prompt and are those of the rules.",) if dropped else ()
    )
    return numbered(prompt, ordered, made_by=name, notes=notes)


def _facts_of(claim: Claim, ruled: ClaimSet) -> tuple[str, ...]:
    """Parents as facts, which is what drafts name."""
    return tuple(fact for parent in claim.parents for fact in ruled[parent].facts)


def _refined(intent: Intent, ours: Sequence[Claim], backend: Backend, seed: int) -> list[Claim]:
    """The model's claims as drafts. Raises Unfit when no attempt is usable."""
    fault = ""
    for attempt in range(ATTEMPTS):
        request = _request(intent, ours, backend, seed + attempt, fault)
        reply = backend.generate([request])[0]
        if reply.error is not None:
            raise reply.error
        try:
            return _drafts(intent, ours, _items(reply.text))
        except Unfit as error:
            fault = str(error)
    raise Unfit(fault)


def _request(intent: Intent, ours: Sequence[Claim], backend: Backend, seed: int, fault: str) -> ChatRequest:
    wanted = {fact for claim in ours for fact in claim.facts}
    facts = [{"id": f.id, "kind": f.kind.value, "words": f.text} for f in intent if f.id in wanted]
    names = ("id", "facts", "text", "question", "expected", "form", "parents")
    ids = {claim.id for claim in ours}
    claims = [{name: claim.to_dict()[name] for name in names} for claim in ours]
    for claim in claims:
        claim["parents"] = [parent for parent in claim["parents"] if parent in ids]
    text = render("verify-refine", prompt=intent.prompt, facts=_plain(facts), claims=_plain(claims), fault=fault)
    return ChatRequest(
        (Message("user", text),),
        seed=seed,
        temperature=0.0,
        max_tokens=TOKENS_A_CLAIM * (len(ours) + 4),
        schema=SCHEMA if backend.supports_schema else None,
    )


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("</", "<\\/")


def _items(text: str) -> list[dict[str, Any]]:
    found = re.search(r"\{.*\}", text, re.DOTALL)
    try:
        data = json.loads(found.group()) if found else None
    except ValueError as error:
        raise Unfit(f"it is no JSON ({error}).") from error
    items = data.get("claims") if isinstance(data, dict) else None
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise Unfit('it is no JSON object with a list of "claims".')
    return items


def _drafts(intent: Intent, ours: Sequence[Claim], items: Iterable[dict[str, Any]]) -> list[Claim]:
    """The items as drafts whose parents are facts, after every check."""
    wanted = {fact for claim in ours for fact in claim.facts}
    drafts: dict[str, Claim] = {}
    named: dict[str, tuple[str, ...]] = {}
    for item in items:
        claim = _draft(intent, ours, item, wanted)
        if claim.id in drafts:
            raise Unfit(f"two claims have the id {claim.id!r}.")
        drafts[claim.id], named[claim.id] = claim, claim.parents
    missing = sorted(wanted - {fact for claim in drafts.values() for fact in claim.facts})
    if missing:
        raise Unfit(f"no claim covers {', '.join(missing)}.")
    for own, parents in named.items():
        if any(parent not in drafts for parent in parents):
            raise Unfit(f"a parent of {own!r} is no claim.")
        if any(own in ancestors(parent, named) for parent in parents):
            raise Unfit(f"the claim {own!r} is its own ancestor.")
    # A claim of the same fact as its parent (two claims made of one) must not become its own parent.
    return [
        replace(claim, parents=tuple(f for p in named[claim.id] for f in drafts[p].facts if f not in claim.facts))
        for claim in drafts.values()
    ]


def _draft(intent: Intent, ours: Sequence[Claim], item: dict[str, Any], wanted: set[str]) -> Claim:
    text, question, expected, form = (str(item.get(k, "")).strip() for k in ("text", "question", "expected", "form"))
    facts = tuple(str(fact) for fact in item.get("facts") or ())
    parents = tuple(str(parent) for parent in item.get("parents") or ())
    own = str(item.get("id", ""))
    if not own or not text or not question.endswith("?") or not facts or not set(facts) <= wanted:
        raise Unfit(f"the claim {own!r} lacks a text, a question that ends in a question mark, or facts of the list.")
    expected = expected.lower() if form != "colour" else expected
    model = next((c for c in ours if set(c.facts) & set(facts)), ours[0])
    claim = replace(
        model,
        id=own,
        text=text,
        question=question,
        expected=expected,
        form=cast("Form", form),
        facts=facts,
        parents=parents,
        spans=tuple(span for fact in facts for span in intent[fact].spans),
    )
    _check_answer(claim)
    return claim


def _check_answer(claim: Claim) -> None:
    """Whether the expected answer is one of its form, and the question does not give it away."""
    told = claim.question.lower()
    if claim.form not in FORMS:
        raise Unfit(f"the claim {claim.id!r} has the form {claim.form!r}.")
    if claim.form == "yes_no" and claim.expected not in ("yes", "no"):
        raise Unfit(f"the claim {claim.id!r} expects neither yes nor no.")
    if claim.form == "count" and not claim.expected.isdigit():
        raise Unfit(f"the claim {claim.id!r} expects no figure.")
    if claim.form in ("count", "colour") and re.search(rf"\b{re.escape(claim.expected.lower())}\b", told):
        raise Unfit(f"the question of {claim.id!r} gives the answer away.")
    if claim.form == "direction" and (len(options(claim)) < 2 or not all(o in told for o in options(claim))):
        raise Unfit(f"the question of {claim.id!r} does not offer both sides.")


def _answerable(
    prompt: str, drafts: Sequence[Claim], ours: Sequence[Claim], backend: Backend, seed: int
) -> tuple[list[Claim], int]:
    """The drafts that the prompt itself answers as expected; for the facts of the others, what the rules made."""
    requests = [_text_only(prompt, claim, seed) for claim in drafts]
    replies = backend.generate(requests)
    good = []
    for claim, reply in zip(drafts, replies, strict=True):
        answer = read(reply.text) if reply.error is None else None
        if answer is not None and compare(claim, answer).status is ClaimStatus.SUPPORTED:
            good.append(claim)
    covered = {fact for claim in good for fact in claim.facts}
    of_id = {claim.id: claim for claim in ours}
    again = [
        replace(claim, parents=tuple(f for p in claim.parents if p in of_id for f in of_id[p].facts))
        for claim in ours
        if not set(claim.facts) <= covered
    ]
    return [*good, *again], len(drafts) - len(good)


def _text_only(prompt: str, claim: Claim, seed: int) -> ChatRequest:
    wanted = WANTED[claim.form].replace("{options}", ", ".join(options(claim)))
    text = render("verify-text-only", prompt=prompt, question=claim.question, wanted=wanted)
    return ChatRequest((Message("user", text),), seed=seed, temperature=0.0, max_tokens=24)

"""Composer: intent and target in, draft out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from t2v_recaption.errors import NotKept, RecaptionError
from t2v_recaption.intent.model import Intent, Kind
from t2v_recaption.language import analyse
from t2v_recaption.targets.model import Target, Words
from t2v_recaption.writers.base import Draft, Revision, Sentence, WriteOptions, Writer, WriteRequest
from t2v_recaption.writers.composer.choice import Choice
from t2v_recaption.writers.composer.grammar import capital, ended, one_line
from t2v_recaption.writers.composer.library import Library, library
from t2v_recaption.writers.composer.notation import PRONOUNS
from t2v_recaption.writers.composer.opening import Extras, Opening, open_with
from t2v_recaption.writers.composer.phrases import phrases
from t2v_recaption.writers.composer.planner import Plan, Planner
from t2v_recaption.writers.composer.realiser import Realiser, merged
from t2v_recaption.writers.composer.scene import Scene
from t2v_recaption.writers.composer.selector import Planned
from t2v_recaption.writers.composer.understand import understand
from t2v_recaption.writers.density import is_dense
from t2v_recaption.writers.negative import ruled_out


class Composer(Writer):
    """Writes captions from the built-in knowledge. Needs no model, no network and about half a millisecond."""

    name = "composer"
    revises = True

    def __init__(self, knowledge: Library | None = None) -> None:
        self._knowledge = knowledge

    def write(self, requests: Sequence[WriteRequest], target: Target, options: WriteOptions) -> list[Draft]:
        """One draft a request, in order."""
        return [self._write(request, target, options) for request in requests]

    def revise(self, revisions: Sequence[Revision], target: Target, options: WriteOptions) -> list[Draft]:
        """Each draft without what its report blames, the prompt in plainer words where it failed."""
        return [self._revise(revision, target, options) for revision in revisions]

    def _revise(self, revision: Revision, target: Target, options: WriteOptions) -> Draft:
        """First with the user's verbs in the progressive ("waves" may be read as a noun), then only in their words."""
        report, request = revision.report, revision.request
        if report is None or not report.failures or revision.draft.provenance.get("verbs") == "progressive":
            return safer(revision)
        return self._write(request, replace(target, progressive=True), options)

    def _write(self, request: WriteRequest, target: Target, options: WriteOptions) -> Draft:
        try:
            return compose(request.intent, request.seed, target, options, self._knowledge or library())
        except RecaptionError as error:
            return Draft((), error=error)


def safer(revision: Revision) -> Draft:
    """The draft without what its report blames: added sentences go, the prompt's falls back to itself."""
    draft, report = revision.draft, revision.report
    if report is None:
        return draft
    blamed = [item.span for item in report.forbidden] + [v.span for v in report.failures if v.span is not None]
    kept: list[Sentence] = []
    at = 0
    for sentence in draft.sentences:
        end = at + len(sentence.text)
        if sentence.aspect == "prompt":
            prompt = ended(capital(one_line(revision.request.intent.prompt)))
            kept.append(replace(sentence, text=prompt) if report.failures and not draft.negative else sentence)
        elif not any(start < end and at < stop for start, stop in blamed):
            kept.append(sentence)
        at = end + 1
    return replace(draft, sentences=tuple(kept), notes=(*draft.notes, "What the check did not accept was left out."))


def compose(intent: Intent, seed: int, target: Target, options: WriteOptions, knowledge: Library) -> Draft:
    """The draft for one intent."""
    choice = Choice(intent.prompt, seed)
    provenance = {"writer": "composer", "seed": seed, "verbs": "progressive" if target.progressive else "simple"}
    negative = ruled_out(intent)
    if intent.language == "en" and options.language not in ("en", ""):
        raise NotKept(
            f"The composer writes English, not {options.language!r}.",
            hint="Leave the language out, or use a language model (--model, --base-url).",
        )
    if intent.language != "en":
        note = f"The composer writes English: the prompt ({intent.language}) stands as it is, and little is added."
        return Draft((_kept(intent.prompt),), negative, (note,), provenance)
    text = _positive(intent) if target.negation == "negative" else intent.prompt
    analysis = analyse(text)
    scene = understand(intent, analysis, knowledge, choice)
    planner = Planner(scene, knowledge, target, options)
    plan = planner.prepare()
    if target.tags:
        found = phrases(scene, plan, planner, knowledge, _aim(target, options))
        return Draft(tuple(found), negative if target.negation == "negative" else "", (), provenance)
    opening = _opening(scene, plan, options, progressive=target.progressive)
    planner.camera.sized = opening.sized
    planner.fill(_aim(target, options) - len(opening.text.split()), dense=is_dense(intent), dressed=opening.dressed)
    sentences = _sentences(scene, plan, opening, target)
    return Draft(tuple(sentences), negative if target.negation == "negative" else "", (), provenance)


def _kept(prompt: str) -> Sentence:
    return Sentence(ended(one_line(prompt)), "prompt", 1.0)


def _opening(scene: Scene, plan: Plan, options: WriteOptions, *, progressive: bool) -> Opening:
    main = scene.main
    extras = Extras(
        plan.posture,
        plan.place_phrase,
        plan.shot,
        activity=options.task == "t2v",
        exact=_exact(scene, options),
        commands=any(span.start == 0 for fact in scene.intent.of_kind(Kind.CAMERA) for span in fact.spans),
        possessive=PRONOUNS[main.pronoun]["their"] if main is not None and main.pronoun != "it" else "",
        look=plan.look,
        main=main.noun.index if main is not None else -1,
        progressive=progressive,
    )
    return open_with(scene.analysis, scene.choice, extras)


def _exact(scene: Scene, options: WriteOptions) -> tuple[tuple[int, int], ...]:
    """Stretches of the text that must stay letter by letter: quoted text, and what the user wants kept."""
    text = scene.analysis.text
    wanted = [fact.text for fact in scene.intent.facts if fact.kind is Kind.TEXT or fact.category == "kept"]
    found = [(text.find(part), len(part)) for part in (*wanted, *options.keep) if part]
    return tuple((start, start + size) for start, size in found if start >= 0)


def _aim(target: Target, options: WriteOptions) -> int:
    words: Words = target.words if options.task == "t2v" or target.words_i2v is None else target.words_i2v
    return {"light": words.low, "normal": words.ideal, "rich": words.high - 10}[options.strength]


def _sentences(scene: Scene, plan: Plan, opening: Opening, target: Target) -> list[Sentence]:
    order = {aspect: at for at, aspect in enumerate(target.order)}
    beside = {"time": "light", "weather": "light", "mood": "style", "audio": "camera", "quality": "style"}

    def rank(item: Planned) -> float:
        if item.aspect in order:
            return order[item.aspect]
        return order.get(beside.get(item.aspect, ""), len(order)) + 0.5

    items = merged(sorted(plan.items, key=rank), scene.choice)
    first = opening.text.split(" ", 1)[0]
    place = "" if opening.placed else plan.place_phrase
    added = Realiser(scene.choice, ambiguous=scene.ambiguous, place=place).write(items, [first])
    return [*_style_label(scene, target), Sentence(opening.text, "prompt", 1.0), *added]


def _style_label(scene: Scene, target: Target) -> list[Sentence]:
    """ "Style: anime." for targets that were trained on captions which open with it."""
    stated = [fact for fact in scene.intent.of_kind(Kind.STYLE) if not fact.negated]
    if not target.style_first or not stated:
        return []
    return [Sentence(f"Style: {', '.join(dict.fromkeys(fact.value for fact in stated))}.", "style", 0.9)]


_DANGLING = re.compile(
    r"(?:[\s,;]+(?:with|without|and|but|or|no|not|any|there|are|is|nor))*[\s,;]*(?=$|[.!?])", re.IGNORECASE
)


def _positive(intent: Intent) -> str:
    """The prompt without what it rules out."""
    spans = sorted((span for fact in intent.facts if fact.negated for span in fact.spans), reverse=True)
    text = intent.prompt
    for start, end in spans:
        text = text[:start] + text[end:]
    if not spans:
        return text
    text = re.sub(r"\s+([,.;!?])", r"\1", _DANGLING.sub("", text.strip()))
    text = re.sub(r"[\s,]+(?:around|anywhere|at all|in sight|visible|nearby)\s*(?=[.,;]|$)", "", text)
    text = re.sub(r"^[\s,;]+|[,;]\s*(?=[,;.])", "", text)
    return one_line(re.sub(r",\s+(?=(?:in|on|at|under|by|near)\s)", " ", text)) or intent.prompt


__all__ = ["Composer", "capital", "compose"]

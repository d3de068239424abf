"""chat: a caption by any language model, instructed by the target's template, cleaned, and revised when told why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from t2v_recaption import fidelity, templates
from t2v_recaption.backends.base import Backend, ChatReply, ChatRequest, Message
from t2v_recaption.errors import InvalidInput, RecaptionError
from t2v_recaption.fidelity.report import Report, Status
from t2v_recaption.targets.model import Target, Words
from t2v_recaption.writers.base import Draft, Revision, WriteOptions, Writer, WriteRequest
from t2v_recaption.writers.clean import clean, unwrapped
from t2v_recaption.writers.density import is_dense, open_aspects, word_count
from t2v_recaption.writers.examples import Example, examples_for, leaks
from t2v_recaption.writers.negative import ruled_out
from t2v_recaption.writers.sentences import QUOTED, aspects_of, pieces_of, weighed

LANGUAGES = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "hi": "Hindi",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
"""Names of languages for instructions; other codes are given to the model as they are."""

TOKENS_PER_WORD = 2.5
"""Room for the answer: no vocabulary in use needs more for prose (English 1.3 to 1.5, other languages up to 2.5)."""

TRANSLATION_TOKENS = 1024

QUOTED_BACK = 4000
"""Characters of a rejected answer that the model gets to see again: a runaway one must not fill its context."""

OTHER_ROLES = frozenset({"judge", "request", "revise", "sharecaptioner", "translate"})
"""Templates that write no captions: a target of such a name does not get them."""

OTHER_USES = ("clip-", "verify-", "prefer")
"""What the names of templates for captioning, verifying and comparing begin with."""


@dataclass(frozen=True)
class Ask:
    """How to ask a model."""

    template: str = ""
    """Name of a template or path of a .j2 file; empty: the target's own, or `caption`."""
    temperature: float = 0.7
    top_p: float = 0.95
    max_tokens: int = 0
    """0: as many as the target's longest caption needs."""


class ChatWriter(Writer):
    """Writes captions with a language model.

    Args:
        backend: what runs the model; a vision backend also sees first and last frames.
        template: name of a built-in template or path of your own .j2 file (default: the target's, or `caption`).
        temperature: 0 for greedy decoding.
        top_p: nucleus sampling.
        max_tokens: upper limit for an answer (default: what the target's longest caption needs).

    Raises:
        InvalidInput: a setting out of range.
    """

    name = "chat"
    revises = True
    translates = True

    def __init__(
        self,
        backend: Backend,
        *,
        template: str = "",
        temperature: float = 0.7,
        top_p: float = 0.95,
        max_tokens: int = 0,
    ) -> None:
        if not 0 <= temperature <= 2 or not 0 < top_p <= 1 or max_tokens < 0:
            raise InvalidInput(
                f"temperature={temperature}, top_p={top_p}, max_tokens={max_tokens} cannot be used.",
                hint="Use 0 ≤ temperature ≤ 2, 0 < top_p ≤ 1 and max_tokens ≥ 0.",
            )
        self.backend = backend
        self.ask = Ask(template, temperature, top_p, max_tokens)
        self.leaks = leaks()
        self._openings: dict[tuple[str | int, ...], tuple[Message, ...]] = {}

    def write(self, requests: Sequence[WriteRequest], target: Target, options: WriteOptions) -> list[Draft]:
        """One draft a request; what is no caption has `problem` set."""
        chats = [self._chat(request, target, options) for request in requests]
        return self._drafts(requests, chats, target, options)

    def revise(self, revisions: Sequence[Revision], target: Target, options: WriteOptions) -> list[Draft]:
        """Ask again, naming what was lost, contradicted or invented, or why the answer was no caption."""
        requests = [revision.request for revision in revisions]
        chats = []
        for number, revision in enumerate(revisions):
            first = self._chat(revision.request, target, options)
            said = (revision.draft.text or revision.draft.rejected or "…")[:QUOTED_BACK]
            again = Message("user", templates.render("revise", **_faults(revision)))
            chats.append(replace(first, messages=(*first.messages, Message("assistant", said), again)))
            chats[number] = replace(chats[number], seed=first.seed + 1)
        return self._drafts(requests, chats, target, options)

    def translate(self, prompts: Sequence[str], language: str) -> list[str | RecaptionError]:
        """Faithful translations, decoded greedily."""
        system = templates.render("translate", language=language_name(language))
        requests = [
            ChatRequest(
                (Message("system", system), Message("user", prompt)), temperature=0, max_tokens=TRANSLATION_TOKENS
            )
            for prompt in prompts
        ]
        return [
            _translation(reply, prompt, language)
            for reply, prompt in zip(self.backend.generate(requests), prompts, strict=True)
        ]

    def identity(self) -> dict[str, Any]:
        """Writer, template text, sampling and model."""
        ask = self.ask
        return {
            "writer": self.name,
            "template": ask.template,
            "template_digest": templates.digest(ask.template) if ask.template else "",
            "temperature": ask.temperature,
            "top_p": ask.top_p,
            "max_tokens": ask.max_tokens,
            **self.backend.identity(),
        }

    def close(self) -> None:
        """Free the model."""
        self.backend.close()

    def _chat(self, request: WriteRequest, target: Target, options: WriteOptions) -> ChatRequest:
        images = tuple(image for image in (request.image, request.last_image) if image is not None)
        seen = images if self.backend.accepts_images else ()
        dense = is_dense(request.intent)
        wanted = open_aspects(request.intent, target, options) if dense else ()
        user = templates.render("request", prompt=request.intent.prompt, dense=dense, open=wanted)
        longest = max(words_for(target, options).high, int(1.5 * word_count(request.intent.prompt)))
        return ChatRequest(
            (*self._opening(target, options, len(seen)), Message("user", user, seen)),
            seed=request.seed,
            temperature=self.ask.temperature,
            top_p=self.ask.top_p,
            max_tokens=self.ask.max_tokens or int(TOKENS_PER_WORD * longest) + 64,
        )

    def _opening(self, target: Target, options: WriteOptions, images: int) -> tuple[Message, ...]:
        """Instructions and examples: the same for all prompts of a run, so made once."""
        name = self._template(target)
        key = (name, templates.source(name), repr(target), repr(options), images)
        opening = self._openings.get(key)
        if opening is None:
            words = words_for(target, options)
            examples = examples_for(target, options, words)
            system = templates.render(name, **_variables(target, options, images, words, examples))
            opening = (Message("system", system), *(() if self._is_own() else _turns(examples)))
            self._openings = {key: opening}  # another thread may put its own there at once
        return opening

    def _template(self, target: Target) -> str:
        if self.ask.template:
            return self.ask.template
        own = target.name in set(templates.names()) - OTHER_ROLES and not target.name.startswith(OTHER_USES)
        return target.name if own else "caption"

    def _is_own(self) -> bool:
        """Whether the instructions are the user's own: they show examples as they like, or none."""
        return bool(self.ask.template) and self.ask.template not in templates.names()

    def _drafts(
        self, requests: Sequence[WriteRequest], chats: Sequence[ChatRequest], target: Target, options: WriteOptions
    ) -> list[Draft]:
        replies = self.backend.generate(chats)
        provenance = self.identity() | {
            "template": self._template(target),
            "template_digest": templates.digest(self._template(target)),
        }
        return [
            self._draft(request, reply, target, options, provenance | {"seed": chat.seed, "model": reply.model})
            for request, chat, reply in zip(requests, chats, replies, strict=True)
        ]

    def _draft(
        self,
        request: WriteRequest,
        reply: ChatReply,
        target: Target,
        options: WriteOptions,
        provenance: dict[str, Any],
    ) -> Draft:
        if reply.error is not None:
            return Draft((), provenance=provenance, error=reply.error)
        intent = request.intent
        cleaned = clean(reply.text, intent.prompt, language=options.language, cut_off=reply.finish_reason == "length")
        notes = (*cleaned.notes, *self._image_notes(request))
        if cleaned.problem:
            return Draft((), notes=notes, provenance=provenance, problem=cleaned.problem, rejected=cleaned.text)
        report = fidelity.check(intent, cleaned.text, leaked=self.leaks)
        pieces = pieces_of(cleaned.text, tags=target.tags)
        sentences = weighed(cleaned.text, report, aspects_of(cleaned.text, pieces), pieces)
        return Draft(sentences, negative=ruled_out(intent), notes=notes, provenance=provenance)

    def _image_notes(self, request: WriteRequest) -> tuple[str, ...]:
        if request.image is None or self.backend.accepts_images:
            return ()
        return (f"The backend {self.backend.name!r} does not take images: the frame was not seen.",)


def words_for(target: Target, options: WriteOptions) -> Words:
    """The length to ask for: the target's range, its lower part for `light`, its upper part for `rich`."""
    words = (target.words_i2v if options.task != "t2v" else None) or target.words
    middle = {"light": (words.low + words.ideal) // 2, "normal": words.ideal, "rich": (words.ideal + words.high) // 2}
    wanted = middle[options.strength]
    low, high = (words.low, words.ideal) if options.strength == "light" else (words.low, words.high)
    return Words(low, wanted, high)


def language_name(code: str) -> str:
    """The English name of a language."""
    return LANGUAGES.get(code, f"the language with the code {code}")


def _turns(examples: Sequence[Example]) -> tuple[Message, ...]:
    """Examples as turns of the chat: small models keep the form far better than with examples in the instructions
    (SmolLM2-135M wrote captions for nine prompts in ten instead of one in two).
    """
    asked = [templates.render("request", prompt=example.prompt, dense=False, open=()) for example in examples]
    pairs = zip(asked, examples, strict=True)
    return tuple(turn for ask, e in pairs for turn in (Message("user", ask), Message("assistant", e.caption)))


def _variables(
    target: Target, options: WriteOptions, images: int, words: Words, examples: Sequence[Example]
) -> dict[str, Any]:
    return {
        "target": target,
        "options": options,
        "task": options.task,
        "words": words,
        "images": images,
        "rules": target.rules_i2v if options.task != "t2v" and target.rules_i2v else target.rules,
        "examples": examples,
        "language": language_name(options.language),
        "language_code": options.language,
    }


def _faults(revision: Revision) -> dict[str, Any]:
    report: Report | None = revision.report
    verdicts = () if report is None else report.failures
    return {
        "prompt": revision.request.intent.prompt,
        "problem": revision.draft.problem,
        "lost": [v for v in verdicts if v.status in (Status.LOST, Status.WEAKENED)],
        "contradicted": [v for v in verdicts if v.status is Status.CONTRADICTED],
        "invented": () if report is None else report.forbidden,
    }


def _translation(reply: ChatReply, prompt: str, language: str) -> str | RecaptionError:
    if reply.error is not None:
        return reply.error
    text, problem = unwrapped(reply.text, quoted="".join(QUOTED.findall(prompt)), language=language)
    if problem:
        return InvalidInput(
            f"The prompt could not be translated: {problem}", hint="Translate it yourself, or use --language."
        )
    return text

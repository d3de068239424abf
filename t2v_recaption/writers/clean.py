"""clean: what a language model answered → the caption in it, and whether it is a caption at all.

Every step is named in the notes, so that a user can see what was taken away. Steps only ever remove: wrapping
(reasoning, preamble, markdown, quotes around the whole), repetition, and whole sentences that speak about the task or
to somebody. Inside a sentence nothing is touched, and a caption without any of that comes out letter by letter. The
failure modes come from answers of small models and from issue threads of prompt enhancers: leaked reasoning, "Here is
…", whole texts twice, refusals, definitions, leading numbers eaten ("3 cats run." must survive).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from t2v_recaption.records import Record
from t2v_recaption.tidy import tidy
from t2v_recaption.writers.faults import foreign, off, problem, refused, without_loops
from t2v_recaption.writers.phrases import pattern, said
from t2v_recaption.writers.sentences import joined, split

__all__ = ["Cleaned", "clean", "problem"]

LONGEST_REPLY = 40_000
"""Characters that are looked at: more than ten times the longest caption; a runaway model must not cost minutes."""

ROUNDS = 8
"""How often a reply is gone through, so that wrapping inside wrapping comes off: no model nests deeper."""


@dataclass(frozen=True)
class Cleaned(Record):
    """A reply after cleaning."""

    text: str
    notes: tuple[str, ...]
    problem: str = ""
    """Why this is no caption, as an instruction to whoever wrote it; empty when it is one."""


def clean(reply: str, prompt: str, *, language: str = "en", cut_off: bool = False) -> Cleaned:
    """The caption in a model's reply.

    Args:
        reply: what the model said.
        prompt: what it was asked to describe (an echo of it is no caption; its own quotes stay).
        language: ISO 639-1 code of the wanted language.
        cut_off: the model ran into its token limit, so the last sentence may be torn.
    """
    notes: list[str] = []
    text, before = reply[:LONGEST_REPLY], None
    for _ in range(ROUNDS):
        if text == before:
            break
        before = text
        text = tidy(_unwrap(text, notes))[0]
        if refused(text):
            return Cleaned(text, tuple(notes), said("refusal"))
        text = _told_once(text, notes)
        if cut_off and (whole := _without_torn_end(text)) != text:
            text = whole
            notes.append("Took away the last sentence, which the token limit had cut.")
            if not whole:
                return Cleaned(text, tuple(notes), said("cut"))
        cut_off = False
        text = _without_strangers(text, prompt, language, notes)
    return Cleaned(text, tuple(dict.fromkeys(notes)), problem(text, prompt, language))


def unwrapped(reply: str, *, quoted: str = "", language: str = "en") -> tuple[str, str]:
    """The text in a reply that need not be a caption (a translation), and why there is none.

    Args:
        reply: what the model said.
        quoted: text that may stay in another language.
        language: ISO 639-1 code of the wanted language.
    """
    text = tidy(_unwrap(reply[:LONGEST_REPLY], []))[0]
    if refused(text):
        return text, said("refusal")
    if not any(character.isalnum() for character in text):
        return text, said("empty")
    return text, said("language", language=repr(language)) if foreign(text, quoted, language) else ""


def _unwrap(text: str, notes: list[str]) -> str:
    """Take off what is around the caption."""
    for note, step in STEPS:
        shorter = step(text)
        if shorter != text and _bare(shorter) != _bare(text):
            notes.append(note)
        text = shorter
    return text


def _bare(text: str) -> str:
    return re.sub(r"\W+", "", text)


def without_reasoning(text: str) -> str:
    """Drop `<think>…</think>`, closed or not, and keep what `<answer>` holds."""
    text = re.sub(r"<(think|thinking|reasoning|analysis)>.*?</\1>", " ", text, flags=re.S | re.I)
    text = re.sub(r"\A.*</(?:think|thinking|reasoning|analysis)>", " ", text, flags=re.S | re.I)
    answer = re.search(r"<(answer|caption|output)>(.*?)(?:</\1>|\Z)", text, flags=re.S | re.I)
    if answer and answer[2].strip():
        return answer[2]
    return re.sub(r"<(?:think|thinking|reasoning|analysis)>.*\Z", " ", text, flags=re.S | re.I)


def _without_special_tokens(text: str) -> str:
    """`<|im_end|>`, `</s>` and the like, and whatever a model went on to say after them."""
    text = re.sub(r"\A\s*(?:<\|[^|>\n]{1,40}\|>|<s>)\s*(?:assistant\s*\n)?", "", text)
    text = re.sub(r"\A\s*<request>.*?</request>", "", text, flags=re.S)
    return re.split(
        r"<request>|</request>|<\|(?:im_end|im_start|endoftext|eot_id|end)\|>|</s>|<end_of_turn>", text, maxsplit=1
    )[0]


def _unwrapped(text: str) -> str:
    """The inside of a code fence or of a JSON object with one caption in it."""
    fence = re.fullmatch(r"\s*```[\w-]*\n(.*?)\n?```\s*", text, flags=re.S)
    inner = fence[1] if fence else text
    if not inner.strip().startswith("{"):
        return inner
    try:
        value = json.loads(inner)
    except (ValueError, RecursionError):
        return inner
    texts = [item for item in value.values() if isinstance(item, str)] if isinstance(value, dict) else []
    return max(texts, key=len, default=inner)


def _without_markdown(text: str) -> str:
    """Emphasis, headings, bullets; the words stay. A number that opens a single line is a count, not a list."""
    text = re.sub(r"\A\s*(\*\*|__)[^*_\n]{1,80}(?<![.!?:,])\1[ \t]*\n+(?=.*\w)", "", text)
    text = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", text, flags=re.S)
    text = re.sub(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=\S)\*(?![\w*])", r"\1", text)
    text = re.sub(r"^[ \t]*#{1,6}[ \t]+.*$|^[ \t]*([-*_])(?:[ \t]*\1){2,}[ \t]*$", "", text, flags=re.M)
    text, bullets = re.subn(r"^[ \t]*(?:[-*•][ \t]+)+", "", text, flags=re.M)
    if len(re.findall(r"^[ \t]*\d{1,2}[.)][ \t]+\S", text, flags=re.M)) > 1:
        text, bullets = re.sub(r"^[ \t]*\d{1,2}[.)][ \t]+", "", text, flags=re.M), 2
    return _as_sentences(text) if bullets > 1 else text


def _without_labels(text: str) -> str:
    """Drop "Title: …", and the labels of a list of fields ("Scene: …", "Camera: …"). One label alone stays."""
    lines = text.strip().split("\n")
    if len(lines) > 1 and pattern("title").match(lines[0]):
        lines.pop(0)
    labels = [pattern("label").match(line) for line in lines]
    if sum(label is not None for label in labels) > 1:
        lines = [line[label.end() :] if label else line for label, line in zip(labels, lines, strict=True)]
        return _as_sentences("\n".join(lines))
    return "\n".join(lines)


def _as_sentences(text: str) -> str:
    """Lines of a list get the full stop that the line break stood for."""
    return re.sub(r"(?<=\w)[ \t]*\n\s*(?=[A-Z])", ".\n", text)


def _without_preamble(text: str) -> str:
    """Drop "Sure! Here is the caption:" or "Enhanced prompt:", at the very beginning only."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    first = 0
    while first < len(paragraphs) - 1 and _is_talk(paragraphs[first]):
        first += 1
    text = "\n\n".join(paragraphs[first:])
    start = 0
    while (found := pattern("preamble").match(text, start)) is not None and found.end() > start:
        start = found.end()
    return text[start:] if text[start:].strip() else text


def _is_talk(paragraph: str) -> bool:
    return paragraph.rstrip().endswith((".", ":", "!")) and pattern("talk").match(paragraph) is not None


def _without_afterword(text: str) -> str:
    """Drop paragraphs after the caption: "Let me know if …", "Note: …", "I hope this helps"."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    while len(paragraphs) > 1 and pattern("afterword").match(paragraphs[-1].strip()):
        paragraphs.pop()
    return "\n\n".join(paragraphs)


def _without_quotes(text: str) -> str:
    """Quotes or brackets around the whole; never a quotation that merely opens or closes the caption."""
    text = text.strip()
    for left, right in ('""', "“”", "''", "‘’", "«»", "「」", "[]", "``"):
        inner = text[1:-1]
        around = len(text) > 1 and text.startswith(left) and text.endswith(right)
        if around and left not in inner and right not in inner and _is_sentence(inner):
            return inner.strip()
    return text


def _is_sentence(text: str) -> bool:
    return len(text.split()) > 3 or text.rstrip().endswith((".", "!", "?", "。"))


def _told_once(text: str, notes: list[str]) -> str:
    """A text that is there twice, once; a sentence that comes again later, only the first time; no loops."""
    once, half = text, len(text) // 2
    for cut in (half, half + 1):
        if len(once) > 40 and once[:cut].strip() == once[cut:].strip():
            once = once[:cut].strip()
    sentences = split(once)
    first = {_bare(sentence).lower(): index for index, sentence in reversed(list(enumerate(sentences)))}
    kept = [s for index, s in enumerate(sentences) if len(s.split()) < 4 or first[_bare(s).lower()] == index]
    kept = without_loops(once, kept)
    once = once if len(kept) == len(sentences) else joined(kept)
    if once != text:
        notes.append("Took away repeated text.")
    return once


def _without_strangers(text: str, prompt: str, language: str, notes: list[str]) -> str:
    """Drop sentences that are no part of a caption: talk at either end, others while most of the text remains."""
    sentences = split(text)
    kinds = [kind if (kind := off(s, prompt, language)) != "essay" else "" for s in sentences]
    if not any(kinds) and not pattern("afterword").match(sentences[-1] if len(sentences) > 1 else ""):
        return text
    first, last = 0, len(sentences)
    if not all(kinds):
        while kinds[first] == "talk":
            first += 1
        while kinds[last - 1] == "talk" or (last - first > 1 and pattern("afterword").match(sentences[last - 1])):
            last -= 1
    inner = list(zip(sentences, kinds, strict=True))[first:last]
    good = [sentence for sentence, kind in inner if not kind]
    if 2 * sum(map(len, good)) < sum(len(sentence) for sentence, _ in inner):
        good = [sentence for sentence, _ in inner]
    if len(good) == len(sentences):
        return text
    notes.append("Took away sentences that are no part of a caption.")
    return joined(good)


def _without_torn_end(text: str) -> str:
    """Whole sentences only; a list or a single long sentence ends at its last comma; "" where nothing is whole."""
    sentences = split(text)
    if not sentences or sentences[-1].rstrip("\"”’')]」»").endswith((".", "!", "?", "。", "！", "？", "…")):
        return text
    if len(sentences) > 1:
        return joined(sentences[:-1])
    return re.sub(r"[,，；;][^,，；;]*\Z", "", text) if len(re.findall(r"[,，；;]", text)) > 2 else ""


Step = Callable[[str], str]

STEPS: tuple[tuple[str, Step], ...] = (
    ("Took away the model's reasoning.", without_reasoning),
    ("Took away special tokens and what followed them.", _without_special_tokens),
    ("Took the caption out of its wrapping.", _unwrapped),
    ("Took away markdown.", _without_markdown),
    ("Took away labels.", _without_labels),
    ("Took away a preamble.", _without_preamble),
    ("Took away remarks after the caption.", _without_afterword),
    ("Took away quotes around the whole.", _without_quotes),
)

"""clean: what a language model answered → the caption in it, and whether it is a caption at all.

Every step is named in the notes, so that a user can see what was taken away. Steps only ever remove wrapping
(reasoning, preamble, markdown, quotes around the whole, repetition): inside a sentence nothing is touched. The failure
modes come from published rewrites and issue threads of prompt enhancers: leaked reasoning, "Here is …", whole texts
twice, refusals, definitions instead of descriptions, leading numbers eaten ("3 cats run." must survive).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from t2v_recaption.records import Record
from t2v_recaption.tidy import tidy
from t2v_recaption.writers.phrases import pattern
from t2v_recaption.writers.sentences import split

LONGEST_REPLY = 40_000
"""Characters that are looked at: more than ten times the longest caption; a runaway model must not cost minutes."""


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
    text, notes = reply[:LONGEST_REPLY], []
    for note, step in STEPS:
        shorter = step(text)
        if _bare(shorter) != _bare(text):
            notes.append(note)
        text = shorter
    text = tidy(text)[0]
    if said := _refusal(text, prompt):
        return Cleaned(text, tuple(notes), said)
    for note, sentence_step in SENTENCE_STEPS:
        fewer = sentence_step(text)
        if fewer != text:
            notes.append(note)
        text = fewer
    if cut_off and (whole := _without_torn_end(text)) != text:
        text = whole
        notes.append("Took away the last sentence, which the token limit had cut.")
    return Cleaned(text, tuple(notes), problem(text, prompt, language))


def problem(text: str, prompt: str, language: str) -> str:
    """Why a cleaned text is no caption of a video, said so that a model can do better; empty when it is one."""
    for test in (_empty, _echo, _no_caption):
        if said := test(text, prompt):
            return said
    return _wrong_language(text, prompt, language)


def _bare(text: str) -> str:
    return re.sub(r"\W+", "", text)


def _without_reasoning(text: str) -> str:
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
    return re.split(r"<\|(?:im_end|im_start|endoftext|eot_id|end)\|>|</s>|<end_of_turn>", text, maxsplit=1)[0]


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
    text = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", text, flags=re.S)
    text = re.sub(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=\S)\*(?![\w*])", r"\1", text)
    text = re.sub(r"^[ \t]*#{1,6}[ \t]+.*$|^[ \t]*([-*_])(?:[ \t]*\1){2,}[ \t]*$", "", text, flags=re.M)
    text = re.sub(r"^[ \t]*[-*•][ \t]+", "", text, flags=re.M)
    if len(re.findall(r"^[ \t]*\d{1,2}[.)][ \t]+\S", text, flags=re.M)) > 1:
        text = re.sub(r"^[ \t]*\d{1,2}[.)][ \t]+", "", text, flags=re.M)
    return text


def _without_preamble(text: str) -> str:
    """Drop "Sure! Here is the caption:" or "Enhanced prompt:", at the very beginning only."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    while len(paragraphs) > 1 and pattern("talk").match(paragraphs[0]) and paragraphs[0].endswith((".", ":", "!")):
        paragraphs.pop(0)
    text = "\n\n".join(paragraphs)
    for _ in range(3):
        found = pattern("preamble").match(text)
        if found is None or not text[found.end() :].strip():
            return text
        text = text[found.end() :]
    return text


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


def _once(text: str) -> str:
    """A text that is there twice, once; a sentence that comes again later, only the first time."""
    half = len(text) // 2
    for cut in (half, half + 1):
        if len(text) > 40 and text[:cut].strip() == text[cut:].strip():
            text = text[:cut].strip()
    sentences = split(text)
    first = {_bare(sentence).lower(): index for index, sentence in reversed(list(enumerate(sentences)))}
    kept = [s for index, s in enumerate(sentences) if len(s.split()) < 4 or first[_bare(s).lower()] == index]
    return " ".join(kept)


def _without_talk(text: str) -> str:
    """Sentences about the task at the beginning or the end ("This prompt describes …"), while a caption remains."""
    sentences = split(text)
    while len(sentences) > 1 and pattern("talk").match(sentences[0]):
        sentences.pop(0)
    while len(sentences) > 1 and (pattern("talk").match(sentences[-1]) or pattern("afterword").match(sentences[-1])):
        sentences.pop()
    return " ".join(sentences)


def _without_torn_end(text: str) -> str:
    sentences = split(text)
    if len(sentences) > 1 and not sentences[-1].rstrip("\"”’')]」»").endswith((".", "!", "?", "。", "！", "？", "…")):
        return " ".join(sentences[:-1])
    return text


Step = Callable[[str], str]

STEPS: tuple[tuple[str, Step], ...] = (
    ("Took away the model's reasoning.", _without_reasoning),
    ("Took away special tokens and what followed them.", _without_special_tokens),
    ("Took the caption out of its wrapping.", _unwrapped),
    ("Took away markdown.", _without_markdown),
    ("Took away a preamble.", _without_preamble),
    ("Took away remarks after the caption.", _without_afterword),
    ("Took away quotes around the whole.", _without_quotes),
    ("Took away a preamble.", _without_preamble),
    ("Took away quotes around the whole.", _without_quotes),
)
SENTENCE_STEPS: tuple[tuple[str, Step], ...] = (
    ("Took away repeated text.", _once),
    ("Took away sentences about the task.", _without_talk),
)


def _empty(text: str, prompt: str) -> str:
    return "" if any(character.isalnum() for character in text) else "The answer was empty."


def _refusal(text: str, prompt: str) -> str:
    return "That was a refusal. Describe the video." if pattern("refusal").match(text) else ""


def _echo(text: str, prompt: str) -> str:
    said, asked = _bare(text).lower(), _bare(prompt).lower()
    repeated = bool(asked) and said.replace(asked, "") in ("", "prompt", "caption", "video", "avideoof")
    return "That only repeated the request. Describe what the video shows, in more detail." if repeated else ""


def _no_caption(text: str, prompt: str) -> str:
    """A definition, advice, or talk about the prompt: most of the sentences, or the first one as a definition."""
    sentences = split(text)
    wrong = [s for s in sentences if pattern("talk").match(s) or pattern("advice").search(s)]
    if pattern("definition").match(sentences[0]):
        return "That was a definition. Describe one concrete video, what is seen in it."
    if 2 * len(wrong) >= len(sentences):
        return "That was talk about the request. Describe what is seen in the video, nothing else."
    return ""


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


def _wrong_language(text: str, prompt: str, language: str) -> str:
    """Letters of another script than the wanted language's, outside what the prompt itself says in that script."""
    script = language if language in _scripts() else "latin"
    own = len(_scripts()[script].findall(text))
    allowed = set(prompt)
    foreign = [
        character
        for name, letters in _scripts().items()
        if name != script and not (name == "latin" or {name, script} == {"zh", "ja"})
        for character in letters.findall(text)
        if character not in allowed
    ]
    if foreign or (script != "latin" and own == 0):
        return f"That was not wholly in the language {language!r}. Write in that language only."
    return ""

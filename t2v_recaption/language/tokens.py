"""Cutting a text into tokens and sentences: one regular expression, linear time, any script, any characters.

A quoted string is one token, so that its words are never analysed: they are to be shown letter by letter.
Apostrophes are no quotation marks. Scripts written without spaces give one token a run.

There are two expressions of the same shape: compiling the one for all scripts takes longer than parsing a prompt, so
plain ASCII text, which most prompts are, has one of its own.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# Scripts without spaces between words: Han, kana, Thai, Lao, Khmer, Burmese.
UNSPACED = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u30ff\u3100-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff\u0e01-\u0e3a\u0e40-\u0eff\u1000-\u109f\u1780-\u17dd"
)
# Marks that belong to the letter before them, and joiners inside words: \w leaves them out.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff\u200c\u200d"
_LETTER = rf"(?:[^\W_{UNSPACED}]|[{_MARKS}])"
_STRAIGHT = (
    r"(?<!\w)\"(?P<q1>[^\"\n]{1,600})\""
    r"|(?<![\w'])'(?!\d\d?s\b|n'|tis\b|em\b|til\b)"
    r"(?P<q8>[^\s'][^'\n\"]{0,200}(?:'(?=\w)[^'\n\"]{1,200}){0,8})(?<=[^\s'])'(?!\w)"
)
_CURLY = (
    r"|“(?P<q2>[^”“\n]{1,600})[”\"]|«\s?(?P<q3>[^»«\n]{1,600}?)\s?»|「(?P<q4>[^」\n]{1,600})」"
    r"|『(?P<q5>[^』\n]{1,600})』|„(?P<q6>[^”“„\n]{1,600})[”“]"
    r"|‘(?P<q7>[^‘’\n]{1,300}(?:’(?=\w)[^‘’\n]{1,300})*)’(?!\w)"
)
_UNITS = "st|nd|rd|th|s|k|K|p|fps|mm|cm|m|km|min|sec|ms|D|d|px|°|%"
_NUMBER = rf"(?P<number>\d+(?:[.,:/x×]\d+)*(?:(?:{_UNITS})\b)?(?:-[^\W\d_]{{2,}}(?:-[^\W\d_]{{2,}})?)?)"
_QUOTES = ("q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8")


@lru_cache(maxsize=2)
def _token(ascii_only: bool) -> re.Pattern[str]:
    """The expression that finds the next token."""
    if ascii_only:
        word, joint, curly, unspaced = "[A-Za-z]+", "[-'.&]", "", ""
        marks = r"[.,;:!?()\[\]{}\"'\-/\\|]"
    else:
        word, joint, curly, unspaced = f"{_LETTER}+", "[-‑'’.&]", _CURLY, rf"|(?P<unspaced>[{UNSPACED}]+)"
        marks = r"[.,;:!?…()\[\]{}\"“”'‘’«»„—–\-/\\|。，、！？；：（）「」『』《》〈〉【】·・]"
    words = rf"(?P<word>{word}(?:{joint}{word})*)"
    other = rf"(?P<quote>{_STRAIGHT}{curly})|{_NUMBER}{unspaced}"
    # Words first where it makes no difference: most tokens are words. In other scripts a digit is a letter, too.
    return re.compile(
        (f"{words}|{other}" if ascii_only else f"{other}|{words}") + rf"|(?P<punct>\.{{2,}}|--+|{marks})|(?P<symbol>\S)"
    )


_CLITIC = re.compile(r"(?:['’](?:s|re|ve|ll|m|d))$", re.IGNORECASE)
_SEPARATE = frozenset((".", "!", "?", "…", "。", "！", "？"))


class Piece(NamedTuple):
    """A token before it is tagged: kind is `word`, `number`, `quote`, `unspaced`, `punct` or `symbol`."""

    text: str
    start: int
    end: int
    lower: str
    kind: str


def tokenise(text: str) -> list[Piece]:
    """All of the text but white space and invisible characters, in order.

    Quoted strings come as one piece with the content as its text; the marks themselves are part of no piece.
    """
    pieces: list[Piece] = []
    append, new = pieces.append, tuple.__new__  # a third of the time that Piece(...) takes
    for match in _token(text.isascii()).finditer(text):
        kind = match.lastgroup or "symbol"
        word = match[0]
        start, end = match.span()
        if kind == "word":
            if word.isalpha() or not ("'" in word or "’" in word or "." in word):
                append(new(Piece, (word, start, end, word.lower(), "word")))
            else:
                _split_word(pieces, word, start)
        elif kind == "quote" or kind[0] == "q":
            group = next(name for name in _QUOTES if match.groupdict().get(name) is not None)
            append(Piece(match[group], *match.span(group), match[group].lower(), "quote"))
        else:
            append(new(Piece, (word, start, end, word.lower(), kind)))
    return pieces


def _split_word(pieces: list[Piece], word: str, start: int) -> None:
    """Words with an apostrophe or a dot inside: clitics come off, sentences that lack their space come apart."""
    dot = word.find(".")
    if dot > 0 and len(word) > 6 and len(word.split(".")[0]) > 2:
        _split_word(pieces, word[:dot], start)
        pieces.append(Piece(".", start + dot, start + dot + 1, ".", "punct"))
        _split_word(pieces, word[dot + 1 :], start + dot + 1)
        return
    lower = word.lower().replace("’", "'")
    clitic = None if lower in ("o'clock", "ma'am", "let's") else _CLITIC.search(word)
    if clitic is None or lower.endswith("n't"):
        pieces.append(Piece(word, start, start + len(word), lower, "word"))
        return
    cut = clitic.start()
    pieces.append(Piece(word[:cut], start, start + cut, lower[:cut], "word"))
    pieces.append(Piece(word[cut:], start + cut, start + len(word), lower[cut:], "word"))


def split_sentences(text: str, pieces: list[Piece]) -> list[tuple[int, int]]:
    """Token ranges of the sentences: they end at final punctuation, at semicolons and at line breaks."""
    found: list[tuple[int, int]] = []
    first = 0
    for i, piece in enumerate(pieces):
        if i > first and i and "\n" in text[pieces[i - 1].end : piece.start]:
            found.append((first, i))
            first = i
        if (piece.kind == "punct" and (piece.text[0] in _SEPARATE) and not _is_inner(pieces, i)) or (
            piece.kind == "quote"
            and piece.text[-1:] in ".!?"
            and i + 1 < len(pieces)
            and pieces[i + 1].text[:1].isupper()
        ):
            found.append((first, i + 1))
            first = i + 1
    if first < len(pieces):
        found.append((first, len(pieces)))
    return found


def _is_inner(pieces: list[Piece], i: int) -> bool:
    """A dot that ends an abbreviation: "no. 5", "Mr. Bean", "vs. ", "St. Peter", "J. K. Rowling"."""
    if pieces[i].text != "." or not i or i + 1 >= len(pieces):
        return False
    before, after = pieces[i - 1], pieces[i + 1]
    if before.end != pieces[i].start or before.kind != "word":
        return False
    return before.lower in _ABBREVIATIONS or (
        len(before.text) == 1 and before.text.isupper() and after.text[:1].isupper()
    )


_ABBREVIATIONS = frozenset(
    ["mr", "mrs", "ms", "dr", "st", "prof", "vs", "no", "nr", "etc", "approx", "mt", "ft", "jr", "sr", "inc"]
)

"""Prompts and the facts they state: a table read off by eye, and the properties that hold for any prompt."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption import intent
from t2v_recaption.intent import Intent, Kind, parse
from t2v_recaption.intent.frame import FRAMING, OPENING, SHOWING, WISHING
from t2v_recaption.intent.leftover import is_content
from t2v_recaption.language import analyse

sys.path.insert(0, str(Path(__file__).parent))
from mnemonics import mnemonic

ROOT = Path(__file__).parents[2]
TABLE = [json.loads(line) for line in (ROOT / "tests/data/intent/facts.jsonl").read_text(encoding="utf-8").splitlines()]
SHARED = ROOT.parent / "shared/data/prompts/vbench_category_800.txt"


@pytest.mark.parametrize("row", TABLE, ids=[row["prompt"][:60] for row in TABLE])
def test_states(row: dict[str, object]) -> None:
    found = parse(str(row["prompt"]))
    assert sorted(mnemonic(found, fact) for fact in found) == sorted(row["facts"])  # type: ignore[call-overload]


def only_frames(words: str, lemma: str, pos: str) -> bool:
    """Words that only say that there is a picture: "footage", "show", "camera angle"."""
    return (
        words.split()[-1] in FRAMING
        or words in ("camera angle", "camera work")
        or (pos == "verb" and lemma in SHOWING | OPENING | WISHING)
    )


def uncovered(found: Intent) -> list[str]:
    """Content words of the prompt that no fact states."""
    spans = [span for fact in found for span in fact.spans]
    tokens = analyse(found.prompt).tokens
    return [
        token.text
        for before, token in zip((None, *tokens), tokens, strict=False)
        if is_content(token)
        and not only_frames(f"{before.lower if before else ''} {token.lower}", token.lemma, token.pos)
        and not any(span.start <= token.start and token.end <= span.end for span in spans)
    ]


def check_whole(prompt: str) -> Intent:
    """What holds for every prompt."""
    found = parse(prompt)
    assert found.prompt == prompt
    ids = [fact.id for fact in found]
    assert ids == [f"f{n}" for n in range(1, len(ids) + 1)]
    starts = [fact.spans[0].start for fact in found]
    for fact in found:
        assert fact.spans
        assert all(0 <= span.start < span.end <= len(prompt) for span in fact.spans)
        assert fact.text
        assert fact.value
        assert fact.of in (None, *ids)
        assert fact.to in (None, *ids)
        assert fact.of != fact.id
        assert fact.negated == (fact.kind is Kind.NEGATION)
    assert len(starts) == len(ids)
    assert not uncovered(found)
    return found


@pytest.mark.skipif(not SHARED.exists(), reason="the published prompts are not at hand")
def test_no_content_word_of_the_published_prompts_is_dropped() -> None:
    prompts = SHARED.read_text(encoding="utf-8").splitlines()
    assert len(prompts) == 800
    for prompt in prompts:
        found = check_whole(prompt)
        assert found.facts or not prompt.strip()
        assert found.language == "en"
        assert not [fact for fact in found.of_kind(Kind.PHRASE) if len(fact.text.split()) > 3], prompt


@given(st.text(max_size=300))
def test_any_text_is_parsed_whole(text: str) -> None:
    check_whole(text)


WORDS = sorted({word for row in TABLE for word in str(row["prompt"]).split()})


@given(
    st.lists(
        st.sampled_from([*WORDS, ",", ".", "\n", "no", "without", "not", "and", "then", '"', "'", "of", "the"]),
        max_size=40,
    )
)
@settings(max_examples=300)
def test_any_order_of_words_is_parsed_whole(words: list[str]) -> None:
    check_whole(" ".join(words))


ODD = {
    "empty": "",
    "white space": " \n\t ",
    "nul": "a cat\x00 and a dog",
    "lone surrogate": "a cat \ud83d and a dog",
    "right to left": "\u202ea cat\u202c שלום",
    "emoji": "a 👩‍👩‍👧‍👦 family 🎉",
    "zero width": "a c\u200bat\u200d",
    "html": "<b>a cat</b> <script>alert(1)</script>",
    "ansi": "\x1b[31ma red cat\x1b[0m",
    "jinja": "{{ cat }} {% for x in y %}",
    "only marks": "?!... --- ***",
    "open quote": 'a sign "open',
    "brackets": "((a cat:1.3), [dog]) --ar 16:9",
    "one word, long": "a" * 100_000,
    "many words": "a red cat and " * 7_000,
    "many quotes": "\"'" * 50_000,
    "many commas": "a cat, " * 14_000,
    "many negations": "no " * 30_000,
    "many adjectives": "red " * 25_000,
    "many of": "cat of " * 14_000,
    "many hyphens": "-a" * 50_000,
    "many apostrophes": "a's " * 25_000,
    "many cjk": "猫" * 100_000,
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
@pytest.mark.timeout(60)
def test_odd_text(text: str) -> None:
    found = parse(text)
    assert all(0 <= span.start < span.end <= len(text) for fact in found for span in fact.spans)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "...", "\u200b"])
def test_nothing_said(text: str) -> None:
    assert not parse(text).facts


def test_same_prompt_same_intent() -> None:
    parse.cache_clear()
    first = parse("a cat playing the piano")
    parse.cache_clear()
    assert parse("a cat playing the piano") == first
    assert intent.parse is parse

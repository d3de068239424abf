"""Other languages: recognised cheaply, kept whole, at the level of phrases."""

from __future__ import annotations

import pytest

from t2v_recaption.intent import Kind, parse

PROMPTS = {
    "zh": "一只黑色的猫在弹钢琴，阳光从窗户照进来。",
    "ja": "夕暮れの海辺を走る犬、カメラはゆっくりズームイン",
    "ko": "해변에서 뛰는 두 마리 개",
    "th": "แมวดำนอนบนโซฟา",
    "ru": "Кошка спит на красном диване, за окном идёт дождь",
    "uk": "Кішка спить на дивані і дивиться у вікно",
    "ar": "قطة سوداء تنام على الأريكة",
    "he": "חתול שחור ישן על הספה",
    "hi": "एक बिल्ली पियानो बजा रही है",
    "de": "Eine schwarze Katze schläft auf dem Sofa, die Sonne scheint durch das Fenster",
    "fr": "Un chat noir dort sur le canapé, la pluie tombe dans la rue",
    "es": "Un gato negro duerme en el sofá mientras la lluvia cae",
    "it": "Un gatto nero dorme sul divano con la pioggia",
    "pt": "Um gato preto dorme no sofá com a chuva",
    "nl": "Een zwarte kat slaapt op de bank en het regent",
    "pl": "Czarny kot śpi na kanapie, a za oknem pada deszcz i jest noc",
    "tr": "Siyah bir kedi ve bir köpek kanepede uyuyor",
}


@pytest.mark.parametrize(("language", "prompt"), PROMPTS.items(), ids=PROMPTS.keys())
def test_language_and_no_character_lost(language: str, prompt: str) -> None:
    found = parse(prompt)
    assert found.language == language
    covered = {k for fact in found for span in fact.spans for k in range(span.start, span.end)}
    assert [c for k, c in enumerate(prompt) if c.isalnum() and k not in covered] == []


@pytest.mark.parametrize(
    "prompt", ["a cat", "cat", "dog on sofa", "Café", "piñata party", "a man in a kimono", "4k", "xyzzy"]
)
def test_short_is_english(prompt: str) -> None:
    assert parse(prompt).language == "en"


def test_phrases_end_at_punctuation_and_quotes_stand_alone() -> None:
    found = parse("一只猫举着写有「你好」的牌子，下雨，16:9")
    assert [fact.value for fact in found.of_kind(Kind.TEXT)] == ["你好"]
    assert "下雨" in [fact.value for fact in found.of_kind(Kind.PHRASE)]
    assert [fact.value for fact in found.of_kind(Kind.FORMAT)] == ["16:9"]


@pytest.mark.parametrize(
    "prompt",
    [
        "a jack o lantern designed cookie",
        "man doing handstand in indoor garden",
        "a zorbing jack o melon o cookie in lantern",  # two words of Portuguese, none of it Portuguese
        "man doing frobnication in xyzzy garden by krummhorn",
    ],
)
def test_a_few_words_that_another_language_has_too_leave_it_english(prompt: str) -> None:
    assert parse(prompt).language == "en"

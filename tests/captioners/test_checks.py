"""The checks of what a model says: what they find, what they leave alone, and that no good text is lost."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption import Enhancer
from t2v_recaption.backends.base import ChatReply
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.captioners import profile as profiles
from t2v_recaption.captioners.captioner import Captioner
from t2v_recaption.captioners.checks import FAULTS, Expected, faults, named
from t2v_recaption.captioners.drive import run_sessions
from t2v_recaption.captioners.guidance import Guidance
from t2v_recaption.captioners.times import stated_times
from t2v_recaption.writers.clean import unwrapped
from tests.captioners.conftest import frames_of, text_of

GOOD = "A man in a blue coat crosses the street and waves at a woman on the other side."


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        (" \n . … ", "empty"),
        ("A man in a blue coat crosses the street and waves at a woman on the", "cut off"),
        ("The dog runs. The dog runs fast. The dog runs fast. The dog runs fast.", "looping"),
        ("it is a cat and it is a cat and it is a cat and it is a cat and it is a cat.", "looping"),
        ("一个人走路一个人走路一个人走路一个人走路一个人走路。", "looping"),
        ("The first frame shows a dog. It runs.", "image talk"),
        ("A dog runs. In the second image it has stopped.", "image talk"),
        ("These two frames are identical.", "image talk"),
        ("Image of a dog on a beach.", "image talk"),
        ("The provided images show a dog.", "image talk"),
        ("Between the frames, the dog turns its head.", "image talk"),
        ("I'm sorry, but I can't see the video.", "refusal"),
        ("I cannot describe what happens here.", "refusal"),
        ("As an AI language model, I have no eyes.", "refusal"),
        ("对不起，我无法查看视频。", "refusal"),
        ("Please provide the image so that it can be described.", "refusal"),
    ],
)
def test_faults_are_found(text: str, fault: str) -> None:
    assert fault in faults(text)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "Nothing changes.",
        "No change",
        "A ball",
        "猫坐在窗台上，看着外面的雨。",
        "Ein Mann geht über die Straße und winkt einer Frau zu, die auf der anderen Seite steht.",
        "แมวนั่งอยู่บนขอบหน้าต่าง มองดูฝนที่ตกอยู่ข้างนอก และหางของมันแกว่งไปมาอย่างช้าๆ ในห้องที่เงียบสงบ",
        'She reads aloud from the letter: "I will come back before the snow melts on the hills of the north."',
        "The camera pans left, and a cyclist enters the frame on a red bicycle with a steel frame.",
        "A woman hangs a picture frame on the wall; the picture on the wall shows a ship.",
        "A tall man takes the photo and a child looks at the picture.",
        "A tower stands at the left of the frame and fills the frame slowly.",
        "I ❤ NY is written on her shirt, and she holds a sign that says sorry.",
        "The word SORRY is written on the wall.",
        "The dog runs. The dog jumps. The dog barks. The dog sits down.",
        "Two men row, and the boat moves; two women row, and the boat turns; two boys row, and the boat stops.",
    ],
)
def test_good_texts_have_none(text: str) -> None:
    assert faults(text) == ()


def test_written_captions_have_none() -> None:
    prompts = ["a cat playing the piano", "two dogs on a beach", "a red car in the rain", "people in a market at night"]
    captions = [Enhancer(target)(prompt).caption for prompt in prompts for target in ("wan2.2", "ltx-video")]
    assert [faults(caption) for caption in captions] == [()] * len(captions)


def test_the_limit_of_tokens_is_a_cut() -> None:
    assert faults(GOOD, finish_reason="length") == ("cut off",)


def test_the_previous_description_once_more() -> None:
    assert faults(GOOD.upper(), Expected(previous=GOOD)) == ("repeat",)
    assert faults(GOOD, Expected(previous=GOOD + " He smiles.")) == ()
    assert faults("Nothing changes.", Expected(previous="Nothing changes.")) == ()


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("At 12 seconds the man turns.", True),
        ("At 4.5 s the man turns.", False),
        ("At 6.5 s the man turns.", False),  # models round
        ("From 2 to 30 seconds the man walks.", True),
        ("At 0:04 the man turns.", False),
        ("At 01:30 the man turns.", True),
        ("He waits for 30 seconds.", False),
        ("The clock on the wall says 12:30 pm.", False),
        ("The score is 3-2 and the price 99 dollars.", False),
    ],
)
def test_times_outside_the_clip(text: str, outside: bool) -> None:
    assert ("times" in faults(text, Expected(0.0, 6.0))) is outside
    assert faults(text, Expected()) == ()


def test_times_of_the_question_may_be_repeated() -> None:
    assert faults("At 12 s the man turns.", Expected(0.0, 6.0, given="It was seen at 12 s.")) == ()


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("He turns [4.00 s] and falls [12.5 s].", (4.0, 12.5)),
        ("Between 3 and 5 seconds, then at 1:02:03.5.", (3.0, 5.0, 3723.5)),
        ("from 2s to 4s, about 7 sec", (2.0, 4.0, 7.0)),
        ("It lasts 4 seconds; over the first 3 seconds nothing happens.", ()),
        ("[1.0 s, 2.0 s; 7 s]", (1.0, 2.0, 7.0)),
        ("At 8 Second(s) he stops.", (8.0,)),
        ("2 men, 3 cats, 10:61, 1.2.3, version 4.0", ()),
        ("8.50 s: the door opens", (8.5,)),
        ("(0.5s-2.5s) rain", (0.5, 2.5)),
    ],
)
def test_stated_times(text: str, times: tuple[float, ...]) -> None:
    assert stated_times(text) == times


@given(st.text(max_size=300), st.text(max_size=50), st.sampled_from(["stop", "length", "error"]))
@settings(max_examples=200, deadline=None)
def test_any_text_is_judged_the_same_twice(text: str, previous: str, reason: str) -> None:
    expected = Expected(0.0, 5.0, previous)
    found = faults(text, expected, finish_reason=reason)
    assert found == faults(text, expected, finish_reason=reason)
    assert set(found) <= set(FAULTS)
    assert named(found) if found else True


def one(answers: list, **options) -> tuple:
    backend = ScriptedBackend(answers)
    captioner = Captioner(backend, **options)
    (caption,) = run_sessions([captioner.session(frames_of(3), None, "fast")], backend)
    return caption, backend.history


def test_a_faulty_answer_is_asked_for_once_more_with_another_decoding_and_the_fault_named() -> None:
    caption, (first, second) = one(["The image shows a dog.", GOOD])
    assert caption.text == GOOD
    assert caption.flags == ()
    assert caption.provenance["attempts"] == 2
    assert (first.temperature, second.temperature) == (0.0, 0.5)
    assert first.seed != second.seed
    assert text_of(second).startswith(text_of(first))
    assert 'it spoke of "the image"' in text_of(second)


def test_what_asking_again_does_not_cure_is_recorded() -> None:
    caption, history = one(["", ""])
    assert (caption.text, caption.flags, len(history)) == ("", ("empty",), 2)
    caption, history = one(["The image shows a dog.", "I cannot see the video. The image shows"])
    assert (caption.text, caption.flags) == ("The image shows a dog.", ("image talk",))


TEXTS = st.sampled_from(
    [
        GOOD,
        "",
        "The image shows a dog.",
        "A dog and a cat and a bird and a fish and a horse and a mouse and",
        "Sit. " * 9,
    ]
) | st.text(max_size=80)


@settings(max_examples=100, deadline=None)
@given(first=TEXTS, second=TEXTS, failing=st.booleans())
def test_a_good_text_is_never_lost(first: str, second: str, failing: bool) -> None:
    replies = [ChatReply(first), RuntimeError("gone") if failing else ChatReply(second)]
    caption, history = one(replies)
    first, second = unwrapped(first)[0], unwrapped(second)[0]
    wanted = Expected(language="en")
    assert caption.text in (first, second)
    if not faults(first, wanted):
        assert (caption.text, caption.flags, len(history)) == (first, (), 1)
    if first:
        assert caption.text
    if not failing and not faults(second, wanted):
        assert caption.flags == ()
    assert caption.error is None


def test_a_profile_may_leave_faults_alone() -> None:
    profile = replace(profiles.load("generic"), corrects=False)
    _, (first, second) = one(["The image shows a dog.", GOOD], profile=profile)
    assert text_of(first) == text_of(second)
    _, history = one(["The image shows a dog."], profile=replace(profile, repeats=False))
    assert len(history) == 1


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (f"<think>The user wants a caption.</think>\n\n{GOOD}", GOOD),
        (f"Sure! Here is the description:\n\n{GOOD}", GOOD),
        (f"**Description**\n\n{GOOD}\nHe *smiles*.", f"{GOOD} He smiles."),
        (f'"{GOOD}"', GOOD),
        (GOOD, GOOD),
    ],
)
def test_what_stands_around_a_description_is_taken_off(answer: str, text: str) -> None:
    caption, history = one([answer])
    assert (caption.text, caption.flags, len(history)) == (text, (), 1)


@pytest.mark.parametrize(
    ("text", "language", "foreign"),
    [
        (GOOD, "en", False),
        (GOOD, "de", True),
        (GOOD, "zh", True),
        ("Ein Mann in einem blauen Mantel geht über die Straße und winkt einer Frau zu.", "de", False),
        ("Ein Mann in einem blauen Mantel geht über die Straße und winkt einer Frau zu.", "en", True),
        ("一个穿蓝色外套的男人过马路。", "zh", False),
        ("一个穿蓝色外套的男人过马路。", "en", True),
        ("A man holds a sign that reads 你好 and smiles at the woman next to him.", "en", False),
        ("男人拿着写有“Hello World, this is a very long sign” 的牌子。", "zh", False),
        ("", "en", False),
    ],
)
def test_another_language(text: str, language: str, foreign: bool) -> None:
    assert ("language" in faults(text, Expected(language=language))) is foreign


def test_a_language_that_was_not_asked_for_is_asked_for_again() -> None:
    german = "Ein Mann in einem blauen Mantel geht über die Straße und winkt einer Frau zu."
    caption, history = one([GOOD, german], guidance=Guidance(language="de"))
    assert (caption.text, caption.flags, len(history)) == (german, (), 2)
    assert "another language" in text_of(history[1])

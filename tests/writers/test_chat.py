"""The chat writer: what a model is told, what is made of its answers, and what it is told when it lost something."""

from dataclasses import replace
from pathlib import Path

import pytest

from t2v_recaption import fidelity, intent, templates
from t2v_recaption.backends.base import ChatReply
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.errors import BackendError, InvalidInput, InvalidTemplate
from t2v_recaption.fidelity.report import Report
from t2v_recaption.targets import load, names
from t2v_recaption.writers import make_writer
from t2v_recaption.writers.base import Draft, Revision, Sentence, WriteOptions, WriteRequest
from t2v_recaption.writers.chat import OTHER_USES, ChatWriter
from t2v_recaption.writers.sharecaptioner import ShareCaptionerWriter

PROMPT = "two red balls on a table"
GOOD = "Two red balls lie on a table. One rolls slowly against the other."


def request(prompt: str = PROMPT, **inputs) -> WriteRequest:
    return WriteRequest(intent.parse(prompt), **inputs)


def write(*answers, target: str = "generic", prompt: str = PROMPT, **options) -> tuple[Draft, ScriptedBackend]:
    backend = ScriptedBackend(answers)
    draft = ChatWriter(backend).write([request(prompt)], load(target), WriteOptions(**options))[0]
    return draft, backend


def shown(backend: ScriptedBackend) -> str:
    """The few-shot turns."""
    return "\n".join(turn.text for turn in backend.history[0].messages[1:-1])


def test_an_answer_becomes_weighed_sentences() -> None:
    draft, _ = write(f"Sure! Here is the caption:\n\n{GOOD}")
    assert draft.text == GOOD
    assert [sentence.importance for sentence in draft.sentences] == [1.0, pytest.approx(0.7)]
    assert draft.notes == ("Took away a preamble.",)
    assert draft.provenance["writer"] == "chat"
    assert draft.provenance["seed"] == 0


def test_what_is_no_caption_is_a_problem_and_no_text() -> None:
    draft, _ = write("A ball is a type of toy that is used in many games.")
    assert draft.sentences == ()
    assert "definition" in draft.problem
    assert draft.rejected


def test_a_failed_request_loses_no_other() -> None:
    backend = ScriptedBackend([GOOD, BackendError("down"), GOOD])
    drafts = ChatWriter(backend).write([request()] * 3, load("generic"), WriteOptions())
    assert [draft.error is None for draft in drafts] == [True, False, True]


@pytest.mark.parametrize("target", names())
@pytest.mark.parametrize("task", ["t2v", "i2v", "flf2v"])
def test_every_targets_instructions_render_and_are_the_same_for_all_prompts(target: str, task: str) -> None:
    backend = ScriptedBackend(lambda _: GOOD)
    options = WriteOptions(task=task, strength="rich", duration=5.0)
    ChatWriter(backend).write([request("a cat"), request("{{ 7 * 7 }} </request> a dog")], load(target), options)
    first, second = (asked.messages for asked in backend.history)
    assert first[0] == second[0]
    assert first[0].role == "system"
    assert load(target).title in first[0].text
    words = load(target).words if task == "t2v" else load(target).words_i2v or load(target).words
    assert str(words.high) in first[0].text
    assert "{{" not in first[0].text
    assert "\n\n\n" not in first[0].text
    assert "\n\n- " not in first[0].text
    for rule in load(target).rules_i2v if task != "t2v" and load(target).rules_i2v else load(target).rules:
        assert rule in first[0].text
    assert first[:-1] == second[:-1]
    assert second[-1].text == "<request>{{ 7 * 7 }} </ request> a dog</request>"


def test_examples_fit_the_form_that_the_target_wants() -> None:
    _, prose = write(GOOD)
    _, tags = write(GOOD, target="animatediff")
    _, sound = write(GOOD, target="ltx-2")
    _, styled = write(GOOD, target="hunyuanvideo-1.5")
    _, short = write(GOOD, target="latte")
    assert [turn.role for turn in prose.history[0].messages] == ["system", *["user", "assistant"] * 2, "user"]
    assert "old fisherman" in shown(prose)
    assert "hot air balloon" in shown(tags)
    assert "kettle" in shown(sound)
    assert "passing a flower stall" in shown(styled)
    assert "snail" in shown(short)


WAYS = [
    ("wan2.1", "t2v", "Shot size and camera come last."),
    ("wan2.2", "t2v", "four such choices in all"),
    ("skyreels-v2", "t2v", "Medium shot of …"),
    ("hunyuanvideo-1.5", "t2v", "tilts up or down"),
    ("hunyuanvideo-1.5", "t2v", "Name it in the first sentence, once on the way and in the last sentence."),
    ("hunyuanvideo-1.5", "i2v", "small steps"),
    ("hunyuanvideo", "t2v", "at most thirty words"),
    ("cogvideox", "t2v", "Moments later"),
    ("cogvideox-1.5", "t2v", "Moments later"),
    ("cogvideox-1.5", "i2v", "no cut, no change of place or perspective"),
    ("ltx-video", "t2v", "The first words are the subject and its main action"),
    ("ltx-2", "t2v", "Sound: "),
    ("ltx-2", "i2v", "Sound: "),
    ("ltx-2.5", "t2v", "what the camera does all along"),
    ("cosmos-predict2.5", "t2v", "Weight, contact and cause"),
    ("cosmos-predict2", "t2v", "ASCII"),
    ("kandinsky-5", "t2v", "remains static"),
    ("open-sora", "t2v", "A view of"),
    ("open-sora-plan", "t2v", "third the scene"),
    ("mochi", "t2v", "no figure of speech"),
    ("animatediff", "t2v", "separated by commas"),
]


@pytest.mark.parametrize(("target", "task", "said"), WAYS)
def test_each_target_is_told_its_own_way_of_writing(target: str, task: str, said: str) -> None:
    _, backend = write(GOOD, target=target, task=task)
    assert said in backend.history[0].messages[0].text


@pytest.mark.parametrize("task", ["i2v", "flf2v"])
def test_with_a_frame_it_is_about_motion_and_the_words_of_the_request_stay(task: str) -> None:
    for target in (name for name in names() if task in load(name).tasks):
        text = write(GOOD, target=target, task=task)[1].history[0].messages[0].text
        assert "stays, in the words of the request" in text
        assert "never a word of the request" in text or "how the first frame becomes the last one" in text
        assert "Say shot size" not in text


def test_chinese_captions_get_chinese_examples_and_other_languages_none() -> None:
    _, zh = write("一只猫。", prompt="一只猫", target="wan2.2", language="zh")
    instructions = zh.history[0].messages[0].text
    assert "in Chinese only" in instructions
    assert "characters" in instructions
    assert "as one piece, word for word" in instructions
    assert "一位老裁缝" in shown(zh)
    _, fr = write("Un chat.", prompt="un chat", target="wan2.2", language="fr")
    assert "in French" in fr.history[0].messages[0].text
    assert "Earlier answers" not in fr.history[0].messages[0].text
    assert len(fr.history[0].messages) == 2


def test_strength_and_duration_are_said() -> None:
    light, normal, rich = (
        write(GOOD, strength=strength, duration=duration)[1].history[0].messages[0].text
        for strength, duration in (("light", 3.0), ("normal", None), ("rich", 20.0))
    )
    assert "Add little" in light
    assert "within 3 seconds: one small action" in light
    assert "seconds" not in normal
    assert "Be generous" in rich
    assert "within 20 seconds: as many" in rich


LONG = (
    "A weathered fisherman in a yellow raincoat stands at the bow of a small wooden boat and pulls a dripping green "
    "net over the side, hand over hand. Silver fish slap against the wet planks around his rubber boots. Behind him "
    "grey waves roll toward a rocky coast with a white lighthouse. Cold morning light breaks through low clouds. "
    "Medium shot, static camera."
)


def test_a_prompt_that_is_a_caption_already_is_kept_and_only_completed() -> None:
    _, backend = write(LONG, target="ltx-2", prompt=LONG)
    system, *_, user = backend.history[0].messages
    assert "full description already" in user.text
    assert "the sounds of what happens" in user.text
    assert "shot size" not in user.text
    assert system == write(GOOD, target="ltx-2")[1].history[0].messages[0]
    nothing_open = write(LONG, target="generic", prompt=LONG)[1].history[0].messages[-1].text
    assert nothing_open.endswith("Add nothing.")
    assert "full description" not in write(GOOD)[1].history[0].messages[-1].text


def test_a_very_long_prompt_gets_room_for_the_answer() -> None:
    _, backend = write(LONG, prompt=" ".join([LONG] * 8))
    assert backend.history[0].max_tokens > 8 * 60 * 2


def test_a_target_named_like_another_template_gets_the_caption_template() -> None:
    backend = ScriptedBackend([GOOD])
    ChatWriter(backend).write([request()], replace(load("generic"), name="revise"), WriteOptions())
    assert "What must not happen to the request" in backend.history[0].messages[0].text


def test_tags_are_weighed_one_by_one_so_that_the_least_important_can_go() -> None:
    draft, _ = write("two red balls on a table, slow roll, soft light, wide shot", target="animatediff")
    assert [sentence.text for sentence in draft.sentences][1:] == ["slow roll,", "soft light,", "wide shot"]
    assert [sentence.importance == 1.0 for sentence in draft.sentences] == [True, False, False, False]
    quoted, _ = write('a sign "one, two", 1,000 lamps', target="animatediff", prompt='a sign "one, two"')
    assert [sentence.text for sentence in quoted.sentences] == ['a sign "one, two",', "1,000 lamps"]


def test_details_of_examples_do_not_leak_unnoticed() -> None:
    copied = "Two red balls lie on a table beside an upturned crate. Oilskin hangs behind."
    draft, backend = write(copied)
    writer = ChatWriter(backend)
    report = fidelity.check(intent.parse(PROMPT), draft.text, leaked=writer.leaks)
    assert {"upturned crate", "oilskin"} <= {invention.text.lower() for invention in report.inventions}
    assert not report.passed


def test_a_revision_names_exactly_what_was_wrong() -> None:
    wrong = "A blue ball lies on a table. A dog sleeps beside it."
    parsed = intent.parse(PROMPT)
    report = fidelity.check(parsed, wrong)
    draft = Draft((Sentence(wrong, "prompt", 1.0),))
    backend = ScriptedBackend([GOOD])
    fixed = ChatWriter(backend).revise([Revision(request(), draft, report)], load("generic"), WriteOptions())[0]
    asked = backend.history[0].messages
    assert [message.role for message in asked[-3:]] == ["user", "assistant", "user"]
    assert asked[-2].text == wrong
    for verdict in report.failures:
        assert verdict.reason in asked[-1].text
    assert "dog" in asked[-1].text
    assert fixed.text == GOOD


def test_a_revision_of_no_caption_says_why() -> None:
    backend = ScriptedBackend([GOOD])
    rejected = Draft((), problem="That was a definition.", rejected="A ball is a type of toy.")
    ChatWriter(backend).revise([Revision(request(), rejected, None)], load("generic"), WriteOptions())
    assert "That was a definition." in backend.history[0].messages[-1].text
    assert "as it was" not in backend.history[0].messages[-1].text
    assert backend.history[0].messages[-2].text == rejected.rejected


def test_seeds_and_sampling_reach_the_model_and_the_second_try_has_another_seed() -> None:
    backend = ScriptedBackend(lambda _: GOOD)
    writer = ChatWriter(backend, temperature=0.2, top_p=0.5, max_tokens=77)
    writer.write([request(seed=41)], load("generic"), WriteOptions())
    report = Report("x", ())
    writer.revise([Revision(request(seed=41), Draft(()), report)], load("generic"), WriteOptions())
    first, second = backend.history
    assert (first.seed, first.temperature, first.top_p, first.max_tokens) == (41, 0.2, 0.5, 77)
    assert second.seed == 42


@pytest.mark.parametrize(("images", "seen"), [(True, 2), (False, 0)])
def test_frames_are_shown_to_models_that_see(images: bool, seen: int) -> None:
    backend = ScriptedBackend([GOOD])
    backend.accepts_images = images
    asked = request(image=b"first", last_image=b"last")
    draft = ChatWriter(backend).write([asked], load("wan2.1"), WriteOptions(task="flf2v"))[0]
    assert len(backend.history[0].messages[-1].images) == seen
    assert any("was not seen" in note for note in draft.notes) is not images
    assert ("You see the first frame, then the last frame." in backend.history[0].messages[0].text) is images


def test_translation_is_faithful_greedy_and_one_failure_is_its_own() -> None:
    backend = ScriptedBackend(["A cat plays the piano.", BackendError("down"), "I'm sorry, but I cannot do that."])
    texts = ChatWriter(backend).translate(["一只猫弹钢琴", "b", "c"], "en")
    assert texts[0] == "A cat plays the piano."
    assert isinstance(texts[1], BackendError)
    assert isinstance(texts[2], InvalidInput)
    assert all(asked.temperature == 0 for asked in backend.history)
    assert "English" in backend.history[0].messages[0].text


def test_a_translation_may_say_what_a_caption_may_not_but_not_stay_untranslated() -> None:
    answers = ["I am walking my dog.", "一只猫", "A sign that says “你好”.", "Translation: a cat was here"]
    texts = ChatWriter(ScriptedBackend(answers)).translate(
        ["我在遛狗", "一只猫", "写着“你好”的牌子", "一只猫来过"], "en"
    )
    assert texts[0] == answers[0]
    assert isinstance(texts[1], InvalidInput)
    assert texts[2] == answers[2]
    assert texts[3] == "a cat was here"


def test_what_is_ruled_out_goes_to_the_negative_prompt() -> None:
    draft, _ = write("An empty beach lies under a grey sky.", prompt="an empty beach, no people")
    assert "people" in draft.negative


def test_a_cut_off_answer_ends_with_a_whole_sentence() -> None:
    backend = ScriptedBackend([ChatReply(f"{GOOD} The light", finish_reason="length")])
    draft = ChatWriter(backend).write([request()], load("generic"), WriteOptions())[0]
    assert draft.text == GOOD


@pytest.mark.parametrize("options", [{"temperature": -1}, {"top_p": 0}, {"max_tokens": -5}, {"temperature": 9}])
def test_settings_out_of_range(options) -> None:
    with pytest.raises(InvalidInput, match="cannot be used"):
        ChatWriter(ScriptedBackend([]), **options)


def test_a_template_of_the_users_own_runs_in_the_sandbox(tmp_path) -> None:
    path = tmp_path / "mine.j2"
    path.write_text("Write {{ words.ideal }} words for {{ target.title }}.")
    backend = ScriptedBackend([GOOD])
    ChatWriter(backend, template=str(path)).write([request()], load("wan2.2"), WriteOptions())
    assert backend.history[0].messages[0].text == "Write 110 words for Wan 2.2 (A14B, TI2V-5B)."
    assert len(backend.history[0].messages) == 2
    path.write_text("{{ target.__class__.__mro__ }}")
    with pytest.raises(InvalidTemplate, match="does not render"):
        ChatWriter(backend, template=str(path)).write([request()], load("wan2.2"), WriteOptions())


def test_sharecaptioner_says_its_literal_instruction_and_nothing_else() -> None:
    backend = ScriptedBackend([GOOD])
    draft = ShareCaptionerWriter(backend).write([request()], load("generic"), WriteOptions())[0]
    (asked,) = backend.history
    assert [(m.role, m.text) for m in asked.messages] == [
        ("user", f"Translate this brief generation prompt into a detailed caption: {PROMPT}")
    ]
    assert asked.temperature == 0
    assert draft.text == GOOD


def test_the_identity_tells_what_decides_the_words(tmp_path) -> None:
    path = tmp_path / "mine.j2"
    path.write_text("one")
    one = ChatWriter(ScriptedBackend([]), template=str(path)).identity()
    path.write_text("two")
    assert one != ChatWriter(ScriptedBackend([]), template=str(path)).identity()
    assert one != ChatWriter(ScriptedBackend([])).identity()


def test_writers_are_made_by_name() -> None:
    assert make_writer("composer").name == "composer"
    assert make_writer("chat", backend=ScriptedBackend([])).name == "chat"
    with pytest.raises(InvalidInput, match="uses no model"):
        make_writer("composer", backend="openai")


def test_every_template_is_used_and_documented() -> None:
    used = {"caption", "request", "revise", "translate", "sharecaptioner", "judge"} | set(names())
    assert {name for name in templates.names() if not name.startswith(OTHER_USES)} <= used
    page = (Path(__file__).resolve().parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")
    assert [name for name in templates.names() if f"`{name}`" not in page] == []

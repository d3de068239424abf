"""Real files through the real reader, and real (tiny, random) vision models through the real transformers code."""

import numpy as np
import pytest

from t2v_recaption.backends.base import Footage
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.captioners import Budget, Captioner, ClipCaption, Conversation, Step
from t2v_recaption.captioners import profile as profiles
from t2v_recaption.errors import InvalidInput
from t2v_recaption.video import Clip
from tests.captioners.conftest import text_of
from tests.tiny_models import tiny_llava, tiny_qwen_vl
from tests.video.films import number_of, numbered, write


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Six seconds at 25 frames a second."""
    return write(tmp_path_factory.mktemp("films") / "film.mp4", range(0, 6000, 40), options={"preset": "ultrafast"})


@pytest.fixture(scope="module")
def two_scenes(tmp_path_factory):
    """Two seconds of noise in dark red, then three in light blue."""
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 60, (48, 64, 3))
    pictures = [
        np.clip(noise + (np.array([90, 0, 0]) if n < 50 else np.array([60, 120, 190])), 0, 255).astype(np.uint8)
        for n in range(125)
    ]
    return write(
        tmp_path_factory.mktemp("films") / "two.mp4",
        range(0, 5000, 40),
        pictures=pictures,
        options={"preset": "ultrafast"},
    )


def numbers(request) -> list[int]:
    """The numbers of the film's frames in a request."""
    parts = [part for message in request.messages for part in message.content if not isinstance(part, str)]
    frames = [frame for part in parts for frame in (part.frames if isinstance(part, Footage) else (part,))]
    return [number_of(np.asarray(frame)) for frame in frames]


def test_the_frames_of_a_file_at_their_times(film, backend) -> None:
    (caption,) = Captioner(backend, scenes=False).caption([Clip(film)])
    assert caption.error is None
    assert caption.times == (0.0, 2.0, 4.0)
    assert (caption.start, caption.end) == (0.0, 6.0)
    assert [numbers(request) for request in backend.history] == [[0], [0, 50], [50, 100], []]


def test_a_part_of_a_file_keeps_the_files_times(film, backend) -> None:
    (caption,) = Captioner(backend, scenes=False).caption([Clip(film).part(1.0, 4.0)])
    assert caption.times == (1.0, 3.0)
    assert (caption.start, caption.end) == (1.0, 4.0)
    assert numbers(backend.history[1]) == [25, 75]
    assert "from 1.00 s to 3.00 s" in text_of(backend.history[1])


def test_fast_sees_the_whole_clip_as_video_where_the_model_can(film) -> None:
    viewer = ScriptedBackend(["A bar code changes."], accepts_video=True)
    looker = ScriptedBackend(["A bar code changes."])
    (seen,) = Captioner(viewer).caption([Clip(film)], "fast")
    Captioner(looker).caption([Clip(film)], "fast")
    (footage,) = viewer.history[0].messages[1].parts
    assert isinstance(footage, Footage)
    assert footage.times == seen.times
    assert len(footage.frames) == 16
    assert numbers(viewer.history[0]) == numbers(looker.history[0])
    assert looker.history[0].messages[1].parts[0] == f"Frame at {seen.times[0]:.2f} s:"


def test_scenes_of_a_real_file(two_scenes, backend) -> None:
    captioner = Captioner(backend, sampling="every:1")
    (caption,) = captioner.caption([Clip(two_scenes)])
    assert [(step.scene, step.start, step.end) for step in caption.steps] == [
        (0, 0.0, 0.0),
        (0, 0.0, 1.0),
        (1, 2.0, 2.0),
        (1, 2.0, 3.0),
        (1, 3.0, 4.0),
    ]
    (flat,) = Captioner(backend, sampling="every:1", scenes=False).caption([Clip(two_scenes)])
    assert {step.scene for step in flat.steps} == {0}
    assert flat.provenance["scenes"] is False


def test_bad_clips_have_their_error_and_lose_no_others(film, tmp_path, backend) -> None:
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    done: list[int] = []
    captions = Captioner(backend, in_flight=2).caption(
        [Clip(empty), Clip(film), Clip(tmp_path / "absent.mp4"), Clip(film, start=50.0)],
        "fast",
        on_done=lambda number, caption: done.append(number),
    )
    assert [caption.error is None for caption in captions] == [False, True, False, False]
    assert all(isinstance(captions[n].error, InvalidInput) for n in (0, 2, 3))
    assert sorted(done) == [0, 1, 2, 3]
    assert captions[0].provenance["profile"] == "generic"


def test_a_damaged_file_gives_what_can_be_read_and_says_so(film, tmp_path, backend) -> None:
    cut = tmp_path / "cut.mkv"
    write(cut, range(0, 6000, 40), options={"preset": "ultrafast"})
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 2 // 3])
    (caption,) = Captioner(backend).caption([Clip(cut)])
    assert caption.error is None
    assert caption.steps
    assert caption.notes


def test_streaming_from_a_file(film, backend) -> None:
    *steps, caption = Captioner(backend).stream(Clip(film))
    assert all(isinstance(step, Step) for step in steps)
    assert isinstance(caption, ClipCaption)
    assert caption.steps == tuple(steps)
    again = list(Captioner(ScriptedBackend(lambda r: "A bar changes.")).stream(Clip(film), known=steps[:2]))
    assert [step.number for step in again[:-1]] == [2]
    assert again[-1].steps[:2] == tuple(steps[:2])


def test_an_abandoned_stream_closes_its_session(film, backend) -> None:
    stream = Captioner(backend).stream(Clip(film))
    next(stream)
    stream.close()
    assert len(backend.history) == 1


def test_questions_about_a_file(film) -> None:
    backend = ScriptedBackend(lambda request: "It changes at [3.0 s].")
    captioner = Captioner(backend, sampling="uniform:3")
    first, _ = captioner.ask(Clip(film), ["What changes?", "When?"])
    assert first.times == (3.0,)
    assert first.frames == (1,)
    assert numbers(backend.history[1])[:1] == [25]
    talk = Conversation(captioner, Clip(film))
    assert talk.ask("What?").text == talk.ask("And then?").text
    assert len(backend.history[-1].messages) == 4
    with pytest.raises(InvalidInput):
        captioner.ask(Clip(film.parent / "absent.mp4"), ["What?"])


def test_a_budget_thins_the_frames_that_are_read(film, backend) -> None:
    captioner = Captioner(backend, sampling="every:0.5", budget=Budget(calls=5), scenes=False)
    (caption,) = captioner.caption([Clip(film)])
    assert len(backend.history) <= 5
    assert caption.notes[0].startswith("every:0.5 would take 13 calls")
    assert len(caption.steps) == 4


def test_frames_in_memory(backend) -> None:
    frames = np.stack([numbered(n) for n in range(8)])
    (caption,) = Captioner(backend, sampling="every:2").caption([Clip(frames, fps=1.0)])
    assert caption.times == (0.0, 2.0, 4.0, 6.0)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A real LLaVA of random weights, which writes random bytes."""
    pytest.importorskip("torch")
    from t2v_recaption.backends.transformers import TransformersBackend

    with TransformersBackend(str(tiny_llava(tmp_path_factory.mktemp("llava"))), device="cpu") as backend:
        yield backend


@pytest.fixture(scope="module")
def short():
    """The generic profile with short answers: random models never stop by themselves."""
    from dataclasses import replace

    generic = profiles.load("generic")
    questions = {name: replace(question, max_tokens=12) for name, question in generic.questions.items()}
    return replace(generic, questions=questions, decode=replace(generic.decode, max_tokens=12), repeats=False)


def test_a_real_model_in_every_mode(film, tiny, short) -> None:
    captioner = Captioner(tiny, short)
    (fast,) = captioner.caption([Clip(film)], "fast")
    (sliding,) = captioner.caption([Clip(film)], "sliding")
    assert fast.error is None
    assert sliding.error is None
    assert len(sliding.steps) == 3
    assert "cut off" in sliding.flags or sliding.flags == ("empty",)
    summary = captioner.summarize(sliding.steps, 1.0, 3.0)
    assert summary.error is None
    (answer,) = captioner.ask(Clip(film), ["What?"])
    assert answer.error is None
    assert fast.provenance["backend"]["backend"] == "transformers"


def test_what_runs_beside_a_clip_changes_nothing(film, two_scenes, tiny, short) -> None:
    """Real batches with padding: the captions of three clips together are those of each alone."""
    clips = [Clip(film), Clip(two_scenes), Clip(film).part(2.0, 6.0)]
    captioner = Captioner(tiny, short)
    together = captioner.caption(clips)
    alone = [captioner.caption([clip])[0] for clip in clips]
    assert [[step.text for step in caption.steps] for caption in together] == [
        [step.text for step in caption.steps] for caption in alone
    ]
    assert [caption.text for caption in together] == [caption.text for caption in alone]


def test_the_model_sees_the_frames(film, tiny, short) -> None:
    """Other frames, other words: the pictures arrive."""
    captioner = Captioner(tiny, short)
    texts = {captioner.caption([Clip(film).part(start, start + 1.0)], "fast")[0].text for start in (0.0, 2.0, 4.0)}
    assert len(texts) > 1


@pytest.mark.slow
def test_native_video(film, tmp_path, short) -> None:
    from t2v_recaption.backends.transformers import TransformersBackend

    with TransformersBackend(str(tiny_qwen_vl(tmp_path)), device="cpu") as backend:
        (caption,) = Captioner(backend, short).caption([Clip(film)], "fast")
    assert caption.error is None

"""Images on tiny models of every family: same answers however they are computed, probabilities, beams, limits."""

from __future__ import annotations

import gc
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
Image = pytest.importorskip("PIL.Image")
np = pytest.importorskip("numpy")
hypothesis = pytest.importorskip("hypothesis")

from hypothesis import strategies as st  # noqa: E402

from t2v_recaption.backends import choices as choices_module  # noqa: E402
from t2v_recaption.backends.base import ChatReply, ChatRequest, Footage, Message  # noqa: E402
from t2v_recaption.backends.processors import load_processor  # noqa: E402
from t2v_recaption.backends.transformers import TransformersBackend  # noqa: E402
from t2v_recaption.errors import BackendError, InvalidInput  # noqa: E402
from tests.tiny_models import FAMILIES  # noqa: E402

JOINED = [family for family in FAMILIES if family != "gemma3"]
"""Families whose memory of a prompt can be put together with others'; Gemma 3's windows slide."""


def picture(seed: int, width: int = 96, height: int = 64) -> Any:
    """Noise: every picture is far from every other."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def asking(*parts: Any, text: str = "What is it?", **options: Any) -> ChatRequest:
    return ChatRequest((Message("user", text, parts=parts),), **{"temperature": 0.0, "max_tokens": 8, **options})


def good(replies: list[ChatReply]) -> list[ChatReply]:
    assert [reply.error for reply in replies] == [None] * len(replies)
    return replies


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def folder(family: str) -> Path:
        if family not in made:
            made[family] = FAMILIES[family](tmp_path_factory.mktemp(family))
        return made[family]

    return folder


@pytest.fixture(scope="module", params=FAMILIES)
def backend(request: pytest.FixtureRequest, folders: Callable[[str], Path]) -> Iterator[TransformersBackend]:
    """One model of each family, loaded once."""
    with TransformersBackend(str(folders(request.param)), device="cpu") as made:
        made.family = request.param  # type: ignore[attr-defined]
        yield made


def model_of(backend: TransformersBackend) -> Any:
    engine = backend._engine or backend._start()
    return engine._model().model


SETS = [
    asking("First: ", picture(1), " then: ", picture(2), text="What changed?"),
    asking(picture(3, 60, 120)),
    asking("No picture at all."),
    asking(picture(4), picture(5), picture(6), text="A longer question about these three pictures, please."),
    asking("Frames: ", Footage((picture(7), picture(8)), (0.0, 0.4)), text="?"),
]


# --- the answer is the model's, whatever the batch


def test_the_answer_is_that_of_generate(backend: TransformersBackend) -> None:
    """What transformers' own `generate` says to the same text and images, one at a time."""
    processor = load_processor(backend._found(), trust_remote_code=False)
    model = model_of(backend)
    for request, reply in zip(SETS[:2], good(backend.generate(SETS[:2])), strict=True):
        parts = request.messages[0].content
        content = [{"type": "text", "text": p} if isinstance(p, str) else {"type": "image"} for p in parts]
        images = [Image.fromarray(part) for part in parts if not isinstance(part, str)]
        text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        inputs = processor(text=[text], images=[images], return_tensors="pt", add_special_tokens=False)
        output = model.generate(**inputs, do_sample=False, max_new_tokens=request.max_tokens)
        new = output[0, inputs["input_ids"].shape[1] :]
        assert reply.text == processor.tokenizer.decode(new, skip_special_tokens=True)
        assert reply.prompt_tokens == inputs["input_ids"].shape[1]


@pytest.mark.parametrize("options", [{}, {"temperature": 0.9, "top_p": 0.9}])
def test_the_batch_does_not_matter(backend: TransformersBackend, options: dict[str, Any]) -> None:
    requests = [replace(request, seed=seed, **options) for seed, request in enumerate(SETS)]
    alone = [good(backend.generate([request]))[0] for request in requests]
    assert good(backend.generate(requests)) == alone
    assert good(backend.generate(requests[::-1])) == alone[::-1]
    with TransformersBackend(backend.model, device="cpu", batch_size=2, share_prefix=False) as pairs:
        assert pairs.generate(requests) == alone


def test_preparing_changes_nothing(backend: TransformersBackend) -> None:
    alone = good(backend.generate(SETS))
    ready: list[BaseException] = []

    def prepare(request: ChatRequest) -> None:
        try:
            backend.prepare(request)
        except BaseException as error:
            ready.append(error)

    broken = asking(np.zeros((4, 4), np.uint8))
    threads = [threading.Thread(target=prepare, args=(request,)) for request in [*SETS, *SETS, broken]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not ready
    replies = backend.generate([*SETS, broken])
    assert replies[:-1] == alone
    assert replies[-1].error is not None
    assert backend._engine is not None
    assert backend._engine._ahead._bytes == 0


def test_nothing_is_loaded_to_prepare(folders: Callable[[str], Path]) -> None:
    with TransformersBackend(str(folders("qwen3_vl")), device="cpu") as backend:
        backend.prepare(SETS[0])
        assert backend._engine is None


def test_asking_what_the_model_takes_waits_for_no_answer(folders: Callable[[str], Path]) -> None:
    with TransformersBackend(str(folders("qwen3_vl")), device="cpu") as backend:
        assert not backend.accepts_video
        heard: list[Any] = []
        with backend._lock:  # as while it generates
            asking_it = threading.Thread(
                target=lambda: heard.extend((backend.accepts_video, backend.estimate(SETS[1]))), daemon=True
            )
            asking_it.start()
            asking_it.join(60)
        assert len(heard) == 2


def test_a_seed_decides_the_text(folders: Callable[[str], Path]) -> None:
    with TransformersBackend(str(folders("qwen3_vl")), device="cpu") as backend:
        requests = [asking(picture(1), seed=seed, temperature=1.0) for seed in (1, 1, 2, 3, 4)]
        texts = [reply.text for reply in good(backend.generate(requests))]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 2


def test_frames_come_with_their_times(backend: TransformersBackend) -> None:
    assert not backend.accepts_video  # without torchvision; with it, see test_native_video.py
    slow, quick = (Footage((picture(1), picture(2)), times) for times in ((0.0, 9.0), (0.0, 0.2)))
    one, two = good(backend.generate([asking(slow, choices=("x",)), asking(quick, choices=("x",))]))
    assert "2 frames were sent as images with their times" in one.notes[0]
    assert one.probabilities != two.probabilities


# --- one encoding for several questions


@pytest.mark.parametrize("family", JOINED)
def test_what_is_asked_about_is_encoded_once(family: str, folders: Callable[[str], Path]) -> None:
    frames = (picture(1), "and", picture(2))
    questions = [asking(*frames, text=text) for text in ("Is it a cat?", "Is it a dog?", "Is it red, or is it blue?")]
    with TransformersBackend(str(folders(family)), device="cpu", share_prefix=False) as apart:
        expected = good(apart.generate(questions))
        assert _looks(apart, questions) == len(questions) * _looks(apart, questions[:1])
    with TransformersBackend(str(folders(family)), device="cpu") as together:
        once = _looks(together, questions)
        assert good(together.generate(questions)) == expected
    with TransformersBackend(str(folders(family)), device="cpu") as fresh:
        assert _looks(fresh, questions[:1]) == once


def _looks(backend: TransformersBackend, requests: list[ChatRequest]) -> int:
    """How often the model's vision tower runs for these requests."""
    calls: list[int] = []
    inner = model_of(backend).model
    tower = next(getattr(inner, n) for n in ("visual", "vision_tower", "vision_model") if hasattr(inner, n))
    hook = tower.register_forward_hook(lambda *_: calls.append(1))
    try:
        good(backend.generate(requests))
    finally:
        hook.remove()
    return len(calls)


@pytest.mark.parametrize("family", ["qwen2_5_vl", "qwen3_vl", "smolvlm"])
def test_a_conversation_goes_on_from_what_was_seen(family: str, folders: Callable[[str], Path]) -> None:
    first = Message("user", "What is it?", parts=(picture(1), picture(2)))
    with TransformersBackend(str(folders(family)), device="cpu") as backend:
        good(backend.generate([ChatRequest((first,), temperature=0, max_tokens=4)]))
        turns = (first, Message("assistant", "A cat."), Message("user", "And what is behind it?"))
        again = ChatRequest(turns, temperature=0, max_tokens=8)
        assert _looks(backend, [again]) == 0
        kept = good(backend.generate([again]))
    with TransformersBackend(str(folders(family)), device="cpu", share_prefix=False) as fresh:
        assert good(fresh.generate([again])) == kept


@pytest.mark.parametrize("family", ["qwen2_5_vl", "llava"])
def test_equal_tokens_of_different_pictures_are_not_shared(family: str, folders: Callable[[str], Path]) -> None:
    """Pictures of one size are the same tokens: only their pixels tell them apart."""
    requests = [asking(picture(1)), asking(picture(2)), asking(picture(1), picture(2)), asking(picture(1), picture(3))]
    with TransformersBackend(str(folders(family)), device="cpu") as backend:
        shared = good(backend.generate(requests))
        assert len({reply.text for reply in shared}) == 4
    with TransformersBackend(str(folders(family)), device="cpu", share_prefix=False) as apart:
        assert good(apart.generate(requests)) == shared


def test_what_was_seen_is_let_go(folders: Callable[[str], Path]) -> None:
    import weakref

    with TransformersBackend(str(folders("llava")), device="cpu") as backend:
        good(backend.generate([asking(picture(1))]))
        decoder = backend._engine._vision  # type: ignore[union-attr]
        assert decoder is not None
        assert decoder._seen is not None
        held = weakref.ref(decoder._seen)
        del decoder
    gc.collect()
    assert held() is None


# --- probabilities of choices


def by_hand(backend: TransformersBackend, request: ChatRequest, spellings: list[str]) -> float:
    """The probability of these spellings, each by one run over the whole of prompt and spelling."""
    engine = backend._engine or backend._start()
    encoded, _ = engine._encode(request, None, None)
    model, tokenizer = model_of(backend), engine._model().tokenizer
    total = 0.0
    for spelling in spellings:
        tokens = tokenizer(spelling, add_special_tokens=False)["input_ids"]
        ids = torch.tensor([[*encoded.ids, *tokens]])
        inputs = {k: v for k, v in encoded.inputs.items() if k.startswith(("pixel", "image_"))}
        for name in ("mm_token_type_ids", "token_type_ids"):
            if name in encoded.inputs:
                inputs[name] = torch.cat([encoded.inputs[name], torch.zeros(1, len(tokens)).long()], dim=1)
        with torch.inference_mode():
            logits = model(input_ids=ids, attention_mask=torch.ones_like(ids), **inputs).logits[0].log_softmax(-1)
        at = len(encoded.ids) - 1
        total += math.exp(sum(float(logits[at + n, token]) for n, token in enumerate(tokens)))
    return total


YES, NO = ["Yes", "yes", "YES", " Yes", " yes", " YES"], ["No", "no", "NO", " No", " no", " NO"]


@pytest.mark.parametrize("parts", [(picture(1), "Look. "), ()])
def test_probabilities_of_choices(backend: TransformersBackend, parts: tuple[Any, ...]) -> None:
    request = asking(*parts, choices=("Yes", "No"))
    reply = good(backend.generate([asking(picture(9)), request]))[1]
    assert reply.probabilities is not None
    assert list(reply.probabilities) == ["Yes", "No"]
    assert reply.probabilities["Yes"] == pytest.approx(by_hand(backend, request, YES), rel=1e-3)
    assert reply.probabilities["No"] == pytest.approx(by_hand(backend, request, NO), rel=1e-3)
    plain = good(backend.generate([asking(*parts)]))[0]
    assert (reply.text, plain.probabilities) == (plain.text, None)


def test_spellings_are_not_counted_twice() -> None:
    """`Y` and `Yes` overlap where both are choices of one spelling: none may begin with another."""

    class Tokenizer:
        def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
            return {"input_ids": [1] if text.strip().lower() == "yes" else [1, 2]}

    assert choices_module.spellings("yes", Tokenizer()) == [(1,)]
    assert choices_module.spellings("", Tokenizer()) == [(1, 2)]


@hypothesis.given(st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=4, unique=True))
@hypothesis.settings(max_examples=40, deadline=None)
def test_probabilities_never_exceed_one(choices: list[str]) -> None:
    from tests.tiny_models import byte_tokenizer

    generator = torch.Generator().manual_seed(len(choices))
    tokenizer = byte_tokenizer(None)
    table = torch.randn(600, len(tokenizer), generator=generator)

    def follow(tokens: tuple[int, ...]) -> torch.Tensor:
        return table[sum(tokens) % 600].log_softmax(-1)

    found = choices_module.probabilities(choices, tokenizer, follow)
    assert set(found) == set(choices)
    assert all(0 <= value <= 1 + 1e-6 for value in found.values())


# --- beams


def test_beams_are_those_of_generate(backend: TransformersBackend) -> None:
    request = asking(picture(1), beams=3, max_tokens=6)
    beamed, plain = good(backend.generate([request, asking(picture(1), max_tokens=6)]))
    engine = backend._engine
    assert engine is not None
    encoded, _ = engine._encode(request, None, None)
    output = model_of(backend).generate(**encoded.inputs, num_beams=3, do_sample=False, max_new_tokens=6)
    expected = engine._model().tokenizer.decode(output[0, len(encoded.ids) :], skip_special_tokens=True)
    assert beamed.text == expected
    assert plain.error is None


def test_beams_without_images(tiny_llama: Path) -> None:
    request = asking(beams=4, max_tokens=6, text="a cat")
    with TransformersBackend(str(tiny_llama), device="cpu") as backend:
        reply = good(backend.generate([request]))[0]
        engine = backend._engine
        assert engine is not None
        ids = torch.tensor([engine._row(request)[0].ids])
        output = model_of(backend).generate(ids, num_beams=4, do_sample=False, max_new_tokens=6)
        assert reply.text == engine._model().tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True)


# --- nothing that is shown is dropped


def test_a_template_without_room_for_an_image(folders: Callable[[str], Path]) -> None:
    template = "{% for m in messages %}{% for c in m['content'] %}{{ c['text'] }}{% endfor %}{% endfor %}"
    with TransformersBackend(str(folders("llava")), device="cpu", chat_template=template) as backend:
        shown, said = backend.generate([asking(picture(1)), asking(text="hi", choices=("a",))])
    assert shown.error is not None
    assert "room for 0 of 1 images" in shown.error.message
    assert said.error is None or "image" not in said.error.message


def test_a_processor_that_ignores_what_it_is_given(folders: Callable[[str], Path]) -> None:
    """LLaVA's takes `videos` and returns nothing for them, without a word."""
    with TransformersBackend(str(folders("llava")), device="cpu") as backend:
        backend.generate([asking(picture(1))])
        encoder = backend._engine._encoder  # type: ignore[union-attr]
        assert encoder is not None
        with pytest.raises(BackendError, match="ignored the video"):
            encoder._check_inputs({"input_ids": torch.zeros(1, 3)}, [Footage((picture(1),), (0.0,))], [])
        ignored = encoder._processor(text=["<video>"], videos=[np.zeros((2, 64, 64, 3), np.uint8)])
        assert not any(name.startswith("pixel") for name in ignored)


def test_one_bad_image_fails_alone(backend: TransformersBackend, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    replies = backend.generate([asking(picture(1)), asking(bad), asking(picture(2))])
    assert [reply.error is None for reply in replies] == [True, False, True]
    assert "bad.png" in str(replies[1].error)


@pytest.mark.parametrize("array", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_arrays_that_are_no_images(folders: Callable[[str], Path], array: Any) -> None:
    with TransformersBackend(str(folders("llava")), device="cpu") as backend:
        assert "is no image" in str(backend.generate([asking(array)])[0].error)


def test_footage_needs_its_times() -> None:
    for frames, times in (((b"a", b"b"), (0.0,)), ((), ()), ((b"a", b"b"), (1.0, 0.5))):
        with pytest.raises(InvalidInput, match=r"[Ff]ootage"):
            Footage(frames, times)


# --- limits


@hypothesis.given(
    sizes=st.lists(st.tuples(st.integers(20, 300), st.integers(20, 300)), min_size=1, max_size=3),
    text=st.text(max_size=20),
)
@hypothesis.settings(max_examples=6, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_estimates_are_exact(backend: TransformersBackend, sizes: list[tuple[int, int]], text: str) -> None:
    request = asking(*(picture(1, *size) for size in sizes), text=f"{text}?", max_tokens=1)
    fresh = TransformersBackend(backend.model, device="cpu")
    estimate, reply = fresh.estimate(request), good(backend.generate([request]))[0]
    assert fresh._engine is None  # no weights were loaded for it
    assert estimate is not None
    assert (estimate.prompt_tokens, estimate.context) == (reply.prompt_tokens, 2048)
    without = fresh.estimate(asking(text=f"{text}?", max_tokens=1))
    assert without is not None
    assert 0 < estimate.visual_tokens < estimate.prompt_tokens
    assert (without.visual_tokens, estimate.memory > without.memory > 0) == (0, True)


def crowded(**options: Any) -> ChatRequest:
    return asking(*(picture(seed, 224, 224) for seed in range(40)), **{"max_tokens": 200, **options})


def test_images_are_made_smaller_to_fit_the_context(folders: Callable[[str], Path]) -> None:
    with TransformersBackend(str(folders("qwen2_5_vl")), device="cpu") as backend:
        reply = good(backend.generate([crowded()]))[0]
        estimate = backend.estimate(crowded())
    assert reply.prompt_tokens is not None
    assert reply.prompt_tokens + 200 <= 2048
    assert "made smaller" in reply.notes[0]
    assert estimate is not None
    assert (estimate.prompt_tokens, estimate.notes) == (reply.prompt_tokens, reply.notes)


def test_images_are_not_cut_into_tiles_where_that_does_not_fit(folders: Callable[[str], Path]) -> None:
    many = asking(*(picture(seed, 90, 90) for seed in range(100)), max_tokens=20)
    with TransformersBackend(str(folders("smolvlm")), device="cpu") as backend:
        few, more = good(backend.generate([asking(picture(1, 300, 300)), many]))
    assert few.notes == ()
    assert "as a whole only" in more.notes[0]


def test_what_cannot_fit_says_so(folders: Callable[[str], Path]) -> None:
    """LLaVA's images take as many tokens however small they are."""
    many = asking(*(picture(seed) for seed in range(150)))
    with TransformersBackend(str(folders("llava")), device="cpu") as backend:
        replies = backend.generate([many, asking(picture(1))])
        assert "2400 of them for what is seen" in str(replies[0].error)
        assert replies[1].error is None
        with pytest.raises(BackendError, match="takes 2048"):
            backend.estimate(many)


def test_a_batch_is_cut_to_stay_within_memory(folders: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [asking(picture(seed), max_tokens=6) for seed in range(8)]
    with TransformersBackend(str(folders("qwen2_5_vl")), device="cpu") as roomy:
        expected = good(roomy.generate(requests))
        one = roomy.estimate(requests[0])
        assert one is not None
    with TransformersBackend(str(folders("qwen2_5_vl")), device="cpu", memory_gb=1.3 * one.memory / 1e9) as tight:
        sizes: list[int] = []
        model = type(model_of(tight))
        forward = model.forward
        monkeypatch.setattr(
            model, "forward", lambda self, *a, **k: (sizes.append(len(k["input_ids"])), forward(self, *a, **k))[1]
        )
        assert good(tight.generate(requests)) == expected
    assert max(sizes) < 8


def test_images_are_made_smaller_to_stay_within_memory(folders: Callable[[str], Path]) -> None:
    request = asking(picture(1, 448, 448))
    with TransformersBackend(str(folders("qwen2_5_vl")), device="cpu") as roomy:
        plain, estimate = good(roomy.generate([request]))[0], roomy.estimate(request)
        assert estimate is not None
    with TransformersBackend(str(folders("qwen2_5_vl")), device="cpu", memory_gb=estimate.memory / 2e9) as tight:
        reply = good(tight.generate([request]))[0]
    assert "made smaller" in reply.notes[0]
    assert (reply.prompt_tokens or 0) < (plain.prompt_tokens or 0)


@pytest.mark.parametrize("family", ["qwen3_vl", "internvl"])
def test_out_of_memory_means_fewer_then_smaller(
    family: str, folders: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [asking(picture(seed, 200, 200), max_tokens=4) for seed in range(4)]
    with TransformersBackend(str(folders(family)), device="cpu") as backend:
        expected = good(backend.generate(requests))
        longest = max(reply.prompt_tokens or 0 for reply in expected)
        model, batches = type(model_of(backend)), []
        forward = model.forward

        def small(self: Any, *given: Any, **options: Any) -> Any:
            batches.append(len(options["input_ids"]))
            large = options["input_ids"].shape[1] >= longest or options["input_ids"].shape[0] > 2
            if large:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
            return forward(self, *given, **options)

        monkeypatch.setattr(model, "forward", small)
        backend._engine._vision.forget()  # type: ignore[union-attr]
        replies = backend.generate(requests)
        assert backend._engine._vision.batch_size == 1  # type: ignore[union-attr]
    if family == "qwen3_vl":
        assert all("made smaller" in reply.notes[0] for reply in good(replies))
    else:  # a square picture is one tile whatever its size
        assert all("memory" in str(reply.error) for reply in replies)


def test_numbers_that_cannot_be() -> None:
    with pytest.raises(InvalidInput, match="memory_gb"):
        TransformersBackend("x", memory_gb=0)


def test_a_model_of_text_takes_no_images(tiny_llama: Path) -> None:
    with TransformersBackend(str(tiny_llama), device="cpu") as backend:
        assert not backend.accepts_video
        replies = backend.generate([asking(picture(1)), asking(text="hi")])
        assert "takes no images" in str(replies[0].error)
        assert replies[1].error is None
        with pytest.raises(BackendError, match="takes no images"):
            backend.estimate(asking(picture(1)))

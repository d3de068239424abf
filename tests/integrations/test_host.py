"""What every host relies on: batches whole or not at all, one line a caption, nothing passed off as enhanced."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption import BackendError, Enhancer, Failure, InvalidInput, Job, NotKept, RecaptionError
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.integrations._host import HostEnhancer, host_enhancer
from t2v_recaption.integrations._manifest import one_line, record, write_manifest

ROOT = Path(__file__).resolve().parents[2]
CAPTION = "A cat is playing the piano in a bright room while the camera stays still."


def composing(target: str = "wan2.2", **settings) -> HostEnhancer:
    return HostEnhancer(Enhancer(target), stream=StringIO(), **settings)


def chatting(answers, target: str = "wan2.2", *, fail_at=(), **settings) -> tuple[HostEnhancer, ScriptedBackend]:
    backend = ScriptedBackend(answers, fail_at=fail_at)
    enhancer = Enhancer(target, writer="chat", backend=backend, attempts=0, cache=False)
    return HostEnhancer(enhancer, stream=StringIO(), **settings), backend


def test_a_batch_comes_back_in_order_and_says_so() -> None:
    host = composing()
    done = host.enhance([Job("a red balloon"), Job("two dogs on a beach"), Job("a red balloon")])
    assert [found.prompt for found in done] == ["a red balloon", "two dogs on a beach", "a red balloon"]
    assert done[0].caption == done[2].caption
    assert host.stream is not None
    assert host.stream.getvalue().count(" → ") == 3


def test_what_a_prompt_rules_out_stays_in_the_caption() -> None:
    assert "no people" in composing().caption("two dogs on a beach, no people")


@pytest.mark.parametrize("position", [0, 1, 2])
def test_one_that_fails_stops_the_batch_and_is_named(position: int, tmp_path: Path) -> None:
    prompts = ["a red balloon", "two dogs on a beach", "a girl sings"]
    prompts[position] = ""
    host = composing(manifest=tmp_path / "m.jsonl")
    with pytest.raises(RecaptionError, match=rf"1 of 3 prompts .* prompt {position + 1} \(''\)"):
        host.prepare([Job(prompt) for prompt in prompts])
    assert not (tmp_path / "m.jsonl").exists()
    assert host._prepared == {}


def test_a_model_that_fails_in_the_middle_stops_the_batch() -> None:
    host, backend = chatting(lambda request: CAPTION, fail_at=[1])
    with pytest.raises(RecaptionError, match="so none goes to the video model"):
        host.enhance([Job("a cat plays the piano")] * 3)
    assert backend.closed  # its memory is back also then


def test_a_single_failure_is_raised_as_it_is() -> None:
    host, _ = chatting(lambda request: CAPTION, fail_at=[0])
    with pytest.raises(BackendError, match="scripted"):
        host("a cat plays the piano")
    with pytest.raises(InvalidInput, match="empty"):
        composing()("")


def test_who_chooses_it_gets_the_original_where_one_fails(tmp_path: Path) -> None:
    host = composing(original_on_failure=True, manifest=tmp_path / "m.jsonl")
    texts = host.captions([Job("a red balloon"), Job(" ...\n..."), Job("two dogs")])
    assert texts[1] == "... ..."
    assert len(texts[0]) > 40
    rows = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["status"] for row in rows] == ["ok", "original", "ok"]
    assert "empty" in rows[1]["error"]


def test_a_prompt_that_comes_back_unchanged_is_an_error() -> None:
    with pytest.raises(NotKept, match="left the prompt as it is"):
        composing()("两只狗在海滩上奔跑")
    with pytest.raises(NotKept):
        composing().caption("two dogs on a beach", language="zh")


def test_a_whole_caption_may_come_back_unchanged() -> None:
    caption = composing("open-sora-plan").caption("two dogs on a beach, no people")
    host, _ = chatting([caption], "open-sora-plan")
    assert host.caption(caption) == caption
    assert host.stream is not None
    assert "is a caption already; nothing was added" in host.stream.getvalue()  # type: ignore[attr-defined]


def test_an_empty_string_in_the_middle_is_named() -> None:
    with pytest.raises(RecaptionError, match="prompt 2"):
        composing().captions([Job("a cat"), Job(""), Job("a dog")])


def test_the_model_is_unloaded_after_each_call_unless_kept() -> None:
    host, backend = chatting(lambda request: CAPTION)
    host.caption("a cat plays the piano")
    assert backend.closed == 1
    kept, backend = chatting(lambda request: CAPTION, unload=False)
    kept.caption("a cat plays the piano")
    assert backend.closed == 0


def test_images_decide_the_task_and_reach_a_vision_model() -> None:
    host, backend = chatting(lambda request: CAPTION, "wan2.1")
    found = host.enhance(
        [
            Job("a cat plays the piano"),
            Job("a cat plays the piano", image=b"\x89PNG\r\n\x1a\n"),
            Job("a cat plays the piano", image=b"\x89PNG\r\n\x1a\n", last_image=b"\x89PNG\r\n\x1a\n"),
        ]
    )
    assert [one.task for one in found] == ["t2v", "i2v", "flf2v"]
    assert [sum(len(m.images) for m in request.messages) for request in backend.history] == [0, 1, 2]
    assert host.sees_images
    assert not composing().sees_images


def test_a_target_without_that_task_takes_the_next() -> None:
    host, _ = chatting(lambda request: CAPTION, "cogvideox")
    assert host("a cat plays the piano", image=b"\x89PNG\r\n\x1a\n", last_image=b"\x89PNG\r\n\x1a\n").task == "i2v"


def test_what_was_prepared_is_looked_up_and_not_asked_again() -> None:
    host, backend = chatting(lambda request: CAPTION)
    host.prepare([Job("a cat plays the piano"), Job("a cat plays the piano", image="a.png")])
    asked = len(backend.history)
    assert host.caption("a cat plays the piano") == CAPTION
    assert host.caption("a cat plays the piano", image="a.png") == CAPTION
    assert len(backend.history) == asked
    host.caption("a cat plays the piano", image=b"\x89PNG\r\n\x1a\n")  # another picture is another question
    assert len(backend.history) == asked + 1


def test_seeds_are_used() -> None:
    host = composing()
    texts = [host.caption("two dogs on a beach", seed=seed) for seed in (1, 1, 2, 3, 4)]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 2


def test_an_enhancer_and_options_for_one_contradict_each_other() -> None:
    enhancer = Enhancer("wan2.2", strength="rich")
    assert host_enhancer("wan2.1", enhancer, {}).target.name == "wan2.2"
    assert host_enhancer("wan2.1", None, {"seed": 4}).enhancer.seed == 4
    host = HostEnhancer(enhancer)
    assert host_enhancer("wan2.1", host, {}) is host
    with pytest.raises(InvalidInput):
        host_enhancer("wan2.1", enhancer, {"seed": 4})


def test_settings_of_the_enhancer_hold_for_every_variant() -> None:
    enhancer = Enhancer("wan2.1", strength="rich", seed=5, attempts=1, negative="blur", keep=("Zog",), duration=4)
    variant = HostEnhancer(enhancer).variant("i2v", "en")
    assert variant.writer is enhancer.writer
    same = ("seed", "attempts", "negative", "on_failure")
    assert {name: variant.settings()[name] for name in same} == {name: enhancer.settings()[name] for name in same}
    assert (variant.options.strength, variant.options.keep, variant.options.duration) == ("rich", ("Zog",), 4)
    assert (variant.options.task, variant.options.language) == ("i2v", "en")


def test_a_manifest_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_manifest(tmp_path / "file" / "m.jsonl", [])


def test_a_failure_has_a_record() -> None:
    outcome = Failure.of("a\nb", InvalidInput("No.", hint="Yes."))
    assert record(outcome) == {"prompt": "a\nb", "caption": "a b", "status": "original", "error": "No. Yes."}


@given(st.text())
def test_a_line_is_never_two(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert line.split() == text.split()


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.sampled_from(["a red balloon", "two dogs\non a beach", "", "a girl sings", "3 cats run", "…"]),
        min_size=1,
        max_size=4,
    )
)
def test_a_batch_is_never_half_enhanced(prompts: list[str]) -> None:
    fine = all(any(map(str.isalnum, prompt)) for prompt in prompts)
    try:
        texts = composing().captions([Job(prompt) for prompt in prompts])
    except RecaptionError:
        assert not fine
        return
    assert fine
    assert len(texts) == len(prompts)
    for text, prompt in zip(texts, prompts, strict=True):
        assert "\n" not in text
        assert len(text) > len(prompt)


RANKS = """
import os
from t2v_recaption import RecaptionError
from t2v_recaption.integrations._script import on_all_ranks

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())  # at once: the ranks share the stream

def compute(texts):
    say("computed on", os.environ["RANK"])
    if not texts:
        raise RecaptionError("It failed.", hint="So it did.")
    return texts

for round in (1, 2):
    say("got", on_all_ranks(lambda: compute([f"cat {round}"]), repeatable=False))
try:
    on_all_ranks(lambda: compute([]), repeatable=False)
except RecaptionError as error:
    say("failed:", error)
"""


@pytest.mark.slow
def test_rank_zero_computes_and_all_ranks_get_it(tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "ranks.py").write_text(RANKS)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, str(tmp_path / "ranks.py")], cwd=tmp_path, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    out = done.stdout
    assert out.count("computed on 0") == 3
    assert "computed on 1" not in out
    assert out.count("got ['cat 1']") == out.count("got ['cat 2']") == 2
    assert out.count("failed: It failed. So it did.") == 2


def test_ranks_without_a_store_only_run_what_is_repeatable(monkeypatch) -> None:
    from t2v_recaption.integrations._script import on_all_ranks

    monkeypatch.setenv("WORLD_SIZE", "8")
    monkeypatch.delenv("TORCHELASTIC_USE_AGENT_STORE", raising=False)
    assert on_all_ranks(lambda: ["a"], repeatable=True) == ["a"]
    with pytest.raises(InvalidInput, match="torchrun"):
        on_all_ranks(lambda: ["a"], repeatable=False)

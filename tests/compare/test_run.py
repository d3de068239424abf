"""Whole runs: what is kept, what is refused, what a kill costs."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from t2v_recaption.compare import lock
from t2v_recaption.compare.arms import Arm, parse_arm
from t2v_recaption.compare.budget import Limits
from t2v_recaption.compare.clips import Clips
from t2v_recaption.compare.design import Design, jobs
from t2v_recaption.compare.items import Item, unique
from t2v_recaption.compare.run import Run, run_ab
from t2v_recaption.compare.store import Outcome, Store
from t2v_recaption.compare.verdicts import Call
from t2v_recaption.errors import InvalidInput, UnknownName
from t2v_recaption.generators import FunctionGenerator
from t2v_recaption.verify.claims import claims_of
from t2v_recaption.verify.model import ClaimResult, ClaimStatus, Verification
from tests.compare.conftest import FAST, PROMPTS, SHORTENED

ROOT = Path(__file__).resolve().parents[2]


class Truth:
    """A verifier that knows: a claim is supported where the clip's file holds its id after its seed."""

    def __init__(self, decide) -> None:
        self.decide, self.seen = decide, []

    def identity(self):
        return {"truth": 1}

    def verify(self, clip, claims):
        text = clip.read_text()
        self.seen.append(text)
        results = tuple(ClaimResult(claim, self.decide(text, claim), 1.0, "so it is") for claim in claims)
        return Verification({}, claims.prompt, claims.hash, results, None, 1.0)


def always(status):
    return Truth(lambda text, claim: ClaimStatus(status))


def writes_its_text():
    return FunctionGenerator(lambda prompt, seed, out: out.write_text(f"{prompt}{seed}"), "writes its text")


def test_a_text_run_ends_in_a_verdict(tmp_path, design) -> None:
    (tmp_path / "r.txt").write_text("\n".join(SHORTENED))
    design = replace(design, arms=(*design.arms, parse_arm("bad=r.txt", tmp_path)), measures=("words",))
    result = run_ab(design, tmp_path / "run")
    calls = {found.second: found.verdict.call for found in result.comparisons}
    assert calls["bad"] is Call.FIRST, result.comparisons
    assert result.worse == ("bad",)
    assert result.comparisons[0].mean_second == 1.0
    assert [m.name for m in result.others] == ["words"]
    assert {c.name for c in result.primary.contest.categories["bad"]} == {"even", "odd"}
    assert "subject" in {c.name for c in result.primary.kinds["bad"]}
    assert json.loads((tmp_path / "run" / "result.json").read_text())["primary"]["name"] == "fidelity"


def test_the_same_run_again_makes_nothing_and_says_the_same(tmp_path, items) -> None:
    calls = []

    def write(prompt):
        calls.append(prompt)
        return prompt.upper()

    arms = (Arm("raw", "raw"), Arm.of("loud", write))
    design = Design(items, arms, settings=FAST)
    first, second = run_ab(design, tmp_path), run_ab(design, tmp_path)
    assert len(calls) == len(PROMPTS)
    assert first.comparisons == second.comparisons
    assert first.lock == second.lock


def test_what_fails_is_no_score(tmp_path, items) -> None:
    def write(prompt):
        if "cat" in prompt:
            raise RuntimeError("no")
        return "" if "dogs" in prompt else None if "car" in prompt else prompt

    design = Design(items, (Arm("raw", "raw"), Arm.of("broken", write)), settings=FAST)
    result = run_ab(design, tmp_path)
    (found,) = result.comparisons
    assert found.prompts == len(PROMPTS) - 3
    assert found.mean_second == 1.0
    assert [p.item for p in result.problems] == ["p1", "p2", "p3"]
    assert found.worst is not None
    assert found.worst.low < found.difference
    assert any("Unscored" in note for note in result.notes)


def test_errors_are_tried_again_when_asked(tmp_path, items) -> None:
    broken = [True]

    def write(prompt):
        if broken[0]:
            raise RuntimeError("no")
        return prompt

    design = Design(items, (Arm("raw", "raw"), Arm.of("w", write)), settings=FAST)
    assert len(run_ab(design, tmp_path).problems) == len(PROMPTS)
    broken[0] = False
    assert len(run_ab(design, tmp_path).problems) == len(PROMPTS)
    assert run_ab(design, tmp_path, retry=True).problems == ()


def test_nothing_scored_at_all_is_inconclusive(tmp_path, items) -> None:
    def write(prompt):
        raise RuntimeError("no")

    design = Design(items, (Arm("raw", "raw"), Arm.of("w", write)), settings=FAST)
    (found,) = run_ab(design, tmp_path).comparisons
    assert found.verdict.call is Call.INCONCLUSIVE
    assert found.difference is None


def test_one_prompt_names_no_winner(tmp_path) -> None:
    items = unique([Item("p1", "a red car")])
    design = Design(items, (Arm("raw", "raw"), Arm.of("w", lambda prompt: "a dog")), settings=FAST)
    (found,) = run_ab(design, tmp_path).comparisons
    assert found.verdict.call is Call.INCONCLUSIVE


def test_a_changed_plan_is_refused_and_then_on_record(tmp_path, design) -> None:
    run_ab(design, tmp_path)
    changed = replace(design, settings=replace(FAST, margin=0.2))
    with pytest.raises(InvalidInput, match="margin") as raised:
        run_ab(changed, tmp_path)
    assert "--new-plan" in raised.value.hint
    result = run_ab(changed, tmp_path, new_plan=True)
    assert any("replaced" in note and "margin" in note for note in result.notes)
    assert len(result.lock.replaced) == 1
    assert run_ab(changed, tmp_path).lock == result.lock


def test_a_changed_file_of_rewrites_is_a_changed_plan(tmp_path, items) -> None:
    path = tmp_path / "r.txt"
    path.write_text("\n".join(PROMPTS))
    design = Design(items, (Arm("raw", "raw"), parse_arm("r.txt", tmp_path)), settings=FAST)
    run_ab(design, tmp_path / "run")
    path.write_text("\n".join(p + "!" for p in PROMPTS))
    with pytest.raises(InvalidInput, match="arms: r: sha256"):
        run_ab(design, tmp_path / "run")


def test_claims_are_frozen_before_anything_is_made(tmp_path, items) -> None:
    seen = []

    def write(prompt):
        seen.append((tmp_path / lock.CLAIMS).read_text())
        return prompt

    result = run_ab(Design(items, (Arm("raw", "raw"), Arm.of("w", write)), settings=FAST), tmp_path)
    assert len(seen) == len(PROMPTS)
    told = [json.loads(line) for line in seen[0].splitlines()]
    assert [line["prompt"] for line in told] == PROMPTS
    assert (tmp_path / lock.CLAIMS).read_text() == seen[0]
    assert result.lock.claims_hash


def test_a_lock_that_is_none_is_refused(tmp_path, design) -> None:
    (tmp_path / lock.NAME).write_text("{}")
    with pytest.raises(InvalidInput, match="no lock file"):
        run_ab(design, tmp_path)


def test_two_processes_do_not_work_on_one_run(tmp_path, design) -> None:
    code = f"""
import sys, time
from pathlib import Path
from t2v_recaption.compare.store import only_process
with only_process(Path({str(tmp_path)!r})):
    print("held", flush=True)
    time.sleep(60)
"""
    holder = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InvalidInput, match="Another process"):
            run_ab(design, tmp_path)
    finally:
        holder.kill()
        holder.wait()
    run_ab(design, tmp_path)


def test_a_store_keeps_values_and_lets_errors_go(tmp_path) -> None:
    with Store(tmp_path) as store:
        store.put("a", "text", Outcome({"text": "1"}))
        store.put("a", "text", Outcome({"text": "2"}))
        store.put("b", "text", Outcome({}, "broken"))
        store.put("b", "text", Outcome({"text": "whole"}))
    with Store(tmp_path) as store:
        assert store.get("a").value == {"text": "1"}
        assert store.get("b").value == {"text": "whole"}
        assert store.get("c") is None
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "results.sqlite").write_text("not a database, but quite some text " * 40)
    with pytest.raises(InvalidInput, match="cannot be used"):
        Store(tmp_path / "broken")


def clip_design(items, **more):
    arms = (Arm("raw", "raw"), Arm.of("loud", str.upper))
    return Design(items, arms, level="clip", seeds=(0, 1), settings=FAST, **more)


def test_a_clip_run_asks_for_every_clip_once_in_a_shuffled_order(tmp_path, items, sampler) -> None:
    command, log = sampler
    design = clip_design(items, generate=command)
    truth = Truth(lambda text, claim: ClaimStatus.SUPPORTED if text.isupper() else ClaimStatus.REFUTED)
    result = run_ab(design, tmp_path / "run", verifier=truth)
    (found,) = result.comparisons
    assert found.verdict.call is Call.SECOND
    assert (found.mean_first, found.mean_second) == (0.0, 1.0)
    asked = [tuple(json.loads(line)) for line in log.read_text().splitlines()]
    assert len(asked) == len(set(asked)) == len(PROMPTS) * 2 * 2
    planned = [
        (job.item.prompt.upper() if job.arm == "loud" else job.item.prompt, str(job.seed)) for job in jobs(design)
    ]
    assert asked == planned
    assert asked != sorted(asked)
    run_ab(design, tmp_path / "run", verifier=truth)
    assert len(log.read_text().splitlines()) == len(asked)
    assert len(truth.seen) == len(asked)


def test_two_arms_with_the_same_text_share_their_clips(tmp_path, items, sampler) -> None:
    command, log = sampler
    arms = (Arm("raw", "raw"), Arm.of("same", lambda prompt: prompt))
    design = Design(items, arms, level="clip", generate=command, settings=FAST)
    (found,) = run_ab(design, tmp_path / "run", verifier=always("supported")).comparisons
    assert len(log.read_text().splitlines()) == len(PROMPTS)
    assert found.difference == 0.0


def test_clips_that_fail_are_no_scores(tmp_path, sampler) -> None:
    command, _ = sampler
    items = unique(Item(f"p{n}", p) for n, p in enumerate([*PROMPTS, "a plan that fails", "a box of nothing"]))
    design = Design(
        items, (Arm("raw", "raw"), Arm.of("loud", str.upper)), level="clip", generate=command, settings=FAST
    )
    result = run_ab(design, tmp_path / "run", verifier=always("supported"))
    assert sorted((p.step, p.arm, p.item) for p in result.problems) == [("clip", "raw", "p8"), ("clip", "raw", "p9")]
    assert any("out of memory" in problem.message for problem in result.problems)
    assert result.comparisons[0].prompts == len(PROMPTS)
    assert result.comparisons[0].mean_first == 1.0


@pytest.mark.parametrize("status", ["undetermined", "error", "not_applicable"])
def test_what_nobody_could_tell_is_no_score(tmp_path, items, status) -> None:
    design = clip_design(items)
    result = run_ab(design, tmp_path / "run", verifier=always(status), generator=writes_its_text())
    (found,) = result.comparisons
    assert found.prompts == 0
    assert found.verdict.call is Call.INCONCLUSIVE


def test_a_verifier_that_fails_costs_one_clip(tmp_path, items) -> None:
    def decide(text, claim):
        if text.startswith("A CAT"):
            raise RuntimeError("the judge timed out")
        return ClaimStatus.SUPPORTED

    design = clip_design(items)
    result = run_ab(design, tmp_path / "run", verifier=Truth(decide), generator=writes_its_text())
    assert {(p.step, p.arm, p.item) for p in result.problems} == {("check", "loud", "p1")}
    assert result.comparisons[0].prompts == len(PROMPTS) - 1


def test_limits_stop_before_more_is_made(tmp_path, items, sampler) -> None:
    command, log = sampler
    design = clip_design(unique(items.items[:4]), generate=command)
    first = run_ab(design, tmp_path / "run", verifier=always("supported"), limits=Limits(max_generations=5))
    assert not first.complete
    assert len(log.read_text().splitlines()) == 5
    assert any("5 clips made" in note for note in first.notes)
    limits = Limits(max_cost=1.0, prices={"clip": 0.1})
    second = run_ab(design, tmp_path / "run", verifier=always("supported"), limits=limits)
    assert len(log.read_text().splitlines()) == 15
    assert second.provenance["cost"] == pytest.approx(1.0)
    assert run_ab(design, tmp_path / "run", verifier=always("supported")).complete


def test_limits_count_clips_that_are_made_side_by_side(tmp_path, items, sampler) -> None:
    command, log = sampler
    design = clip_design(unique(items.items[:4]), generate=command)
    first = run_ab(design, tmp_path, verifier=always("supported"), limits=Limits(max_generations=5), jobs=3)
    assert not first.complete
    assert len(log.read_text().splitlines()) == 5
    with Store(tmp_path) as store:
        assert store.count("clip") == 5
    assert run_ab(design, tmp_path, verifier=always("supported"), jobs=3).complete
    assert len(log.read_text().splitlines()) == 16


class Slots:
    """A generator that notes which places are taken at once."""

    def __init__(self, together: int) -> None:
        self.lock, self.now, self.seen, self.most = threading.Lock(), set(), set(), 0
        self.barrier = threading.Barrier(together)

    def identity(self):
        return {"slots": 1}

    def make(self, request) -> None:
        with self.lock:
            assert request.slot not in self.now
            self.now.add(request.slot)
            self.seen.add(request.slot)
            self.most = max(self.most, len(self.now))
        self.barrier.wait(60)  # nobody goes on before that many are at it
        request.out.write_text(f"{request.prompt}{request.seed}")
        with self.lock:
            self.now.remove(request.slot)


def test_clips_are_made_side_by_side_each_in_a_place_of_its_own(tmp_path, items) -> None:
    slots, order = Slots(4), Slots(1)
    told = run_ab(clip_design(items), tmp_path / "a", verifier=always("supported"), generator=slots, jobs=4)
    assert told.complete
    assert (slots.seen, slots.most) == ({0, 1, 2, 3}, 4)
    alone = run_ab(clip_design(items), tmp_path / "b", verifier=always("supported"), generator=order)
    assert order.seen == {0}
    assert alone.comparisons == told.comparisons


def test_what_goes_wrong_in_a_thread_ends_the_run_and_keeps_the_rest(tmp_path, items) -> None:
    made = []

    def make(prompt, seed, out):
        if len(made) == 6:
            raise SystemExit("out of order")
        made.append(seed)
        out.write_text(f"{prompt}{seed}")

    generator = FunctionGenerator(make, "fails once")
    with pytest.raises(SystemExit, match="out of order"):
        run_ab(clip_design(items), tmp_path, verifier=always("supported"), generator=generator, jobs=2)
    with Store(tmp_path) as store:
        assert store.count("clip") >= 4
    made.append(0)
    assert run_ab(clip_design(items), tmp_path, verifier=always("supported"), generator=generator, jobs=2).complete


def test_no_clips_at_once_are_refused(tmp_path, items) -> None:
    with pytest.raises(InvalidInput, match="at once"):
        Run(clip_design(items), tmp_path, generator=writes_its_text(), jobs=0)


def test_limits_that_cannot_be_kept_are_refused() -> None:
    with pytest.raises(InvalidInput, match="what something costs"):
        Limits(max_cost=3.0)
    with pytest.raises(InvalidInput, match="no price"):
        Limits(prices={"clips": 1.0})
    with pytest.raises(InvalidInput, match="no price"):
        Limits(prices={"clip": float("nan")})


def test_an_estimate_makes_nothing(tmp_path, items, sampler) -> None:
    command, log = sampler
    design = clip_design(items, generate=command)
    run = Run(design, tmp_path / "run", verifier=always("supported"), limits=Limits(prices={"clip": 0.5}))
    text, clip, check = run.estimate()
    assert (clip.total, clip.left, clip.cost, clip.seconds) == (32, 32, 16.0, None)
    assert not log.exists()
    assert not (tmp_path / "run" / lock.NAME).exists()
    run.budget.limits = Limits(max_generations=4, prices={"clip": 0.5})
    run.go()
    _, clip, check = run.estimate()
    assert (clip.total, clip.left, clip.cost) == (32, 28, 14.0)
    assert clip.seconds > 0
    assert (text.step, check.left) == ("text", 32)


RUNNER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from t2v_recaption.compare.arms import Arm
from t2v_recaption.compare.design import Design
from t2v_recaption.compare.run import run_ab
from tests.compare.test_run import always, clip_design
from tests.compare.conftest import made_items
items = made_items()
run_ab(clip_design(items, generate={command!r}), Path({folder!r}), verifier=always("supported"), jobs={jobs})
print("done")
"""


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 4])
def test_killed_again_and_again_nothing_is_lost_and_little_is_redone(tmp_path, items, sampler, jobs) -> None:
    command, log = sampler
    folder = tmp_path / "run"
    code = RUNNER.format(root=str(ROOT), command=command, folder=str(folder), jobs=jobs)
    done_before = 0
    kills = 0
    while kills < 100:
        process = subprocess.Popen(
            [sys.executable, "-c", code], cwd=ROOT, env=os.environ | {"SAMPLER_SECONDS": "0.02"}, stdout=subprocess.PIPE
        )
        wanted = len(log.read_text().splitlines()) + 7 if log.exists() else 7
        while process.poll() is None and len(log.read_text().splitlines() if log.exists() else ()) < wanted:
            time.sleep(0.002)
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        with Store(folder) as store:
            done = store.count("clip")
            assert done >= done_before
            done_before = done
    assert process.returncode == 0
    assert kills >= 3
    asked = log.read_text().splitlines()
    # A kill can cost the clips that were being made, and nothing else.
    assert len(asked) <= 32 + kills * jobs
    assert len(set(asked)) == 32
    with Store(folder) as store:
        assert store.count("clip") == store.count("check") == 32
    assert not list((folder / "clips" / "unfinished").iterdir())
    result = run_ab(clip_design(items, generate=command), folder, verifier=always("supported"))
    assert result.problems == ()
    assert len(log.read_text().splitlines()) == len(asked)


def test_a_clip_that_was_finished_and_not_written_down_is_taken(tmp_path, items) -> None:
    made = []

    def make(prompt, seed, out):
        made.append((prompt, seed))
        out.write_text(prompt)

    generator = FunctionGenerator(make, "mine")
    design = clip_design(items)
    with Store(tmp_path) as store:
        from t2v_recaption.compare.budget import Budget
        from t2v_recaption.compare.texts import Texts

        texts = Texts(design, store)
        texts.write(Budget())
        clips = Clips(design, tmp_path, store, texts, generator=generator)
        job = clips.left()[0]
        path = clips.path(clips.key(job, texts.outcome(job.arm, job.item)))
        path.parent.mkdir(parents=True)
        path.write_text("whole")
        clips.make(Budget())
        assert len(made) == 31
        assert clips.file(clips.outcome(job)).read_text() == "whole"


def test_hand_written_claims_are_used(tmp_path, items, sampler) -> None:
    mine = {item.id: claims_of("a horse") for item in items.items}
    seen = []
    truth = Truth(lambda text, claim: seen.append(claim.text) or ClaimStatus.SUPPORTED)
    run_ab(clip_design(items, generate=sampler[0]), tmp_path / "run", verifier=truth, claims=mine)
    assert all("horse" in text for text in seen)


def test_scores_of_another_tool_decide(tmp_path, items) -> None:
    told = {"a": 0.2, "b": 0.8}
    for name, value in told.items():
        rows = [f'"{item.prompt}",{value + n / 100}' for n, item in enumerate(items.items)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["prompt,value", *rows]))
    scores = {name: f"file:{tmp_path / name}.csv" for name in told}
    arms = (Arm("a", "raw"), Arm("b", "raw"))
    design = Design(items, arms, primary="scores", scores=scores, settings=FAST)
    (found,) = run_ab(design, tmp_path / "run").comparisons
    assert found.verdict.call is Call.SECOND
    assert found.difference == pytest.approx(0.6)
    (tmp_path / "a.csv").write_text("prompt,value\nanother prompt,1\n")
    with pytest.raises(InvalidInput, match="no score of any"):
        run_ab(design, tmp_path / "other")
    with pytest.raises(InvalidInput, match="every arm or of none"):
        Design(items, arms, scores={"a": "x.csv"})
    with pytest.raises(InvalidInput, match="planned otherwise"):
        run_ab(design, tmp_path / "run")


@pytest.mark.parametrize("value", ["nan", "", "bad reply"])
def test_scores_that_are_none_stay_none(tmp_path, items, value) -> None:
    for name in ("a", "b"):
        rows = [f'"{item.prompt}",{value if item.id == "p2" and name == "b" else 1}' for item in items.items]
        (tmp_path / f"{name}.csv").write_text("\n".join(["prompt,value", *rows]))
    scores = {name: f"file:{tmp_path / name}.csv" for name in ("a", "b")}
    design = Design(items, (Arm("a", "raw"), Arm("b", "raw")), primary="scores", scores=scores, settings=FAST)
    (found,) = run_ab(design, tmp_path / "run").comparisons
    assert found.prompts == len(PROMPTS) - 1
    assert found.mean_second == 1.0


def test_clips_are_not_compared_by_their_texts(items) -> None:
    with pytest.raises(InvalidInput, match="Clips cannot be compared by 'words'"):
        clip_design(items, generate="x {prompt} {out}", primary="words")
    with pytest.raises(UnknownName, match="beauty"):
        clip_design(items, generate="x {prompt} {out}", measures=("beauty",))

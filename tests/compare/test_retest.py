"""Judges that are asked again: past every cache, once, drawn the same way, and with what it does to the result."""

import itertools

import pytest

from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.cache import CachedBackend, ReplyStore
from t2v_recaption.compare.arms import Arm
from t2v_recaption.compare.budget import Limits
from t2v_recaption.compare.design import Design
from t2v_recaption.compare.items import Item, unique
from t2v_recaption.compare.report import report
from t2v_recaption.compare.run import Run, run_ab
from t2v_recaption.compare.verifying import DesignVerifier
from t2v_recaption.errors import InvalidInput
from t2v_recaption.verify.claims import claims_of
from tests.compare.conftest import FAST, PROMPTS

ARMS = (Arm.of("a", lambda p: f"poor {p}"), Arm.of("b", lambda p: f"excellent {p}"))


def cached(answer, tmp_path):
    return CachedBackend(ScriptedBackend(answer), ReplyStore(tmp_path / "replies.sqlite"))


def test_a_judge_that_contradicts_itself_is_found_out_past_the_cache(tmp_path, items) -> None:
    seen: dict[str, int] = {}

    def forgetful(request):
        text = request.messages[0].text
        seen[text] = seen.get(text, 0) + 1
        return "tie" if seen[text] > 1 and "cat" in text else "1"

    judge = cached(forgetful, tmp_path)
    design = Design(items, ARMS, settings=FAST)
    result = run_ab(design, tmp_path / "run", judge=judge, retest=100)
    (told,) = result.retests
    assert (told.what, told.flips.items, told.flips.flipped) == ("choices", 2 * len(PROMPTS), 2)
    assert told.flips.rate == pytest.approx(1 / len(PROMPTS))
    assert set(seen.values()) == {2}
    assert "answered 2 otherwise" in report(result)
    run_ab(design, tmp_path / "run", judge=judge, retest=100)
    assert set(seen.values()) == {2}


def test_as_many_as_wanted_and_always_the_same(tmp_path, items) -> None:
    judge = cached(lambda request: "1", tmp_path)
    design = Design(items, ARMS, settings=FAST)
    few = run_ab(design, tmp_path / "run", judge=judge, retest=3)
    assert few.retests[0].flips.items == 3
    assert few.retests[0].flips.flipped == 0
    assert len(judge.backend.history) == 2 * len(PROMPTS) + 3
    none = run_ab(design, tmp_path / "run", judge=judge)
    assert none.retests == ()
    assert "asked twice" in report(none)
    assert len(judge.backend.history) == 2 * len(PROMPTS) + 3


def test_a_second_answer_that_cannot_be_read_is_another_answer_and_a_first_one_is_not_asked_again(
    tmp_path, items
) -> None:
    answers = itertools.chain(["no idea"], itertools.repeat("1", 2 * len(PROMPTS) - 1), itertools.repeat("hm"))
    judge = ScriptedBackend(lambda request: next(answers))
    (told,) = run_ab(Design(items, ARMS, settings=FAST), tmp_path, judge=judge, retest=100).retests
    assert (told.flips.items, told.flips.flipped) == (2 * len(PROMPTS) - 1, 2 * len(PROMPTS) - 1)


def test_a_limit_holds_for_repetitions(tmp_path, items) -> None:
    judge = ScriptedBackend(lambda request: "1")
    limits = Limits(max_cost=18.0, prices={"judgement": 1.0})
    result = run_ab(Design(items, ARMS, settings=FAST), tmp_path, judge=judge, retest=100, limits=limits)
    assert not result.complete
    assert len(judge.history) == 18
    assert result.retests[0].flips.items == 2


def test_another_judge_is_another_plan(tmp_path, items) -> None:
    class Other(ScriptedBackend):
        def identity(self):
            return {"backend": "scripted", "model": "another"}

    design = Design(items, ARMS, settings=FAST)
    run_ab(design, tmp_path, judge=ScriptedBackend(lambda request: "1"))
    with pytest.raises(InvalidInput, match="judge"):
        run_ab(design, tmp_path, judge=Other(lambda request: "2"))
    result = run_ab(design, tmp_path, judge=Other(lambda request: "2"), new_plan=True)
    assert "judge" in result.lock.replaced[0]["changes"][0]


def test_clips_are_checked_again_by_their_judges(tmp_path) -> None:
    """Real clips and the real verification; only the model's answers are written by hand."""
    import numpy as np

    turns = itertools.count()

    def unsteady(request):
        return "Yes" if next(turns) % 2 else "No"

    verifier = DesignVerifier({"foils": 0, "measurements": False})
    verifier._judges = [cached(unsteady, tmp_path)]
    items = unique([Item("p1", "a red car on a street"), Item("p2", "two dogs on a beach")])
    arms = (Arm("raw", "raw"), Arm.of("loud", lambda prompt: f"{prompt}!"))

    def draw(prompt, seed):
        return [np.full((64, 96, 3), 40 * len(prompt) % 255 + n, np.uint8) for n in range(8)]

    design = Design(items, arms, level="clip", settings=FAST, measures=())
    run = Run(design, tmp_path / "run", generator=draw, verifier=verifier, retest=2)
    result = run.go()
    asked = next(turns)
    (told,) = result.retests
    assert told.what == "claims"
    assert told.flips.items > 0
    assert asked > sum(len(claims_of(item.prompt).claims) for item in items.items) * 2
    again = Run(design, tmp_path / "run", generator=draw, verifier=verifier, retest=2).go()
    assert again.retests == result.retests
    assert next(turns) == asked + 1


def test_checks_count_towards_a_limit_where_they_have_a_price(tmp_path, items) -> None:
    from tests.compare.test_run import always, clip_design, writes_its_text

    limits = Limits(max_cost=3.0, prices={"check": 1.0})
    verifier = always("supported")
    run = Run(clip_design(items), tmp_path, generator=writes_its_text(), verifier=verifier, limits=limits)
    result = run.go()
    assert len(verifier.seen) == 3
    assert not result.complete
    assert next(each for each in run.estimate() if each.step == "check").cost == 29.0


def test_three_arms_are_ranked_by_their_scores_too(tmp_path, items) -> None:
    arms = (Arm("raw", "raw"), Arm.of("last", lambda prompt: prompt.split()[-1]), Arm.of("none", lambda prompt: "Hm."))
    result = run_ab(Design(items, arms, settings=FAST), tmp_path)
    order = [each.arm for each in result.standing.ranks]
    assert (order[0], order[-1]) == ("raw", "none")
    assert "Strength of all arms" in report(result)

"""The loop as a whole: it repairs what can be repaired, keeps what is better, and stops when it should."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption.errors import InvalidInput, RecaptionError
from t2v_recaption.fidelity.report import Status
from t2v_recaption.loop.budget import Budget
from t2v_recaption.loop.diagnosis import Cause
from t2v_recaption.loop.result import Stop, best_trial
from t2v_recaption.loop.trial import Trial, informedness
from t2v_recaption.verify.model import ClaimStatus
from tests.loop.worlds import loop_of, says, told, yes_man

CATS = "two cats and a red ball on a wooden floor"


def insists(claim: str, text: str, negative: str, seed: int) -> bool:
    """Counts are shown only when insisted on; all else always."""
    return "two" not in claim.lower() or says(text, "exactly two")


def test_it_stops_at_once_when_everything_is_shown(tmp_path: Path) -> None:
    loop, world = loop_of(CATS, lambda *_: True, tmp_path)
    result = loop.run()
    assert result.stop is Stop.DONE
    assert result.spent.generations == len(world.made) <= 4
    assert result.best.origin == "enhanced"
    assert result.best_trial is not None
    assert result.best_trial.passed


def test_it_insists_on_what_is_ignored(tmp_path: Path) -> None:
    loop, world = loop_of(CATS, insists, tmp_path)
    result = loop.run()
    assert result.stop is Stop.DONE
    assert result.best.origin == "edited"
    assert result.best.edits[0].operator == "strengthen"
    assert says(result.best.text, "exactly two")
    accepted = result.rounds[-1]
    assert accepted.accepted
    assert accepted.fixed
    assert not accepted.broke
    assert len(world.made) == result.spent.generations


def test_a_generator_that_cannot_is_told_from_a_text_that_does_not_say(tmp_path: Path) -> None:
    loop, _ = loop_of(CATS, lambda claim, *_: "red" not in claim, tmp_path, budget=Budget(30))
    result = loop.run()
    assert result.stop is Stop.LIMIT
    limits = [d for d in result.diagnoses if d.cause is Cause.LIMIT]
    assert limits
    assert all("red" in d.claim.text for d in limits)
    assert result.reason.endswith(limits[-1].claim.text)


def test_the_prompt_as_typed_wins_when_it_shows_more(tmp_path: Path) -> None:
    loop, _ = loop_of(CATS, lambda claim, text, *_: text == CATS or "ball" not in claim, tmp_path)
    result = loop.run()
    assert result.stop is Stop.DONE
    assert result.best.text == CATS
    assert "gone back to" in result.notes[0]


def test_an_edit_that_loses_something_critical_is_not_kept(tmp_path: Path) -> None:
    def shows(claim: str, text: str, negative: str, seed: int) -> bool:
        insisted = says(text, "exactly two")
        return not insisted if "ball" in claim and "red" not in claim else insists(claim, text, negative, seed)

    loop, _ = loop_of(CATS, shows, tmp_path, budget=Budget(16))
    result = loop.run()
    assert all(not says(result.best.text, "exactly two") for _ in result.rounds)
    assert any(round_.broke and not round_.accepted for round_ in result.rounds)


def test_a_judge_that_says_yes_to_everything_stops_the_loop(tmp_path: Path) -> None:
    def partly(clip: Path, claims: Any) -> Any:
        found = yes_man(clip, claims)
        statuses = {r.claim.id: r.status for r in found} | {claims.claims[0].id: ClaimStatus.REFUTED}
        return told(statuses, claims, judges=found.judges)

    loop, world = loop_of(CATS, lambda *_: False, tmp_path, judge=partly, budget=Budget(30))
    result = loop.run()
    assert result.stop is Stop.JUDGE
    assert "yes-man" in result.reason
    assert len(world.made) <= 4


def test_claims_that_nobody_can_decide_end_the_loop(tmp_path: Path) -> None:
    def blind(clip: Path, claims: Any) -> Any:
        return told(dict.fromkeys((c.id for c in claims), ClaimStatus.UNDETERMINED), claims)

    loop, _ = loop_of(CATS, lambda *_: True, tmp_path, judge=blind)
    result = loop.run()
    assert result.stop is Stop.UNDECIDED
    assert "add a judge" in result.reason
    assert {d.cause for d in result.diagnoses} == {Cause.UNSURE}


def test_what_shows_with_some_seeds_gets_more_seeds(tmp_path: Path) -> None:
    def by_luck(claim: str, text: str, negative: str, seed: int) -> bool:
        return seed in (1, 3) if "ball" in claim else seed in (0, 3) if "two" in claim.lower() else True

    loop, _ = loop_of(CATS, by_luck, tmp_path, budget=Budget(16))
    result = loop.run()
    assert result.stop is Stop.DONE
    assert result.best_trial is not None
    assert result.best_trial.seed == 3


@pytest.mark.parametrize(
    ("budget", "limit"),
    [
        (Budget(generations=5), "generations"),
        (Budget(judge_calls=40), "judge calls"),
        (Budget(money=1.0, per_generation=0.2), "money"),
    ],
)
def test_no_limit_is_ever_passed(budget: Budget, limit: str, tmp_path: Path) -> None:
    loop, world = loop_of(CATS, lambda claim, *_: "red" not in claim, tmp_path, budget=budget)
    result = loop.run()
    assert result.stop is Stop.BUDGET
    assert limit in result.reason
    assert len(world.made) <= budget.generations
    assert result.spent.judge_calls <= (budget.judge_calls or 10**9)
    assert result.spent.money <= (budget.money or 0.0) + 1e-9 or not budget.per_generation


def test_a_clip_that_fails_costs_itself_only(tmp_path: Path) -> None:
    loop, _ = loop_of(CATS, insists, tmp_path, fails=frozenset({0, 5}))
    result = loop.run()
    assert result.stop is Stop.DONE
    assert [trial.error for trial in result.trials if trial.error] == ["out of memory"] * 2 or result.trials[0].error


def test_a_generator_that_always_fails_says_why(tmp_path: Path) -> None:
    loop, world = loop_of(CATS, insists, tmp_path, fails=frozenset(range(100)))
    with pytest.raises(RecaptionError, match="out of memory"):
        loop.run()
    assert len(world.made) <= 4


def test_run_again_it_goes_on_and_makes_nothing_twice(tmp_path: Path) -> None:
    whole, world = loop_of(CATS, insists, tmp_path / "whole")
    expected = whole.run()
    for cut in range(1, len(world.made)):
        folder = tmp_path / str(cut)
        first, made = loop_of(CATS, insists, folder, budget=Budget(max(2, cut)))
        first.run()
        second, again = loop_of(CATS, insists, folder)
        result = second.run()
        assert [t.to_dict() | {"seconds": 0, "clip": ""} for t in result.trials] == [
            t.to_dict() | {"seconds": 0, "clip": ""} for t in expected.trials
        ]
        assert max(Counter(made.made + again.made).values()) == 1
        assert result.best.key == expected.best.key


def test_the_history_tells_it_all(tmp_path: Path) -> None:
    loop, _ = loop_of(CATS, insists, tmp_path)
    result = loop.run()
    events = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    assert Counter(event["event"] for event in events)["trial"] == len(result.trials)
    assert events[-1]["event"] == "end"
    assert events[-1]["best"] == result.best.key


def test_a_prompt_without_claims_is_refused(tmp_path: Path) -> None:
    from dataclasses import replace

    loop, _ = loop_of(CATS, insists, tmp_path)
    with pytest.raises(InvalidInput, match="no claim"):
        replace(loop, claims=replace(loop.claims, claims=()))


PROMPTS = (
    CATS,
    "a dog to the left of a cat, then the dog jumps over the fence",
    'a neon sign that says "OPEN" in the rain, no people',
    "three red apples and two green pears on a table, static camera",
)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(PROMPTS), st.randoms(use_true_random=False), st.integers(2, 14))
def test_whatever_the_generator_does_the_users_words_stay(prompt: str, noise: Any, generations: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        loop, world = loop_of(prompt, lambda *_: noise.random() < 0.6, Path(folder), budget=Budget(generations))
        result = loop.run()
        assert len(world.made) <= generations
        assert any(text == prompt for text, _, _ in world.made)
        for wording in result.wordings:
            if wording.origin != "prompt":
                report = loop.workshop.report(wording)
                lost = [v for v in report.verdicts if v.status in (Status.LOST, Status.CONTRADICTED)]
                assert not lost
        best = result.best_trial
        assert best is None or best in result.trials


def test_judges_are_judged_over_all_clips() -> None:
    good = [Trial("w", seed, "x", probes={"good": (4, 4, 3, 4)}) for seed in range(3)]
    bad = [Trial("w", seed, "x", probes={"bad": (4, 4, 0, 4)}) for seed in range(3)]
    assert informedness(good) == {"good": pytest.approx(0.75)}
    assert informedness(bad) == {"bad": pytest.approx(0.0)}
    assert informedness(bad[:1]) == {"bad": 1.0}


def test_the_best_clip_is_the_one_that_shows_most(tmp_path: Path) -> None:
    loop, _ = loop_of(CATS, lambda claim, text, negative, seed: seed == 1 and "red" in claim, tmp_path)
    result = loop.run()
    best = best_trial(result.trials, result.claims)
    assert best is not None
    assert best.seed == 1
    assert best_trial((), result.claims) is None

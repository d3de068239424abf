"""Verifying clips with everybody who can tell: measurements, good and bad judges, captioners."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from t2v_recaption import BackendError, InvalidInput, claims_of
from t2v_recaption.backends.base import ChatReply, ChatRequest, Footage
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.verify import ClaimStatus, Verification, Verifier, verify
from tests.verify.judges import good_judge, knowing, noisy, question_of, saying

S, R, U, E, N = (ClaimStatus.SUPPORTED, ClaimStatus.REFUTED, ClaimStatus.UNDETERMINED, ClaimStatus.ERROR,
                 ClaimStatus.NOT_APPLICABLE)  # fmt: skip

Check = Callable[..., Verification]

PROMPT = "two red cars on the left of a blue truck, a man dances on a table, the camera pans right"
TRUTH = {
    "How many cars are in the video?": "2",
    "Are there cars in the video?": "Yes | 0.0 s, 1.0 s | two cars side by side",
    "What colour are the cars?": "red",
    "Are the cars to the left of the truck or to the right of it?": "left",
    "What colour is the truck?": "green",
    "Is there a truck in the video?": "Yes",
    "Is there a man in the video?": "No",
    "Does the man dance on a table?": "Yes",
    "Is there a table in the video?": "Yes",
    "Does the camera pan left, pan right, or neither?": "pan right",
}


def statuses(found) -> dict[str, ClaimStatus]:
    return {result.claim.text: result.status for result in found}


def test_a_good_judge_decides_claim_by_claim(clip_of: Callable[[str], Path]) -> None:
    found = verify(clip_of("pan"), PROMPT, judges=good_judge(TRUTH))
    got = statuses(found)
    assert got["There are two cars."] is S
    assert got["The cars are red."] is S
    assert got["The truck is blue."] is R
    assert got["There is a man."] is R
    assert got["The man dances on a table."] is N
    assert got["The camera pans right."] is S
    assert found["c1"].verdicts[0].by == "scripted"
    assert found.judges[0].reliable
    assert 0 < found.score < 1
    assert found.coverage == 1.0
    assert not found.passed


def test_measurements_and_judges_speak_about_the_same_claim(clip_of: Callable[[str], Path]) -> None:
    wrong = {**TRUTH, "Does the camera pan left, pan right, or neither?": "pan left"}
    found = verify(clip_of("pan"), PROMPT, judges=good_judge(wrong))
    camera = next(result for result in found if result.claim.text == "The camera pans right.")
    assert camera.status is S  # it was measured
    assert camera.disputed
    assert camera.routes == ("measurement", "judge")


def test_evidence_names_frames_that_were_shown(check: Check) -> None:
    found = check(PROMPT, judges=good_judge(TRUTH))
    cars = next(result for result in found if result.claim.text == "There are cars.")
    assert len(cars.evidence.times) == 2
    assert set(cars.evidence.times) <= set(found.frames)
    assert cars.evidence.observation == "two cars side by side"
    assert cars.confidence <= len(found.frames) / (len(found.frames) + 1)


def test_a_judge_sees_frames_and_never_the_prompt(check: Check) -> None:
    judge = good_judge(TRUTH)
    check(PROMPT, judges=judge, frames=5)
    assert judge.history
    for request in judge.history:
        text = " ".join(part for message in request.messages for part in message.content if isinstance(part, str))
        assert PROMPT not in text
        pictures = [part for part in request.messages[-1].parts if not isinstance(part, str)]
        assert len(pictures) == 5
        assert pictures == [p for p in judge.history[0].messages[-1].parts if not isinstance(p, str)]
        assert request.messages[0] == judge.history[0].messages[0]


def test_a_judge_that_takes_video_gets_video(check: Check) -> None:
    judge = good_judge(TRUTH)
    judge.accepts_video = True
    found = check(PROMPT, judges=judge, frames=5)
    (footage,) = judge.history[0].messages[-1].parts
    assert isinstance(footage, Footage)
    assert footage.times == found.frames


@pytest.mark.parametrize("said", ["Yes", "No"])
def test_a_judge_that_says_the_same_to_everything_does_not_count(check: Check, said: str) -> None:
    found = check("a cat on a sofa, static shot", judges=saying(said))
    assert not found.judges[0].reliable
    got = statuses(found)
    assert got["The camera stands still."] is S  # by measurement
    assert all(status is U for text, status in got.items() if text != "The camera stands still.")
    assert all(not verdict.counts for result in found for verdict in result.verdicts if verdict.route == "judge")


@pytest.mark.parametrize("said", ["", "lorem ipsum dolor sit amet", "I'm sorry, but I can't help with that.", "{]"])
def test_garbage_and_refusals_never_become_a_score(check: Check, said: str) -> None:
    found = check("a cat on a sofa", judges=saying(said))
    assert found.score is None
    assert found.coverage == 0.0
    assert all(result.status in (U, E) for result in found)
    assert not found.judges[0].reliable


def test_an_unreadable_answer_is_asked_for_once_more(check: Check) -> None:
    seen: set[str] = set()

    def hesitant(request: ChatRequest) -> str:
        question = question_of(request)
        first = question not in seen
        seen.add(question)
        return "" if first else knowing({"Is there a cat in the video?": "Yes"})(request)

    found = check("a cat", judges=ScriptedBackend(hesitant))
    assert statuses(found) == {"There is a cat.": S}


def test_a_judge_that_times_out_makes_errors(check: Check) -> None:
    late = ScriptedBackend(lambda request: BackendError("The server did not answer in 60 s.", retryable=True))
    found = check("a cat, static shot", judges=late)
    got = statuses(found)
    assert got["There is a cat."] is E
    assert got["The camera stands still."] is S
    assert found.score == 1.0
    assert found.coverage < 1
    assert "did not answer" in next(r.reason for r in found if r.status is E)


def test_a_judge_that_fails_as_a_whole_makes_errors(check: Check) -> None:
    class Broken(ScriptedBackend):
        def generate(self, requests):
            raise BackendError("The model cannot be loaded.")

    found = check("a cat", judges=Broken(lambda request: ""))
    assert statuses(found) == {"There is a cat.": E}


def test_one_failed_answer_loses_no_other(check: Check) -> None:
    prompt = "a cat and a dog"
    judge = ScriptedBackend(knowing({"Is there a dog in the video?": "Yes"}), fail_at=[0])
    got = statuses(check(prompt, judges=judge, foils=0))
    assert got == {"There is a cat.": E, "There is a dog.": S}


def test_a_judge_that_contradicts_itself_is_found_out(check: Check) -> None:
    agreeing = {**TRUTH, "Is this so: the cars are green?": "Yes",
                "Is this so: the cars are to the right of the truck?": "Yes"}  # fmt: skip
    found = check(PROMPT, judges=good_judge(agreeing))
    assert found.judges[0].contradictions == 2
    assert not found.judges[0].reliable


def test_one_contradiction_undoes_the_claim_that_it_is_about(check: Check) -> None:
    agreeing = {**TRUTH, "Is this so: the cars are green?": "Yes"}
    found = check(PROMPT, judges=good_judge(agreeing))
    assert found.judges[0].reliable
    cars = next(result for result in found if result.claim.text == "The cars are red.")
    assert (cars.status, cars.reason) == (U, "It says yes to the opposite, too.")


def test_several_judges_vote_and_disagreement_shows(check: Check) -> None:
    sees, blind = good_judge({"Is there a cat in the video?": "Yes"}), good_judge({})
    both = check("a cat", judges=[sees, blind])
    assert (both["c1"].status, both["c1"].disputed) == (U, True)
    three = check("a cat", judges=[sees, sees, blind])
    assert (three["c1"].status, three["c1"].disputed) == (S, True)
    assert [verdict.by for verdict in three["c1"].verdicts] == ["scripted #1", "scripted #2", "scripted #3"]


def test_an_unreliable_judge_is_outvoted_by_none(check: Check) -> None:
    found = check("a cat", judges=[good_judge({}), saying("Yes"), saying("Yes")])
    assert found["c1"].status is R
    assert [judge.reliable for judge in found.judges] == [True, False, False]


def test_probabilities_are_kept_and_decide(check: Check) -> None:
    def odds(request: ChatRequest) -> ChatReply:
        yes = 0.9 if question_of(request) == "Is there a cat in the video?" else 0.02
        if question_of(request).startswith(("Is the video in colour", "Can anything")):
            yes = 0.97
        return ChatReply("Yes", probabilities={"Yes": yes, "No": 0.98 - yes, "Cannot tell": 0.0})

    found = check("a cat and a dog", judges=ScriptedBackend(odds))
    assert statuses(found) == {"There is a cat.": S, "There is a dog.": R}
    verdict = found["c1"].verdicts[0]
    assert verdict.probability == pytest.approx(0.9 / 0.98)
    assert verdict.confidence <= verdict.probability


def test_confidence_is_bounded_by_the_frames_seen(check: Check) -> None:
    sure = saying("Yes")
    for frames in (1, 2, 8):
        found = check("a cat", judges=sure, frames=frames, foils=0)
        assert found["c1"].confidence <= frames / (frames + 1)


def test_one_frame_cannot_tell_what_comes_first(check: Check) -> None:
    prompt = "a boy jumps over a puddle and then falls"
    order = next(claim for claim in claims_of(prompt) if claim.form == "order")
    judge = ScriptedBackend(lambda request: order.expected if "comes first" in question_of(request) else "Yes")
    assert check(prompt, judges=judge, frames=1, foils=0)[order.id].status is U
    assert check(prompt, judges=judge, frames=4, foils=0)[order.id].status is S


def test_a_claim_about_the_end_is_asked_about_the_end(check: Check) -> None:
    judge = ScriptedBackend(lambda request: "orange")
    found = check("the sky turns from blue to orange", judges=judge, frames=3, foils=0)
    late = next(result for result in found if result.claim.expected == "orange")
    assert late.status is S
    assert min(late.evidence.seen) >= 0.6 * 2.0 - 0.01
    assert len(late.evidence.seen) >= 4
    asked = [request.messages[-1].text for request in judge.history if "at the end" in question_of(request)]
    assert "This is about the time from 1.2" in asked[0]


def test_noisy_judges_lose_claims_but_the_probes_tell(still: Path) -> None:
    prompts = ["a cat and a dog on a sofa", "a horse", "a bird in a tree", "a boat on a lake", "a man with a hat"]
    for wrong, reliable in ((0.0, True), (0.5, False)):
        with Verifier(judges=ScriptedBackend(noisy({}, wrong, seed=3))) as verifier:
            for prompt in prompts:
                verifier(still, prompt)
            assert verifier.trust()["scripted"].reliable is reliable
            assert verifier.trust()["scripted"].specificity.asked >= 20


def test_the_same_inputs_give_the_same_verification(check: Check) -> None:
    first, second = (check(PROMPT, judges=good_judge(TRUTH)) for _ in range(2))
    assert first.to_json() == second.to_json()


def test_what_decided_is_in_the_provenance(check: Check) -> None:
    found = check(PROMPT, judges=good_judge(TRUTH), frames=6, seed=5)
    known = json.loads(found.to_json())["provenance"]
    assert known["settings"]["frames"] == 6
    assert known["settings"]["seed"] == 5
    assert known["claims"]["hash"] == claims_of(PROMPT).hash == found.claims_hash
    assert known["judges"]["scripted"]["backend"] == {"backend": "scripted", "model": "scripted"}
    assert set(known["judges"]["scripted"]["templates"]) == {"verify-role", "verify-question"}
    assert known["measurements"]
    assert len(found.clip["sha256"]) == 64


def test_frozen_claims_are_used_and_changed_ones_refused(check: Check) -> None:
    from dataclasses import replace

    claims = claims_of("a cat, static shot")
    assert check(claims) == check("a cat, static shot")
    forged = replace(claims, claims=claims.claims[:1])
    with pytest.raises(InvalidInput, match="hash"):
        check(forged)


def test_a_prompt_without_claims_gets_no_score(check: Check) -> None:
    found = check(" … ", judges=good_judge({}))
    assert (found.score, found.coverage, found.results) == (None, 0.0, ())
    assert not found.passed
    assert any("no claim" in note for note in found.notes)


def test_spoken_words_are_left_open(check: Check) -> None:
    found = check('a man says "hello"', judges=saying("Yes"), foils=0)
    spoken = next(result for result in found if result.claim.checker == "none")
    assert (spoken.status, spoken.reason) == (U, "What is heard cannot be seen.")


def test_a_judge_without_eyes_is_refused() -> None:
    blind = saying("Yes")
    blind.accepts_images = False
    with pytest.raises(InvalidInput, match="no images"):
        Verifier(judges=blind)
    with pytest.raises(InvalidInput, match="frames"):
        Verifier(frames=0)


def test_streams_go_on_after_a_clip_that_fails(still: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    pairs = [(still, "static shot"), (broken, "a cat"), (still, "a cat")]
    with Verifier() as verifier:
        first, second, third = verifier.stream(pairs)
    assert first.score == 1.0
    assert second.error == "InvalidInput"
    assert second.clip.endswith("broken.mp4")
    assert third.score is None

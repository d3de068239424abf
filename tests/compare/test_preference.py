import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption.backends.base import ChatReply
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.compare.arms import Arm
from t2v_recaption.compare.asking import Shown, judge_pairs, missing, read_reply
from t2v_recaption.compare.budget import Budget
from t2v_recaption.compare.design import Design
from t2v_recaption.compare.items import Item
from t2v_recaption.compare.preference import preferences
from t2v_recaption.compare.run import run_ab
from t2v_recaption.compare.store import Store
from t2v_recaption.errors import BackendError
from tests.compare.conftest import FAST, PROMPTS


def pairs(count, first="poor", second="excellent", arms=("a", "b")):
    return [Shown(Item(f"p{n}", PROMPTS[n % 8]), *arms, (f"{first} {n}", f"{second} {n}")) for n in range(count)]


def fair(request):
    """Answers by what is said, wherever it stands."""
    text = request.messages[0].text
    return '{"why": "so", "better": "%s"}' % (1 if text.index("excellent ") < text.index("poor ") else 2)


def judged(tmp_path, some, answer):
    judge = ScriptedBackend(answer)
    with Store(tmp_path) as store:
        judge_pairs(some, judge, store, Budget())
        return preferences(some, judge, store, resamples=2000, seed=0), judge


def test_both_orders_are_asked_and_a_fair_judge_decides(tmp_path) -> None:
    found, judge = judged(tmp_path, pairs(10), fair)
    (told,) = found.pairs
    assert (told.wins.first, told.wins.ties, told.wins.second) == (0, 0, 10)
    assert len(judge.history) == 20
    assert (told.bias.agreed, told.bias.pairs, told.bias.first_place) == (10, 10, 10)
    assert told.wins.p < 0.01


def test_a_judge_that_likes_the_first_place_decides_nothing(tmp_path) -> None:
    (told,) = judged(tmp_path, pairs(10), lambda request: "1")[0].pairs
    assert (told.wins.first, told.wins.ties, told.wins.second) == (0, 10, 0)
    assert told.wins.share is None
    assert told.bias.agreed == 0
    assert told.bias.p < 0.001
    assert "100% for the first" in told.text


def test_all_ties(tmp_path) -> None:
    (told,) = judged(tmp_path, pairs(4), lambda request: "tie")[0].pairs
    assert (told.wins.ties, told.judged, told.failed) == (4, 4, 0)


def test_failures_are_no_votes(tmp_path) -> None:
    answers = itertools.cycle([BackendError("timed out"), "I cannot say", "", '{"better": "3"}', "1", None])
    found, _ = judged(tmp_path, pairs(9), lambda request: next(answers))
    (told,) = found.pairs
    assert told.judged == 0
    assert told.failed == 9
    assert any("timed out" in problem for problem in found.problems)
    assert any("no choice" in problem for problem in found.problems)


def test_a_backend_that_breaks_down_costs_its_questions_only(tmp_path) -> None:
    class Broken(ScriptedBackend):
        def generate(self, requests):
            raise RuntimeError("the server is gone")

    judge = Broken(lambda request: "1")
    with Store(tmp_path) as store:
        judge_pairs(pairs(2), judge, store, Budget())
        found = preferences(pairs(2), judge, store, resamples=2000, seed=0)
    assert found.pairs[0].failed == 2
    assert "the server is gone" in found.problems[0]


def test_answers_are_asked_for_once(tmp_path) -> None:
    judge = ScriptedBackend(fair)
    with Store(tmp_path) as store:
        judge_pairs(pairs(3), judge, store, Budget())
        assert missing(pairs(5), judge, store) == 4
        judge_pairs(pairs(5), judge, store, Budget())
    assert len(judge.history) == 10


def test_equal_sides_are_a_tie_that_nobody_is_asked_about(tmp_path) -> None:
    same = [Shown(Item("p", "a cat"), "a", "b", ("A cat.", "A cat."))]
    found, judge = judged(tmp_path, same, fair)
    assert found.pairs[0].wins.ties == 1
    assert judge.history == []


def test_three_arms_are_ranked(tmp_path) -> None:
    some = pairs(6) + pairs(6, arms=("a", "c")) + pairs(6, arms=("c", "b"))
    found, _ = judged(tmp_path, some, fair)
    assert [each.arm for each in found.ranking.ranks] == ["b", "c", "a"]
    assert len(found.pairs) == 3


def test_the_judge_is_told_the_prompt_and_both_texts_and_no_names(tmp_path) -> None:
    _, judge = judged(tmp_path, pairs(1, arms=("composer", "gpt4o")), fair)
    first, second = (request.messages[0].text for request in judge.history)
    assert PROMPTS[0] in first
    assert "composer" not in first
    assert "gpt4o" not in first
    assert first.index("poor 0") < first.index("excellent 0")
    assert second.index("excellent 0") < second.index("poor 0")
    assert all(request.temperature == 0 for request in judge.history)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_any_answer_is_a_choice_or_an_error(text) -> None:
    found = read_reply(ChatReply(text))
    assert found.ok == (found.value.get("better") in ("1", "2", "tie"))


@pytest.mark.parametrize("text", ["1 and 2 are both fine", "12", "better: both", '{"better": ["1"]}', "{", "[1]", "10"])
def test_half_an_answer_is_none(text) -> None:
    assert not read_reply(ChatReply(text)).ok


def test_a_run_with_a_judge(tmp_path, items) -> None:
    arms = (Arm.of("a", lambda p: f"poor {p}"), Arm.of("b", lambda p: f"excellent {p}"))
    judge = ScriptedBackend(fair)
    design = Design(items, arms, settings=FAST)
    result = run_ab(design, tmp_path, judge=judge)
    assert result.preferences[0].wins.second == len(PROMPTS)
    run_ab(design, tmp_path, judge=judge)
    assert len(judge.history) == 2 * len(PROMPTS)


def test_clips_are_judged_by_their_frames(tmp_path) -> None:
    """Real clips reach the judge as footage, and one that cannot be read costs its own questions only."""
    import av
    import numpy as np

    shown = []
    for number, (shade, other) in enumerate(((250, 10), (10, 250))):
        sides = []
        for name, grey in (("a", shade), ("b", other)):
            path = tmp_path / f"{number}{name}.mp4"
            with av.open(str(path), "w") as container:
                stream = container.add_stream("mpeg4", rate=8)
                stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
                for _ in range(6):
                    picture = np.full((48, 64, 3), grey, np.uint8)
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
                container.mux(stream.encode())
            sides.append((str(path), path.name))
        shown.append(Shown(Item(f"p{number}", "a lamp"), "a", "b", tuple(sides), 0, "clip"))
    shown.append(
        Shown(Item("p2", "a lamp"), "a", "b", (("missing.mp4", "x"), (str(tmp_path / "0a.mp4"), "y")), 0, "clip")
    )

    def brighter(request):
        first, second = (part for part in request.messages[0].parts if not isinstance(part, str))
        assert len(first.frames) == len(first.times) > 2
        return "1" if np.mean(first.frames[0]) > np.mean(second.frames[0]) else "2"

    found, judge = judged(tmp_path, shown, brighter)
    (told,) = found.pairs
    assert (told.wins.first, told.wins.second, told.failed) == (1, 1, 1)
    assert "missing.mp4" in found.problems[0]
    assert len(judge.history) == 4

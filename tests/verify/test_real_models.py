"""A real vision model of a real family, tiny and random, as judge and as captioner."""

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from t2v_recaption import Captioner, verify
from t2v_recaption.backends.transformers import TransformersBackend
from t2v_recaption.verify import ClaimStatus
from tests.tiny_models import tiny_llava, tiny_qwen_vl

PROMPT = "a red car, static shot"


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_qwen_vl(tmp_path_factory.mktemp("models") / "qwen")


def test_a_random_model_is_asked_and_not_believed(still: Path, qwen: Path) -> None:
    backend = TransformersBackend(str(qwen), device="cpu")
    found = verify(still, PROMPT, judges=backend, frames=2, side=56, foils=2)
    (judge,) = found.judges
    assert judge.judge == "qwen"
    assert {result.claim.text: result.status for result in found}["The camera stands still."] is ClaimStatus.SUPPORTED
    asked = [verdict for result in found for verdict in result.verdicts if verdict.route == "judge"]
    assert len(asked) == len(found.results) == 3
    for result in found:
        if result.claim.checker == "judge" and not judge.reliable:
            assert result.status in (ClaimStatus.UNDETERMINED, ClaimStatus.ERROR)
    again = verify(still, PROMPT, judges=backend, frames=2, side=56, foils=2)
    assert again.to_json() == found.to_json()
    backend.close()


def test_real_probabilities_of_yes_are_used(still: Path, qwen: Path) -> None:
    backend = TransformersBackend(str(qwen), device="cpu")
    if not backend.supports_choices:
        pytest.skip("this backend gives no probabilities of choices")
    found = verify(still, "a cat", judges=backend, frames=2, side=56, foils=0)
    (verdict,) = found["c1"].verdicts
    assert verdict.probability is None or 0 <= verdict.probability <= 1
    backend.close()


def test_two_real_judges_and_a_real_captioner(still: Path, qwen: Path, tmp_path: Path) -> None:
    judges = [TransformersBackend(str(qwen), device="cpu"),
              TransformersBackend(str(tiny_llava(tmp_path / "llava")), device="cpu")]  # fmt: skip
    found = verify(still, "a cat", judges=judges, captioner=Captioner(judges[0]), frames=2, side=56, foils=2)
    assert [judge.judge for judge in found.judges] == ["qwen", "llava"]
    assert {verdict.route for verdict in found["c1"].verdicts} == {"judge", "captioner"}
    assert set(found.provenance["judges"]) == {"qwen", "llava"}
    for judge in judges:
        judge.close()

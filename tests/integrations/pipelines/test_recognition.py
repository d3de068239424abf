"""Which target a pipeline is: every video pipeline of diffusers that takes a prompt, variants, and what is refused."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import diffusers
import pytest

from t2v_recaption import InvalidInput
from t2v_recaption.integrations.diffusers import enhance_pipeline, recognise
from t2v_recaption.integrations.diffusers.families import FAMILIES
from t2v_recaption.integrations.diffusers.recognition import TESTS
from t2v_recaption.targets import names

TARGETS = {
    "AllegroPipeline": "allegro",
    "AnimateDiffControlNetPipeline": "animatediff",
    "AnimateDiffPipeline": "animatediff",
    "AnimateDiffSDXLPipeline": "animatediff",
    "AnyFlowPipeline": "wan2.1",
    "CogVideoXFunControlPipeline": "cogvideox",
    "CogVideoXImageToVideoPipeline": "cogvideox",
    "CogVideoXPipeline": "cogvideox",
    "CogVideoXVideoToVideoPipeline": "cogvideox",
    "Cosmos2VideoToWorldPipeline": "cosmos-predict2",
    "Cosmos2_5_PredictBasePipeline": "cosmos-predict2.5",
    "Cosmos2_5_TransferPipeline": "cosmos-predict2.5",
    "CosmosTextToWorldPipeline": "cosmos-predict1",
    "CosmosVideoToWorldPipeline": "cosmos-predict1",
    "EasyAnimatePipeline": "easyanimate",
    "HeliosPipeline": "helios",
    "HunyuanSkyreelsImageToVideoPipeline": "hunyuanvideo",
    "HunyuanVideo15ImageToVideoPipeline": "hunyuanvideo-1.5",
    "HunyuanVideo15ModularPipeline": "hunyuanvideo-1.5",
    "HunyuanVideo15Pipeline": "hunyuanvideo-1.5",
    "HunyuanVideoFramepackPipeline": "hunyuanvideo",
    "HunyuanVideoImageToVideoPipeline": "hunyuanvideo",
    "HunyuanVideoPipeline": "hunyuanvideo",
    "Kandinsky5I2VPipeline": "kandinsky-5",
    "Kandinsky5T2VPipeline": "kandinsky-5",
    "LTX25ModularPipeline": "ltx-2.5",
    "LTX2ConditionPipeline": "ltx-2",
    "LTX2ImageToVideoPipeline": "ltx-2",
    "LTX2ModularPipeline": "ltx-2",
    "LTX2Pipeline": "ltx-2",
    "LTXConditionPipeline": "ltx-video",
    "LTXImageToVideoPipeline": "ltx-video",
    "LTXModularPipeline": "ltx-video",
    "LTXPipeline": "ltx-video",
    "LattePipeline": "latte",
    "LucyEditPipeline": "wan2.1",
    "MochiPipeline": "mochi",
    "SanaImageToVideoPipeline": "sana-video",
    "SanaVideoPipeline": "sana-video",
    "SkyReelsV2DiffusionForcingImageToVideoPipeline": "skyreels-v2",
    "SkyReelsV2DiffusionForcingPipeline": "skyreels-v2",
    "SkyReelsV2ImageToVideoPipeline": "skyreels-v2",
    "SkyReelsV2Pipeline": "skyreels-v2",
    "Wan22Image2VideoModularPipeline": "wan2.2",
    "Wan22ModularPipeline": "wan2.2",
    "WanImageToVideoPipeline": "wan2.1",
    "WanModularPipeline": "wan2.1",
    "WanPipeline": "wan2.1",
    "WanVACEPipeline": "wan2.1",
    "WanVideoToVideoPipeline": "wan2.1",
}
REFUSED = (
    "Cosmos3OmniPipeline",
    "LTXI2VLongMultiPromptPipeline",
    "LTXLatentUpsamplePipeline",
    "StableVideoDiffusionPipeline",
)


def bare(name: str, **attributes: Any) -> Any:
    """An instance of that pipeline without components: enough to be recognised."""
    cls = getattr(diffusers, name, None)
    if cls is None:
        pytest.skip(f"this diffusers has no {name}")
    pipe = object.__new__(cls)
    vars(pipe).update(_internal_dict=SimpleNamespace(**attributes.pop("config", {})), **attributes)
    return pipe


def transformer(**config: Any) -> Any:
    return SimpleNamespace(config=SimpleNamespace(**config))


@pytest.mark.parametrize("name", TARGETS)
def test_is_recognised_by_its_class(name: str) -> None:
    found = recognise(bare(name))
    assert (found.target, found.note) == (TARGETS[name], "")


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=name) as refused:
        recognise(bare(name))
    assert refused.value.hint


@pytest.mark.parametrize(
    ("name", "attributes", "target"),
    [
        ("WanPipeline", {"transformer_2": object()}, "wan2.2"),
        ("WanPipeline", {"config": {"boundary_ratio": 0.9}}, "wan2.2"),
        ("WanImageToVideoPipeline", {"config": {"expand_timesteps": True}}, "wan2.2"),
        ("WanPipeline", {"config": {"boundary_ratio": None, "expand_timesteps": False}}, "wan2.1"),
        ("LTX2Pipeline", {"duration_head": object()}, "ltx-2.5"),
        (
            "CogVideoXPipeline",
            {"transformer": SimpleNamespace(config=SimpleNamespace(patch_size_t=2))},
            "cogvideox-1.5",
        ),
        ("CogVideoXPipeline", {"transformer": SimpleNamespace(config=SimpleNamespace(patch_size_t=None))}, "cogvideox"),
    ],
)
def test_variants_of_a_class(name: str, attributes: dict[str, Any], target: str) -> None:
    assert recognise(bare(name, **attributes)).target == target


def test_a_class_that_extends_a_known_one(build: Any) -> None:
    cls = type("MyLTX", (diffusers.LTXPipeline,), {})
    pipe = object.__new__(cls)
    vars(pipe).update(vars(build("ltx").pipe))
    found = recognise(pipe)
    assert found.target == "ltx-video"
    assert "MyLTX" in found.note


class Foreign:
    """Somebody's own pipeline."""

    def __init__(self, transformer: Any = None, tokenizer: Any = None) -> None:
        self.transformer, self.tokenizer = transformer, tokenizer

    def __call__(self, prompt: Any = None, negative_prompt: Any = None, max_sequence_length: int = 60) -> Any:
        return prompt, negative_prompt


def test_an_unknown_class_with_a_known_transformer(build: Any) -> None:
    found = recognise(Foreign(build("mochi").pipe.transformer))
    assert found.target == "mochi"
    assert "Foreign" in found.note


def test_an_unknown_class_gets_the_generic_target_and_a_note(build: Any, caplog: pytest.LogCaptureFixture) -> None:
    pipe = Foreign(tokenizer=build("ltx").pipe.tokenizer)
    with caplog.at_level(logging.WARNING):
        enhance_pipeline(pipe)
    assert "Foreign is not known" in caplog.text
    assert "target=" in caplog.text
    prompt, _ = pipe("two red balls on a table")
    found = pipe.last_enhancement
    assert (found.target, found.caption) == ("generic", prompt)
    assert found.fit.counts[0].limit == 60
    assert found.fit.exact


def test_a_target_of_the_users_own_wins(build: Any, record: Any) -> None:
    case = build("ltx")
    with record(case.pipe, run=False):
        enhance_pipeline(case.pipe, target="mochi")
        case.pipe(prompt="two red balls on a table", **case.arguments)
    found = case.pipe.last_enhancement
    assert found.target == "mochi"
    assert found.fit.counts[0].limit == 128  # the text encoder stays the pipeline's


def test_the_table_is_sound() -> None:
    for family in FAMILIES:
        assert family.target in names()
        for test, target in family.variants:
            assert test in TESTS
            assert target in names()
        assert family.readings[0].encodes == ""  # the first one takes the whole caption

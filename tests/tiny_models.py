"""Tiny random models of the real families, written to a folder on the spot; nothing is downloaded.

Each function makes a model of some 100 000 parameters with its configuration, weights, tokenizer, image processor and
chat template, as transformers would find them in a repository of the Hub, and returns the folder. Every byte is a
token, so any text can be asked and answered. `FAMILIES` names those that take images and text.

    from tests.tiny_models import tiny_qwen_vl
    backend = TransformersBackend(str(tiny_qwen_vl(tmp_path)), device="cpu")
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

MESSAGE = (
    "{%% for m in messages %%}<|im_start|>{{ m['role'] }}\n"
    "{%% if m['content'] is string %%}{{ m['content'] }}{%% else %%}{%% for c in m['content'] %%}"
    "{%% if c['type'] == 'image' %%}%s{%% elif c['type'] == 'video' %%}%s{%% else %%}{{ c['text'] }}{%% endif %%}"
    "{%% endfor %%}{%% endif %%}<|im_end|>\n{%% endfor %%}"
    "{%% if add_generation_prompt %%}<|im_start|>assistant\n{%% endif %%}"
)


def template(image: str, video: str = "") -> str:
    """A chat template that writes these for an image and a video."""
    return MESSAGE % (image, video)


CHATML = template("<image>\n")


def byte_tokenizer(
    chat_template: str | None = CHATML,
    special: Sequence[str] = ("<|im_start|>", "<image>"),
    pad: str = "<pad>",
    **named: str,
) -> Any:
    """Every byte is a token: any text can be written with it. `named` are special tokens that a processor looks up."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.set_num_threads(1)  # tiny models gain nothing from more, and lose much on a busy machine
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={byte: number for number, byte in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    made = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=pad,
        eos_token="<|im_end|>",
        extra_special_tokens=named or list(special),
        model_max_length=32768,
        model_input_names=["input_ids", "attention_mask"],
    )
    if named:
        made.add_special_tokens({"additional_special_tokens": list(special)}, replace_extra_special_tokens=False)
    made.chat_template = chat_template
    return made


def text_settings(tokenizer: Any, **settings: Any) -> dict[str, Any]:
    """The language model of a tiny model."""
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": None,
        "max_position_embeddings": 2048,
        "initializer_range": 0.3,  # far from uniform, so that the likeliest token is so by a wide margin
        **settings,
    }


VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 56,
    "patch_size": 14,
    "initializer_range": 0.3,
}


def tiny_llava(folder: Path) -> Path:
    """LLaVA 1.5: 16 tokens an image whatever its size; no video."""
    transformers = pytest.importorskip("transformers")
    tokenizer = byte_tokenizer()
    config = transformers.LlavaConfig(
        vision_config={"model_type": "clip_vision_model", "projection_dim": 32, **VISION},
        text_config={"model_type": "llama", **text_settings(tokenizer)},
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_select_strategy="default",
        image_seq_length=16,
    )
    images = transformers.CLIPImageProcessor(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56})
    settings = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    return _save(folder, config, tokenizer, images, "LlavaProcessor", image_token="<image>", **settings)


def tiny_llava_next(folder: Path) -> Path:
    """LLaVA-NeXT: the whole image and tiles of it; no video."""
    transformers = pytest.importorskip("transformers")
    tokenizer, tiles = byte_tokenizer(), [[56, 112], [112, 56], [112, 112]]
    config = transformers.LlavaNextConfig(
        vision_config={"model_type": "clip_vision_model", "projection_dim": 32, **VISION},
        text_config={"model_type": "llama", **text_settings(tokenizer)},
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=tiles,
        vision_feature_select_strategy="default",
        image_seq_length=16,
    )
    images = transformers.LlavaNextImageProcessor(
        size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}, image_grid_pinpoints=tiles
    )
    settings = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    return _save(folder, config, tokenizer, images, "LlavaNextProcessor", image_token="<image>", **settings)


def tiny_llava_onevision(folder: Path) -> Path:
    """LLaVA-OneVision: tiles for one image, one tile each for several; video."""
    transformers = pytest.importorskip("transformers")
    tokenizer = byte_tokenizer(template("<image>\n", "<video>\n"), ["<|im_start|>", "<image>", "<video>"])
    tiles = [[56, 112], [112, 56], [112, 112]]
    config = transformers.LlavaOnevisionConfig(
        vision_config={"model_type": "siglip_vision_model", **VISION},
        text_config={"model_type": "qwen2", **text_settings(tokenizer)},
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=tiles,
        vision_feature_layer=-1,
    )
    images = transformers.LlavaOnevisionImageProcessor(size={"height": 56, "width": 56}, image_grid_pinpoints=tiles)
    videos = {"video_processor_type": "LlavaOnevisionVideoProcessor", "size": {"height": 56, "width": 56}}
    settings = {"num_image_tokens": 16, "vision_feature_select_strategy": "full", "vision_aspect_ratio": "anyres_max_4"}
    return _save(folder, config, tokenizer, images, "LlavaOnevisionProcessor", videos, **settings)


def tiny_qwen_vl(folder: Path, version: str = "2.5") -> Path:
    """Qwen-VL `2`, `2.5` or `3`: tokens by the image's size, positions in three dimensions, video."""
    transformers = pytest.importorskip("transformers")
    vision, video = "<|vision_start|><|image_pad|><|vision_end|>", "<|vision_start|><|video_pad|><|vision_end|>"
    marks = ["<|im_start|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    tokenizer = byte_tokenizer(template(vision, video), marks, pad="<|endoftext|>")
    ids = {
        "image_token_id": tokenizer.convert_tokens_to_ids("<|image_pad|>"),
        "video_token_id": tokenizer.convert_tokens_to_ids("<|video_pad|>"),
        "vision_start_token_id": tokenizer.convert_tokens_to_ids("<|vision_start|>"),
        "vision_end_token_id": tokenizer.convert_tokens_to_ids("<|vision_end|>"),
    }
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e6}
    text = text_settings(tokenizer, rope_parameters=rope)
    name, patch, tower = _qwen_tower(version)
    if version == "3":
        text["head_dim"] = 16
    config = getattr(transformers, f"{name}Config")(text_config=text, vision_config=tower, **ids)
    size = {"shortest_edge": (4 * patch) ** 2, "longest_edge": (16 * patch) ** 2}
    images = transformers.Qwen2VLImageProcessor(size=size, patch_size=patch)
    kind = "Qwen3VLVideoProcessor" if version == "3" else "Qwen2VLVideoProcessor"
    videos = {"video_processor_type": kind, "size": size, "patch_size": patch}
    return _save(folder, config, tokenizer, images, f"{name}Processor", videos)


def _qwen_tower(version: str) -> tuple[str, int, dict[str, Any]]:
    common = {"depth": 2, "num_heads": 2, "initializer_range": 0.3}
    if version == "2":
        return "Qwen2VL", 14, {**common, "embed_dim": 32, "hidden_size": 64, "mlp_ratio": 2, "patch_size": 14}
    own = {"hidden_size": 32, "intermediate_size": 64, "out_hidden_size": 64}
    if version == "2.5":
        return "Qwen2_5_VL", 14, {**common, **own, "patch_size": 14, "fullatt_block_indexes": [1]}
    deep = {"deepstack_visual_indexes": [0, 1], "num_position_embeddings": 256}
    return "Qwen3VL", 16, {**common, **own, **deep, "patch_size": 16}


def tiny_smolvlm(folder: Path) -> Path:
    """SmolVLM2: 4 tokens a tile; video as frames with their times. Its processor needs the package num2words."""
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("num2words")
    named = {
        "image_token": "<image>",
        "fake_image_token": "<fake_token_around_image>",
        "global_image_token": "<global-img>",
        "end_of_utterance_token": "<end_of_utterance>",
    }
    rows = [f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5)]
    tokenizer = byte_tokenizer(template("<image>", "<video>"), ["<|im_start|>", *rows], **named)
    config = transformers.SmolVLMConfig(
        vision_config={**VISION, "image_size": 64, "patch_size": 16},
        text_config={"model_type": "llama", **text_settings(tokenizer)},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    sizes: dict[str, Any] = {"size": {"longest_edge": 128}, "max_image_size": {"longest_edge": 64}}
    images = transformers.SmolVLMImageProcessor(**sizes)
    videos = {
        "video_processor_type": "SmolVLMVideoProcessor",
        "size": {"longest_edge": 64},
        "max_image_size": {"longest_edge": 64},
        "num_frames": 64,
        "fps": 1,
        "video_sampling": {"fps": 1, "max_frames": 64, "video_size": {"longest_edge": 64}},
    }
    return _save(folder, config, tokenizer, images, "SmolVLMProcessor", videos, image_seq_len=4)


def tiny_internvl(folder: Path) -> Path:
    """InternVL 3: 4 tokens a tile; video as frames."""
    transformers = pytest.importorskip("transformers")
    named = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    tokenizer = byte_tokenizer(template("<IMG_CONTEXT>\n", "<video>\n"), ["<|im_start|>"], **named)
    vision = {key: value for key, value in VISION.items() if key not in ("image_size", "patch_size")}
    config = transformers.InternVLConfig(
        vision_config={**vision, "image_size": [56, 56], "patch_size": [14, 14]},
        text_config={"model_type": "qwen2", **text_settings(tokenizer)},
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
        downsample_ratio=0.5,
    )
    images = transformers.GotOcr2ImageProcessor(size={"height": 56, "width": 56}, crop_to_patches=True, max_patches=4)
    videos = {"video_processor_type": "InternVLVideoProcessor", "size": {"height": 56, "width": 56}}
    return _save(folder, config, tokenizer, images, "InternVLProcessor", videos, image_seq_length=4)


def tiny_gemma3(folder: Path) -> Path:
    """Gemma 3: sliding-window layers, 4 tokens an image; no video."""
    transformers = pytest.importorskip("transformers")
    named = {"image_token": "<img>", "boi_token": "<boi>", "eoi_token": "<eoi>"}
    tokenizer = byte_tokenizer(template("<boi>"), ["<|im_start|>"], **named)
    ids = {f"{name}_index": tokenizer.convert_tokens_to_ids(token) for name, token in named.items()}
    config = transformers.Gemma3Config(
        vision_config={**VISION},
        text_config=text_settings(tokenizer, head_dim=16, sliding_window=64, tie_word_embeddings=False),
        image_token_index=ids["image_token_index"],
        boi_token_index=ids["boi_token_index"],
        eoi_token_index=ids["eoi_token_index"],
        mm_tokens_per_image=4,
        tie_word_embeddings=False,
    )
    images = transformers.Gemma3ImageProcessor(size={"height": 56, "width": 56})
    return _save(folder, config, tokenizer, images, "Gemma3Processor", image_seq_length=4)


def tiny_clip(folder: Path) -> Path:
    """CLIP: embeds images (and texts), for key frames and scores. Vectors of 32 numbers."""
    transformers = pytest.importorskip("transformers")
    tokenizer = byte_tokenizer(None)
    text = {**text_settings(tokenizer, hidden_size=32, num_attention_heads=2), "max_position_embeddings": 77}
    config = transformers.CLIPConfig(text_config=text, vision_config=dict(VISION), projection_dim=32)
    images = transformers.CLIPImageProcessor(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56})
    return _save(folder, config, tokenizer, images, "CLIPProcessor", model="CLIPModel")


def tiny_siglip(folder: Path) -> Path:
    """SigLIP: embeds images (and texts). Vectors of 32 numbers."""
    transformers = pytest.importorskip("transformers")
    tokenizer = byte_tokenizer(None)
    text = {**text_settings(tokenizer, hidden_size=32, num_attention_heads=2), "max_position_embeddings": 64}
    config = transformers.SiglipConfig(text_config=text, vision_config=dict(VISION))
    images = transformers.SiglipImageProcessor(size={"height": 56, "width": 56})
    return _save(folder, config, tokenizer, images, "SiglipProcessor", model="SiglipModel")


FAMILIES: dict[str, Callable[[Path], Path]] = {
    "llava": tiny_llava,
    "llava_next": tiny_llava_next,
    "llava_onevision": tiny_llava_onevision,
    "qwen2_vl": lambda folder: tiny_qwen_vl(folder, "2"),
    "qwen2_5_vl": lambda folder: tiny_qwen_vl(folder, "2.5"),
    "qwen3_vl": lambda folder: tiny_qwen_vl(folder, "3"),
    "smolvlm": tiny_smolvlm,
    "internvl": tiny_internvl,
    "gemma3": tiny_gemma3,
}
"""Vision-language models by name."""


def _save(
    folder: Path,
    config: Any,
    tokenizer: Any,
    images: Any,
    processor: str,
    videos: dict[str, Any] | None = None,
    model: str = "",
    **settings: Any,
) -> Path:
    """Everything that a repository of the Hub holds; piece by piece, as saving a processor that takes video as a whole
    needs torchvision."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    pytest.importorskip("PIL")
    folder.mkdir(parents=True, exist_ok=True)
    kind = getattr(transformers, model) if model else transformers.AutoModelForImageTextToText
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = kind(config) if model else kind.from_config(config)
        for weights in made.parameters():  # Gemma's projection of images starts at zero: it would see nothing
            if weights.ndim > 1 and not weights.any():
                torch.nn.init.normal_(weights, std=0.3)
        made.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    images.save_pretrained(folder)
    _write(folder / "processor_config.json", {"processor_class": processor, **settings})
    known = json.loads((folder / "preprocessor_config.json").read_text("utf-8"))
    # Without torchvision the class is the slow twin of the one that repositories of the Hub name.
    known["image_processor_type"] = known["image_processor_type"].removesuffix("Pil")
    _write(folder / "preprocessor_config.json", {**known, "processor_class": processor})
    if videos is not None:
        _write(folder / "video_preprocessor_config.json", {**videos, "processor_class": processor})
    return folder


def _write(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=1), encoding="utf-8")

"""Real pipelines of diffusers on tiny random components, with real tokenizers built on the spot: nothing is downloaded.

The sizes are those of diffusers' own fast tests, smaller where that saves time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

KNOWLEDGE = Path(__file__).parents[3] / "prompts" / "knowledge"

CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}{% for c in m['content'] %}{{ c['text'] }}{% endfor %}"
    "{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

torch.set_num_threads(1)  # tiny models gain nothing from more


@dataclass
class Case:
    """A pipeline and what it is called with besides the prompt."""

    pipe: Any
    target: str
    arguments: dict[str, Any]
    encoder: str = "text_encoder"
    companion: str = ""
    """The text encoder that gets a short caption."""
    cased: bool = True
    """Whether the tokenizer gets to see capitals."""
    template: str = ""
    """Something that stands in the encoder's input besides the caption."""
    one_image: bool = False
    """Whether several prompts share one image, which then must not be a list."""

    def arguments_for(self, prompts: Any) -> dict[str, Any]:
        """The arguments, with an image a prompt."""
        if isinstance(prompts, str) or self.one_image or "image" not in self.arguments:
            return self.arguments
        return {**self.arguments, "image": [self.arguments["image"]] * len(prompts)}


CASES: dict[str, Callable[[], Case]] = {}


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    CASES[make.__name__] = make
    return make


# --- tokenizers: byte-level BPE, trained on this project's own texts (1.4 tokens a word, as real ones)


@cache
def _trained() -> str:
    lines = [line for file in sorted(KNOWLEDGE.rglob("*.jsonl")) for line in file.read_text("utf-8").splitlines()]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<pad>", "</s>", "<s>", "<|im_start|>", "<|im_end|>", "<|image_pad|>", "<|video_pad|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=3000, show_progress=False, initial_alphabet=alphabet, special_tokens=special
    )
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer.to_str()


def tokenizer(pattern: str = "$A </s>", longest: int | None = None, side: str = "right") -> Any:
    """A tokenizer that puts its special tokens as in the pattern (T5: an end mark; CLIP: both ends)."""
    made = Tokenizer.from_str(_trained())
    names = [name for name in ("<s>", "</s>") if name in pattern.split()]
    if names:
        special = [(name, made.token_to_id(name)) for name in names]
        made.post_processor = processors.TemplateProcessing(single=pattern, special_tokens=special)
    wrapped = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        eos_token="</s>",
        bos_token="<s>",
        padding_side=side,
        **({"model_max_length": longest} if longest else {}),
    )
    wrapped.chat_template = CHAT
    return wrapped


def t5(width: int = 32) -> Any:
    config = transformers.T5Config(
        vocab_size=3000, d_model=width, d_ff=37, d_kv=8, num_layers=1, num_heads=4, relative_attention_num_buckets=8
    )
    return transformers.T5EncoderModel(config).eval()


def clip(width: int = 8) -> Any:
    ids = {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}
    config = transformers.CLIPTextConfig(
        **ids, hidden_size=width, intermediate_size=16, num_attention_heads=2, num_hidden_layers=1, vocab_size=3000,
        projection_dim=width,
    )  # fmt: skip
    return transformers.CLIPTextModel(config).eval()


def qwen_text(width: int = 16, sections: tuple[int, ...] = (1, 1, 2)) -> dict[str, Any]:
    rope = {"mrope_section": list(sections), "rope_type": "default", "type": "default"}
    return {
        "vocab_size": 3000,
        "hidden_size": width,
        "intermediate_size": width,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "rope_scaling": rope,
        "rope_theta": 1000000.0,
    }


def qwen(width: int = 16, sections: tuple[int, ...] = (1, 1, 2)) -> Any:
    vision = {"depth": 1, "hidden_size": width, "intermediate_size": width, "num_heads": 2, "out_hidden_size": width}
    config = transformers.Qwen2_5_VLConfig(text_config=qwen_text(width, sections), vision_config=vision)
    return transformers.Qwen2_5_VLForConditionalGeneration(config).eval()


# --- shared parts


def wan_vae() -> Any:
    return diffusers.AutoencoderKLWan(
        base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
    )


def wan_transformer(cls: str = "WanTransformer3DModel", channels: int = 16, **more: Any) -> Any:
    return getattr(diffusers, cls)(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=channels, out_channels=16,
        text_dim=32, freq_dim=256, ffn_dim=32, num_layers=1, cross_attn_norm=True,
        qk_norm="rms_norm_across_heads", rope_max_seq_len=32, **more,
    )  # fmt: skip


def flow(**settings: Any) -> Any:
    return diffusers.FlowMatchEulerDiscreteScheduler(**settings)


def picture(size: int = 16) -> Any:
    return Image.new("RGB", (size, size), (200, 60, 30))


def small(size: int = 16, frames: int = 5, **more: Any) -> dict[str, Any]:
    return {"height": size, "width": size, "num_frames": frames, "num_inference_steps": 1, "output_type": "pt"} | more


# --- pipelines


def _wan(**config: Any) -> Any:
    return diffusers.WanPipeline(
        transformer=wan_transformer(), vae=wan_vae(), scheduler=flow(shift=7.0), text_encoder=t5(),
        tokenizer=tokenizer(), **config,
    )  # fmt: skip


@case
def wan() -> Case:
    return Case(_wan(), "wan2.1", small())


@case
def wan22() -> Case:
    return Case(_wan(transformer_2=wan_transformer(), boundary_ratio=0.9), "wan2.2", small())


@case
def wan_i2v() -> Case:
    vision = transformers.CLIPVisionConfig(
        hidden_size=4, projection_dim=4, num_hidden_layers=2, num_attention_heads=2, image_size=32,
        intermediate_size=16, patch_size=1,
    )  # fmt: skip
    pipe = diffusers.WanImageToVideoPipeline(
        transformer=wan_transformer(channels=36, image_dim=4), vae=wan_vae(), scheduler=flow(shift=7.0),
        text_encoder=t5(), tokenizer=tokenizer(),
        image_encoder=transformers.CLIPVisionModelWithProjection(vision).eval(),
        image_processor=transformers.CLIPImageProcessor(crop_size=32, size=32), transformer_2=None,
    )  # fmt: skip
    return Case(pipe, "wan2.1", small(image=picture()), one_image=True)


@case
def skyreels() -> Case:
    pipe = diffusers.SkyReelsV2Pipeline(
        transformer=wan_transformer("SkyReelsV2Transformer3DModel"), vae=wan_vae(), text_encoder=t5(),
        scheduler=diffusers.UniPCMultistepScheduler(flow_shift=8.0, use_flow_sigmas=True), tokenizer=tokenizer(),
    )  # fmt: skip
    return Case(pipe, "skyreels-v2", small())


@case
def skyreels_df() -> Case:
    """Diffusion forcing."""
    pipe = diffusers.SkyReelsV2DiffusionForcingPipeline(
        transformer=wan_transformer("SkyReelsV2Transformer3DModel"), vae=wan_vae(), text_encoder=t5(),
        scheduler=diffusers.UniPCMultistepScheduler(flow_shift=8.0, use_flow_sigmas=True), tokenizer=tokenizer(),
    )  # fmt: skip
    return Case(pipe, "skyreels-v2", small(frames=9))


def ltx_parts() -> dict[str, Any]:
    torch.manual_seed(0)
    transformer = diffusers.LTXVideoTransformer3DModel(
        in_channels=8, out_channels=8, patch_size=1, patch_size_t=1, num_attention_heads=4, attention_head_dim=8,
        cross_attention_dim=32, num_layers=1, caption_channels=32,
    )  # fmt: skip
    vae = diffusers.AutoencoderKLLTXVideo(
        in_channels=3, out_channels=3, latent_channels=8, block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8), layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1, 1), spatio_temporal_scaling=(True, True, False, False),
        decoder_spatio_temporal_scaling=(True, True, False, False),
        decoder_inject_noise=(False, False, False, False, False), upsample_residual=(False, False, False, False),
        upsample_factor=(1, 1, 1, 1), timestep_conditioning=False, patch_size=1, patch_size_t=1, encoder_causal=True,
        decoder_causal=False,
    )  # fmt: skip
    vae.use_framewise_encoding = vae.use_framewise_decoding = False
    return {
        "transformer": transformer, "vae": vae, "scheduler": flow(), "text_encoder": t5(), "tokenizer": tokenizer(),
    }  # fmt: skip


@case
def ltx() -> Case:
    return Case(diffusers.LTXPipeline(**ltx_parts()), "ltx-video", small(32, 9))


@case
def ltx_i2v() -> Case:
    return Case(diffusers.LTXImageToVideoPipeline(**ltx_parts()), "ltx-video", small(32, 9, image=picture(32)))


@case
def ltx_condition() -> Case:
    return Case(diffusers.LTXConditionPipeline(**ltx_parts()), "ltx-video", small(32, 9))


def ltx2_parts() -> dict[str, Any]:
    from diffusers.pipelines.ltx2 import LTX2TextConnectors
    from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder

    gemma = {
        "vocab_size": 3000, "hidden_size": 32, "intermediate_size": 16, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 16, "sliding_window": 64,
    }  # fmt: skip
    config = transformers.Gemma3TextConfig(**gemma)
    torch.manual_seed(0)
    transformer = diffusers.LTX2VideoTransformer3DModel(
        in_channels=4, out_channels=4, patch_size=1, patch_size_t=1, num_attention_heads=2, attention_head_dim=8,
        cross_attention_dim=16, audio_in_channels=4, audio_out_channels=4, audio_num_attention_heads=2,
        audio_attention_head_dim=4, audio_cross_attention_dim=8, num_layers=1, qk_norm="rms_norm_across_heads",
        caption_channels=32, rope_double_precision=False, rope_type="split",
    )  # fmt: skip
    connectors = LTX2TextConnectors(
        caption_channels=32, text_proj_in_factor=3, video_connector_num_attention_heads=4,
        video_connector_attention_head_dim=8, video_connector_num_layers=1,
        video_connector_num_learnable_registers=None, audio_connector_num_attention_heads=4,
        audio_connector_attention_head_dim=8, audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=None, connector_rope_base_seq_len=32, rope_theta=10000.0,
        rope_double_precision=False, causal_temporal_positioning=False, rope_type="split",
    )  # fmt: skip
    vae = diffusers.AutoencoderKLLTX2Video(
        in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(8,), decoder_block_out_channels=(8,),
        layers_per_block=(1,), decoder_layers_per_block=(1, 1), spatio_temporal_scaling=(True,),
        decoder_spatio_temporal_scaling=(True,), decoder_inject_noise=(False, False), downsample_type=("spatial",),
        upsample_residual=(False,), upsample_factor=(1,), timestep_conditioning=False, patch_size=1, patch_size_t=1,
        encoder_causal=True, decoder_causal=False,
    )  # fmt: skip
    vae.use_framewise_encoding = vae.use_framewise_decoding = False
    audio_vae = diffusers.AutoencoderKLLTX2Audio(
        base_channels=4, output_channels=2, ch_mult=(1,), num_res_blocks=1, attn_resolutions=None, in_channels=2,
        resolution=32, latent_channels=2, norm_type="pixel", causality_axis="height", dropout=0.0,
        mid_block_add_attention=False, sample_rate=16000, mel_hop_length=160, is_causal=True, mel_bins=8,
    )  # fmt: skip
    vocoder = LTX2Vocoder(
        in_channels=16, hidden_channels=32, out_channels=2, upsample_kernel_sizes=[4, 4], upsample_factors=[2, 2],
        resnet_kernel_sizes=[3], resnet_dilations=[[1, 3, 5]], leaky_relu_negative_slope=0.1,
        output_sampling_rate=16000,
    )  # fmt: skip
    return {
        "transformer": transformer, "vae": vae, "audio_vae": audio_vae, "scheduler": flow(),
        "text_encoder": transformers.Gemma3TextModel(config).eval(), "connectors": connectors, "vocoder": vocoder,
        "tokenizer": tokenizer("<s> $A", side="left"),
    }  # fmt: skip


LTX2_CALL = {
    "stg_scale": 0.0, "modality_scale": 1.0, "guidance_rescale": 0.0, "audio_stg_scale": 0.0,
    "audio_modality_scale": 1.0, "audio_guidance_rescale": 0.0, "spatio_temporal_guidance_blocks": None,
    "use_cross_timestep": False, "frame_rate": 25.0,
}  # fmt: skip


NONE: dict[str, Any] = {"processor": None, "prompt_enhancer": None, "duration_head": None}


@case
def ltx2() -> Case:
    return Case(diffusers.LTX2Pipeline(**ltx2_parts(), **NONE), "ltx-2", small(32, 5, **LTX2_CALL))


@case
def ltx2_i2v() -> Case:
    pipe = diffusers.LTX2ImageToVideoPipeline(**ltx2_parts(), **NONE)
    return Case(pipe, "ltx-2", small(32, 5, image=picture(32), image_crf=0, **LTX2_CALL))


def hunyuan_vae() -> Any:
    blocks = {f"{way}_block_types": (f"HunyuanVideo{way.title()}Block3D",) * 4 for way in ("down", "up")}
    return diffusers.AutoencoderKLHunyuanVideo(
        in_channels=3, out_channels=3, latent_channels=4, **blocks, block_out_channels=(8, 8, 8, 8),
        layers_per_block=1, act_fn="silu", norm_num_groups=4, scaling_factor=0.476986, spatial_compression_ratio=8,
        temporal_compression_ratio=4, mid_block_add_attention=True,
    )  # fmt: skip


def hunyuan_transformer(**more: Any) -> Any:
    torch.manual_seed(0)
    return diffusers.HunyuanVideoTransformer3DModel(
        out_channels=4, num_attention_heads=2, attention_head_dim=10, num_layers=1, num_single_layers=1,
        num_refiner_layers=1, patch_size=1, patch_size_t=1, text_embed_dim=16, pooled_projection_dim=8,
        rope_axes_dim=(2, 4, 4), **more,
    )  # fmt: skip


LLAMA = {
    "hidden_size": 16, "intermediate_size": 37, "num_attention_heads": 4, "num_hidden_layers": 2, "vocab_size": 3000,
    "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0,
}  # fmt: skip


@case
def hunyuan() -> Case:
    """Its own template with the crop that the tokenizer built here makes of it."""
    from diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video import DEFAULT_PROMPT_TEMPLATE

    pipe = diffusers.HunyuanVideoPipeline(
        transformer=hunyuan_transformer(in_channels=4, guidance_embeds=True), vae=hunyuan_vae(),
        scheduler=flow(shift=7.0), text_encoder=transformers.LlamaModel(transformers.LlamaConfig(**LLAMA)).eval(),
        text_encoder_2=clip(), tokenizer=tokenizer("<s> $A"), tokenizer_2=tokenizer("<s> $A </s>", 77),
    )  # fmt: skip
    text = DEFAULT_PROMPT_TEMPLATE["template"]
    template = {"template": text, "crop_start": len(pipe.tokenizer(text.partition("{}")[0]).input_ids)}
    return Case(pipe, "hunyuanvideo", small(prompt_template=template), companion="text_encoder_2", template="eot_id")


@case
def hunyuan_i2v() -> Case:
    """With the marks that its pipeline looks for as tokens of their own, and an image of 49 tokens."""
    from diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video_image2video import DEFAULT_PROMPT_TEMPLATE

    reader = tokenizer("<s> $A")
    reader.add_special_tokens({"additional_special_tokens": ["<|start_header_id|>", "<|end_header_id|>", "<image>"]})
    vision = transformers.CLIPVisionConfig(
        hidden_size=8, intermediate_size=37, projection_dim=32, num_attention_heads=4, num_hidden_layers=2,
        image_size=224,
    )  # fmt: skip
    llama = transformers.LlamaConfig(**{**LLAMA, "vocab_size": len(reader)})
    image = reader.convert_tokens_to_ids("<image>")
    config = transformers.LlavaConfig(vision_config=vision, text_config=llama, pad_token_id=0, image_token_index=image)
    config.image_token_index = image
    pipe = diffusers.HunyuanVideoImageToVideoPipeline(
        transformer=hunyuan_transformer(in_channels=9, guidance_embeds=False, image_condition_type="latent_concat"),
        vae=hunyuan_vae(), scheduler=flow(shift=7.0),
        text_encoder=transformers.LlavaForConditionalGeneration(config).eval(), text_encoder_2=clip(),
        tokenizer=reader, tokenizer_2=tokenizer("<s> $A </s>", 77),
        image_processor=transformers.CLIPImageProcessor(crop_size=224, size=224),
    )  # fmt: skip
    text = DEFAULT_PROMPT_TEMPLATE["template"]
    head = len(reader(text.partition("{}")[0]).input_ids)
    start = reader(text).input_ids.index(image)
    template = {
        "template": text, "crop_start": head, "image_emb_len": 49, "image_emb_start": start,
        "image_emb_end": start + 49,
    }  # fmt: skip
    arguments = small(prompt_template=template, image=picture())
    return Case(pipe, "hunyuanvideo", arguments, companion="text_encoder_2", template="assistant")


def hunyuan15_parts() -> dict[str, Any]:
    torch.manual_seed(0)
    transformer = diffusers.HunyuanVideo15Transformer3DModel(
        in_channels=9, out_channels=4, num_attention_heads=2, attention_head_dim=8, num_layers=1, num_refiner_layers=1,
        mlp_ratio=2.0, patch_size=1, patch_size_t=1, text_embed_dim=16, text_embed_2_dim=32, image_embed_dim=12,
        rope_axes_dim=(2, 2, 4), target_size=16, task_type="t2v",
    )  # fmt: skip
    vae = diffusers.AutoencoderKLHunyuanVideo15(
        in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(16, 16), layers_per_block=1,
        spatial_compression_ratio=4, temporal_compression_ratio=2, downsample_match_channel=False,
        upsample_match_channel=False,
    )  # fmt: skip
    text = transformers.Qwen2_5_VLTextConfig(**qwen_text())
    return {
        "transformer": transformer.eval(), "vae": vae.eval(), "scheduler": flow(shift=7.0),
        "text_encoder": transformers.Qwen2_5_VLTextModel(text).eval(), "text_encoder_2": t5(),
        "tokenizer": tokenizer("$A"), "tokenizer_2": transformers.ByT5Tokenizer(),
        "guider": diffusers.ClassifierFreeGuidance(guidance_scale=6.0),
    }  # fmt: skip


@case
def hunyuan15() -> Case:
    pipe = diffusers.HunyuanVideo15Pipeline(**hunyuan15_parts())
    chat = [{"role": "system", "content": pipe.system_message}, {"role": "user", "content": "…"}]
    whole = pipe.tokenizer.apply_chat_template(chat, tokenize=False)
    pipe.prompt_template_encode_start_idx = len(pipe.tokenizer(whole.partition("…")[0]).input_ids)
    # Two clips at once are more than its autoencoder can decode (0.42.1): the latents are enough here.
    return Case(pipe, "hunyuanvideo-1.5", small(frames=3, output_type="latent"), template="assistant")


def _cogvideo(cls: str, channels: int, **more: Any) -> Any:
    torch.manual_seed(0)
    transformer = diffusers.CogVideoXTransformer3DModel(
        num_attention_heads=2, attention_head_dim=16, in_channels=channels, out_channels=4, time_embed_dim=2,
        text_embed_dim=32, num_layers=1, sample_width=2, sample_height=2, sample_frames=9, patch_size=2,
        temporal_compression_ratio=4, **more,
    )  # fmt: skip
    blocks = {f"{way}_block_types": (f"CogVideoX{way.title()}Block3D",) * 4 for way in ("down", "up")}
    vae = diffusers.AutoencoderKLCogVideoX(
        in_channels=3, out_channels=3, **blocks, block_out_channels=(8, 8, 8, 8), latent_channels=4, layers_per_block=1,
        norm_num_groups=2, temporal_compression_ratio=4,
    )  # fmt: skip
    return getattr(diffusers, cls)(
        transformer=transformer, vae=vae, scheduler=diffusers.DDIMScheduler(), text_encoder=t5(), tokenizer=tokenizer()
    )


@case
def cogvideox() -> Case:
    """As the 2B model: positions from a table that is made for 226 text tokens."""
    return Case(_cogvideo("CogVideoXPipeline", 4), "cogvideox", small(frames=9))


@case
def cogvideox_i2v() -> Case:
    more = {"use_rotary_positional_embeddings": True, "use_learned_positional_embeddings": True}
    pipe = _cogvideo("CogVideoXImageToVideoPipeline", 8, **more)
    return Case(pipe, "cogvideox", small(frames=9, image=picture()))


@case
def mochi() -> Case:
    torch.manual_seed(0)
    transformer = diffusers.MochiTransformer3DModel(
        patch_size=2, num_attention_heads=2, attention_head_dim=8, num_layers=2, pooled_projection_dim=16,
        in_channels=12, out_channels=None, qk_norm="rms_norm", text_embed_dim=32, time_embed_dim=4,
        activation_fn="swiglu",
    )  # fmt: skip
    transformer.pos_frequencies.data.zero_()
    vae = diffusers.AutoencoderKLMochi(
        latent_channels=12, out_channels=3, encoder_block_out_channels=(32, 32, 32, 32),
        decoder_block_out_channels=(32, 32, 32, 32), layers_per_block=(1, 1, 1, 1, 1),
    )  # fmt: skip
    pipe = diffusers.MochiPipeline(
        transformer=transformer, vae=vae, scheduler=flow(), text_encoder=t5(), tokenizer=tokenizer()
    )
    return Case(pipe, "mochi", small(frames=7, num_inference_steps=2))


@case
def allegro() -> Case:
    torch.manual_seed(0)
    transformer = diffusers.AllegroTransformer3DModel(
        num_attention_heads=2, attention_head_dim=12, in_channels=4, out_channels=4, num_layers=1,
        cross_attention_dim=24, sample_width=8, sample_height=8, sample_frames=8, caption_channels=24,
    )  # fmt: skip
    blocks = {f"{way}_block_types": (f"Allegro{way.title()}Block3D",) * 4 for way in ("down", "up")}
    vae = diffusers.AutoencoderKLAllegro(
        in_channels=3, out_channels=3, **blocks, block_out_channels=(8, 8, 8, 8), latent_channels=4,
        layers_per_block=1, norm_num_groups=2, temporal_compression_ratio=4,
    )  # fmt: skip
    vae.enable_tiling()
    pipe = diffusers.AllegroPipeline(
        transformer=transformer, vae=vae, scheduler=diffusers.DDIMScheduler(), text_encoder=t5(24),
        tokenizer=tokenizer(),
    )  # fmt: skip
    return Case(pipe, "allegro", small(frames=8, output_type="latent"), cased=False)


@case
def latte() -> Case:
    torch.manual_seed(0)
    transformer = diffusers.LatteTransformer3DModel(
        sample_size=8, num_layers=1, patch_size=2, attention_head_dim=8, num_attention_heads=3, caption_channels=32,
        in_channels=4, cross_attention_dim=24, out_channels=8, attention_bias=True,
        activation_fn="gelu-approximate", num_embeds_ada_norm=1000, norm_type="ada_norm_single",
        norm_elementwise_affine=False, norm_eps=1e-6,
    )  # fmt: skip
    pipe = diffusers.LattePipeline(
        transformer=transformer.eval(), vae=diffusers.AutoencoderKL().eval(), scheduler=diffusers.DDIMScheduler(),
        text_encoder=t5(), tokenizer=tokenizer(),
    )  # fmt: skip
    call = {"height": 8, "width": 8, "video_length": 1, "num_inference_steps": 1, "output_type": "pt"}
    return Case(pipe, "latte", {**call, "clean_caption": False}, cased=False)


def _sana(cls: str, scheduler: Any, **more: Any) -> Case:
    torch.manual_seed(0)
    gemma = transformers.Gemma2Config(
        head_dim=16, hidden_size=8, intermediate_size=64, num_attention_heads=2, num_hidden_layers=1,
        num_key_value_heads=2, vocab_size=3000,
    )  # fmt: skip
    transformer = diffusers.SanaVideoTransformer3DModel(
        in_channels=16, out_channels=16, num_attention_heads=2, attention_head_dim=12, num_layers=1,
        num_cross_attention_heads=2, cross_attention_head_dim=12, cross_attention_dim=24, caption_channels=8,
        mlp_ratio=2.5, dropout=0.0, attention_bias=False, sample_size=8, patch_size=(1, 2, 2),
        norm_elementwise_affine=False, norm_eps=1e-6, qk_norm="rms_norm_across_heads", rope_max_seq_len=32,
    )  # fmt: skip
    pipe = getattr(diffusers, cls)(
        transformer=transformer, vae=wan_vae(), scheduler=scheduler,
        text_encoder=transformers.Gemma2Model(gemma).eval(), tokenizer=tokenizer("<s> $A"),
    )  # fmt: skip
    call = {"height": 32, "width": 32, "frames": 5, "num_inference_steps": 1, "output_type": "pt", **more}
    return Case(
        pipe,
        "sana-video",
        {**call, "use_resolution_binning": False},
        cased=False,
        template="generate only the",
        one_image=True,
    )


@case
def sana() -> Case:
    return _sana("SanaVideoPipeline", diffusers.DPMSolverMultistepScheduler())


@case
def sana_i2v() -> Case:
    return _sana("SanaImageToVideoPipeline", flow(), image=picture(32))


class Processor:
    """A processor that reads text only, as Kandinsky's pipeline calls it (the real one would want torchvision)."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer

    def __call__(self, text: Any = None, images: None = None, videos: None = None, **options: Any) -> Any:
        return self.tokenizer(text, **options)

    def decode(self, *args: Any, **options: Any) -> str:
        return str(self.tokenizer.decode(*args, **options))

    def save_pretrained(self, folder: Any, **options: Any) -> Any:
        return self.tokenizer.save_pretrained(folder, **options)


def _kandinsky5(cls: str, **more: Any) -> Case:
    torch.manual_seed(0)
    vae = diffusers.AutoencoderKLHunyuanVideo(
        act_fn="silu", block_out_channels=[32, 64, 64], down_block_types=["HunyuanVideoDownBlock3D"] * 3, in_channels=3,
        latent_channels=16, layers_per_block=1, mid_block_add_attention=False, norm_num_groups=32, out_channels=3,
        scaling_factor=0.476986, spatial_compression_ratio=8, temporal_compression_ratio=4,
        up_block_types=["HunyuanVideoUpBlock3D"] * 3,
    )  # fmt: skip
    transformer = diffusers.Kandinsky5Transformer3DModel(
        in_visual_dim=16, in_text_dim=32, in_text_dim2=16, time_dim=16, out_visual_dim=16, patch_size=(1, 2, 2),
        model_dim=16, ff_dim=32, num_text_blocks=1, num_visual_blocks=1, axes_dims=(1, 1, 2),
        visual_cond="image" in more, attention_type="regular",
    )  # fmt: skip
    pipe = getattr(diffusers, cls)(
        transformer=transformer, vae=vae, scheduler=flow(shift=7.0), text_encoder=qwen(32, (2, 2, 4)),
        tokenizer=Processor(tokenizer("$A")), text_encoder_2=clip(16), tokenizer_2=tokenizer("<s> $A </s>", 77),
    )  # fmt: skip
    head = pipe.prompt_template.partition("{}")[0]
    pipe.prompt_template_encode_start_idx = len(pipe.tokenizer(head).input_ids)
    return Case(pipe, "kandinsky-5", small(32, 5, **more), companion="text_encoder_2", template="professional footage")


@case
def kandinsky5() -> Case:
    return _kandinsky5("Kandinsky5T2VPipeline")


@case
def kandinsky5_i2v() -> Case:
    return _kandinsky5("Kandinsky5I2VPipeline", image=picture(32))


class Guardrail(diffusers.ModelMixin, diffusers.ConfigMixin):
    """In place of Cosmos' guardrail, whose models are large; as in diffusers' own tests."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("_here", torch.zeros(1), persistent=False)

    def check_text_safety(self, prompt: str) -> bool:
        return True

    def check_video_safety(self, frames: Any) -> Any:
        return frames


def cosmos_transformer(channels: int, out: int) -> Any:
    return diffusers.CosmosTransformer3DModel(
        in_channels=channels, out_channels=out, num_attention_heads=2, attention_head_dim=16, num_layers=1,
        mlp_ratio=2, text_embed_dim=32, adaln_lora_dim=4, max_size=(4, 32, 32), patch_size=(1, 2, 2),
        rope_scale=(2.0, 1.0, 1.0), concat_padding_mask=False, extra_pos_embed_type="learnable",
    )  # fmt: skip


@case
def cosmos() -> Case:
    torch.manual_seed(0)
    vae = diffusers.AutoencoderKLCosmos(
        in_channels=3, out_channels=3, latent_channels=4, encoder_block_out_channels=(8, 8, 8, 8),
        decode_block_out_channels=(8, 8, 8, 8), attention_resolutions=(8,), resolution=64, num_layers=2, patch_size=4,
        patch_type="haar", scaling_factor=1.0, spatial_compression_ratio=4, temporal_compression_ratio=4,
    )  # fmt: skip
    scheduler = diffusers.EDMEulerScheduler(
        sigma_min=0.002, sigma_max=80, sigma_data=0.5, sigma_schedule="karras", num_train_timesteps=1000,
        prediction_type="epsilon", rho=7.0, final_sigmas_type="sigma_min",
    )  # fmt: skip
    pipe = diffusers.CosmosTextToWorldPipeline(
        transformer=cosmos_transformer(4, 4), vae=vae, scheduler=scheduler, text_encoder=t5(),
        tokenizer=tokenizer(), safety_checker=Guardrail(),
    )  # fmt: skip
    return Case(pipe, "cosmos-predict1", small(32, 9))


@case
def cosmos2() -> Case:
    """Video-to-world, from an image."""
    torch.manual_seed(0)
    pipe = diffusers.Cosmos2VideoToWorldPipeline(
        transformer=cosmos_transformer(17, 16), vae=wan_vae(), scheduler=flow(use_karras_sigmas=True),
        text_encoder=t5(), tokenizer=tokenizer(), safety_checker=Guardrail(),
    )  # fmt: skip
    return Case(pipe, "cosmos-predict2", small(32, 5, image=picture(32)))


@case
def cosmos25() -> Case:
    torch.manual_seed(0)
    pipe = diffusers.Cosmos2_5_PredictBasePipeline(
        transformer=cosmos_transformer(17, 16), vae=wan_vae(), scheduler=diffusers.UniPCMultistepScheduler(),
        text_encoder=qwen(), tokenizer=tokenizer("$A"), safety_checker=Guardrail(),
    )  # fmt: skip
    return Case(pipe, "cosmos-predict2.5", small(32, 3), template="image generator")


@case
def animatediff() -> Case:
    torch.manual_seed(0)
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(8, 8), layers_per_block=2, sample_size=8, in_channels=4, out_channels=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=8, norm_num_groups=2,
    )  # fmt: skip
    vae = diffusers.AutoencoderKL(
        block_out_channels=(8, 8), in_channels=3, out_channels=3, down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2, latent_channels=4, norm_num_groups=2,
    )  # fmt: skip
    adapter = diffusers.MotionAdapter(
        block_out_channels=(8, 8), motion_layers_per_block=2, motion_norm_num_groups=2, motion_num_attention_heads=4
    )
    pipe = diffusers.AnimateDiffPipeline(
        unet=unet, vae=vae, motion_adapter=adapter, text_encoder=clip(),
        tokenizer=tokenizer("<s> $A </s>", 77), feature_extractor=None, image_encoder=None,
        scheduler=diffusers.DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="linear"),
    )  # fmt: skip
    return Case(pipe, "animatediff", {"num_frames": 2, "num_inference_steps": 1, "output_type": "pt"})

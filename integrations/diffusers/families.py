"""What diffusers' video pipelines are and how they read text: one row a family, as read in diffusers 0.42.1."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Template = Literal["", "prompt_template", "system_message", "attribute", "instruction", "conversation", "user_turn"]
"""What a pipeline puts around the text before its tokenizer sees it: see `templates.py`."""

Cleaning = Literal["", "prompt_clean", "_text_preprocessing", "strip"]
"""What it does to the text before that: a function of its module, a method of its own, or nothing."""


@dataclass(frozen=True)
class Reading:
    """How a pipeline reads a text with one of its tokenizers."""

    tokenizer: str = "tokenizer"
    """Attribute of the pipeline."""
    limit: str | int = "max_sequence_length"
    """Where the number of tokens stands: an argument of the call, an attribute of the pipeline or its tokenizer, or
    the number that the pipeline's source fixes."""
    template: Template = ""
    cleaning: Cleaning = ""
    encodes: str = ""
    """For a companion encoder, which gets a short caption: the method that feeds it. Empty: takes the whole caption."""


@dataclass(frozen=True)
class Family:
    """Pipelines that share a model, its text encoders and the way they are fed."""

    classes: tuple[str, ...]
    """Shell patterns of class names."""
    target: str
    readings: tuple[Reading, ...] = (Reading(),)
    transformers: tuple[str, ...] = ()
    """Classes of transformer or UNet that betray the model where the pipeline's class is somebody's own."""
    glyphs: str = ""
    """Tokenizer that reads quoted text alone."""
    refusal: str = ""
    """Why captions do not fit what these pipelines read."""
    variants: tuple[tuple[str, str], ...] = field(default=())
    """(name of a test in `recognition.py`, target) for models that share the class."""


CLEANED = (Reading(cleaning="prompt_clean"),)
CLIP = Reading(limit="model_max_length")
LLAMA = Reading(template="prompt_template")
HUNYUAN_CLIP = Reading("tokenizer_2", 77, encodes="_get_clip_prompt_embeds")
KANDINSKY_CLIP = Reading("tokenizer_2", 77, cleaning="prompt_clean", encodes="_encode_prompt_clip")
QWEN_SYSTEM = Reading(limit="tokenizer_max_length", template="system_message")

FAMILIES = (
    Family(
        ("LTXI2VLongMultiPrompt*",),
        "ltx-video",
        refusal="reads its prompt as segments of a timeline, split at '|'",
    ),
    Family(("Cosmos3*",), "generic", refusal="reads captions as JSON objects"),
    Family(
        ("Wan*Pipeline", "WanAnimate*"),
        "wan2.1",
        CLEANED,
        ("WanTransformer3DModel", "WanVACETransformer3DModel"),
        variants=(("is_wan22", "wan2.2"),),
    ),
    Family(("SkyReelsV2*",), "skyreels-v2", CLEANED, ("SkyReelsV2Transformer3DModel",)),
    Family(("Helios*",), "helios", CLEANED, ("HeliosTransformer3DModel",)),
    Family(("LucyEdit*", "ChronoEdit*", "AnyFlow*"), "wan2.1", CLEANED),
    Family(
        ("LTX2*Pipeline", "LTX25*Pipeline"),
        "ltx-2",
        (Reading(cleaning="strip"),),
        ("LTX2VideoTransformer3DModel",),
        variants=(("is_ltx25", "ltx-2.5"),),
    ),
    Family(("LTX*Pipeline",), "ltx-video", transformers=("LTXVideoTransformer3DModel",)),
    Family(
        ("HunyuanVideo15*",),
        "hunyuanvideo-1.5",
        (QWEN_SYSTEM,),
        ("HunyuanVideo15Transformer3DModel",),
        glyphs="tokenizer_2",
    ),
    Family(
        ("HunyuanVideo*", "HunyuanSkyreels*"),
        "hunyuanvideo",
        (LLAMA, HUNYUAN_CLIP),
        ("HunyuanVideoTransformer3DModel", "HunyuanVideoFramepackTransformer3DModel"),
    ),
    Family(
        ("CogVideoX*", "ConsisID*"),
        "cogvideox",
        transformers=("CogVideoXTransformer3DModel", "ConsisIDTransformer3DModel"),
        variants=(("is_cogvideox15", "cogvideox-1.5"),),
    ),
    Family(("Mochi*",), "mochi", transformers=("MochiTransformer3DModel",)),
    Family(
        ("Allegro*",),
        "allegro",
        (Reading(cleaning="_text_preprocessing"),),
        ("AllegroTransformer3DModel",),
    ),
    Family(("Latte*",), "latte", (Reading(limit=120, cleaning="_text_preprocessing"),), ("LatteTransformer3DModel",)),
    Family(
        ("SanaVideo*", "SanaImageToVideo*"),
        "sana-video",
        (Reading(template="instruction", cleaning="_text_preprocessing"),),
        ("SanaVideoTransformer3DModel",),
    ),
    Family(
        ("Kandinsky5T2V*", "Kandinsky5I2V*"),
        "kandinsky-5",
        (Reading(template="attribute", cleaning="prompt_clean"), KANDINSKY_CLIP),
    ),
    Family(("Cosmos2_5_*",), "cosmos-predict2.5", (Reading(template="conversation"),)),
    Family(("Cosmos2*World*",), "cosmos-predict2"),
    Family(("CosmosTextToWorld*", "CosmosVideoToWorld*"), "cosmos-predict1"),
    Family(("AnimateDiffSDXL*",), "animatediff", (CLIP, Reading("tokenizer_2", "model_max_length"))),
    Family(("AnimateDiff*", "PIA*"), "animatediff", (CLIP,), ("UNetMotionModel",)),
    Family(("EasyAnimate*",), "easyanimate", (Reading(limit=256, template="user_turn"),)),
)
"""The first row that fits counts."""

UNKNOWN = Family(("*",), "generic")

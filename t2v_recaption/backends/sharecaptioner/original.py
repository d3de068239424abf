"""ShareCaptioner-Video itself, in the other process: requests as upstream's demo feeds them to the model.

Facts are from captioner/app.py of github.com/ShareGPT4Omni/ShareGPT4Video at 7e02ee6: the marks of turns, no system
message of its own, images that come first stand before the first mark, `im_mask` is 1 on their tokens, and what the
model says ends at its end mark. Imports torch and transformers 4.37 when loaded, nothing of this package.
"""

from __future__ import annotations

import base64
import contextlib
import io
import os
import re
from collections.abc import Callable
from typing import Any

START, END = "[UNUSED_TOKEN_146]", "[UNUSED_TOKEN_145]"
ENDS = (END, "<|im_end|>")
MARKS = re.compile(re.escape(START) + "|" + re.escape(END) + r"|<\|im_(?:start|end)\|>")


def load(options: dict[str, Any], announce: Callable[[int], None]) -> Model:
    """The model.

    Args:
        options: `model`, `revision`, `device` (auto, cpu, cuda …), `dtype`.
        announce: called with the size in bytes before a download.
    """
    import torch
    import transformers

    model, revision = options["model"], options.get("revision")
    _announce(model, revision, announce)
    device = options["device"] if options["device"] != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    source = {"revision": revision, "code_revision": revision} if revision and not os.path.isdir(model) else {}
    tokenizer = transformers.AutoTokenizer.from_pretrained(
        model, trust_remote_code=True, **{key: value for key, value in source.items() if key == "revision"}
    )
    dtype = getattr(torch, options["dtype"])
    made = transformers.AutoModel.from_pretrained(model, torch_dtype=dtype, trust_remote_code=True, **source)
    made = made.to(device).eval()
    made.tokenizer = tokenizer
    about = {"torch": torch.__version__, "transformers": transformers.__version__, "device": str(device)}
    return Model(made, tokenizer, device, about)


class Model:
    """Answers requests.

    Args:
        model: the model, with `encode_text`, `encode_img`, `vis_processor` and `generate` of its own code.
        tokenizer: its tokenizer.
        device: where it is.
        about: what it runs with.
    """

    def __init__(self, model: Any, tokenizer: Any, device: str, about: dict[str, str]) -> None:
        self._model, self._tokenizer, self._device, self.about = model, tokenizer, device, about

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The text, how it ended, and tokens, of one request."""
        import torch

        on_gpu = str(self._device).startswith("cuda")
        with torch.inference_mode(), torch.cuda.amp.autocast() if on_gpu else contextlib.nullcontext():
            embeds, mask = self._embedded(sequence(request["turns"]))
            said = self._generate(embeds, mask, request)
        if len(said) and said[0] in (0, 1):
            said = said[1:]
        text = ended(self._tokenizer.decode(said, add_special_tokens=False))
        reason = "length" if len(said) >= request["max_tokens"] else "stop"
        return {"text": text, "finish_reason": reason, "prompt_tokens": embeds.shape[1], "completion_tokens": len(said)}

    def _embedded(self, pieces: list[Any]) -> tuple[Any, Any]:
        """The prompt's embeddings, `[1, tokens, size]`, and the mask that is true on images' tokens."""
        import torch

        parts = [(self._model.encode_text("", add_special_tokens=True), False)]  # the token that begins a text
        for piece in pieces:
            if isinstance(piece, str):
                parts.append((self._model.encode_text(piece, add_special_tokens=False), False))
            else:
                image = self._model.vis_processor(_image(piece["image"])).unsqueeze(0).to(self._device)
                parts.append((self._model.encode_img(image), True))
        masks = [torch.full(part.shape[:2], seen, dtype=torch.bool, device=part.device) for part, seen in parts]
        return torch.cat([part for part, _ in parts], dim=1), torch.cat(masks, dim=1)

    def _generate(self, embeds: Any, mask: Any, request: dict[str, Any]) -> list[int]:
        import torch

        sampled = request["temperature"] > 0 and request["beams"] == 1
        chosen = {"temperature": request["temperature"], "top_p": request["top_p"]} if sampled else {"temperature": 1.0}
        torch.manual_seed(request["seed"] % 2**63)
        output = self._model.generate(
            inputs_embeds=embeds,
            im_mask=mask,
            max_new_tokens=request["max_tokens"],
            num_beams=request["beams"],
            do_sample=sampled,
            repetition_penalty=1.0,
            **chosen,
        )
        said: list[int] = output[0].tolist()
        return said


def sequence(turns: list[dict[str, Any]]) -> list[Any]:
    """What the model reads after its first token: strings, and images as `{"image": base64}`.

    Images that open the first turn of the user come before its mark, as in the demo; others stay where they are.
    """
    first = True
    pieces: list[Any] = []
    for turn in turns:
        parts = list(turn["parts"])
        if turn["role"] == "user" and first:
            first = False
            while parts and "image" in parts[0]:
                pieces.append(parts.pop(0))
        pieces.append(f"{START}{turn['role']}\n")
        pieces += [part if "image" in part else MARKS.sub(" ", part["text"]) for part in parts]
        pieces.append(f"{END}\n")
    pieces.append(f"{START}assistant\n")
    return _joined(pieces)


def ended(text: str) -> str:
    """What the model said, up to where it ended."""
    for mark in ENDS:
        text = text.split(mark)[0]
    return text.strip()


def _joined(pieces: list[Any]) -> list[Any]:
    found: list[Any] = []
    for piece in pieces:
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        else:
            found.append(piece)
    return found


def _image(encoded: str) -> Any:
    from PIL import Image

    return Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")


def _announce(model: str, revision: str | None, announce: Callable[[int], None]) -> None:
    """Say how much will be downloaded, where the model is not on this machine yet."""
    import huggingface_hub

    if os.path.isdir(model):
        return
    try:
        huggingface_hub.snapshot_download(model, revision=revision, local_files_only=True)
    except Exception:
        found = huggingface_hub.HfApi().model_info(model, revision=revision, files_metadata=True)
        announce(sum(int(file.size or 0) for file in found.siblings or []))

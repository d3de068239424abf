"""Token counting: a target's real tokenizer where at hand, otherwise an estimate that does not count too few.

The estimate is made to be an upper bound on real captions, not on every string. It rests on words that are one token in
three real vocabularies (`prompts/lexicon/single_tokens.txt`), on what longer words cost at most in the most wasteful of
them (Mistral's 32k SentencePiece, which needs 1.49 tokens a word where CLIP and Qwen need 1.25), and on UTF-8 bytes for
everything that is not ASCII: byte-level vocabularies cannot need more. `tests/targets/test_tokens.py` holds it against
those vocabularies on a mixed corpus.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from t2v_recaption import prompts
from t2v_recaption.errors import InvalidInput, MissingDependency
from t2v_recaption.targets.model import Encoder, Target

PIECE = re.compile(r"[A-Za-z]+|[0-9]+|[^\x00-\x7f]|[^\sA-Za-z0-9]")
"""What vocabularies never join: runs of letters, numbers, single marks; beyond ASCII, single characters."""

UNLISTED = {2: 2, 3: 2, 4: 3, 5: 3, 6: 3, 7: 3, 8: 3, 9: 3, 10: 3, 11: 4, 12: 4, 13: 4, 14: 4}
"""Tokens of a word that is not listed, by its length: above the mean of the most wasteful vocabulary (2.0 to 2.7)."""

MARGIN = 1.03
"""Vocabularies that could not be had for measuring (T5, UMT5, Gemma, Llama 3) may differ a little."""

REMEMBERED = 20_000
"""Pieces whose cost is remembered; a language has fewer common words."""

CJK = (("\u3000", "\u30ff"), ("\u3400", "\u9fff"), ("\uac00", "\ud7af"), ("\uff00", "\uffef"))
"""The ranges of Chinese, Japanese and Korean characters and their punctuation, first and last."""

WIDE_VOCABULARIES = frozenset({"umt5", "qwen2", "gemma", "llama3"})
"""Families with 128k entries and more, where an ordinary Chinese, Japanese or Korean character is at most 2 tokens."""


@dataclass(frozen=True)
class TokenCounter:
    """Counts the tokens of a text."""

    name: str
    count: Callable[[str], int]
    exact: bool
    adds_special: bool
    """Whether `count` already includes the tokenizer's special tokens."""


def estimate(family: str) -> TokenCounter:
    """An estimator for a tokenizer family (`t5`, `clip`, `qwen2` …) without its vocabulary."""
    costs = _Costs(family in WIDE_VOCABULARIES)

    def count(text: str) -> int:
        pieces = PIECE.findall(text)
        # One more for a first word, which has no space before it and so is another token than inside a sentence.
        return int(sum(map(costs.__getitem__, pieces)) * MARGIN) + 2 if pieces else 0

    return TokenCounter("estimate", count, exact=False, adds_special=False)


class _Costs(dict[str, int]):
    """What pieces cost, worked out at the first meeting and remembered."""

    def __init__(self, wide: bool) -> None:
        self._wide = wide

    def __missing__(self, piece: str) -> int:
        if len(self) >= REMEMBERED:
            self.clear()
        self[piece] = cost = _cost(piece, _listed(), self._wide)
        return cost


def _cost(piece: str, listed: frozenset[str], wide: bool) -> int:
    if not piece.isascii():
        return (
            2 if wide and any(first <= piece <= last for first, last in CJK) else len(piece.encode("utf-8", "replace"))
        )
    if piece.isdigit():
        return len(piece) + 1
    if len(piece) == 1:
        return 1
    if piece.isupper():
        return 2 * len(piece) // 3 + 1
    return 1 if piece.lower() in listed else UNLISTED.get(len(piece)) or (len(piece) + 1) // 2


def from_tokenizer(tokenizer: Any, name: str = "") -> TokenCounter:
    """A counter from a tokenizer at hand: one of transformers (such as `pipe.tokenizer`) or of tokenizers."""
    name = name or getattr(tokenizer, "name_or_path", "") or type(tokenizer).__name__
    if hasattr(tokenizer, "encode_batch"):
        return TokenCounter(name, lambda text: len(tokenizer.encode(text).ids), exact=True, adds_special=True)
    # Without a limit of its own a tokenizer neither cuts nor warns.
    return TokenCounter(
        name,
        lambda text: len(tokenizer(text, truncation=False, verbose=False).input_ids),
        exact=True,
        adds_special=True,
    )


def from_folder(folder: str | Path) -> TokenCounter:
    """A counter from a folder that holds a tokenizer (`tokenizer.json`, or any that transformers can load).

    Raises:
        InvalidInput: no tokenizer in there.
        MissingDependency: neither tokenizers nor transformers is installed.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {str(folder)!r}.", hint="Give the folder of the target's tokenizer.")
    try:
        if (folder / "tokenizer.json").is_file():
            from tokenizers import Tokenizer

            fast = _parsed(Tokenizer, folder / "tokenizer.json")
            fast.no_truncation()
            fast.no_padding()
            return from_tokenizer(fast, str(folder))
        from transformers import AutoTokenizer

        return from_tokenizer(AutoTokenizer.from_pretrained(folder, local_files_only=True), str(folder))
    except ImportError as error:
        raise MissingDependency("Counting with a real tokenizer", "transformers", "local") from error
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"The folder {str(folder)!r} holds no tokenizer: {error}.", hint="It should have a tokenizer.json."
        ) from error


def _parsed(tokenizer: Any, path: Path) -> Any:
    try:
        return tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing finer
        raise ValueError(str(error)) from error


def counters_for(target: Target, tokenizers: str | Path | Mapping[str, Any] | None = None) -> dict[str, TokenCounter]:
    """Real counters for as many of a target's encoders as possible, by encoder name.

    Args:
        target: whose encoders are to be counted for.
        tokenizers: a folder for the encoder that must take the whole caption; or tokenizers, folders or counters by
            encoder name; None looks into the hub's cache on this machine. Nothing is ever downloaded.

    Raises:
        InvalidInput: a folder without a tokenizer.
    """
    if tokenizers is None:
        found = {encoder.name: _cached(encoder) for encoder in target.encoders}
        return {name: counter for name, counter in found.items() if counter is not None}
    if isinstance(tokenizers, (str, Path)):
        main = next(encoder for encoder in target.encoders if encoder.whole)
        return {main.name: from_folder(tokenizers)}
    return {name: _counter(given) for name, given in tokenizers.items()}


def _counter(given: Any) -> TokenCounter:
    if isinstance(given, TokenCounter):
        return given
    return from_folder(given) if isinstance(given, (str, Path)) else from_tokenizer(given)


def hub_cache() -> Path:
    """Where Hugging Face tools keep downloads (`HF_HUB_CACHE`, `HF_HOME`, or `~/.cache/huggingface/hub`)."""
    if cache_path := os.environ.get("HF_HUB_CACHE"):
        return Path(cache_path)
    home = os.environ.get("HF_HOME") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "huggingface"
    )
    return Path(home) / "hub"


def _cached(encoder: Encoder) -> TokenCounter | None:
    """The encoder's tokenizer from the hub's cache, if it is there and can be read."""
    repository, _, subfolder = encoder.tokenizer.partition(":")
    snapshots = hub_cache() / f"models--{repository.replace('/', '--')}" / "snapshots"
    if not snapshots.is_dir():
        return None
    for snapshot in sorted(snapshots.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True):
        if (snapshot / subfolder / "tokenizer.json").is_file():
            try:
                return from_folder(snapshot / subfolder)
            except (InvalidInput, MissingDependency) as error:
                _log("The cached tokenizer %s is not used: %s", snapshot, error)
    return None


def _log(message: str, *values: object) -> None:
    # Imported here because it costs as much as counting a thousand captions, on every call of the command.
    import logging

    logging.getLogger(__name__).debug(message, *values)


@cache
def _listed() -> frozenset[str]:
    path = Path(prompts.__file__).parent / "lexicon" / "single_tokens.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(" ".join([line for line in lines if not line.startswith("#")]).split())

"""A target with the limits of a pipeline's call, and counters that count as the pipeline does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from t2v_recaption import Encoder, InvalidInput, Target, TokenCounter
from t2v_recaption.integrations.diffusers.families import Family, Reading
from t2v_recaption.integrations.diffusers.templates import count_of

BOUNDLESS = 1_000_000
"""A tokenizer that knows no limit says 10³⁰."""


def measured(
    target: Target, family: Family, pipe: Any, arguments: Mapping[str, Any]
) -> tuple[Target, dict[str, TokenCounter]]:
    """The target as this call of this pipeline reads it, and exact counters by encoder name.

    Args:
        target: what the captions are written for; its encoders are replaced by the pipeline's own.
        family: how the pipeline reads.
        pipe: the pipeline; a tokenizer that it lacks is replaced by the target's estimate.
        arguments: those of the call, with their defaults.

    Raises:
        InvalidInput: the call asks for a text length that the transformer cannot take.
    """
    _check_fixed(pipe, arguments)
    encoders, counters = [], {}
    for encoder, reading in zip(_encoders(target, family), family.readings, strict=True):
        limit, counter = _limit(pipe, reading, arguments), None
        if getattr(pipe, reading.tokenizer, None) is not None:
            count, taken = count_of(pipe, reading, arguments)
            tokenizer = getattr(pipe, reading.tokenizer)
            name = getattr(tokenizer, "name_or_path", "") or type(tokenizer).__name__
            counter = TokenCounter(name, count, exact=True, adds_special=True)
            limit = None if limit is None else limit - taken
            counters[encoder.name] = counter
        encoders.append(replace(encoder, limit=encoder.limit if limit is None else limit))
    # diffusers adds nothing to a prompt: what the vendor's own scripts put around it does not count here.
    return replace(target, encoders=tuple(encoders), prefix="", suffix=""), counters


def missing_tokenizers(pipe: Any, family: Family) -> tuple[str, ...]:
    """Tokenizers that the pipeline cannot encode a prompt without, and does not have."""
    return tuple(r.tokenizer for r in family.readings if getattr(pipe, r.tokenizer, None) is None)


def _encoders(target: Target, family: Family) -> list[Encoder]:
    """One encoder a reading, with the target's names as far as they go."""
    whole = [encoder for encoder in target.encoders if encoder.whole]
    companions = [encoder for encoder in target.encoders if not encoder.whole]
    found = []
    for reading in family.readings:
        named = companions if reading.encodes else whole
        spare = Encoder(f"the pipeline's {reading.tokenizer}", "", "clip", 77, special=2)
        found.append(replace(named.pop(0) if named else spare, whole=not reading.encodes))
    return found


def _limit(pipe: Any, reading: Reading, arguments: Mapping[str, Any]) -> int | None:
    """Tokens that the pipeline keeps; None where nothing says so (the target's own figure then counts)."""
    if isinstance(reading.limit, int):
        return reading.limit
    tokenizer = getattr(pipe, reading.tokenizer, None)
    places = (
        arguments.get(reading.limit),
        getattr(pipe, reading.limit, None),
        getattr(tokenizer, "model_max_length", None),
    )
    return next((int(limit) for limit in places if isinstance(limit, int) and 0 < limit < BOUNDLESS), None)


def _check_fixed(pipe: Any, arguments: Mapping[str, Any]) -> None:
    """CogVideoX without rotary, or with learned, positions: their table has one length (models/embeddings.py)."""
    config = getattr(getattr(pipe, "transformer", None), "config", None)
    table, asked = getattr(config, "max_text_seq_length", None), arguments.get("max_sequence_length")
    if table is None or asked is None or asked == table:
        return
    rotary = getattr(config, "use_rotary_positional_embeddings", True)
    if not rotary or getattr(config, "use_learned_positional_embeddings", False):
        raise InvalidInput(
            f"max_sequence_length={asked} cannot be used: this transformer has positions for {table} text tokens.",
            hint=f"Leave it out, or give {table}.",
        )

"""Outcomes on their way to a video model: a prompt that came back as it went in is no enhancement."""

from __future__ import annotations

from t2v_recaption import Enhancement, Failure, NotKept, Target


def changed(outcome: Enhancement | Failure, target: Target, hint: str) -> Enhancement | Failure:
    """A failure instead of an enhancement that changed nothing, unless the prompt is a whole caption already."""
    if isinstance(outcome, Failure) or not is_same(outcome):
        return outcome
    if len(outcome.prompt.split()) >= target.words.low or outcome.fit.dropped:
        return outcome
    error = NotKept(
        f"The {outcome.writer} writer left the prompt as it is. {' '.join(outcome.notes)}".strip(),
        hint=hint,
        report=outcome.report,
        text=outcome.caption,
    )
    return Failure.of(outcome.prompt, error)


def is_same(outcome: Enhancement) -> bool:
    """Whether the caption has the prompt's letters and no others."""
    return _letters(outcome.prompt) == _letters(outcome.caption)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()

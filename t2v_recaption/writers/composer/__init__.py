"""composer: the writer that needs no model. It plans what a prompt leaves open and writes around the user's words."""

from __future__ import annotations

from t2v_recaption.writers.composer.writer import Composer

__all__ = ["Composer"]

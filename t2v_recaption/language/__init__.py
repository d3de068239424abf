"""Language: English taken apart (tokens, phrases, relations, terms), for prompts and for captions alike."""

from t2v_recaption.language.analysis import analyse
from t2v_recaption.language.model import Analysis

__all__ = ["Analysis", "analyse"]

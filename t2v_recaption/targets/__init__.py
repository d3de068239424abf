"""What each video model wants, read from `prompts/targets/<name>.yaml`, and whether a caption fits it."""

from t2v_recaption.targets.load import aliases, load, load_file, names
from t2v_recaption.targets.model import Encoder, Target, Words

__all__ = ["Encoder", "Target", "Words", "aliases", "load", "load_file", "names"]

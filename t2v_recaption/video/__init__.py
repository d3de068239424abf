"""Reading video: clips, frames at exact times, sampling, key frames, frame grids and measurements."""

from t2v_recaption.video.clip import Clip, clips_of
from t2v_recaption.video.frame import Frame
from t2v_recaption.video.info import ClipInfo
from t2v_recaption.video.keyframes import key_frames
from t2v_recaption.video.sampling import Every, KeyFrames, PerScene, Sampling, Uniform, parse_sampling, sample
from t2v_recaption.video.scenes import Scene, SceneFinder, scenes

__all__ = [
    "Clip",
    "ClipInfo",
    "Every",
    "Frame",
    "KeyFrames",
    "PerScene",
    "Sampling",
    "Scene",
    "SceneFinder",
    "Uniform",
    "clips_of",
    "key_frames",
    "parse_sampling",
    "sample",
    "scenes",
]

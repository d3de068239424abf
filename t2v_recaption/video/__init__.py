"""Reading video: clips, frames at exact times, sampling, key frames, frame grids and measurements."""

from t2v_recaption.errors import MissingDependency

PACKAGES = {
    "PIL": "pillow",
    "av": "av",
    "cv2": "opencv-python-headless",
    "numpy": "numpy",
    "scenedetect": "scenedetect-headless",
}
"""Modules of the extra `video`, and the packages that hold them."""

try:
    from t2v_recaption.video.clip import Clip, clips_of
    from t2v_recaption.video.frame import Frame
    from t2v_recaption.video.info import ClipInfo
    from t2v_recaption.video.keyframes import key_frames
    from t2v_recaption.video.sampling import Every, KeyFrames, PerScene, Sampling, Uniform, parse_sampling, sample
    from t2v_recaption.video.scenes import Scene, SceneFinder, scenes
except ModuleNotFoundError as error:
    if error.name not in PACKAGES:
        raise
    raise MissingDependency("Reading video", PACKAGES[error.name], "video") from error

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

"""Ways to get frames out of a video file: this package's and other people's, as a worker process that measures them.

`python -m benchmarks.decoders NAME` reads tasks (JSON lines) from stdin and answers each with wall and CPU seconds and
with what was found. One process for each way keeps the FFmpeg libraries that each package brings apart.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.films import number_of

Frames = list[Any]
Read = Callable[[str, Sequence[float], int], Frames]
"""Path, wanted times in seconds, threads (0: as the package likes) → height x width x 3 arrays."""


def ours(path: str, times: Sequence[float], threads: int) -> Frames:
    """One forward pass of `Clip`."""
    from t2v_recaption.video import Clip

    return [frame.pixels for frame in Clip(path, threads=threads).frames(times)]


def decord(path: str, times: Sequence[float], threads: int) -> Frames:
    """As ShareGPT4Video reads: `get_batch` of index = time x average rate."""
    from decord import VideoReader

    reader = VideoReader(path, num_threads=threads)
    rate, count = reader.get_avg_fps(), len(reader)
    return list(reader.get_batch([min(count - 1, int(t * rate + 1e-6)) for t in times]).asnumpy())


def opencv_forward(path: str, times: Sequence[float], threads: int) -> Frames:
    """Grab every frame, retrieve the wanted ones: by index = time x average rate."""
    import cv2

    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [int(cv2.CAP_PROP_N_THREADS), threads] if threads else [])
    rate = capture.get(cv2.CAP_PROP_FPS)
    found: Frames = []
    position = -1
    for wanted in [int(t * rate + 1e-6) for t in times]:
        while position < wanted and capture.grab():
            position += 1
        found.append(_rgb(capture.retrieve()[1]))
    return found


def opencv_seek(path: str, times: Sequence[float], threads: int) -> Frames:
    """Set the position in milliseconds for each wanted frame."""
    import cv2

    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [int(cv2.CAP_PROP_N_THREADS), threads] if threads else [])
    found: Frames = []
    for t in times:
        capture.set(cv2.CAP_PROP_POS_MSEC, t * 1000)
        found.append(_rgb(capture.read()[1]))
    return found


def _rgb(picture: Any) -> Any:
    import cv2

    if picture is None:
        raise LookupError("no frame was given")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def torchcodec_index(path: str, times: Sequence[float], threads: int) -> Frames:
    """`get_frames_at` of index = time x average rate, without the scan of the whole file that exact times need."""
    from torchcodec.decoders import VideoDecoder

    decoder = VideoDecoder(path, dimension_order="NHWC", num_ffmpeg_threads=threads, seek_mode="approximate")
    rate, count = decoder.metadata.average_fps, decoder.metadata.num_frames
    return list(decoder.get_frames_at([min(count - 1, int(t * rate + 1e-6)) for t in times]).data.numpy())


def torchcodec(path: str, times: Sequence[float], threads: int) -> Frames:
    """`get_frames_played_at`, exact seek mode."""
    from torchcodec.decoders import VideoDecoder

    decoder = VideoDecoder(path, dimension_order="NHWC", num_ffmpeg_threads=threads)
    return list(decoder.get_frames_played_at(seconds=list(times)).data.numpy())


WAYS: dict[str, tuple[Read, str]] = {
    "t2v_recaption": (ours, "av"),
    "decord": (decord, "decord"),
    "OpenCV, forward": (opencv_forward, "cv2"),
    "OpenCV, seeking": (opencv_seek, "cv2"),
    "torchcodec, by time": (torchcodec, "torchcodec"),
    "torchcodec, by index": (torchcodec_index, "torchcodec"),
}
"""Name → how it reads, and the module that it needs."""


def available(name: str) -> bool:
    """Whether the package is installed."""
    return find_spec(WAYS[name][1]) is not None


def cpu_seconds() -> float:
    """CPU time of this process so far, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Answer tasks until stdin ends."""
    read = WAYS[sys.argv[1]][0]
    for line in sys.stdin:
        task = json.loads(line)
        wall, cpu = time.perf_counter(), cpu_seconds()
        try:
            frames = read(task["path"], task["times"], task["threads"])
        except Exception as error:  # another package's error is a result here
            print(json.dumps({"error": f"{type(error).__name__}: {str(error)[:80]}"}), flush=True)
            continue
        answer: dict[str, Any] = {"wall": time.perf_counter() - wall, "cpu": cpu_seconds() - cpu}
        answer["mean"] = [round(float(np.mean(f)), 2) for f in frames]
        answer["numbers"] = [number_of(f) for f in frames]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

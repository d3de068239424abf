"""A generator as an external program: a red square on a texture; the camera pans when it is told insistently."""

from __future__ import annotations

import sys
from pathlib import Path

SAMPLE = """
import sys
from pathlib import Path
import numpy as np
from t2v_recaption.video.write import write_clip

prompt, seed, out = sys.argv[1:]
tiles = np.random.default_rng(int(seed)).integers(0, 255, (14, 34, 3), np.uint8)
wall = np.kron(tiles, np.ones((12, 12, 1), np.uint8))
frames = []
for number in range(24):
    left = 150 - 6 * number if "whole clip" in prompt else 80
    frame = wall[:160, left : left + 256].copy()
    frame[60:110, 100:150] = (220, 20, 20)
    frames.append(frame)
write_clip(Path(out), frames, fps=12)
"""


def command(folder: Path) -> str:
    """The command that makes a clip."""
    (folder / "sample.py").write_text(SAMPLE, encoding="utf-8")
    return f"{sys.executable} {folder / 'sample.py'} {{prompt}} {{seed}} {{out}}"

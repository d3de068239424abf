"""Reading video: clips, frames at exact times, sampling, key frames, frame grids and measurements."""

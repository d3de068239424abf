"""`python -m benchmarks measurements`: how often the measurements are right, and what each signal costs."""

from benchmarks.measurements.command import main

__all__ = ["main"]

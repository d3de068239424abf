"""Benchmarks: what the project claims, measured. Never installed; run as `python -m benchmarks NAME`."""

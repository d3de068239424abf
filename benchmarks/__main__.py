"""`python -m benchmarks NAME`: each benchmark is a module of this package with a click command `main`."""

from __future__ import annotations

import importlib

import click

BENCHMARKS = {
    "ab-text": "Raw prompts, the composer and rewrites, prompt by prompt, with verdicts.",
    "backends": "Throughput of the transformers backend against one generate call a prompt.",
    "blind": "The composer against a file of rewrites, blind.",
    "calibration": "Whether the statistics of an A/B hold what they say, on a simulated generator.",
    "captions": "Many clips against one after the other, Ray against this machine, memory.",
    "chat": "What the chat writer makes of a small model's answers, and what one-line instructions make of them.",
    "check": "Precision and recall of the fidelity check on the labelled set.",
    "judges": "How often the probes of t2v verify find out a bad judge, and wrong a good one.",
    "cost": "What captioning so many clips takes, and whether the estimate is right.",
    "loop": "The caption-video loop against best-of-N, in a simulated world whose truth is known.",
    "claims": "How far rule-made claims reach the hand-written ones of a suite.",
    "decode": "Frames out of video files, against decord, OpenCV and torchcodec: time, and whether they are right.",
    "fidelity": "What a file of rewrites keeps of a file of prompts.",
    "measurements": "How often measurements of clips are right, and what each signal costs.",
    "keyframes": "Key frames with a CLIP model, against the procedure of ShareGPT4Video's script.",
    "serve": "200 clients at once against the HTTP server: nothing lost, memory flat.",
    "speed": "Cold start, throughput, memory, and what is added around a model call.",
}
"""Module → one line of help. A new benchmark is one module and one line here."""


class Benchmarks(click.Group):
    """Imports a benchmark only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, sorted."""
        return sorted(BENCHMARKS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The benchmark's command, None for an unknown name."""
        if name not in BENCHMARKS:
            return None
        command: click.Command = importlib.import_module(f"benchmarks.{name.replace('-', '_')}").main
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the benchmarks without importing them."""
        with formatter.section("Benchmarks"):
            formatter.write_dl([(name, BENCHMARKS[name]) for name in self.list_commands(ctx)])


@click.group(cls=Benchmarks)
def main() -> None:
    """Measure what this project claims. Results worth keeping are in benchmarks/README.md."""


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")

"""Suites: lists of prompts to compare on, read from files that the user has; nothing is ever downloaded.

`load_suite("vbench", "VBench/")` reads a published suite where its repository or file lies,
`load_suite("claims", path)` reads prompts with hand-written claims, `load_suite("file", path)` any .txt, .csv, .jsonl.
"""

from t2v_recaption.compare.suites.base import LOADERS, Suite, SuitePrompt, load_suite, write_prompts

__all__ = ["LOADERS", "Suite", "SuitePrompt", "load_suite", "write_prompts"]

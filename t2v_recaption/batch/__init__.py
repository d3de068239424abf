"""Files in, files out: many prompts, in order, resumable, with nothing lost or doubled."""

from t2v_recaption.batch.run import Summary, run_file
from t2v_recaption.batch.source import Row, Source, open_source

__all__ = ["Row", "Source", "Summary", "open_source", "run_file"]

"""Clips in, captions out: folders and manifests of videos, resumable, on this machine or on Ray."""

from t2v_recaption.batch.clips.job import ClipJob
from t2v_recaption.batch.clips.run import ClipSummary, Resources, caption_clips
from t2v_recaption.batch.clips.shards import Shard, parse_shard
from t2v_recaption.batch.clips.sources import Item, find_items

__all__ = [
    "ClipJob",
    "ClipSummary",
    "Item",
    "Resources",
    "Shard",
    "caption_clips",
    "find_items",
    "parse_shard",
]

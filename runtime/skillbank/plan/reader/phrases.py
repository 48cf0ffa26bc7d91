"""The actions there are, and the table of phrases: patterns over words by the subject they speak of."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

__all__ = ["ACTIONS", "DOING", "filled", "phrases"]

ACTIONS = (
    "train",
    "evaluate",
    "export",
    "quantize",
    "prune",
    "distill",
    "inference",
    "gen_trt_engine",
    "dataset_convert",
)
DOING = "|".join(f"actions.{action}.{form}" for action in ACTIONS for form in ("nouns", "ing"))
"""Alternatives of a pattern: what is done, as a noun."""
_FILE = Path(__file__).parent / "words" / "lists" / "phrases.toml"
_PART = re.compile(r"\{(\w+)\}")
_EVERY = re.compile(r"actions\.\*\.(\w+)")
_Listed = dict[str, list[str]]


@lru_cache(maxsize=1)
def _table() -> tuple[dict[str, str], dict[str, tuple[dict[str, str], _Listed]]]:
    """Return the parts of all phrases, and by subject its own parts and its lists."""
    content = tomllib.loads(_FILE.read_text("utf-8"))
    shared = content.pop("parts")
    return shared, {subject: (lists.pop("parts", {}), lists) for subject, lists in content.items()}


@lru_cache(maxsize=256)
def phrases(name: str) -> tuple[str, ...]:
    """Return a list of the table with their parts put in, as "jobs.last"; none where there is none."""
    subject, _, listed = name.partition(".")
    shared, subjects = _table()
    own, lists = subjects[subject]
    parts = {**shared, **own}
    return tuple(_whole(source, parts) for source in lists.get(listed, ()))


def filled(source: str, parts: Mapping[str, str]) -> str:
    """Return a pattern of a table with the parts put in that it names: ``{link}``; parts may name others."""
    while _PART.search(source):
        source = _PART.sub(lambda found: parts[found[1]], source)
    return source


def _whole(source: str, parts: Mapping[str, str]) -> str:
    source = filled(source, parts)
    return _EVERY.sub(lambda found: "|".join(f"actions.{a}.{found[1]}" for a in ACTIONS), source)

"""A skill's life: names that it had, and whether its bank still wants it used.

Said by the skill itself, under ``metadata`` of its SKILL.md, in texts as the Agent Skills standard has them::

    metadata:
      formerly: "train-dino-v1 dino-trainer"
      deprecated: "the model is no longer maintained"
      successor: "tao-train-grounding-dino"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from skillbank.visible import visible

__all__ = ["Lifecycle", "parse_lifecycle"]

MOST_NAMES, LONGEST_NAME, LONGEST_REASON = 10, 64, 200


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What a skill says of its own life.

    Attributes
    ----------
    formerly
        Names that it still answers to.
    deprecated
        Why it should no longer be used, in its own words; empty where it should.
    successor
        The skill that takes its place, where one does.
    """

    formerly: tuple[str, ...] = ()
    deprecated: str = ""
    successor: str = ""


def parse_lifecycle(metadata: Mapping[str, Any], report: Callable[..., None]) -> Lifecycle:
    """Read it from the ``metadata`` of a SKILL.md; what cannot be used is reported and left out."""
    texts = {}
    for field, longest in (("deprecated", LONGEST_REASON), ("successor", LONGEST_NAME), ("formerly", None)):
        value = metadata.get(field, "")
        if isinstance(value, str) and (longest is None or len(value) <= longest):
            texts[field] = " ".join(visible(value).split())
        else:
            report("warning", "lifecycle", f"{field} is no text of at most {longest or 'a few'} characters.")
    names = [n for n in texts.get("formerly", "").replace(",", " ").split() if len(n) <= LONGEST_NAME]
    successor = texts.get("successor", "")
    reason = texts.get("deprecated", "") or ("another skill takes its place" if successor else "")
    return Lifecycle(tuple(names[:MOST_NAMES]), reason, successor)

"""A skill's life: names that it had, and whether its bank still wants it used.

Said by the skill itself, under ``metadata`` of its SKILL.md, in texts as the Agent Skills standard has them::

    metadata:
      formerly: "train-dino-v1 dino-trainer"
      deprecated: "the model is no longer maintained"
      successor: "train-painter"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from skillbank.visible import visible

__all__ = ["Lifecycle", "parse_lifecycle"]

MOST_NAMES, LONGEST_NAME, LONGEST_REASON = 10, 64, 200
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


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


def parse_lifecycle(metadata: Mapping[str, object], report: Callable[..., None]) -> Lifecycle:
    """Read it from the ``metadata`` of a SKILL.md; what cannot be used is reported and left out."""
    texts = {}
    for field, longest in (("deprecated", LONGEST_REASON), ("successor", LONGEST_NAME), ("formerly", None)):
        value = metadata.get(field, "")
        if isinstance(value, str) and (longest is None or len(value) <= longest):
            texts[field] = " ".join(visible(value).split())
        else:
            report("warning", "lifecycle", f"{field} is no text of at most {longest or 'a few'} characters.")
    said = texts.get("formerly", "").replace(",", " ").split()
    names = [name for name in said if _is_name(name)][:MOST_NAMES]
    if len(names) < len(said):
        kept = f"{len(names)} of the {len(said)} names in formerly are read"
        report("warning", "lifecycle", f"{kept}: at most {MOST_NAMES}, of a-z, 0-9 and single hyphens.")
    successor = texts.get("successor", "")
    if successor and not _is_name(successor):
        report("warning", "lifecycle", "successor is no name of a skill: a-z, 0-9 and single hyphens.")
        successor = ""
    reason = texts.get("deprecated", "") or ("another skill takes its place" if successor else "")
    return Lifecycle(tuple(names), reason, successor)


def _is_name(text: str) -> bool:
    return len(text) <= LONGEST_NAME and _NAME.fullmatch(text) is not None

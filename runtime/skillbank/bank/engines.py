"""What skills say of the program that runs them, in the section ``engine`` of their skill_info.

Only the bank that comes with skillbank is asked what a program needs on this machine, how it is installed and
which program finds what a text describes: a bank from outside says these things of no program, not even of
one that it starts itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from skillbank.bank.documents import parse_yaml, read_text
from skillbank.bank.facts import read_facts
from skillbank.bank.home import bank_root
from skillbank.bank.shapes import Shapes
from skillbank.errors import PlatformError

__all__ = ["EngineFacts", "engine_facts", "example_model", "labeller", "own_engine", "own_engines"]

_INFO = "references/skill_info.yaml"
_STEMS = ("tao-train-", "tao-")
MODEL = "MODEL"
"""What an example calls a model where no skill trains one."""


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What a skill says of its program.

    Attributes
    ----------
    program
        The first word of its commands.
    packages
        The names that Python imports its packages by: with them it can run here.
    extra
        What is added to an installation of skillbank to have them.
    first_category
        The id of the first category in COCO documents that it reads; None where it does not say.
    labels_by_description
        Whether it ``serve``s a model that finds what a text describes.
    hub_model
        The model on the hub that it labels with where none is named.
    """

    program: str
    packages: tuple[str, ...] = ()
    extra: str = ""
    first_category: int | None = None
    labels_by_description: bool = False
    hub_model: str = ""


def engine_facts(facts: Mapping[str, Any]) -> EngineFacts | None:
    """Return what the sections of a skill_info say of its program; None where they say nothing."""
    said = facts.get("engine")
    if not said:
        return None
    return EngineFacts(**{**said, "packages": tuple(said.get("packages", ()))})


def own_engines() -> dict[str, EngineFacts]:
    """Return the programs of the bank that comes with skillbank, by their names."""
    return dict(_own(bank_root()))


def own_engine(program: str) -> EngineFacts | None:
    """Return what the bank that comes with skillbank says of a program; None where it knows none such."""
    return _own(bank_root()).get(program)


def labeller() -> EngineFacts:
    """Return the program that finds what a text describes, the first that the own bank names."""
    for each in _own(bank_root()).values():
        if each.labels_by_description:
            return each
    raise PlatformError(
        f"No skill of {bank_root() / 'skills'} says under engine that its program labels_by_description; "
        "the installation is not whole."
    )


def example_model() -> str:
    """Return how a request may name a model: the first skill that trains one; `MODEL` where there is none."""
    return _first_trained(bank_root())


@lru_cache(maxsize=4)
def _own(root: Path) -> dict[str, EngineFacts]:
    found: dict[str, EngineFacts] = {}
    for info in sorted(root.glob(f"skills/*/{_INFO}")):
        raw = parse_yaml(read_text(info), str(info))
        engine = engine_facts(read_facts(raw, Shapes([], str(info)))) if isinstance(raw, Mapping) else None
        if engine is not None:
            found.setdefault(engine.program, engine)
    return found


@lru_cache(maxsize=4)
def _first_trained(root: Path) -> str:
    for info in sorted(root.glob(f"skills/*/{_INFO}")):
        raw = parse_yaml(read_text(info), str(info))
        actions = raw.get("actions") if isinstance(raw, Mapping) else None
        if isinstance(actions, Mapping) and "train" in actions:
            name = info.parents[1].name
            return next((name.removeprefix(stem) for stem in _STEMS if name.startswith(stem)), name)
    return MODEL

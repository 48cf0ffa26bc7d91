"""What a skill says of its program: it is the program that it starts, and what it says can be had."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata

from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.engines import engine_facts
from skillbank.bank.skill import Skill
from skillbank.visible import named


def engine(skill: Skill) -> Iterator[Diagnostic]:
    """Compare the section ``engine`` with the commands, and with what skillbank can install."""
    said = engine_facts(skill.info.facts)
    if said is None:
        return
    file = skill.relative(skill.info_files[0])
    line = next(
        (i for i, t in enumerate(skill.lines(skill.info_files[0]), 1) if t.startswith("engine:")), None
    )
    for action in skill.actions:
        if (program := _program(action.command)) != said.program:
            message = (
                f"engine.program is '{said.program}' and {action.name} starts '{named(program, 40)}', of "
                "which nothing is said."
            )
            yield Diagnostic("warning", "engine-program", message, file, line)
    if said.extra and said.extra not in _extras():
        message = f"engine.extra is '{said.extra}'; skillbank has {', '.join(_extras())}."
        yield Diagnostic("warning", "engine-extra", message, file, line)
    if said.packages and not said.extra:
        message = "engine.packages says what is needed and no engine.extra what brings it."
        yield Diagnostic("note", "engine-extra", message, file, line)
    if said.labels_by_description != bool(said.hub_model):
        there, absent = "labels_by_description", "hub_model"
        if said.hub_model:
            there, absent = absent, there
        message = f"engine says {there} and no {absent}; one means nothing without the other."
        yield Diagnostic("warning", "engine-labels", message, file, line)


def _program(command: str) -> str:
    try:
        return next(iter(shlex.split(command)), "")
    except ValueError:
        return command.split(" ", 1)[0]


def _extras() -> list[str]:
    try:
        return metadata("skillbank").get_all("Provides-Extra") or []
    except PackageNotFoundError:
        return []

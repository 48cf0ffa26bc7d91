"""What a skill is called beside its own name, and the actions that it declares, as its documents say.

All of `skillbank.bank.skill_info` is read of the few skills that a request is about; this, of every skill.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.names import kept_aliases
from skillbank.bank.shapes import Shapes
from skillbank.visible import named

__all__ = ["MAX_ACTIONS", "Called", "aliases", "called_in", "declared", "network_arch"]

MAX_ACTIONS = 100
"""Actions of one document, each task axis counted."""
MAX_NAME = 100
"""Characters of a name that a skill goes by."""
_NAME = re.compile(r"\w[\w.:+-]{0,63}")


class Called(NamedTuple):
    """What a skill's documents say that it is called, beside its own name, and whether it has an action."""

    network_arch: str
    aliases: tuple[str, ...]
    runs: bool


def network_arch(raw: Mapping[str, object], read: Shapes) -> str:
    """Return the architecture that a document names; nothing where it is no name."""
    arch = read.text(raw.get("network_arch"), "network_arch") or ""
    return arch if _is_short(arch, "network_arch", read) else ""


def aliases(raw: Mapping[str, object], read: Shapes) -> tuple[str, ...]:
    """Return the names that a document adds, as far as they are names."""
    return tuple(kept_aliases(read.texts(raw.get("aliases"), "aliases"), read))


def _is_short(name: str, what: str, read: Shapes) -> bool:
    if len(name) > MAX_NAME:
        read.warn("shape", f"{what} has {len(name)} of at most {MAX_NAME} characters; it is not used.")
    return len(name) <= MAX_NAME


def declared(
    raw: Mapping[str, object], read: Shapes, tasks: int = 1
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the names of the actions that can be run, with what is said of each; of others it is said why.

    Each counts once for every one of the document's tasks.
    """
    made = 0
    for name, action in read.mapping(raw.get("actions"), "actions").items():
        if not _NAME.fullmatch(str(name)):
            read.warn("action", f"'{named(str(name), 40)}' cannot be the name of an action; it is not used.")
        elif made >= MAX_ACTIONS:
            message = f"it declares more than {MAX_ACTIONS} actions; the rest is not used."
            read.found.append(Diagnostic("error", "skill-info-yaml", message, read.origin))
            return
        elif not isinstance(action, Mapping) or not isinstance(action.get("command"), str):
            read.of(str(name)).warn(
                "command", f"action '{name}' has no command, so it can be described and not run."
            )
        else:
            made += tasks
            yield str(name), action


def called_in(raw: object) -> Called:
    """Return what a document says that its skill is called, as `parse_skill_info` reads it, and no more."""
    read = Shapes([], "")
    document: Mapping[str, object] = raw if isinstance(raw, Mapping) else {}
    return Called(network_arch(document, read), aliases(document, read), any(declared(document, read)))

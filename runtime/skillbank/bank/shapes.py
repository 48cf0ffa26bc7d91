"""Taking values out of a document that nobody vouches for: what has the wrong shape is always said."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import islice

from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.keys import is_key
from skillbank.visible import named

__all__ = ["Shapes"]

MAX_ENTRIES = 2000
"""Entries of one list or mapping that are read."""
MAX_FINDINGS = 200
"""Findings of one document that are kept."""
_LARGEST = 2**53


class Shapes:
    """A reader of one document's values, and the findings that it makes.

    Parameters
    ----------
    found
        Where findings go.
    origin
        The document's file, relative to the skill.
    action
        The action that the values are about; empty for the whole document.
    """

    def __init__(self, found: list[Diagnostic], origin: str, action: str = "") -> None:
        self.found = found
        self.origin = origin
        self.action = action

    def of(self, action: str) -> Shapes:
        """Return a reader of what is said of one action."""
        return Shapes(self.found, self.origin, action)

    def warn(self, code: str, message: str) -> None:
        """Add a finding."""
        if len(self.found) < MAX_FINDINGS:
            self.found.append(
                Diagnostic("warning", f"skill-info-{code}", message, self.origin, None, self.action)
            )
        elif len(self.found) == MAX_FINDINGS:
            more = f"more than {MAX_FINDINGS} values cannot be used; the rest is not listed."
            self.found.append(Diagnostic("error", "skill-info-yaml", more, self.origin))

    def mapping(self, value: object, name: str) -> Mapping[str, object]:
        """Return a mapping; an empty one for nothing, and, with a finding, for anything else."""
        if value is None or isinstance(value, Mapping):
            if value is not None and len(value) > MAX_ENTRIES:
                self._cut(name, len(value))
                return dict(islice(value.items(), MAX_ENTRIES))
            return value or {}
        self._ignored(name, value, "a mapping")
        return {}

    def sequence(self, value: object, name: str) -> list[object]:
        """Return a list; one word alone is a list of one, and other shapes are left out with a finding."""
        if value is None or isinstance(value, list):
            if value is not None and len(value) > MAX_ENTRIES:
                self._cut(name, len(value))
            return value[:MAX_ENTRIES] if value else []
        if isinstance(value, str) and value.strip():
            self.warn(
                "shape", f"{name} is the text '{named(value, 40)}', not a list; it is taken as a list of one."
            )
            return [value.strip()]
        self._ignored(name, value, "a list")
        return []

    def texts(self, value: object, name: str) -> list[str]:
        """Return a list of words, numbers as they are written; what is no word is left out and said."""
        found = []
        for entry in self.sequence(value, name):
            if isinstance(entry, str | int | float) and not isinstance(entry, bool) and str(entry).strip():
                found.append(str(entry).strip())
            else:
                self.warn("shape", f"{name} holds {_shown(entry)}, which is no text; it is not used.")
        return found

    def number(self, value: object, name: str) -> float | None:
        """Return a finite number, or None; what is no such number is said."""
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return value
        if value is not None:
            self._ignored(name, value, "a number")
        return None

    def whole(self, value: object, name: str) -> int | None:
        """Return a whole number that any program can hold, or None; what is none is said."""
        if isinstance(value, int) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST:
            return value
        if value is not None:
            self._ignored(name, value, "a whole number")
        return None

    def scalar(self, value: object, name: str) -> object:
        """Return a text, a number or a switch, or None; mappings and lists are said."""
        if isinstance(value, Mapping | list):
            self._ignored(name, value, "one value")
            return None
        return value

    def text(self, value: object, name: str) -> str | None:
        """Return a text without space around it; None for an empty one and, with a finding, for no text."""
        if value is None or isinstance(value, str):
            return (value or "").strip() or None
        self._ignored(name, value, "text")
        return None

    def flag(self, value: object, name: str) -> bool:
        """Return a switch; off when it is not there and, with a finding, when it is neither on nor off."""
        if value is None or isinstance(value, bool):
            return value is True
        if isinstance(value, str) and value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        self.warn("shape", f"{name} is {_shown(value)}, neither true nor false; it counts as false.")
        return False

    def keyed(self, value: object, name: str, *, of_values: bool = False) -> dict[str, object]:
        """Return a mapping whose names (or values) are dotted keys; what is no key is left out and said."""
        good = {}
        for entry, inner in self.mapping(value, name).items():
            key = inner if of_values else entry
            if is_key(key if isinstance(key, str) else str(key)):
                good[str(entry)] = inner
            else:
                self.warn("key", f"{name}: '{named(str(key), 80)}' is not a dotted key.")
        return good

    def key(self, value: object, name: str) -> str | None:
        """Return a dotted key, or None; what is no key is said."""
        key = self.text(value, name)
        if key is not None and not is_key(key):
            self.warn("key", f"{name}: '{named(key, 80)}' is not a dotted key.")
            return None
        return key

    def direction(self, value: object, name: str) -> str | None:
        """Return ``maximize`` or ``minimize`` for any of their spellings."""
        said = self.text(value, name)
        known = {"max": "maximize", "maximize": "maximize", "min": "minimize", "minimize": "minimize"}
        if said is not None and said.lower() not in known:
            self.warn("metric", f"{name} is '{named(said, 40)}'; it must be maximize or minimize.")
        return known.get(said.lower()) if said else None

    def _cut(self, name: str, entries: int) -> None:
        message = f"{name} has {entries} entries, and {MAX_ENTRIES} of them are read."
        self.found.append(Diagnostic("error", "skill-info-yaml", message, self.origin, None, self.action))

    def _ignored(self, name: str, value: object, wanted: str) -> None:
        self.warn("shape", f"{name} is {_shown(value)}, not {wanted}; it is not used.")


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return named(repr(value), 40)

"""Findings about a skill's files: what, how bad, and exactly where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from skillbank.visible import named

Severity = Literal["error", "warning", "note"]
Repeated: TypeAlias = tuple[str, int | None]
"""A key that stands in its mapping once more, and the line where it does."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    Attributes
    ----------
    severity
        ``error`` (the skill cannot be used as it says), ``warning`` (it can, with a caveat), ``note``.
    code
        Stable name, e.g. ``frontmatter-unknown-field``.
    message
        One sentence for people.
    path, line
        The file, relative to the skill's folder, and the 1-based line when known.
    action
        The one action that it is about; empty when it is about more.
    """

    severity: Severity
    code: str
    message: str
    path: str = ""
    line: int | None = None
    action: str = ""

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {self.severity}: {self.message} [{self.code}]" if where else self.message

    @property
    def sentence(self) -> str:
        """The message with its file, without a full stop."""
        said = self.message.rstrip(".")
        if not self.path or said.startswith(self.path):
            return said
        return f"{self.path}:{self.line}: {said}" if self.line else f"{self.path}: {said}"

    def document(self) -> dict[str, object]:
        """Return the finding as a JSON document."""
        return asdict(self)


def repeated_keys(keys: Iterable[Repeated], part: str, path: str) -> Iterator[Diagnostic]:
    """Yield a finding for every key that stands in its mapping once more; the part begins the code."""
    for key, line in keys:
        message = f"the key '{named(key, 40)}' is repeated."
        yield Diagnostic("warning", f"{part}-repeated-key", message, path, line)

"""What a look at a machine, or at what a platform needs, has found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Check"]


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; ``missing`` is something optional that is not there, ``failed`` must be mended.

    ``needed`` says that its platform cannot run anything without it.
    """

    name: str
    state: Literal["ok", "missing", "failed"]
    said: str
    needed: bool = False

    def document(self) -> dict[str, object]:
        """Return it as a JSON document."""
        return {"name": self.name, "state": self.state, "said": self.said}

"""How a client's program and the test that made it speak: a document a line, on stdin and stdout."""

from __future__ import annotations

import json
import sys
from typing import Any

__all__ = ["read", "told", "write"]


def told() -> dict[str, Any]:
    """Return what the program was given: the server's ``command``, ``args`` and ``env``, and more."""
    document: dict[str, Any] = json.loads(sys.argv[1])
    return document


def read() -> Any:
    """Return the next document: a call, the reply to a question, or None at the end."""
    return json.loads(sys.stdin.readline() or "null")


def write(**document: Any) -> None:
    """Say something: ``tools``, ``result`` or ``question``."""
    print(json.dumps(document), flush=True)

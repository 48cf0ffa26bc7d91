"""What goes wrong in the HTTP library below the installed openai: httpx for its version 2, httpx2 for 3."""

from __future__ import annotations

from importlib import import_module

import openai

__all__ = ["TransportError"]


def _library() -> str:
    modules = (kind.__module__.partition(".")[0] for kind in openai.DefaultHttpxClient.__mro__)
    return next(name for name in modules if name != "openai")


TransportError: type[Exception] = import_module(_library()).HTTPError
"""Base of the errors that come through unchanged where a stream breaks off."""

"""What goes wrong in the HTTP library below the installed openai: it is httpx for its version 2, httpx2 for 3."""

from __future__ import annotations

from importlib import import_module

import openai

__all__ = ["TransportError"]

TransportError: type[Exception] = import_module(openai.Timeout.__module__.partition(".")[0]).HTTPError
"""Base of the errors that come through unchanged where a stream breaks off."""

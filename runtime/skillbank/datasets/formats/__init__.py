"""The formats of data sets, one module each, in the order in which they are tried."""

from __future__ import annotations

from skillbank.datasets.formats.base import Format

__all__ = ["FORMATS", "Format"]

FORMATS: tuple[Format, ...] = ()
"""Every format; one that is surer of itself stands first."""

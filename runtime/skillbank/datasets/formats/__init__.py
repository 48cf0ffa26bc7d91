"""The formats of data sets, one module each, in the order in which they are tried."""

from __future__ import annotations

from skillbank.datasets.formats.base import Format
from skillbank.datasets.formats.cvat import Cvat
from skillbank.datasets.formats.labelme import Labelme
from skillbank.datasets.formats.voc import Voc

__all__ = ["FORMATS", "Format"]

FORMATS: tuple[Format, ...] = (Voc(), Cvat(), Labelme())
"""Every format; one that is surer of itself stands first."""

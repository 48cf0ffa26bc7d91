"""The formats of data sets, one module each, in the order in which they are tried."""

from __future__ import annotations

from skillbank.datasets.formats.base import Format, Writer
from skillbank.datasets.formats.coco import Coco
from skillbank.datasets.formats.coco_writer import CocoWriter
from skillbank.datasets.formats.odvg import Odvg
from skillbank.datasets.formats.odvg_writer import OdvgWriter
from skillbank.datasets.formats.yolo import Yolo
from skillbank.datasets.formats.yolo_writer import YoloWriter

__all__ = ["FORMATS", "WRITERS", "Format", "Writer"]

FORMATS: tuple[Format, ...] = (Odvg(), Coco(), Yolo())
"""Every format; one that is surer of itself stands first."""
WRITERS: tuple[Writer, ...] = (OdvgWriter(), CocoWriter(), YoloWriter())
"""Every format that can be written."""

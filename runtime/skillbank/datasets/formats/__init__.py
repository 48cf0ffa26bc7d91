"""The formats of data sets, one module each, in the order in which they are tried."""

from __future__ import annotations

from skillbank.datasets.formats.base import Format
from skillbank.datasets.formats.cvat import Cvat
from skillbank.datasets.formats.hugging_face import HuggingFace
from skillbank.datasets.formats.kitti import Kitti
from skillbank.datasets.formats.label_studio import LabelStudio
from skillbank.datasets.formats.labelme import Labelme
from skillbank.datasets.formats.open_images import OpenImages
from skillbank.datasets.formats.plain_pictures import PlainPictures
from skillbank.datasets.formats.tables import Tables
from skillbank.datasets.formats.voc import Voc

__all__ = ["FORMATS", "LAST", "Format"]

FORMATS: tuple[Format, ...] = (
    Voc(),
    Cvat(),
    Labelme(),
    LabelStudio(),
    Kitti(),
    OpenImages(),
    HuggingFace(),
    Tables(),
)
"""Every format that has annotations; one that is surer of itself stands first."""
LAST: Format = PlainPictures()
"""What is left where none of them is recognised, in no split folder either."""

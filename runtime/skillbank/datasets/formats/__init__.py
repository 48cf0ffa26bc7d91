"""The formats of data sets, one module each, in the order in which they are tried."""

from __future__ import annotations

from skillbank.datasets.formats.base import Format, Writer
from skillbank.datasets.formats.coco import Coco
from skillbank.datasets.formats.coco_writer import CocoWriter
from skillbank.datasets.formats.create_ml import CreateMl
from skillbank.datasets.formats.cvat import Cvat
from skillbank.datasets.formats.cvat_writer import CvatWriter
from skillbank.datasets.formats.datumaro import Datumaro
from skillbank.datasets.formats.dota import Dota
from skillbank.datasets.formats.hugging_face import HuggingFace
from skillbank.datasets.formats.keras_yolo import KerasYolo
from skillbank.datasets.formats.kitti import Kitti
from skillbank.datasets.formats.label_studio import LabelStudio
from skillbank.datasets.formats.label_studio_writer import LabelStudioWriter
from skillbank.datasets.formats.labelme import Labelme
from skillbank.datasets.formats.labelme_writer import LabelmeWriter
from skillbank.datasets.formats.mot import Mot
from skillbank.datasets.formats.named_corners import OidToolkit, VisDrone
from skillbank.datasets.formats.odvg import Odvg
from skillbank.datasets.formats.odvg_writer import OdvgWriter
from skillbank.datasets.formats.open_images import OpenImages
from skillbank.datasets.formats.plain_pictures import PlainPictures
from skillbank.datasets.formats.records import Records
from skillbank.datasets.formats.scalabel import Scalabel
from skillbank.datasets.formats.supervisely import Supervisely
from skillbank.datasets.formats.tables import Tables
from skillbank.datasets.formats.tables_writer import TablesWriter
from skillbank.datasets.formats.via import Via
from skillbank.datasets.formats.voc import Voc
from skillbank.datasets.formats.voc_writer import VocWriter
from skillbank.datasets.formats.wider import Wider
from skillbank.datasets.formats.yolo import Yolo
from skillbank.datasets.formats.yolo_writer import YoloWriter

__all__ = ["FORMATS", "LAST", "WRITERS", "Format", "Writer", "title_of"]

FORMATS: tuple[Format, ...] = (
    Odvg(),
    Coco(),
    Dota(),
    Wider(),
    Mot(),
    Yolo(),
    Voc(),
    Cvat(),
    Labelme(),
    LabelStudio(),
    Via(),
    CreateMl(),
    Supervisely(),
    Datumaro(),
    Scalabel(),
    Records(),
    Kitti(),
    OidToolkit(),
    VisDrone(),
    KerasYolo(),
    OpenImages(),
    HuggingFace(),
    Tables(),
)
"""Every format that has annotations; one that is surer of itself stands first."""
LAST: Format = PlainPictures()
"""What is left where none of them is recognised, in no split folder either."""
WRITERS: tuple[Writer, ...] = (
    OdvgWriter(),
    CocoWriter(),
    YoloWriter(),
    VocWriter(),
    CvatWriter(),
    LabelmeWriter(),
    LabelStudioWriter(),
    TablesWriter(),
)
"""Every format that can be written."""


def title_of(names: str) -> str:
    """Return what people call a format, or those of split folders that differ in it ("odvg+coco")."""
    titles = {each.name: each.title for each in (*FORMATS, LAST)}
    return " and ".join(titles.get(name, name) for name in names.split("+"))

"""Whatever becomes of an annotation file, reading it ends in pictures with faults or in one clear error."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from skillbank.datasets.faults import KINDS
from skillbank.errors import DataError
from tests.datasets import test_create_ml as create_ml
from tests.datasets import test_cvat as cvat
from tests.datasets import test_datumaro as datumaro
from tests.datasets import test_dota as dota
from tests.datasets import test_hugging_face as hugging_face
from tests.datasets import test_kitti as kitti
from tests.datasets import test_label_studio as label_studio
from tests.datasets import test_labelme as labelme
from tests.datasets import test_open_images as open_images
from tests.datasets import test_scalabel as scalabel
from tests.datasets import test_supervisely as supervisely
from tests.datasets import test_tables as tables
from tests.datasets import test_via as via
from tests.datasets import test_voc as voc
from tests.datasets import test_wider as wider
from tests.datasets.reading import data_of, picture, text

WORDS = (
    b'NaN -1 1e999 99999999999999999999999 null [] {} "" " < > & &a; , ../ \\ true %00 -0.0 1e308 <!-- ]]>'
)
ODD = [*WORDS.split(), b"\n", b"\x00", b"\xff", b"\xe2\x80\xae"]


def make_voc(root: Path) -> Path:
    voc.challenge(root)
    return root / "Annotations" / "a.xml"


def make_image_sets(root: Path) -> Path:
    voc.challenge(root)
    return root / "ImageSets" / "Main" / "train.txt"


def make_cvat(root: Path) -> Path:
    picture(root / "a.jpg")
    marks = [
        cvat.box("car", more='rotation="30"'),
        '<polygon label="car" points="5,9;30,3;20,40"/>',
        '<ellipse label="car" cx="50" cy="40" rx="20" ry="10"/>',
        '<skeleton label="car"><points label="1" outside="0" points="5,6"/></skeleton>',
    ]
    return cvat.saved(root, cvat.meta("car"), cvat.image(0, "a.jpg", *marks, subset="train"))


def make_video(root: Path) -> Path:
    picture(root / "images" / "frame_000000.png")
    return cvat.saved(root, cvat.meta("car"), cvat.track(0, "car", (0, 0), (1, 0), (2, 1)))


def make_labelme(root: Path) -> Path:
    picture(root / "a.jpg")
    picture(root / "b.jpg")
    labelme.saved(root / "b.json", labelme.shape("car", "rectangle", (1, 2), (3, 4)), path="b.jpg")
    shapes = [
        labelme.shape("car", "rectangle", (40, 60), (10, 20)),
        labelme.shape("ball", "circle", (50, 40), (53, 44)),
        labelme.shape("tree", "polygon", (5, 9), (30, 3), (20, 40), group=1),
        labelme.shape("tree", "polygon", (5, 9), (30, 3), (20, 40), group=1),
    ]
    return labelme.saved(root / "a.json", *shapes)


def make_label_studio(root: Path) -> Path:
    picture(root / "a.jpg")
    points = {"points": [[5, 10], [30, 5], [20, 50]], "polygonlabels": ["tree"]}
    marked = label_studio.answer(
        label_studio.result("rectanglelabels", label_studio.rectangle("cat", rotation=5)),
        label_studio.result("polygonlabels", points, "2"),
    )
    return label_studio.saved(root, label_studio.task("/data/local-files/?d=x%2Fa.jpg", marked))


def make_label_studio_min(root: Path) -> Path:
    picture(root / "a.jpg")
    value = label_studio.rectangle("cat", original_width=100, original_height=80)
    return text(
        root / "min.json", json.dumps([{"image": "a.jpg", "id": 1, "annotation_id": 2, "label": [value]}])
    )


def make_via(root: Path) -> Path:
    shape = {"name": "polygon", "all_points_x": [5, 30, 20], "all_points_y": [9, 3, 40]}
    marks = [via.region(kind="car"), via.region(shape, kind="tree")]
    return via.saved(root, via.entry("a.jpg", *marks), via.entry("b.jpg", *marks))


def make_kitti(root: Path) -> Path:
    for name in "ab":
        picture(root / "images" / f"{name}.jpg")
        text(root / "labels" / f"{name}.txt", kitti.line("Car") + kitti.line("red car"))
    return root / "labels" / "b.txt"


def make_open_images(root: Path) -> Path:
    picture(root / "a.jpg")
    text(root / "class-descriptions.csv", "/m/0k4j,Car\n")
    rows = open_images.row("a", "/m/0k4j") * 2
    return text(root / "train-annotations-bbox.csv", open_images.HEADER + rows)


def make_csv(root: Path) -> Path:
    picture(root / "a.jpg")
    rows = "a.jpg,100,80,cat,10,20,40,60\na.jpg,100,80,dog,1,2,3,4\n"
    return text(root / "train.csv", tables.TENSORFLOW + rows)


def make_bbox_csv(root: Path) -> Path:
    picture(root / "a.jpg")
    return text(root / "x.csv", 'image_id,width,height,bbox,label\na,100,80,"[10, 20, 30, 40]",cat\n')


def make_classes_csv(root: Path) -> Path:
    picture(root / "a.jpg")
    text(root / "annotations.csv", "a.jpg,10,20,40,60,dog\n")
    return text(root / "classes.csv", "dog,0\ncat,1\n")


def make_hugging_face(root: Path) -> Path:
    picture(root / "a.png")
    text(root / "README.md", hugging_face.CARD)
    entry = {"file_name": "a.png", "objects": {"bbox": [[10, 20, 30, 40]], "category": [1]}}
    return hugging_face.saved(root / "metadata.jsonl", entry, entry)


def make_card(root: Path) -> Path:
    make_hugging_face(root)
    return root / "README.md"


def make_via_table(root: Path) -> Path:
    picture(root / "a.jpg")
    return text(root / "via.csv", via.TABLE)


def make_via_third(root: Path) -> Path:
    marks = [via.mark([2, 10, 20, 30, 40], _1="0"), via.mark([9, 55, 40, 45, 40, 50, 35], _1="1")]
    return via.third(root, *marks)


def make_label_studio_table(root: Path) -> Path:
    picture(root / "a.jpg")
    value = json.dumps([label_studio.rectangle("cat", original_width=100, original_height=80)])
    cell = value.replace('"', '""')
    return text(root / "min.csv", f'image,id,label,annotation_id\na.jpg,1,"{cell}",5\n')


def make_create_ml(root: Path) -> Path:
    picture(root / "a.jpg")
    return create_ml.saved(root, create_ml.entry("a.jpg", "dog", "cat"), create_ml.entry("b.jpg", "dog"))


def make_supervisely(root: Path) -> Path:
    supervisely.meta(root, "dog")
    supervisely.saved(root / "ds0", "b.jpg", supervisely.mark(points=supervisely.CORNERS))
    mask = {"data": supervisely.packed((2, 3, 22, 33), transparent=True), "origin": [10, 20]}
    marks = [
        supervisely.mark(points=supervisely.CORNERS),
        supervisely.mark(kind="bitmap", bitmap=mask),
        supervisely.mark(kind="multipolygon", parts=[supervisely.CORNERS]),
    ]
    return supervisely.saved(root / "ds0", "a.jpg", *marks)


def make_supervisely_meta(root: Path) -> Path:
    make_supervisely(root)
    return root / "meta.json"


def make_datumaro(root: Path) -> Path:
    picture(root / "images" / "train" / "a.jpg")
    marks = [
        datumaro.mark(),
        datumaro.mark(kind="polygon", points=[5.0, 9.0, 30.0, 3.0, 20.0, 40.0]),
        datumaro.mark(kind="mask", rle={"size": [4, 5], "counts": [5, 2, 2, 2, 9]}),
    ]
    return datumaro.saved(root, "train", datumaro.item("a", *marks), datumaro.item("b", *marks))


def make_scalabel(root: Path) -> Path:
    picture(root / "a.jpg")
    marks = [scalabel.label(box2d=scalabel.PLACE), scalabel.label("lane", poly2d=scalabel.LANE)]
    frames = [scalabel.frame("a.jpg", *marks), scalabel.frame("b.jpg", *marks)]
    config = {"imageSize": {"width": 100, "height": 80}, "categories": [{"name": "car"}]}
    return text(root / "export.json", json.dumps({"frames": frames, "config": config}))


def make_dota(root: Path) -> Path:
    for name in "ab":
        picture(root / "images" / f"{name}.png")
        lines = f"{dota.UPRIGHT} small-vehicle 0\n{dota.TURNED} ground track field 1\n"
        text(root / "labelTxt" / f"{name}.txt", dota.HEAD + lines)
    return root / "labelTxt" / "b.txt"


def make_wider(root: Path) -> Path:
    picture(root / "a.jpg")
    return text(root / "x.txt", f"a.jpg\n2\n{wider.ROW}{wider.INVALID}b.jpg\n1\n{wider.ROW}")


def make_mot(root: Path) -> Path:
    for frame in (1, 2):
        picture(root / "img1" / f"{frame:06d}.jpg")
    return text(root / "gt" / "gt.txt", "1,1,10,20,30,40,1,1,0.86\n2,1,10,20,30,40,1,3,1\n")


MAKERS: tuple[Callable[[Path], Path], ...] = (
    make_voc,
    make_image_sets,
    make_cvat,
    make_video,
    make_labelme,
    make_label_studio,
    make_via,
    make_label_studio_min,
    make_kitti,
    make_open_images,
    make_csv,
    make_bbox_csv,
    make_classes_csv,
    make_hugging_face,
    make_card,
    make_via_table,
    make_via_third,
    make_label_studio_table,
    make_create_ml,
    make_supervisely,
    make_supervisely_meta,
    make_datumaro,
    make_scalabel,
    make_dota,
    make_wider,
    make_mot,
)


def mutated(raw: bytes, numbers: random.Random) -> bytes:
    for _ in range(numbers.randint(1, 3)):
        start = numbers.randrange(len(raw) + 1)
        end = min(len(raw), start + numbers.choice((0, 1, 1, 4, 20, 200)))
        kind = numbers.randrange(4)
        if kind == 0:
            raw = raw[:start] + raw[end:]
        elif kind == 1:
            raw = raw[:start] + numbers.choice(ODD) + raw[end:]
        elif kind == 2:
            raw = raw[:start] + raw[start:end] * numbers.randint(2, 5) + raw[end:]
        else:
            digits = [at for at, byte in enumerate(raw) if 48 <= byte < 58]
            if digits:
                at = numbers.choice(digits)
                raw = raw[:at] + numbers.choice(ODD) + raw[at + 1 :]
    return raw


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__.removeprefix("make_"))
def test_no_file_breaks_a_reader(maker: Callable[[Path], Path]) -> None:
    numbers = random.Random(f"{maker.__name__} 17")
    with tempfile.TemporaryDirectory() as folder:
        file = maker(Path(folder))
        raw = file.read_bytes()
        assert sum(len(each.boxes) for s in data_of(Path(folder)).splits for each in s.pictures())
        for _ in range(60):
            changed = mutated(raw, numbers)
            file.write_bytes(changed)
            try:
                data = data_of(Path(folder))
                pictures = [each for split in data.splits for each in split.pictures()]
            except DataError as error:
                assert str(error)
                continue
            for each in pictures:
                assert each.path is None or (Path(folder) / each.path).is_file(), changed
                assert all(fault.kind in KINDS for fault in each.faults)
                assert all(box.label is None or box.label < len(data.classes) for box in each.boxes)

"""One small data set in each format, laid out as its tool does: two pictures to train on, one to validate."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.datasets.made import scene
from tests.datasets.reading import text

CLASSES = ("cat", "dog")
SIZE = (100, 80)
CAT, DOG = ("cat", (10, 20, 40, 60)), ("dog", (50, 8, 90, 72))
Marks = tuple[tuple[str, tuple[int, int, int, int]], ...]
HELD: dict[str, dict[str, Marks]] = {"train": {"a": (CAT, DOG), "b": (DOG,)}, "val": {"c": (CAT, DOG)}}
"""What every sample holds: classes and corners by picture, whose name begins with its letter."""
_NUMBERS = random.Random(5)


def _pictures(root: Path, place: str, ending: str = "jpg") -> Iterator[tuple[str, str, Marks]]:
    """Draw the pictures of all splits where a pattern says, and yield split, stem and marks of each."""
    for split, entries in HELD.items():
        for stem, marks in entries.items():
            file = root / place.format(split=split, stem=stem, ending=ending)
            file.parent.mkdir(parents=True, exist_ok=True)
            scene(_NUMBERS, SIZE).save(file)
            yield split, stem, marks


def _by_split(root: Path, place: str, ending: str = "jpg") -> dict[str, list[tuple[str, Marks]]]:
    found: dict[str, list[tuple[str, Marks]]] = {}
    for split, stem, marks in _pictures(root, place, ending):
        found.setdefault(split, []).append((stem, marks))
    return found


def odvg(root: Path) -> None:
    for split, entries in _by_split(root, "{split}/images/{stem}.{ending}").items():
        lines = [
            {
                "file_name": f"{stem}.jpg",
                "width": SIZE[0],
                "height": SIZE[1],
                "detection": {
                    "instances": [
                        {"bbox": list(corners), "label": CLASSES.index(name), "category": name}
                        for name, corners in marks
                    ]
                },
            }
            for stem, marks in entries
        ]
        text(root / split / "annotations_odvg.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))
        label_map = json.dumps({str(i): name for i, name in enumerate(CLASSES)})
        text(root / split / "annotations_odvg_labelmap.json", label_map)


def coco(root: Path) -> None:
    for split, entries in _by_split(root, "{split}2017/{stem}.{ending}").items():
        images = [
            {"id": i, "file_name": f"{stem}.jpg", "width": SIZE[0], "height": SIZE[1]}
            for i, (stem, _) in enumerate(entries, 1)
        ]
        marks = [(i, mark) for i, (_, marks) in enumerate(entries, 1) for mark in marks]
        annotations = [
            {
                "id": number,
                "image_id": i,
                "category_id": CLASSES.index(name) + 17,
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "area": (x2 - x1) * (y2 - y1),
                "iscrowd": 0,
            }
            for number, (i, (name, (x1, y1, x2, y2))) in enumerate(marks)
        ]
        categories = [
            {"id": i, "name": name, "supercategory": "animal"} for i, name in enumerate(CLASSES, 17)
        ]
        document = {"images": images, "annotations": annotations, "categories": categories}
        text(root / "annotations" / f"instances_{split}2017.json", json.dumps(document))


def yolo(root: Path) -> None:
    for split, stem, marks in _pictures(root, "images/{split}/{stem}.{ending}"):
        lines = (
            f"{CLASSES.index(name)} {(x1 + x2) / 200} {(y1 + y2) / 160} {(x2 - x1) / 100} {(y2 - y1) / 80}\n"
            for name, (x1, y1, x2, y2) in marks
        )
        text(root / "labels" / split / f"{stem}.txt", "".join(lines))
    text(root / "data.yaml", "path: .\ntrain: images/train\nval: images/val\nnames:\n  0: cat\n  1: dog\n")


def voc(root: Path) -> None:
    listed: dict[str, str] = {}
    for split, stem, marks in _pictures(root, "JPEGImages/{stem}.{ending}"):
        objects = "".join(
            f"<object><name>{name}</name><pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult>"
            f"<bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"
            for name, (x1, y1, x2, y2) in marks
        )
        text(
            root / "Annotations" / f"{stem}.xml",
            f"<annotation><folder>JPEGImages</folder><filename>{stem}.jpg</filename><source><database>Unknown"
            "</database></source><size><width>100</width><height>80</height><depth>3</depth></size>"
            f"<segmented>0</segmented>{objects}</annotation>",
        )
        listed[split] = listed.get(split, "") + f"{stem}\n"
    for split, names in listed.items():
        text(root / "ImageSets" / "Main" / f"{split}.txt", names)


def cvat(root: Path) -> None:
    images = [
        f'<image id="{number}" name="{split}/{stem}.jpg" subset="{split}" width="100" height="80">'
        + "".join(
            f'<box label="{name}" source="manual" occluded="0" xtl="{x1}" ytl="{y1}" xbr="{x2}" ybr="{y2}" '
            f'z_order="0"></box>'
            for name, (x1, y1, x2, y2) in marks
        )
        + "</image>"
        for number, (split, stem, marks) in enumerate(_pictures(root, "images/{split}/{stem}.{ending}"))
    ]
    labels = "".join(f"<label><name>{name}</name></label>" for name in CLASSES)
    text(
        root / "annotations.xml",
        '<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version><meta><project><id>1</id>'
        f"<labels>{labels}</labels></project></meta>{''.join(images)}</annotations>",
    )


def labelme(root: Path) -> None:
    for split, stem, marks in _pictures(root, "{split}/{stem}.{ending}"):
        shapes: list[dict[str, Any]] = [
            {
                "label": name,
                "points": [[x1, y1], [x2, y2]],
                "group_id": None,
                "shape_type": "rectangle",
                "flags": {},
            }
            for name, (x1, y1, x2, y2) in marks
        ]
        document: dict[str, Any] = {
            "version": "5.4.1",
            "flags": {},
            "shapes": shapes,
            "imagePath": f"{stem}.jpg",
            "imageData": None,
            "imageHeight": SIZE[1],
            "imageWidth": SIZE[0],
        }
        text(root / split / f"{stem}.json", json.dumps(document))


def via(root: Path) -> None:
    for split, entries in _by_split(root, "{split}/{stem}.{ending}").items():
        document = {
            f"{stem}.jpg123": {
                "filename": f"{stem}.jpg",
                "size": 123,
                "regions": [
                    {
                        "shape_attributes": {
                            "name": "rect",
                            "x": x1,
                            "y": y1,
                            "width": x2 - x1,
                            "height": y2 - y1,
                        },
                        "region_attributes": {"class": name},
                    }
                    for name, (x1, y1, x2, y2) in marks
                ],
                "file_attributes": {},
            }
            for stem, marks in entries
        }
        text(root / split / "via_region_data.json", json.dumps(document))


def create_ml(root: Path) -> None:
    for split, entries in _by_split(root, "{split}/{stem}.{ending}").items():
        document = [
            {
                "image": f"{stem}.jpg",
                "annotations": [
                    {
                        "label": name,
                        "coordinates": {
                            "x": (x1 + x2) / 2,
                            "y": (y1 + y2) / 2,
                            "width": x2 - x1,
                            "height": y2 - y1,
                        },
                    }
                    for name, (x1, y1, x2, y2) in marks
                ],
            }
            for stem, marks in entries
        ]
        text(root / split / "_annotations.createml.json", json.dumps(document))


def supervisely(root: Path) -> None:
    for split, stem, marks in _pictures(root, "{split}/img/{stem}.{ending}"):
        objects = [
            {
                "id": 497521358 + number,
                "classId": 1661574,
                "description": "",
                "geometryType": "rectangle",
                "labelerLogin": "alex",
                "createdAt": "2026-08-07T11:09:51.054Z",
                "updatedAt": "2026-08-07T11:09:51.054Z",
                "tags": [],
                "classTitle": name,
                "points": {"exterior": [[x1, y1], [x2, y2]], "interior": []},
            }
            for number, (name, (x1, y1, x2, y2)) in enumerate(marks)
        ]
        document = {"description": "", "tags": [], "size": {"height": 80, "width": 100}, "objects": objects}
        text(root / split / "ann" / f"{stem}.jpg.json", json.dumps(document))
    classes = [
        {"title": name, "shape": "rectangle", "color": "#0F8A8A", "geometry_config": {}, "id": number}
        for number, name in enumerate(CLASSES, 1661574)
    ]
    text(root / "meta.json", json.dumps({"classes": classes, "tags": [], "projectType": "images"}))


def datumaro(root: Path) -> None:
    for split, entries in _by_split(root, "images/{split}/{stem}.{ending}").items():
        items = [
            {
                "id": stem,
                "annotations": [
                    {
                        "id": number,
                        "type": "bbox",
                        "attributes": {"occluded": False},
                        "group": 0,
                        "label_id": CLASSES.index(name),
                        "z_order": 0,
                        "bbox": [float(x1), float(y1), float(x2 - x1), float(y2 - y1)],
                    }
                    for number, (name, (x1, y1, x2, y2)) in enumerate(marks)
                ],
                "image": {"path": f"{stem}.jpg", "size": [SIZE[1], SIZE[0]]},
            }
            for stem, marks in entries
        ]
        labels = [{"name": name, "parent": "", "attributes": []} for name in CLASSES]
        document = {
            "dm_format_version": "1.0",
            "media_type": 2,
            "infos": {},
            "categories": {"label": {"labels": labels, "label_groups": [], "attributes": ["occluded"]}},
            "items": items,
        }
        text(root / "annotations" / f"{split}.json", json.dumps(document))


def bdd100k(root: Path) -> None:
    for split, entries in _by_split(root, "images/100k/{split}/{stem}.{ending}").items():
        frames = [
            {
                "name": f"{stem}.jpg",
                "attributes": {"weather": "clear", "timeofday": "daytime", "scene": "city street"},
                "timestamp": 10000,
                "labels": [
                    {
                        "id": str(number),
                        "attributes": {"occluded": False, "truncated": False, "trafficLightColor": "none"},
                        "category": name,
                        "box2d": dict(zip(("x1", "y1", "x2", "y2"), corners, strict=True)),
                    }
                    for number, (name, corners) in enumerate(marks)
                ],
            }
            for stem, marks in entries
        ]
        text(root / "labels" / "det_20" / f"det_{split}.json", json.dumps(frames))


def dota(root: Path) -> None:
    for split, stem, marks in _pictures(root, "{split}/images/{stem}.{ending}", "png"):
        lines = "".join(
            f"{x1}.0 {y1}.0 {x2}.0 {y1}.0 {x2}.0 {y2}.0 {x1}.0 {y2}.0 {name} 0\n"
            for name, (x1, y1, x2, y2) in marks
        )
        text(root / split / "labelTxt" / f"{stem}.txt", f"imagesource:GoogleEarth\ngsd:0.146\n{lines}")


def wider(root: Path) -> None:
    for split, entries in _by_split(root, "WIDER_{split}/images/0--Parade/{stem}.{ending}").items():
        said = ""
        for stem, marks in entries:
            rows = (f"{x1} {y1} {x2 - x1} {y2 - y1} 0 0 0 0 0 0 \n" for _, (x1, y1, x2, y2) in marks)
            said += f"0--Parade/{stem}.jpg\n{len(marks)}\n{''.join(rows)}"
        text(root / "wider_face_split" / f"wider_face_{split}_bbx_gt.txt", said)


def mot(root: Path) -> None:
    for split, entries in _by_split(root, "{split}/SEQ-01/img1/{stem}000001.{ending}").items():
        folder = root / split / "SEQ-01"
        rows = ""
        for frame, (stem, marks) in enumerate(entries, 1):
            (folder / "img1" / f"{stem}000001.jpg").rename(folder / "img1" / f"{stem}{frame:06d}.jpg")
            rows += "".join(
                f"{frame},{number},{x1},{y1},{x2 - x1},{y2 - y1},1,{CLASSES.index(name) + 1},1.0\n"
                for number, (name, (x1, y1, x2, y2)) in enumerate(marks, 1)
            )
        text(folder / "gt" / "gt.txt", rows)
        text(folder / "gt" / "labels.txt", "".join(f"{name}\n" for name in CLASSES))


def label_studio(root: Path) -> None:
    for split, entries in _by_split(root, "{split}/images/{stem}.{ending}").items():
        tasks = [
            {
                "id": number,
                "data": {"image": f"/data/upload/1/{stem}.jpg"},
                "annotations": [
                    {
                        "id": number,
                        "result": [
                            {
                                "original_width": SIZE[0],
                                "original_height": SIZE[1],
                                "image_rotation": 0,
                                "value": {
                                    "x": x1,
                                    "y": y1 / 0.8,
                                    "width": x2 - x1,
                                    "height": (y2 - y1) / 0.8,
                                    "rotation": 0,
                                    "rectanglelabels": [name],
                                },
                                "id": f"r{i}",
                                "from_name": "label",
                                "to_name": "image",
                                "type": "rectanglelabels",
                            }
                            for i, (name, (x1, y1, x2, y2)) in enumerate(marks)
                        ],
                    }
                ],
                "predictions": [],
            }
            for number, (stem, marks) in enumerate(entries)
        ]
        text(root / split / "project-1-at-2026-11-02.json", json.dumps(tasks))


def kitti(root: Path) -> None:
    for split, stem, marks in _pictures(root, "{split}/image_2/{stem}.{ending}", "png"):
        lines = (
            f"{name} 0.00 0 -1.58 {x1:.2f} {y1:.2f} {x2:.2f} {y2:.2f} 1.65 1.67 3.64 -0.65 1.71 46.70 -1.59\n"
            for name, (x1, y1, x2, y2) in marks
        )
        text(root / split / "label_2" / f"{stem}.txt", "".join(lines))


def service_json(root: Path) -> None:
    """Vertex AI's lines; the dialects of the others are tried in test_records."""
    lines = ""
    for split, stem, marks in _pictures(root, "images/{stem}.{ending}"):
        said = [
            {"displayName": name, "xMin": x1 / 100, "yMin": y1 / 80, "xMax": x2 / 100, "yMax": y2 / 80}
            for name, (x1, y1, x2, y2) in marks
        ]
        use = {"aiplatform.googleapis.com/ml_use": {"train": "training", "val": "validation"}[split]}
        entry = {"imageGcsUri": f"gs://bucket/{stem}.jpg", "boundingBoxAnnotations": said}
        lines += json.dumps({**entry, "dataItemResourceLabels": use}) + "\n"
    text(root / "import.jsonl", lines)


def oidv4(root: Path) -> None:
    called = {"train": "train", "val": "validation"}
    for split, stem, marks in _pictures(root, "Dataset/{split}/Pets/{stem}.{ending}"):
        lines = (f"{name} {x1}.0 {y1}.0 {x2}.0 {y2}.0\n" for name, (x1, y1, x2, y2) in marks)
        text(root / "Dataset" / split / "Pets" / "Label" / f"{stem}.txt", "".join(lines))
    (root / "Dataset" / "val").rename(root / "Dataset" / called["val"])


def visdrone(root: Path) -> None:
    for split, stem, marks in _pictures(root, "VisDrone2019-DET-{split}/images/{stem}.{ending}"):
        lines = "".join(
            f"{x1},{y1},{x2 - x1},{y2 - y1},1,{CLASSES.index(name) + 1},0,0\n"
            for name, (x1, y1, x2, y2) in marks
        )
        text(root / f"VisDrone2019-DET-{split}" / "annotations" / f"{stem}.txt", lines)


def keras_yolo(root: Path) -> None:
    for split, entries in _by_split(root, "{split}/{stem}.{ending}").items():
        lines = ""
        for stem, marks in entries:
            said = (f"{','.join(map(str, corners))},{CLASSES.index(name)}" for name, corners in marks)
            lines += f"{stem}.jpg {' '.join(said)}\n"
        text(root / split / "_annotations.txt", lines)
        text(root / split / "_classes.txt", "\n".join(CLASSES))


def open_images(root: Path) -> None:
    called = {"train": "train", "val": "validation"}
    header = (
        "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,"
        "IsInside\n"
    )
    tables = dict.fromkeys(called.values(), header)
    for split, stem, marks in _pictures(root, "{split}/{stem}.{ending}"):
        for name, (x1, y1, x2, y2) in marks:
            corners = f"{x1 / 100},{x2 / 100},{y1 / 80},{y2 / 80}"
            tables[called[split]] += f"{stem},xclick,/m/0{name},1,{corners},0,0,0,0,0\n"
    (root / "val").rename(root / "validation")
    for name, table in tables.items():
        text(root / f"{name}-annotations-bbox.csv", table)
    text(root / "class-descriptions-boxable.csv", "".join(f"/m/0{name},{name}\n" for name in CLASSES))


def hugging_face(root: Path) -> None:
    for split, entries in _by_split(root, "{split}/{stem}.{ending}").items():
        lines = [
            {
                "file_name": f"{stem}.jpg",
                "objects": {
                    "bbox": [[x1, y1, x2 - x1, y2 - y1] for _, (x1, y1, x2, y2) in marks],
                    "categories": [name for name, _ in marks],
                },
            }
            for stem, marks in entries
        ]
        text(root / split / "metadata.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))
    (root / "val").rename(root / "validation")


def csv(root: Path) -> None:
    tables: dict[str, str] = {}
    for split, stem, marks in _pictures(root, "images/{stem}.{ending}"):
        table = tables.setdefault(split, "filename,width,height,class,xmin,ymin,xmax,ymax\n")
        rows = (f"{stem}.jpg,100,80,{name},{','.join(map(str, corners))}\n" for name, corners in marks)
        tables[split] = table + "".join(rows)
    for split, table in tables.items():
        text(root / f"{split}_labels.csv", table)


def pictures(root: Path) -> None:
    for _ in _pictures(root, "{stem}.{ending}"):
        pass


CLASSES_OF = {"wider": ("face",), "visdrone": ("pedestrian", "people")}
"""Where a format cannot hold the classes of all samples."""
SAMPLES: dict[str, Callable[[Path], None]] = {
    made.__name__: made
    for made in (
        odvg,
        coco,
        dota,
        wider,
        mot,
        yolo,
        voc,
        cvat,
        labelme,
        label_studio,
        via,
        create_ml,
        supervisely,
        datumaro,
        bdd100k,
        service_json,
        kitti,
        oidv4,
        visdrone,
        keras_yolo,
        open_images,
        hugging_face,
        csv,
        pictures,
    )
}
"""By the name of the format in the registry."""

"""The same data set recognised, read, checked and converted, by skillbank, globox and datumaro.

python -m benchmarks.data [--pictures 20000] [--rounds 3] [--datumaro PYTHON]

Pictures of noise with 0 to 14 boxes each, nine in ten for training, as COCO in the layout of COCO and as YOLO
in that of ultralytics, are turned into the other format; only annotations are written. Each tool is a command
of its own, start of Python included, and they take turns. globox and datumaro check nothing, so skillbank is
measured without its check as well, with it, and with every picture decoded. datumaro is measured where a
Python is named that has it. What they wrote is compared box by box.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

CLASSES = [f"class {number}" for number in range(80)]
SIZE = (640, 480)
Boxes = dict[str, list[tuple[str, float, float, float, float]]]

SKILLBANK = """
import sys
from pathlib import Path
from skillbank.datasets.formats import WRITERS
from skillbank.datasets.formats.base import Part
from skillbank.datasets.opening import open_place
source, to, out, check = sys.argv[1:]
opened = open_place(Path(source))
if check != "no":
    from skillbank.datasets.checking import check_data
    report = check_data(opened, decode=check == "decode")
    assert not report.tally.has_errors, report.document()
writer = next(each for each in WRITERS if each.name == to)
parts = [Part(split.name, split.pictures()) for split in opened.data.splits]
writer.write(parts, opened.data.classes, Path(out))
"""
GLOBOX = """
import sys
from pathlib import Path
from globox import AnnotationSet
source, to, out, classes = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4].split(",")
numbers = {name: number for number, name in enumerate(classes)}
out.mkdir()
for split in ("train", "val"):
    if to == "yolo":
        read = AnnotationSet.from_coco(source / f"annotations/instances_{split}2017.json")
        read.save_yolo_v5(out / split, label_to_id=numbers)
    else:
        read = AnnotationSet.from_yolo_v5(source / "labels" / split, image_folder=source / "images" / split)
        read.map_labels({str(number): name for name, number in numbers.items()})
        read.save_coco(out / f"{split}.json", label_to_id=numbers, auto_ids=True)
"""
DATUMARO = """
import sys
from datumaro.components.dataset import Dataset
source, to, out = sys.argv[1:4]
Dataset.import_from(source).export(out, to, save_media=False)
"""

MEMORY = """
import re
from pathlib import Path
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""
"""Prints the most memory so far in KiB; what `wait4` says of it counts the process that started this one."""


@dataclass(frozen=True)
class Tool:
    """A program that converts: arguments are the source, the format, the folder and one of its own."""

    name: str
    python: str
    program: str
    more: str = ""


@dataclass(frozen=True)
class Cost:
    """Seconds of the clock and of the processor, and the most memory in MiB."""

    wall: float
    processor: float
    memory: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--datumaro", default="", metavar="PYTHON")
    options = parser.parse_args()
    tools = [
        Tool("skillbank, read and written", sys.executable, SKILLBANK, "no"),
        Tool("skillbank, checked as well", sys.executable, SKILLBANK, "heads"),
        Tool("skillbank, every picture decoded", sys.executable, SKILLBANK, "decode"),
        Tool("globox, unchecked", sys.executable, GLOBOX, ",".join(CLASSES)),
    ]
    if options.datumaro:
        tools.append(Tool("datumaro, unchecked", options.datumaro, DATUMARO))
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        made = generate(root, options.pictures)
        print(
            f"{options.pictures:,} pictures, {sum(map(len, made.values())):,} boxes, {options.rounds} rounds"
        )
        for source, to in (("coco", "yolo"), ("yolo", "coco")):
            print(f"\n{source} to {to}: seconds, of the processor, MiB (medians)")
            compare(root, source, to, tools, options.rounds, made)


def compare(root: Path, source: str, to: str, tools: list[Tool], rounds: int, made: Boxes) -> None:
    """Print what each tool costs and how far its boxes are from those that were made."""
    costs: dict[str, list[Cost]] = {tool.name: [] for tool in tools}
    apart: dict[str, str] = {}
    for turn in range(rounds):
        for tool in tools:
            out = root / f"{to}-{turn}-{tool.name.replace(' ', '-')}"
            costs[tool.name].append(run(tool, root / source, to, out))
            if turn == 0:
                apart[tool.name] = difference(made, read_yolo(out) if to == "yolo" else read_coco(out))
    for name, found in costs.items():
        wall, processor, memory = (
            statistics.median(values)
            for values in zip(*((cost.wall, cost.processor, cost.memory) for cost in found), strict=True)
        )
        print(f"  {name:34} {wall:6.1f} {processor:6.1f} {memory:7.0f}   {apart[name]}", flush=True)


def run(tool: Tool, source: Path, to: str, out: Path) -> Cost:
    """Run a tool to its end."""
    command = [tool.python, "-c", tool.program + MEMORY, str(source), to, str(out), tool.more]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{tool.name} failed")
    wall = time.perf_counter() - started
    return Cost(wall, usage.ru_utime + usage.ru_stime, int(said.split()[-1]) / 1024)


def generate(root: Path, count: int) -> Boxes:
    """Write the pictures once and the annotations twice; return the boxes by the stem of their picture."""
    numbers, noise = random.Random(0), np.random.default_rng(0)
    scenes = [scene(noise) for _ in range(200)]
    made: dict[str, Boxes] = {"train": {}, "val": {}}
    for split in made:
        for home in ("coco/annotations", f"coco/{split}2017", f"yolo/images/{split}", f"yolo/labels/{split}"):
            (root / home).mkdir(parents=True, exist_ok=True)
    for at in range(count):
        stem, split = f"{at + 1:012d}", "val" if at % 10 == 9 else "train"
        picture = root / "coco" / f"{split}2017" / f"{stem}.jpg"
        picture.write_bytes(scenes[at % len(scenes)])
        os.link(picture, root / "yolo" / "images" / split / picture.name)
        made[split][stem] = [box(numbers) for _ in range(numbers.randrange(15))]
        lines = "".join(shares(each) for each in made[split][stem])
        (root / "yolo" / "labels" / split / f"{stem}.txt").write_text(lines)
    description = {"train": "images/train", "val": "images/val", "names": dict(enumerate(CLASSES))}
    (root / "yolo" / "data.yaml").write_text(yaml.safe_dump(description))
    for split, boxes in made.items():
        write_coco(root / "coco" / "annotations" / f"instances_{split}2017.json", boxes)
    return made["train"] | made["val"]


def scene(noise: np.random.Generator) -> bytes:
    """Return a JPEG picture of coarse noise."""
    coarse = Image.fromarray(noise.integers(0, 255, (12, 16, 3), dtype=np.uint8))
    file = io.BytesIO()
    coarse.resize(SIZE, Image.Resampling.BICUBIC).save(file, "JPEG", quality=80)
    return file.getvalue()


def box(numbers: random.Random) -> tuple[str, float, float, float, float]:
    x, y = numbers.randrange(SIZE[0] - 60), numbers.randrange(SIZE[1] - 60)
    return numbers.choice(CLASSES), x, y, x + numbers.randrange(4, 60), y + numbers.randrange(4, 60)


def shares(made: tuple[str, float, float, float, float]) -> str:
    name, x1, y1, x2, y2 = made
    width, height = SIZE
    values = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height
    return f"{CLASSES.index(name)} {' '.join(f'{value:.6f}' for value in values)}\n"


def write_coco(file: Path, made: Boxes) -> None:
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for number, (stem, boxes) in enumerate(made.items(), 1):
        images.append({"id": number, "file_name": f"{stem}.jpg", "width": SIZE[0], "height": SIZE[1]})
        for name, x1, y1, x2, y2 in boxes:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": CLASSES.index(name) + 1,
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": (x2 - x1) * (y2 - y1),
                    "iscrowd": 0,
                    "segmentation": [],
                }
            )
    categories = [{"id": at, "name": name, "supercategory": ""} for at, name in enumerate(CLASSES, 1)]
    file.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))


def read_yolo(out: Path) -> Boxes:
    """Read the label files that a tool wrote, wherever it put them."""
    found: Boxes = {}
    for file in out.rglob("0*.txt"):
        lines = (line.split() for line in file.read_text().splitlines())
        found[file.stem] = [
            yolo_box(int(float(line[0])), [float(part) for part in line[1:5]]) for line in lines
        ]
    return found


def yolo_box(number: int, values: list[float]) -> tuple[str, float, float, float, float]:
    x, y, width, height = values
    left, top = (x - width / 2) * SIZE[0], (y - height / 2) * SIZE[1]
    return CLASSES[number], left, top, left + width * SIZE[0], top + height * SIZE[1]


def read_coco(out: Path) -> Boxes:
    """Read the documents that a tool wrote, without those that hold no annotations."""
    found: Boxes = {}
    for file in out.rglob("*.json"):
        document = json.loads(file.read_text())
        names = {each["id"]: each["name"] for each in document["categories"]}
        stems = {each["id"]: Path(each["file_name"]).stem for each in document["images"]}
        for stem in stems.values():
            found[stem] = []
        for each in document["annotations"]:
            x, y, width, height = each["bbox"]
            found[stems[each["image_id"]]].append((names[each["category_id"]], x, y, x + width, y + height))
    return found


def difference(made: Boxes, found: Boxes) -> str:
    """Say how far the boxes of a tool are from those that were made, or what is wrong with them."""
    missing = sum(stem not in found for stem, boxes in made.items() if boxes)
    if missing:
        return f"{missing:,} pictures with boxes are missing"
    furthest = max(distances(made, found), default=0.0)
    return "boxes differ" if furthest > 1 else f"boxes agree within {furthest:.3f} pixels"


def distances(made: Boxes, found: Boxes) -> Iterator[float]:
    for stem, boxes in made.items():
        mine, other = (
            sorted(boxes),
            sorted(found.get(stem, []), key=lambda each: (each[0], *map(round, each[1:]))),
        )
        if [each[0] for each in mine] != [each[0] for each in other]:
            yield float("inf")
            continue
        for one, two in zip(mine, other, strict=True):
            yield max(abs(a - b) for a, b in zip(one[1:], two[1:], strict=True))


if __name__ == "__main__":
    main()

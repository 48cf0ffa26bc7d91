"""What tiles find that the whole picture does not show: large pictures of small objects, made of the demo's.

``python -m benchmarks.tiles MODEL [PICTURES]``: each large picture is 8 by 8 pictures of the demo, so
that its objects are an eighth as wide as the model is used to, once the whole is as small as it sees it.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from skillbank.labelling.engine import Engine
from skillbank.labelling.engine_documents import Detection

SIDE, CELL, OVERLAP = 8, 128, 0.5
Box = Sequence[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("pictures", nargs="?", type=int, default=6)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Engine(str(Path(given.model).absolute())) as engine:
        engine.ready()
        large, truth, names = _pictures(Path(folder), given.pictures)
        print(f"{len(large)} pictures of {SIDE * CELL} x {SIDE * CELL}, {sum(map(len, truth))} objects")
        for tiles in ("off", "auto", "256x256"):
            start = time.perf_counter()
            asked = [engine.ask(data, names, tiles=tiles) for data in large]
            found = [future.result().document["detections"] for future in asked]
            spent = (time.perf_counter() - start) / len(large)
            hits = sum(_hits(marks, items) for marks, items in zip(truth, found, strict=True))
            recall, count = hits / sum(map(len, truth)), sum(map(len, found))
            print(f"{tiles:8} recall {recall:.2f}, precision {hits / max(1, count):.2f}, {spent:.2f} s each")


def _pictures(folder: Path, count: int) -> tuple[list[bytes], list[list[tuple[str, Box]]], list[str]]:
    import subprocess
    import sys

    size = count * SIDE * SIDE
    command = [sys.executable, "-m", "skillbank_engine", "grounding_dino", "shapes", str(folder)]
    subprocess.run([*command, "--train", "1", "--val", str(size), "--seed", "5"], check=True, stdout=-3)
    document: dict[str, Any] = json.loads((folder / "val" / "annotations.json").read_text())
    with tarfile.open(folder / "val" / "images.tar.gz") as archive:
        archive.extractall(folder / "val", filter="data")
    places = {path.name: path for path in (folder / "val").rglob("*.png")}
    names = {each["id"]: each["name"] for each in document["categories"]}
    large, truth = [], []
    for number in range(count):
        sheet, marks = Image.new("RGB", (SIDE * CELL, SIDE * CELL)), list[tuple[str, Box]]()
        chosen = document["images"][number * SIDE * SIDE : (number + 1) * SIDE * SIDE]
        for at, entry in enumerate(chosen):
            x, y = CELL * (at % SIDE), CELL * (at // SIDE)
            with Image.open(places[Path(entry["file_name"]).name]) as picture:
                sheet.paste(picture.resize((CELL, CELL)), (x, y))
            for mark in document["annotations"]:
                if mark["image_id"] == entry["id"]:
                    left, top, wide, high = mark["bbox"]
                    box = (x + left, y + top, x + left + wide, y + top + high)
                    marks.append((names[mark["category_id"]], box))
        file = io.BytesIO()
        sheet.save(file, "PNG")
        large.append(file.getvalue())
        truth.append(marks)
    return large, truth, sorted(names.values())


def _hits(marks: list[tuple[str, Box]], found: list[Detection]) -> int:
    left, hits = list(found), 0
    for name, box in marks:
        match = next((f for f in left if f["phrase"] == name and _overlap(f["box"], box) >= OVERLAP), None)
        if match is not None:
            left.remove(match)
            hits += 1
    return hits


def _overlap(first: Box, second: Box) -> float:
    wide = min(first[2], second[2]) - max(first[0], second[0])
    high = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(wide, 0.0) * max(high, 0.0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return shared / (areas - shared)


if __name__ == "__main__":
    main()

"""Make ``docs/labelled.png``: what the model of ``make demo`` finds in pictures it has not seen.

``python docs/labelled.py MODEL`` takes its file or job; look at the picture before it is committed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from PIL import Image

TARGET = Path(__file__).with_name("labelled.png")
FIND = ("red circle", "blue square", "yellow star", "green triangle", "purple star", "orange triangle")
SHOWN = 4
SIDE, GAP = 320, 8


def main() -> None:
    """Draw pictures, label them, put some side by side."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        draw = [
            "-m",
            "grounding_dino",
            "shapes",
            f"{folder}/shapes",
            "--train",
            "8",
            "--val",
            "20",
            "--seed",
            "8",
        ]
        subprocess.run([sys.executable, *draw], check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(folder, "shapes", "val").glob("*.tar.gz"))) as archive:
            archive.extractall(f"{folder}/photos", filter="data")
        words = ["label", f"{folder}/photos", *FIND, "--checkpoint", sys.argv[1], "--threshold", "0.4"]
        command = [
            sys.executable,
            "-m",
            "skillbank",
            *words,
            "-f",
            "json",
            "-f",
            "pictures",
            "-o",
            f"{folder}/labels",
        ]
        subprocess.run(command, check=True)
        told = json.loads(Path(folder, "labels", "labels.json").read_text(encoding="utf-8"))
        most = sorted(told["images"], key=lambda each: -len(each["detections"]))[:SHOWN]
        found = [next(Path(folder, "labels", "annotated").rglob(Path(each["image"]).name)) for each in most]
        sheet = Image.new("RGB", (SHOWN * (SIDE + GAP) - GAP, SIDE), "white")
        for column, path in enumerate(found):
            with Image.open(path) as picture:
                small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
            sheet.paste(small, (column * (SIDE + GAP), 0))
    sheet.quantize(128, dither=Image.Dither.NONE).save(TARGET, optimize=True)


if __name__ == "__main__":
    main()

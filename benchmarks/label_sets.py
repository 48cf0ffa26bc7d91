"""How long ``skillbank label`` takes over many pictures: into a folder, into a label set, and again.

Each is a command as a person types it, with the start of Python and of the model, on drawn pictures and a
small model of random weights (``--checkpoint`` for another). Memory is the most that one process had.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from benchmarks.detect import machine, random_model

CAPTIONS = ["red circle", "blue circle", "green circle", "red square", "green square", "red star"]
CLASSES = [
    "circle = red circle | blue circle | green circle",
    "square = red square | not green square",
    "red star",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", help="the model")
    parser.add_argument("--pictures", type=int, default=1600)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = given.checkpoint or str(random_model(folder / "random.pth"))
        pictures = str(draw(folder, given.pictures))
        environment = {**os.environ, "SKILLBANK_HOME": str(folder / "home")}
        words = [pictures, "--checkpoint", model, "--threshold", "0.3", "--json"]
        into = [*words, *CLASSES, "--into", "shapes"]
        print(f"{machine()}; {given.pictures} pictures of 128 x 128, as commands")
        print("| into | s | pictures/s | MB at most |\n|---|---|---|---|")
        for title, command in (
            ("a folder of labels (JSON)", [*words, *CAPTIONS, "-f", "json", "-o", str(folder / "labels")]),
            ("a label set", into),
            ("the same set again", into),
        ):
            spent = timed(command, environment)
            most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            print(f"| {title} | {spent:.1f} | {given.pictures / spent:.0f} | {most:.0f} |", flush=True)


def draw(folder: Path, count: int) -> Path:
    """Draw pictures of the demo's kind."""
    command = [
        sys.executable,
        "-m",
        "skillbank_engine.families.grounding_dino",
        "shapes",
        "--train",
        "1",
        "--val",
        str(count),
    ]
    subprocess.run([*command, str(folder / "shapes")], check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(folder / "shapes" / "val" / "images.tar.gz") as packed:
        packed.extractall(folder / "pictures", filter="data")
    return folder / "pictures"


def timed(words: list[str], environment: dict[str, str]) -> float:
    """Return the seconds of one command."""
    start = time.monotonic()
    command = [sys.executable, "-m", "skillbank", "label", *words]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


if __name__ == "__main__":
    main()

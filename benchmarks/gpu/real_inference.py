"""``inference`` and ``label`` over a folder as people run them: pictures a second, everything at its default.

python -m benchmarks.gpu.real_inference [--pictures 480] [--few 48] [--no-plain] [--set KEY=VALUE ...]

JPEGs of 1280 x 960, a full-size model of random weights in a folder as transformers saves it, a dozen boxes
a picture; opening pictures, drawing boxes and writing labels are part of what is timed. Every command runs on
few pictures and on all: the difference gives the rate, and what the start takes. Beside them transformers
does the same on the same pictures (`plain_inference`), which draws and writes nothing. The programs
``grounding_dino`` and ``skillbank`` are those of the path. Exit status 1 where a command fails, a score is
not finite, or boxes are not those that transformers' model proposes when it computes in full: no farther from
them than its own are that it proposes in bf16.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from benchmarks.full_size import CLS, DOT, QUESTION, SEP, random_network
from benchmarks.gpu.from_scratch import NAMES, device_name
from benchmarks.gpu.real_command import SIZE, draw
from transformers import BertTokenizer, GroundingDinoImageProcessor, GroundingDinoProcessor

BATCH, PER_PICTURE, OF_PIPELINE = 8, 12, 24
APART, APART_IN_FULL = 1.25, 0.01
"""Most mean distance from our boxes to the nearest that transformers proposes in full (sides in shares of the
picture's, and the score, added up): times that of its own boxes in bf16, and where nothing is in bf16."""
SOFTER = 0.1
"""What scores of random weights are multiplied with ahead of the sigmoid, of which most would be 1."""
Found = dict[str, list[dict[str, Any]]]
"""Boxes (``xyxy`` in pixels) with phrases and scores, by the picture's name."""
Proposals = dict[str, list[list[float]]]
"""Boxes (``xyxy`` in pixels), the score of the best token and of each name, by the picture's name."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=480)
    parser.add_argument("--few", type=int, default=48)
    parser.add_argument("--no-plain", action="store_true", help="leave transformers' speed out")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="more of inference's spec")
    options = parser.parse_args()
    print(f"{device_name()}, torch {torch.__version__}, {os.cpu_count()} processors", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw(folder, options.pictures)
        (folder / "images").rename(folder / "pictures")
        save_model(folder / "model")
        sizes = (options.few, options.pictures)
        base = math.nan
        _, document = plain(folder, "proposals", (BATCH,), 1.0)
        names = sorted(path.name for path in (folder / "pictures").iterdir())[:BATCH]
        proposed, in_bf16 = (dict(zip(names, document[key], strict=True)) for key in ("proposed", "in_bf16"))
        by_token = usual_score([row[4] for row in rows] for rows in proposed.values())
        threshold = usual_score([score for row in rows for score in row[5:]] for rows in proposed.values())
        bound = bound_by(in_bf16, proposed, threshold)
        if not options.no_plain:
            base, _ = plain(folder, "recipe", sizes, by_token)
            plain(folder, "pipeline", (BATCH, OF_PIPELINE), by_token)
        ways: dict[str, Callable[[Path, Path], Found]] = {
            "inference": lambda pictures, out: infer(folder, pictures, out, threshold, options.set),
            "label": lambda pictures, out: label(folder, pictures, out, threshold),
        }
        good = True
        for way, run in ways.items():
            rate, found = timed(way, run, folder, sizes, base)
            good = is_right(found, proposed, bound) and math.isfinite(rate) and good
    return 0 if good else 1


def save_model(folder: Path) -> None:
    """Save a network, and a vocabulary in which dots and ends have the numbers that transformers wants."""
    torch.manual_seed(0)
    network = random_network()
    with torch.no_grad():
        network.model.decoder.layer_norm.weight.mul_(SOFTER)
    network.save_pretrained(folder)
    words = [f"[unused{number}]" for number in range(30522)]
    special = {0: "[PAD]", 100: "[UNK]", CLS: "[CLS]", SEP: "[SEP]", 103: "[MASK]", DOT: ".", QUESTION: "?"}
    parts = sorted({part for name in NAMES for part in name.split()})
    for number, word in {**special, **dict(enumerate(parts, 2000))}.items():
        words[number] = word
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(words) + "\n", encoding="utf-8")
    tokenizer = BertTokenizer(str(vocabulary))
    GroundingDinoProcessor(GroundingDinoImageProcessor(), tokenizer).save_pretrained(folder)


def plain(folder: Path, way: str, sizes: tuple[int, ...], threshold: float) -> tuple[float, dict[str, Any]]:
    """Run transformers and print how it went; give pictures a second, and what it says of the last run.

    Raises
    ------
    CalledProcessError
        When it fails; why stands on stderr.
    """
    spans, document = [], dict[str, Any]()
    for count in sizes:
        words = [str(folder), way, str(count), str(BATCH), str(threshold)]
        command = [sys.executable, "-m", "benchmarks.gpu.plain_inference", *words]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        document = json.loads(done.stdout.splitlines()[-1])
        spans.append(document["seconds"])
    rate = math.nan
    if len(sizes) > 1:
        rate = (sizes[-1] - sizes[0]) / (spans[-1] - spans[0])
        boxes = document["count"] / sizes[-1]
        said = f"transformers, {way}, bf16, batches of {BATCH}: {rate:.1f} pictures/s"
        print(f"{said}, {boxes:.1f} boxes a picture", flush=True)
    return rate, document


def usual_score(scores: Iterable[list[float]]) -> float:
    """Give the score that a dozen of those of a picture reach."""
    ranked = [sorted(each, reverse=True)[PER_PICTURE] for each in scores]
    return round(sum(ranked) / len(ranked), 4)


def timed(
    way: str,
    run: Callable[[Path, Path], Found],
    folder: Path,
    sizes: tuple[int, int],
    base: float,
) -> tuple[float, Found]:
    """Run a command on few pictures and on all, and print how it went."""
    spans, found = [], dict[str, Any]()
    for count in sizes:
        pictures = folder / f"{count}"
        if not pictures.exists():
            pictures.mkdir()
            for path in sorted((folder / "pictures").iterdir())[:count]:
                (pictures / path.name).symlink_to(path)
        started = time.monotonic()
        try:
            found = run(pictures, folder / f"{way}-{count}")
        except subprocess.CalledProcessError as error:
            print(f"{way} failed: {str(error.stderr)[-2000:]}", flush=True)
            return math.nan, {}
        spans.append(time.monotonic() - started)
    rate = (sizes[1] - sizes[0]) / (spans[1] - spans[0])
    boxes = sum(len(rows) for rows in found.values()) / max(len(found), 1)
    start = spans[0] - sizes[0] / rate
    print(
        f"{way}: {rate:.1f} pictures/s, {rate / base:.2f} times transformers' recipe; {spans[1]:.1f} s for "
        f"{sizes[1]} pictures, of which {start:.1f} s are the start; {boxes:.1f} boxes a picture",
        flush=True,
    )
    return rate, found


def infer(folder: Path, pictures: Path, out: Path, threshold: float, more: Iterable[str]) -> Found:
    """Run the engine's ``inference``."""
    spec = {
        "results_dir": str(out),
        "dataset": {"infer_data_sources": {"image_dir": [str(pictures)], "captions": list(NAMES)}},
        "inference": {"checkpoint": str(folder / "model"), "conf_threshold": threshold},
    }
    (folder / "spec.yaml").write_text(json.dumps(spec), encoding="utf-8")
    _run(["grounding_dino", "inference", "-e", str(folder / "spec.yaml"), *more])
    found: Found = {path.name: [] for path in pictures.iterdir()}
    for row in json.loads((out / "inference" / "detections.json").read_text(encoding="utf-8")):
        found[row["image"]].append(row)
    return found


def label(folder: Path, pictures: Path, out: Path, threshold: float) -> Found:
    """Run ``skillbank label``."""
    words = [str(pictures), " . ".join(NAMES), "--model", str(folder / "model"), "--output", str(out)]
    _run(["skillbank", "label", *words, "--threshold", str(threshold), "--json"])
    document = json.loads((out / "labels.json").read_text(encoding="utf-8"))
    return {Path(item["image"]).name: item["detections"] for item in document["images"]}


def _run(command: list[str]) -> None:
    program = shutil.which(command[0]) or command[0]
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=True)
    for line in done.stderr.splitlines():
        if "hosen" in line or "ecorded" in line or "bf16" in line:
            print(f"    {line}", flush=True)


def bound_by(in_bf16: Proposals, proposed: Proposals, threshold: float) -> float:
    """Give how far boxes may be from what is proposed in full, by how far transformers' own in bf16 are."""
    found: Found = {
        picture: [
            {"box": row[:4], "phrase": name, "score": score}
            for row in rows
            for name, score in zip(NAMES, row[5:], strict=True)
            if score >= threshold
        ]
        for picture, rows in in_bf16.items()
    }
    mean = distance(found, proposed)
    print(f"transformers' boxes in bf16 are {mean:.4f} from what it proposes in full", flush=True)
    return max(APART_IN_FULL, APART * mean)


def is_right(found: Found, proposed: Proposals, bound: float) -> bool:
    """Whether all scores are finite, there are boxes, and they are what transformers proposes."""
    scores = [row["score"] for rows in found.values() for row in rows]
    if not scores or not all(map(math.isfinite, scores)):
        print("no box, or a score that is not finite", flush=True)
        return False
    mean = distance(found, proposed)
    print(f"    boxes are {mean:.4f} from what transformers proposes in full; {bound:.4f} may be", flush=True)
    return mean <= bound


def distance(found: Found, proposed: Proposals) -> float:
    """Give the mean distance from boxes to the nearest that is proposed; infinite without boxes."""
    distances = [
        min(_distance(row, other) for other in proposed[name])
        for name, rows in found.items()
        if name in proposed
        for row in rows
    ]
    return sum(distances) / len(distances) if distances else math.inf


def _distance(row: dict[str, Any], proposal: list[float]) -> float:
    """Add up how far a box and its score are from a proposal and its score for the same name."""
    score = proposal[5 + NAMES.index(row["phrase"])]
    apart: float = abs(row["score"] - score)
    for side, proposed, scale in zip(row["box"], proposal, (*SIZE, *SIZE), strict=False):
        apart += abs(side - proposed) / scale
    return apart


if __name__ == "__main__":
    sys.exit(main())

"""``grounding_dino train`` as people run it: seconds to the first step, then pictures a second.

python -m benchmarks.gpu.real_command [--pictures 480] [--epochs 3] [--no-plain] [--set KEY=VALUE,... ...]

JPEGs of 1280 x 960, batches of 8, bf16, a full-size model of random weights in a folder, everything else at
its default; the loader is part of what is timed, validation is not; times are of the last epoch. Each line is
the command with the words of one ``--set`` on top, and what the engine chose in it; before them a plain loop
of transformers (`plain_loop`) is timed on the same pictures. Nothing that an earlier run compiled is used, as
on a fresh machine. Exit status 1 where a loss is not finite or a command fails.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import torch
from benchmarks.gpu.from_scratch import NAMES, bert, device_name, saved
from PIL import Image, ImageDraw

SIZE = (1280, 960)
BATCH = 8
SAID = ("hosen", "padding", "memory", "kernels", "ecorded", "epoch ")
"""Words of the lines of the log that are shown."""
BEGUN = "the first step is done"
"""Words of the line of the log after the first step."""
EVERY, FIRST = "train.jsonl", "first.jsonl"
"""Annotations of all pictures, and of as many as one step takes."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=480)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument(
        "--set", nargs="+", default=[""], metavar="KEY=VALUE,KEY=VALUE", help="a run of its own each"
    )
    parser.add_argument("--no-plain", action="store_true", help="leave transformers' loop out")
    options = parser.parse_args()
    print(f"{device_name()}, torch {torch.__version__}, {os.cpu_count()} processors", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw(folder / "data", options.pictures)
        bert(folder / "bert")
        saved(folder / "saved", folder / "bert")
        base = math.nan if options.no_plain else plain(folder)
        good = options.no_plain or math.isfinite(base)
        for words in options.set:
            more = [word for word in words.split(",") if word]
            begun = train(folder, FIRST, 1, more)
            run = train(folder, EVERY, options.epochs, more)
            batch = BATCH * gpus(more)
            good = good and math.isfinite(begun.loss + run.loss)
            print(
                f"{words or 'defaults'}: first step after {run.first:.1f} s ({begun.first:.1f} s where it is "
                f"the only one), then {run.step * 1000:.0f} ms a step, {batch / run.step:.1f} pictures/s, "
                f"{base / run.step * batch / BATCH:.2f} times the plain loop, loss {run.loss:.1f}, "
                f"{run.waited * 1000:.0f} ms of a step waiting for pictures",
                *run.said,
                sep="\n    ",
                flush=True,
            )
    return 0 if good else 1


def gpus(words: list[str]) -> int:
    """How many GPUs a run is told to take."""
    return next((int(word.partition("=")[2]) for word in words if word.startswith("train.num_gpus=")), 1)


def draw(folder: Path, pictures: int) -> None:
    """Write pictures of coloured things with noise, as JPEGs, and their annotations."""
    (folder / "images").mkdir(parents=True)
    with ProcessPoolExecutor() as pool:
        lines = list(pool.map(partial(drawn, folder / "images"), range(pictures), chunksize=8))
    (folder / EVERY).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / FIRST).write_text("\n".join(lines[:BATCH]) + "\n", encoding="utf-8")
    names = {str(number): name for number, name in enumerate(NAMES)}
    (folder / "labels.json").write_text(json.dumps(names), encoding="utf-8")


def drawn(folder: Path, index: int) -> str:
    """Write one picture, and give the line of its annotations."""
    numbers = Random(index)
    noise = Image.frombytes("RGB", (160, 120), numbers.randbytes(160 * 120 * 3))
    picture = noise.resize(SIZE, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    instances = []
    for _ in range(12):
        label, side = numbers.randrange(len(NAMES)), numbers.randrange(60, 240)
        x, y = numbers.randrange(SIZE[0] - side), numbers.randrange(SIZE[1] - side)
        colour, shape = NAMES[label].split()
        outline = (x, y, x + side, y + side)
        (pen.rectangle if shape == "square" else pen.ellipse)(outline, fill=colour)
        instances.append({"bbox": list(outline), "label": label})
    picture.save(folder / f"{index}.jpg", quality=90)
    document = {"file_name": f"{index}.jpg", "width": SIZE[0], "height": SIZE[1]}
    return json.dumps({**document, "detection": {"instances": instances}})


@dataclass(frozen=True)
class Run:
    """Seconds to the first step's end; of the last epoch seconds a step, waiting, and loss; what was said."""

    first: float
    step: float = math.nan
    waited: float = math.nan
    loss: float = math.nan
    said: tuple[str, ...] = ()


def plain(folder: Path) -> float:
    """Run transformers' loop and print how it went; give seconds a step."""
    command = [sys.executable, "-m", "benchmarks.gpu.plain_loop", str(folder), "2", str(BATCH)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print("transformers' plain loop failed, see above", flush=True)
        return math.nan
    found = json.loads(done.stdout.splitlines()[-1])
    step = float(found["step"])
    print(
        f"transformers, plain loop: first step after {found['first']:.1f} s, then {step * 1000:.0f} ms a "
        f"step, {BATCH / step:.1f} pictures/s, loss {found['loss']:.1f}, peak {found['peak']:.1f} GiB",
        flush=True,
    )
    return step if math.isfinite(found["loss"]) else math.nan


def train(folder: Path, annotations: str, epochs: int, more: list[str]) -> Run:
    """Run the command."""
    data = folder / "data"
    results = Path(tempfile.mkdtemp(dir=folder))
    source = {"image_dir": str(data / "images"), "json_file": str(data / annotations)}
    spec = {
        "results_dir": str(results),
        "dataset": {
            "train_data_sources": [{**source, "label_map": str(data / "labels.json")}],
            "batch_size": BATCH,
        },
        "train": {
            "pretrained_model_path": str(folder / "saved"),
            "precision": "bf16",
            "num_epochs": epochs,
            "checkpoint_interval": epochs,
        },
    }
    (folder / "spec.yaml").write_text(json.dumps(spec), encoding="utf-8")
    program = [sys.executable, "-m", "skillbank_engine", "grounding_dino", "train", "-e"]
    fresh = {
        "TRITON_CACHE_DIR": str(results / "triton"),
        "TORCHINDUCTOR_CACHE_DIR": str(results / "inductor"),
        "CUDA_CACHE_PATH": str(results / "cuda"),
    }
    status = results / "train" / "status.json"
    started = time.monotonic()
    first = math.nan
    command = [*program, str(folder / "spec.yaml"), *more]
    log = results / "log"
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=errors, env={**os.environ, **fresh}
        ) as running,
    ):
        while running.poll() is None:
            if math.isnan(first) and BEGUN in log.read_text(encoding="utf-8"):
                first = time.monotonic() - started
            time.sleep(0.05)
    text = log.read_text(encoding="utf-8")
    if running.returncode:
        print(text[-4000:], flush=True)
        return Run(first)
    lines = [json.loads(line) for line in status.read_text(encoding="utf-8").splitlines()]
    [*_, timed] = (line for line in lines if "time_per_step" in line)
    [*_, measured] = (line for line in lines if "train_loss" in line.get("kpi", {}))
    hours, minutes, rest = timed["time_per_step"].split(":")
    steps = timed["max_step"] / timed["max_epoch"]
    return Run(
        first,
        int(hours) * 3600 + int(minutes) * 60 + float(rest),
        measured["waited"] / steps,
        measured["kpi"]["train_loss"] or math.nan,
        tuple(line for line in text.splitlines() if any(word in line for word in SAID)),
    )


if __name__ == "__main__":
    sys.exit(main())

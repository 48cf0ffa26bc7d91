"""Each family's real train command at full size from random numbers on a GPU, beside transformers' own model.

python -m benchmarks.gpu.families [FAMILY ...] [--epochs 3]

Some hundred pictures of the family's own demo (its ``shapes``), in bf16, everything else at its default; the
loader is part of what is timed, validation, which comes after the last epoch, is not. Then a plain loop of
transformers' model (`family_loop`) on the same pictures. Exit status 1 where a command fails or a loss is not
finite. It says nothing of learning: that takes more steps.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from benchmarks.families import TRIALS


class FullSize(NamedTuple):
    """The network of full size, what ``shapes`` is told, and where the precision stands."""

    model: Mapping[str, Any]
    shapes: tuple[str, ...]
    precision: str
    batch: Callable[[dict[str, Any]], dict[str, Any]]


FULL = {
    "rtdetr": FullSize(
        {"backbone": "resnet_50"},
        ("--train", "240", "--val", "8", "--size", "256"),
        "train",
        lambda data: {**data, "batch_size": 4},
    ),
    "segformer": FullSize(
        {"backbone": {"type": "mit_b2"}},
        ("--train", "240", "--val", "8"),
        "engine",
        lambda data: {"segment": {**data["segment"], "batch_size": 4}},
    ),
    "classification_pyt": FullSize(
        {"backbone": {"type": "resnet_50"}},
        ("--train", "80", "--val", "4"),
        "train",
        lambda data: {**data, "batch_size": 64},
    ),
}


def main() -> int:
    """Run the families; 1 where one fails."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("families", nargs="*", metavar="FAMILY")
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for name in options.families or FULL:
            good = tried(name, Path(folder) / name, options.epochs) and good
    return 0 if good else 1


def tried(name: str, folder: Path, epochs: int) -> bool:
    """Train a family and say how it went."""
    full = FULL[name]
    run(name, "shapes", str(folder / "data"), *full.shapes)
    for archive in (folder / "data").rglob("images.tar.gz"):
        with tarfile.open(archive) as packed:
            packed.extractall(archive.parent / "images", filter="data")
    spec: dict[str, Any] = {
        "results_dir": str(folder / "results"),
        "dataset": full.batch(dict(TRIALS[name].data(folder / "data"))),
        "model": dict(full.model),
        "train": {"num_epochs": epochs, "validation_interval": epochs},
        "engine": {"profile": "full"},
    }
    spec[full.precision]["precision"] = "bf16"
    (folder / "spec.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    started = time.monotonic()
    done = run(name, "train", "-e", str(folder / "spec.yaml"))
    seconds = time.monotonic() - started
    if done.returncode:
        print(f"{name}: failed: {done.stderr.strip()[-500:]}")
        return False
    text = (folder / "results" / "train" / "status.json").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    kpis = [line["kpi"] for line in lines if "kpi" in line]
    losses = [value for kpi in kpis for key, value in kpi.items() if key.endswith("loss")]
    times = [line["time_per_step"] for line in lines if "time_per_step" in line]
    hours, minutes, rest = times[-2].split(":")
    step = int(hours) * 3600 + int(minutes) * 60 + float(rest)
    print(f"{name}: {kpis}; a step {1000 * step:.0f} ms, everything {seconds:.0f} s", flush=True)
    command = [sys.executable, "-m", "benchmarks.gpu.family_loop", name, str(folder / "spec.yaml")]
    plain = subprocess.run(command, capture_output=True, text=True, check=False)
    if plain.returncode:
        print(f"{name}: transformers' plain loop failed: {plain.stderr.strip()[-1500:]}")
        return False
    theirs = json.loads(plain.stdout.splitlines()[-1])
    print(
        f"{name}: transformers in a plain loop: loss {theirs['loss']:.2f}, a step "
        f"{1000 * theirs['step']:.0f} ms; ours is {theirs['step'] / step:.2f} times as fast",
        flush=True,
    )
    return all(value is not None and math.isfinite(value) for value in [*losses, theirs["loss"]])


def run(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a family's program."""
    command = [sys.executable, "-m", "skillbank_engine", name, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())

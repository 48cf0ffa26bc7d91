"""Train the demo for several seeds and print what it cost and what it learned.

python benchmarks/demo_training.py [--seeds 3] [--epochs 10] [--keep DIR]

Runs the program as its users do: the plain spec with nothing but data paths. Wall time includes starting up,
reading, training and validation. Processor time tells more than wall time on a machine that others use too.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

PROGRAM = [sys.executable, "-m", "grounding_dino"]


@dataclass(frozen=True)
class Row:
    """One seed: seconds and shares in 0 to 1."""

    seed: int
    wall: float
    cpu: float
    load: float
    map50: float
    map: float
    held_out_map50: float


def main() -> None:
    """Run all seeds and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--keep", type=Path, help="work here and leave the results")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        spec = prepare(folder)
        columns = "seed, wall s, cpu s, load, val mAP50, val mAP, held-out mAP50"
        print(f"{os.cpu_count()} processors; {columns}", flush=True)
        rows = []
        for seed in range(arguments.seeds):
            rows.append(run_seed(folder, spec, seed, arguments.epochs))
            print_row(rows[-1])
        print("median", end=" ")
        middle = Row(0, *(statistics.median(column) for column in zip(*map(values, rows), strict=True)))
        print_row(middle)


def values(row: Row) -> tuple[float, ...]:
    return (row.wall, row.cpu, row.load, row.map50, row.map, row.held_out_map50)


def print_row(row: Row) -> None:
    print(
        f"{row.seed}  {row.wall:6.1f}  {row.cpu:6.1f}  {row.load:4.1f}  {row.map50:.3f}  {row.map:.3f}  "
        f"{row.held_out_map50:.3f}",
        flush=True,
    )


def prepare(folder: Path) -> Path:
    """Make the data set and the spec."""
    data = folder / "data"
    subprocess.run([*PROGRAM, "shapes", str(data)], check=True, stdout=subprocess.DEVNULL)
    for part in ("train", "val", "heldout"):
        with tarfile.open(data / part / "images.tar.gz") as archive:
            archive.extractall(data / part / "images", filter="data")
    train = data / "train"
    document = {
        "dataset": {
            "train_data_sources": [
                {
                    "image_dir": str(train / "images"),
                    "json_file": str(train / "annotations_odvg.jsonl"),
                    "label_map": str(train / "annotations_odvg_labelmap.json"),
                }
            ],
            "val_data_sources": coco(data / "val"),
            "test_data_sources": coco(data / "heldout"),
        }
    }
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def coco(folder: Path) -> dict[str, str]:
    return {"image_dir": str(folder / "images"), "json_file": str(folder / "annotations.json")}


def run_seed(folder: Path, spec: Path, seed: int, epochs: int) -> Row:
    """Train and evaluate one seed."""
    results = folder / f"seed{seed}"
    words = [f"results_dir={results}", f"train.seed={seed}", f"train.num_epochs={epochs}"]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    run("train", spec, *words)
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    load = os.getloadavg()[0]
    checkpoint = results / "train" / "gdino_model_latest.pth"
    run("evaluate", spec, f"results_dir={results}", f"evaluate.checkpoint={checkpoint}")
    lines = (results / "train" / "status.json").read_text(encoding="utf-8").splitlines()
    kpi = [line["kpi"] for line in map(json.loads, lines) if "val_mAP50" in line.get("kpi", {})][-1]
    held_out = json.loads((results / "evaluate" / "metrics.json").read_text(encoding="utf-8"))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Row(seed, wall, cpu, load, kpi["val_mAP50"], kpi["val_mAP"], held_out["test_mAP50"])


def run(action: str, spec: Path, *words: str) -> None:
    done = subprocess.run(
        [*PROGRAM, action, "-e", str(spec), *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{action} failed:\n{done.stderr}")


if __name__ == "__main__":
    main()

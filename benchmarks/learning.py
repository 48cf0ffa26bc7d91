"""Train on a drawn data set for several seeds, and print what it cost and what it learned.

python benchmarks/learning.py [--data shapes] [--seeds 3] [--epochs 10] [--keep DIR] [KEY=VALUE ...]

Runs the program as its users do. With ``shapes`` that is the demo: the plain spec with nothing but data
paths, on a laptop. With ``scenes`` it is the harder set at 512 pixels, with the settings of
``learning_scenes.yaml``, made for a GPU; ``--train``, ``--val`` and ``--size`` make it smaller. Wall time
includes starting up, reading, training and validation. Processor time tells more than wall time on a machine
that others use too.
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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

PROGRAM = [sys.executable, "-m", "grounding_dino"]


@dataclass(frozen=True)
class Row:
    """One seed: seconds and shares in 0 to 1."""

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
    parser.add_argument("--data", choices=("shapes", "scenes"), default="shapes")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, metavar="SEED")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--train", type=int, help="training pictures")
    parser.add_argument("--val", type=int, help="validation pictures")
    parser.add_argument("--size", type=int, help="their edge in pixels")
    parser.add_argument("--keep", type=Path, help="work here and leave the results; data there is used again")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="for the training's spec")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        started = time.monotonic()
        spec = prepare(folder, arguments)
        print(f"{os.cpu_count()} processors; the data took {time.monotonic() - started:.0f} s", flush=True)
        print("seed, wall s, cpu s, load, val mAP50, val mAP, held-out mAP50", flush=True)
        rows = []
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            rows.append(run_seed(folder, spec, seed, arguments.epochs, arguments.overrides))
            print_row(str(seed), rows[-1])
        columns = list(zip(*map(values, rows), strict=True))
        print_row("median", Row(*map(statistics.median, columns)))
        if len(rows) > 1:
            print_row("stdev", Row(*map(statistics.stdev, columns)))


def values(row: Row) -> tuple[float, ...]:
    return (row.wall, row.cpu, row.load, row.map50, row.map, row.held_out_map50)


def print_row(name: str, row: Row) -> None:
    print(
        f"{name:6}  {row.wall:6.1f}  {row.cpu:6.1f}  {row.load:4.1f}  {row.map50:.3f}  {row.map:.3f}  "
        f"{row.held_out_map50:.3f}",
        flush=True,
    )


def prepare(folder: Path, arguments: argparse.Namespace) -> Path:
    """Make the data set, where it is not there yet, and the spec."""
    data = folder / "data"
    given = {name: getattr(arguments, name) for name in ("train", "val", "size")}
    make_data(data, arguments.data, [f"--{name}={value}" for name, value in given.items() if value])
    settings = Path(__file__).with_name(f"learning_{arguments.data}.yaml")
    document = yaml.safe_load(settings.read_text(encoding="utf-8")) if settings.is_file() else {}
    document.setdefault("dataset", {}).update(
        train_data_sources=[odvg(data / "train")],
        val_data_sources=coco(data / "val"),
        test_data_sources=coco(data / "heldout"),
    )
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def make_data(data: Path, kind: str, amounts: Sequence[str] = ()) -> None:
    """Make a drawn data set and unpack its pictures, where it is not there yet."""
    if (data / "heldout" / "images").is_dir():
        return
    subprocess.run([*PROGRAM, kind, str(data), *amounts], check=True, stdout=subprocess.DEVNULL)
    for part in ("train", "val", "heldout"):
        with tarfile.open(data / part / "images.tar.gz") as archive:
            archive.extractall(data / part / "images", filter="data")


def odvg(folder: Path) -> dict[str, str]:
    return {
        "image_dir": str(folder / "images"),
        "json_file": str(folder / "annotations_odvg.jsonl"),
        "label_map": str(folder / "annotations_odvg_labelmap.json"),
    }


def coco(folder: Path) -> dict[str, str]:
    return {"image_dir": str(folder / "images"), "json_file": str(folder / "annotations.json")}


def run_seed(folder: Path, spec: Path, seed: int, epochs: int, overrides: list[str]) -> Row:
    """Train and evaluate one seed."""
    results = folder / f"seed{seed}"
    words = [f"results_dir={results}", f"train.seed={seed}", f"train.num_epochs={epochs}", *overrides]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    run("train", spec, *words)
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    load = os.getloadavg()[0]
    checkpoint = results / "train" / "gdino_model_latest.pth"
    words = [word for word in overrides if not word.startswith("train.")]
    run("evaluate", spec, f"results_dir={results}", f"evaluate.checkpoint={checkpoint}", *words)
    lines = (results / "train" / "status.json").read_text(encoding="utf-8").splitlines()
    kpi = [line["kpi"] for line in map(json.loads, lines) if "val_mAP50" in line.get("kpi", {})][-1]
    held_out = json.loads((results / "evaluate" / "metrics.json").read_text(encoding="utf-8"))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Row(wall, cpu, load, kpi["val_mAP50"], kpi["val_mAP"], held_out["test_mAP50"])


def run(action: str, spec: Path, *words: str) -> None:
    done = subprocess.run(
        [*PROGRAM, action, "-e", str(spec), *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{action} failed:\n{done.stderr}")


if __name__ == "__main__":
    main()

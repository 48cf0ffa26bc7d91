"""Train each family's small profile on what its program draws, for several seeds, and print what it learned.

python -m benchmarks.families [--families segformer] [--seeds 3] [--keep DIR] [KEY=VALUE ...]

Runs the programs as their users do: the plain spec with nothing but the data's place and the epochs.
Wall time includes starting up, reading, training and validation; processor time tells more on a machine that
others use too.  Ends with 1 where a seed misses its family's goal.
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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Trial:
    """How a family is tried.

    Attributes
    ----------
    data : callable
        From the folder that ``PROGRAM shapes`` has written to the ``dataset`` block of a spec.
    epochs : int or None
        How long it is trained; None leaves it to the spec's default.
    metric : str
        What counts, by its name in ``status.json``.
    goal : float
        Least value of it.
    """

    data: Callable[[Path], Mapping[str, Any]]
    epochs: int | None
    metric: str
    goal: float


def _boxes(folder: Path) -> dict[str, Any]:
    train, val = (
        {"image_dir": str(folder / part / "images"), "json_file": str(folder / part / "annotations.json")}
        for part in ("train", "val")
    )
    return {"train_data_sources": [train], "val_data_sources": val, "num_classes": 24}


def _classes(folder: Path) -> dict[str, Any]:
    parts = {f"{part}_dataset": {"images_dir": str(folder / part)} for part in ("train", "val")}
    return {**parts, "classes_file": str(folder / "classes.txt")}


TRIALS = {
    "rtdetr": Trial(_boxes, None, "val_mAP50", 0.85),
    "segformer": Trial(lambda folder: {"segment": {"root_dir": str(folder)}}, 15, "val_miou", 0.85),
    "classification_pyt": Trial(_classes, None, "val_acc_1", 0.97),
}
"""Name of the program to its trial."""


def main() -> int:
    """Run all seeds of all families and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--families", nargs="+", choices=TRIALS, default=list(TRIALS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, metavar="SEED")
    parser.add_argument("--epochs", type=int, help="instead of each family's own number")
    parser.add_argument("--keep", type=Path, help="work here and leave the results")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="for the trainings' specs")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} processors")
    print("family, seed, wall s, cpu s, load, metric")
    reached = True
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.families:
            folder, trial = (arguments.keep or Path(temporary)) / name, TRIALS[name]
            spec = prepare(name, trial, folder, arguments.epochs or trial.epochs)
            found = []
            for seed in range(arguments.first, arguments.first + arguments.seeds):
                wall, cpu, value = run_seed(
                    name, trial, spec, folder / f"seed{seed}", seed, arguments.overrides
                )
                found.append(value)
                load = os.getloadavg()[0]
                print(f"{name:18}  {seed:4}  {wall:6.1f}  {cpu:6.1f}  {load:4.1f}  {value:.3f}", flush=True)
            median, least = statistics.median(found), min(found)
            print(f"{name:18}  {trial.metric} median {median:.3f}, least {least:.3f}, goal {trial.goal:.2f}")
            reached = reached and least >= trial.goal
    return 0 if reached else 1


def prepare(name: str, trial: Trial, folder: Path, epochs: int | None) -> Path:
    """Draw the data and write the spec."""
    data = folder / "data"
    if not data.is_dir():
        draw(name, data)
    path = folder / "spec.yaml"
    document: dict[str, Any] = {"dataset": dict(trial.data(data))}
    if epochs is not None:
        document["train"] = {"num_epochs": epochs}
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def draw(name: str, data: Path, *words: str) -> None:
    """Have a family's program draw its pictures, and unpack them."""
    run(name, "shapes", str(data), *words)
    for archive in data.rglob("images.tar.gz"):
        with tarfile.open(archive) as packed:
            packed.extractall(archive.parent / "images", filter="data")


def run_seed(
    name: str, trial: Trial, spec: Path, results: Path, seed: int, overrides: list[str]
) -> tuple[float, float, float]:
    """Train one seed; give wall and processor seconds and the last value of the metric."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    run(name, "train", "-e", str(spec), f"results_dir={results}", f"train.seed={seed}", *overrides)
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    status = (results / "train" / "status.json").read_text(encoding="utf-8").splitlines()
    values = [json.loads(line).get("kpi", {}) for line in status]
    return wall, cpu, next(kpi[trial.metric] for kpi in reversed(values) if trial.metric in kpi)


def run(name: str, *words: str) -> None:
    """Run a family's program, whose bytecode is written and read as in an installed package."""
    command = [sys.executable, "-m", "skillbank_engine", name, *words]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"{name} {words[0]} failed:\n{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())

"""Train on a drawn data set for several seeds, and print what it cost and what it learned.

python -m benchmarks.learning [--data shapes] [--seeds 3] [--epochs 10] [--keep DIR] [KEY=VALUE ...]

Runs the program as its users do. With ``shapes`` that is the demo: the plain spec with nothing but data
paths, on a laptop. With ``scenes`` it is the harder set at 512 pixels, with the settings of
``learning_scenes.yaml``, made for a GPU; ``--train``, ``--val`` and ``--size`` make it smaller. Wall time
includes starting up, reading, training and validation. Processor time tells more than wall time on a machine
that others use too. mAP50 is measured with one description a prompt, with three and with all, and with all
beside it the mAP over IoU .50 to .95.
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

PROGRAM = [sys.executable, "-m", "skillbank_engine", "grounding_dino"]
PARTS = ("val", "heldout")
LENGTHS = (1, 3, 0)
"""Descriptions a prompt; 0 is all."""


@dataclass(frozen=True)
class Row:
    """One seed.

    Attributes
    ----------
    wall, cpu, load : float
        Seconds of the training, and the load of the machine after it.
    map : float
        Val mAP with all descriptions in a prompt.
    map50 : tuple of float
        For each part of the data and each length of prompts.
    """

    wall: float
    cpu: float
    load: float
    map: float
    map50: tuple[float, ...]

    def values(self) -> tuple[float, ...]:
        """All numbers in a row."""
        return (self.wall, self.cpu, self.load, self.map, *self.map50)


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
        print("seed, wall s, cpu s, load, val mAP, mAP50 with 1, 3, all descriptions a prompt: val; held-out")
        rows = []
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            rows.append(run_seed(folder, spec, seed, arguments.epochs, arguments.overrides))
            print_row(str(seed), rows[-1].values())
        columns = list(zip(*(row.values() for row in rows), strict=True))
        print_row("median", [statistics.median(column) for column in columns])
        if len(rows) > 1:
            print_row("stdev", [statistics.stdev(column) for column in columns])


def print_row(name: str, values: Sequence[float]) -> None:
    wall, cpu, load, *shares = values
    text = "  ".join(f"{share:.3f}" for share in shares)
    print(f"{name:6}  {wall:6.1f}  {cpu:6.1f}  {load:4.1f}  {text}", flush=True)


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
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    more = [word for word in overrides if not word.startswith("train.")]
    measured = {
        (part, length): evaluated(folder, spec, results, part, [*more, f"engine.prompt_phrases={length}"])
        for part in PARTS
        for length in LENGTHS
    }
    return Row(wall, cpu, load, measured["val", 0][0], tuple(map50 for _, map50 in measured.values()))


def evaluated(
    folder: Path, spec: Path, results: Path, part: str, words: Sequence[str]
) -> tuple[float, float]:
    """mAP and mAP50 of what a seed has trained, on a part of the data."""
    sources = [
        f"dataset.test_data_sources.{key}={value}" for key, value in coco(folder / "data" / part).items()
    ]
    checkpoint = results / "train" / "gdino_model_latest.pth"
    run("evaluate", spec, f"results_dir={results}", f"evaluate.checkpoint={checkpoint}", *sources, *words)
    found = json.loads((results / "evaluate" / "metrics.json").read_text(encoding="utf-8"))
    return found["test_mAP"], found["test_mAP50"]


def run(action: str, spec: Path, *words: str) -> None:
    done = subprocess.run(
        [*PROGRAM, action, "-e", str(spec), *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{action} failed:\n{done.stderr}")


if __name__ == "__main__":
    main()

"""Train the small profile of each family on its own drawn data for several seeds, and print what it learned.

python -m benchmarks.families [FAMILY ...] [--seeds 3] [--keep DIR] [KEY=VALUE ...]

Runs the programs as their users do, on the CPU: the plain spec with nothing but data paths. Wall time
includes starting up, reading, training and validation; processor time tells more than wall time on a machine
that others use too. A row falls short when its number is below what the family is meant to reach.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Row:
    """One family.

    Attributes
    ----------
    metric : str
        Its number in ``status.json``.
    least : float
        What it is meant to reach.
    data : dict
        Dotted key of the spec to the place below the drawn data.
    """

    metric: str
    least: float
    data: Mapping[str, str]


FAMILIES: dict[str, Row] = {
    "classification_pyt": Row(
        "val_acc_1",
        0.97,
        {
            "dataset.train_dataset.images_dir": "train",
            "dataset.val_dataset.images_dir": "val",
            "dataset.classes_file": "classes.txt",
        },
    ),
}
"""Program to its row; its ``shapes`` draws the data."""


@dataclass(frozen=True)
class Trained:
    """What one training cost, in seconds, and the number that it reached."""

    wall: float
    cpu: float
    value: float


def main() -> int:
    """Run the benchmark; 1 where a family falls short."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("words", nargs="*", metavar="FAMILY|KEY=VALUE")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="how many, from 1 on")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="work there instead of in a temporary folder"
    )
    arguments = parser.parse_intermixed_args()
    overrides = [word for word in arguments.words if "=" in word]
    chosen = [word for word in arguments.words if "=" not in word] or list(FAMILIES)
    print("| family | seed | number | least | wall s | processor s |\n|---|---|---|---|---|---|")
    short = False
    with tempfile.TemporaryDirectory() as temporary:
        place = arguments.keep or Path(temporary)
        for name in chosen:
            row, folder = FAMILIES[name], place / name
            _run(name, "shapes", str(folder / "data"))
            for seed in range(1, arguments.seeds + 1):
                found = _trained(name, row, folder, seed, overrides)
                short |= found.value < row.least
                shown = f"{row.metric} {found.value:.3f} | {row.least} | {found.wall:.0f} | {found.cpu:.0f}"
                print(f"| {name} | {seed} | {shown} |", flush=True)
    return int(short)


def _trained(name: str, row: Row, folder: Path, seed: int, overrides: list[str]) -> Trained:
    """Train once, with the seed."""
    spec: dict[str, Any] = {"results_dir": str(folder / f"seed{seed}"), "train": {"seed": seed}}
    spec["engine"] = {"device": "cpu"}
    for key, part in row.data.items():
        node = spec
        *steps, last = key.split(".")
        for step in steps:
            node = node.setdefault(step, {})
        node[last] = str(folder / "data" / part)
    file = folder / f"seed{seed}.yaml"
    file.write_text(yaml.safe_dump(spec), encoding="utf-8")
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    _run(name, "train", "-e", str(file), *overrides)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    status = (folder / f"seed{seed}" / "train" / "status.json").read_text(encoding="utf-8")
    values = [json.loads(line).get("kpi", {}).get(row.metric) for line in status.splitlines()]
    return Trained(wall, cpu, [value for value in values if value is not None][-1])


def _run(*words: str) -> None:
    """Run a program of the engine; what it says goes to the log of errors."""
    subprocess.run([sys.executable, "-m", "skillbank_engine", *words], check=True, stdout=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())

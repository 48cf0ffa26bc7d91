"""What batches of pictures of like shape do to learning: three seeds each, against batches as shuffled.

python -m benchmarks.grouping [--pictures 400] [--epochs 6] [--seeds 3]

The small Grounding DINO on drawn shapes of 128 pixels, with the family's random resizing and crops in small
(sides of 80 to 200 pixels), batches of 8, a processor each for both ways. Printed are the validation's mAP50
after every epoch, seconds and the share of a batch that is padding.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from skillbank_engine.families.grounding_dino.__main__ import main as grounding_dino
from skillbank_engine.families.grounding_dino.data.shapes import write_shapes
from skillbank_engine.training import loading

AUGMENTATION = {
    "scales": [80, 96, 112, 128, 144],
    "random_resize_max_size": 200,
    "train_random_resize": [112, 128],
    "train_random_crop_min": 80,
    "train_random_crop_max": 128,
    "test_random_resize": 128,
}
WAYS = ("shuffled", "alike")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        sys.exit(train(options.way, options.words))
    last: dict[str, list[float]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_shapes(folder, seed=0, train=options.pictures, val=100, size=128)
        for seed in range(options.seeds):
            running = [(way, start(folder, way, seed, options.epochs)) for way in WAYS]
            for way, process in running:
                _, log = process.communicate()
                if process.returncode:
                    sys.exit(log)
                curve, seconds = read(folder / f"{way}-{seed}" / "train" / "status.json")
                padded = next(line.split(": ")[-1] for line in log.splitlines() if "is padding" in line)
                said = padded if way == "alike" else ""
                print(
                    f"{way}, seed {seed}: {' '.join(f'{v:.3f}' for v in curve)}  {seconds}  {said}",
                    flush=True,
                )
                last[way].append(curve[-1])
    for way, values in last.items():
        print(f"{way}: last mAP50 {statistics.mean(values):.3f} +- {statistics.stdev(values):.3f}")


def start(folder: Path, way: str, seed: int, epochs: int) -> subprocess.Popen[str]:
    """Begin a training in a process of its own."""
    train, val = folder / "train", folder / "val"
    source = {"image_dir": str(images(train)), "json_file": str(train / "annotations_odvg.jsonl")}
    spec = {
        "results_dir": str(folder / f"{way}-{seed}"),
        "dataset": {
            "train_data_sources": [{**source, "label_map": str(train / "annotations_odvg_labelmap.json")}],
            "val_data_sources": {"image_dir": str(images(val)), "json_file": str(val / "annotations.json")},
            "augmentation": AUGMENTATION,
        },
        "train": {"num_epochs": epochs, "seed": seed, "checkpoint_interval": epochs},
    }
    file = folder / f"{way}-{seed}.yaml"
    file.write_text(json.dumps(spec), encoding="utf-8")
    words = ["engine.image_size=0", "engine.profile=small", "engine.device=cpu", "engine.threads=1"]
    command = [sys.executable, "-m", "benchmarks.grouping", "--way", way, str(file), *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def images(part: Path) -> Path:
    """The folder of a part's pictures, unpacked where they lie in an archive."""
    folder = part / "images"
    if not folder.is_dir():
        folder.mkdir()
        subprocess.run(["tar", "xzf", f"{folder}.tar.gz", "-C", str(folder)], check=True)
    return folder


def train(way: str, words: list[str]) -> int:
    """Train in this process; windows of one step leave batches as they are shuffled."""
    if way == "shuffled":
        vars(loading)["WINDOW"] = 1  # no setting of people's
    return grounding_dino(["train", "-e", *words])


def read(status: Path) -> tuple[list[float], str]:
    """The validations' mAP50, and the time of the last epoch."""
    lines = [json.loads(line) for line in status.read_text(encoding="utf-8").splitlines()]
    curve = [line["kpi"]["val_mAP50"] for line in lines if "val_mAP50" in line.get("kpi", {})]
    return curve, [line["time_per_epoch"] for line in lines if "time_per_epoch" in line][-1]


if __name__ == "__main__":
    main()

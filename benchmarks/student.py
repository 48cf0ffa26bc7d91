"""A teacher and its student, from drawn pictures to the table, with the real commands.

python -m benchmarks.student [--photos 600] [--rounds 3] [--keep DIR]

Draws the demo's data and trains its Grounding DINO, draws pictures without labels and a held-out truth (other
seeds), and says ``distill the last Grounding DINO into RT-DETR on photos/, compare both on truth/``.  Then
both are exported, and ``evaluate`` measures both on the truth with one picture a pass, as trained and as
exported, the two models in turn and several times over.  A rate is from a picture's file to its boxes, as the
commands say it; a ratio is the median of those of one round.

Ends with 1 where the exported student has less than .95 of its teacher's mAP50, or less than 3 times the
pictures a second of the exported teacher, or where a number is not finite.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

LEAST_QUALITY, LEAST_SPEED = 0.95, 3.0
TEACHER, STUDENT = "grounding_dino", "rtdetr"


class Measure(NamedTuple):
    """What one evaluation said."""

    map50: float
    map: float
    rate: float


def main() -> int:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=600, help="pictures that the teacher labels")
    parser.add_argument("--rounds", type=int, default=3, help="how often the speeds are taken")
    parser.add_argument("--keep", type=Path, help="work here and leave everything")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = (arguments.keep or Path(temporary)).resolve()
        place.mkdir(parents=True, exist_ok=True)
        return benchmark(place, arguments.photos, arguments.rounds)


def benchmark(place: Path, photos: int, rounds: int) -> int:
    """Run the whole story in a folder; 0 where the goal is reached."""
    begun = time.monotonic()
    draw(place, photos)
    os.environ["SKILLBANK_HOME"] = str(place / "home")
    ask(place, "run", f"train Grounding DINO on {place / 'shapes'}, no HPO", "--yes")
    print(f"the teacher is trained after {time.monotonic() - begun:.0f} s", flush=True)
    text = f"distill the last Grounding DINO into RT-DETR on {place}/photos, compare both on {place}/truth"
    told = ask(place, "run", text, "--yes")
    print(f"the student is trained and compared after {time.monotonic() - begun:.0f} s", flush=True)
    compared = told["comparison"]["jobs"]
    show("as the chain says it", {each["skill"]: each for each in compared})
    trained = dict(zip((TEACHER, STUDENT), checkpoints(place, compared), strict=True))
    exported = {name: export(place, name, model) for name, model in trained.items()}
    good = finite(compared)
    for kind, models in (("checkpoint", trained), ("ONNX", exported)):
        found = [{name: measure(place, name, models[name]) for name in models} for _ in range(rounds)]
        quality = found[0][STUDENT].map50 / found[0][TEACHER].map50
        speeds = [each[STUDENT].rate / each[TEACHER].rate for each in found]
        speed = statistics.median(speeds)
        for name, model in models.items():
            rate = statistics.median(each[name].rate for each in found)
            seen, size = found[0][name], model.stat().st_size / 2**20
            print(
                f"{kind:10}  {name:14}  mAP50 {seen.map50:.3f}  mAP {seen.map:.3f}  "
                f"{rate:6.1f} pictures/s  {size:.1f} MiB"
            )
        print(
            f"{kind:10}  student/teacher  mAP50 {quality:.3f}  pictures/s {speed:.2f} "
            f"({min(speeds):.2f} to {max(speeds):.2f})  load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        good = good and all(math.isfinite(value) for value in (quality, *speeds))
    print(f"everything in {time.monotonic() - begun:.0f} s on {os.cpu_count()} processors")
    # The last pair: a student is made to be exported.
    return 0 if good and quality >= LEAST_QUALITY and speed >= LEAST_SPEED else 1


def draw(place: Path, photos: int) -> None:
    """Draw the demo's data, pictures without labels, and the truth of pictures that nobody has seen."""
    run(place, TEACHER, "shapes", "shapes")
    run(place, TEACHER, "shapes", "drawn", "--seed", "7", "--train", str(photos), "--val", "1")
    run(place, TEACHER, "shapes", "other", "--seed", "8", "--train", "1", "--val", "100")
    unpack(place / "drawn" / "train", place / "photos")
    unpack(place / "other" / "val", place / "truth" / "images")
    (place / "other" / "val" / "annotations.json").rename(place / "truth" / "annotations.json")


def unpack(drawn: Path, to: Path) -> None:
    """Unpack drawn pictures, and nothing of what is known of them."""
    with tarfile.open(drawn / "images.tar.gz") as packed:
        packed.extractall(to, filter="data")


def ask(place: Path, *words: str) -> Any:
    """Run a command of skillbank and return its document."""
    return json.loads(run(place, "skillbank", *words, "--json"))


def run(place: Path, *words: str) -> str:
    """Run a program of this environment and return what it prints."""
    command = [str(Path(sys.executable).parent / words[0]), *words[1:]]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stderr}{done.stdout}")
    return done.stdout


def checkpoints(place: Path, compared: list[dict[str, Any]]) -> list[Path]:
    """Name the models that the chain has measured: the teacher's and the student's."""
    folders = [ask(place, "results", each["job"])["results_dir"] for each in compared]
    found = [json.loads((Path(folder) / "evaluate" / "metrics.json").read_text()) for folder in folders]
    return [Path(each["checkpoint"]) for each in found]


def export(place: Path, name: str, model: Path) -> Path:
    """Export a model by its family's program."""
    file = place / f"{name}.onnx"
    (place / "spec.yaml").write_text("{}\n", encoding="utf-8")
    words = (f"results_dir={place}/export-{name}", f"export.checkpoint={model}", f"export.onnx_file={file}")
    run(place, name, "export", "-e", "spec.yaml", *words)
    return file


def measure(place: Path, name: str, model: Path) -> Measure:
    """Evaluate a model on the truth, one picture a pass."""
    results = place / f"evaluate-{name}"
    truth = [f"{place}/truth/images", f"{place}/truth/annotations.json"]
    words = [
        f"dataset.test_data_sources.{k}={v}" for k, v in zip(("image_dir", "json_file"), truth, strict=True)
    ]
    words += [f"results_dir={results}", f"evaluate.checkpoint={model}", "evaluate.batch_size=1"]
    run(place, name, "evaluate", "-e", "spec.yaml", *words)
    said = json.loads((results / "evaluate" / "metrics.json").read_text(encoding="utf-8"))
    return Measure(said["test_mAP50"], said["test_mAP"], said["pictures_per_second"])


def show(title: str, rows: dict[str, dict[str, Any]]) -> None:
    """Print what the chain has compared."""
    print(title)
    for skill, row in rows.items():
        numbers = {**row["metrics"], "pictures/s": row["rate"], "MiB": row["model_bytes"] / 2**20}
        print(
            f"  {skill:26}", "  ".join(f"{name} {value:.3f}" for name, value in numbers.items()), flush=True
        )


def finite(compared: list[dict[str, Any]]) -> bool:
    """Whether the chain's table is filled with numbers."""
    rows = [[*each["metrics"].values(), each["rate"], each["model_bytes"]] for each in compared]
    return len(rows) == 2 and all(value is not None and math.isfinite(value) for row in rows for value in row)


if __name__ == "__main__":
    sys.exit(main())

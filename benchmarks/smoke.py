"""Every action of every family once, on a CPU, each a process as its users start it; print the time of each.

python -m benchmarks.smoke [--families segformer] [--keep DIR]

Small profiles on a few drawn pictures, one epoch: what is timed is mostly starting, reading and writing.
Wall time counts on an idle machine; processor time tells more where others compute too.  TensorRT's engines
need a GPU and are left out.  Ends with 1 where an action fails, a family has one that is not run here, or
everything takes longer than the goal.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from benchmarks.families import TRIALS, draw, run

GOAL = 120.0
"""Seconds for everything, on two cores that nobody else uses."""

_FEW = ("--train", "24", "--val", "8")
PICTURES = {
    "grounding_dino": _FEW,
    "rtdetr": _FEW,
    "segformer": _FEW,
    "classification_pyt": ("--train", "2", "--val", "1"),
}
"""Name of the program to how many pictures it draws; of each class where it classifies."""


class Step(NamedTuple):
    """One process: an action, of which model, and the words of its command."""

    action: str
    of: str
    words: tuple[str, ...]


class Took(NamedTuple):
    """Seconds."""

    wall: float
    cpu: float


def main() -> int:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--families", nargs="+", choices=PICTURES, default=list(PICTURES))
    parser.add_argument("--keep", type=Path, help="work here, a new folder, and leave the results")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print(f"{'family':18}  {'action':10}  {'of':12}  wall s   cpu s")
    with tempfile.TemporaryDirectory() as temporary:
        place = arguments.keep or Path(temporary)
        taken = [took for name in arguments.families for took in smoke(name, place / name)]
    whole = Took(sum(took.wall for took in taken), sum(took.cpu for took in taken))
    show("everything", Step("", "", ()), whole)
    print(f"goal {GOAL:.0f} s, load {os.getloadavg()[0]:.1f}")
    return 0 if whole.wall <= GOAL else 1


def smoke(name: str, folder: Path) -> list[Took]:
    """Run a family's whole round in a folder, printing as it goes.

    Raises
    ------
    SystemExit
        An action failed, or is missing here.
    """
    family = import_module(f"skillbank_engine.families.{name}.family").FAMILY
    round_ = steps(name, folder, family.latest)
    missing = sorted(set(family.actions) - {step.action for step in round_} - {"gen_trt_engine"})
    if missing:
        raise SystemExit(
            f"{name} {', '.join(missing)} is not run: add it to the steps of benchmarks/smoke.py"
        )
    started = time.monotonic(), _cpu()
    draw(name, folder / "data", *PICTURES[name])
    taken = [_since(*started)]
    show(name, Step("shapes", "", ()), taken[0])
    document = {"dataset": dataset(name, folder / "data"), "train": {"num_epochs": 1}}
    spec = folder / "spec.yaml"
    spec.write_text(yaml.safe_dump({**document, "engine": {"device": "cpu"}}), encoding="utf-8")
    for number, step in enumerate(round_):
        started = time.monotonic(), _cpu()
        own = (
            ("-e", str(spec), f"results_dir={folder / str(number)}") if step.action in family.actions else ()
        )
        run(name, step.action, *own, *step.words)
        taken.append(_since(*started))
        show(name, step, taken[-1])
    return taken


def steps(name: str, folder: Path, latest: str) -> list[Step]:
    """What is run, in this order: each in the results folder of its number.

    Parameters
    ----------
    name : str
        Of the program.
    folder : Path
        Where it works.
    latest : str
        Name of the link to a training's latest checkpoint.
    """
    trained, exported = folder / "0" / "train" / latest, folder / "model.onnx"
    found = [
        Step("train", "", ()),
        Step("evaluate", "checkpoint", (f"evaluate.checkpoint={trained}",)),
        Step("inference", "checkpoint", (f"inference.checkpoint={trained}",)),
        Step("export", "checkpoint", (f"export.checkpoint={trained}", f"export.onnx_file={exported}")),
        Step("evaluate", "ONNX", (f"evaluate.checkpoint={exported}",)),
        Step("inference", "ONNX", (f"inference.checkpoint={exported}",)),
        Step("quantize", "checkpoint", (f"quantize.model_path={trained}",)),
        Step(
            "quantize",
            "ONNX",
            (f"quantize.model_path={exported}", "quantize.mode=static_ptq", "engine.quantizer=onnxruntime"),
        ),
    ]
    drawn = folder / "data" / "inference" / "images"
    if name == "grounding_dino":
        words = ("--checkpoint", str(trained), "--out", str(folder / "labels"), "--text", "red circle")
        found.append(Step("label", "checkpoint", (*words, str(drawn))))
    elif name in ("rtdetr", "classification_pyt"):
        found.append(Step("distill", "checkpoint", (f"distill.pretrained_teacher_model_path={trained}",)))
    return found


def dataset(name: str, drawn: Path) -> dict[str, Any]:
    """The ``dataset`` block of a spec of any action, of what a program has drawn."""
    if name == "classification_pyt":
        block = dict(TRIALS[name].data(drawn))
        return {
            **block,
            "test_dataset": block["val_dataset"],
            "quant_calibration_dataset": block["train_dataset"],
        }
    if name == "segformer":
        calibration = {"images_dir": str(drawn / "images" / "val")}
        return {"segment": {"root_dir": str(drawn), "quant_calibration_dataset": calibration}}
    look = {
        "image_dir": str(drawn / "inference" / "images"),
        "classmap": str(drawn / "inference" / "label_map.txt"),
    }
    boxes = dict(TRIALS["rtdetr"].data(drawn))
    if name == "grounding_dino":
        train = {
            "image_dir": str(drawn / "train" / "images"),
            "json_file": str(drawn / "train" / "annotations_odvg.jsonl"),
            "label_map": str(drawn / "train" / "annotations_odvg_labelmap.json"),
        }
        boxes = {"train_data_sources": [train], "val_data_sources": boxes["val_data_sources"]}
    val = boxes["val_data_sources"]
    calibration = boxes["train_data_sources"][0] if name == "grounding_dino" else val
    boxes |= {"test_data_sources": val, "quant_calibration_data_sources": calibration}
    return {**boxes, "infer_data_sources": look}


def show(name: str, step: Step, took: Took) -> None:
    """Print a row of the table."""
    print(f"{name:18}  {step.action:10}  {step.of:12}  {took.wall:6.1f}  {took.cpu:6.1f}", flush=True)


def _cpu() -> float:
    """Processor seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _since(wall: float, cpu: float) -> Took:
    return Took(time.monotonic() - wall, _cpu() - cpu)


if __name__ == "__main__":
    sys.exit(main())

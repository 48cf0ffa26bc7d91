"""What quantization costs in accuracy and saves in size, on the demo's trained model.

python -m benchmarks.quantization [--epochs 10] [--keep DIR]

Trains as the demo does, exports to ONNX, quantizes the checkpoint (torchao, weights only) and the ONNX file
(ONNX Runtime, static int8, calibrated on training pictures), and evaluates each on the validation set and on
the held-out pairs. With ``--keep`` a training that is there is used again.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.learning import coco, make_data, odvg, run

PARTS = ("val", "heldout")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--keep", type=Path, help="work here and leave the results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        compare((options.keep or Path(temporary)).absolute(), options.epochs)


def compare(folder: Path, epochs: int) -> None:
    """Make the four files and print a row for each."""
    data = folder / "data"
    make_data(data, "shapes")
    train = odvg(data / "train")
    sources = {"train_data_sources": [train], "quant_calibration_data_sources": train}
    spec = folder / "spec.yaml"
    spec.write_text(
        yaml.safe_dump({"dataset": {**sources, "val_data_sources": coco(data / "val")}}), encoding="utf-8"
    )
    checkpoint, exported = folder / "train" / "gdino_model_latest.pth", folder / "model.onnx"
    if not checkpoint.exists():
        run("train", spec, f"results_dir={folder}", f"train.num_epochs={epochs}")
    run(
        "export",
        spec,
        f"results_dir={folder}",
        f"export.checkpoint={checkpoint}",
        f"export.onnx_file={exported}",
    )
    run("quantize", spec, f"results_dir={folder / 'weights'}", f"quantize.model_path={checkpoint}")
    run(
        "quantize",
        spec,
        f"results_dir={folder / 'static'}",
        f"quantize.model_path={exported}",
        "quantize.mode=static_ptq",
        "engine.quantizer=onnxruntime",
    )
    (weights,) = (folder / "weights" / "quantize").glob("*.pth")
    (static,) = (folder / "static" / "quantize").glob("*.onnx")
    print("file, MB, mAP and mAP50 on val, mAP and mAP50 on held-out pairs", flush=True)
    files = {"checkpoint": checkpoint, "ONNX": exported, "weights int8": weights, "ONNX int8": static}
    for name, path in files.items():
        numbers = [number for part in PARTS for number in scores(spec, folder, data / part, path)]
        print(f"{name:14} {path.stat().st_size / 1e6:6.1f}", *(f"{n:7.4f}" for n in numbers), flush=True)


def scores(spec: Path, folder: Path, part: Path, model: Path) -> tuple[float, float]:
    """mAP and mAP50 of a file on a part of the data."""
    sources = [f"dataset.test_data_sources.{key}={value}" for key, value in coco(part).items()]
    results = folder / "evaluated" / part.name / model.name
    words = [f"results_dir={results}", f"evaluate.checkpoint={model}", *sources]
    run("evaluate", spec, *words)
    found: dict[str, Any] = json.loads((results / "evaluate" / "metrics.json").read_text(encoding="utf-8"))
    return found["test_mAP"], found["test_mAP50"]


if __name__ == "__main__":
    main()

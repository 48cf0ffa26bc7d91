"""``grounding_dino train`` from random numbers, on batches with much padding: is every number finite?

python benchmarks/gpu/from_scratch.py [--steps 20] [--log FILE] [--set KEY=VALUE] [RUN ...]

Pictures of four shapes, one of each in every batch; every epoch is one step, so that status.json tells the
loss and the gradient of each.  A run is ``WEIGHTS:SIZE:PRECISION``, as ``scratch:800x1333:bf16``.  Weights
are

- ``scratch``: nothing named, all biases zero (the text encoder is a BERT-base of random weights in a folder);
- ``saved``: a full-size model as transformers saves it, random, none of its biases zero;
- a backbone by name (``resnet_50``, ``swin_base_384_22k``, ...), from random numbers like ``scratch``.

Without runs, all that README.md's table has.  Exit status 1 if a run fails or a number is not finite.
"""

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw
from transformers import BertConfig, BertModel, GroundingDinoConfig, GroundingDinoForObjectDetection

from skillbank_engine.families.grounding_dino.tokenizer import build_tokenizer

COLOURS = ("red", "green", "blue", "yellow")
SHAPES = ("square", "circle")
NAMES = tuple(f"{colour} {shape}" for colour in COLOURS for shape in SHAPES)
PICTURES = ((1000, 600), (600, 600), (1200, 300), (640, 480))  # one fills 800x1333, one is a narrow strip
RUNS = tuple(
    f"{weights}:{size}:{precision}"
    for weights in ("scratch", "saved")
    for size in ("800x1333", "1333x1333")
    for precision in ("fp32", "bf16")
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="*", metavar="RUN")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--log", type=Path, help="where the loss and the gradient of every step go")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="more of the spec")
    options = parser.parse_args()
    lines = []
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw(folder / "data")
        bert(folder / "bert")
        for run in options.runs or RUNS:
            started = time.monotonic()
            status, steps = train(folder, run, options.steps, options.set)
            finite = len(steps) == options.steps and all(math.isfinite(n) for step in steps for n in step[:2])
            good = good and status == 0 and finite
            row = [*summary(run, steps), f"exit {status}", f"{time.monotonic() - started:.0f} s"]
            print(" | ".join(row), flush=True)
            lines.append(f"{run}: {' | '.join(row[1:-1])}")
            lines += [
                f"  step {n}: loss {loss:.3f}, gradient {gradient:.4g}"
                + (f", {left} left out" if left else "")
                for n, (loss, gradient, left) in enumerate(steps)
            ]
            if options.log:
                head = f"{device_name()}, torch {torch.__version__}, {options.steps} steps"
                options.log.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return 0 if good else 1


def device_name() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"


def summary(run: str, steps: list[tuple[float, float, int]]) -> list[str]:
    if not steps:
        return [run, "no step"]
    losses, gradients, left = zip(*steps, strict=True)
    words = [
        run,
        f"first loss {losses[0]:.1f}",
        f"last {losses[-1]:.1f}",
        f"gradients {min(gradients):.3g} to {max(gradients):.3g}",
    ]
    return [*words, f"{left[-1]} steps left out"] if left[-1] else words


def train(folder: Path, run: str, steps: int, more: list[str]) -> tuple[int, list[tuple[float, float, int]]]:
    """Run the command; give its exit status, and loss, largest gradient and left-out steps of every step."""
    weights, size, precision = run.split(":")
    height, width = (int(side) for side in size.split("x"))
    results = folder / "results"
    words = spec_words(folder, weights, height, width)
    words += [f"train.precision={precision}", f"train.num_epochs={steps}", f"results_dir={results}"]
    words += [f"train.checkpoint_interval={steps}", f"dataset.batch_size={len(PICTURES)}"]
    (folder / "spec.yaml").write_text(json.dumps({"dataset": dataset(folder / "data")}), encoding="utf-8")
    words += more
    command = [
        sys.executable,
        "-m",
        "skillbank_engine.families.grounding_dino",
        "train",
        "-e",
        str(folder / "spec.yaml"),
        *words,
    ]
    status = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
    found: list[tuple[float, float, int]] = []
    if not (results / "train" / "status.json").exists():
        return status, found  # it did not come as far as the first step
    for line in (results / "train" / "status.json").read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        if document["message"] == "Train metrics generated.":
            loss = document["kpi"]["train_loss"]
            left = document.get("skipped_steps", 0)
            found.append((math.nan if loss is None else loss, document["gradient_norm"], left))
    shutil.rmtree(results)
    return status, found


def spec_words(folder: Path, weights: str, height: int, width: int) -> list[str]:
    """Say which weights to start from, and make every batch of one size."""
    shorter, longer = sorted((height, width))
    augmentation = {
        "scales": [800 if shorter > 800 else shorter],
        "random_resize_max_size": longer,
        # Crops as large as pictures may be, which leaves them whole.
        "train_random_resize": [shorter],
        "train_random_crop_min": longer - 1,
        "train_random_crop_max": longer,
        "fixed_padding": str(height == width).lower(),
    }
    words = [f"dataset.augmentation.{name}={value}" for name, value in augmentation.items()]
    words += ["engine.profile=full", "dataset.workers=2"]
    if weights == "saved":
        saved(folder / "saved", folder / "bert")
        return [*words, f"train.pretrained_model_path={folder / 'saved'}"]
    words.append(f"model.text_encoder_type={folder / 'bert'}")
    return words if weights == "scratch" else [*words, f"model.backbone={weights}"]


def dataset(folder: Path) -> dict[str, Any]:
    source = {"image_dir": str(folder), "json_file": str(folder / "train.jsonl")}
    return {"train_data_sources": [{**source, "label_map": str(folder / "labels.json")}]}


def draw(folder: Path) -> None:
    """Write the pictures, a few coloured things on each, and their annotations."""
    folder.mkdir(parents=True)
    lines = []
    for number, (width, height) in enumerate(PICTURES):
        picture = Image.new("RGB", (width, height), (90 + 20 * number,) * 3)
        pen = ImageDraw.Draw(picture)
        instances = []
        for label in range(number, len(NAMES), len(PICTURES)):
            colour, shape = NAMES[label].split()
            side = height // 4
            x, y = (label + 1) * width // 12, (label % 3) * height // 4 + height // 8
            outline = (x, y, x + side, y + side)
            (pen.rectangle if shape == "square" else pen.ellipse)(outline, fill=colour)
            instances.append({"bbox": list(outline), "label": label})
        picture.save(folder / f"{number}.png")
        document = {"file_name": f"{number}.png", "width": width, "height": height}
        lines.append(json.dumps({**document, "detection": {"instances": instances}}))
    (folder / "train.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    names = {str(number): name for number, name in enumerate(NAMES)}
    (folder / "labels.json").write_text(json.dumps(names), encoding="utf-8")


def bert(folder: Path) -> None:
    """Save a BERT-base of random weights with a vocabulary of its own."""
    torch.manual_seed(0)
    BertModel(BertConfig(), add_pooling_layer=False).save_pretrained(folder)
    write_vocabulary(folder)


def write_vocabulary(folder: Path) -> None:
    words = build_tokenizer(NAMES).vocabulary
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}', encoding="utf-8")


def saved(folder: Path, text: Path) -> None:
    """Save a full-size network whose biases are random too, as transformers does."""
    if folder.exists():
        return
    torch.manual_seed(0)
    network: Any = GroundingDinoForObjectDetection(GroundingDinoConfig())
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.add_(torch.randn_like(parameter) * 0.02)
    network.save_pretrained(folder)
    for name in ("vocab.txt", "tokenizer_config.json"):
        shutil.copy(text / name, folder)


if __name__ == "__main__":
    sys.exit(main())

"""transformers' model of a family in a plain training loop: what ``families`` compares with.

python -m benchmarks.gpu.family_loop FAMILY SPEC

The network, the pictures, the views of them, the loader and the batches that the engine makes of the spec;
transformers' own model of the same configuration with its own loss, bf16 autocast, AdamW, clipping where the
spec clips. Prints one JSON document: seconds of a step in the last epoch but one, last loss.
"""

import json
import math
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import (
    AutoModelForImageClassification,
    PreTrainedModel,
    RTDetrV2ForObjectDetection,
    SegformerForSemanticSegmentation,
)

from skillbank_engine.config.load import load_spec
from skillbank_engine.families import programs
from skillbank_engine.family import Family
from skillbank_engine.profile import apply_profile, prepare_start
from skillbank_engine.training.loading import EpochBatches, SeededSamples, make_loader


def boxes_of(batch: Any) -> list[dict[str, Tensor]]:
    """What each picture of a batch of RT-DETR should find."""
    targets = batch.targets
    return [
        {"class_labels": classes[valid], "boxes": boxes[valid]}
        for boxes, classes, valid in zip(targets.boxes, targets.classes, targets.valid, strict=True)
    ]


THEIRS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "rtdetr": (RTDetrV2ForObjectDetection, boxes_of),
    "segformer": (SegformerForSemanticSegmentation, lambda batch: batch.masks.long()),
    "classification_pyt": (AutoModelForImageClassification.from_config, lambda batch: batch.labels),
}
"""Family to what makes transformers' model of a configuration, and the labels of a batch."""


def main() -> None:
    name, file = sys.argv[1], Path(sys.argv[2])
    family: Family = import_module(programs()[name].rpartition(".")[0] + ".family").FAMILY
    specs, kind = family.specs(), family.task()
    cuda = torch.cuda.is_available()
    spec, _ = apply_profile(specs, load_spec(specs, "train", str(file), []), "train", [], cuda)
    spec, _ = prepare_start(specs, spec, "train", [])
    settings = specs.settings(spec)
    torch.manual_seed(0)
    data = kind.read_training(spec, print)
    task: Any = kind.begin(spec, data, print)
    config = next(part for part in task.module.modules() if isinstance(part, PreTrainedModel)).config
    make, labels_of = THEIRS[name]
    device = torch.device("cuda" if cuda else "cpu")
    model = make(config).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4)
    samples = task.samples(data, 0)
    seeded = SeededSamples(samples, 0)
    batches = EpochBatches(len(samples), settings.batch_size, 0, shape=seeded.shape, group=False)
    loader = make_loader(
        samples, batches, settings.batch_size, 0, workers=settings.workers, pin_memory=settings.pin_memory
    )
    loss, steps = math.nan, [math.nan]
    for epoch in range(spec.train.num_epochs):
        batches.start(epoch)
        begun = time.monotonic()
        for [batch] in loader:
            there = batch.to(device)
            with torch.autocast(device.type, torch.bfloat16):
                found = model(pixel_values=there.pixels.float() / 127.5 - 1, labels=labels_of(there)).loss
            optimizer.zero_grad(set_to_none=True)
            found.backward()
            if settings.clip:
                torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
            optimizer.step()
            loss = float(found.detach())
        steps.append((time.monotonic() - begun) / batches.batches)
    print(json.dumps({"step": steps[-2], "loss": loss}))


if __name__ == "__main__":
    main()

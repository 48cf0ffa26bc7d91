"""transformers' Grounding DINO in a plain training loop: what ``real_command`` compares with.

python -m benchmarks.gpu.plain_loop FOLDER EPOCHS BATCH

The same pictures, views of them, loader and batch as the engine's, bf16 autocast, AdamW, clipping; batches in
shuffled order, each padded to its own need; the model's own loss with auxiliary outputs. The prompt is that
of all names in one order, because the loss mixes up the pictures of a batch whose prompts differ. Prints one
JSON document: seconds to the first step's end, of the last epoch's steps each, last loss, peak GiB.
"""

import itertools
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from benchmarks.full_size import CLS, DOT, SEP
from benchmarks.gpu.from_scratch import NAMES
from torch import Tensor
from torch.utils.data import DataLoader
from transformers import GroundingDinoForObjectDetection

from skillbank_engine.data.transforms import TrainingTransform, normalise, pad_images
from skillbank_engine.families.grounding_dino.config import build_spec
from skillbank_engine.families.grounding_dino.data.loading import Collator, Sample, TrainingSamples
from skillbank_engine.families.grounding_dino.data.odvg import read_training_set
from skillbank_engine.families.grounding_dino.data.sampling import PromptLengths
from skillbank_engine.families.grounding_dino.tokenizer import load_tokenizer
from skillbank_engine.training.loading import EpochBatches, SeededSamples


@dataclass(frozen=True)
class Collated:
    """Puts samples together as transformers' model takes them."""

    def __call__(self, samples: Sequence[Sample]) -> tuple[Tensor, Tensor | None, list[dict[str, Tensor]]]:
        """Make pixels, mask and labels."""
        pixels, mask = pad_images([sample.pixels for sample in samples])
        return pixels, mask, [_labels(sample) for sample in samples]


def _labels(sample: Sample) -> dict[str, Tensor]:
    names = [NAMES.index(sample.prompt.phrases[number]) for number in sample.phrases.tolist()]
    return {"class_labels": torch.tensor(names, dtype=torch.int64), "boxes": sample.boxes}


def main() -> None:
    folder, epochs, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    started = time.monotonic()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    model: Any = GroundingDinoForObjectDetection.from_pretrained(folder / "saved", auxiliary_loss=True)
    model.to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), 2e-5)
    loader, batches = loaded(folder, size)
    # The loss finds names by the numbers that BERT's own vocabulary gives dots and ends; names are two words.
    words = ((2000 + 2 * number, 2001 + 2 * number, DOT) for number in range(len(NAMES)))
    ids = torch.tensor((CLS, *itertools.chain(*words), SEP), device=device)
    spec = build_spec("train", {}).dataset.augmentation
    first = loss = math.nan
    seconds: list[float] = []
    for epoch in range(epochs):
        batches.start(epoch)
        seconds.clear()
        begun = time.monotonic()
        for pixels, mask, labels in loader:
            visible = mask if mask is not None else torch.ones_like(pixels[:, 0], dtype=torch.bool)
            pixels, visible = pixels.to(device), visible.to(device)
            prompt = ids.expand(len(pixels), -1)
            with torch.autocast(device.type, torch.bfloat16):
                found = model(
                    pixel_values=normalise(pixels, visible, spec.input_mean, spec.input_std),
                    pixel_mask=visible.long(),
                    input_ids=prompt,
                    token_type_ids=torch.zeros_like(prompt),
                    attention_mask=torch.ones_like(prompt),
                    labels=[{name: value.to(device) for name, value in item.items()} for item in labels],
                ).loss
            optimizer.zero_grad(set_to_none=True)
            found.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
            optimizer.step()
            loss = float(found.detach())
            first = time.monotonic() - started if math.isnan(first) else first
            seconds.append(time.monotonic() - begun)
    peak = torch.cuda.max_memory_reserved() / 2**30 if device.type == "cuda" else 0.0
    print(json.dumps({"first": first, "step": seconds[-1] / len(seconds), "loss": loss, "peak": peak}))


def loaded(folder: Path, size: int) -> tuple[DataLoader[Any], EpochBatches]:
    """The engine's views of the pictures, in its shuffled order."""
    data = folder / "data"
    source = {"image_dir": str(data / "images"), "json_file": str(data / "train.jsonl")}
    source["label_map"] = str(data / "labels.json")
    spec = build_spec("train", {"dataset": {"train_data_sources": [source]}})
    tokenizer = load_tokenizer(str(folder / "bert"))
    samples = TrainingSamples(
        read_training_set(spec.dataset.train_data_sources),
        tokenizer,
        TrainingTransform.from_spec(spec),
        max_labels=spec.dataset.max_labels,
        max_tokens=spec.model.max_text_len,
        lengths=PromptLengths(0.0, 1),
        collator=Collator(tokenizer.pad),
        cache_bytes=0,
    )
    batches = EpochBatches(len(samples), size, 0)
    loader: DataLoader[Any] = DataLoader(
        SeededSamples(samples, 0),
        batch_sampler=batches,
        collate_fn=Collated(),
        num_workers=spec.dataset.workers,
        pin_memory=torch.cuda.is_available(),
    )
    return loader, batches


if __name__ == "__main__":
    main()

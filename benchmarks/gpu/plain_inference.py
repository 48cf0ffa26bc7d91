"""transformers' Grounding DINO over a folder of pictures: what ``real_inference`` compares with.

python -m benchmarks.gpu.plain_inference FOLDER WAY PICTURES BATCH THRESHOLD

``recipe`` is what the model's documentation shows: pictures opened one after the other, the model's own
processor, bf16 autocast, its own post-processing, for all names at once, in batches. ``pipeline`` is
transformers' pipeline for the same task in bf16, which runs the model once for each name. Both print seconds
from the first picture to the last and how many boxes they found, as one JSON document. ``proposals`` prints
of one batch every box (``xyxy`` in pixels) that the model proposes for each picture, with the scores of its
best token and of each name, in full (``proposed``) and in bf16 (``in_bf16``).
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from benchmarks.gpu.from_scratch import NAMES
from PIL import Image
from transformers import (
    AutoModelForZeroShotObjectDetection,
    AutoProcessor,
    GroundingDinoForObjectDetection,
    pipeline,
)


def main() -> None:
    folder, way = Path(sys.argv[1]), sys.argv[2]
    pictures = sorted((folder / "pictures").iterdir())[: int(sys.argv[3])]
    run = {"recipe": recipe, "pipeline": through_pipeline, "proposals": proposals}[way]
    print(json.dumps(run(folder / "model", pictures, int(sys.argv[4]), float(sys.argv[5]))))


def recipe(model_folder: Path, pictures: list[Path], batch: int, threshold: float) -> dict[str, Any]:
    """Go through pictures as the model's documentation does."""
    processor, model = _loaded(model_folder)
    started, count = time.monotonic(), 0
    for start in range(0, len(pictures), batch):
        images = [Image.open(path).convert("RGB") for path in pictures[start : start + batch]]
        inputs, outputs = _passed(processor, model, images)
        found = processor.post_process_grounded_object_detection(
            outputs,
            inputs["input_ids"],
            threshold=threshold,
            text_threshold=threshold,
            target_sizes=[image.size[::-1] for image in images],
        )
        count += sum(len(item["scores"]) for item in found)
    return {"seconds": time.monotonic() - started, "count": count}


def proposals(model_folder: Path, pictures: list[Path], batch: int, threshold: float) -> dict[str, Any]:
    """Give what the model proposes for the first batch."""
    images = [Image.open(path).convert("RGB") for path in pictures[:batch]]
    loaded = _loaded(model_folder)
    full, low = (_passed(*loaded, images, bf16=bf16)[1] for bf16 in (False, True))
    proposed, in_bf16 = (list(_proposed(outputs, images)) for outputs in (full, low))
    return {"seconds": 0.0, "count": 0, "proposed": proposed, "in_bf16": in_bf16}


def _loaded(folder: Path) -> tuple[Any, Any]:
    model: Any = AutoModelForZeroShotObjectDetection.from_pretrained(folder)
    return AutoProcessor.from_pretrained(folder), model.to(_device()).eval()


def _passed(processor: Any, model: Any, images: list[Image.Image], *, bf16: bool = True) -> tuple[Any, Any]:
    text = [". ".join(NAMES) + "."] * len(images)
    inputs = processor(images=images, text=text, return_tensors="pt", padding=True).to(_device())
    bf16 = bf16 and torch.cuda.is_available()
    with torch.no_grad(), torch.autocast(_device(), torch.bfloat16, enabled=bf16):
        return inputs, model(**inputs)


def _proposed(outputs: Any, images: list[Image.Image]) -> Iterator[list[list[float]]]:
    for boxes, logits, image in zip(outputs.pred_boxes, outputs.logits, images, strict=True):
        middle, size = boxes.float().cpu().split(2, -1)
        corners = torch.cat([middle - size / 2, middle + size / 2], -1).clamp(0, 1)
        scores = logits.float().cpu().sigmoid()
        # Two words a name, between them dots, behind the token that opens the text.
        names = [scores[:, at : at + 2].mean(-1) for at in range(1, 3 * len(NAMES), 3)]
        pixels = corners * torch.tensor([*image.size, *image.size])
        yield torch.cat([pixels, scores.amax(-1, keepdim=True), torch.stack(names, -1)], -1).tolist()


def through_pipeline(
    model_folder: Path, pictures: list[Path], batch: int, threshold: float
) -> dict[str, Any]:
    """Go through pictures by transformers' pipeline."""
    processor: Any = AutoProcessor.from_pretrained(model_folder)
    model: Any = GroundingDinoForObjectDetection.from_pretrained(model_folder, dtype=torch.bfloat16)
    detect: Any = pipeline(
        "zero-shot-object-detection",
        model=model,
        tokenizer=processor.tokenizer,
        image_processor=processor.image_processor,
        device=_device(),
        dtype=torch.bfloat16,
    )
    started, count = time.monotonic(), 0
    given = ({"image": Image.open(path).convert("RGB"), "candidate_labels": list(NAMES)} for path in pictures)
    for found in detect(given, threshold=threshold, batch_size=batch):
        count += len(found)
    return {"seconds": time.monotonic() - started, "count": count}


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


if __name__ == "__main__":
    main()

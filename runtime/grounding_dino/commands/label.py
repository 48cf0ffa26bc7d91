"""``grounding_dino label``: pictures and descriptions in, JSON and annotated pictures out."""

import json
from argparse import Namespace
from pathlib import Path

from grounding_dino.commands.labelling import label_pictures
from grounding_dino.commands.loading import make_predictor, read_model, settle_with_model
from grounding_dino.config import build_spec
from grounding_dino.data.images import find_images
from grounding_dino.device import choose_compute
from grounding_dino.errors import PromptError
from grounding_dino.predictor import rounded
from grounding_dino.tokenizer import normalise_phrase


def label(arguments: Namespace) -> None:
    """Label pictures and print one JSON document on stdout.

    Parameters
    ----------
    arguments : Namespace
        ``checkpoint``, ``out``, ``image`` (files and folders), ``text``, ``threshold``, ``batch_size``.
    """
    phrases = list(dict.fromkeys(normalise_phrase(text) for text in arguments.text))
    if not all(phrases):
        raise PromptError("A description is empty: give words to look for after --text")
    pictures: list[Path] = []
    for name in arguments.image:
        path = Path(name)
        pictures.extend([found for _, found in find_images([name], name)] if path.is_dir() else [path])
    model = read_model(arguments.checkpoint, "--checkpoint")
    spec = build_spec("inference", {"inference": {"checkpoint": arguments.checkpoint}})
    spec, _ = settle_with_model(spec, "inference", [], model)
    predictor = make_predictor(spec, model, phrases, choose_compute(spec, [0]), pictures)
    targets = _targets(pictures, Path(arguments.out))
    images = [
        {
            "image": str(result.image),
            "detections": [rounded(item, phrases) for item in result.detections],
            "annotated": str(result.annotated),
        }
        for result in label_pictures(
            predictor,
            list(zip(pictures, targets, strict=True)),
            phrases,
            batch_size=arguments.batch_size,
            threshold=spec.inference.conf_threshold if arguments.threshold is None else arguments.threshold,
            nms_iou=spec.engine.nms_iou,
            outline=3,
        )
    ]
    print(json.dumps({"images": images}, indent=1, ensure_ascii=False))


def _targets(pictures: list[Path], out: Path) -> list[Path]:
    """Where annotated copies go; equal names are told apart by a number."""
    taken: set[str] = set()
    targets = []
    for path in pictures:
        name, number = path.name, 1
        while name in taken:
            number += 1
            name = f"{path.stem}_{number}{path.suffix}"
        taken.add(name)
        targets.append(out / name)
    return targets

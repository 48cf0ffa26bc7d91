"""``grounding_dino label``: pictures and descriptions in, JSON and annotated pictures out."""

import json
from argparse import Namespace
from pathlib import Path

from skillbank_engine.data.images import find_images
from skillbank_engine.detection_lines import rounded
from skillbank_engine.errors import DataError
from skillbank_engine.families.grounding_dino.commands.labelling import label_pictures
from skillbank_engine.families.grounding_dino.commands.loading import (
    compute_of,
    make_predictor,
    read_model,
    settle_with_model,
)
from skillbank_engine.families.grounding_dino.config import InferenceSpec, build_spec
from skillbank_engine.families.grounding_dino.descriptions import (
    read_description_file,
    read_descriptions,
    tell_not_found,
)
from skillbank_engine.ownership import claim, digest_of


def label(arguments: Namespace) -> None:
    """Label pictures and print one JSON document on stdout.

    Parameters
    ----------
    arguments : Namespace
        ``checkpoint``, ``out``, ``image`` (files and folders), ``text``, ``threshold``, ``batch_size``,
        ``precision``.
    """
    texts: list[str] = []
    for text in arguments.text:
        texts += read_description_file(text[1:], "--text @") if text.startswith("@") else [text]
    phrases = list(read_descriptions(texts, "--text"))
    out = Path(arguments.out)
    pictures: list[Path] = []
    for name in arguments.image:
        path = Path(name)
        below = [found for _, found in find_images([name], name)] if path.is_dir() else [path]
        # Copies with boxes that this program drew are no pictures to look at.
        pictures += [found for found in below if not found.absolute().is_relative_to(out.absolute())]
    if not pictures:
        raise DataError(f"All pictures are below --out {out}: set another --out")
    model = read_model(arguments.checkpoint, "--checkpoint")
    given = build_spec("inference", {"inference": {"checkpoint": arguments.checkpoint}})
    assert isinstance(given, InferenceSpec)
    spec, _ = settle_with_model(given, "inference", [], model)
    compute = compute_of(spec, model, arguments.precision)
    predictor = make_predictor(spec, model, phrases, compute, pictures)
    targets = _targets(pictures, out)
    threshold = spec.inference.conf_threshold if arguments.threshold is None else arguments.threshold
    made_with = {
        "checkpoint": digest_of(arguments.checkpoint),
        "captions": phrases,
        "conf_threshold": threshold,
    }
    claim(out, made_with, targets, "--out")
    images: list[dict[str, object]] = []
    found: set[str] = set()
    for result in label_pictures(
        predictor,
        list(zip(pictures, targets, strict=True)),
        phrases,
        batch_size=arguments.batch_size,
        threshold=threshold,
        nms_iou=spec.engine.nms_iou,
        outline=3,
    ):
        found |= {phrases[item.phrase] for item in result.detections}
        images.append(
            {
                "image": str(result.image),
                "detections": [rounded(item, phrases) for item in result.detections],
                "annotated": str(result.annotated),
            }
        )
    tell_not_found(phrases, found)
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

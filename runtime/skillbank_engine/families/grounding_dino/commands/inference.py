"""``grounding_dino inference``."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skillbank_engine.data.images import find_images
from skillbank_engine.data.records import require_file
from skillbank_engine.device import choose_compute
from skillbank_engine.families.grounding_dino.commands.labelling import Labelled, label_pictures
from skillbank_engine.families.grounding_dino.commands.loading import (
    make_predictor,
    read_model,
    refuse_trt,
    settle_with_model,
)
from skillbank_engine.families.grounding_dino.commands.session import open_session
from skillbank_engine.families.grounding_dino.descriptions import (
    read_description_file,
    read_descriptions,
    tell_not_found,
)
from skillbank_engine.families.grounding_dino.predictor import Detection, rounded
from skillbank_engine.ownership import claim, digest_of
from skillbank_engine.results import write_text

_LOG = logging.getLogger(__name__)


def inference(spec: Any, overrides: Sequence[str]) -> None:
    """Find objects in the pictures of ``dataset.infer_data_sources``.

    Writes ``labels/<stem>.txt``, ``images_annotated/``, ``detections.json``, and ``made-with.json``, which
    says what all these were made with.

    Parameters
    ----------
    spec : pydantic model
        The loaded inference spec.
    overrides : sequence of str
        The ``a.b=c`` words of the command line.
    """
    with open_session("inference", spec) as session:
        refuse_trt("inference", spec.inference)
        source = spec.dataset.infer_data_sources
        phrases = read_captions(source)
        found = find_images(source.image_dir, "dataset.infer_data_sources.image_dir")
        model = read_model(spec.inference.checkpoint, "inference.checkpoint")
        spec, note = settle_with_model(spec, "inference", overrides, model)
        session.use(spec, note)
        compute = choose_compute(spec, spec.inference.gpu_ids)
        settings = spec.inference
        predictor = make_predictor(spec, model, phrases, compute, (path for _, path in found))
        places = _places(found, settings.is_internal)
        annotated = session.folder / "images_annotated"
        copies = [
            annotated / place.with_suffix(path.suffix) for (_, path), place in zip(found, places, strict=True)
        ]
        texts = [session.folder / "labels" / place.with_suffix(".txt") for place in places]
        made_with = {
            "checkpoint": digest_of(settings.checkpoint),
            "captions": phrases,
            "conf_threshold": settings.conf_threshold,
        }
        outputs = [*texts, *copies, session.folder / "detections.json"]
        claim(session.folder, made_with, outputs, "inference.results_dir")
        rows: list[dict[str, Any]] = []
        total = 0
        for result, text in zip(
            label_pictures(
                predictor,
                [(path, copy) for (_, path), copy in zip(found, copies, strict=True)],
                phrases,
                batch_size=settings.batch_size if settings.batch_size > 0 else spec.dataset.batch_size,
                threshold=settings.conf_threshold,
                nms_iou=spec.engine.nms_iou,
                outline=settings.outline_width,
                colours=settings.color_map,
            ),
            texts,
            strict=True,
        ):
            _write_labels(text, result, phrases)
            rows.extend({"image": result.image.name, **rounded(item, phrases)} for item in result.detections)
            total += len(result.detections)
        tell_not_found(phrases, {row["phrase"] for row in rows})
        write_text(session.folder / "detections.json", json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
        kpi = {"images": float(len(found)), "detections": float(total)}
        session.status.write("RUNNING", "Inference results generated.", kpi=kpi)
        _LOG.info("%d objects on %d pictures; see %s", total, len(found), annotated)


def read_captions(source: Any) -> list[str]:
    """Read what to look for: ``captions``, else the lines of ``classmap``.

    A caption like "red circle . blue star ." holds several (:mod:`.descriptions`).

    Raises
    ------
    PromptError
        There is nothing, or something empty.
    """
    key = "dataset.infer_data_sources.captions"
    captions = list(source.captions)
    if not any(caption.strip() for caption in captions) and source.classmap:
        key = "dataset.infer_data_sources.classmap"
        captions = read_description_file(require_file(source.classmap, key), key)
    return list(read_descriptions(captions, key))


def _places(found: Sequence[tuple[Path, Path]], mirror: bool) -> list[Path]:
    """Where each picture's results go below the results folder; equal names are told apart by a number."""
    taken: set[Path] = set()
    places = []
    for folder, path in found:
        base = (path.relative_to(folder) if mirror else Path(path.name)).with_suffix("")
        place, number = base, 1
        while place in taken:
            number += 1
            place = base.with_name(f"{base.name}_{number}")
        taken.add(place)
        # with_suffix would take "a.b" apart again, so a suffix is there to be replaced.
        places.append(place.with_name(place.name + ".txt"))
    return places


def _write_labels(path: Path, result: Labelled, phrases: Sequence[str]) -> None:
    """Write one line an object in the family's layout (KITTI's, whose columns are split at blanks)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "".join(_line(item, phrases) for item in result.detections))


def _line(item: Detection, phrases: Sequence[str]) -> str:
    box = " ".join(f"{value:.2f}" for value in item.box)
    name = phrases[item.phrase].replace(" ", "_")
    return f"{name} 0.00 0 0.00 {box} {' '.join(['0.00'] * 7)} {item.score:.4f}\n"

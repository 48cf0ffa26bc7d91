"""``grounding_dino evaluate``."""

import json
import logging
from collections.abc import Sequence
from typing import Any

from skillbank_engine.data.coco import read_evaluation_set
from skillbank_engine.device import choose_compute
from skillbank_engine.errors import DataError
from skillbank_engine.families.grounding_dino.commands.loading import (
    make_predictor,
    read_model,
    refuse_trt,
    settle_with_model,
)
from skillbank_engine.families.grounding_dino.commands.session import open_session
from skillbank_engine.families.grounding_dino.evaluation import measurable, measure, nothing_to_measure
from skillbank_engine.families.grounding_dino.tokenizer import normalise_phrase
from skillbank_engine.results import write_text

_LOG = logging.getLogger(__name__)


def evaluate(spec: Any, overrides: Sequence[str]) -> None:
    """Measure a checkpoint or an ONNX file on ``dataset.test_data_sources``.

    Writes ``metrics.json`` (``test_mAP``, ``test_mAP50``, ``per_class``) and ``detections.json`` (a COCO
    results list with picture and phrase added).

    Parameters
    ----------
    spec : pydantic model
        The loaded evaluate spec.
    overrides : sequence of str
        The ``a.b=c`` words of the command line.
    """
    with open_session("evaluate", spec) as session:
        refuse_trt("evaluate", spec.evaluate)
        data = read_evaluation_set(
            spec.dataset.test_data_sources,
            "dataset.test_data_sources",
            skip_broken=spec.engine.skip_broken,
            naming=normalise_phrase,
        )
        class_ids = spec.dataset.eval_class_ids
        counted = measurable(data, class_ids)
        if not counted:
            text = nothing_to_measure("dataset.test_data_sources", class_ids)
            raise DataError(f"{text}; annotate some pictures, or find objects without measuring by inference")
        model = read_model(spec.evaluate.checkpoint, "evaluate.checkpoint")
        spec, note = settle_with_model(spec, "evaluate", overrides, model)
        session.use(spec, note)
        compute = choose_compute(spec, spec.evaluate.gpu_ids)
        predictor = make_predictor(
            spec, model, data.names, compute, (record.image for record in data.records)
        )
        batch_size = spec.evaluate.batch_size if spec.evaluate.batch_size > 0 else spec.dataset.batch_size
        metrics, detections = measure(
            predictor, data, batch_size, class_ids=class_ids, threshold=spec.evaluate.conf_threshold
        )
        kpi = {"test_mAP": metrics.map, "test_mAP50": metrics.map50}
        document = {
            **kpi,
            "per_class": metrics.per_class,
            "images": len(data.records),
            "checkpoint": str(spec.evaluate.checkpoint),
        }
        write_text(session.folder / "metrics.json", json.dumps(document, indent=1) + "\n")
        names = dict(zip(data.image_ids, (record.image.name for record in data.records), strict=True))
        rows = [
            {
                "image": names[image_id],
                "image_id": image_id,
                "category_id": data.category_ids[item.phrase],
                "phrase": data.names[item.phrase],
                "box": [round(value, 2) for value in item.box],
                "score": round(item.score, 5),
            }
            for image_id, items in detections.items()
            for item in items
        ]
        write_text(session.folder / "detections.json", json.dumps(rows) + "\n")
        session.status.write("RUNNING", "Test metrics generated.", kpi=kpi)
        _LOG.info(
            "test mAP50 %.3f, mAP %.3f on %d pictures, of %d categories with true boxes",
            metrics.map50,
            metrics.map,
            len(data.records),
            len(counted),
        )

"""Answering what ``grounding_dino serve`` is asked.

A request is one line of JSON, ``{"id", "descriptions", "bytes", ...}``, followed by that many bytes of a
picture file; an answer is one line of JSON, ``{"id", "bytes", ...}``, followed by that many bytes of the
annotated copy. The first line of stdout says that the model is loaded, and what it is.
"""

import json
import os
import sys
import threading
import warnings
from argparse import Namespace
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from skillbank_engine.families.grounding_dino.commands.loading import (
    Model,
    compute_of,
    make_network,
    predictor_of,
    read_model,
    settle_with_model,
)
from skillbank_engine.families.grounding_dino.config import InferenceSpec, build_spec
from skillbank_engine.families.grounding_dino.pretrained import read_pretrained
from skillbank_engine.families.grounding_dino.serving import Reply, Service, read_wish

_KEY = "--checkpoint"
_MOST_LABELS = 200
_WORKERS = 16
_ACROSS = 0.7
"""Most overlap of boxes of two descriptions: above it they are names of one object, and the surest counts."""


def answer_requests(arguments: Namespace, requests: BinaryIO, answers: BinaryIO) -> None:
    """Load a model and answer; the process ends with the last answer.

    Parameters
    ----------
    arguments : Namespace
        Those of :func:`.commands.serve.serve`.
    requests, answers
        Streams that nothing else uses.
    """
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = arguments.max_pixels
    model = _read(arguments.checkpoint)
    given = build_spec("inference", {"inference": {"checkpoint": arguments.checkpoint}})
    assert isinstance(given, InferenceSpec)
    spec, _ = settle_with_model(given, "inference", [], model)
    compute = compute_of(spec, model, arguments.precision)
    network, resizing = make_network(spec, model, compute)
    usual = {
        "threshold": spec.inference.conf_threshold,
        "nms": spec.engine.nms_iou,
        "across": _ACROSS,
    }

    def answer(reply: Reply) -> None:
        _write(answers, {"id": reply.number, **reply.document}, reply.picture)

    service = Service(
        lambda phrases: predictor_of(network, resizing, spec, model, phrases, compute),
        answer,
        most_pixels=arguments.max_pixels,
        batch_size=arguments.batch_size,
        window=arguments.window / 1000,
        workers=min(_WORKERS, compute.threads + 1),
    )
    about = {
        **usual,
        "device": str(compute.device),
        "precision": compute.precision,
        "backbone": model.architecture.backbone,
        "labels": list(model.labels[:_MOST_LABELS]),
    }
    _write(answers, {"ready": about})
    reader = threading.Thread(target=_read_requests, args=(requests, service, usual), daemon=True)
    reader.start()
    service.run()
    # Everything is answered and nothing is open; taking torch apart would take seconds.
    sys.stderr.flush()
    os._exit(0)


def _read(name: str) -> Model:
    return read_model(name, _KEY) if _is_file(name) else read_pretrained(name, _KEY)


def _is_file(name: str) -> bool:
    """Whether a model is a checkpoint or an ONNX file; it is a folder or a name on the hub otherwise."""
    return Path(name).is_file() or Path(name).suffix.lower() in (".pth", ".onnx")


def _read_requests(stream: BinaryIO, service: Service, usual: dict[str, float]) -> None:
    try:
        while line := stream.readline():
            header = json.loads(line)
            service.submit(read_wish(header, stream.read(header["bytes"]), usual))
    finally:
        service.close()


def _write(stream: BinaryIO, document: dict[str, object], picture: bytes = b"") -> None:
    line = json.dumps({**document, "bytes": len(picture)}, ensure_ascii=False)
    stream.write(line.encode() + b"\n" + picture)
    stream.flush()

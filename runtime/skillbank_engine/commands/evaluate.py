"""``evaluate``: a checkpoint or an ONNX file, measured."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from skillbank_engine.answering import kept_of, make_ready, read_model, refuse_trt, task_of
from skillbank_engine.device import choose_compute
from skillbank_engine.family import Family
from skillbank_engine.page import write_page
from skillbank_engine.results import write_text
from skillbank_engine.session import open_session
from skillbank_engine.team import ALONE
from skillbank_engine.training.progress import said

if TYPE_CHECKING:
    from skillbank_engine.config.blocks import SpecBase

_LOG = logging.getLogger(__name__)


def evaluate(family: Family, action: str, spec: SpecBase, overrides: Sequence[str]) -> None:
    """Measure ``evaluate.checkpoint``.

    Writes ``metrics.json`` (the headline numbers, ``per_class``, ``images``, ``checkpoint``), and what the
    family keeps of its findings; ``report.html`` shows it: numbers by class, what was taken for what, the
    worst pictures.

    Parameters
    ----------
    family : Family
        Whose spec.
    action : str
        Its action.
    spec : pydantic model
        The loaded spec.
    overrides : sequence of str
        The ``a.b=c`` words of the command line.
    """
    specs = family.specs()
    with open_session(specs, action, spec) as session:
        refuse_trt(action, spec.evaluate)
        specs.refuse(action, spec)
        kind = family.task()
        model = read_model(family, spec, spec.evaluate.checkpoint, "evaluate.checkpoint", session.tell)
        spec, note = kind.settle(spec, action, overrides, kept_of(kind, model))
        session.use(spec, note)
        # What a model was trained with may say how its data are to be read.
        data = kind.read_test(spec)
        compute = choose_compute(spec, spec.evaluate.gpu_ids, precision=specs.settings(spec).precision)
        task = task_of(kind, spec, model, data.pictures())
        make_ready(task, model, compute)
        metrics = task.measure(data, "test", compute, ALONE, session.folder)
        assert metrics is not None
        kpi = {**metrics.values, **task.pace.values()}
        document = {
            **kpi,
            "per_class": metrics.per_class,
            "images": len(data),
            "checkpoint": str(spec.evaluate.checkpoint),
            **metrics.more,
        }
        write_text(session.folder / "metrics.json", json.dumps(document, indent=1) + "\n")
        write_page(session.folder, family.title, str(spec.evaluate.checkpoint), len(data), metrics)
        session.status.write("RUNNING", "Test metrics generated.", kpi=kpi)
        text = metrics.text or f"{said(metrics)} on {len(data)} pictures"
        _LOG.info("test %s", text)

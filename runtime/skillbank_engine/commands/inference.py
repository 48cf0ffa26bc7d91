"""``inference``: a model run on pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank_engine.answering import kept_of, make_ready, model_digest, read_model, refuse_trt, task_of
from skillbank_engine.config.named import Named
from skillbank_engine.device import choose_compute
from skillbank_engine.family import Family
from skillbank_engine.ownership import claim
from skillbank_engine.session import open_session
from skillbank_engine.task import Place

if TYPE_CHECKING:
    from skillbank_engine.config.blocks import SpecBase


def inference(family: Family, action: str, spec: SpecBase, overrides: Sequence[str]) -> None:
    """Run ``inference.checkpoint`` on pictures.

    Writes what the family finds, and ``made-with.json``, which says what all of it was made with.

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
        refuse_trt(action, spec.inference)
        specs.refuse(action, spec)
        kind = family.task()
        found = kind.inference_pictures(spec)
        model = read_model(family, spec, spec.inference.checkpoint, "inference.checkpoint", session.tell)
        spec, note = kind.settle(spec, action, overrides, kept_of(kind, model))
        session.use(spec, note)
        low = kind.answers_in_low and "train.precision" not in Named(overrides)
        precision = specs.settings(spec).precision
        compute = choose_compute(spec, spec.inference.gpu_ids, precision=precision, low=low)
        task = task_of(kind, spec, model, (path for _, path in found))
        make_ready(task, model, compute)
        places = _places(found, getattr(spec.inference, "is_internal", False))
        made_with = {"checkpoint": model_digest(spec.inference.checkpoint, model), **task.made_with()}
        outputs = [session.folder / file for file in task.inference_files(places)]
        claim(session.folder, made_with, outputs, "inference.results_dir")
        kpi = {**task.infer(places, session.folder, compute), **task.pace.values()}
        session.status.write("RUNNING", "Inference results generated.", kpi=kpi)


def _places(found: Sequence[tuple[Path, Path]], mirror: bool) -> list[Place]:
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
        places.append(Place(path, place.with_name(place.name + ".txt")))
    return places

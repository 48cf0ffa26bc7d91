"""What specs can say and the embedded engines do not heed: one line of the log each, where somebody says it.

A key of a spec is read by the code, or it stands here or in its family's own table (`Specs.unheeded`); a test
follows all of them through the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from skillbank_engine.config.explain import value_at

if TYPE_CHECKING:
    from skillbank_engine.config.specs import Specs, SpecT

_ONE_PROCESS = "it runs in one process, on the first GPU of gpu_ids"

UNHEEDED: Mapping[str, str] = {
    "model_name": "the program serves one family",
    "encryption_key": "the embedded engine writes checkpoints in the clear",
    "wandb": "the embedded engine reports to status.json only",
    "evaluate.num_gpus": _ONE_PROCESS,
    "evaluate.num_nodes": _ONE_PROCESS,
    "inference.num_gpus": _ONE_PROCESS,
    "inference.num_nodes": _ONE_PROCESS,
    "quantize.device": "the embedded engine quantizes on the processor",
    "gen_trt_engine.batch_size": "the ONNX file itself says which batches it takes",
    "gen_trt_engine.tensorrt.calibration": "engines are built of numbers that need no calibration",
}
"""Dotted key to why, for all families; the key of a block stands for all that is in it."""


def not_heeded(specs: Specs[SpecT], spec: SpecT) -> Iterator[str]:
    """Yield a sentence for each value of a spec that is said, and not heeded.

    Values are not shown: a key may be secret.

    Parameters
    ----------
    specs : Specs
        The family's.
    spec : pydantic model
        A spec as it was loaded.
    """
    said, usual = spec.model_dump(), type(spec)().model_dump()
    for key, why in {**UNHEEDED, **specs.unheeded}.items():
        changed = list(_changed(value_at(said, key.split(".")), value_at(usual, key.split(".")), key))
        if changed:
            yield f"{', '.join(changed)} {'is' if len(changed) == 1 else 'are'} set, but {why}"


def _changed(said: object, usual: object, key: str) -> Iterator[str]:
    if isinstance(said, dict) and isinstance(usual, dict):
        for name, value in said.items():
            yield from _changed(value, usual.get(name), f"{key}.{name}")
    elif said != usual:
        yield key

"""What an action leaves behind: one table for whoever plans with it, looks for it, or needs its like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "MODEL_SUFFIXES",
    "PICTURE_SUFFIXES",
    "SEARCHED",
    "WEIGHT_FILES",
    "Leaving",
    "Product",
    "is_file_name",
    "leaving",
    "producer_of",
    "product_in",
    "product_of",
    "suffixes_of",
    "trains",
]

Product = Literal["weights", "onnx", "engine", "other"]

_WEIGHTS = (".pth", ".pt", ".ckpt", ".tlt", ".hdf5", ".safetensors")
_ENGINES = (".engine", ".trt", ".plan")
_FILES: Mapping[Product, tuple[str, ...]] = {
    "weights": _WEIGHTS,
    "onnx": (".onnx",),
    "engine": _ENGINES,
    # What nobody has told of is looked for as weights: other actions may save models too.
    "other": _WEIGHTS,
}
"""How the files of each product end."""
MODEL_SUFFIXES = (*_WEIGHTS, *_FILES["onnx"], *_ENGINES)
"""How the files of any model end."""
WEIGHT_FILES = (*MODEL_SUFFIXES, ".bin", ".pkl")
"""How files of weights end where models are shared, as on the model hub."""
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif")
"""How the files of pictures end, those that are looked at and those that are left."""
_REPORTS = (
    ".json", ".jsonl", ".csv", ".tsv", ".txt", ".yaml", ".yml", ".html", ".log", ".zip", ".tar", ".gz",
)  # fmt: skip
"""How files of reports end, and those of archives."""
SEARCHED = "train"
"""The one action that AutoML searches over: its schema and its template are the search's."""


def is_file_name(uri: str) -> bool:
    """Whether a place is called as files are that a run writes."""
    return uri.lower().endswith((*WEIGHT_FILES, *PICTURE_SUFFIXES, *_REPORTS))


@dataclass(frozen=True, slots=True)
class Leaving:
    """What one kind of action leaves.

    Attributes
    ----------
    also
        Suffixes that its product may have besides the usual ones.
    trains
        Whether it learns from data, epoch by epoch.
    marked
        A word in the names of its own models, where it keeps others beside them.
    """

    product: Product
    also: tuple[str, ...] = ()
    trains: bool = False
    marked: str | None = None


_ACTIONS: Mapping[str, Leaving] = {
    "train": Leaving("weights", trains=True),
    "retrain": Leaving("weights", trains=True),
    # Beside the student a distillation keeps its teacher, and pruning the model that it started from.
    "distill": Leaving("weights", trains=True, marked="student"),
    "prune": Leaving("weights", marked="prune"),
    # Quantizing an ONNX model leaves one.
    "quantize": Leaving("weights", also=_FILES["onnx"]),
    "export": Leaving("onnx"),
    "gen_trt_engine": Leaving("engine"),
}
"""By action, the usual one of each product first."""
_NOTHING = Leaving("other")


def leaving(action: str) -> Leaving:
    """Return what an action leaves; one with a task before its name (``segment_train``) counts as that."""
    found = _ACTIONS.get(action)
    if found is not None:
        return found
    return next((left for name, left in _ACTIONS.items() if action.endswith(f"_{name}")), _NOTHING)


def product_of(action: str) -> Product:
    """Return the kind of model that an action leaves."""
    return leaving(action).product


def suffixes_of(action: str) -> tuple[str, ...]:
    """Return how the files of the models end that an action leaves."""
    left = leaving(action)
    return (*_FILES[left.product], *left.also)


def trains(action: str) -> bool:
    """Say whether an action is a training."""
    return leaving(action).trains


def producer_of(product: Product) -> str:
    """Return the action that usually leaves a product."""
    return next((name for name, left in _ACTIONS.items() if left.product == product), SEARCHED)


def product_in(file: str) -> Product:
    """Return what kind of model a file holds, told by the end of its name; weights unless it says more."""
    name = file.lower()
    kinds: tuple[Product, ...] = ("engine", "onnx")
    return next((kind for kind in kinds if name.endswith(_FILES[kind])), "weights")

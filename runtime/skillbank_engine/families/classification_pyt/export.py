"""The classifier as it is exported: normalised pixels in, logits out, by the family's names."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from skillbank_engine.config.named import Named
from skillbank_engine.families.classification_pyt.architecture import Architecture
from skillbank_engine.families.classification_pyt.config import ClassificationSpec, ExportSpec
from skillbank_engine.families.classification_pyt.model import Classifier
from skillbank_engine.task import Graph

INPUT, OUTPUT = "input", "output"
"""The family's names of the graph's input and output."""


class ClassifierGraph(nn.Module):
    """The classifier from pixels that are normalised already."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, pixels: Tensor) -> tuple[Tensor]:
        """Give ``(B, C)`` logits of ``(B, 3, H, W)`` pixels."""
        return (self.classifier.classify(pixels),)


def graph_of(classifier: Classifier, height: int, width: int, batch: int) -> Graph:
    """Give the graph with example inputs of noise, always the same.

    Parameters
    ----------
    classifier : Classifier
        Put into evaluation mode.
    height, width : int
        Size of the input in pixels.
    batch : int
        Pictures of the example.
    """
    device = classifier.mean.device
    noise = torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(0))
    return Graph(ClassifierGraph(classifier), {INPUT: noise.to(device)}, (OUTPUT,))


def settled(
    spec: ClassificationSpec, note: str, overrides: Sequence[str], built: Architecture
) -> tuple[ClassificationSpec, str]:
    """Put into a spec how a trained model sees pictures; an export's size where the spec sets none.

    Parameters
    ----------
    spec : pydantic model
        Of the action; left as it is.
    note : str
        What is said already of values that differ.
    overrides : sequence of str
        The ``a.b=c`` words of the command line.
    built : Architecture
        Of the model.

    Returns
    -------
    spec : pydantic model
        A checked copy.
    note : str
        What differed, empty when nothing did.
    """
    named = Named(overrides)
    values = spec.model_dump()
    told = []
    for key, value in (
        ("dataset.num_classes", built.classes),
        ("dataset.img_size", built.image_size),
        ("dataset.augmentation.mean", list(built.mean)),
        ("dataset.augmentation.std", list(built.std)),
    ):
        told += _put(values, key, value)
    if isinstance(spec, ExportSpec):
        sides = ("export.input_height", "export.input_width")
        defaults = ExportSpec().export
        usual = (spec.export.input_height, spec.export.input_width) == (
            defaults.input_height,
            defaults.input_width,
        )
        if usual and not any(side in named for side in sides):
            for key in sides:
                told += _put(values, key, built.image_size)
    if told:
        note = f"{note}, {', '.join(told)}" if note else f"The trained model's values hold: {', '.join(told)}"
    return type(spec).model_validate(values), note


def _put(values: dict[str, object], key: str, value: object) -> list[str]:
    """Set a value, and say what it was if it was another."""
    *steps, last = key.split(".")
    for step in steps:
        inner = values[step]
        assert isinstance(inner, dict)
        values = inner
    before, values[last] = values[last], value
    return [] if before == value else [f"{key} {value} (spec: {before})"]

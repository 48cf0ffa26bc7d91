"""The classifier as it is exported: normalised pixels in, logits out, by the family's names."""

from typing import Any

import torch
from torch import Tensor, nn

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
        In evaluation mode.
    height, width : int
        Size of the input in pixels.
    batch : int
        Pictures of the example.
    """
    device = classifier.mean.device
    noise = torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(0))
    return Graph(ClassifierGraph(classifier), {INPUT: noise.to(device)}, (OUTPUT,))


def export_size(spec: Any, trained: int) -> tuple[int, int]:
    """Height and width that a model is exported at: those of the spec where it sets them, else as trained.

    Parameters
    ----------
    spec : pydantic model
        Of any action.
    trained : int
        Edge of the pictures that the model was trained on.
    """
    export = getattr(spec, "export", None)
    if export is None:
        return trained, trained
    usual = type(export).model_fields
    sides = (export.input_height, export.input_width)
    defaults = (usual["input_height"].default, usual["input_width"].default)
    return (trained, trained) if sides == defaults else sides
